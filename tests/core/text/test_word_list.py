"""A word list's lines: terms, and how they sound."""

import pytest

from workbench.core.text.word_list import Favoured, Term, term_of


@pytest.mark.parametrize(
    ("line", "term"),
    [
        ("metoprolol", Term("metoprolol")),
        ("metoprolol = met-o-pro-lol", Term("metoprolol", ("metoprolol",))),
        ("qid = cue eye dee, four times  a day", Term("qid", ("cue eye dee", "four times a day"))),
        ("  blood   pressure ", Term("blood pressure")),
        ("= 5", Term("= 5")),
        ("a =", Term("a")),
        ("a = , b", Term("a", ("b",))),
    ],
)
def test_a_line_is_a_term_and_how_it_sounds(line: str, term: Term) -> None:
    assert term_of(line) == term


def test_favoured_words_cross_to_another_process() -> None:
    words = Favoured.of(["metoprolol = metro, pro lol", "", "stent"], 2.5)
    assert len(words.terms) == 2
    assert Favoured.from_json(words.to_json()) == words
    assert Favoured.from_json(None) is None
