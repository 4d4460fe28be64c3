"""Trains the base model from a start model against the clock, and can be stopped and taken up again.

The learning rate follows the wall clock, not the steps, because the machine is shared and its speed changes. What is
scored and kept is the moving average of the weights, which at this size is worth a few points of error at any time.
"""

import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import Wav2Vec2ForCTC
from transformers.utils import logging

from recipes.pretrain import clips as clip_files
from recipes.pretrain.augment import Augmenter
from recipes.pretrain.score import errors


@dataclass(frozen=True)
class Plan:
    """What to train, from where, until when."""

    start_from: Path  # a folder of Wav2Vec2ForCTC
    speech: Path  # holds the folders of clips; ones that are finished later join at the next epoch
    dev: Path  # a folder of clips never trained on
    out: Path  # checkpoint and log
    until: float  # when the decay has ended, seconds since 1970
    real: tuple[Path, ...] = ()  # sets of recordings, scored for the log only
    peak_rate: float = 1e-3
    decay_from: float = 0.5  # share of the time after which the rate falls linearly
    floor: float = 0.01  # of the peak rate, at the end
    warmup_steps: int = 300
    batch_s: float = 32.0  # sound in a batch, padding included
    average: float = 0.997  # of the moving average of the weights, per step
    mask_time_prob: float = 0.05  # SpecAugment along time
    save_every_s: float = 300.0
    score_every_s: float = 600.0
    seed: int = 0


@dataclass
class Progress:
    """Where a run stands; saved with the checkpoint."""

    step: int = 0
    epoch: int = 0
    heard_s: float = 0.0  # speech gone through the model, before augmentation and padding
    busy_s: float = 0.0  # wall clock of all sittings
    began: float = 0.0  # seconds since 1970, of the first sitting


def rate(plan: Plan, progress: Progress, now: float) -> float:
    """The learning rate: a short warm-up by steps, a plateau, a linear fall by the clock."""
    part = min(1.0, (now - progress.began) / (plan.until - progress.began))
    fall = min(1.0, (1 - part) / (1 - plan.decay_from))
    return plan.peak_rate * min(1.0, (progress.step + 1) / plan.warmup_steps) * max(plan.floor, fall)


class Trainer:
    """The model, its average, the optimiser and the log of one run."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        # A model this small on augmented speech underfits: dropout only slows it.
        self.model = Wav2Vec2ForCTC.from_pretrained(
            plan.start_from,
            dtype=torch.float32,
            mask_time_prob=plan.mask_time_prob,
            hidden_dropout=0.0,
            attention_dropout=0.0,
            final_dropout=0.0,
        )
        self.averaged = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(plan.average))
        self.optimizer = torch.optim.AdamW(self.model.parameters(), betas=(0.9, 0.98), weight_decay=0.01)
        self.progress = Progress(began=time.time())
        self.sets = {"dev": clip_files.spoken_clips(plan.dev)}
        self.sets |= {path.name: clip_files.recorded_clips(path, 60) for path in plan.real}
        if self.checkpoint.exists():
            self.restore()

    @property
    def checkpoint(self) -> Path:
        """The file a run is taken up from."""
        return self.plan.out / "checkpoint.pt"

    def restore(self) -> None:
        """Take up the run where its checkpoint left it."""
        state = torch.load(self.checkpoint, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def log(self, **facts: object) -> None:
        """Append one line of facts to the log and print it."""
        facts = {"time": time.strftime("%H:%M:%S", time.gmtime()), **asdict(self.progress), **facts}
        del facts["began"]
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in facts.items()})
        print(line, flush=True)
        with (self.plan.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def score(self) -> None:
        """Log the averaged model's errors on every set."""
        found = {name: errors(self.averaged.module, clips) for name, clips in self.sets.items()}
        self.log(**{name: f"WER {e.wer:.3f} CER {e.cer:.3f}" for name, e in found.items()})

    def step(self, batch: clip_files.Batch) -> float:
        """One update; returns the loss, NaN where the update was skipped."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.plan, self.progress, time.time())
        loss = self.model(batch.sound, attention_mask=batch.mask, labels=batch.targets).loss
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if not torch.isfinite(norm):
            return float("nan")
        self.optimizer.step()
        self.averaged.update_parameters(self.model)
        return loss.item()

    def run(self) -> None:
        """Train until the clock says stop, then score and save."""
        plan, progress = self.plan, self.progress
        augmenter, last, losses, preparing_s = Augmenter(), time.time(), [], 0.0
        next_save, next_score = last + plan.save_every_s, last
        while time.time() < plan.until:
            rng = random.Random(f"{plan.seed} {progress.step}")
            noise = np.random.default_rng([plan.seed, progress.step])
            folders = clip_files.finished_folders(plan.speech)
            groups = clip_files.packed(
                (clip for folder in folders for clip in clip_files.spoken_clips(folder)), plan.batch_s, rng
            )
            self.log(folders=len(folders), batches=len(groups))
            for group in groups:
                now = time.time()
                progress.busy_s, last = progress.busy_s + now - last, now
                if now >= plan.until:
                    break
                if now >= next_score:
                    self.score()
                    next_score = now + plan.score_every_s
                if now >= next_save:
                    self.save()
                    next_save = now + plan.save_every_s
                begin = time.perf_counter()
                batch = clip_files.collate(group, augmenter, noise)
                preparing_s += time.perf_counter() - begin
                self.model.train()
                losses.append(self.step(batch))
                progress.step += 1
                progress.heard_s += sum(len(clip.sound) for clip in group) / clip_files.SAMPLE_RATE_HZ
                if progress.step % 200 == 0:
                    spent = time.perf_counter() - begin
                    self.log(loss=float(np.nanmean(losses)), preparing_s=preparing_s / len(losses), step_s=spent)
                    losses, preparing_s = [], 0.0
            progress.epoch += 1
        self.score()
        self.save()


def train(plan: Plan) -> None:
    """Train by the plan; a checkpoint in `plan.out` is taken up."""
    logging.disable_progress_bar()
    plan.out.mkdir(parents=True, exist_ok=True)
    Trainer(plan).run()
