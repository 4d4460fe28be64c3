"""How long a run will take: counted as it will be done, and corrected by what earlier runs took on this machine."""

import platform
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.asr.whisper import save_whisper
from tests.services.inprocess import execute, import_tones, prepare, result_of
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.blend import SHARES
from workbench.core.evaluation.learning_curve import sizes_for
from workbench.core.types import Block, FreezePlan, Part
from workbench.services.estimates import duration as expecting
from workbench.services.estimates import hardware as machine
from workbench.services.estimates.workload import BACKWARD, GENERAL, REHEARSED, Load, Shape, Sound, Work
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run

SPLIT = {"train": [1, 2, 3, 4], "dev": [5], "test": [6]}
FOLDS = [{"train": [1, 2], "dev": [3], "test": [4]}, {"train": [3, 4], "dev": [1], "test": [2]}]
SOUNDS = {i: Sound(f"{i:064d}", 2.0) for i in range(1, 7)}
BLOCKS = (Block("features", "features", 10**6), Block("encoder 1", "encoder", 10**6), Block("head", "head", 10**4))
SHAPE = Shape(BLOCKS, 2)
BOTH = ("base", "labels")
NOTHING: tuple[dict[str, int], dict[str, int]] = ({}, {})


def _plan(boundary: int = 2) -> FreezePlan:
    parts = tuple(Part.NOTHING if i < boundary else Part.ALL for i in range(len(BLOCKS)))
    return FreezePlan("head", BLOCKS, parts, boundary, 1, 2)


def test_a_load_counts_updates_copies_checks_and_both_sides() -> None:
    config = TrainingConfig(epochs=3, batch_clips=2, augment_copies=2)
    work = Work("m", [SPLIT], SOUNDS, general=[1.0, 1.0])
    loads = work.loads(_plan(), config, NOTHING)
    assert loads["training"] == work.training(SHAPE, [2.0] * 4, [2.0], config, (6, 4)), "checks before and after passes"
    assert loads["prefix"].units == 6 + 2 + 4 * 2
    assert loads["prefix"].cost == pytest.approx(SHAPE.frozen * (6 * 2 + 2 + 2 * 4 * 2))
    assert loads["evaluation"].units == 6
    assert loads["evaluation"].cost == pytest.approx(SHAPE.tail * 2 * (2.0 + 2.0))
    learned = loads["training"].cost - work.training(SHAPE, [2.0] * 4, [2.0], config, (6, 0)).cost
    assert learned == pytest.approx(SHAPE.tail * 4 * 2.0)


def test_what_is_rehearsed_is_heard_written_down_and_learned_from() -> None:
    config, labels = (TrainingConfig(epochs=3, batch_clips=2, rehearsal=0.5, rehearsal_texts=t) for t in BOTH)
    alone, both = (Work("m", [SPLIT], SOUNDS, rehearse=r) for r in ((), [4.0, 2.0, 3.0]))
    less, more = (work.loads(_plan(), config, NOTHING) for work in (alone, both))
    assert more["prefix"].cost - less["prefix"].cost == pytest.approx(SHAPE.frozen * 9.0)
    assert more["prefix"].units - less["prefix"].units == 3
    assert more["evaluation"].units - less["evaluation"].units == 3
    assert more["training"].units == less["training"].units == 6, "updates get longer, not more"
    assert more["training"].cost - less["training"].cost == pytest.approx(BACKWARD * SHAPE.tail * 6 * 2 * 3.0)
    assert both.loads(_plan(), labels, NOTHING)["evaluation"] == less["evaluation"], "nothing is written by the base"
    assert both.loads(_plan(), config, ({}, {REHEARSED: 1}))["prefix"].cost == less["prefix"].cost


def test_padding_costs_and_folds_train_again_on_everything() -> None:
    config = TrainingConfig(epochs=1, batch_clips=64, batch_seconds=600)
    padded = Work("m", [SPLIT], SOUNDS, padded_to=30.0).loads(_plan(), config, NOTHING)
    assert padded["prefix"].cost == pytest.approx(SHAPE.frozen * 6 * 30)
    folds = Work("m", FOLDS, SOUNDS).loads(_plan(), config, NOTHING)
    assert (folds["training"].units, folds["evaluation"].units) == (3, 4)


def test_in_a_shorter_window_the_base_hears_in_its_own_and_what_steers_too() -> None:
    work = Work("m", [SPLIT], SOUNDS, padded_to=5.0, own=30.0, healing=7.0)
    loads = work.loads(_plan(), TrainingConfig(), NOTHING)
    written = SHAPE.tail * 5.0 + SHAPE.writing * 2 * 5.0
    assert loads["evaluation"].cost == pytest.approx(written + SHAPE.listening * 2 * 30.0)
    assert loads["evaluation"].units == 1 + 2 * 2, "what is heard in its own window is heard, then written down"
    assert loads["healing"].cost == pytest.approx(7.0 * SHAPE.listening)


def test_what_is_kept_need_not_be_heard_again() -> None:
    config = TrainingConfig(augment_copies=1)
    work = Work("m", [SPLIT], SOUNDS, general=[1.0, 1.0], padded_to=5.0, own=30.0)
    fresh = work.loads(_plan(), config, NOTHING)
    one = {SOUNDS[1].sha256: 1, SOUNDS[6].sha256: 1}
    some = work.loads(_plan(), config, (one, one))
    assert fresh["prefix"].cost - some["prefix"].cost == pytest.approx(SHAPE.frozen * 2 * 5.0)
    assert fresh["evaluation"].cost - some["evaluation"].cost == pytest.approx(SHAPE.listening * 30.0), "1 only learns"
    everything = {sound.sha256: 2 for sound in SOUNDS.values()} | {GENERAL: 1}
    again = work.loads(_plan(), config, (everything, everything))
    assert again["prefix"].cost == 0
    assert again["evaluation"].cost == pytest.approx(SHAPE.tail * 3 * 5.0 + SHAPE.writing * 4 * 5.0), (
        "it is written anew"
    )
    assert again["training"] == fresh["training"]
    assert [load.units for load in again.values()] == [load.units for load in fresh.values()], (
        "passed over, but counted"
    )


def test_choosing_a_blend_is_foretold_and_a_blend_that_is_said_costs_nothing() -> None:
    alone = Work("m", [SPLIT], SOUNDS, general=[1.0]).loads(_plan(), TrainingConfig(), NOTHING)
    work = Work("m", [SPLIT], SOUNDS, general=[1.0], steer=[3.0, 3.0])
    chosen, said = (work.loads(_plan(), TrainingConfig(blend=blend), NOTHING)["evaluation"] for blend in (None, 0.5))
    assert chosen.units - said.units == len(SHARES) * (1 + 2), "dev and general clips, with each share"
    assert chosen.cost - said.cost == pytest.approx(SHAPE.tail * len(SHARES) * (2.0 + 2 * 3.0))
    assert said.units - alone["evaluation"].units == 2, "the base hears what steers"
    folds = Work("m", FOLDS, SOUNDS, steer=[3.0, 3.0]).loads(_plan(), TrainingConfig(), NOTHING)["evaluation"]
    without = Work("m", FOLDS, SOUNDS).loads(_plan(), TrainingConfig(), NOTHING)["evaluation"]
    assert folds.units - without.units == 2 + len(SHARES) * 2 * (1 + 2), "in each fold, not for the delivered one"


def test_a_learning_curve_trains_on_parts_and_tests_each() -> None:
    sounds = {i: Sound(str(i), 2.0) for i in range(20)}
    split = {"train": list(range(12)), "dev": [12, 13], "test": list(range(14, 20))}
    config = TrainingConfig(epochs=2, batch_clips=4)
    sizes = sizes_for(12)[:-1]

    def of_the_curve(parts: list[dict[str, list[int]]]) -> tuple[int, int]:
        alone, both = (Work("m", parts, sounds).loads(_plan(), config, NOTHING, draws=n) for n in (0, 3))
        more = [both[stage].units - alone[stage].units for stage in ("evaluation", "training")]
        return more[0], more[1]

    assert of_the_curve([split]) == (3 * len(sizes) * 6, 3 * sum(2 * -(-n // 4) for n in sizes))
    assert of_the_curve([split, split])[0] == 2 * len(sizes) * 6, "one draw a fold"


def test_what_is_frozen_costs_only_while_it_listens() -> None:
    frozen, full = (Work("m", [SPLIT], SOUNDS).loads(_plan(n), TrainingConfig(), NOTHING) for n in (2, 0))
    assert frozen["prefix"].cost > full["prefix"].cost == 0
    assert frozen["training"].cost < full["training"].cost
    assert frozen["evaluation"].cost < full["evaluation"].cost


LOADS = {"prefix": Load(9, 1e3), "training": Load(900, 1e4), "evaluation": Load(9, 1e3)}


def _store_run(
    bench: Workbench,
    run: str,
    *,
    rate: float,
    training: float | None = None,
    host: str = platform.node(),
    others: float = 0.0,
    status: str = "done",
    stages: tuple[str, ...] = tuple(LOADS),
) -> None:
    """A finished run whose every stage took so many seconds for a billion operations."""
    loads = {stage: LOADS[stage] for stage in stages}
    took = {s: (training if training and s == "training" else rate) * load.cost for s, load in loads.items()}
    told = expecting.timing(loads, took | {"total": sum(took.values()) + 2.0}, 4.0, others, {})
    with bench.store.session() as session:
        row = find_run(session, run)
        row.status, row.result = status, {"timing": {**told, "machine": host}}


def _foretold(bench: Workbench, model: str, strategy: str, loads: dict[str, Load] = LOADS) -> expecting.Expectation:
    return bench.planning.expecting.foretell(model, strategy, loads)


def _stored(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int) -> tuple[str, list[str]]:
    """A model's name, and runs of it with the head."""
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "tiny", "wav2vec2-layer")))
    return spec.name, [prepare(bench, monkeypatch, spec, "own", folds=2, general_set="none") for _ in range(n)]


def test_the_last_run_on_this_machine_says_how_long_it_takes(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, runs = _stored(bench, tmp_path, monkeypatch, 4)
    guess = _foretold(bench, model, "head")
    assert guess.measured_in == ()

    _store_run(bench, runs[0], rate=5, host="somebody else's")
    _store_run(bench, runs[1], rate=5, status="stopped")
    assert _foretold(bench, model, "head") == guess
    _store_run(bench, runs[2], rate=0.5)
    found = _foretold(bench, model, "head")
    assert (found.measured_in, found.disturbed) == ((runs[2],), False)
    assert found.seconds == pytest.approx(0.5 * 1.2e4 + 2.0 + 4.0)
    _store_run(bench, runs[3], rate=2, others=0.6)
    found = _foretold(bench, model, "head")
    assert (found.measured_in, found.disturbed) == ((runs[3],), True)
    other = _foretold(bench, "another model", "head")
    assert other.measured_in == (), "another model's runs tell how long it takes around the stages, and no more"
    assert other.seconds == pytest.approx(guess.seconds - expecting.REST_S + 2.0 + 4.0)


def test_a_resumed_run_says_nothing_of_the_start_and_the_rest(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (whole, resumed) = _stored(bench, tmp_path, monkeypatch, 2)
    _store_run(bench, whole, rate=2)
    told = expecting.timing({}, {"total": 900.0}, 86_400.0, 0.0, {})  # went on the day after
    with bench.store.session() as session:
        row = find_run(session, resumed)
        row.status, row.result = "done", {"timing": told}
    found = _foretold(bench, model, "head")
    assert found.parts["rest"] == pytest.approx(2.0 + 4.0)


def test_a_run_that_found_everything_in_the_cache_leaves_listening_to_an_older_one(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (older, newer) = _stored(bench, tmp_path, monkeypatch, 2)
    _store_run(bench, older, rate=3)
    _store_run(bench, newer, rate=2, stages=("training", "evaluation"))
    found = _foretold(bench, model, "head")
    assert found.measured_in == (newer, older)
    assert found.parts["prefix"] == pytest.approx(3e3)
    assert found.parts["training"] == pytest.approx(2e4)


def test_a_heads_slow_small_operations_do_not_foretell_an_encoders_large_ones(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, (run,) = _stored(bench, tmp_path, monkeypatch, 1)
    _store_run(bench, run, rate=2, training=12)
    found = _foretold(bench, model, "encoder")
    assert found.measured_in == (run,)
    assert found.parts["training"] == pytest.approx(2e4), "listening tells instead"
    assert _foretold(bench, model, "head").parts["training"] == pytest.approx(12e4)


def test_what_is_next_to_nothing_tells_nothing(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = {"prefix": 50.0, "training": 50.0, "evaluation": 0.4, "total": 105.0}
    told = expecting.timing({**LOADS, "evaluation": Load(9, 0.1)}, took, 4.0, 0.0, {})
    assert told["rates"] == pytest.approx({"prefix": 0.05, "training": 0.005})
    assert told["rest"] == pytest.approx(105.0 - 100.4)
    _, (run,) = _stored(bench, tmp_path, monkeypatch, 1)
    minute = bench.model_facts.minute("ctc-en")
    _store_run(bench, run, rate=2)
    with bench.store.session() as session:
        row = find_run(session, run)
        row.model = {**row.model, "name": "ctc-en"}
    measured = bench.model_facts.minute("ctc-en")
    assert minute
    assert measured
    assert (minute.measured_in, measured.measured_in) == ((), (run,))
    usual = expecting.LEARNING_SHARE * machine.machine_speed()
    assert measured.seconds == pytest.approx(2 * minute.seconds * usual)


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
    assert planned.times.sweep.loads["training"].units > planned.times.run.loads["training"].units
    assert planned.times.sweep.seconds > planned.times.run.seconds
    assert planned.times.run.parts["prefix"] > 0
    monkeypatch.setattr(expecting, "LEAST_COST", 1e-9)
    execute(bench, run)
    timing: dict[str, Any] = dict(result_of(bench, run).timing or {})
    assert timing["machine"] == platform.node()
    assert 0 <= timing["others"] <= 1
    assert set(timing["rates"]) == {"prefix", "training", "evaluation"}
    again = bench.planning.preview_model("own", spec, "head", settings)
    assert again.times is not None
    assert again.times.run.measured_in == (run,)


def _again(bench: Workbench, spec: Any, strategy: str, **settings: Any) -> expecting.Expectation:
    times = bench.planning.preview_model("own", spec, strategy, {"epochs": 2, "augment_copies": 0, **settings}).times
    assert times
    return times.run


def test_a_second_run_finds_in_the_cache_what_the_first_has_heard(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the very clips, at the very boundary; and only as long as the files are there."""
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "tiny", "wav2vec2-layer")))
    given = {"folds": 2, "general_set": "none"}
    first = _again(bench, spec, "head", **given)
    execute(bench, prepare(bench, monkeypatch, spec, "own", **given))
    assert _again(bench, spec, "head", **given).parts["prefix"] == 0 < first.parts["prefix"]
    assert _again(bench, spec, "top-1", **given).parts["prefix"] > 0, "another boundary"
    checked = _again(bench, spec, "head", folds=2, general_set="general").loads["prefix"]
    assert checked.cost > 0, "general speech was not heard"
    kept = sorted(bench.workspace.cache.glob("*/*.safetensors"))
    assert len(kept) == 8
    kept[0].unlink()
    assert _again(bench, spec, "head", **given).loads["prefix"].cost == pytest.approx(first.loads["prefix"].cost / 8)


def test_what_the_base_has_heard_in_its_own_window_serves_every_strategy(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_whisper(tmp_path / "tiny")))
    given = {"folds": 2, "general_set": "none", "window": 1}
    first = _again(bench, spec, "encoder", **given)
    other = _again(bench, spec, "full", **given)
    execute(bench, prepare(bench, monkeypatch, spec, "own", "encoder", **given))
    assert _again(bench, spec, "encoder", **given).loads["evaluation"].cost < first.loads["evaluation"].cost
    assert _again(bench, spec, "full", **given).loads["evaluation"].cost < other.loads["evaluation"].cost
