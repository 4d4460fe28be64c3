"""Times follow words through every way of writing them, and lanes hold each word once."""

import pytest

from workbench.core.evaluation.compared_lanes import heard_lane, reference_lane
from workbench.core.evaluation.scoring import score_clip
from workbench.core.evaluation.written import WrittenOp, as_written
from workbench.core.text.normalize import normalizer
from workbench.core.word_times import LaneWord, Text, WordTimes, joined, later, origins, spans_before, spans_of


def steps(reference: str, heard: str, name: str = "marks") -> list[WrittenOp]:
    return as_written(reference, heard, score_clip(reference, heard, name), normalizer(name))


def spelled(text: str) -> str:
    """A writing that has more words, fewer words and lost words than before."""
    return text.replace("25", "twenty five").replace("can not", "cannot").replace("um", "").replace("-", "").strip()


@pytest.mark.parametrize(
    ("written", "whole", "found"),
    [
        (["a", "b"], "a b", [range(0, 1), range(1, 2)]),
        (["give", "25", "mg"], "give twenty five mg", [range(0, 1), range(1, 2), range(1, 2), range(2, 3)]),
        (["we", "can", "not", "go"], "we cannot go", [range(0, 1), range(1, 3), range(3, 4)]),
        (["um", "go", "-", "on"], "go on", [range(1, 2), range(3, 4)]),
        (["go"], "go on", [range(0, 1), range(0, 1)]),
        (["-"], "", []),
    ],
)
def test_each_word_knows_the_words_it_came_from(written: list[str], whole: str, found: list[range]) -> None:
    assert origins(written, spelled, whole.split()) == found


def test_times_pass_back_to_the_words_before() -> None:
    written, whole = ["give", "25", "-", "mg"], ["give", "twenty", "five", "mg"]
    came_from = origins(written, spelled, whole)
    times = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.5, 4.0)]
    before = spans_before(times, came_from, len(written))
    assert before == ((0.0, 1.0), (1.0, 3.0), None, (3.5, 4.0))


def test_words_without_times_stay_without() -> None:
    assert spans_of(Text("A, b!")) == [None, None]
    assert spans_of(Text("A, b!", WordTimes(((0.0, 1.0),)))) == [None, None]  # of another text
    assert spans_of(Text("A, b!", WordTimes(((0.0, 1.0), None)))) == [(0.0, 1.0), None]


def test_a_lane_holds_right_wrong_and_extra_words_and_the_missing_ones_when_they_were_said() -> None:
    reference = Text("One two, three.", WordTimes(((0.1, 0.4), (0.5, 0.8), (0.9, 1.2))))
    said = reference_lane(reference)
    assert said == [
        LaneWord("One", "said", span=(0.1, 0.4)),
        LaneWord("two,", "said", span=(0.5, 0.8)),
        LaneWord("three.", "said", span=(0.9, 1.2)),
    ]
    heard = Text("one too four", WordTimes(((0.1, 0.4), (0.5, 0.7), (0.8, 0.9))))
    assert heard_lane(heard, steps("One two, three.", "one too four"), said) == [
        LaneWord("one", "right", span=(0.1, 0.4)),
        LaneWord("too", "wrong", "two,", (0.5, 0.7), (0.5, 0.8)),
        LaneWord("four", "wrong", "three.", (0.8, 0.9), (0.9, 1.2)),
    ]
    lane = heard_lane(Text("one extra three"), steps("One two, three.", "one extra three"), said)
    assert [(w.text, w.kind, w.span) for w in lane] == [
        ("one", "right", None),
        ("extra", "wrong", None),
        ("three", "right", None),
    ]
    assert [(w.kind, w.span) for w in heard_lane(Text(""), steps("One two, three.", ""), said)] == [
        ("missing", (0.1, 0.4)),
        ("missing", (0.5, 0.8)),
        ("missing", (0.9, 1.2)),
    ]
    one = [LaneWord("One", "said")]
    assert [w.kind for w in heard_lane(Text("one more"), steps("One", "one more"), one)] == ["right", "extra"]


@pytest.mark.parametrize(
    ("reference", "heard", "name", "found"),
    [
        (
            "I'd like three large coffees.",
            "I would like 3 large coffees",
            "english",
            [("alike", "I would"), ("equal", "like"), ("alike", "3"), ("equal", "large"), ("equal", "coffees")],
        ),
        ("Hello, World!", "hello world", "marks", [("equal", "hello"), ("equal", "world")]),
        ("go on", "um, go - on", "english", [("ignored", "um,"), ("equal", "go"), ("ignored", "-"), ("equal", "on")]),
        ("twelve ounce", "twelve", "english", [("equal", "twelve"), ("delete", "")]),
        ("the colour red", "the color blue", "english", [("equal", "the"), ("alike", "color"), ("substitute", "blue")]),
        ("one hundred and five", "105 now", "english", [("alike", "105"), ("insert", "now")]),
        ("do you not know", "don't know", "english", [("substitute", "don't"), ("equal", "know")]),
        (
            "I really would like it",
            "I'd like it",
            "english",
            [("substitute", "I'd"), ("equal", "like"), ("equal", "it")],
        ),
        ("", "something", "marks", [("insert", "something")]),
        ("something", "", "marks", [("delete", "")]),
        ("", "", "marks", []),
    ],
)
def test_the_words_shown_are_those_that_were_written(
    reference: str, heard: str, name: str, found: list[tuple[str, str]]
) -> None:
    ops = steps(reference, heard, name)
    assert [(op.kind, op.hypothesis) for op in ops] == found
    assert " ".join(op.hypothesis for op in ops if op.hypothesis) == heard


def test_pieces_follow_one_another_at_their_places() -> None:
    first, second = WordTimes(((0.1, 0.2), None)), WordTimes(((0.0, 0.5),))
    assert joined([first, later(second, 3.0)]) == WordTimes(((0.1, 0.2), None, (3.0, 3.5)))
    assert joined([]) == WordTimes()


def test_where_a_piece_has_no_times_the_whole_says_why() -> None:
    assert joined([WordTimes(((0.0, 1.0),)), WordTimes(why="No.")]) == WordTimes(why="No.")
