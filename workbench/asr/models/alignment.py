"""When each word of a text is said: forced alignment of a text with a sound, by the model that is to write it.

* CTC: the most likely path through the model's own emissions that spells the text
  (`torchaudio.functional.forced_align`; Kürzinger et al. 2020, arXiv 2007.09127).
* Whisper: the decoder reads the text (teacher forcing), and dynamic time warping follows where its heads look in the
  sound meanwhile (as OpenAI's `timing.py`; Radford et al. 2022, section 4.5). The few heads that OpenAI names shift all
  words by up to a tenth of a second, each model otherwise. So all heads are followed, and the text is read twice: in
  its tokens, and letter by letter (arXiv 2509.09987); words begin in the middle (docs/decisions.md has the figures).
"""

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from workbench.asr.models.backend import Activations, Backend
from workbench.core.text.normalize import Alphabet, to_model_text
from workbench.core.types import SAMPLE_RATE, Seconds
from workbench.core.word_times import Span, WordTimes, origins, spans_before
from workbench.language.said import say

Frames = tuple[int, int]  # from, to (exclusive)

NO_TIMES: Final = say("This kind of model gives no times for its words.")
NOT_ALIGNED: Final = say("This text could not be laid along the sound.")
SILENT: Final = say("There is no word to place.")
FRAME: Final = SAMPLE_RATE // 100  # samples, 10 ms, in which sound is told from silence
CLOSURE: Final = 10  # such frames at most that a "t" or "k" is silent before it bursts; no pause
REACH: Final = 40  # such frames that a word's edge may move outwards
USUAL_FILTER: Final = 7  # positions of the median filter, where a configuration names none


def place_words(
    backend: Backend,
    item: Activations,
    boundary: int,
    texts: Sequence[str],
    *,
    samples: np.ndarray,
    language: str | None = None,
) -> list[WordTimes]:
    """When the words of some texts are said in one clip, by one model.

    Args:
        item: The clip's activations at the boundary, which no label may have touched.
        texts: As they were written; what the model cannot write is spelled out or left out for this.
        samples: (n_samples,) float32, the clip's sound at 16 kHz; pauses part the words in the end.
        language: ISO code; how numbers are spelled.

    Returns:
        For each text its times, or why it has none.
    """
    if not backend.gives_times:
        return [WordTimes(why=NO_TIMES) for _ in texts]
    known = backend.characters()

    def writable(text: str) -> str:
        if known is None:
            return " ".join(text.split())
        written = to_model_text(text, Alphabet(known), language)
        return " ".join("".join(c for c in written.text if c not in written.unknown).split())

    wanted = [writable(text) for text in texts]
    found = iter(backend.word_times(item, boundary, [text for text in wanted if text], len(samples) / SAMPLE_RATE))
    loud = loud_frames(samples)
    return [
        _times(text, can, next(found), writable, loud) if can else _wordless(text)
        for text, can in zip(texts, wanted, strict=True)
    ]


def _wordless(text: str) -> WordTimes:
    return WordTimes(why=NOT_ALIGNED if text.strip() else SILENT)


def _times(
    text: str, written: str, spans: Sequence[Span] | None, writable: Callable[[str], str], loud: np.ndarray
) -> WordTimes:
    words, model_words = text.split(), written.split()
    if spans is None or len(spans) != len(model_words):
        return WordTimes(why=NOT_ALIGNED)
    return WordTimes(spans_before(fitted(spans, loud), origins(words, writable, model_words), len(words)))


# ---- pauses ----


def loud_frames(samples: np.ndarray) -> np.ndarray:
    """(n_frames,) bool, one for every 10 ms: whether it is more than the recording's silence."""
    n_frames = max(1, len(samples) // FRAME)
    frames = np.resize(samples, n_frames * FRAME).reshape(n_frames, FRAME)
    level = np.sqrt((frames.astype(np.float64) ** 2).mean(1))
    quiet, strong = np.percentile(level, [5, 95])
    loud: np.ndarray = level > min(max(0.04 * strong, 2 * quiet), 0.3 * strong)
    places = np.flatnonzero(loud)
    for i in np.flatnonzero(np.diff(places) <= CLOSURE):
        loud[places[i] : places[i + 1]] = True
    return loud


def fitted(spans: Sequence[Span], loud: np.ndarray) -> list[Span]:
    """Words that reach from pause to pause.

    A CTC model is sure of a letter for a moment within it, so that words begin late and end early: their edges move
    outwards through sound, at most half the way to a neighbour. Attention leaves no gaps between words, so that a pause
    belongs to one of them: edges move inwards through silence, and out of the neighbour's sound.

    Args:
        spans: In order, without overlap.
        loud: As from `loud_frames`.
    """
    edges = _parted([[round(100 * second) for second in span] for span in spans], loud)
    found: list[Span] = []
    for i, (start, stop) in enumerate(edges):
        low = (edges[i - 1][1] + start + 1) // 2 if i else 0
        high = (stop + edges[i + 1][0]) // 2 if i + 1 < len(edges) else len(loud)
        first = _moved(loud, start, -1, max(low, start - REACH))
        last = _moved(loud, stop - 1, 1, min(high, stop + REACH) - 1)
        within = _without_clicks(np.flatnonzero(loud[first : last + 1]))
        if len(within):
            first, last = first + int(within[0]), first + int(within[-1])
        found.append((min(first / 100, spans[i][1]), max((last + 1) / 100, spans[i][0] + 0.01)))
    return found


def _without_clicks(places: np.ndarray) -> np.ndarray:
    """A word's loud frames without short sounds at its ends, parted from it by a pause that is longer than they are."""
    islands = np.split(places, np.flatnonzero(np.diff(places) > 1) + 1)
    longest = max(map(len, islands))
    while len(islands) > 1 and islands[1][0] - islands[0][-1] > len(islands[0]) < longest:
        islands = islands[1:]
    while len(islands) > 1 and islands[-1][0] - islands[-2][-1] > len(islands[-1]) < longest:
        islands = islands[:-1]
    return np.concatenate(islands)


def _parted(edges: list[list[int]], loud: np.ndarray) -> list[list[int]]:
    """Where two words meet within a sound: moved to its end where a pause parts it from more of either word's sound."""
    for one, other in itertools.pairwise(edges):
        meet = one[1]
        if meet != other[0] or not (0 < meet < len(loud) and loud[meet - 1] and loud[meet]):
            continue
        silent = np.flatnonzero(~loud)
        begin = int(silent[silent < meet].max(initial=-1)) + 1
        end = int(silent[silent > meet].min(initial=len(loud)))
        if end - meet < np.count_nonzero(loud[end : other[1]]):
            one[1] = other[0] = end
        elif meet - begin < np.count_nonzero(loud[one[0] : begin]):
            one[1] = other[0] = begin
    return edges


def _moved(loud: np.ndarray, frame: int, step: int, end: int) -> int:
    """The last loud frame in this direction without a pause before it; the frame itself where it is silent."""
    while frame != end and (end - frame) * step > 0 and 0 <= frame + step < len(loud) and loud[frame + step]:
        frame += step
    return frame


# ---- CTC ----


def ctc_word_frames(emissions: Tensor, ids: Sequence[int], words: Sequence[int], blank: int) -> list[Frames] | None:
    """The frames of each word.

    Args:
        emissions: (n_frames, vocabulary) float32 log-probabilities.
        ids: The text's tokens.
        words: For each token the number of its word, counted from 0; -1 for what stands between two words.

    Returns:
        None where the sound has too few frames for the text.
    """
    import torchaudio

    needed = len(ids) + sum(a == b for a, b in itertools.pairwise(ids))
    if not ids or blank in ids or needed > len(emissions):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchaudio announces what its next versions will do
        path, _ = torchaudio.functional.forced_align(emissions[None], torch.tensor([list(ids)]), blank=blank)
    spans = token_frames(path[0].tolist(), blank)
    found: list[Frames | None] = [None] * (max(words) + 1)
    for (start, stop), word in zip(spans, words, strict=True):
        if word >= 0:
            before = found[word]
            found[word] = (start if before is None else before[0], stop)
    return None if None in found else [f for f in found if f is not None]


def token_frames(path: Sequence[int], blank: int) -> list[Frames]:
    """Where each token of a path starts and stops; equal neighbours are one token, blanks none."""
    found: list[Frames] = []
    start = 0
    for i in range(1, len(path) + 1):
        if i == len(path) or path[i] != path[start]:
            if path[start] != blank:
                found.append((start, i))
            start = i
    return found


# ---- attention ----


def spelled(pieces: Sequence[str], known: Mapping[str, int], space: str) -> list[str]:
    """A byte-level text's pieces letter by letter; the space before a word stays with its first letter where it can."""
    letters: list[str] = []
    for sign in itertools.chain.from_iterable(pieces):
        if letters and letters[-1] == space and space + sign in known:
            letters[-1] += sign
        else:
            letters.append(sign)
    return letters


def attended_steps(shares: Tensor, first: int = 0, filter_width: int = USUAL_FILTER) -> list[int] | None:
    """The position at which each token begins, as OpenAI's `find_alignment` has it.

    Args:
        shares: (n_heads, n_tokens, n_positions) of attention, each row summing to one.
        first: The token from which on steps are wanted; those before it, language and task, count for the standard.
        filter_width: Positions of the median filter over time, odd.

    Returns:
        None where there are fewer positions than tokens.
    """
    n_heads, n_tokens, n_positions = shares.shape
    if n_tokens - first > n_positions:
        return None
    looked = torch.zeros(n_tokens, n_positions)
    for of_head in shares:  # one by one: all heads of a large model at once would take gigabytes
        looked += _peculiar(of_head, filter_width)
    return monotonic_steps(-looked[first:] / n_heads)


def _peculiar(shares: Tensor, filter_width: int) -> Tensor:
    """(n_tokens, n_positions): where a token looks and others do not, smoothed over time."""
    # A head looks at some places whatever is said; standardised over the tokens, these drop out.
    deviation, mean = torch.std_mean(shares, dim=-2, keepdim=True, unbiased=False)
    looked = (shares - mean) / deviation.clamp_min(1e-9)
    reach = filter_width // 2
    if shares.shape[-1] > reach:
        padded = functional.pad(looked[None], (reach, reach), mode="reflect")[0]
        looked = padded.unfold(-1, filter_width, 1).median(-1).values
    return looked


def between(readings: Sequence[Sequence[Span]]) -> list[Span]:
    """Each word in the middle of where several readings have it."""
    n = len(readings)
    return [(sum(a for a, _ in of_word) / n, sum(b for _, b in of_word) / n) for of_word in zip(*readings, strict=True)]


def monotonic_steps(cost: Tensor) -> list[int]:
    """The first position of each token on the cheapest way through all tokens and positions, both in order.

    Each position belongs to one token and each token has at least one position; so one step over the positions handles
    all tokens at once, unlike time warping in full.

    Args:
        cost: (n_tokens, n_positions) float32, no more tokens than positions.
    """
    n_tokens, n_positions = cost.shape
    best = torch.full((n_tokens,), torch.inf)
    best[0] = cost[0, 0]
    moved = torch.zeros(n_tokens, n_positions, dtype=torch.bool)
    for j in range(1, n_positions):
        entering = torch.cat([torch.tensor([torch.inf]), best[:-1]])
        moved[:, j] = entering < best
        best = torch.minimum(best, entering) + cost[:, j]
    steps, token = [0] * n_tokens, n_tokens - 1
    for j in range(n_positions - 1, 0, -1):
        if moved[token, j]:
            steps[token] = j
            token -= 1
    return steps


def word_spans(steps: Sequence[int], words: Sequence[int], step: Seconds) -> list[Span]:
    """Times of words from the positions at which tokens begin.

    Args:
        steps: For each token of the text, and for the token that ends it.
        words: For each token of the text the number of its word.
    """
    firsts = [words.index(number) for number in range(max(words) + 1)]
    edges = [steps[i] * step for i in (*firsts, len(words))]
    return list(itertools.pairwise(edges))
