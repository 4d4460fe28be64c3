"""The overview as plain data, and a click on it in words; handlers without a browser."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from tests.ui.conftest import HOSTILE
from workbench.services.clips.overview import Wish
from workbench.services.workbench import Workbench
from workbench.ui.label.clip_rows import Query
from workbench.ui.label.section import Label
from workbench.ui.overview.section import OverviewPanel
from workbench.ui.overview.view import in_words, view, wish_of

Fill = Callable[..., list[int]]


@pytest.fixture
def panel(bench: Workbench) -> OverviewPanel:
    return OverviewPanel(bench, Label(bench))


def asked(panel: OverviewPanel, set_name: str, **said: Any) -> list[Any]:
    query = Query(set_name, None, "confirmed", "nobody", "typed", 3, "ada")
    return panel.look(SimpleNamespace(_data=said), *query)  # type: ignore[arg-type]


def test_columns_are_of_one_length_and_figures_lead_only_where_clips_are(bench: Workbench, fill: Fill) -> None:
    fill("s", 3, text="Take 5")
    shown = view(bench.overviewing.of_set("s"))
    assert {name: len(column) for name, column in shown["columns"].items()} == dict.fromkeys(
        ("id", "name", "duration", "level", "pace", "error"), 3
    )
    figures = {f["label"]: (f["value"], f["name"]) for f in shown["figures"]}
    assert figures["clips"] == ("3", "")
    assert figures["confirmed"] == ("3", "confirmed")
    assert figures["to do"] == ("0", ""), "nothing to list"
    assert figures["texts with digits"] == ("3", "with_digits")
    assert "judge (test)" not in figures, "the set is small, its clips judge in turns"
    assert shown["frequent"] == [["take", 3], ["5", 3]]


def test_many_speakers_are_summed_up(bench: Workbench, fill: Fill) -> None:
    fill("s", 1)
    found = bench.overviewing.of_set("s")
    many = {f"speaker {i}": 60.0 for i in range(15)}
    object.__setattr__(found.contents, "speakers", many)
    shown = view(found)
    assert [s["minutes"] for s in shown["speakers"]] == [1.0] * 12
    assert shown["moreSpeakers"] == {"n": 3, "minutes": 3.0}


def test_an_empty_set_says_so(bench: Workbench) -> None:
    bench.collecting.create_set("empty")
    assert list(view(bench.overviewing.of_set("empty"))) == ["empty"]


def test_nothing_is_read_while_the_fold_is_closed(bench: Workbench, fill: Fill, panel: OverviewPanel) -> None:
    fill("s", 1)
    assert panel.refresh("s", False) == gr.skip()
    assert panel.refresh("s", True)["columns"]["id"]
    assert "empty" in panel.refresh("", True)


def test_a_click_shows_its_clips_alone_whatever_was_filtered(fill: Fill, panel: OverviewPanel) -> None:
    ids = fill("s", 3, text="hello")
    shown, page, only, *filters = asked(panel, "s", word="1")
    assert only["ids"] == [ids[1]]
    assert only["text"] == "Only 1 clip: with “1”"
    assert [row["id"] for row in shown["clips"]] == [ids[1]]
    assert (page, filters) == (0, ["", "", "", ""])


def test_a_click_on_what_is_gone_says_so(fill: Fill, panel: OverviewPanel) -> None:
    fill("s", 1)
    with pytest.raises(gr.Error, match="No clip is like that"):
        asked(panel, "s", word=HOSTILE)


@pytest.mark.parametrize("said", [{"ranges": {"sha256": [0, 1]}}, {"figure": "__class__"}, {"nothing": 1}])
def test_what_no_picture_has_is_passed_over(said: dict[str, Any]) -> None:
    assert wish_of(said) == Wish()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"ranges": {"duration": [1, 2.5]}}, "1 to 2.5 s long"),
        ({"ranges": {"error": [0.5, None]}}, "50 % wrong or more"),
        ({"ranges": {"duration": [0, 2], "level": [-30, -20]}}, "0 to 2 s long, -30 to -20 dBFS loud"),
        ({"speaker": "ada"}, "spoken by ada"),
        ({"speaker": ""}, "by unknown speakers"),
        ({"term": "valve"}, "with “valve”"),
        ({"figure": "without_text"}, "without a text"),
        ({"gap": "unlabelled"}, "1 of 1 clips has nothing written down yet"),
    ],
)
def test_a_click_in_words(bench: Workbench, fill: Fill, said: dict[str, Any], words: str) -> None:
    fill("s", 1)
    assert in_words(wish_of(said), bench.overviewing.of_set("s")) == words
