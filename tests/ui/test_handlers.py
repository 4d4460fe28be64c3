"""The page's handlers, called as Gradio calls them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from tests.conftest import speechlike
from tests.services.finished import waiting_run
from tests.ui.conftest import HOSTILE
from workbench.errors import DataError, TrainingError
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.adapt.form import SETTINGS, check_cap, wishes
from workbench.ui.adapt.section import Adapt
from workbench.ui.collect.section import Collect
from workbench.ui.kit.errors import notice, quiet, shown
from workbench.ui.label.clip_rows import Query
from workbench.ui.page import Page
from workbench.ui.stages.address import clip_of

Fill = Callable[..., list[int]]


def query(set_name: str, **fields: Any) -> Query:
    return Query(set_name, "ctc-en", "", "", "", 0, "ada")._replace(**fields)


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


# ---- what goes wrong ----


def test_an_error_becomes_one_escaped_sentence() -> None:
    @shown
    def refuse() -> None:
        raise DataError(f"no {HOSTILE}")

    with pytest.raises(gr.Error) as caught:
        refuse()
    assert "<script" not in str(caught.value)
    assert "alert(1)" in str(caught.value)


def test_the_unexpected_is_logged_and_told_in_general_words(caplog: pytest.LogCaptureFixture) -> None:
    @shown
    def burst() -> None:
        raise ZeroDivisionError("secret path /home/x")

    with pytest.raises(gr.Error) as caught:
        burst()
    assert "secret" not in str(caught.value)
    assert "secret" in caplog.text


def test_the_timer_never_bothers_anybody() -> None:
    @quiet(3)
    def burst() -> None:
        raise ZeroDivisionError

    assert len(burst()) == 3
    assert not notice("x").print_exception


# ---- sets and collecting ----


def test_a_new_tab_opens_the_set_it_showed_last(bench: Workbench) -> None:
    for name in ("one", "two"):
        bench.collecting.create_set(name)
    page = Page(bench)
    assert page.open_page("one", {})[1] == "one"
    assert page.open_page("deleted long ago", {})[1] == "two"


def test_an_address_names_what_a_tab_opens(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        bench.collecting.create_set(name)
    page, told = Page(bench), list[str]()
    monkeypatch.setattr("workbench.ui.page.warn", told.append)
    assert page.open_page("one", {"set": "two", "run": "run-3", "clip": "7"})[-2:] == ["", 7], "no run of this set"
    assert told == []
    assert page.open_page("one", {"set": "no such"})[1] == "one"
    assert page.go(gr.EventData(None, {"set": "gone", "run": "", "clip": "-1"}), "two")[1] == "two"
    assert told == [text.NO_SUCH_SET.format(name=name) for name in ("no such", "gone")]


@pytest.mark.parametrize("clip", ["", "x", "-1", "1e9", "٣", "9" * 40, None])
def test_what_is_no_clip_in_an_address_is_none(clip: str | None) -> None:
    assert clip_of({"clip": clip}) == 0


def test_a_new_browser_opens_the_set_where_something_happened_last(
    bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(bench)
    ids = {name: fill(name, 12, text="hello number") for name in ("one", "two", "three")}
    assert page.open_page("", {})[1] == "three"
    bench.labelling.save(ids["one"][0], "hello again", author="t", confirmed=True)
    assert page.open_page("", {})[1] == "one"
    waiting_run(bench, monkeypatch, "two")
    assert page.open_page("", {})[1] == "two"
    bench.collecting.delete_set("two")
    assert page.open_page("two", {})[1] != "two"


def test_until_the_set_is_known_nothing_is_claimed(bench: Workbench) -> None:
    page = Page(bench)
    page.build()
    assert page.look(None, "", {}) == [gr.skip()] * page._n_outputs
    said = page.adapt.review(None, "ctc-en", "head", False, {}, *settings())
    assert all(update == gr.skip() for i, update in enumerate(said) if i != 7)
    for html in (page.adapt.preview.value, page.adapt.brief.value, page.compare.overall.value):
        assert text.LOADING in html
    shown = page.models.base_field.value
    assert [m["facts"] for group in shown["groups"] for m in group["models"]] == [[]]
    assert text.NO_SET in page.adapt.review("", "ctc-en", "head", False, {}, *settings())[0]


def test_the_first_visit_is_welcomed(bench: Workbench) -> None:
    _, name, _, welcome, *_ = Page(bench).open_page("", {})
    assert (name, welcome["visible"]) == ("", True)


def upload(bench: Workbench, source: Path) -> Path:
    """A file where Gradio puts uploads: in a folder of its own inside the workspace."""
    folder = bench.workspace.temporary / "uploads" / source.stem
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(source, folder / source.name))


def test_uploads_leave_no_copy_behind_whether_they_were_kept_or_not(
    bench: Workbench, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    bench.collecting.create_set("s")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    copies = [upload(bench, make_wav("good.wav")), upload(bench, broken)]
    html, *_ = Collect(bench).add_files("s", [str(c) for c in copies], " ada ")
    assert "1 clip added · 1 rejected" in html
    assert "broken.wav" in html
    assert [(c.name, c.speaker) for c in bench.labelling.clips("s")] == [("good.wav", "ada")]
    assert not any(c.parent.exists() for c in copies)


GRID = '"ooTextFile" "TextGrid" 0 1 <exists> 2 "IntervalTier" "said" 0 1 1 0 1 "hello" '
GRID += '"IntervalTier" "gloss" 0 1 1 0 1 "<script>GREETING"'


def test_tiers_are_asked_for_while_the_uploads_wait(
    bench: Workbench, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    bench.collecting.create_set("s")
    (tmp_path / "talk.TextGrid").write_text(GRID)
    collect = Collect(bench)

    first = upload(bench, make_wav("talk.wav", 1.0))
    grid = Path(shutil.copy(tmp_path / "talk.TextGrid", first.parent / "talk.TextGrid"))
    paths = [str(first), str(grid)]
    report, waiting, form, tiers, _ = collect.add_files("s", paths, "")
    assert (report, waiting, form["visible"], tiers["choices"]) == ("", paths, True, ["said", "gloss"])
    assert "talk.TextGrid has several tiers" in tiers["info"]
    assert first.exists()
    assert bench.labelling.clips("s") == []
    with pytest.raises(gr.Error, match="at least one tier"):
        collect.add_tiers("s", waiting, [], "")
    report, waiting, form, tiers, _ = collect.add_tiers("s", waiting, ["said"], "ada")
    assert "1 clip added" in report
    assert (waiting, form["visible"]) == ([], False)
    assert [(c.text, c.speaker) for c in bench.labelling.clips("s")] == [("hello", "ada")]
    assert not first.parent.exists()
    with pytest.raises(gr.Error, match="forgotten meanwhile"):
        collect.add_tiers("s", paths, ["said"], "")


def test_whoever_cancels_the_choice_of_tiers_leaves_no_copy(bench: Workbench, make_wav: Callable[..., Path]) -> None:
    first = upload(bench, make_wav("talk.wav", 1.0))
    report, waiting, form, *_ = Collect(bench).forget([str(first)])
    assert (report, waiting, form["visible"], first.parent.exists()) == ("", [], False, False)


def test_a_long_upload_is_cut_and_that_is_said(bench: Workbench, make_wav: Callable[..., Path]) -> None:
    bench.collecting.create_set("s")
    stereo = np.stack([speechlike(40, seed=1), speechlike(40, seed=2)], axis=1)
    html, *_ = Collect(bench).add_files("s", [str(upload(bench, make_wav("talk.wav", samples=stereo)))], "")
    assert "lasts 40.0 s: cut in its pauses into 2 clips" in html
    bench.collecting.create_set("t")
    Collect(bench).add_files("t", [str(upload(bench, make_wav("talk.wav", samples=stereo)))], "", True)
    assert {c.speaker for c in bench.labelling.clips("t")} == {"talk channel 1", "talk channel 2"}


def test_texts_can_be_taken_along(bench: Workbench, fill: Fill) -> None:
    name = "ward's <b> & ${x}"
    collect = Collect(bench)
    assert "No clips yet" in collect.list_texts("")
    bench.collecting.create_set(name)
    assert "No clips yet" in collect.list_texts(name)
    fill(name, 1, text="hello")
    html = collect.list_texts(name)
    assert html.count("<a ") == 5
    assert "texts/csv?of=ward%27s+%3Cb%3E+%26+%24%7Bx%7D" in html
    assert "<b> &" not in html


def test_texts_of_runs_that_have_tested_clips_can_be_taken_along(bench: Workbench, fill: Fill) -> None:
    fill("s", 1, text="hello")
    collect = Collect(bench)
    runs = [SimpleNamespace(id="run-2"), SimpleNamespace(id="run-1")]
    collect.adaptation = SimpleNamespace(runs=lambda name: runs)  # type: ignore[assignment]
    collect.comparing = SimpleNamespace(has_measured=lambda run: run == "run-1")  # type: ignore[assignment]
    html = collect.list_texts("s")
    assert html.count("<a ") == 10
    assert "texts/srt?of=run-1" in html
    assert "run-2" not in html


def test_nothing_but_uploads_is_ever_added_or_removed(bench: Workbench, make_wav: Callable[..., Path]) -> None:
    bench.collecting.create_set("s")
    mine = make_wav("mine.wav")
    with pytest.raises(gr.Error, match="forgotten meanwhile"):
        Collect(bench).add_files("s", [str(mine)], "")
    assert mine.exists()
    assert bench.labelling.clips("s") == []


def test_the_recorder_knows_its_set_and_the_words_as_they_are_typed(bench: Workbench) -> None:
    bench.collecting.create_set("s", "en")
    collect = Collect(bench)
    *_, fold, recorder = collect.open_set("s")
    assert (fold["label"], recorder["set"], recorder["clips"]) == (text.WORDS, "s", 0)
    kept, fold, recorder = collect.save_words("s", "edema\n\nwarfarin\nedema")
    assert kept == {"set": "s", "said": "edema\n\nwarfarin\nedema"}
    assert recorder["words"] == ["edema", "warfarin"]
    assert "2" in fold["label"]
    assert collect.open_set("")[-1]["set"] == ""
    with pytest.raises(gr.Error, match="Choose or create a clip set"):
        collect.save_words("", "edema")


def test_without_a_set_the_user_is_told_what_to_do(bench: Workbench) -> None:
    with pytest.raises(gr.Error, match="Choose or create a clip set"):
        Collect(bench).add_files("", [], "")


# ---- adapting ----


def settings(**given: Any) -> tuple[Any, ...]:
    return tuple(given.get(name) for name in SETTINGS)


def test_the_form_holds_every_setting_of_a_training() -> None:
    from dataclasses import fields

    from workbench.core.config import TrainingConfig

    assert {*SETTINGS, "extend_alphabet"} == {f.name for f in fields(TrainingConfig)}


def test_only_what_the_user_changed_is_a_wish() -> None:
    assert wishes({"epochs": 12, "seed": 0}, settings(epochs=12, seed=3)) == {"seed": 3}
    assert wishes({"dropout": 0.1}, settings(dropout="0.1")) == {}
    assert wishes({"dropout": None}, settings(dropout="0,2")) == {"dropout": 0.2}
    with pytest.raises(TrainingError, match="dropout needs a number"):
        wishes({}, settings(dropout="lots"))


def test_an_untouched_form_wishes_nothing(bench: Workbench) -> None:
    adapt = Adapt(bench)
    with gr.Blocks():
        adapt.models.build_states()
        adapt.build()
    assert wishes(adapt.filled.value, tuple(field.value for field in adapt.settings)) == {}


def test_too_few_labels_are_said_in_place_and_start_is_off(bench: Workbench, fill: Fill) -> None:
    fill("s", 2, text="hello")
    answer = Adapt(bench).review("s", "ctc-en", "head", False, {}, *settings())
    assert "2 confirmed clips" in answer[0]
    assert answer[4]["interactive"] is False


def test_a_review_fills_the_form_and_keeps_wishes(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="hello number")
    adapt = Adapt(bench)
    html, why, _, _, start, sweep, curve, offer, *values = adapt.review(
        "s", "ctc-en", "head", False, {}, *settings(epochs=3)
    )
    assert start["interactive"]
    assert "folds" in html
    assert "workbench adapt --set s --model ctc-en --strategy head" in html
    assert "may be at most" in why
    assert "the catalogue's for ctc-en with head" in values[SETTINGS.index("learning_rate")]["info"]
    assert "value" not in values[SETTINGS.index("epochs")], "the browser decides whether it is still wanted"
    assert offer["values"][SETTINGS.index("epochs")] == 3
    assert offer["filled"]["epochs"] != 3
    for button in (sweep, curve):
        assert " · about " in button["value"], "an estimate is no bound"
    assert "<b>about " in values[-1], "beside the button, in sight wherever the form is scrolled to"
    assert "(estimated)" in values[-1]
    assert "no run of this model has been measured" in html


def test_new_characters_wait_for_the_users_agreement(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="niño número")
    adapt = Adapt(bench)
    html, _, _, extend, *_ = adapt.review("s", "ctc-en", "head", False, {}, *settings())
    assert extend["visible"]
    assert "ñ ú" in extend["label"]
    assert "12 clips cannot be learned" in html
    agreed = adapt.review("s", "ctc-en", "head", True, {}, *settings())[0]
    assert "2 new characters join" in agreed
    assert "--extend-alphabet" in agreed


def test_a_hub_model_is_reviewed_without_its_files_and_nonsense_is_said_in_place(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="hello number")
    adapt = Adapt(bench)
    html, _, listen, *_ = adapt.review("s", "owner/name", "full", False, {}, *settings())
    assert "--model owner/name" in html
    assert listen["visible"] is False
    html, *_ = adapt.review("s", "../../etc/passwd", "full", False, {}, *settings())
    assert "There is no base model called" in html


def test_the_step_size_has_a_cap() -> None:
    check_cap(0.01, 0.01)
    with pytest.raises(Exception, match=r"at most 0\.01"):
        check_cap(0.02, 0.01)


# ---- following ----


def test_the_timer_answers_only_what_changed(bench: Workbench, fill: Fill) -> None:
    fill("s", 2)
    page = Page(bench)
    page.build()
    first = page.look("s", "", {})
    again = page.look("s", "", first[0])
    assert all(isinstance(a, dict) and a["__type__"] == "update" and len(a) == 1 for a in again)
    (clip, _) = bench.labelling.clips("s")
    for label in ("one", "two"):
        bench.labelling.save(clip.id, label, author="a", confirmed=False)
        changed = page.look("s", "", first[0])
        assert changed[1] != first[1], "a new text is new, though the counts are the same"
        first = changed
    bench.collecting.delete_clips([clip.id])
    bench.collecting.undo_delete(clip_ids=[clip.id])
    changed = page.look("s", "", first[0])
    assert changed[1] != first[1], "another page may have drawn the set while the clip was away"
    first = changed
    fill("t", 1)
    later = page.look("s", "", first[0])
    assert later[0] != first[0]
    assert text.STEPS[0] in later[2]


def test_a_set_that_was_renamed_elsewhere_is_shown_on_under_its_new_name(bench: Workbench, fill: Fill) -> None:
    fill("s", 2)
    page = Page(bench)
    page.build()
    seen = page.look("s", "", {})[0]
    bench.shelf.rename("s", "ward")
    fill("s", 1)
    bench.collecting.delete_set("s")
    followed = page.look("s", "", seen)
    assert followed[-1] == "ward"
    assert [a["value"] for a in followed if isinstance(a, dict) and a.get("choices")] == ["ward"]
    assert page.look("ward", "", seen)[-1] == gr.skip()
    bench.collecting.delete_set("ward")
    assert page.look("ward", "", page.look("ward", "", seen)[0])[-1] == gr.skip(), "a set that is gone is not followed"
