"""How long a run will take: counted as it will be done, and corrected by what earlier runs took on this machine."""

import platform
import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare, result_of
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.services.estimates import duration as expecting
from workbench.services.estimates import hardware as machine
from workbench.services.estimates.workload import Effort, Work, prices
from workbench.services.workbench import Workbench
from workbench.store.models import now
from workbench.store.runs import find_run

SPLIT = {"train": [1, 2, 3, 4], "dev": [5], "test": [6]}
FOLDS = [{"train": [1, 2], "dev": [3], "test": [4]}, {"train": [3, 4], "dev": [1], "test": [2]}]
DURATIONS = dict.fromkeys(range(1, 7), 2.0)
EFFORT = Effort(heard=1e5, learned=1e6, updates=9000, tested=1e5)
BLOCKS = (("features", 10**6), ("encoder", 10**6), ("head", 10**4))


def test_effort_counts_updates_copies_checks_and_both_sides() -> None:
    config = TrainingConfig(epochs=3, batch_clips=2, augment_copies=2)
    effort = Work("m", [SPLIT], DURATIONS, general=[1.0, 1.0]).effort(config)
    assert effort.updates == 6
    assert effort.learned == 6 * 4.0, "two clips of two seconds an update"
    assert effort.heard == 6 * 2 + 2 + 2 * 4 * 2
    assert effort.checked == 8.0, "before, and after each pass"
    assert (effort.tested, effort.tested_clips) == (2 * (2.0 + 2.0), 6)


def test_padding_costs_and_folds_train_again_on_everything() -> None:
    config = TrainingConfig(epochs=1, batch_clips=64, batch_seconds=600)
    assert Work("m", [SPLIT], DURATIONS, padded_to=30.0).effort(config).heard == 6 * 30
    effort = Work("m", FOLDS, DURATIONS).effort(config)
    assert (effort.updates, effort.trainings) == (3, 3)
    assert effort.tested_clips == 4


def test_in_a_shorter_window_the_base_hears_in_its_own_and_what_steers_too() -> None:
    effort = Work("m", [SPLIT], DURATIONS, padded_to=5.0, own=30.0, healing=7.0).effort(TrainingConfig())
    assert (effort.tested, effort.based) == (5.0, 2 * 30.0)
    assert effort.tested_clips == 1 + 2 * 2, "what is heard in its own window is heard, then written down"
    assert effort.healing == 7.0


def test_a_learning_curve_trains_on_parts_and_tests_each() -> None:
    durations = dict.fromkeys(range(20), 2.0)
    split = {"train": list(range(12)), "dev": [12, 13], "test": list(range(14, 20))}
    config = TrainingConfig(epochs=2, batch_clips=4)
    sizes = sizes_for(12)[:-1]

    def of_the_curve(parts: list[dict[str, list[int]]]) -> tuple[int, int]:
        alone, both = (Work("m", parts, durations).effort(config, curve_draws=n) for n in (0, 3))
        return both.tested_clips - alone.tested_clips, both.updates - alone.updates

    assert of_the_curve([split]) == (3 * len(sizes) * 6, 3 * sum(2 * -(-n // 4) for n in sizes))
    assert of_the_curve([split, split])[0] == 2 * len(sizes) * 6, "one draw a fold"


def test_what_is_frozen_costs_only_while_it_listens() -> None:
    effort = Effort(heard=100, learned=1000, updates=50, tested=100)
    frozen, full = prices(BLOCKS, 2, effort), prices(BLOCKS, 0, effort)
    assert frozen["prefix"] > full["prefix"] == 0
    assert frozen["training"] < full["training"]
    assert frozen["evaluation"] < full["evaluation"]


def _store_run(
    bench: Workbench,
    run: str,
    *,
    slower: float,
    training: float | None = None,
    machine: str = platform.node(),
    others: float = 0.0,
    effort: Effort = EFFORT,
    status: str = "done",
) -> None:
    """A finished run whose every part took so many times what the price list says."""
    priced = prices(BLOCKS, 2, effort)
    took = {part: (training if training and part == "training" else slower) * s for part, s in priced.items()}
    with bench.store.session() as session:
        row = find_run(session, run)
        blocks = [{"kind": kind, "parameters": n} for kind, n in BLOCKS]
        row.plan = {"blocks": blocks, "boundary": 2}
        row.status, row.started_at = status, row.created_at + timedelta(seconds=4)
        row.finished_at = now()
        timing = {"machine": machine, "effort": vars(effort), "others": others}
        row.result = {"seconds": took | {"total": sum(took.values()) + 2.0}, "timing": timing}


def _foretold(
    bench: Workbench, model: str, strategy: str, boundary: int = 2, effort: Effort = EFFORT
) -> expecting.Expectation:
    return bench.planning.expecting.foretell(model, strategy, prices(BLOCKS, boundary, effort), effort)


def _stored(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> tuple[str, list[str]]:
    """A model's name, and runs of it with the head."""
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "tiny", "wav2vec2-layer")))
    return spec.name, [prepare(bench, monkeypatch, spec, "own", folds=2, general_set="none") for _ in range(n)]


def test_earlier_runs_on_this_machine_say_how_long_it_takes(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, runs = _stored(bench, tmp_path, monkeypatch, 4)
    effort = Effort(heard=1e4, learned=1e5, updates=900, tested=1e4)
    priced = sum(prices(BLOCKS, 2, effort).values())
    guess = _foretold(bench, model, "head", effort=effort)
    assert guess.measured_in == ()

    _store_run(bench, runs[0], slower=100, machine="somebody else's")
    _store_run(bench, runs[1], slower=100, status="stopped")
    assert _foretold(bench, model, "head", effort=effort) == guess
    _store_run(bench, runs[3], slower=30, others=0.6)
    found = _foretold(bench, model, "head", effort=effort)
    assert (found.measured_in, found.disturbed) == ((runs[3],), True)
    _store_run(bench, runs[2], slower=5)
    found = _foretold(bench, model, "head", effort=effort)
    assert (found.measured_in, found.disturbed) == ((runs[2],), False), "an older one that had the machine for itself"
    assert found.seconds == pytest.approx(5 * priced + 2.0 + 4.0)
    other = _foretold(bench, "another model", "head", effort=effort)
    assert other.measured_in == (), "another model's runs tell how long a start takes, and no more"
    assert other.seconds == pytest.approx(priced + 2.0 + 4.0)


def test_a_run_that_found_everything_in_the_cache_leaves_listening_to_an_older_one(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (older, newer) = _stored(bench, tmp_path, monkeypatch, 2)
    _store_run(bench, older, slower=3)
    _store_run(bench, newer, slower=2, effort=Effort(learned=1e6, updates=9000, tested=1e5))
    found, priced = _foretold(bench, model, "head"), prices(BLOCKS, 2, EFFORT)
    assert found.measured_in == (newer, older)
    assert found.parts["prefix"] == pytest.approx(3 * priced["prefix"])
    assert found.parts["training"] == pytest.approx(2 * priced["training"])


def test_a_heads_slow_small_operations_do_not_foretell_an_encoders_large_ones(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (run,) = _stored(bench, tmp_path, monkeypatch, 1)
    small = Effort(heard=1e5, learned=1e2, updates=90, tested=1e5, trainings=1)
    _store_run(bench, run, slower=2, training=12, effort=small)
    effort = Effort(heard=1e4, learned=1e6, updates=90, tested=1e4, trainings=1)
    found = _foretold(bench, model, "encoder", 1, effort)
    assert found.measured_in == (run,)
    assert found.parts["training"] == pytest.approx(2 * prices(BLOCKS, 1, effort)["training"])
    again = _foretold(bench, model, "head", effort=small)
    assert again.parts["training"] == pytest.approx(12 * prices(BLOCKS, 2, small)["training"])
    minute = bench.model_facts.minute("ctc-en")
    with bench.store.session() as session:
        row = find_run(session, run)
        row.model = {**row.model, "name": "ctc-en"}
        # A head's test over what is cached is next to nothing; and so an earlier version kept it.
        timing = {**row.result["timing"], "effort": {**vars(small), "tested": 1e-2, "checked_clips": 7}}
        row.result = {**row.result, "seconds": {**row.result["seconds"], "evaluation": 0.4}, "timing": timing}
    measured = bench.model_facts.minute("ctc-en")
    assert minute is not None
    assert measured is not None
    assert measured.measured_in == (run,)
    assert measured.seconds == pytest.approx(2 * minute.seconds, rel=0.01)


def test_large_updates_foretell_those_of_another_strategy(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (run,) = _stored(bench, tmp_path, monkeypatch, 1)
    large = Effort(heard=1e5, learned=1e6, updates=90, trainings=1)
    _store_run(bench, run, slower=2, training=5, effort=large)
    found, priced = _foretold(bench, model, "encoder", 1, large), prices(BLOCKS, 1, large)
    assert found.parts["training"] == pytest.approx(5 * priced["training"])
    assert found.parts["prefix"] == pytest.approx(2 * priced["prefix"])


def test_a_clock_that_runs_on_while_others_work_does_not_make_the_machine_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = machine.one_core_speed()

    def held_up() -> float:
        """The clock of a thread that gets a hundredth of its core."""
        return 100 * time.monotonic()

    clock = SimpleNamespace(thread_time=time.thread_time, monotonic=held_up, perf_counter=held_up, time=held_up)
    monkeypatch.setattr(machine, "time", clock)
    assert machine.one_core_speed() > calm / 10


def test_a_run_leaves_what_the_next_is_foretold_by(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "tiny", "wav2vec2-layer")))
    run = prepare(bench, monkeypatch, spec, "own", folds=2, general_set="none", patience=0)
    settings = {"epochs": 2, "folds": 2, "general_set": "none"}
    planned = bench.planning.preview_model("own", spec, "head", settings)
    assert planned.times is not None
    assert planned.times.run.measured_in == ()
    assert planned.times.sweep is not None
    assert planned.times.sweep.effort.updates > planned.times.run.effort.updates
    assert planned.times.sweep.seconds > planned.times.run.seconds
    execute(bench, run)
    timing: dict[str, Any] = dict(result_of(bench, run).timing or {})
    assert timing["machine"] == platform.node()
    assert 0 <= timing["others"] <= 1
    done = Effort(**timing["effort"])
    assert done.heard == pytest.approx(8 * 0.6)
    assert done.tested_clips == 16
    assert done.updates >= 4
    with bench.store.session() as session:
        row = find_run(session, run)
        row.started_at = now()
    monkeypatch.setattr(expecting, "LEAST_MEASURED", 0.0)
    again = bench.planning.preview_model("own", spec, "head", settings)
    assert again.times is not None
    assert again.times.run.measured_in == (run,)
