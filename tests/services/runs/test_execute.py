"""Runs in their own process: from labels to figures, through a kill, a stop, folds, and out into a folder.

A tiny random model is enough: what is tested is what is kept, what is counted and what survives, not what is learned.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.asr.conftest import save_model
from workbench.core.evaluation.intervals import EARLIER_METHOD, METHOD
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, TrainingError, UnknownNameError, WorkbenchError
from workbench.services.exports.model import export_run
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run

WORDS = ["abba", "zoo", "kiwi", "lemon", "fig", "pea"]
QUICK = {"epochs": 2, "learning_rate": 1e-3, "normalizer": "marks"}
LONG = {"epochs": 1000, "max_updates": 100_000, "learning_rate": 1e-5, "patience": 0, "normalizer": "marks", "folds": 0}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    opened = Workbench.open(tmp_path / "workspace")
    yield opened
    for run in opened.adaptation.runs():
        if run.active:
            _kill(opened, run.id)
    opened.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("models") / "tiny", "wav2vec2-layer")


@pytest.fixture
def spec(bench: Workbench, tiny: Path) -> ModelSpec:
    return bench.catalog.resolve(str(tiny))


def import_tones(bench: Workbench, folder: Path, n: int, *, text: Callable[[int], str] | None = None) -> None:
    """A set "tones" of n clips, each word a tone, told apart by a little noise; every sentence is its own."""
    (folder / "audio").mkdir(parents=True)
    rows = []
    rng = np.random.default_rng(0)
    for i in range(n):
        times = np.arange(9600 + 320 * (i % 9)) / 16_000
        samples = 0.3 * np.sin(2 * np.pi * (200 + 250 * (i % 6)) * times) + 0.01 * rng.standard_normal(len(times))
        soundfile.write(folder / "audio" / f"{i}.wav", samples, 16_000)
        label = text(i) if text else f"{WORDS[i % 6]} {WORDS[i // 6 % 6]}"
        rows.append({"audio_filepath": f"audio/{i}.wav", "text": label, "speaker": f"s{i % 4}"})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    report = bench.collecting.import_path(folder, "tones", language="en")
    assert report.rejected == ()


def _pid_of(bench: Workbench, run: str) -> int:
    """The worker of a run, found by its command line."""
    wanted = ["workbench.services.worker", str(bench.workspace.root), run]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if command[-4:-1] == wanted:
            return int(process.name)
    raise AssertionError(f"no worker of {run}")


def _kill(bench: Workbench, run: str) -> None:
    os.kill(_pid_of(bench, run), signal.SIGKILL)


def _wait(bench: Workbench, run: str, until: Callable[[Any], bool], *, seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        view = bench.adaptation.view(run)
        if until(view):
            return view
        time.sleep(0.1)
    raise AssertionError(f"{run} is {view.status}: {view.message} {view.progress}")


def test_a_run_goes_from_labels_to_figures_and_is_reproducible(
    bench: Workbench, spec: ModelSpec, tmp_path: Path
) -> None:
    import_tones(bench, tmp_path / "tones", 36)
    bench.collecting.set_words("tones", ["zoo", "lemon"])
    run = bench.adaptation.start("tones", spec, "top-1", {**QUICK, "folds": 0, "augment_copies": 1})
    assert bench.adaptation.jobs.wait(run).status == "done"
    document = bench.comparing.document(run)
    assert document["trainable_parameters"] < document["total_parameters"]
    split = bench.labelling.split_of("tones").split
    assert document["test_clips"] == len(split.test) > 0
    assert document["train_clips"] == (0 if document["kept_base"] else len(split.train))
    assert len(split.train) > 0
    assert {t["term"] for t in document["terms"]} == {"zoo", "lemon"}
    assert document["verdict"] in ("better", "no proof", "worse")
    assert set(document["seconds"]) == {"prefix", "training", "evaluation", "total"}
    assert json.loads(json.dumps(document)) == document
    # What the adapted model says later is what the run measured.
    heard = bench.transcribing.clip_set(run, "tones")
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    assert {d["clip"]: d["text"] for d in heard if d["clip"] in measured} == measured
    # The run's card holds what it takes to do it again.
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert {"config", "split", "labels", "versions", "model", "strategy"} <= set(card)
    assert card["model"]["fingerprint"]
    again = bench.adaptation.start("tones", spec, "top-1", {**QUICK, "folds": 0, "augment_copies": 1})
    bench.adaptation.jobs.wait(again)
    assert bench.comparing.document(again)["adapted"] == document["adapted"]
    # Two runs on the same test clips can be compared with each other.
    both = bench.comparing.of_two_runs(run, again).comparison
    assert both.interval.estimate == 0
    assert both.verdict == "no proof"


def test_folds_test_each_clip_once_and_an_export_says_the_same(
    bench: Workbench, spec: ModelSpec, tmp_path: Path
) -> None:
    import_tones(bench, tmp_path / "tones", 24)
    preview = bench.planning.preview_model("tones", spec, "head", QUICK)
    assert preview.folds == 4  # five were asked for, four speakers are there
    run = bench.adaptation.start("tones", spec, "head", QUICK)
    assert bench.adaptation.jobs.wait(run).status == "done"
    document = bench.comparing.document(run)
    assert document["test_clips"] == 24
    assert document["train_clips"] == (0 if document["kept_base"] else 24)
    assert document["scheme"] == "out-of-fold"
    assert any("median" in note for note in document["notes"]) != document["kept_base"]
    out = tmp_path / "exported"
    written = export_run(bench.workspace, bench.store, run, out)
    assert written["verified_clips"] == 3
    assert {"config.json", "model.safetensors", "vocab.json", "preprocessor_config.json", "README.md"} <= set(
        written["files"]
    )
    card = (out / "README.md").read_text()
    assert f"{document['base']['wer']:.1%}" in card
    assert document["summary"] in card
    with pytest.raises(WorkbenchError, match="not an empty folder"):
        export_run(bench.workspace, bench.store, run, out)


@pytest.mark.slow
def test_a_killed_run_says_so_and_goes_on_where_it_stood(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 24)
    settings = {**LONG, "folds": 4, "epochs": 6, "batch_clips": 1}
    run = bench.adaptation.start("tones", spec, "all-but-features", settings)
    _wait(bench, run, lambda v: v.progress.get("fold") == 1 and v.progress.get("step", 0) > 0)
    _kill(bench, run)
    view = _wait(bench, run, lambda v: v.status == "interrupted")
    assert "Resume" in view.message
    first_fold = bench.workspace.run_folder(run) / "fold-1" / "outcome.json"
    stamp = first_fold.stat().st_mtime_ns
    with pytest.raises(WorkbenchError, match="measured nothing yet"):
        bench.comparing.of_run(run)
    # A clip of the finished fold goes into the bin before the run goes on: it is not counted, and nothing breaks.
    heard = json.loads(first_fold.read_text())["texts"]
    bench.collecting.delete_clips([int(next(iter(heard)))])
    bench.adaptation.resume(run)
    with pytest.raises(WorkbenchError, match="can be resumed"):
        bench.adaptation.resume(run)
    ended = bench.adaptation.jobs.wait(run)
    assert (ended.status, ended.message) == ("done", "")
    assert first_fold.stat().st_mtime_ns == stamp  # the finished fold was not done again
    assert bench.comparing.document(run)["test_clips"] == 23


@pytest.mark.slow
def test_stop_keeps_the_best_and_the_next_run_waits_its_turn(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 36)
    first = bench.adaptation.start("tones", spec, "top-1", LONG)
    second = bench.adaptation.start("tones", spec, "head", {**QUICK, "folds": 0})
    _wait(bench, first, lambda v: v.progress.get("step", 0) > 3)
    assert bench.adaptation.view(second).status == "queued"
    bench.adaptation.stop(first)
    stopped = _wait(bench, first, lambda v: not v.active)
    assert stopped.status == "stopped"
    assert bench.comparing.document(first)["status"] == "stopped"
    assert bench.adaptation.jobs.wait(second).status == "done"


@pytest.mark.slow
def test_new_characters_join_when_the_user_agrees(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 24, text=lambda i: f"sǔ:li {WORDS[i % 6]} {WORDS[i // 6]}")
    without = bench.planning.preview_model("tones", spec, "head", QUICK)
    assert without.new_characters == (":", "ǔ")
    assert any("extend alphabet" in note for note in without.notes)
    refused = bench.adaptation.start("tones", spec, "head", QUICK)
    row = bench.adaptation.jobs.wait(refused)
    assert (row.status, "None of the 24 clips can be learned" in row.message) == ("failed", True)
    run = bench.adaptation.start("tones", spec, "head", {**QUICK, "extend_alphabet": True})
    assert bench.adaptation.jobs.wait(run).status == "done"
    document = bench.comparing.document(run)
    assert document["new_characters"] == [":", "ǔ"]
    assert document["total_parameters"] == without.plan.total_parameters + 2 * (32 + 1)
    assert export_run(bench.workspace, bench.store, run, tmp_path / "out")["verified_clips"] == 3


@pytest.mark.slow
def test_a_changed_base_is_noticed(bench: Workbench, tmp_path: Path) -> None:
    folder = save_model(tmp_path / "mine", "wav2vec2-layer")
    import_tones(bench, tmp_path / "tones", 36)
    run = bench.adaptation.start("tones", bench.catalog.resolve(str(folder)), "head", {**QUICK, "folds": 0})
    bench.adaptation.jobs.wait(run)
    weights = folder / "config.json"
    weights.write_text(weights.read_text().replace('"hidden_dropout": 0.1', '"hidden_dropout": 0.2'))
    with pytest.raises(ModelError, match="not the one that run-1 was trained on"):
        bench.transcribing.clip_set(run, "tones")


def test_what_cannot_be_learned_is_listed_before_a_run(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    texts = ["fig", "sǔ li", "a far longer text than so short a sound can ever hold, said at no human speed", "…"]
    import_tones(bench, tmp_path / "tones", 4, text=lambda i: texts[i])
    found = {p.file: p.reason for p in bench.label_checks.cannot_learn("tones", spec)}
    assert set(found) == {"1.wav", "2.wav", "3.wav"}
    assert "cannot write ǔ" in found["1.wav"]
    assert "more text than frames" in found["2.wav"]
    assert "nothing is left" in found["3.wav"]


def test_what_cannot_start_is_said_before_anything_starts(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 3)
    with pytest.raises(TrainingError, match="3 confirmed clips and at least 4"):
        bench.adaptation.start("tones", spec, "head", QUICK)
    with pytest.raises(UnknownNameError, match="head, top-1"):
        bench.adaptation.start("tones", spec, "bottom", QUICK)
    with pytest.raises(WorkbenchError, match="top-9 needs 9 encoder blocks, the model has 3"):
        bench.adaptation.start("tones", spec, "top-9", QUICK)
    with pytest.raises(UnknownNameError):
        bench.adaptation.view("run-1")
    import_tones(bench, tmp_path / "more", 24)
    with pytest.raises(WorkbenchError, match="learning rate cannot be 3"):
        bench.adaptation.start("tones", spec, "head", {"learning_rate": 3.0})
    assert bench.adaptation.runs() == []


def test_labels_that_nobody_said_neither_train_nor_test(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 24)
    clips = bench.labelling.clips("tones")
    for clip, text in zip(
        clips, ("zoo <|endoftext|> abba", "[00:00.000 --> 00:02.000] zoo", "<i>zoo</i>"), strict=False
    ):
        bench.labelling.save(clip.id, text, confirmed=True, author="Ann")
    preview = bench.planning.preview_model("tones", spec, "head", QUICK)
    assert preview.test == 21
    (note,) = [n for n in preview.notes if "which nobody says" in n]
    assert note.startswith("3 of 24 confirmed labels hold times, markup or control tokens (such as <|endoftext|>)")


@pytest.mark.slow
def test_a_run_keeps_the_interval_that_it_was_judged_by(bench: Workbench, spec: ModelSpec, tmp_path: Path) -> None:
    import_tones(bench, tmp_path / "tones", 24)
    run = bench.adaptation.start("tones", spec, "head", QUICK)
    assert bench.adaptation.jobs.wait(run).status == "done"
    assert bench.comparing.document(run)["wer_change"]["method"] == METHOD
    assert "earlier method" not in bench.comparing.document(run)["summary"]
    with bench.store.session() as session:  # as a version from before left it
        row = find_run(session, run)
        row.result = {key: value for key, value in row.result.items() if key != "interval_method"}
    document = bench.comparing.document(run)
    assert document["wer_change"]["method"] == document["cer_change"]["method"] == EARLIER_METHOD
