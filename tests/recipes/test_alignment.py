"""The best path finds the letters where they were put."""

import math

import torch

from recipes.pretrain.alignment import letter_frames


def said(frames: list[int], n_symbols: int = 4) -> torch.Tensor:
    """Log probabilities `(n_frames, n_symbols)` that favour one symbol a frame."""
    scores = torch.full((len(frames), n_symbols), math.log(0.05))
    scores[range(len(frames)), frames] = math.log(0.85)
    return scores


def found(scores: torch.Tensor, letters: list[int], n_frames: int) -> list[list[int]]:
    """First and last frame of each letter of one clip."""
    return letter_frames(scores[None], torch.tensor([letters]), torch.tensor([len(letters)]), torch.tensor([n_frames]))[
        0
    ].tolist()


def test_letters_are_found_where_they_are_spoken() -> None:
    both = torch.stack([said([0, 1, 1, 0, 2, 0, 3, 3]), said([2, 0, 2, 0, 0, 0, 0, 0])])
    letters = torch.tensor([[1, 2, 3], [2, 2, -100]])
    first, second = letter_frames(both, letters, torch.tensor([3, 2]), torch.tensor([8, 4]))
    assert first.tolist() == [[1, 2], [4, 4], [6, 7]]
    assert second.tolist() == [[0, 0], [2, 2], [-1, -1]], "a repeated letter needs the blank between"


def test_the_text_is_followed_against_the_sound() -> None:
    spans = found(said([0, 1, 0, 0, 3, 0]), [1, 2, 3], 6)
    assert spans[0][0] < spans[1][0] < spans[2][0]
    assert spans[0] == [1, 1]
    assert spans[2] == [4, 4]


def test_a_text_too_long_for_its_frames_has_no_place() -> None:
    assert found(said([1, 1]), [1, 2, 3], 2) == [[-1, -1]] * 3


def test_frames_behind_the_clip_do_not_count() -> None:
    assert found(said([1, 0, 2, 0, 2, 2, 2]), [1, 2], 4) == [[0, 0], [2, 2]]
    assert found(said([1, 0, 2, 2, 2, 2, 2]), [1, 2], 4) == [[0, 0], [2, 3]]
