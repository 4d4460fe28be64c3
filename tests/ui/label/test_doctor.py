"""The label doctor's handlers, called as Gradio calls them."""

from collections.abc import Callable

import gradio as gr
import pytest

from tests.ui.test_handlers import event, query
from workbench.services.labels import doctor as service
from workbench.services.workbench import Workbench
from workbench.ui.label.clip_rows import Query
from workbench.ui.label.section import Label

Fill = Callable[..., list[int]]


@pytest.fixture
def sick(bench: Workbench, fill: Fill) -> list[int]:
    """Four labels, the second in digits."""
    ids = fill("s", 4)
    for clip_id, label in zip(ids, ("take two", "take 5", "open it", "close it"), strict=True):
        bench.labelling.save(clip_id, label, author="ada", confirmed=True)
    return ids


@pytest.fixture
def label(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Label:
    monkeypatch.setattr("workbench.ui.label.doctor.say", lambda _: None)
    return Label(bench)


def asked() -> Query:
    return query("s", heard_by="ctc-en")


def test_findings_stand_in_the_panel_and_at_the_clip(label: Label, sick: list[int]) -> None:
    panel = label.doctor.view("s", "ctc-en")
    assert panel["summary"] == "Label doctor: 1 thing to look at in 4 labels"
    (finding,) = panel["findings"]
    assert (finding["kind"], finding["remedy"], finding["more"]) == ("numbers", "Write all numbers as words", "")
    assert "every clip judges in one fold" in finding["sure"]
    assert panel["listen"] == "Let ctc-en hear 4 labelled clips, to find slips and swapped texts"
    clips = label.view(asked())["clips"]
    assert [[n["said"] for n in c["notes"]] for c in clips] == [
        [],
        ["digits, where other labels have number words"],
        [],
        [],
    ]
    assert label.doctor.view("", None) == {}


def test_examples_that_are_not_shown_are_counted(bench: Workbench, label: Label, fill: Fill) -> None:
    ids = fill("s", 12)
    for clip_id in ids:
        said = "take two" if clip_id == ids[0] else f"take {clip_id}"
        bench.labelling.save(clip_id, said, author="ada", confirmed=True)
    finding = next(f for f in label.doctor.view("s", "ctc-en")["findings"] if f["kind"] == "numbers")
    assert finding["more"] == f"… and {11 - len(finding['examples'])} more"


def test_one_click_mends_and_one_takes_it_back(label: Label, sick: list[int]) -> None:
    panel, listed = label.mend(event(kind="numbers"), *asked())
    assert panel["findings"] == []
    assert panel["applied"][0]["text"] == "1 label changed: Digits and number words mixed."
    assert listed["clips"][1]["text"] == "take five"
    panel, listed = label.take_back(event(kind="numbers"), *asked())
    assert (panel["applied"], listed["clips"][1]["text"]) == ([], "take 5")
    with pytest.raises(gr.Error, match="can be taken back"):
        label.take_back(event(kind="numbers"), *asked())


def test_a_finding_is_mended_at_its_clip_alone(bench: Workbench, label: Label, sick: list[int]) -> None:
    bench.labelling.save(sick[0], "take 7", author="ada", confirmed=True)
    bench.labelling.save(sick[3], "take two", author="ada", confirmed=True)
    first, second = label.view(asked())["clips"][:2]
    (note,) = second["notes"]
    assert (note["kind"], note["gives"]) == ("numbers", "Write the numbers as words: “take five”")
    view = label.remedy(event(id=sick[1], kind="numbers"), *asked())
    assert [c["text"] for c in view["clips"][:2]] == ["take 7", "take five"]
    assert first["notes"] == view["clips"][0]["notes"]
    assert view["clips"][1]["notes"] == []
    assert view["done"]["ids"] == [sick[1]], "the key that undoes can take it back"
    with pytest.raises(gr.Error, match="changed meanwhile"):
        label.remedy(event(id=sick[1], kind="numbers"), *asked())


def test_a_note_stands_only_at_the_label_it_was_said_of(
    bench: Workbench, label: Label, sick: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert label.view(asked())["clips"][1]["notes"] != []
    monkeypatch.setattr(label.doctor.doctor, "automatic", lambda *_, old=label.doctor.doctor.report("s", "ctc-en"): old)
    bench.labelling.save(sick[1], "take nothing", author="ada", confirmed=True)
    assert label.view(asked())["clips"][1]["notes"] == []


def test_a_clip_to_hear_again_says_why(bench: Workbench, label: Label, sick: list[int]) -> None:
    twin = "a long label that says nearly the same"
    for clip_id, said in zip(sick[:2], (twin, twin.replace("long", "bong")), strict=True):
        bench.labelling.save(clip_id, said, author="ada", confirmed=True)
    _, listed = label.mend(event(kind="near-duplicates"), *asked())
    assert listed["clips"][1]["status"] == "drafted"
    (note,) = listed["clips"][1]["notes"]
    assert note["said"].startswith("listen again, then confirm (Nearly the same label")
    assert note["remedy"] == "", "a person has to listen"


def test_the_clips_of_a_finding_can_be_shown_alone(label: Label, sick: list[int]) -> None:
    shown, page, only, status = label.look_at(event(kind="numbers"), *asked())
    assert [c["id"] for c in shown["clips"]] == [sick[1]]
    assert (page, status, only) == (0, "", {"ids": [sick[1]], "text": "Only 1 clip: Digits and number words mixed"})
    assert len(label.view(asked()._replace(only=only))["clips"]) == 1
    shown, _, only = label.show_all(*asked()._replace(only=only))
    assert (len(shown["clips"]), shown["only"], only) == (4, None, None)


def test_a_large_set_is_examined_when_somebody_asks(
    label: Label, sick: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "AUTOMATIC", 3)
    waiting = label.doctor.refresh("s", "ctc-en")
    assert (waiting["check"], waiting["summary"]) == ("Check the labels", "Label doctor")
    assert all(c["notes"] == [] for c in label.view(asked())["clips"])
    assert len(label.doctor.check("s", "ctc-en")["findings"]) == 1
    assert len(label.doctor.refresh("s", "ctc-en")["findings"]) == 1, "known by now"
