"""What is held out is never learned, and every label can be spelled."""

from itertools import islice
from pathlib import Path

import pytest

from recipes.pretrain import texts
from recipes.pretrain.learner import INDEX


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """A book file whose held-out lines also stand at its beginning, as popular sentences do."""
    words = [f"{a}{b}{c}" for a in "bcdfghjklm" for b in "aeiou" for c in "nprstvwxyz"]
    lines = [f"the {first} met the {second}" for first in words[:100] for second in words[100:140]]
    file = tmp_path / "books.txt"
    file.write_text("\n".join([*lines[-5:], *lines]) + "\n", encoding="utf-8")
    return file


def drawn(corpus: texts.Corpus, n: int = 3000) -> set[str]:
    return {line.label for line in islice(texts.draw_lines(corpus, seed=1), n)}


def test_held_out_lines_are_never_trained_on(books: Path) -> None:
    held_out = {*texts.held_out(books, "dev"), *texts.held_out(books, "test")}
    assert len(held_out) == texts.TEST_LINES + texts.DEV_LINES
    assert not drawn(texts.Corpus(books)) & held_out


def test_consultations_that_are_held_out_are_left_out(books: Path, tmp_path: Path) -> None:
    held_out = next(texts.held_out(books, "test"))
    consultations = tmp_path / "consultations.txt"
    consultations.write_text(f"{held_out}\nDoes it hurt?\n", encoding="utf-8")
    labels = drawn(texts.Corpus(books, consultations))
    assert "does it hurt" in labels
    assert held_out not in labels


def test_without_books_a_part_of_the_recipes_own_lines_is_held_out() -> None:
    held_out = {part: set(islice(texts.held_out(None, part), 200)) for part in ("dev", "test")}
    assert held_out["dev"]
    assert not held_out["dev"] & held_out["test"]
    assert not drawn(texts.Corpus()) & (held_out["dev"] | held_out["test"])


def test_the_same_seed_draws_the_same_lines(books: Path) -> None:
    one, two = (list(islice(texts.draw_lines(texts.Corpus(books), seed=3), 50)) for _ in range(2))
    assert one == two


def test_every_label_can_be_spelled(books: Path) -> None:
    for label in drawn(texts.Corpus(books)) | drawn(texts.Corpus()):
        assert label == " ".join(label.split())
        assert all(letter in INDEX for letter in label), label


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("“Don’t,” she said.", None),
        ("Don’t - ever - stop!", "don't ever stop"),
        ("'quoted' words", "quoted words"),
        ("5 mg", None),
    ],
)
def test_normalise(written: str, label: str | None) -> None:
    assert texts.normalise(written) == label


def test_a_book_file_with_nothing_left_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("one line\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"short\.txt has no line left"):
        next(texts.draw_lines(texts.Corpus(tmp_path / "short.txt"), seed=0))
