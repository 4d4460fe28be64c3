"""The probability that a decoder gives to nobody speaking: Whisper learned a token for it, right behind the start.

What the probability is worth stands in `core.invented`.
"""

from typing import Any

from torch import Tensor

NAMES = ("<|nospeech|>", "<|nocaptions|>")  # the first is OpenAI's, the second older tokenizers'


def silence_token(tokenizer: Any, n_tokens: int) -> int | None:
    """Id of the token that stands for no speech; None where a model has none.

    Args:
        n_tokens: Tokens that the model can write.
    """
    words = tokenizer.get_vocab()
    found = next((words[name] for name in NAMES if name in words), None)
    return found if found is not None and found < n_tokens else None


def silence_of(logits: Tensor, token: int | None) -> list[float | None]:
    """Each clip's probability of no speech, from (batch, vocabulary) of what may follow the start."""
    if token is None:
        return [None] * len(logits)
    return [float(p) for p in logits.float().softmax(-1)[:, token]]
