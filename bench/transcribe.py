"""Clips a second against `transformers.pipeline` at its best batch size, bundled models, clips of 1 to 12 s.

The pipeline gets the clips as they are and four batch sizes to choose from; ours gets them in the same order. Both take
turns. The texts are compared, too: for CTC both hear the same; where the pipeline pads a batch, it may not.

    python -m bench.transcribe [--smoke]
"""

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.parity import sample_clips
from bench.report import RESULTS, machine, show, write
from bench.shapes import ROOT, SAMPLE_RATE
from bench.turns import Spent

MODELS = ("ctc-en", "whisper-en")
BATCH_SIZES = (1, 4, 8, 16)
SHORTEST, LONGEST = 1.0, 12.0  # seconds


def mixed_clips(n: int) -> list[np.ndarray]:
    """Speech of mixed lengths, 1 to 12 s, in no order: the bundled clips one after another, cut."""
    speech = np.concatenate(sample_clips(40, 0).sounds)
    rng = np.random.default_rng(0)
    lengths = (rng.uniform(SHORTEST, LONGEST, n) * SAMPLE_RATE).astype(int)
    starts = [int(rng.integers(0, len(speech) - length)) for length in lengths]
    return [speech[start : start + length] for start, length in zip(starts, lengths, strict=True)]


def pipeline_of(folder: Path, seq2seq: bool) -> Callable[[list[np.ndarray], int], list[str]]:
    """transformers' pipeline as its documentation sets it up; Whisper greedy, as ours."""
    import torch
    from transformers import pipeline

    pipe = pipeline("automatic-speech-recognition", model=str(folder), dtype=torch.float32)
    more = {"generate_kwargs": {"num_beams": 1, "do_sample": False}} if seq2seq else {}

    def hear(sounds: list[np.ndarray], batch_size: int) -> list[str]:
        inputs = [{"raw": sound, "sampling_rate": SAMPLE_RATE} for sound in sounds]
        return [" ".join(out["text"].split()) for out in pipe(inputs, batch_size=batch_size, **more)]

    return hear


def measure(model: str, sounds: list[np.ndarray], rounds: int, work: Path) -> dict[str, Any]:
    """One row: seconds of each way over all clips, medians of some rounds in turns."""
    from workbench.services.workbench import Workbench

    folder = ROOT / "assets" / model
    usual = pipeline_of(folder, (folder / "generation_config.json").is_file())
    workbench = Workbench.open(work)
    ours = workbench.transcribing
    few = sounds[:4]
    usual(few, 1), ours.hear(model, few, "en")
    theirs: dict[int, list[Spent]] = {size: [] for size in BATCH_SIZES}
    mine: list[Spent] = []
    for _ in range(rounds):
        for size in BATCH_SIZES:
            began = Spent.now()
            said = usual(sounds, size)
            theirs[size].append(Spent.now().since(began))
            if size == BATCH_SIZES[0]:
                alone = said
            began = Spent.now()
            heard = [text for text, _ in ours.hear(model, sounds, "en")]
            mine.append(Spent.now().since(began))
    workbench.close()
    best = min(theirs, key=lambda size: median(theirs[size]))
    usual_seconds, our_seconds = median(theirs[best]), median(mine)
    return {
        "model": model,
        "clips": len(sounds),
        "sound_seconds": round(sum(map(len, sounds)) / SAMPLE_RATE, 1),
        "best_batch": best,
        "usual_clips_per_second": round(len(sounds) / usual_seconds, 3),
        "our_clips_per_second": round(len(sounds) / our_seconds, 3),
        "ratio": round(usual_seconds / our_seconds, 2),
        "cpu_ratio": round(min(median(t, "cpu") for t in theirs.values()) / median(mine, "cpu"), 2),
        "same_texts_as_alone": sum(a == b for a, b in zip(alone, heard, strict=True)),
        "usual_by_batch": {size: round(median(t), 3) for size, t in theirs.items()},
    }


def median(times: list[Spent], clock: str = "wall") -> float:
    return statistics.median(getattr(t, clock) for t in times)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="few clips: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    n, rounds = (4, 1) if given.smoke else (48, 3)
    about = machine()
    rows = []
    for model in MODELS:
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            rows.append(measure(model, mixed_clips(n), rounds, Path(work)))
    show("Transcribing clips of 1 to 12 s", [{k: v for k, v in r.items() if k != "usual_by_batch"} for r in rows])
    print(write("transcribe", {"machine": about, "rows": rows}, given.out))


if __name__ == "__main__":
    main()
