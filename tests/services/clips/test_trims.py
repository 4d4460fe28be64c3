"""Trims: what is heard is the cut, everywhere; the whole sound stays, and a run keeps the cut that it heard."""

import json
import re

import numpy as np
import pytest

from tests.conftest import speechlike
from tests.services.finished import finished_run
from workbench.assets import assets_root
from workbench.audio.decode import content_hash, read_clip
from workbench.errors import AudioError, DataError, WorkbenchError
from workbench.services.clips.media import WHOLE
from workbench.services.runs.clips import run_clips
from workbench.services.runs.forgetting import general_set
from workbench.services.workbench import Workbench
from workbench.store.models import HypothesisRow
from workbench.store.runs import find_run
from workbench.store.sounds import known_sounds

SET = "clinic"
RATE = 16_000


@pytest.fixture
def few(bench: Workbench, tmp_path) -> Workbench:
    """A set of the first clips of the clinic: real sentences with their labels."""
    folder = assets_root() / "clips" / SET
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()[:8]]
    for row in rows:
        row["audio_filepath"] = str(folder / row["audio_filepath"])
        row.pop("split", None)
    (tmp_path / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    bench.collecting.import_path(tmp_path / "list.jsonl", SET, language="en", allow_outside=True)
    return bench


def samples(bench: Workbench, clip_id: int, of: str = "") -> np.ndarray:
    return read_clip(bench.picturing.sound(clip_id, of))


@pytest.mark.slow
def test_what_is_heard_is_the_cut_and_the_whole_sound_stays(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    whole = samples(few, clip.id)
    done = few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    now = few.labelling.clip(clip.id)
    assert (done.start, done.end, done.revision, done.whole) == (0.25, 1.0, 1, clip.duration)
    assert (now.cut, now.whole, now.trims, now.duration) == ((0.25, 1.0), clip.duration, 1, 0.75)
    assert (now.text, now.status, now.revision) == (clip.text, clip.status, clip.revision)
    np.testing.assert_array_equal(samples(few, clip.id), whole[RATE // 4 : RATE])
    np.testing.assert_array_equal(samples(few, clip.id, WHOLE), whole)
    assert content_hash(samples(few, clip.id)) == now.sha256 != clip.sha256
    assert few.picturing.peaks_of(clip.id) != few.picturing.peaks_of(clip.id, WHOLE)
    assert few.picturing.spectrum(clip.id, "mel") != few.picturing.spectrum(clip.id, "mel", WHOLE)
    assert few.collecting.set_info(SET).duration == pytest.approx(
        sum(c.duration for c in few.labelling.clips(SET)), abs=1e-6
    )


def test_each_trim_is_of_the_whole_sound_and_undone_step_by_step(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    few.trimming.trim(clip.id, 0.1, 1.2, author="ann")
    assert few.labelling.clip(clip.id).cut == (0.1, pytest.approx(1.2))
    back = few.trimming.undo(clip.id, "bob")
    assert back
    assert (back.start, back.end, back.revision) == (0.25, 1.0, 3)
    assert few.labelling.clip(clip.id).cut == (0.25, 1.0)
    few.trimming.undo(clip.id, "bob")
    now = few.labelling.clip(clip.id)
    assert (now.cut, now.whole, now.sha256, now.duration) == (None, None, clip.sha256, clip.duration)
    assert few.trimming.undo(clip.id, "bob") is None
    assert [(t.start, t.author) for t in few.trimming.history(clip.id)] == [
        (0.25, "ann"), (0.1, "ann"), (0.25, "bob"), (0.0, "bob"),
    ]  # fmt: skip


def test_the_ends_of_the_sound_are_the_ends_and_nothing_changed_is_no_revision(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    assert few.trimming.trim(clip.id, -1.0, 99.0, author="ann").revision == 0
    few.trimming.trim(clip.id, 0.25, 99.0, author="ann")
    assert few.trimming.trim(clip.id, 0.25, clip.duration, author="ann").revision == 1
    few.trimming.trim(clip.id, 0.0, 99.0, author="ann")
    assert few.labelling.clip(clip.id).cut is None
    assert few.labelling.clip(clip.id).trims == 2


@pytest.mark.parametrize("bounds", [(0.5, 0.6), (1.0, 0.5), (99.0, 100.0)])
def test_too_little_is_refused_in_a_sentence(few: Workbench, bounds: tuple[float, float]) -> None:
    clip = few.labelling.clips(SET)[0]
    with pytest.raises(DataError, match=r"Only 0\.\d\d s would be left of .*, and a clip lasts at least 0\.2 s\."):
        few.trimming.trim(clip.id, *bounds, author="ann")
    with pytest.raises(DataError, match="no numbers"):
        few.trimming.trim(clip.id, float("nan"), 1.0, author="ann")
    assert few.labelling.clip(clip.id) == clip


def test_a_part_where_nobody_speaks_is_refused(few: Workbench, make_wav) -> None:
    sound = np.concatenate([np.zeros(RATE, np.float32), speechlike(1.0)])
    few.collecting.import_path(make_wav("late.wav", samples=sound), "late")
    (clip,) = few.labelling.clips("late")
    with pytest.raises(DataError, match="Nothing is heard"):
        few.trimming.trim(clip.id, 0.0, 0.9, author="ann")
    few.trimming.trim(clip.id, 0.9, 2.0, author="ann")


def test_two_people_trim_at_once(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.trimming.trim(clip.id, 0.2, 1.0, author="ann", expected_revision=0)
    both = few.trimming.trim(clip.id, 0.3, 1.0, author="bob", expected_revision=0)
    assert both.conflict
    assert (both.conflict.author, both.conflict.start) == ("ann", 0.2)
    assert few.trimming.trim(clip.id, 0.4, 1.0, author="bob", expected_revision=2).conflict is None
    with pytest.raises(DataError, match="bob has trimmed"):
        few.trimming.undo(clip.id, "ann", expected_revision=1)


def test_a_damaged_sound_is_not_trimmed(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.picturing.sound(clip.id).write_bytes(b"fLaC nothing")
    with pytest.raises(AudioError, match="damaged"):
        few.trimming.trim(clip.id, 0.2, 1.0, author="ann")


# ---- doubles ----


def test_the_file_added_again_is_the_trimmed_clip_and_mends_it(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    original = few.workspace.root.parent / "again.flac"
    original.write_bytes(few.picturing.sound(clip.id).read_bytes())
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    heard = samples(few, clip.id)
    for of in ("", WHOLE):
        few.picturing.sound(clip.id, of).write_bytes(b"fLaC nothing")
    report = few.collecting.import_path(original, SET)
    assert (report.added, report.duplicates) == (0, 1)
    np.testing.assert_array_equal(samples(few, clip.id), heard)


def test_a_sound_that_the_set_has_already_is_not_made_again(few: Workbench, make_wav) -> None:
    sound = speechlike(2.0)
    few.collecting.import_path(make_wav("whole.wav", samples=sound), "s")
    few.collecting.import_path(make_wav("part.wav", samples=sound[RATE:]), "s")
    whole, part = few.labelling.clips("s")
    with pytest.raises(DataError, match=r"this very sound already, as part\.wav"):
        few.trimming.trim(whole.id, 1.0, 2.0, author="ann")
    few.collecting.delete_clips([part.id])
    few.trimming.trim(whole.id, 1.0, 2.0, author="ann")
    with pytest.raises(DataError, match="added again"):
        few.collecting.undo_delete(clip_ids=[part.id])


# ---- drafts ----


def test_a_draft_of_another_cut_is_stale_until_that_is_undone(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.labelling.save_drafts("m", {clip.id: "a text"})
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    assert few.labelling.clip(clip.id).stale
    assert clip.id in [c.id for c in few.base_models.unheard(SET, "m")]
    assert clip.id in [c.id for c in few.doctor.unheard(SET, "m")]
    few.trimming.undo(clip.id, "ann")
    assert not few.labelling.clip(clip.id).stale
    assert clip.id not in [c.id for c in few.base_models.unheard(SET, "m")]
    assert clip.id not in [c.id for c in few.doctor.unheard(SET, "m")]


def test_what_was_heard_before_a_trim_and_comes_after_it_is_stale(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    few.labelling.save_drafts("m", {clip.id: "late"}, sounds={clip.id: clip.sha256})
    assert few.labelling.clip(clip.id).stale
    few.labelling.save_drafts("m", {clip.id: "late"})
    assert not few.labelling.clip(clip.id).stale


def test_drafts_from_before_trims_were_kept_are_of_the_whole_sound(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.labelling.save_drafts("m", {clip.id: "a text"})
    with few.store.session() as session:
        session.query(HypothesisRow).update({"sound": None})
    assert not few.labelling.clip(clip.id).stale
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    assert few.labelling.clip(clip.id).stale


def test_a_stale_text_says_nothing_of_how_well_a_model_hears(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.labelling.save_drafts("ctc-en", {clip.id: clip.text}, draft=False)
    assert few.base_models.standing(SET, "ctc-en")
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    assert few.base_models.standing(SET, "ctc-en") is None


# ---- runs ----


def first_tested(bench: Workbench, run: str) -> int:
    return bench.comparing.of_run(run).comparison.rows[0].clip_id or 0


def test_a_finished_run_keeps_the_cut_that_it_heard(few: Workbench, monkeypatch) -> None:
    first = finished_run(few, monkeypatch, SET, folds=2)
    clip = few.labelling.clip(first_tested(few, first))
    whole = samples(few, clip.id)
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    second = finished_run(few, monkeypatch, SET, folds=2)
    few.trimming.trim(clip.id, 0.5, 1.2, author="ann")
    np.testing.assert_array_equal(samples(few, clip.id, first), whole)
    np.testing.assert_array_equal(samples(few, clip.id, second), whole[RATE // 4 : RATE])
    assert few.picturing.heard(clip.id, second).start == 0.25
    with few.store.session() as session:
        of_runs = [run_clips(session, find_run(session, run))[clip.id] for run in (first, second)]
    assert [c.n_samples for c in of_runs] == [len(whole), RATE * 3 // 4]
    assert [c.sha256 for c in of_runs] == [content_hash(whole), content_hash(whole[RATE // 4 : RATE])]
    (said,) = [r for r in few.transcripts.of(second) if r.clip == clip.id]
    assert (said.start, said.end) == (None, None) if said.source else (0.25, 1.0)
    assert said.span == (0.25, 1.0)
    assert any("1 of them was trimmed" in note for note in few.comparing.of_two_runs(first, second).notes)
    few.trimming.undo(clip.id, "ann")
    few.trimming.undo(clip.id, "ann")
    np.testing.assert_array_equal(samples(few, clip.id, second), whole[RATE // 4 : RATE])


def test_the_report_of_a_run_holds_what_the_run_heard(few: Workbench, monkeypatch) -> None:
    run = finished_run(few, monkeypatch, SET, folds=2)
    clip_id = first_tested(few, run)
    before = few.reporting.of(run, [clip_id]).clips[0]
    few.trimming.trim(clip_id, 0.25, 1.0, author="ann")
    after = few.reporting.of(run, [clip_id]).clips[0]
    assert after == before


def test_a_run_that_was_queued_hears_the_cut_of_its_start(few: Workbench, monkeypatch) -> None:
    clip = few.labelling.clips(SET)[0]
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    run = finished_run(few, monkeypatch, SET, folds=2)
    few.trimming.trim(clip.id, 0.0, 99.0, author="ann")
    with few.store.session() as session:
        assert run_clips(session, find_run(session, run))[clip.id].n_samples == RATE * 3 // 4


def test_a_cut_of_what_was_learned_is_no_general_speech(few: Workbench, monkeypatch) -> None:
    few.collecting.import_path(assets_root() / "clips" / SET, "general speech", language="en")
    clip = few.labelling.clips(SET)[0]
    run = finished_run(few, monkeypatch, SET, folds=2)
    twin = next(c for c in few.labelling.clips("general speech") if c.sha256 == clip.sha256)
    few.trimming.trim(twin.id, 0.25, 1.0, author="ann")
    few.labelling.save(twin.id, "quite another sentence", author="ann", confirmed=True)
    with few.store.session() as session:
        learned = run_clips(session, find_run(session, run))[clip.id]
        found = general_set(session, "general speech", find_run(session, run).set_id, [learned])
    assert found
    assert twin.id not in [c.id for c in found.clips]
    assert clip.sha256 not in [c.sha256 for c in found.clips]


def test_an_unknown_run_has_heard_nothing(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    with pytest.raises(WorkbenchError):
        few.picturing.sound(clip.id, "run-99")
    with pytest.raises(WorkbenchError):
        few.picturing.sound(clip.id, "../workbench.db")


# ---- exports ----


def test_times_of_texts_shift_by_the_cut(few: Workbench, tmp_path, make_wav) -> None:
    make_wav("data/tape.wav", 6.0)
    (tmp_path / "data" / "tape.srt").write_text(
        "1\n00:00:01,000 --> 00:00:03,000\none\n\n2\n00:00:03,500 --> 00:00:05,000\ntwo\n"
    )
    few.collecting.import_path(tmp_path / "data", "tape")
    one, _two = few.labelling.clips("tape")
    few.trimming.trim(one.id, 0.25, 1.5, author="ann")
    (srt,) = few.transcripts.files("tape", "srt").values()
    assert re.findall(r"\d\d:\d\d:\d\d,\d\d\d", srt) == ["00:00:01,250", "00:00:02,500", "00:00:03,500", "00:00:05,000"]
    (vtt,) = few.transcripts.files("tape", "vtt").values()
    assert "00:00:01.250 --> 00:00:02.500" in vtt
    (grid,) = few.transcripts.files("tape", "textgrid").values()
    assert "xmin = 1.25000" in grid
    assert "xmax = 2.50000" in grid
    row = json.loads(next(iter(few.transcripts.files("tape", "jsonl").values())).splitlines()[0])
    assert (row["start"], row["end"], row["duration"]) == (1.25, 2.5, 1.25)
    few.trimming.undo(one.id, "ann")
    assert "00:00:01,000 --> 00:00:03,000" in next(iter(few.transcripts.files("tape", "srt").values()))


def test_a_file_of_its_own_has_its_times_too(bench: Workbench, make_wav) -> None:
    bench.collecting.import_path(make_wav("alone.wav", 2.0), "s")
    (clip,) = bench.labelling.clips("s")
    bench.labelling.save(clip.id, "hello", author="ann", confirmed=True)
    bench.trimming.trim(clip.id, 0.5, 1.5, author="ann")
    assert "00:00:00,500 --> 00:00:01,500" in bench.transcripts.files("s", "srt")["alone.srt"]


def test_a_data_set_holds_what_is_heard(few: Workbench, tmp_path) -> None:
    from workbench.services.exports.dataset import export_dataset

    clip = few.labelling.clips(SET)[0]
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    export_dataset(few.workspace, few.store, SET, tmp_path / "out")
    sounds = [read_clip(path) for path in (tmp_path / "out" / "audio").iterdir()]
    assert few.labelling.clip(clip.id).sha256 in [content_hash(s) for s in sounds]
    assert clip.sha256 not in [content_hash(s) for s in sounds]


# ---- erasing ----


def test_erasing_a_clip_erases_every_cut_of_it(few: Workbench) -> None:
    clip, other = few.labelling.clips(SET)[:2]
    few.trimming.trim(clip.id, 0.25, 1.0, author="ann")
    middle = few.labelling.clip(clip.id).sha256
    few.trimming.trim(clip.id, 0.5, 1.0, author="ann")
    hashes = {clip.sha256, middle, few.labelling.clip(clip.id).sha256}
    few.picturing.spectrogram(clip.id)
    few.upkeep.look()
    with few.store.session() as session:
        assert hashes <= known_sounds(session)
    assert all(few.workspace.sound_path(sha256).is_file() for sha256 in hashes)
    erased = few.collecting.erase(clip_ids=[clip.id])
    assert (erased.clips, erased.sounds) == (1, 3)
    left = [str(p) for p in few.workspace.root.rglob("*") if any(h in str(p) for h in hashes)]
    assert left == []
    assert few.picturing.sound(other.id).is_file()
    with few.store.session() as session:
        assert not hashes & known_sounds(session)


def test_a_sound_of_which_another_clip_has_a_cut_stays(few: Workbench) -> None:
    clip = few.labelling.clips(SET)[0]
    few.collecting.import_path(few.picturing.sound(clip.id), "other")
    (twin,) = few.labelling.clips("other")
    few.trimming.trim(twin.id, 0.25, 1.0, author="ann")
    few.collecting.erase(clip_ids=[clip.id])
    assert few.picturing.sound(twin.id, WHOLE).is_file()
    few.trimming.undo(twin.id, "ann")
    assert few.labelling.clip(twin.id).sha256 == clip.sha256


def test_a_draft_still_says_what_is_said_where_silence_alone_was_cut(bench: Workbench, make_wav, tmp_path) -> None:
    spoken = speechlike(1.5, seed=3)
    room = 0.0005 * np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    bench.collecting.create_set("s")
    bench.collecting.import_path(
        make_wav("take.wav", samples=np.concatenate([room, spoken, room])), "s", allow_outside=True
    )
    clip = bench.labelling.clips("s")[0]
    bench.labelling.save_drafts("m", {clip.id: "a text"})
    for start, end, apart in ((0.5, 3.0, True), (0.5, 1.8, False), (0.2, 3.2, True), (1.5, 3.5, False)):
        bench.trimming.trim(clip.id, start, end, author="ann")
        assert bench.labelling.clip(clip.id).stale
        assert bench.trimming.silence_apart(clip.id) is apart, (start, end)
