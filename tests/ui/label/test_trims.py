"""Trims as the list of clips asks for them; the services' part is tested in tests/services/clips/test_trims.py."""

from collections.abc import Callable

import pytest

from tests.ui.test_handlers import event, query
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.label.section import Label

Fill = Callable[..., list[int]]


@pytest.fixture
def label(bench: Workbench) -> Label:
    return Label(bench)


def test_a_part_is_kept_and_its_row_has_another_sound(label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    before = label.view(query("s"))["clips"][0]
    end = before["duration"]
    view = label.trims.trim(event(id=clip_id, start=0.1, end=end, revision=0), *query("s"))
    row = view["touched"]
    assert view["trimmed"] == {"id": clip_id, "revision": 1, "kept": True, "overtook": ""}
    assert (row["cut"], row["whole"], row["trims"]) == ([0.1, pytest.approx(end)], end, 1)
    assert row["url"] != before["url"], "what a browser has loaded is the whole sound"

    again = label.trims.trim(event(id=clip_id, start=0.1, end=end, revision=1), *query("s"))
    assert not again["trimmed"]["kept"], "nothing was changed, so nothing is there to be undone"

    view, page = label.trims.undo(event(id=clip_id, revision=1), *query("s"))
    assert (view["touched"]["cut"], view["touched"]["duration"], page) == (None, end, 0)
    assert not view["trimmed"]["kept"]
    assert view["touched"]["url"] not in (row["url"], before["url"])


def test_what_cannot_be_kept_is_told_at_its_row(label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    view = label.trims.trim(event(id=clip_id, start=0.1, end=0.15, revision=0), *query("s"))
    assert view["refused"]["id"] == clip_id
    assert "0.05 s would be left" in view["refused"]["why"]
    assert "clips" not in view
    label.trims.trim(event(id=clip_id, start=0.1, end=9, revision=0), *query("s"))
    refused, _ = label.trims.undo(event(id=clip_id, revision=7), *query("s"))
    assert "ada has trimmed" in refused["refused"]["why"]


def test_a_trim_that_somebody_made_meanwhile_is_named(label: Label, bench: Workbench, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    bench.trimming.trim(clip_id, 0.05, 9, author="ben")
    view = label.trims.trim(event(id=clip_id, start=0.1, end=9, revision=0), *query("s"))
    end = bench.trimming.history(clip_id)[0].end
    assert view["trimmed"]["overtook"] == text.TRIM_OVERTOOK.format(author="ben", start=0.05, end=end)


def test_undo_where_nothing_was_trimmed_says_so(label: Label, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("workbench.ui.label.trims.say", said.append)
    (clip_id,) = fill("s", 1)
    view, _ = label.trims.undo(event(id=clip_id, revision=0), *query("s"))
    assert (said, view["trimmed"]) == ([text.NOTHING_TO_UNTRIM], None)
