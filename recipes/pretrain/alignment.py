"""When each letter of a known text is spoken, by the best path through a CTC head's output (Graves et al. 2006)."""

import numpy as np

NEVER = np.float32(-1e30)


def letter_frames(log_probs: np.ndarray, letters: list[np.ndarray], lengths: np.ndarray) -> list[np.ndarray | None]:
    """The first and the last frame of each letter of each clip, `(n_letters, 2) int64`; None where they do not fit.

    Args:
        log_probs: `(n, n_frames, n_symbols) float32`, natural logarithms; symbol 0 is the blank.
        letters: for each clip `(n_letters,) int`, at least one.
        lengths: `(n,) int`, frames that count.
    """
    n, n_frames, _ = log_probs.shape
    widths = np.array([2 * len(one) + 1 for one in letters])
    states = np.zeros((n, widths.max()), dtype=np.int64)  # blank, letter, blank, letter, ..., blank
    for row, one in zip(states, letters, strict=True):
        row[1 : 2 * len(one) : 2] = one
    may_skip = np.zeros(states.shape, dtype=bool)
    may_skip[:, 2:] = (states[:, 2:] != 0) & (states[:, 2:] != states[:, :-2])
    heard = np.take_along_axis(log_probs, states[:, None, :].repeat(n_frames, 1), 2)
    best = np.full(states.shape, NEVER)
    best[:, :2] = heard[:, 0, :2]
    came = np.zeros((n_frames, *states.shape), dtype=np.int8)  # how many states back the best path came from
    options = np.full((3, *states.shape), NEVER)
    for t in range(1, n_frames):
        options[0] = best
        options[1, :, 1:] = best[:, :-1]
        options[2, :, 2:] = np.where(may_skip[:, 2:], best[:, :-2], NEVER)
        running = (t < lengths)[:, None]
        came[t] = np.where(running, options.argmax(0), 0)
        best = np.where(running, options.max(0) + heard[:, t], best)
    rows = np.arange(n)
    last = widths - 1
    state = np.where(best[rows, last] >= best[rows, last - 1], last, last - 1)
    fits = best[rows, state] > NEVER / 2
    path = np.zeros((n_frames, n), dtype=np.int64)
    for t in range(n_frames - 1, -1, -1):
        path[t] = state
        state = state - came[t, rows, state]
    return [spans(path[: lengths[i], i], len(letters[i])) if fits[i] else None for i in range(n)]


def spans(path: np.ndarray, n_letters: int) -> np.ndarray:
    """First and last frame of each letter on a path of states."""
    wanted = 2 * np.arange(n_letters) + 1
    return np.stack([np.searchsorted(path, wanted), np.searchsorted(path, wanted, side="right") - 1], 1)
