"""A stored sound that is damaged or missing is named by its clip and left out; its original file mends it.

A tiny random model is enough: what is tested is which clips are used and what is said of the others.
"""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare, result_of
from workbench.core.types import Clip, ModelSpec
from workbench.errors import AudioError, TrainingError, WorkbenchError
from workbench.services.exports.dataset import export_dataset
from workbench.services.storage.sound_files import divide_usable, read_sound, sound_problem
from workbench.services.workbench import Workbench

N_CLIPS = 24


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 4
    path.write_bytes(content)


def another(path: Path) -> None:
    """A whole sound, but not this clip's."""
    path.write_bytes(next(p for p in sorted(path.parent.parent.rglob("*.flac")) if p != path).read_bytes())


DAMAGES = {"cut off": cut, "empty": empty, "missing": Path.unlink, "a bit": flip, "another": another}
each_damage = pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    import_tones(opened, tmp_path / "tones", range(N_CLIPS), "tones")
    yield opened
    opened.close()


@pytest.fixture
def spec(bench: Workbench, tiny: Path) -> ModelSpec:
    return bench.catalog.resolve(str(tiny))


@pytest.fixture
def clips(bench: Workbench) -> list[Clip]:
    return bench.labelling.clips("tones")


def sound_of(bench: Workbench, clip: Clip) -> Path:
    return bench.workspace.sound_path(clip.sha256)


@each_damage
def test_damage_is_seen_and_named_by_the_clip(bench, clips, damage: Callable[[Path], None]) -> None:
    whole, broken = clips[0], clips[1]
    damage(sound_of(bench, broken))
    assert sound_problem(sound_of(bench, whole), whole.sha256) == ""
    assert sound_problem(sound_of(bench, broken), broken.sha256) in ("missing", "damaged")
    with pytest.raises(AudioError, match=f"stored sound of {broken.name} is (missing|damaged); add the original"):
        read_sound(bench.workspace, broken)
    assert divide_usable(bench.workspace, clips) == ([c for c in clips if c is not broken], [broken])


@each_damage
def test_the_original_file_mends_it(bench, clips, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    broken = clips[3]
    content = sound_of(bench, broken).read_bytes()
    damage(sound_of(bench, broken))
    report = bench.collecting.import_path(tmp_path / "tones" / "audio" / broken.name, "tones")
    assert (report.added, report.duplicates) == (0, 1)
    assert [p.reason for p in report.warnings if "mended" in p.reason] == [
        f"duplicate of {broken.name}, whose stored sound is mended by it"
    ]
    assert sound_of(bench, broken).read_bytes() == content
    assert bench.labelling.clips("tones") == clips
    again = bench.collecting.import_path(tmp_path / "tones" / "audio" / broken.name, "tones")
    assert not any("mended" in p.reason for p in again.warnings)


def test_the_same_new_sound_twice_mends_nothing(bench, make_wav) -> None:
    files = [(make_wav(f"{name}.wav", seed=77), f"{name}.wav") for name in ("a", "b")]
    report = bench.collecting.add_files("new", files)
    assert (report.added, report.duplicates) == (1, 1)
    assert not any("mended" in p.reason for p in report.warnings)


def test_a_run_goes_on_without_damaged_clips(bench, clips, spec, monkeypatch) -> None:
    split = bench.labelling.split_of("tones").split
    by_id = {c.id: c for c in clips}
    broken = [by_id[split.train[0]], by_id[split.dev[0]], by_id[split.test[0]]]
    for clip, damage in zip(broken, (cut, Path.unlink, flip), strict=True):
        damage(sound_of(bench, clip))
    run = prepare(bench, monkeypatch, spec, "tones", folds=0, general_set="none")
    execute(bench, run)
    view = bench.adaptation.view(run)
    assert view.status == "done"
    (note,) = [n for n in view.result.notes if "damaged or missing" in n]
    assert note.startswith(f"3 of {N_CLIPS} clips were left out")
    assert all(clip.name in note and clip.sha256 not in note for clip in broken)
    document = bench.comparing.document(run)
    assert document["test_clips"] == len(split.test) - 1


def test_a_run_goes_on_where_it_heard_the_clips_before(bench, clips, spec, monkeypatch) -> None:
    """A clip whose activations are cached is damaged as well: its sound can be neither altered nor shown."""
    for number in range(2):
        run = prepare(bench, monkeypatch, spec, "tones", folds=0, general_set="none")
        execute(bench, run)
        notes = [n for n in result_of(bench, run).notes if "damaged or missing" in n]
        assert len(notes) == number
        empty(sound_of(bench, clips[5]))


def test_a_run_without_any_usable_sound_says_so(bench, clips, spec, monkeypatch) -> None:
    run = prepare(bench, monkeypatch, spec, "tones", folds=0, general_set="none")
    for clip in clips:
        empty(sound_of(bench, clip))
    with pytest.raises(TrainingError, match=f"{N_CLIPS} of {N_CLIPS} clips were left out.*0.wav, 1.wav, 2.wav and 21"):
        execute(bench, run)


@pytest.mark.parametrize("n_broken", [1, 3])
def test_a_damaged_general_set_is_left_out(bench, spec, tmp_path: Path, monkeypatch, n_broken: int) -> None:
    import_tones(bench, tmp_path / "other", [40, 41, 42], "other")
    for clip in bench.labelling.clips("other")[:n_broken]:
        cut(sound_of(bench, clip))
    run = prepare(bench, monkeypatch, spec, "tones", folds=0, general_set="other")
    execute(bench, run)
    view = bench.adaptation.view(run)
    assert view.status == "done"
    (note,) = [n for n in view.result.notes if "damaged or missing" in n]
    assert note.startswith(f"{n_broken} of 3 clips of the general set other w")
    general = bench.comparing.document(run)["general"]
    assert general.get("clips", 0) == 3 - n_broken


def wait_for_drafts(bench: Workbench) -> str:
    end = time.monotonic() + 60
    while (view := bench.drafting.draft_view("tones")).active and time.monotonic() < end:
        time.sleep(0.05)
    return view.message


@pytest.mark.slow
def test_drafts_go_on_without_damaged_clips(bench, clips, spec, monkeypatch) -> None:
    monkeypatch.setattr(bench.drafting.catalog, "find", lambda name: spec)
    broken = clips[2:4]
    for clip in broken:
        flip(sound_of(bench, clip))
    bench.drafting.start_hearing("tones", "m", clips)
    message = wait_for_drafts(bench)
    assert f"{N_CLIPS - 2} clips heard by m." in message
    assert f"2 of {N_CLIPS} clips were left out" in message
    assert "2.wav, 3.wav; add the original files again" in message
    assert set(bench.drafting.draft_now("tones", "m", [c.id for c in clips[:4]])) == {c.id for c in clips[:2]}
    with pytest.raises(WorkbenchError, match=r"1 of 1 clips was left out.*2\.wav"):
        bench.drafting.draft_now("tones", "m", [clips[2].id])


def test_a_set_is_written_down_without_damaged_clips(bench, clips, spec) -> None:
    told: list[str] = []
    empty(sound_of(bench, clips[1]))
    documents = bench.transcribing.clip_set(spec, "tones", left_out=told.append)
    assert [d["clip"] for d in documents] == [c.id for c in clips if c is not clips[1]]
    assert len(told) == 1
    assert clips[1].name in told[0]
    bench.transcribing.hear_labelled(spec, "tones", clips, left_out=told.append)
    assert told[0] == told[1]
    for clip in clips:
        empty(sound_of(bench, clip))
    with pytest.raises(WorkbenchError, match=f"{N_CLIPS} of {N_CLIPS} clips were left out"):
        bench.transcribing.clip_set(spec, "tones")


@each_damage
def test_an_export_goes_on_without_damaged_clips(bench, clips, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    damage(sound_of(bench, clips[0]))
    document = export_dataset(bench.workspace, bench.store, "tones", tmp_path / "out")
    assert (document["clips"], document["confirmed"]) == (N_CLIPS - 1, N_CLIPS - 1)
    assert document["left_out"].startswith(f"1 of {N_CLIPS} clips was left out")
    assert clips[0].name in document["left_out"]
    rows = [json.loads(line) for line in (tmp_path / "out" / "metadata.jsonl").read_text("utf-8").splitlines()]
    assert {row["file_name"] for row in rows} == {f"audio/{p.name}" for p in (tmp_path / "out/audio").iterdir()}
    assert len(rows) == N_CLIPS - 1


def test_an_export_of_nothing_usable_writes_nothing(bench, clips, tmp_path: Path) -> None:
    for clip in clips:
        sound_of(bench, clip).unlink()
    with pytest.raises(WorkbenchError, match="left out"):
        export_dataset(bench.workspace, bench.store, "tones", tmp_path / "out")
    assert not (tmp_path / "out").exists()
