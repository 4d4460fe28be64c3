"""Times follow words through every way of writing them, and lanes hold each word once."""

import pytest

from workbench.core.lanes import (
    LaneWord,
    Text,
    WordTimes,
    compared_spans,
    heard_lane,
    origins,
    reference_lane,
    spans_after,
    spans_before,
)
from workbench.core.scoring import score_clip
from workbench.core.text import normalizer


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


def test_times_pass_both_ways() -> None:
    written, whole = ["give", "25", "-", "mg"], ["give", "twenty", "five", "mg"]
    came_from = origins(written, spelled, whole)
    times = [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.5, 4.0)]
    before = spans_before(times, came_from, len(written))
    assert before == ((0.0, 1.0), (1.0, 3.0), None, (3.5, 4.0))
    assert spans_after(before, came_from) == times, "the two words of one share its time out"


def test_words_without_times_stay_without() -> None:
    normalize = normalizer("marks")
    assert compared_spans(Text("A, b!"), normalize, ["a", "b"]) == [None, None]
    stale = Text("A, b!", WordTimes(((0.0, 1.0),)))  # of another text
    assert compared_spans(stale, normalize, ["a", "b"]) == [None, None]
    assert compared_spans(Text("A, b!", WordTimes(((0.0, 1.0), None))), normalize, ["a", "b"]) == [(0.0, 1.0), None]


def test_a_lane_holds_right_wrong_and_extra_words_and_the_missing_ones_when_they_were_said() -> None:
    normalize = normalizer("marks")
    reference = Text("One two, three.", WordTimes(((0.1, 0.4), (0.5, 0.8), (0.9, 1.2))))
    heard = Text("one too four", WordTimes(((0.1, 0.4), (0.5, 0.7), (0.8, 0.9))))
    score = score_clip("One two, three.", "one too four", "marks")
    said = reference_lane(reference, score, normalize)
    assert said == [
        LaneWord("one", "said", span=(0.1, 0.4)),
        LaneWord("two", "said", span=(0.5, 0.8)),
        LaneWord("three", "said", span=(0.9, 1.2)),
    ]
    assert heard_lane(heard, score, normalize, said) == [
        LaneWord("one", "right", span=(0.1, 0.4)),
        LaneWord("too", "wrong", "two", (0.5, 0.7)),
        LaneWord("four", "wrong", "three", (0.8, 0.9)),
    ]
    silent = score_clip("One two, three.", "one extra three", "marks")
    lane = heard_lane(Text("one extra three"), silent, normalize, said)
    assert [(w.text, w.kind, w.span) for w in lane] == [
        ("one", "right", None),
        ("extra", "wrong", None),
        ("three", "right", None),
    ]
    empty = score_clip("One two, three.", "", "marks")
    assert [(w.kind, w.span) for w in heard_lane(Text(""), empty, normalize, said)] == [
        ("missing", (0.1, 0.4)),
        ("missing", (0.5, 0.8)),
        ("missing", (0.9, 1.2)),
    ]
    more = score_clip("One", "one more", "marks")
    one = [LaneWord("one", "said")]
    assert [w.kind for w in heard_lane(Text("one more"), more, normalize, one)] == ["right", "extra"]
