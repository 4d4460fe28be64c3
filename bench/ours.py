"""Our way: `fine_tune` over cached activations, put together as services/runs does it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.shapes import Clips
from bench.turns import Spent, Turn
from workbench.asr.catalog.catalog import folder_spec
from workbench.asr.catalog.healed import find_ready
from workbench.asr.catalog.loading import load
from workbench.asr.models import greedy as reading
from workbench.asr.models.backend import Backend, ClipInput
from workbench.asr.training.allocator import keep_freed_memory
from workbench.asr.training.batches import Example
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, trainable_state
from workbench.asr.training.healing import heal
from workbench.asr.training.trainer import Hooks, fine_tune, transcribe_items
from workbench.core.config import TrainingConfig
from workbench.services.runs.short_window import ShortWindow


class Ours:
    """One model, its caches and its examples.

    Args:
        most_tokens: Tokens of a text at most; for random weights that never end a text.
        window: Whole seconds that a Whisper model hears at once; None for its own.
    """

    def __init__(
        self,
        folder: Path,
        clips: Clips,
        strategy: str,
        work: Path,
        *,
        most_tokens: int | None = None,
        window: int | None = None,
    ) -> None:
        self.clips, self.work = clips, work
        self.backend = load(folder_spec(folder))
        if self.backend.languages():
            self.backend.set_language("en")
        if most_tokens is not None:
            self.backend.model.config.max_target_positions = most_tokens
            reading.REPEATS = 10**6
        self.plan = plan_for_blocks(self.backend.blocks(), strategy)
        if window:
            self.short = ShortWindow(self.backend, window, find_ready(folder, window))  # type: ignore[arg-type]
            self.base = FeatureCache(work / "base", self.backend, self.backend.decode_start)
            self.short.enter()
            self.plan = replace(self.plan, window=float(window))
        boundary = self.backend.audio_boundary(self.plan.boundary)
        self.cache = self.hearing = FeatureCache(work / "cache", self.backend, boundary)
        if self.plan.boundary > boundary:
            self.cache = FeatureCache(work / "cache", self.backend, self.plan.boundary, self.hearing)
        self.examples = [self._example(i) for i in range(len(clips.sounds))]
        apply_plan(self.backend, self.plan)

    def _example(self, number: int) -> Example:
        sound = self.clips.sounds[number]
        ids = tuple(self.backend.encode_label(self.clips.texts[number]))
        item = CacheItem(f"{number:064d}", "", lambda: ClipInput(sound), len(sound), ids)
        return Example(number, (item,), ids)

    def prefix(self, start: int, stop: int) -> None:
        """The frozen prefix of clips `start` … `stop`−1, into the cache."""
        self.hearing.fill([e.items[0] for e in self.examples[start:stop]])
        if self.cache is not self.hearing:
            self.cache.fill([e.items[0] for e in self.examples[start : min(stop, self.clips.n_train)]])

    def evaluate(self) -> None:
        """Write down the further clips; their texts are in `heard`."""
        self.heard = transcribe_items(
            self.backend, self.hearing, [self.examples[i].items[0] for i in self.clips.further]
        )

    def evaluate_base(self) -> None:
        """Write down the further clips in the model's own window, as the base of a run is heard."""
        self.short.leave()
        transcribe_items(self.backend, self.base, [self.examples[i].items[0] for i in self.clips.further])
        self.short.enter()

    def listen_to_heal(self, n: int) -> None:
        """Hear so many sounds in the model's own window, which healing learns from."""
        self.short.leave()
        self.lessons = FeatureCache(self.work / "lessons", self.backend, self.backend.decode_start)
        self.lessons.fill([e.items[0] for e in self.examples[:n]])
        self.short.enter()

    def heal(self, n: int, updates: int) -> Spent:
        """What an update of healing takes, of so many after a first one."""
        self.short.leave()
        times: list[Spent] = []
        heal(
            self.backend,
            [e.items[0] for e in self.examples[:n]],
            self.lessons,
            encoder="",
            windows=(self.short.seconds,),
            out=self.work / "healed.safetensors",
            work=self.work / "healing",
            updates=1 + updates,
            made=lambda _: times.append(Spent.now()),
        )
        self.short.enter()
        apply_plan(self.backend, self.plan)
        whole = times[-1].since(times[0])
        return Spent(whole.wall / updates, whole.cpu / updates)

    def train(
        self, config: TrainingConfig, *, stop: Callable[[], bool] = lambda: False, told: Callable[..., None]
    ) -> None:
        """`told` hears each update's number, the planned ones and the loss."""
        fine_tune(
            self.backend,
            self.plan,
            config,
            train=[self.examples[i] for i in self.clips.train],
            dev=[],
            cache=self.cache,
            hearing=self.hearing,
            folder=self.work / "training",
            hooks=Hooks(lambda texts: (1.0, 1.0), told, stop),
        )


def learning_names(folder: Path, strategy: str) -> set[str]:
    """Names of the weights that a strategy lets learn."""
    backend: Backend = load(folder_spec(folder))
    apply_plan(backend, plan_for_blocks(backend.blocks(), strategy))
    return set(trainable_state(backend))


def run(
    turn: Turn,
    folder: Path,
    clips: Clips,
    strategy: str,
    most_tokens: int | None,
    work: Path,
    window: int | None = None,
) -> None:
    """A process of our way, see `turns`."""
    keep_freed_memory()  # as services/worker.py does for every run
    ours = Ours(folder, clips, strategy, work, most_tokens=most_tokens, window=window)
    turn.handlers |= {"prefix": ours.prefix, "evaluate": ours.evaluate}
    turn.handlers |= {"base": ours.evaluate_base, "listen": ours.listen_to_heal, "heal": ours.heal}
    turn.wait()
    stop = [False]

    def told(step: int, *_: object) -> None:
        stop[0] = turn.step_done()

    config = TrainingConfig(epochs=1000, max_updates=100_000, batch_clips=4, learning_rate=1e-5, patience=0)
    ours.train(config, told=told, stop=lambda: stop[0])
    turn.wait()
