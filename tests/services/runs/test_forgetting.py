"""The general check set: who is on it, who is left out, what is kept when the run is stopped.

A tiny random model is enough: what is counted is which clips and which texts, not how good they are.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare
from workbench.audio.decode import read_clip
from workbench.core.types import SAMPLE_RATE, ModelSpec
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.services.exports.model import model_card
from workbench.services.runs.clips import RunClip
from workbench.services.runs.forgetting import bundled_version, default_general, version_of
from workbench.services.runs.general_parts import bundled_clips, learn_clips, without_learned
from workbench.services.runs.progress import Progress
from workbench.services.workbench import Workbench
from workbench.store.models import GeneralEvaluationRow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def spec(bench: Workbench, tiny: Path) -> ModelSpec:
    return bench.catalog.resolve(str(tiny))


def clip(number: int, text: str, sha256: str = "") -> RunClip:
    return RunClip(number, sha256 or str(number), f"{number}.wav", 16_000, None, text)


def rows_of(bench: Workbench) -> list[GeneralEvaluationRow]:
    with bench.store.session() as session:
        return list(session.scalars(select(GeneralEvaluationRow).order_by(GeneralEvaluationRow.id)))


def test_what_was_learned_is_left_out_by_sound_and_by_sentence() -> None:
    general = [clip(1, "Open the window."), clip(2, "Close the door."), clip(3, "Good morning."), clip(4, "Thank you.")]
    learned = [clip(9, "open the WINDOW!"), clip(10, "something else", sha256="2")]
    assert [c.id for c in without_learned(general, learned)] == [3, 4]
    # Where most texts are repeated, a sentence is no secret: only the sound counts.
    digits = [clip(i, "one" if i % 2 else "two") for i in range(1, 7)]
    assert [c.id for c in without_learned(digits, [clip(9, "one"), clip(10, "nine", sha256="4")])] == [1, 2, 3, 5, 6]


def test_the_bundled_set_serves_english_and_unset_languages() -> None:
    assert (default_general(None), default_general("en-GB"), default_general("chr")) == ("general", "general", "none")
    clips = bundled_clips()
    assert len(clips) == len({c.sha256 for c in clips}) == 60
    assert all(c.path and c.path.is_file() and c.id < 0 for c in clips)


def test_general_speech_to_learn_from_is_neither_heard_nor_said_in_the_check() -> None:
    learned, checked = learn_clips(), bundled_clips()
    assert 120 <= len(learned) == len({c.sha256 for c in learned})
    assert 8 * 60 <= sum(c.n_samples for c in learned) / SAMPLE_RATE <= 10 * 60
    assert not {c.speaker for c in learned} & {c.speaker for c in checked}
    assert without_learned(checked, learned) == checked


def test_a_version_follows_sounds_and_labels_alone() -> None:
    clips = [clip(1, "Open the window."), clip(2, "Close the door.")]
    assert version_of(clips) == version_of(clips[::-1])
    assert len({version_of(clips), version_of(clips[:1]), version_of([clips[0], clip(2, "Close the doors.")])}) == 3
    assert version_of([clips[0], replace(clips[1], sha256="other")]) != version_of(clips)


@pytest.mark.slow
def test_what_was_measured_on_unlike_versions_is_not_compared(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    other = import_tones(bench, tmp_path / "other", range(40, 44), "other")

    def checked(set_name: str = "other") -> str:
        run = prepare(bench, monkeypatch, spec, "own", folds=0, general_set=set_name)
        execute(bench, run)
        return run

    first, same = checked(), checked()
    assert bench.comparing.document(first)["general"]["version"] == bench.comparing.document(same)["general"]["version"]
    assert not any("unlike clips" in note for note in bench.comparing.of_two_runs(first, same).notes)
    bench.labelling.save(other[0], "another label", author="ada", confirmed=True)
    relabelled, bundled = checked(), checked("general")
    assert bench.comparing.document(bundled)["general"]["version"] == bundled_version()
    for run in (relabelled, bundled):
        (note,) = [n for n in bench.comparing.of_two_runs(first, run).notes if "unlike clips" in n]
        assert first in note and run in note and "is not compared" in note  # noqa: PT018
    kept = {e.id: e.figures.general for e in bench.history.entries("own") if e.figures}
    assert kept[first] == kept[same] != kept[relabelled]
    assert kept[bundled] == ("general", bundled_version())


def test_a_language_without_a_general_set_says_so_before_the_run(
    bench: Workbench, spec: ModelSpec, tmp_path: Path
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    previewed = bench.planning.preview_model("own", spec, "head", {"language": "chr"})
    assert any("is not measured" in note and "chr" in note for note in previewed.notes)
    chosen = bench.planning.preview_model("own", spec, "head", {"language": "chr", "general_set": "none"})
    assert not any("is not measured" in note for note in chosen.notes)


def test_a_run_is_checked_on_another_set_without_what_it_learned(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    split = bench.labelling.split_of("own").split
    own = bench.labelling.clips("own")
    numbers = {c.id: int(c.name.removesuffix(".wav")) for c in own}
    learned, tested = numbers[split.train[0]], numbers[split.test[0]]
    other = import_tones(bench, tmp_path / "other", [learned, tested, 40, 41, 42], "other")
    small = "other is too small to be divided"
    previewed = bench.planning.preview_model("own", spec, "head", {"folds": 0, "general_set": "other"})
    assert any(small in note for note in previewed.notes), "said before the run"
    run = prepare(bench, monkeypatch, spec, "own", folds=0, general_set="other", red_line=5.0)
    execute(bench, run)
    assert any(small in note for note in bench.comparing.document(run)["notes"])
    document = bench.comparing.document(run)
    assert (document["general"]["set"], document["general"]["clips"], document["general"]["left_out"]) == (
        "other",
        4,
        1,
    )
    assert document["general"]["red_line"] == pytest.approx(0.05)
    assert document["general"]["summary"] == bench.comparing.of_run(run).forgetting.sentence()
    assert document["test_clips"] == len(split.test)  # the general set judges nothing else
    rows = rows_of(bench)
    assert [r.clip_id for r in rows] == other[1:]
    heard = bench.transcribing.hear(run, [read_clip(bench.picturing.sound(r.clip_id)) for r in rows])
    assert [text for text, _ in heard] == [r.adapted for r in rows]
    # Erasing a clip erases what was heard in it, and the deleted do not count.
    bench.collecting.delete_clips([rows[0].clip_id])
    assert bench.comparing.document(run)["general"]["clips"] == 3
    bench.collecting.erase(clip_ids=[rows[0].clip_id])
    assert len(rows_of(bench)) == 3


@pytest.mark.slow
def test_with_folds_the_delivered_model_is_checked(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(8), "own")
    run = prepare(bench, monkeypatch, spec, "own", folds=2)
    execute(bench, run)
    document = bench.comparing.document(run)
    assert (document["folds"], document["general"]["set"], document["general"]["clips"]) == (2, "general", 60)
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert f"General speech: {document['general']['summary']}" in model_card(document, card)
    rows = rows_of(bench)[:6]
    folder = next(c.path for c in bundled_clips()).parent
    heard = bench.transcribing.hear(run, [read_clip(folder / r.name) for r in rows])
    assert [text for text, _ in heard] == [r.adapted for r in rows]


@pytest.mark.slow
def test_a_stop_during_the_check_keeps_the_result_and_says_so(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    run = prepare(bench, monkeypatch, spec, "own", folds=0)
    monkeypatch.setattr(Progress, "should_stop", lambda self: self.state["phase"] == "general")
    execute(bench, run)
    document = bench.comparing.document(run)
    assert document["status"] == "done"
    assert document["test_clips"] > 0
    assert document["general"]["verdict"] == "cannot tell"
    assert "was not scored: the run was stopped" in document["general"]["summary"]
    assert rows_of(bench) == []


def test_none_checks_nothing(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    run = prepare(bench, monkeypatch, spec, "own", folds=0, general_set="none")
    execute(bench, run)
    assert bench.comparing.document(run)["general"] is None
    assert rows_of(bench) == []


def test_what_cannot_serve_is_said_before_the_run_and_does_not_spoil_one(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    import_tones(bench, tmp_path / "other", range(30, 34), "other")
    bench.collecting.create_set("empty")
    for name, kind, said in (
        ("no such set", UnknownNameError, "general, own, other, empty, none"),
        ("own", WorkbenchError, "the one to learn from"),
        ("empty", WorkbenchError, "no confirmed clip"),
    ):
        with pytest.raises(kind, match=said):
            bench.planning.preview_model("own", spec, "head", {"general_set": name})
    assert bench.planning.general_choices("own") == ["general", "other", "empty", "none"]
    run = prepare(bench, monkeypatch, spec, "own", folds=0, general_set="other")
    bench.collecting.delete_set("other")
    execute(bench, run)
    general = bench.comparing.document(run)["general"]
    assert general["verdict"] == "cannot tell"
    assert "no general set called 'other'" in general["summary"]


def test_the_command_names_the_general_set(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "own", range(24), "own")
    assert "--general-set general --red-line 3" in bench.planning.preview_model("own", spec, "head").command
