"""A set's contents, counted by hand beside: figures, pace, bars' ends, and what is missing, most of it first."""

import pytest

from workbench.core.overview.contents import Contents, measures, pace, within
from workbench.core.overview.gaps import gaps
from workbench.core.types import Clip


def clip(number: int, text: str = "", *, duration: float = 2.0, status: str = "confirmed", **about: object) -> Clip:
    return Clip(number, f"{number:064}", f"{number}.wav", duration, text=text, status=status, **about)  # type: ignore[arg-type]


def contents(*clips: Clip, **about: object) -> Contents:
    return Contents(clips, {c.id: tuple(c.text.split()) for c in clips}, **about)  # type: ignore[arg-type]


def kinds(*clips: Clip, **about: object) -> list[str]:
    return [gap.kind for gap in gaps(contents(*clips, **about))]


def said(kind: str, *clips: Clip, **about: object) -> str:
    return next(gap.sentence for gap in gaps(contents(*clips, **about)) if gap.kind == kind)


def full(number: int, part: str, text: str = "a b", who: str = "ada") -> Clip:
    return clip(number, text, split=part, speaker=who)


WHOLE = (full(1, "train"), full(2, "train", who="bob"), full(3, "dev"), full(4, "test"))


def test_the_figures_are_those_counted_by_hand() -> None:
    set_of_four = contents(
        clip(1, "take 5 pills", duration=3.0, speaker="ada", split="train", warnings=("very quiet",)),
        clip(2, "take two", status="drafted", speaker="bob"),
        clip(3, status="unlabelled", duration=1.5),
        clip(4, "stop", speaker="ada", split="test"),
        terms={"pills": frozenset({1}), "valve": frozenset()},
        errors={1: 0.5},
        heard_by="m",
    )
    assert set_of_four.figures() == {
        "clips": 4,
        "seconds": 8.5,
        "shortest": 1.5,
        "longest": 3.0,
        "confirmed": 2,
        "drafted": 1,
        "unlabelled": 1,
        "train": 1,
        "dev": 0,
        "test": 1,
        "in_no_part": 2,
        "speaker_unknown": 1,
        "without_text": 1,
        "with_digits": 1,
        "with_warnings": 1,
        "speakers": 2,
        "words": 6,
        "different_words": 5,
        "words_once": 4,
        "terms": 2,
        "terms_never_said": ["valve"],
        "heard_by": "m",
        "heard": 1,
        "in_folds": False,
    }
    assert set_of_four.speakers == {"ada": 5.0, "bob": 2.0, None: 1.5}
    assert set_of_four.such("with_digits") == (1,)
    assert set_of_four.with_word("take") == (1, 2)


def test_an_empty_set_has_figures_and_no_gaps() -> None:
    assert contents().figures()["longest"] is None
    assert gaps(contents()) == ()


def test_a_clip_without_a_text_has_no_pace() -> None:
    assert pace(clip(1, "abcdefgh")) == 4.0
    assert pace(clip(1)) is None


def test_measures_are_none_where_they_are_not_known() -> None:
    two = contents(clip(1, "ab", duration=1.23456), clip(2), errors={1: 1 / 3})
    rows = list(measures(two, {f"{1:064}": -20.123}.get))
    assert rows[0] == {"duration": 1.235, "level": -20.1, "pace": 1.62, "error": 0.3333}
    assert rows[1] == {"duration": 2.0, "level": None, "pace": None, "error": None}


@pytest.mark.parametrize(
    ("value", "low", "high", "is_in"),
    [
        (1.0, 1.0, 2.0, True),
        (2.0, 1.0, 2.0, False),
        (2.0, 1.0, None, True),
        (0.9, 1.0, None, False),
        (None, 0, 1, False),
    ],
)
def test_a_bar_holds_its_low_end_and_not_its_high_one(
    value: float | None, low: float, high: float | None, is_in: bool
) -> None:
    assert within(value, low, high) is is_in


def test_a_whole_set_misses_nothing() -> None:
    assert kinds(*WHOLE, terms={"a": frozenset({1, 4})}) == []


def test_terms_that_nobody_says_are_named() -> None:
    terms = {name: frozenset[int]() for name in "vwxyz!?"} | {"a": frozenset({1, 4})}
    sentence = said("terms", *WHOLE, terms=terms)
    assert sentence == "7 of 8 words of your list are never said: v, w, x, y, z and 2 more."
    one = said("terms", *WHOLE, terms={"a": frozenset({1, 4}), "z": frozenset()})
    assert one == "1 of 2 words of your list is never said: z."


def test_terms_are_missed_in_the_part_that_judges_and_in_the_one_that_teaches() -> None:
    terms = {"p": frozenset({1}), "q": frozenset({4}), "r": frozenset({1, 4})}
    assert said("terms_untested", *WHOLE, terms=terms) == "No clip of the test set has a word of your list: p."
    assert "Only test clips have a word of your list" in said("terms_unlearned", *WHOLE, terms=terms)
    assert kinds(*WHOLE, terms=terms, in_folds=True) == [], "in folds every clip does both"


def test_an_empty_test_set_is_said_but_in_folds() -> None:
    without = WHOLE[:3]
    assert said("test", *without) == "No clip judges what a model learned yet: the test set is empty."
    assert kinds(*without, in_folds=True) == []


def test_that_which_most_is_missing_of_comes_first() -> None:
    clips = [*WHOLE, *(clip(i, status="unlabelled", speaker="ada") for i in (5, 6))]
    terms = {"a": frozenset({1, 4}), "y": frozenset[int](), "z": frozenset[int]()}
    found = gaps(contents(*clips, terms=terms))
    assert [gap.kind for gap in found] == ["terms", "unlabelled"]
    assert found[1].clips == (5, 6)
    assert found[1].sentence == "2 of 6 clips have nothing written down yet."
    many = [clip(i, status="unlabelled", speaker="ada") for i in range(7, 20)]
    assert kinds(*clips, *many, terms=terms) == ["unlabelled", "terms"]


def test_unknown_and_single_voices_are_said() -> None:
    assert said("speakers", *WHOLE, clip(9, "a", split="train")).startswith("Who speaks is not known of 1 of 5 clips")
    assert "voices" in kinds(*(full(i, part) for i, part in enumerate(("train", "dev", "test"), 1)))


def test_nothing_confirmed_is_said_once() -> None:
    assert kinds(clip(1, "a", status="drafted", speaker="ada"), clip(2, "b", status="drafted", speaker="bob")) == [
        "confirmed",
        "drafted",
    ]
