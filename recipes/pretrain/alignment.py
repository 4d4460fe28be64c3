"""When each letter of a known text is spoken, by the best path through a CTC head's output (Graves et al. 2006)."""

import torch
from torch.nn import functional

NEVER = -1e30


def letter_frames(
    log_probs: torch.Tensor, letters: torch.Tensor, n_letters: torch.Tensor, n_frames: torch.Tensor
) -> torch.Tensor:
    """The first and the last frame of each letter, `(n, longest, 2) int64`; -1 behind a text and where it does not fit.

    Computed on the CPU: the path goes frame by frame, and a GPU would be told to start ten kernels for each.

    Args:
        log_probs: `(n, longest, n_symbols) float32`, natural logarithms; symbol 0 is the blank.
        letters: `(n, longest) int64`, of each clip at least one; what is behind its end does not matter.
        n_letters: `(n,) int64`, letters that count.
        n_frames: `(n,) int64`, frames that count.
    """
    device = letters.device
    log_probs, letters, n_letters, n_frames = (part.cpu() for part in (log_probs, letters, n_letters, n_frames))
    n, longest = letters.shape
    states = torch.zeros(n, 2 * longest + 1, dtype=torch.int64)  # blank, letter, ..., blank
    states[:, 1::2] = letters.clamp(min=0)
    path, fits = best_path(log_probs, states, 2 * n_letters, n_frames)
    wanted = (2 * torch.arange(longest) + 1).expand(n, longest).contiguous()
    first = torch.searchsorted(path, wanted)
    last = torch.searchsorted(path, wanted, right=True) - 1
    found = torch.stack([first, last.minimum(n_frames[:, None] - 1)], 2)
    known = fits[:, None] & (torch.arange(longest) < n_letters[:, None])
    return torch.where(known[..., None], found, -1).to(device)


def best_path(
    log_probs: torch.Tensor, states: torch.Tensor, last: torch.Tensor, n_frames: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The state of each frame `(n, longest) int64` on the likeliest path, and whether there is one `(n,) bool`.

    A path begins in the first or second state and ends in `last (n,)` or the one before; a letter may follow another at
    once, unless it is the same. Behind a clip's end it stays.
    """
    may_skip = (states != 0) & (states != functional.pad(states, (2, 0))[:, :-2])
    skips = torch.where(may_skip, 0.0, NEVER)
    skips[:, :2] = NEVER
    heard = log_probs.gather(2, states[:, None, :].expand(-1, log_probs.shape[1], -1))
    best = torch.full_like(heard[:, 0], NEVER)
    best[:, :2] = heard[:, 0, :2]
    came = torch.zeros(heard.shape, dtype=torch.int8)  # how many states back the path came from
    for t in range(1, heard.shape[1]):
        behind = functional.pad(best, (2, 0), value=NEVER)
        value, steps = torch.stack([best, behind[:, 1:-1], behind[:, :-2] + skips]).max(0)
        running = t < n_frames[:, None]
        came[:, t] = steps * running
        best = torch.where(running, value + heard[:, t], best)
    ends = best.gather(1, torch.stack([last, last - 1], 1))
    state = (last - (ends[:, 1] > ends[:, 0]).long())[:, None]
    path = torch.empty(heard.shape[:2], dtype=torch.int64)
    for t in range(heard.shape[1] - 1, -1, -1):
        path[:, t] = state[:, 0]
        state = state - came[:, t].gather(1, state)
    return path, ends.amax(1) > NEVER / 2
