"""The whole recipe in one go: speak, train, evaluate, write the model folder and its card.

    work/speech/1, 2, ...   synthetic speech to train on
    work/dev, heard, unheard    held-out lines; the last in voices that no training hears
    work/run                checkpoint and log
    model folder            weights in half precision, tokenizer, workbench.json, README.md

Whatever a killed run has finished is taken up by the next one with the same work folder, and a longer budget goes on
from where a shorter one ended.
"""

import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from recipes.pretrain import speech, texts, voices
from recipes.pretrain.card import Facts, card, workbench_facts
from recipes.pretrain.clips import FULL_SCALE, SAMPLE_RATE_HZ, Clip, finished_folders, recorded_clips, spoken_clips
from recipes.pretrain.copies import Copies
from recipes.pretrain.learner import Learner
from recipes.pretrain.rooms import with_noise
from recipes.pretrain.score import Errors, errors
from recipes.pretrain.train import Plan, Trainer, train

MODELS = ("ctc-en", "whisper-en")
SPEAKING_SHARE = 0.2  # of the budget; the first 15 hours of speech take ten quiet minutes of two cores
EVALUATING_SHARE = 0.1
HELD_OUT_CLIPS = {"dev": 120, "heard": 300, "unheard": 300}
SECONDS_A_CLIP = 0.1  # to speak one, about; held-out sets get a twentieth of the speaking time each at most
CORES_OF_A_GPU = 3  # that start its kernels, lay out batches and score
NOISE_DB = 10.0  # signal to noise of the noisy test set
MINUTES_TO_SCORE_ALL = 30  # below this budget the tests take the first clips of each set only
FEW_CLIPS = 20


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    model: str
    minutes: float
    work: Path
    out: Path  # the model folder
    books: Path | None = None
    consultations: Path | None = None
    start_from: Path | None = None  # a model folder; None for random weights
    teacher: Path | None = None  # a whisper-en of this recipe, which tells ctc-en the letter of each frame
    layers: int | None = None  # of the encoder, where it is to be deeper than that of `start_from`
    rate: float | None = None  # peak learning rate; None for the plan's own
    real: tuple[Path, ...] = ()  # sets of recordings with a NeMo manifest, scored at the end
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ValueError(f"No recipe makes {self.model!r}; choose one of: {', '.join(MODELS)}.")
        if self.teacher and self.model != "ctc-en":
            raise ValueError(f"A teacher can teach ctc-en only, not {self.model}; leave it out.")
        if self.rate is not None and self.rate <= 0:
            raise ValueError(f"With a learning rate of {self.rate:g} nothing is learned; give a positive one, or none.")
        if self.minutes <= 0:
            raise ValueError(f"A budget of {self.minutes} minutes leaves no time to train; give a positive number.")

    @property
    def corpus(self) -> texts.Corpus:
        """The texts that the voices read."""
        return texts.Corpus(self.books, self.consultations)


def learner_of(
    model: str,
    start_from: Path | None,
    corpus: texts.Corpus,
    *,
    tokens: Path | None = None,
    teacher: Path | None = None,
    layers: int | None = None,
) -> Learner:
    """The model in training; Whisper's tokens are in a folder, or of the Whisper it goes on from, or of the texts."""
    if model == "ctc-en":
        from recipes.pretrain.ctc import Ctc

        return Ctc(start_from, teacher=teacher, layers=layers)
    from recipes.pretrain.whisper import Whisper

    lines = (line.label for line in islice(texts.draw_lines(corpus, seed=0), 50_000))
    return Whisper(start_from, lines, tokens=tokens, layers=layers)


def begun(
    model: str,
    start_from: Path | None,
    corpus: texts.Corpus,
    run: Path,
    *,
    teacher: Path | None = None,
    layers: int | None = None,
) -> Learner:
    """The model that a run begins with; kept in its folder, so that other texts later do not change its tokens."""
    start = run / "start"
    if (start / "config.json").exists():
        return learner_of(model, start_from, corpus, tokens=start, teacher=teacher, layers=layers)
    learner = learner_of(model, start_from, corpus, teacher=teacher, layers=layers)
    if Copies.met().rank:
        return learner
    start.mkdir(parents=True, exist_ok=True)
    learner.save(learner.module, start)
    return learner


def held_out_lines(books: Path | None, part: str, *, seed: int) -> Iterator[texts.Line]:
    """Lines for `dev` or `test`, in an order drawn by the seed."""
    labels = list(islice(texts.held_out(books, part), texts.TEST_LINES))
    random.Random(seed).shuffle(labels)
    return (texts.Line(label, texts.aloud(label, random.Random(seed))) for label in labels)


def speak_held_out(order: Order, budget_s: float) -> None:
    """Speak the development and test sets that are not there yet."""
    for i, (name, clips) in enumerate(HELD_OUT_CLIPS.items()):
        if (order.work / name / "facts.jsonl").exists():
            continue
        draw = voices.draw_test_voice if name == "unheard" else voices.draw_voice
        lines = held_out_lines(order.books, "dev" if name == "dev" else "test", seed=order.seed + i)
        clips = min(clips, max(FEW_CLIPS, int(budget_s / 20 / SECONDS_A_CLIP)))
        jobs = speech.with_voices(islice(lines, clips), draw, seed=order.seed + i)
        speech.speak_all(jobs, order.work / name)


def speak_training(order: Order, budget_s: float) -> None:
    """Speak folder after folder until the time for speaking is spent, that of earlier sittings included."""
    root = order.work / "speech"
    root.mkdir(parents=True, exist_ok=True)
    clock = root / "spoken_s.txt"
    spent = float(clock.read_text()) if clock.exists() else 0.0
    began = time.time()
    if spent >= budget_s:
        return
    until = began + budget_s - spent
    for speaker in speech.speaking(order.corpus, root, until=until, cores=os.cpu_count() or 1, seed=order.seed):
        speaker.join()
    clock.write_text(f"{spent + time.time() - began:.1f}")
    print(f"{root}: {spoken_h(root):.2f} hours of speech", flush=True)


def noisy(clips: list[Clip]) -> list[Clip]:
    """The clips with noise of random colour at `NOISE_DB` below them."""
    rng = np.random.default_rng(0)
    return [Clip((as_int16(with_noise(clip.sound(), rng, NOISE_DB)),), clip.label) for clip in clips]


def as_int16(sound: np.ndarray) -> np.ndarray:
    """`(n_samples,) float32` of full scale 1 as int16, quieter where it would not fit."""
    return (sound / max(1.0, float(np.abs(sound).max(initial=0.0))) * (FULL_SCALE - 1)).astype(np.int16)


def test_sets(work: Path, real: tuple[Path, ...]) -> dict[str, Callable[[], list[Clip]]]:
    """By the name for the table, what loads the clips."""
    return {
        "synthetic: unseen lines, heard voices": lambda: spoken_clips(work / "heard"),
        "synthetic: unseen lines, unheard voices": lambda: spoken_clips(work / "unheard"),
        f"synthetic: heard voices, noise at {NOISE_DB:.0f} dB": lambda: noisy(spoken_clips(work / "heard")),
    } | {path.name: lambda path=path: recorded_clips(path) for path in real}


def evaluated(
    learner: Learner, module: object, sets: dict[str, Callable[[], list[Clip]]], most: int | None = None
) -> dict[str, Errors]:
    """The errors on every set, on its first `most` clips."""
    return {name: errors(learner, module, load()[:most]) for name, load in sets.items()}


def make(order: Order) -> Path:
    """Do all of it within the budget and return the model folder.

    Where copies were started side by side, they train together, and the first one does the rest.
    """
    copies, budget_s = Copies.met(), 60 * order.minutes
    run = order.work / "run"
    start = partial(begun, order.model, order.start_from, order.corpus, run, teacher=order.teacher, layers=order.layers)
    learner = None
    if not copies.rank:
        learner = start()  # before the speaking, so that what cannot be is said at once
        speak_held_out(order, budget_s * SPEAKING_SHARE)
        speak_training(order, budget_s * SPEAKING_SHARE)
    copies.wait()
    minutes = order.minutes * (1 - SPEAKING_SHARE - EVALUATING_SHARE)
    if torch.cuda.is_available() and not copies.rank:
        # The more the model hears, the more it can be told: the cores that are left speak on while a GPU learns.
        cores = max(1, (os.cpu_count() or 1) - CORES_OF_A_GPU)
        speech.speaking(order.corpus, order.work / "speech", until=time.time() + 60 * minutes, cores=cores, seed=1)
    plan = Plan(
        speech=order.work / "speech", dev=order.work / "dev", out=run, minutes=minutes,
        peak_rate=Plan.peak_rate if order.rate is None else order.rate,
    )  # fmt: skip
    trainer = train(plan, learner or start())
    return order.out if copies.rank else finish(order, trainer)


def finish(order: Order, trainer: Trainer) -> Path:
    """Evaluate the averaged weights and write the model folder."""
    learner, averaged, progress = trainer.learner, trainer.averaged.module, trainer.progress
    most = None if order.minutes >= MINUTES_TO_SCORE_ALL else FEW_CLIPS
    table = evaluated(learner, averaged, test_sets(order.work, order.real), most)
    order.out.mkdir(parents=True, exist_ok=True)
    learner.save(averaged, order.out)
    facts = Facts(
        name=order.model,
        n_weights=sum(weight.numel() for weight in learner.saved_part(averaged).parameters()),
        table=table,
        speech_h=spoken_h(trainer.plan.speech),
        heard_h=progress.heard_s / 3600,
        steps=progress.step,
        minutes=progress.busy_s / 60,
        texts=tuple(path.name for path in (order.books, order.consultations) if path),
        start_from=order.start_from.name if order.start_from else None,
        teacher=order.teacher.name if order.teacher else None,
    )
    (order.out / "README.md").write_text(card(facts), encoding="utf-8")
    (order.out / "workbench.json").write_text(json.dumps(workbench_facts(facts), indent=2) + "\n", encoding="utf-8")
    (order.work / "facts.json").write_text(json.dumps(asdict(facts), indent=2) + "\n", encoding="utf-8")
    return order.out


def spoken_h(root: Path) -> float:
    """Hours of speech below a folder."""
    n_samples = sum(clip.n_samples for folder in finished_folders(root) for clip in spoken_clips(folder))
    return n_samples / SAMPLE_RATE_HZ / 3600
