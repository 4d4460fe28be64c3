"""A complete run of both ways on the bundled models: the same batches in the same order must end in the same place."""

import json
import tempfile
from pathlib import Path
from typing import Any

from bench.ours import Ours, learning_names
from bench.shapes import ROOT, SAMPLE_RATE, Clips
from bench.usual import Usual
from workbench.asr.training.batches import LengthSampler
from workbench.asr.training.trainer import FINAL_RATE_SHARE
from workbench.audio.decode import read_clip
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.scoring import evaluate

CASES = [
    ("ctc-en", "head", 3e-3),
    ("ctc-en", "top-2", 5e-4),
    ("whisper-en", "decoder", 1e-4),
    ("whisper-en", "top-1", 3e-4),
]


def check_bundled(*, smoke: bool = False) -> list[dict[str, Any]]:
    """Final loss and word error rate of both ways for each case."""
    n_train, n_further, epochs = (4, 2, 1) if smoke else (24, 12, 4)
    rows = []
    for model, strategy, rate in CASES:
        folder = ROOT / "assets" / model
        if not (folder / "config.json").is_file():
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as work:
            rows.append(_check(folder, strategy, rate, sample_clips(n_train, n_further), epochs, Path(work)))
    return rows


def sample_clips(n_train: int, n_further: int) -> Clips:
    """The first of the bundled clinic clips."""
    folder = ROOT / "assets" / "clips" / "clinic"
    lines = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()][: n_train + n_further]
    texts = ["".join(c for c in line["text"].lower() if c.isalpha() or c in " '") for line in lines]
    return Clips([read_clip(folder / line["audio_filepath"]) for line in lines], texts, n_train)


def _check(folder: Path, strategy: str, rate: float, clips: Clips, epochs: int, work: Path) -> dict[str, Any]:
    config = TrainingConfig(
        epochs=epochs, learning_rate=rate, batch_clips=4, batch_seconds=600, time_mask=0, dropout=0.0, patience=0
    )
    batches, sampler = [], LengthSampler([len(clips.sounds[i]) for i in clips.train], config)
    for epoch in range(epochs):
        sampler.set_epoch(epoch)
        batches += list(sampler)
    ours = Ours(folder, clips, strategy, work / "ours")
    ours.backend.set_time_mask(0)
    ours.backend.set_dropout(0)
    ours.prefix(0, len(clips.sounds))
    ours.evaluate()
    base, losses = ours.heard, []
    ours.train(config, told=lambda step, planned, loss, checks: losses.append(loss))
    ours.evaluate()
    seq2seq = (folder / "generation_config.json").is_file()
    usual = Usual(
        folder,
        clips,
        learning_names(folder, strategy),
        freeze=True,
        seq2seq=seq2seq,
        work=work / "usual",
        quiet=True,
        batches=batches,
        most_tokens=int(ours.backend.most_tokens) if seq2seq else None,
        max_steps=len(batches),
        logging_steps=1,
        learning_rate=rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": FINAL_RATE_SHARE},
        warmup_steps=min(max(5, round(config.warmup_share * len(batches))), max(1, len(batches) // 2)),
        weight_decay=config.weight_decay,
        adam_beta2=0.98,
    )
    usual.trainer.train()
    usual_losses = [entry["loss"] for entry in usual.trainer.state.log_history if "loss" in entry]
    usual.evaluate()
    said = [clips.texts[i] for i in clips.further]
    return {
        "model": folder.name,
        "strategy": strategy,
        "updates": len(batches),
        "seconds_of_sound": round(sum(map(len, clips.sounds)) / SAMPLE_RATE, 1),
        "first_loss": round(losses[0], 5),
        "usual_final_loss": round(usual_losses[-1], 5),
        "our_final_loss": round(losses[-1], 5),
        "base_wer": round(evaluate(said, base, "none").wer, 4),
        "usual_wer": round(evaluate(said, usual.heard, "none").wer, 4),
        "our_wer": round(evaluate(said, ours.heard, "none").wer, 4),
    }
