"""Fine-tuning over cached activations against the usual way, for four pairs of shape and strategy, and `full`.

40 clips of 5 s in batches of 4, 10 epochs, 10 further clips that base and adapted write down. The whole job is put
together from its measured parts, loading left out: the frozen prefix (a cold cache only), 100 updates, two
evaluations. A complete run of each way on the bundled models checks that both learn the same. Whisper in a shorter
window against the usual 30 s has rows of its own, see windowed.py.

    python -m bench.finetune [--smoke] [--only SHAPE:STRATEGY]
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import ours, usual
from bench.parity import check_bundled
from bench.parts import BATCH, EPOCHS, PROMPT, SMOKE, Parts, Size
from bench.report import RESULTS, machine, matrix_rate, show, write
from bench.shapes import SHAPES, SMOKE_SHAPES, WHISPER_TOKENS, Clips, Shape, noise_clips, save_shape
from bench.turns import Way
from bench.windowed import measure_all

CASES = [
    ("wav2vec2-base", "head"),
    ("wav2vec2-base", "top-2"),
    ("whisper-tiny", "decoder"),
    ("whisper-tiny", "top-1"),
    ("wav2vec2-base", "full"),
]


def measure(shape: Shape, strategy: str, size: Size, work: Path) -> dict[str, Parts]:
    """The parts of each way, measured in turns."""
    clips = noise_clips(size.n_train, size.n_further, size.seconds, shape.words)
    folder = save_shape(shape, work / "model")
    learns = ours.learning_names(folder, strategy)
    most = PROMPT + WHISPER_TOKENS if shape.seq2seq else None
    ways = {"usual": Way(usual.run, folder, clips, learns, strategy != "full", shape.seq2seq, most, work / "usual")}
    if strategy != "full" and size.naive_steps:  # where everything learns, nothing is left to be frozen
        ways["naive"] = Way(usual.run, folder, clips, learns, False, shape.seq2seq, most, work / "naive")
    ways["ours"] = Way(ours.run, folder, clips, strategy, most, work / "ours")
    parts = {name: Parts([], [], []) for name in ways}
    try:
        _take_turns(ways, parts, clips, size)
        for name, way in ways.items():
            parts[name].memory = way.ask("memory")
    finally:
        for way in ways.values():
            way.end()
    return parts


def _take_turns(ways: dict[str, Way], parts: dict[str, Parts], clips: Clips, size: Size) -> None:
    """First our prefix, chunk by chunk, between updates of the others; then updates and evaluations of all."""
    others = [name for name in ways if name != "ours"]
    for name in others:
        ways[name].steps(1)  # the first update also sets up
    for start in range(0, len(clips.sounds), size.chunk):
        parts["usual"].steps += ways["usual"].steps(1)
        parts["ours"].prefix.append(ways["ours"].ask("prefix", start, start + size.chunk))
    ways["ours"].steps(1)
    for number in range(size.rounds):
        parts["usual"].steps += ways["usual"].steps(size.usual_steps)
        parts["ours"].steps += ways["ours"].steps(size.our_steps)
        if "naive" in ways and number == 1:
            parts["naive"].steps += ways["naive"].steps(size.naive_steps)
        if number % 2 == 0:
            for name in ("usual", "ours"):
                parts[name].evaluations.append(ways[name].ask("evaluate"))


def ratios(parts: dict[str, Parts], size: Size, clock: str = "wall") -> dict[str, float]:
    """How many times the usual way takes ours."""
    usual_way, our_way = parts["usual"], parts["ours"]
    updates = EPOCHS * (size.n_train // BATCH)
    job = usual_way.job(updates, clock)
    return {
        "training_ratio": round(usual_way.step(clock) / our_way.step(clock), 2),
        "cold_job_ratio": round(job / our_way.job(updates, clock, cold=True), 2),
        "warm_job_ratio": round(job / our_way.job(updates, clock), 2),
    }


def row_of(shape: str, strategy: str, parts: dict[str, Parts], size: Size) -> dict[str, Any]:
    """One row of results/finetune.json."""
    return {
        "shape": shape,
        "strategy": strategy,
        "usual_step": round(parts["usual"].step(), 4),
        "naive_step": round(parts.get("naive", parts["usual"]).step(), 4),
        "our_step": round(parts["ours"].step(), 4),
        **ratios(parts, size),
    }


def details_of(shape: str, strategy: str, parts: dict[str, Parts], size: Size) -> dict[str, Any]:
    """What the row is made of, the same in the processors' time, and the peak memory (MB, the whole process)."""
    usual_way, our_way = parts["usual"], parts["ours"]
    return {
        "shape": shape,
        "strategy": strategy,
        "prefix": round(our_way.listening(), 3),
        "usual_evaluation": round(usual_way.evaluation(), 3),
        "our_evaluation": round(our_way.evaluation(), 3),
        "usual_mb": round(usual_way.memory),
        "our_mb": round(our_way.memory),
        "cpu": {
            "usual_step": round(usual_way.step("cpu"), 4),
            "naive_step": round(parts.get("naive", usual_way).step("cpu"), 4),
            "our_step": round(our_way.step("cpu"), 4),
            "prefix": round(our_way.listening("cpu"), 3),
            "usual_evaluation": round(usual_way.evaluation("cpu"), 3),
            "our_evaluation": round(our_way.evaluation("cpu"), 3),
            **ratios(parts, size, "cpu"),
        },
        "usual_steps": [round(s.wall, 4) for s in usual_way.steps],
        "our_steps": [round(s.wall, 4) for s in our_way.steps],
    }


def name_of(row: dict[str, Any]) -> dict[str, str]:
    return {"shape": row["shape"], "strategy": row["strategy"]}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="tiny shapes: shows that it works, measures nothing")
    parser.add_argument("--only", help="SHAPE:STRATEGY; the files are left as they are")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    shapes, size = (SMOKE_SHAPES, SMOKE) if given.smoke else (SHAPES, Size())
    about = {"machine": machine(), "gflops_before": matrix_rate()}
    rows, details = [], []
    for shape, strategy in CASES:
        if given.only not in (None, f"{shape}:{strategy}"):
            continue
        mine = replace(size, chunk=size.n_train + size.n_further, rounds=4, our_steps=1) if strategy == "full" else size
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            parts = measure(shapes[shape], strategy, mine, Path(work))
        rows.append(row_of(shape, strategy, parts, mine))
        details.append(details_of(shape, strategy, parts, mine))
        print({**rows[-1], **{k: v for k, v in details[-1].items() if not k.endswith("steps")}}, flush=True)
        if not given.only:
            write("finetune", rows, given.out)
    show("Fine-tuning: seconds an update, and how many times the usual way takes ours", rows)
    checks = [] if given.only else check_bundled(smoke=given.smoke)
    if given.only:
        return
    windowed = measure_all(shapes["whisper-tiny"], size, smoke=given.smoke)
    spent = [{"strategy": r["strategy"], "weights": r["weights"], **r["cpu"]} for r in windowed]
    show("Whisper in 10 s against the usual 30 s, the processors' time", spent)
    write("finetune-window", windowed, given.out)
    show("The same in the processors' time", [{**name_of(d), **d["cpu"]} for d in details])
    show("Complete runs on the bundled models: the same batches, no dropout, no masks", checks)
    about |= {"gflops_after": matrix_rate(), "load_after": machine()["load"]}
    print(write("finetune-details", {**about, "parts": details, "checks": checks}, given.out))


if __name__ == "__main__":
    main()
