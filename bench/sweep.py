"""A sweep of twelve arms (`head`, `top-1`, `top-2`, `top-4`, three rates each) against one `full` run the usual way.

The shape of wav2vec2-base, 40 clips of 5 s to learn from, 10 epochs; ours also has 10 clips to choose by and 10 to test
on. Ours runs from start to end, loading, prefix and every scoring included, with early stopping switched off, because
noise would end the arms too soon. Of the usual way some updates are measured before and some after, and one evaluation.

    python -m bench.sweep [--smoke]
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import soundfile

from bench import ours, usual
from bench.report import RESULTS, machine, show, write
from bench.shapes import SAMPLE_RATE, SHAPES, SMOKE_SHAPES, Clips, noise_clips, save_shape
from bench.turns import Way

STRATEGIES = ("head", "top-1", "top-2", "top-4")
SMOKE_STRATEGIES = ("head", "top-1")  # of a model with three layers
RATES = (1e-5, 3e-5, 1e-4)
BATCH, EPOCHS = 4, 10


def write_set(clips: Clips, folder: Path) -> Path:
    """The clips as a folder with a manifest: the further ones are half dev, half test."""
    (folder / "audio").mkdir(parents=True)
    rows = []
    for i, (sound, text) in enumerate(zip(clips.sounds, clips.texts, strict=True)):
        soundfile.write(folder / "audio" / f"{i}.wav", sound, SAMPLE_RATE)
        split = "train" if i in clips.train else "dev" if i % 2 else "test"
        rows.append({"audio_filepath": f"audio/{i}.wav", "text": text, "split": split})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def sweep(model: Path, clips: Clips, strategies: tuple[str, ...], epochs: int, work: Path) -> dict[str, Any]:
    """Seconds of the whole sweep, and the updates that its arms made."""
    from workbench.asr.catalog.catalog import folder_spec
    from workbench.services.runs.execute import execute
    from workbench.services.workbench import Workbench

    bench = Workbench.open(work / "workspace")
    bench.adaptation.jobs.launch = lambda name: None  # type: ignore[method-assign]
    bench.collecting.import_path(write_set(clips, work / "set"), "noise", language="en")
    settings = {"folds": 0, "general_set": "none", "epochs": epochs, "batch_clips": BATCH, "batch_seconds": 600.0}
    settings |= {"patience": 0, "augment_copies": 0, "normalizer": "marks"}
    run = bench.adaptation.start_sweep("noise", folder_spec(model), strategies, RATES, settings)
    began = time.perf_counter()
    execute(bench.workspace, bench.store, run)
    seconds = time.perf_counter() - began
    arms = bench.comparing.document(run)["sweep"]["arms"]
    bench.close()
    return {"seconds": seconds, "arms": len(arms), "updates": sum(arm["updates"] for arm in arms)}


def measure(*, smoke: bool, work: Path) -> dict[str, Any]:
    """One row: the sweep, the usual way's `full` run, and how many times the sweep takes that."""
    shape = (SMOKE_SHAPES if smoke else SHAPES)["wav2vec2-base"]
    n_train, n_further, seconds, epochs, steps = (8, 4, 1.0, 2, 1) if smoke else (40, 20, 5.0, EPOCHS, 3)
    clips = noise_clips(n_train, n_further, seconds, shape.words)
    model = save_shape(shape, work / "model")
    learns = ours.learning_names(model, "full")
    theirs = Way(usual.run, model, clips, learns, False, False, None, work / "usual")
    try:
        theirs.steps(1)  # the first update also sets up
        updates = theirs.steps(steps)
        swept = sweep(model, clips, SMOKE_STRATEGIES if smoke else STRATEGIES, epochs, work)
        updates += theirs.steps(steps)
        evaluation = theirs.ask("evaluate").wall * (n_further / 2) / n_further  # half of the further clips are dev
    finally:
        theirs.end()
    step = statistics.median(spent.wall for spent in updates)
    full = epochs * (n_train // BATCH) * step + 2 * evaluation
    return {
        "shape": shape.name,
        "arms": swept["arms"],
        "sweep_updates": swept["updates"],
        "sweep_seconds": round(swept["seconds"], 1),
        "usual_full_step": round(step, 3),
        "usual_full_seconds": round(full, 1),
        "sweep_to_full": round(swept["seconds"] / full, 2),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="a tiny shape: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    about = machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        row = measure(smoke=given.smoke, work=Path(work))
    show("A sweep against one usual full run", [row])
    print(write("sweep", {"machine": about, "rows": [row]}, given.out))


if __name__ == "__main__":
    main()
