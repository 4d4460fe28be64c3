"""The label doctor on a stored set: remedies append revisions, tell what they touch, and can be taken back."""

from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

from tests.conftest import speechlike
from workbench.core.types import Clip
from workbench.errors import DataError, UnknownNameError
from workbench.services.workbench import Workbench

TEXTS = (
    "Close the second valve.", "The spindle runs now.", "Please check the oil.", "Nobody touched the lever.",
    "Her pulse was steady.", "Take 5 tablets at night.", "Take two tablets at noon.", "don’t open it.",
)  # fmt: skip


@pytest.fixture
def ids(bench: Workbench, make_wav: Callable[..., Path]) -> list[int]:
    """The set "s" of confirmed clips, two seconds each, the last one very quiet."""
    files = [(make_wav(f"{i}.wav", 2.0, seed=i), f"{i}.wav") for i in range(len(TEXTS) - 1)]
    quiet = make_wav("7.wav", samples=speechlike(2.0, seed=7, level=0.005))
    bench.collecting.add_files("s", [*files, (quiet, "7.wav")], language="en")
    clips = bench.labelling.clips("s")
    for clip, text in zip(clips, TEXTS, strict=True):
        bench.labelling.save(clip.id, text, author="ada", confirmed=True)
    return [c.id for c in clips]


def clip(bench: Workbench, clip_id: int) -> Clip:
    return bench.labelling.clip(clip_id)


def kinds(bench: Workbench) -> list[str]:
    return [e.finding.kind for e in bench.doctor.report("s").findings]


def test_findings_stand_at_their_clips_and_the_import_remembers_the_sound(bench: Workbench, ids: list[int]) -> None:
    assert kinds(bench) == ["numbers", "characters", "case", "sound"]
    notes = bench.doctor.report("s").notes()
    (digits,) = notes[ids[5]]
    assert digits.said == "digits, where other labels have number words"
    assert digits.after == "Take five tablets at night."
    assert {"a typographic apostrophe", "very quiet"} <= {note.said for note in notes[ids[7]]}
    assert {note.kind: note.mends for note in notes[ids[7]]}["sound"]
    assert bench.doctor.report("s").to_json()["findings"][0]["examples"] == [
        {
            "name": "5.wav",
            "before": "Take 5 tablets at night.",
            "after": "Take five tablets at night.",
            "note": "digits, where other labels have number words",
        }
    ]


def test_a_remedy_is_a_revision_of_its_author_and_can_be_taken_back(bench: Workbench, ids: list[int]) -> None:
    split = clip(bench, ids[5]).split
    applied = bench.doctor.apply("s", "numbers", author="ben")
    assert applied.clips == (ids[5],)
    changed = clip(bench, ids[5])
    assert (changed.text, changed.status, changed.split) == ("Take five tablets at night.", "confirmed", split)
    newest = bench.labelling.history(ids[5])[-1]
    assert (newest.author, newest.confirmed) == ("ben · label doctor: numbers", True)
    assert "numbers" not in kinds(bench)
    assert [a.kind for a in bench.doctor.applied("s")] == ["numbers"]
    assert bench.doctor.take_back("s", "numbers", author="ben") == 1
    assert clip(bench, ids[5]).text == "Take 5 tablets at night."
    assert clip(bench, ids[5]).status == "confirmed"
    assert len(bench.labelling.history(ids[5])) == 3, "nothing is ever rewritten"
    assert bench.doctor.applied("s") == []
    with pytest.raises(DataError, match="can be taken back"):
        bench.doctor.take_back("s", "numbers", author="ben")


def test_a_confirmation_taken_back_leaves_the_text_and_comes_again(bench: Workbench, ids: list[int]) -> None:
    assert bench.doctor.apply("s", "sound", author="ben").clips == (ids[7],)
    quiet = clip(bench, ids[7])
    assert (quiet.status, quiet.text) == ("drafted", "don’t open it.")
    assert "sound" not in kinds(bench)
    assert ids[7] not in {c.clip_id for c in bench.labelling.candidates("s")}, "it neither trains nor tests"
    assert bench.doctor.to_hear_again("s") == {ids[7]: "sound"}
    assert bench.doctor.take_back("s", "sound", author="ben") == 1
    assert bench.doctor.to_hear_again("s") == {}
    assert clip(bench, ids[7]).status == "confirmed"


def test_what_a_person_typed_after_the_remedy_is_not_taken_back(bench: Workbench, ids: list[int]) -> None:
    bench.doctor.apply("s", "characters", author="ben")
    bench.labelling.save(ids[7], "do not open it", author="ada", confirmed=True)
    assert bench.doctor.applied("s") == []
    assert clip(bench, ids[7]).text == "do not open it"


def test_a_label_that_changed_meanwhile_is_passed_over(
    bench: Workbench, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = bench.doctor.report("s")
    bench.labelling.save(ids[5], "Take 6 tablets.", author="ada", confirmed=True)
    monkeypatch.setattr(bench.doctor, "report", lambda *a, **k: stale)
    assert bench.doctor.apply("s", "numbers", author="ben").clips == ()
    assert clip(bench, ids[5]).text == "Take 6 tablets."


def test_changes_of_what_judges_are_counted(bench: Workbench, ids: list[int]) -> None:
    # Few clips are tested in folds: every one of them judges.
    finding = bench.doctor.report("s").findings[0]
    assert (bench.doctor.report("s").in_folds, finding.tests) == (True, len(finding.finding.changes))


def test_a_test_set_that_came_along_is_counted_by_its_clips(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    rows = ["file_name,transcription,split"]
    for i in range(10):
        soundfile.write(tmp_path / "set" / f"{i}.wav", speechlike(1.0, seed=100 + i), 16_000)
        text = f"take {i} tablets" if i in (0, 9) else ("take two tablets", "open the door", "close it")[i % 3]
        rows.append(f"{i}.wav,{text} {'abcdefghij'[i] * 4},{'test' if i > 7 else 'train'}")
    (tmp_path / "set" / "metadata.csv").write_text("\n".join(rows) + "\n")
    bench.collecting.import_path(tmp_path / "set", "divided", language="en")
    report = bench.doctor.report("divided")
    numbers = next(e for e in report.findings if e.finding.kind == "numbers")
    assert (report.in_folds, len(numbers.finding.changes), numbers.tests) == (False, 2, 1)


def test_the_report_is_new_after_every_change_and_only_then(bench: Workbench, ids: list[int]) -> None:
    first = bench.doctor.report("s")
    assert bench.doctor.report("s") is first
    bench.labelling.undo(ids[0], "ada")
    second = bench.doctor.report("s")
    assert second is not first
    bench.labelling.save_drafts("m", {ids[1]: "the spindle runs"}, draft=False)
    assert bench.doctor.report("s") is not second
    bench.collecting.delete_clips([ids[5]])
    assert "numbers" not in kinds(bench)
    assert bench.doctor.automatic("s") is not None


def test_drafts_are_those_of_the_model_that_was_named(bench: Workbench, ids: list[int]) -> None:
    assert [c.id for c in bench.doctor.unheard("s", "m")] == ids
    drafts = {i: text.lower() for i, text in zip(ids, TEXTS, strict=True)}
    drafts[ids[0]] = "entirely other words were said"
    bench.labelling.save_drafts("m", drafts, draft=False)
    assert bench.doctor.unheard("s", "m") == []
    report = bench.doctor.report("s", "m")
    far = next(e.finding for e in report.findings if e.finding.kind == "far-from-draft")
    assert (far.clips, report.drafted) == ((ids[0],), 8)
    assert "m hears “entirely other words were said”" in far.notes[ids[0]]
    assert "far-from-draft" not in kinds(bench), "no model was named"


def test_unknown_and_empty_wishes_are_said(bench: Workbench, ids: list[int]) -> None:
    with pytest.raises(UnknownNameError, match="numbers, unspoken, characters"):
        bench.doctor.apply("s", "everything", author="a")
    with pytest.raises(DataError, match="finds nothing of the kind too-fast"):
        bench.doctor.apply("s", "too-fast", author="a")
    bench.labelling.save(ids[0], "Close the \ufffd.", author="a", confirmed=True)
    bench.doctor.apply("s", "characters", author="a")  # the apostrophe; the lost letter stays
    with pytest.raises(DataError, match="Only a person can mend this"):
        bench.doctor.apply("s", "characters", author="a")
    with pytest.raises(UnknownNameError):
        bench.doctor.report("no such set")
