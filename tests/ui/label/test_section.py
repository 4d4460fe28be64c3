"""The handlers of the list of clips, called as Gradio calls them."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import gradio as gr
import pytest
from sqlalchemy.exc import OperationalError

from tests.ui.test_handlers import event, query
from workbench.core.types import Heard
from workbench.language.spoken import speaking
from workbench.services.inference.draft_progress import DraftView
from workbench.services.labels.query import UNNAMED_AUTHOR
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.label.clip_rows import PAGE_SIZE, Query, called
from workbench.ui.label.section import Label

Fill = Callable[..., list[int]]


@pytest.fixture
def label(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Label:
    monkeypatch.setattr("workbench.ui.label.section.say", lambda _: None)
    return Label(bench)


def test_the_list_is_paged(label: Label, fill: Fill) -> None:
    fill("s", PAGE_SIZE + 2)
    first = label.view(query("s"))
    assert (len(first["clips"]), first["pages"], first["shown"]) == (PAGE_SIZE, 2, "1 to 25 of 27")
    second, page = label.turn(event(page=1), *query("s"))
    assert (len(second["clips"]), page) == (2, 1)
    assert label.view(query("s", page=99))["page"] == 1
    assert first["clips"][0]["peaks"] is None, "nobody waits for sounds to be decoded"


def test_a_label_is_saved_confirmed_and_undone(label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    saved = label.save(event(id=clip_id, text="Take 5 tablets", revision=0, sent=[]), *query("s"))["clips"][0]
    assert (saved["status"], saved["revision"]) == ("drafted", 1)
    assert "take five tablets" in saved["written"]
    view = label.confirm(event(id=clip_id, text="Take 5 tablets", revision=1, sent=[]), *query("s"))
    assert view["clips"][0]["status"] == "confirmed"
    assert view["answered"] == {"id": clip_id, "said": "Take 5 tablets", "revision": 2, "confirmed": True}
    view, page = label.undo(event(ids=[clip_id], revision=2), *query("s"))
    assert (view["clips"][0]["status"], page) == ("drafted", 0)
    past = label.history(event(id=clip_id), *query("s"))["history"]["items"]
    assert len(past) == 3
    assert "ada" in past[0]["when"]


def test_a_label_that_could_not_be_saved_is_told_to_its_row(
    label: Label, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr("workbench.ui.label.section.warn", warned.append)
    (clip_id,) = fill("s", 1)
    monkeypatch.setattr("workbench.services.labels.revisions._append", _full)
    typed = event(id=clip_id, text="take two", revision=0, sent=[])
    failed = label.save(typed, *query("s"))["failed"]
    assert (failed["id"], failed["said"], failed["again"]) == (clip_id, "take two", True)
    assert failed["why"].startswith("The label was not saved, because the disk is full; make at least")
    monkeypatch.setattr("workbench.services.labels.revisions._append", _broken)
    failed = label.confirm(typed, *query("s"))["failed"]
    assert (failed["why"], failed["again"]) == (text.UNEXPECTED, True)
    assert "safe" not in failed["why"]
    assert warned == []
    monkeypatch.undo()
    monkeypatch.setattr("workbench.ui.label.section.warn", warned.append)
    other = event(id=clip_id, text="take two", revision=0, sent=[], name="of another workspace")
    assert not label.save(other, *query("s"))["failed"]["again"]
    assert label.history(event(id=clip_id), *query("s"))["history"]["items"] == []
    assert len(warned) == 1


def _full(*_: object) -> None:
    raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))


def _broken(*_: object) -> None:
    raise ZeroDivisionError


def test_a_change_that_somebody_else_has_made_since_is_not_undone(bench: Workbench, label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    label.save(event(id=clip_id, text="mine", revision=0, sent=[]), *query("s"))
    bench.labelling.save(clip_id, "theirs", author="ben", confirmed=False)
    with pytest.raises(gr.Error, match="ben has changed the label"):
        label.undo(event(ids=[clip_id], revision=1), *query("s"))
    assert bench.labelling.clip(clip_id).text == "theirs"


def test_characters_that_the_model_cannot_write_are_pointed_out(label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    shown_clip = label.save(event(id=clip_id, text="niño", revision=0, sent=[]), *query("s"))["clips"][0]
    assert shown_clip["trouble"]
    assert "cannot write" in shown_clip["written"]


def test_only_somebody_elses_change_is_a_conflict(label: Label, fill: Fill) -> None:
    (clip_id,) = fill("s", 1)
    label.save(event(id=clip_id, text="one", revision=0, sent=[]), *query("s"))
    on_its_way = label.save(event(id=clip_id, text="one two", revision=0, sent=["one"]), *query("s"))
    assert on_its_way["overtook"] is None
    view = label.save(event(id=clip_id, text="three", revision=1, sent=[]), *query("s", author="ben"))
    assert view["overtook"] == {"id": clip_id, "author": "ada", "text": "one two"}
    assert view["clips"][0]["author"] == "ben"


def test_a_saved_clip_comes_along_though_the_filter_hides_it(label: Label, fill: Fill) -> None:
    ids = fill("s", 2)
    todo = query("s", status="unlabelled")
    view = label.save(event(id=ids[0], text="typed", revision=0, sent=[]), *todo)
    assert [c["id"] for c in view["clips"]] == ids[1:]
    assert (view["touched"]["id"], view["touched"]["revision"]) == (ids[0], 1)


def test_undo_turns_to_the_page_of_its_clip(label: Label, fill: Fill) -> None:
    ids = fill("s", PAGE_SIZE + 2)
    label.save(event(id=ids[0], text="typed", revision=0, sent=[]), *query("s"))
    view, page = label.undo(event(ids=ids[:1], revision=1), *query("s", page=1))
    assert (page, view["clips"][0]["id"]) == (0, ids[0])


def test_a_clip_that_another_part_of_the_page_names_is_turned_to(label: Label, fill: Fill) -> None:
    ids = fill("s", PAGE_SIZE + 2)
    view, page, *_ = label.find(event(id=ids[-1]), *query("s"))
    assert (page, view["clips"][-1]["id"]) == (1, ids[-1])
    view, page, *filters, only = label.find(event(id=ids[3]), *query("s", search="nothing like it", page=1))
    assert ([c["id"] for c in view["clips"]], page, filters) == ([ids[3]], 0, ["", "", "", ""])
    assert label.view(query("s", only=only))["only"]["text"].startswith("Only s-3.wav")


def test_the_drafts_unsure_words_come_with_the_row_until_the_label_is_confirmed(
    bench: Workbench, label: Label, fill: Fill
) -> None:
    ids = fill("s", 3)
    heard = {ids[0]: Heard("take amoxicillin twice", (0.9, 0.2, 0.4)), ids[1]: Heard("open it", (0.9, 0.8))}
    bench.labelling.save_drafts("ctc-en", {**heard, ids[2]: "an old draft"})
    first, sure, old = label.view(query("s"))["clips"]
    assert (first["draft"], first["unsure"]) == (["take", "amoxicillin", "twice"], [1, 2])
    assert sure["unsure"] == old["unsure"] == []
    ordered = label.view(query("s", order="uncertain"))["clips"]
    assert [c["id"] for c in ordered] == [ids[0], ids[1], ids[2]]
    view = label.confirm(event(id=ids[0], text="take amoxicillin twice", revision=0, sent=[]), *query("s"))
    assert view["clips"][0]["unsure"] == []


def test_the_list_shows_one_part_of_the_set(label: Label, fill: Fill) -> None:
    fill("s", 12, text="sentence number")
    parts = {part: label.view(query("s", split=part))["total"] for part in ("train", "dev", "test", "none")}
    assert sum(parts.values()) == 12
    assert parts["none"] == 0
    assert min(parts["train"], parts["test"]) > 0


def test_deleted_clips_are_offered_back(label: Label, fill: Fill) -> None:
    ids = fill("s", 3)
    view = label.delete(event(ids=ids[:1]), *query("s"))
    assert (len(view["clips"]), view["gone"]["ids"]) == (2, ids[:1])
    assert "gone" not in label.view(query("s")), "what is offered stays until something else is deleted"
    view = label.restore(event(ids=ids[:1]), *query("s"))
    assert (len(view["clips"]), view["gone"]) == (3, None)
    view = label.delete(event(ids=[], all=True), *query("s"))
    assert (view["clips"], view["gone"]["text"]) == ([], "3 clips are in the bin for a week.")


def test_what_was_selected_is_confirmed_and_undone_together(bench: Workbench, label: Label, fill: Fill) -> None:
    ids = fill("s", 4)
    bench.labelling.save_drafts("ctc-en", dict.fromkeys(ids[:3], "a draft"))
    view = label.confirm_many(event(ids=ids[1:]), *query("s"))
    assert [c["status"] for c in view["clips"]] == ["drafted", "confirmed", "confirmed", "unlabelled"]
    assert view["done"] == {"ids": ids[1:3], "text": "2 clips confirmed; 1 without a text stay to do."}
    view, _ = label.undo(event(ids=view["done"]["ids"]), *query("s"))
    assert [c["status"] for c in view["clips"]] == ["drafted", "drafted", "drafted", "unlabelled"]
    view = label.confirm_many(event(ids=[], all=True), *query("s", search="draft"))
    assert view["done"]["ids"] == ids[:3]
    with pytest.raises(gr.Error, match="waits to be confirmed"):
        label.confirm_many(event(ids=ids), *query("s"))


def test_confirming_every_draft_needs_a_yes(bench: Workbench, label: Label, fill: Fill) -> None:
    ids = fill("s", 2)
    bench.labelling.save_drafts("ctc-en", dict.fromkeys(ids, "a draft"))
    label.confirm_drafts(False, *query("s"))
    assert bench.labelling.count("s", status="confirmed") == 0
    label.confirm_drafts(True, *query("s"))
    assert bench.labelling.count("s", status="confirmed") == 2


def test_a_text_that_was_changed_by_hand_is_no_draft_any_more(label: Label, bench: Workbench, fill: Fill) -> None:
    first, second = fill("s", 2)
    bench.labelling.save_drafts("ctc-en", {i: Heard("take too", (0.9, 0.2)) for i in (first, second)})
    label.save(event(id=first, text="take two", revision=0, sent=[]), *query("s"))
    rows = label.view(query("s"))["clips"]
    assert [(row["status"], row["edited"]) for row in rows] == [("drafted", True), ("drafted", False)]
    label.confirm(event(id=first, text="take two", revision=1, sent=[]), *query("s"))
    assert not label.view(query("s"))["clips"][0]["edited"]


def test_drafts_of_what_needs_none_are_a_note_and_no_error(
    label: Label, bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("workbench.ui.label.section.note", told.append)
    fill("s", 2, text="take two")
    label.start_drafts("s", "ctc-en")
    bench.collecting.create_set("none", "en")
    label.start_drafts("none", "ctc-en")
    assert told == [
        "Every clip has a confirmed label; there is nothing to draft.",
        "The set has no clips yet; there is nothing to draft.",
    ]


def test_the_button_that_stops_drafts_says_so_until_they_have_stopped(
    label: Label, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = DraftView("s", "ctc-en", 1, 9, 4.0, True, "Listening")
    states = (view, replace(view, stopping=True), replace(view, active=False))
    shown = []
    for state in states:
        monkeypatch.setattr(label.drafting, "draft_view", lambda _, state=state: state)
        shown.append(label.draft_panel("s", 0)[2])
    said = [(s["visible"], s["interactive"], s["value"]) for s in shown]
    assert said == [(True, True, "Stop"), (True, False, text.STOPPING_NOW), (False, True, "Stop")]


def test_the_button_that_drafts_says_how_many_clips_wait(label: Label) -> None:
    assert [label.draft_panel("s", waiting)[1]["value"] for waiting in (1_204, 0)] == ["Draft all 1,204", "Draft all"]


def test_who_gives_no_name_is_kept_under_one_word_and_called_in_the_language_of_the_page() -> None:
    unnamed = Query("s", None, None, None, None, 0, " ")
    with speaking("de"):
        assert unnamed.signs_as == UNNAMED_AUTHOR
        assert called(UNNAMED_AUTHOR) != UNNAMED_AUTHOR
        assert called("Ada") == "Ada"
