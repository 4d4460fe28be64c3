"""Greedy reading of a decoder, clip by clip within a batch, with an eye on texts that go round in circles."""

import math

import torch
from torch import Tensor

from workbench.asr.models.boosting import ROOT, Boost, TermReader

# A unit of up to so many tokens that comes so often in a row is a loop: speech does not do that, decoders do.
LONGEST_UNIT = 12
REPEATS = 8
LEAST = 1e-9  # of a probability that a logarithm is taken of


class GreedyState:
    """The texts of a batch while they are written, temperature 0.

    A text that took a term of the list for its bonus and did not finish it is written once more from its beginning,
    the same up to there: texts of one batch stand at the same place, so that none can go back alone.

    Args:
        n_clips: Clips in the batch.
        end_token: Id that ends a text.
        never: (n,) ids that are never written.
        not_first: (n,) ids that no text begins with.
        measured: Whether the tokens' probabilities are wanted too.
        boost: Words that are to be heard.

    Attributes:
        texts: Token ids of each clip so far.
        sure: The probability of each of them, among those that might have been written; empty unless measured.
        silent: The probability of each clip that nobody speaks in it; None where it was not asked or cannot be told.
        ended: The probability of each text's end, taken alike; 1 where it did not come to its end.
        rows: Clips that are written now.
    """

    def __init__(
        self,
        n_clips: int,
        end_token: int,
        never: Tensor,
        not_first: Tensor,
        *,
        measured: bool = False,
        boost: Boost | None = None,
    ) -> None:
        self.end_token, self.never, self.not_first, self.measured = end_token, never, not_first, measured
        self.texts: list[list[int]] = [[] for _ in range(n_clips)]
        self.sure: list[list[float]] = [[] for _ in range(n_clips)]
        self.ended = [1.0] * n_clips
        self.silent: list[float | None] = [None] * n_clips
        self.rows: list[int] = []
        self._boost = boost
        self._terms = [TermReader(boost) for _ in range(n_clips)] if boost else []
        first = list(boost.tree.children(ROOT)) if boost else []
        self._first_tokens = torch.tensor(first, dtype=torch.long, device=never.device)
        self._going, self._first = set[int](), True
        self._again = list(range(n_clips))

    def begin(self) -> list[int]:
        """The clips to write next, from their beginning: all, then those that go back; none at the end."""
        self.rows, self._again = self._again, []
        self._going, self._first = set(self.rows), True
        for i in self.rows:
            self.texts[i], self.sure[i], self.ended[i] = [], [], 1.0
        if not self.rows and self._boost:
            self._write_terms(self._boost)
        return self.rows

    @property
    def given(self) -> Tensor:
        """(n_rows, n) tokens that are known of the clips to write next, as far as they are of all."""
        known = [self._terms[i].known if self._terms else [] for i in self.rows]
        n = min(map(len, known))
        return torch.tensor([tokens[:n] for tokens in known], dtype=torch.long).reshape(len(known), n)

    @property
    def finished(self) -> bool:
        return not self._going

    def take(self, logits: Tensor) -> Tensor:
        """Take the next token of each clip that is written, from (n_rows, vocabulary); returns them as (n_rows, 1)."""
        logits = logits.clone()
        logits[:, self.never] = -torch.inf
        if self._first:
            logits[:, self.not_first] = -torch.inf
            self._first = False
        best = logits.argmax(-1)
        taken = self._with_terms(logits, best) if self._boost else best
        sure = _probabilities(logits, taken) if self.measured else []
        for row, (token, plain) in enumerate(zip(taken.tolist(), best.tolist(), strict=True)):
            if self.rows[row] in self._going:
                self._write(self.rows[row], token, plain, sure[row : row + 1])
        return taken[:, None]

    def _write(self, clip: int, token: int, plain: int, sure: list[float]) -> None:
        if self._terms and not self._terms[clip].follow(token, plain):
            self._going.discard(clip)
            self._again.append(clip)
        elif token == self.end_token:
            self._going.discard(clip)
            self.ended[clip] = sure[0] if sure else 1.0
        else:
            self.texts[clip].append(token)
            self.sure[clip] += sure
            if loops(self.texts[clip]):
                self._going.discard(clip)

    def _with_terms(self, logits: Tensor, best: Tensor) -> Tensor:
        """(n_rows,) tokens that are most likely with the bonus of the terms; those that stand already are kept."""
        assert self._boost is not None
        biased = logits.clone()
        biased[:, self._first_tokens] += self._boost.bonus(1)
        kept = {}
        for row, clip in enumerate(self.rows):
            terms = self._terms[clip]
            if clip not in self._going:
                continue
            if terms.weary or terms.given is not None:
                kept[row] = int(best[row]) if terms.given is None else terms.given
                continue
            if bonuses := terms.bonuses():
                ids = torch.tensor(list(bonuses), device=logits.device)
                more = logits[row, ids] + torch.tensor(list(bonuses.values()), device=logits.device)
                biased[row, ids] = torch.maximum(biased[row, ids], more)
            if refused := terms.refused():
                ids = torch.tensor(sorted(refused), device=logits.device)
                biased[row, ids] = logits[row, ids]
        taken = biased.argmax(-1)
        for row, token in kept.items():
            taken[row] = token
        return taken

    def _write_terms(self, boost: Boost) -> None:
        """Terms that were heard by another spelling are written by their own; as sure as their least sure token."""
        for clip, text in enumerate(self.texts):
            for start, end, written in reversed(boost.heard_otherwise(text)):
                text[start:end] = written
                if self.measured:
                    self.sure[clip][start:end] = [min(self.sure[clip][start:end])] * len(written)

    def log_probability(self, clip: int) -> float:
        """Mean over a text's tokens and its end of the logarithm of their probability."""
        taken = [*self.sure[clip], self.ended[clip]]
        return sum(math.log(max(p, LEAST)) for p in taken) / len(taken)


def _probabilities(logits: Tensor, taken: Tensor) -> list[float]:
    """Of each row's taken token, among those that might have been."""
    found: list[float] = (logits.gather(-1, taken[:, None])[:, 0] - logits.logsumexp(-1)).exp().tolist()
    return found


def loops(tokens: list[int]) -> bool:
    """Whether a text ends in the same few tokens over and over."""
    for unit in range(1, LONGEST_UNIT + 1):
        tail = tokens[-unit * REPEATS :]
        if len(tail) == unit * REPEATS and tail == tail[:unit] * REPEATS:
            return True
    return False
