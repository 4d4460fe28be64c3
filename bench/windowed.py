"""Whisper in the window of the clips (10 s) against the usual way in its 30 s: updates, whole jobs, memory.

With the real weights of whisper-tiny.en where they are, else random ones in its shape. The base is heard in its own
30 s on both sides. Strategies that freeze the encoder begin from a healed one: a job is told with a cold and a warm
cache, and with the healing counted, which is made once for a model and window.
"""

import tempfile
from pathlib import Path
from typing import Any

from bench import ours, usual
from bench.parts import BATCH, EPOCHS, PROMPT, Parts, Size
from bench.shapes import WHISPER_TOKENS, Clips, Shape, noise_clips, save_shape
from bench.turns import Spent, Way
from workbench.core.windows import HEALING_UPDATES
from workbench.services.estimates.window import HEALING_COPIES, learn_count

MODEL = "whisper-tiny.en"
STRATEGIES = ("encoder", "full", "decoder", "top-1")
FROZEN = ("decoder", "top-1")
WINDOW, SMOKE_WINDOW = 10, 5
HEALED_FROM = 10  # clips that healing is tried with


def real_folder() -> Path | None:
    """Where the real weights are; None where they are not."""
    from workbench.asr.catalog.catalog import Catalog, local_folder

    return local_folder(Catalog().find(MODEL))


def measure(folder: Path, shape: Shape, strategy: str, window: int, size: Size, work: Path) -> dict[str, Any]:
    """One row: the parts of both ways, measured in turns, and what they make of a job."""
    clips = noise_clips(size.n_train, size.n_further, size.seconds, shape.words)
    learns, most, frozen = ours.learning_names(folder, strategy), PROMPT + WHISPER_TOKENS, strategy in FROZEN
    healing = _heal(folder, clips, strategy, most, work / "healing", window, size) if frozen else Spent(0.0, 0.0)
    ways = {
        "usual": Way(usual.run, folder, clips, learns, frozen, True, most, work / "usual"),
        "ours": Way(ours.run, folder, clips, strategy, most, work / "ours", window),
    }
    parts = {name: Parts([], [], []) for name in ways}
    try:
        base = [ways["ours"].ask("base") for _ in range(2)]  # cold, then from the cache
        _take_turns(ways, parts, clips, size, frozen=frozen)
        for name, way in ways.items():
            parts[name].memory = way.ask("memory")
    finally:
        for way in ways.values():
            way.end()
    return {"model": MODEL, "strategy": strategy, "window": window} | {
        clock: _row(parts, base, healing, size, clock, frozen=frozen) for clock in ("wall", "cpu")
    }


def _heal(folder: Path, clips: Clips, strategy: str, most: int, work: Path, window: int, size: Size) -> Spent:
    """What healing the encoder once takes, put together from some sounds and some updates.

    In a process of its own: the memory that it takes is none of a run that finds the encoder healed.
    """
    sounds, way = min(HEALED_FROM, size.n_train), Way(ours.run, folder, clips, strategy, most, work, window)
    try:
        listening, update = way.ask("listen", sounds), way.ask("heal", sounds, size.rounds)
    finally:
        way.end()
    n = learn_count() * (1 + HEALING_COPIES) / sounds
    return Spent(*(n * a + HEALING_UPDATES * b for a, b in zip(listening, update, strict=True)))


def _take_turns(ways: dict[str, Way], parts: dict[str, Parts], clips: Clips, size: Size, *, frozen: bool) -> None:
    if frozen:
        for start in range(0, len(clips.sounds), size.chunk):
            parts["ours"].prefix.append(ways["ours"].ask("prefix", start, start + size.chunk))
    for way in ways.values():
        way.steps(1)  # the first update also sets up
    for number in range(size.rounds):
        parts["usual"].steps += ways["usual"].steps(size.usual_steps)
        parts["ours"].steps += ways["ours"].steps(size.our_steps if frozen else size.usual_steps)
        if number % 2 == 0:
            for name in ways:
                parts[name].evaluations.append(ways[name].ask("evaluate"))


def _row(
    parts: dict[str, Parts], base: list[Spent], healing: Spent, size: Size, clock: str, *, frozen: bool
) -> dict[str, Any]:
    theirs, mine = parts["usual"], parts["ours"]
    updates = EPOCHS * (size.n_train // BATCH)
    job = theirs.job(updates, clock)
    cold_base, warm_base = (getattr(spent, clock) for spent in base)
    learned = updates * mine.step(clock) + mine.evaluation(clock)
    cold = learned + mine.listening(clock) + cold_base
    return {
        "usual_step": round(theirs.step(clock), 4),
        "our_step": round(mine.step(clock), 4),
        "training_ratio": round(theirs.step(clock) / mine.step(clock), 2),
        "cold_job_ratio": round(job / cold, 2),
        "warm_job_ratio": round(job / (learned + warm_base), 2),
        "healing_counted_ratio": round(job / (cold + getattr(healing, clock)), 2) if frozen else None,
        "healing": round(getattr(healing, clock), 1) if frozen else None,
        "base": round(cold_base, 3),
        "our_evaluation": round(mine.evaluation(clock), 3),
        "usual_evaluation": round(theirs.evaluation(clock), 3),
        "usual_mb": round(theirs.memory),
        "our_mb": round(mine.memory),
    }


def measure_all(shape: Shape, size: Size, *, smoke: bool) -> list[dict[str, Any]]:
    """The rows of all strategies; `healing_counted_ratio` is of the first run, the others of every later one."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        real = None if smoke else real_folder()
        for strategy in STRATEGIES:
            folder = real or save_shape(shape, Path(work) / "model")
            row = measure(folder, shape, strategy, SMOKE_WINDOW if smoke else WINDOW, size, Path(work) / strategy)
            rows.append(row | {"weights": "real" if real else "random"})
            print(rows[-1], flush=True)
    return rows
