"""Runs in a window shorter than the model's own, on a tiny random Whisper that hears two seconds at once."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.asr.whisper import WINDOW_S, save_whisper
from tests.services.inprocess import QUICK, execute, import_tones, prepare, result_of
from workbench.asr.training import trainer as training
from workbench.audio.decode import read_clip
from workbench.core.evaluation.scoring import evaluate
from workbench.core.types import Block, ModelSpec
from workbench.errors import ModelError
from workbench.services.estimates import window as windows
from workbench.services.estimates.workload import Load, Shape
from workbench.services.exports.model import export_run
from workbench.services.jobs.stop import StopRequested
from workbench.services.runs import finish, forgetting, general_parts, short_window
from workbench.services.runs.clips import RunClip
from workbench.services.runs.model import RunModel
from workbench.services.workbench import Workbench

SHORT = 1
SETTINGS = {**QUICK, "learning_rate": 1e-2, "folds": 0, "general_set": "none", "window": SHORT}


@pytest.fixture
def spec(bench: Workbench, tmp_path: Path) -> ModelSpec:
    return bench.catalog.resolve(str(save_whisper(tmp_path / "model")))


@pytest.fixture(autouse=True)
def short_healing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few updates on a few voices: how well it heals is another test's business."""
    few = [c for c in short_window.learn_clips() if c.n_samples <= SHORT * 16_000 * 2][:12]
    cut = tuple(RunClip(c.id, c.sha256, c.name, SHORT * 16_000, c.speaker, c.text, c.path) for c in few)
    monkeypatch.setattr(short_window, "learn_clips", lambda: cut)
    samples = {c.id: short_window.read_clip(c.path)[: SHORT * 16_000] for c in few if c.path}
    monkeypatch.setattr(short_window, "_samples", lambda clip, copy: samples[clip.id])
    for module in (short_window, windows):
        monkeypatch.setattr(module, "HEALING_UPDATES", 4)


@pytest.fixture
def keep_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliver what was trained, whatever it is worth: random weights hardly get better."""
    monkeypatch.setattr(training, "best_check", lambda checks: checks[-1])


def start(bench: Workbench, spec: ModelSpec, strategy: str, monkeypatch: pytest.MonkeyPatch, **more: object) -> str:
    run = prepare(bench, monkeypatch, spec, "tones", strategy, **{**SETTINGS, **more})
    execute(bench, run)
    return run


def card_of(bench: Workbench, run: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    return found


@pytest.mark.usefixtures("keep_the_last")
@pytest.mark.parametrize("strategy", ["encoder", "decoder", "lora"])
def test_a_run_in_a_short_window_is_reloaded_and_exported(
    strategy: str, bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    run = start(bench, spec, strategy, monkeypatch, blend=0.5)
    card = card_of(bench, run)
    assert (card["window"], bool(card["healed"])) == (SHORT, strategy == "decoder")
    assert bench.adaptation.view(run).plan["window"] == SHORT
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    heard = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "tones")}
    assert {i: heard[i] for i in measured} == measured
    exported = tmp_path / "exported"
    assert export_run(bench.workspace, bench.store, run, exported)["verified_clips"] > 0
    assert json.loads((exported / "config.json").read_text())["max_source_positions"] == SHORT * 50
    assert json.loads((exported / "preprocessor_config.json").read_text())["chunk_length"] == SHORT
    assert f"{SHORT} s at once" in (exported / "README.md").read_text()


@pytest.mark.usefixtures("keep_the_last")
def test_the_base_is_heard_in_its_own_window(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    run = start(bench, spec, "encoder", monkeypatch)
    own = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(spec, "tones")}
    rows = bench.comparing.of_run(run).comparison.clips_json()
    assert rows
    assert all(own[c["clip"]] == c["base"] for c in rows)


@pytest.mark.usefixtures("keep_the_last")
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_what_is_forgotten_is_counted_from_the_base_in_its_own_window(
    share: float, bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    import_tones(bench, tmp_path / "speech", range(40, 46), "speech")
    sounds = [bench.picturing.sound(c.id) for c in bench.labelling.clips("speech")]
    said = ("three general words", "and three more")
    steer = tuple(RunClip(-n, f"{n:064}", f"{n}.flac", 9600, None, said[n], sounds[n]) for n in (0, 1))
    report = tuple(RunClip(-n, f"{n:064}", f"{n}.flac", 9600, None, f"number {n}", sounds[n]) for n in (2, 3))
    monkeypatch.setattr(forgetting, "bundled_parts", lambda: general_parts.GeneralParts((), steer, report))
    point = property(lambda curve: next(p for p in curve.points if p.share == share))
    monkeypatch.setattr("workbench.core.evaluation.blend.BlendCurve.recommended", point)
    run = start(bench, spec, "encoder", monkeypatch, general_set="general")
    own = bench.transcribing.hear(spec, [read_clip(sound) for sound in sounds[:2]])
    base = evaluate(list(said), [text for text, _ in own], "english")
    curve = result_of(bench, run).blend_curve
    assert curve
    assert curve["base"]["general_wer"] == pytest.approx(base.wer)
    assert (curve["general_clips"], curve["recommended"]) == (2, share)
    # Nothing of what was learned is the base as it came, in its own window.
    assert card_of(bench, run)["window"] == (SHORT if share else None)
    measured = {c["clip"]: c["adapted"] for c in bench.comparing.of_run(run).comparison.clips_json()}
    heard = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "tones")}
    assert {i: heard[i] for i in measured} == measured


def test_a_run_that_keeps_the_base_keeps_its_window(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    monkeypatch.setattr(training, "best_check", lambda checks: checks[0])
    told: list[Mapping[str, Load]] = []
    real = finish.timing
    monkeypatch.setattr(finish, "timing", lambda done, *more: real(told.append(done) or done, *more))  # type: ignore[func-returns-value]
    run = start(bench, spec, "decoder", monkeypatch)
    card = card_of(bench, run)
    assert (card["window"], card["healed"]) == (None, None)
    rows = bench.comparing.of_run(run).comparison.clips_json()
    assert all(c["base"] == c["adapted"] for c in rows)
    own = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(spec, "tones")}
    heard = {d["clip"]: d["text"] for d in bench.transcribing.clip_set(run, "tones")}
    assert heard == own
    assert export_run(bench.workspace, bench.store, run, tmp_path / "exported")["verified_clips"] > 0
    assert json.loads((tmp_path / "exported" / "config.json").read_text())["max_source_positions"] == WINDOW_S * 50
    # Its seconds are those of the window that it was trained in, and tell how long the next run takes.
    result = result_of(bench, run)
    assert result.timing
    n_dev = bench.planning.preview_model("tones", spec, "decoder", SETTINGS).dev
    plan = bench.adaptation.view(run).plan
    shape = Shape([Block(**block) for block in plan["blocks"]], plan["boundary"])
    heard = WINDOW_S * shape.listening + SHORT * shape.writing
    assert told[0]["evaluation"].cost == pytest.approx((len(rows) + n_dev) * heard), "by the base alone"


@pytest.mark.usefixtures("keep_the_last")
def test_an_encoder_is_healed_once_from_no_clip_of_the_set(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    taught: list[str] = []
    real = short_window.heal

    def watched(backend, items, *args, **kwargs):  # type: ignore[no-untyped-def]
        taught.extend(item.sha256 for item in items)
        return real(backend, items, *args, **kwargs)

    monkeypatch.setattr(short_window, "heal", watched)
    first, second = (start(bench, spec, strategy, monkeypatch) for strategy in ("decoder", "top-1"))
    assert card_of(bench, first)["healed"] == card_of(bench, second)["healed"]
    learned = {c.sha256 for c in short_window.learn_clips()}
    assert len(taught) == len(learned) * (1 + windows.HEALING_COPIES)  # once, for both runs
    assert set(taught) == learned
    own = {c.sha256 for c in bench.labelling.clips("tones")}
    check = {c.sha256 for c in general_parts.bundled_clips()}
    assert not set(taught) & (own | check)


@pytest.mark.slow
@pytest.mark.usefixtures("keep_the_last")
def test_folds_and_races_hear_in_the_window(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(16), "tones")
    run = start(bench, spec, "encoder", monkeypatch, folds=2)
    assert card_of(bench, run)["window"] == SHORT
    race = bench.adaptation.start_sweep("tones", spec, ("encoder", "full"), (1e-2,), {**SETTINGS, "folds": 2})
    execute(bench, race)
    document = bench.comparing.document(race)
    assert document["test_clips"] == 16
    card = card_of(bench, race)
    assert card["window"] == (None if document["kept_base"] else SHORT)


def test_the_window_is_chosen_by_the_clips(bench: Workbench, tmp_path: Path) -> None:
    """On the real shape: 30 s, as every published Whisper has it."""
    folder = save_whisper(tmp_path / "long", window=30)
    spec = bench.catalog.resolve(str(folder))
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    given = {k: v for k, v in SETTINGS.items() if k != "window"}
    learns = bench.planning.preview_model("tones", spec, "encoder", given)
    assert learns.suggestion.config.window == learns.window.seconds == 5
    assert "--window 5" in learns.command
    frozen = bench.planning.preview_model("tones", spec, "decoder", given)
    assert (frozen.suggestion.config.window, frozen.window.healing) == (30, 0)  # healing costs more than it saves
    asked = bench.planning.preview_model("tones", spec, "decoder", {**given, "window": 5})
    assert asked.window.healing > 0
    assert asked.times
    assert frozen.times
    assert asked.times.run.parts["healing"] > 0 == frozen.times.run.parts["healing"]


@pytest.mark.usefixtures("keep_the_last")
def test_a_lost_or_changed_healing_is_one_sentence(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    run = start(bench, spec, "decoder", monkeypatch)
    file = bench.workspace.run_folder(run) / "model" / "healed.safetensors"
    whole = file.read_bytes()
    for spoiled in (whole[:-1] + bytes([whole[-1] ^ 1]), whole[:50], None):
        file.unlink()
        if spoiled is not None:
            file.write_bytes(spoiled)
        with pytest.raises(ModelError, match="healed the encoder of run-1"):
            bench.transcribing.clip_set(run, "tones")
        file.touch()


def test_stop_while_healing_goes_on_later(
    bench: Workbench, spec: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "tones", range(24), "tones")
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    run = bench.adaptation.start("tones", spec, "decoder", SETTINGS)
    real = RunModel.count

    def stop(self: RunModel, done: int) -> None:
        real(self, done)
        if self.progress.state["phase"] == "healing" and done == 3:
            raise StopRequested

    with monkeypatch.context() as patched:
        patched.setattr(RunModel, "count", stop)
        with pytest.raises(StopRequested):
            execute(bench, run)
    execute(bench, run)
    assert bench.comparing.document(run)["test_clips"] > 0
