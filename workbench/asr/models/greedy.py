"""Greedy reading of a decoder, clip by clip within a batch, with an eye on texts that go round in circles."""

import math

import torch
from torch import Tensor

# A unit of up to so many tokens that comes so often in a row is a loop: speech does not do that, decoders do.
LONGEST_UNIT = 12
REPEATS = 8
LEAST = 1e-9  # of a probability that a logarithm is taken of


class GreedyState:
    """The texts of a batch while they are written, temperature 0.

    Args:
        n_clips: Clips in the batch.
        end_token: Id that ends a text.
        never: (n,) ids that are never written.
        not_first: (n,) ids that no text begins with.
        measured: Whether the tokens' probabilities are wanted too.

    Attributes:
        texts: Token ids of each clip so far.
        sure: The probability of each of them, among those that might have been written; empty unless measured.
        silent: The probability of each clip that nobody speaks in it; None where it was not asked or cannot be told.
        ended: The probability of each text's end, taken alike; 1 where it did not come to its end.
    """

    def __init__(
        self, n_clips: int, end_token: int, never: Tensor, not_first: Tensor, *, measured: bool = False
    ) -> None:
        self.end_token, self.never, self.not_first, self.measured = end_token, never, not_first, measured
        self.texts: list[list[int]] = [[] for _ in range(n_clips)]
        self.sure: list[list[float]] = [[] for _ in range(n_clips)]
        self.ended = [1.0] * n_clips
        self.silent: list[float | None] = [None] * n_clips
        self.going = [True] * n_clips
        self.first = True

    @property
    def finished(self) -> bool:
        return not any(self.going)

    def take(self, logits: Tensor) -> Tensor:
        """Take the most likely next token of each clip, from (batch, vocabulary); returns them as (batch, 1)."""
        logits = logits.clone()
        logits[:, self.never] = -torch.inf
        if self.first:
            logits[:, self.not_first] = -torch.inf
            self.first = False
        best = logits.argmax(-1)
        sure = (logits.amax(-1) - logits.logsumexp(-1)).exp().tolist() if self.measured else []
        for i, token in enumerate(best.tolist()):
            if not self.going[i]:
                continue
            if token == self.end_token:
                self.going[i] = False
                self.ended[i] = sure[i] if sure else 1.0
                continue
            self.texts[i].append(token)
            self.sure[i] += sure[i : i + 1]
            if loops(self.texts[i]):
                self.going[i] = False
        return best[:, None]

    def log_probability(self, clip: int) -> float:
        """Mean over a text's tokens and its end of the logarithm of their probability."""
        taken = [*self.sure[clip], self.ended[clip]]
        return sum(math.log(max(p, LEAST)) for p in taken) / len(taken)


def loops(tokens: list[int]) -> bool:
    """Whether a text ends in the same few tokens over and over."""
    for unit in range(1, LONGEST_UNIT + 1):
        tail = tokens[-unit * REPEATS :]
        if len(tail) == unit * REPEATS and tail == tail[:unit] * REPEATS:
            return True
    return False
