"""The best path finds the letters where they were put."""

import numpy as np

from recipes.pretrain.alignment import letter_frames


def said(frames: list[int], n_symbols: int = 4) -> np.ndarray:
    """Log probabilities that favour one symbol a frame."""
    scores = np.full((len(frames), n_symbols), np.log(0.05), dtype=np.float32)
    scores[np.arange(len(frames)), frames] = np.log(0.85)
    return scores


def test_letters_are_found_where_they_are_spoken() -> None:
    both = np.stack([said([0, 1, 1, 0, 2, 0, 3, 3]), said([2, 0, 2, 0, 0, 0, 0, 0])])
    first, second = letter_frames(both, [np.array([1, 2, 3]), np.array([2, 2])], np.array([8, 4]))
    assert first.tolist() == [[1, 2], [4, 4], [6, 7]]
    assert second.tolist() == [[0, 0], [2, 2]], "a repeated letter needs the blank between"


def test_the_text_is_followed_against_the_sound() -> None:
    (found,) = letter_frames(said([0, 1, 0, 0, 3, 0])[None], [np.array([1, 2, 3])], np.array([6]))
    assert (np.diff(found[:, 0]) > 0).all()
    assert found[0].tolist() == [1, 1]
    assert found[2].tolist() == [4, 4]


def test_a_text_too_long_for_its_frames_has_no_place() -> None:
    assert letter_frames(said([1, 1])[None], [np.array([1, 2, 3])], np.array([2])) == [None]


def test_frames_behind_the_clip_do_not_count() -> None:
    (found,) = letter_frames(said([1, 0, 2, 0, 2, 2, 2])[None], [np.array([1, 2])], np.array([4]))
    assert found.tolist() == [[0, 0], [2, 2]]
