"""Trains either architecture against the clock; a run can be stopped and taken up again.

The learning rate follows the time spent, not the steps, because the machine is shared and its speed changes. What is
scored and kept is the moving average of the weights, which at this size is worth a few points of error at any time.
"""

import json
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel
from transformers.utils import logging

from recipes.pretrain import clips as clip_files
from recipes.pretrain.augment import Augmenter, Draws
from recipes.pretrain.bank import Bank, Cut, Pace
from recipes.pretrain.clips import SAMPLE_RATE_HZ, Clip, Deck
from recipes.pretrain.copies import Copies
from recipes.pretrain.learner import Learner, Targets
from recipes.pretrain.optimizer import Optimizer
from recipes.pretrain.replay import WIDTHS_S, Computed, Halved, Replay, agreement
from recipes.pretrain.score import errors
from recipes.pretrain.voices import FLITE

LONGEST_BATCH_S = 15.0  # clips that were slowed down beyond it are left out
GPU_BATCH = 20  # times the batch of a CPU, at most
GIB_A_BATCH = 2.0  # of a GPU's memory for each of those; a guess with room, tried on 139 GiB only
GPU_ROUND = 10  # times the round of a CPU, so that few clips find no batch of their width
AGREEMENT = 0.5  # of the gradients of a recording and of what was recorded, whose random masks may differ
AHEAD = 4  # batches laid out while the model learns from one


@dataclass(frozen=True)
class Plan:
    """What to train on, for how long, and how."""

    speech: Path  # holds the folders of clips; ones that are finished later join in
    out: Path  # checkpoint and log
    minutes: float  # wall clock of all sittings together, at whose end the rate has fallen to almost nothing
    replayed: bool = True  # on a GPU, where each step is recorded once
    sitting_minutes: float = math.inf  # wall clock of this sitting, which may end before the plan does
    dev: Path | None = None  # a folder of clips never trained on, scored for the log
    real: tuple[Path, ...] = ()  # sets of recordings, scored for the log only
    peak_rate: float = 7e-4  # twice as much left the loss a tenth higher until the rate fell
    decay_from: float = 0.45  # share of the time after which the rate falls linearly
    floor: float = 0.01  # of the peak rate, at the end
    warmup_steps: int = 100
    batch_s: float = 32.0  # sound in a batch, padding included; on a CPU doubled when the rate has begun to fall
    average: float = 0.998  # of the moving average of the weights, per step
    joined_share: float = 0.25  # of the clips, that are several spoken ones in a row
    augmented_shares: tuple[float, float] = (0.5, 0.8)  # of the clips, before the rate falls and after
    all_voices_from: float = 0.3  # share of the time before which only the few voices made of recordings speak
    in_window_from: float = 0.8  # share of the time after which clips are padded to the model's own window
    round_s: float = 6000.0  # speech that is packed into batches at a time
    save_every_s: float = 300.0
    score_every_s: float = 600.0
    seed: int = 0

    def part(self, busy_s: float) -> float:
        """The share of the time that has passed, 0 to 1."""
        return min(1.0, busy_s / (60 * self.minutes))

    def rate(self, step: int, part: float) -> float:
        """The learning rate: a short warm-up by steps, a plateau, a linear fall by the clock."""
        fall = min(1.0, (1 - part) / (1 - self.decay_from))
        return self.peak_rate * min(1.0, (step + 1) / self.warmup_steps) * max(self.floor, fall)


@dataclass
class Progress:
    """Where a run stands; saved with the checkpoint."""

    step: int = 0
    heard_s: float = 0.0  # speech gone through the model, before augmentation and padding, by all copies
    busy_s: float = 0.0  # wall clock of all sittings


@dataclass(frozen=True)
class Ready:
    """A batch laid out on the device, whose sound is still in the bank."""

    cut: Cut
    draws: Draws
    targets: Targets
    speech_s: float  # before augmentation and padding


class Trainer:
    """The model, its average, the optimiser and the log of one run."""

    def __init__(self, plan: Plan, learner: Learner) -> None:
        self.plan, self.learner, self.copies = plan, learner, Copies.met()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.on_gpu = self.device.type == "cuda"
        self.batch_s = plan.batch_s * (gpu_batch(self.device) if self.on_gpu else 1)
        self.round_s = plan.round_s * (GPU_ROUND if self.on_gpu else 1)
        self.augmenter = Augmenter()
        learner.module.to(self.device)
        torch.set_float32_matmul_precision("high")  # of Muon's products, on a GPU
        self.copies.same_start(learner.module)
        self.averaged = AveragedModel(learner.module, multi_avg_fn=moving_average(plan.average))
        self.optimizer = Optimizer(learner.module)
        self.progress = Progress()
        self.sets = {"dev": clip_files.spoken_clips(plan.dev)} if plan.dev else {}
        self.sets |= {path.name: clip_files.recorded_clips(path, 60) for path in plan.real}
        if self.checkpoint.exists():
            self.restore()

    @property
    def checkpoint(self) -> Path:
        """The file a run is taken up from."""
        return self.plan.out / "checkpoint.pt"

    def restore(self) -> None:
        """Take up the run where its checkpoint left it."""
        state = torch.load(self.checkpoint, weights_only=True, map_location=self.device)
        kept, now = ({n: w.shape for n, w in s.items()} for s in (state["model"], self.learner.module.state_dict()))
        if kept != now:
            raise ValueError(
                f"{self.plan.out} holds the run of a model of another shape (more or fewer layers, another kind). "
                "Give another folder for the work (WORK), or ask for what that run was begun with."
            )
        self.learner.module.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])

    def save(self) -> None:
        """Write the checkpoint, whole or not at all; the first copy does."""
        if self.copies.rank:
            return
        state = {
            "model": self.learner.module.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def log(self, **facts: object) -> None:
        """Append one line of facts to the log and print it; the first copy does."""
        if self.copies.rank:
            return
        facts = {"time": time.strftime("%H:%M:%S", time.gmtime()), **asdict(self.progress), **facts}
        line = json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in facts.items()})
        print(line, flush=True)
        with (self.plan.out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def score(self) -> None:
        """Log the averaged model's errors on every set; the first copy does."""
        if self.copies.rank:
            return
        found = {name: errors(self.learner, self.averaged.module, clips) for name, clips in self.sets.items()}
        self.log(**{name: f"WER {e.wer:.3f} CER {e.cer:.3f}" for name, e in found.items()})

    def step(self, ready: Ready, part: float) -> torch.Tensor:
        """One update; returns the loss."""
        self.optimizer.rate = self.plan.rate(self.progress.step, part)
        loss = self.learner.loss(self.compute(*self.given(ready)), ready.cut.n_samples, ready.targets, part)
        self.optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.learner.module.parameters(), 1.0)
        if torch.isfinite(norm):  # a clip may be too short for its letters
            self.optimizer.step()
            self.averaged.update_parameters(self.learner.module)
        return loss.detach()

    def given(self, ready: Ready) -> tuple[torch.Tensor, ...]:
        """What the model's core is given: the sound from the bank, altered."""
        sounds = self.augmenter(self.bank.play(ready.cut), ready.cut.n_samples, ready.draws)
        return self.learner.given(sounds, ready.cut.n_samples, ready.targets)

    @property
    def batch_shapes(self) -> list[tuple[int, int]]:
        """Clips and samples of the batches on a GPU, from narrow to wide."""
        return [(max(1, int(self.batch_s / width_s)), int(width_s * SAMPLE_RATE_HZ)) for width_s in WIDTHS_S]

    def recorded(self) -> Computed:
        """The core, recorded for each shape; as it is where there is no GPU or none is to be replayed."""
        if not self.on_gpu:
            return self.learner.core
        if not self.plan.replayed:
            return Halved(self.learner.core)
        quiet = [Clip((np.zeros(SAMPLE_RATE_HZ, dtype=np.int16),), "quiet", places=(0,))]
        rng = np.random.default_rng(0)
        cut = Pace().cut(quiet, np.array([False]), rng)
        examples = []
        for n, width in self.batch_shapes:
            same = self._ready(quiet * n, cut.rows([0] * n, width), np.zeros(n, dtype=bool), rng)
            sounds, *others = self.given(same)
            examples.append((torch.randn_like(sounds), *others))
        replay = Replay(self.learner.core, examples)
        agreed = [agreement(self.learner.core, replay, given) for given in examples[::5]]
        self.log(agreed=[round(one, 4) for one in agreed])
        if not min(agreed) >= AGREEMENT:
            raise ValueError("This GPU does not replay what it recorded; train with --no-replay.")
        return replay

    def groups(self, rng: random.Random) -> Iterator[tuple[list[Clip], Cut, np.ndarray]]:
        """Clips for batches without end, how they are cut, and which of them are altered.

        Speech that was finished meanwhile joins in at the next round.
        """
        plan, many, few = self.plan, Deck(rng), Deck(rng)
        drawn = np.random.default_rng([plan.seed, self.copies.rank, self.progress.step])
        while True:
            new = self.bank.grow()
            many.add(new)
            few.add([clip for clip in new if clip.voice in FLITE])
            if not many.all:
                raise ValueError(f"There is no speech to train on in {plan.speech}; give more minutes, or speak first.")
            if new:
                self.log(folders=len(self.bank.taken), clips=len(many.all), speech_h=self.bank.hours)
            part = plan.part(self.progress.busy_s)
            window_s = self.learner.window_s if part >= plan.in_window_from else 0.0
            late = part >= plan.decay_from
            joined_share = max(plan.joined_share, 0.6 if window_s else 0.0)  # else most of a window were silence
            dealt = (few if few.all and part < plan.all_voices_from else many).deal(self.round_s)
            clips = list(clip_files.joined(dealt, joined_share, rng))
            changed = drawn.random(len(clips)) < plan.augmented_shares[late]
            cut = Pace().cut(clips, changed, drawn)
            for rows, width in self.packed(cut.n_samples.tolist(), rng, window_s=window_s, late=late):
                yield [clips[i] for i in rows], cut.rows(rows, width), changed[rows]

    def packed(
        self, lengths: list[int], rng: random.Random, *, window_s: float, late: bool
    ) -> Iterator[tuple[list[int], int]]:
        """Which clips go together, and to how many samples they are padded; on a GPU all batches have few shapes."""
        if self.on_gpu:
            shapes = [shape for shape in self.batch_shapes if shape[1] >= window_s * SAMPLE_RATE_HZ]
            yield from clip_files.packed_into(shapes, lengths, rng)
            return
        kept = [i for i, length in enumerate(lengths) if length <= LONGEST_BATCH_S * SAMPLE_RATE_HZ]
        batch_s = self.batch_s * (2 if late else 1)
        for group in clip_files.packed([lengths[i] for i in kept], batch_s, rng, window_s=window_s):
            rows = [kept[i] for i in group]
            yield rows, max(int(window_s * SAMPLE_RATE_HZ), *(lengths[i] for i in rows))

    def _ready(self, clips: list[Clip], cut: Cut, changed: np.ndarray, rng: np.random.Generator) -> Ready:
        labels, width = [clip.label for clip in clips], cut.width if self.on_gpu else 0
        return Ready(
            cut.to(self.device),
            self.augmenter.draw(changed, rng).to(self.device),
            self.learner.targets(labels, rng, width=width).to(self.device),
            sum(clip.n_samples for clip in clips) / SAMPLE_RATE_HZ,
        )

    def laid_out(self, clips: list[Clip], cut: Cut, changed: np.ndarray, step: int) -> Ready:
        """The batch on the device, drawn by the run's seed, the copy's place and the step."""
        return self._ready(clips, cut, changed, np.random.default_rng([self.plan.seed, self.copies.rank, step]))

    def batches(self) -> Iterator[Ready]:
        """Batches without end, laid out by a thread of their own a little ahead."""
        step = self.progress.step
        groups = self.groups(random.Random(f"{self.plan.seed} {self.copies.rank} {step}"))
        steps = count(step)
        with ThreadPoolExecutor(1) as pool:

            def ahead() -> Future[Ready]:
                return pool.submit(lambda: self.laid_out(*next(groups), next(steps)))

            waiting = [ahead() for _ in range(AHEAD)]
            while True:
                waiting.append(ahead())
                yield waiting.pop(0).result()

    def run(self) -> None:
        """Train until the time is spent, then score and save."""
        plan, progress = self.plan, self.progress
        self.bank = Bank(plan.speech, self.device)
        began = last = time.time()
        losses, heard_s = [], 0.0
        next_save, next_score = last + plan.save_every_s, last + plan.score_every_s
        self.learner.module.train()
        self.compute = self.recorded()
        for ready in self.batches():
            losses.append(self.step(ready, plan.part(progress.busy_s)))
            progress.step += 1
            heard_s += ready.speech_s
            if not self.copies.due(progress.step):
                continue
            self.copies.average(self.learner.module)
            progress.heard_s, heard_s = progress.heard_s + self.copies.sum(heard_s), 0.0
            now = time.time()
            progress.busy_s, last = self.copies.longest(progress.busy_s + now - last), now
            if progress.step % 100 == 0:
                self.log(loss=torch.stack(losses).nanmean().item(), rate=self.optimizer.rate)
                losses = []
            if now >= next_score:
                self.score()
                self.learner.module.train()
                next_score = now + plan.score_every_s
            if now >= next_save:
                self.save()
                next_save = now + plan.save_every_s
            if plan.part(progress.busy_s) >= 1 or self.copies.longest(now - began) >= 60 * plan.sitting_minutes:
                break
        self.score()
        self.save()


def gpu_batch(device: torch.device) -> int:
    """How many times the batch of a CPU this GPU is given."""
    gib = torch.cuda.get_device_properties(device).total_memory / 2**30
    return max(1, min(GPU_BATCH, int(gib / GIB_A_BATCH)))


def moving_average(
    decay: float,
) -> Callable[[Sequence[torch.Tensor], Sequence[torch.Tensor], torch.Tensor | int], None]:
    """The moving average of weights for `AveragedModel`, which forgets the first ones sooner than the later ones.

    With one decay from the start a short training would hardly be seen in it.
    """

    @torch.no_grad()
    def average(kept: Sequence[torch.Tensor], new: Sequence[torch.Tensor], n: torch.Tensor | int) -> None:
        torch._foreach_lerp_(kept, new, 1 - min(decay, (1 + int(n)) / (10 + int(n))))

    return average


def averaged_of(run_folder: Path, learner: Learner) -> torch.nn.Module:
    """The moving average of the weights in a run's checkpoint, put into the learner's own module."""
    state = torch.load(run_folder / "checkpoint.pt", weights_only=True, map_location="cpu")["averaged"]
    prefix = "module."  # of AveragedModel
    learner.module.load_state_dict(
        {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    )
    return learner.module


def train(plan: Plan, learner: Learner) -> Trainer:
    """Train by the plan and return the finished trainer; a checkpoint in `plan.out` is taken up."""
    logging.disable_progress_bar()
    plan.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(plan, learner)
    trainer.run()
    return trainer
