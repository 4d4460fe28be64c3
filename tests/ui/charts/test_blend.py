"""The blend's picture: each point with its words, the kept one ringed, the limit drawn; nothing without a choice."""

import xml.etree.ElementTree as ET

from workbench.core.evaluation.blend import SHARES, BlendCurve, Point, Sample
from workbench.ui.charts.blend import blend, kept, picture

DOMAIN, GENERAL = Sample((10,) * 8, (5,) * 8, (None,) * 8), Sample((50,) * 8, (1,) * 8, (None,) * 8)


def curve(**more: object) -> dict[str, object]:
    points = tuple(Point(s, (5 - round(4 * s),) * 8, (1,) * 7 + (1 + round(4 * s),), 0) for s in SHARES)
    return {**BlendCurve(DOMAIN, GENERAL, points, 0.005).summary(), **more}


def test_the_kept_point_is_ringed_and_the_others_are_said_too() -> None:
    found = curve()
    assert found["recommended"] == 0.5
    svg = ET.fromstring(picture(found, 0.5)).find("svg")
    assert svg is not None
    rings = [c for c in svg.iter("circle") if c.get("class") == "best"]
    assert len(rings) == 1
    assert len([c for c in svg.iter("circle") if c.get("class") is None]) == len(SHARES)
    assert svg.find("line[@class='limit']") is not None
    label = svg.get("aria-label") or ""
    assert "50 %" in label
    assert label.count("of the general ones") == len(SHARES)
    for number in svg.iter("circle"):
        assert 0 <= float(number.get("cx") or -1) <= 420
        assert 0 <= float(number.get("cy") or -1) <= 220


def test_the_sentence_says_what_was_won_and_what_was_lost() -> None:
    html = blend(curve(), 0.5)
    assert "50 % of what was learned is kept" in html
    assert "from 50.0 % to 30.0 %" in html
    assert "from 2.0 % to 2.5 %" in html
    assert "Each fold" not in html
    assert "Each fold chose for itself: 50 %, 100 %." in blend(curve(folds=[0.5, 1.0]), 0.5)


def test_points_that_lie_on_one_another_share_a_label() -> None:
    points = tuple(Point(s, (1,) * 8 if s else (5,) * 8, (1,) * 8, 0) for s in SHARES)
    svg = picture(BlendCurve(DOMAIN, GENERAL, points, 0.005).summary(), 0.25)
    assert ">25 %, 50 %, 75 %, 100 %</text>" in svg


def test_without_dev_clips_there_is_a_sentence_and_no_picture() -> None:
    points = tuple(Point(s, (), (1,) * 7 + (1 + round(4 * s),), 0) for s in SHARES)
    html = blend(BlendCurve(Sample((), (), ()), GENERAL, points, 0.005).summary(), 0.5)
    assert "the largest share that forgets little enough" in html
    assert "from 2.0 % to 2.5 %" in html
    assert "<svg" not in html


def test_nothing_is_shown_where_nothing_was_chosen() -> None:
    assert blend(None, 1.0) == blend(curve(), None) == ""
    assert (kept(None), kept(0.0), kept(1.0), kept(0.75)) == ("", "", "", "75 % kept")
