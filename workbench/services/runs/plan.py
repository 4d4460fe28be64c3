"""What a fine-tune would do, told before it starts: plan, settings, split, what cannot be learned or proven."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from workbench.asr.catalog.catalog import Catalog, check_here, check_memory, local_folder
from workbench.asr.catalog.outline import window as own_window
from workbench.asr.catalog.suggestions import Suggestion, suggest
from workbench.asr.training.freezing import find_strategy, kin, plan_for_blocks
from workbench.asr.training.trackers import check_installed
from workbench.core.config import EFFORTS, NO_TRACKER, TrainingConfig
from workbench.core.evaluation.sample_size import Enough
from workbench.core.text.ruler import choose_ruler
from workbench.core.types import FreezePlan, ModelSpec, Seconds
from workbench.errors import TrainingError, WorkbenchError
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.estimates.window import Window, choose, healing_ahead, with_window
from workbench.services.estimates.workload import Work
from workbench.services.labels.revisions import Labelling
from workbench.services.models.base_scores import expected_errors
from workbench.services.runs.command_line import command_line
from workbench.services.runs.forgetting import (
    BUNDLED,
    NONE,
    default_general,
    general_lengths,
    no_general_set,
)
from workbench.services.runs.label_checks import LabelChecks
from workbench.services.runs.labelled import MIN_CONFIRMED, ConfirmedClips, LabelledClip, labelled_clips, run_split
from workbench.services.runs.model_facts import ModelFacts
from workbench.services.runs.preview import Preview, Times
from workbench.store.database import Store
from workbench.store.queries import set_names

SWEEP_FACTORS = (0.3, 1.0, 3.0)  # times the suggested learning rate
CURVE_DRAWS = 3  # of each size, as the page's button asks for
PLAN_SETTINGS = ("blocks", "lora_rank")  # which blocks learn depends on these


class PlannedRun(NamedTuple):
    """What a run starts with.

    Attributes:
        split: The run's copy of the split, as JSON.
        labelled: The clips that it learns from and is judged by.
        general: Lengths of the clips of general speech.
    """

    strategy: str
    preview: Preview
    config: TrainingConfig
    split: dict[str, Any]
    labelled: list[LabelledClip]
    general: list[Seconds]

    def work(self, root: Path) -> Work | None:
        """What the run has to do; None while the model's files are not here.

        Args:
            root: The workspace's folder.
        """
        preview, window, folder = self.preview, self.preview.window, local_folder(self.preview.model)
        if preview.plan is None or folder is None:
            return None
        durations = {c.clip_id: c.duration for c in self.labelled}
        own = window.own if window.seconds else None
        healing = healing_ahead(folder, own, window.seconds, [preview.plan], root)
        parts = self.split["folds"] or [self.split]
        return Work(preview.model.name, parts, durations, self.general, window.padded_to, own, healing)


class Planning:
    """Looks ahead; loads no model and starts nothing.

    Args:
        root: The workspace's folder.
    """

    def __init__(
        self,
        store: Store,
        labelling: Labelling,
        root: Path,
        catalog: Catalog,
        facts: ModelFacts,
        checks: LabelChecks,
        expecting: Expecting,
    ) -> None:
        self.store, self.catalog, self.labelling, self.root = store, catalog, labelling, root
        self.facts, self.checks, self.expecting = facts, checks, expecting

    def find(self, model: str | ModelSpec) -> ModelSpec:
        """A base model by its name.

        Raises:
            UnknownNameError: No such model.
        """
        return self.catalog.find(model) if isinstance(model, str) else model

    def general_choices(self, set_name: str) -> list[str]:
        """The sets on which forgetting can be measured in runs of this set."""
        with self.store.session() as session:
            return [*dict.fromkeys([BUNDLED, *(n for n in set_names(session) if n != set_name)]), NONE]

    def clips(self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> ConfirmedClips:
        """A set's confirmed clips, for a run of this model and strategy to learn from and to be judged by.

        Raises:
            WorkbenchError: The model cannot be adapted like this, which is said first; there is no such set; or too few
                clips are confirmed.
        """
        self._plan(spec, strategy, settings)
        return labelled_clips(self.store, self.labelling, set_name)

    def preview(self, set_name: str, model: str, strategy: str, settings: dict[str, Any] | None = None) -> Preview:
        """What would happen; `settings` are the fields of TrainingConfig that the user set.

        Raises:
            WorkbenchError: Unknown names, impossible settings, or too few confirmed clips.
        """
        return self.preview_model(set_name, self.catalog.find(model), strategy, settings)

    def preview_model(
        self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any] | None = None
    ) -> Preview:
        """As `preview`, for a model that was found already."""
        given = settings or {}
        clips = self.clips(set_name, spec, strategy, given)
        planned = self.prepare(clips, spec, strategy, given)
        preview, config, work = planned.preview, planned.config, planned.work(self.root)
        if work is None or preview.plan is None:
            return preview
        arms = self._sweep_arms(spec, planned.labelled, config.language, given)
        run = self.expecting.of_run(work, preview.plan, config)
        others = [name for name in EFFORTS if name != config.effort]
        times = Times(
            run=run,
            curve=self.expecting.of_run(work, preview.plan, config, curve_draws=CURVE_DRAWS),
            sweep=self.expecting.of_sweep(work, arms) if len(arms) > 1 else None,
            busy=self.expecting.busy_now(),
            efforts={config.effort: run}
            | {name: self._of_effort(clips, spec, strategy, {**given, "effort": name}) for name in others},
        )
        return replace(preview, times=times)

    def _of_effort(
        self, clips: ConfirmedClips, spec: ModelSpec, strategy: str, settings: dict[str, Any]
    ) -> Expectation:
        """How long a fine-tune with these settings takes; the model's files are here."""
        planned = self.prepare(clips, spec, strategy, settings)
        work = planned.work(self.root)
        assert work
        assert planned.preview.plan
        return self.expecting.of_run(work, planned.preview.plan, planned.config)

    def _sweep_arms(
        self, spec: ModelSpec, labelled: Sequence[LabelledClip], language: str | None, settings: dict[str, Any]
    ) -> list[tuple[FreezePlan, TrainingConfig]]:
        """The arms of a sweep with these settings."""
        given = {name: value for name, value in settings.items() if name != "learning_rate"}
        arms = []
        for strategy in self.facts.sweep_strategies(spec):
            plan = plan_for_blocks(self.facts.blocks_of(spec) or (), strategy, TrainingConfig())
            config, _ = self._config(spec, strategy, labelled, language, given, kin(plan))
            arms += [(plan, config)] * len(SWEEP_FACTORS)
        durations = [c.duration for c in labelled]
        window = choose(local_folder(spec), [p for p, _ in arms], durations, settings.get("window"), self.root)
        return [(plan, with_window(config, window)) for plan, config in arms]

    def suggested(self, set_name: str, model: str, strategy: str, settings: dict[str, Any]) -> TrainingConfig:
        """The settings alone, as `preview` would fill them in."""
        spec = self.catalog.find(model)
        return self.prepare(self.clips(set_name, spec, strategy, settings), spec, strategy, settings).config

    def prepare(self, clips: ConfirmedClips, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> PlannedRun:
        """A run's settings, split and clips, and what to say of them, but for the time it takes.

        Raises:
            WorkbenchError: As `preview`.
        """
        check_installed(settings.get("tracker") or NO_TRACKER)
        plan = self._plan(spec, strategy, settings)
        labelled, window, on_length = self._in_window(spec, [plan] if plan else [], clips.labelled, settings)
        config, suggestion = self._config(
            spec, strategy, labelled, clips.language, settings, kin(plan) if plan else None
        )
        config, suggestion = _windowed(config, suggestion, window, settings)
        with self.store.session() as session:
            general = general_lengths(session, str(config.general_set), clips.set_id)
        split, notes = run_split(labelled, config, clips.rule)
        characters, more = self.checks.new_characters(spec, [c.text for c in labelled], config)
        if settings.get("general_set") is None and config.general_set == NONE:
            more = [*more, no_general_set(config.language)]
        parts = split["folds"] or [split]
        tested = {i for part in parts for i in part["test"]}
        preview = Preview(
            model=spec,
            plan=plan,
            suggestion=suggestion,
            normalizer=str(config.normalizer),
            train=len(tested) if split["folds"] else len(split["train"]),
            dev=len(split["dev"]) if not split["folds"] else len(parts[0]["dev"]),
            test=len(tested),
            folds=len(split["folds"]),
            split_rule=split["rule"],
            provable=self._provable(spec, labelled, tested, config),
            new_characters=characters,
            notes=(
                *clips.notes,
                *on_length,
                *self.facts.language_notes(spec, clips.set_name, clips.language, strategy),
                *notes,
                *more,
            ),
            window=window,
            command=command_line(clips.set_name, spec, strategy, config, root=self.root),
        )
        return PlannedRun(strategy, preview, config, split, labelled, general)

    def _plan(self, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> FreezePlan | None:
        """What would learn; None while the model's files are not here.

        Raises:
            WorkbenchError: It cannot, or the memory does not suffice.
        """
        _check_choice(spec, strategy)
        blocks = self.facts.blocks_of(spec)
        chosen = replace(TrainingConfig(), **{k: v for k in PLAN_SETTINGS if (v := settings.get(k)) is not None})
        plan = plan_for_blocks(blocks, strategy, chosen) if blocks else None
        if plan and spec.parameters:
            check_memory(spec, spec.parameters, plan.trainable_parameters / max(1, plan.total_parameters))
        elif spec.parameters:
            check_memory(spec, spec.parameters, 0.0)  # at least the weights have to fit
        return plan

    def _in_window(
        self, spec: ModelSpec, plans: Sequence[FreezePlan], labelled: list[LabelledClip], settings: dict[str, Any]
    ) -> tuple[list[LabelledClip], Window, list[str]]:
        """The clips that are heard whole, the window that they are heard in, and what to say of the others."""
        folder = local_folder(spec)
        longest = own_window(folder) if folder else None
        fitting = [c for c in labelled if longest is None or c.duration <= longest]
        window = choose(folder, plans, [c.duration for c in fitting], settings.get("window"), self.root)
        kept = [c for c in fitting if window.padded_to is None or c.duration <= window.padded_to]
        too_long = len(labelled) - len(kept)
        if not too_long:
            return labelled, window, []
        if len(kept) < MIN_CONFIRMED:
            raise TrainingError(
                f"{too_long} of {len(labelled)} confirmed clips are longer than the {window.padded_to:.0f} s that "
                f"{spec.name} hears at once; split them, or choose a CTC model such as ctc-en."
            )
        said = f"{too_long} clips are longer than the {window.padded_to:.0f} s that {spec.name} hears: left out."
        return kept, window, [said]

    def _config(
        self,
        spec: ModelSpec,
        strategy: str,
        labelled: Sequence[LabelledClip],
        language: str | None,
        settings: dict[str, Any],
        like: str | None,
    ) -> tuple[TrainingConfig, Suggestion]:
        effort = TrainingConfig(
            effort=settings.get("effort") or TrainingConfig.effort
        ).effort  # or it says what there is
        suggestion = suggest(spec, strategy, clips=len(labelled), language=language, like=like, effort=effort)
        config = suggestion.config
        if any(c.fixed and c.split == "test" for c in labelled):
            config = replace(config, folds=0)  # the user brought a test set: it judges
        config = replace(config, **{k: v for k, v in settings.items() if v is not None})
        if config.normalizer is None:
            ruler = choose_ruler([c.text for c in labelled], settings.get("language") or language)
            config = replace(config, normalizer=ruler.normalizer)
        if config.general_set is None:
            config = replace(config, general_set=default_general(config.language))
        # A reason stands only beside a value that was suggested, not beside the user's own.
        own = {k for k, v in settings.items() if v is not None} | ({"epochs"} if settings.get("max_updates") else set())
        own |= {"folds"} if config.folds != suggestion.config.folds else set()
        why = {name: sentence for name, sentence in suggestion.why.items() if name not in own}
        return config, replace(suggestion, config=config, why=why)

    def _provable(
        self, spec: ModelSpec, labelled: Sequence[LabelledClip], tested: set[int], config: TrainingConfig
    ) -> str:
        """What the test clips can prove, from the base's errors in those of them that it has heard."""
        texts = {c.clip_id: c.text for c in labelled if c.clip_id in tested}
        with self.store.session() as session:
            errors = expected_errors(session, spec.name, texts, str(config.normalizer))
        return Enough(len(tested), errors, "out-of-fold" if config.folds else "test").sentence()


def _windowed(
    config: TrainingConfig, suggestion: Suggestion, window: Window, settings: dict[str, Any]
) -> tuple[TrainingConfig, Suggestion]:
    """The settings with the window that was chosen, and why."""
    config = with_window(config, window)
    why = dict(suggestion.why) | ({"window": window.why} if window.why and settings.get("window") is None else {})
    return config, replace(suggestion, config=config, why=why)


def _check_choice(spec: ModelSpec, strategy: str) -> None:
    """Refuse a model that cannot be adapted or has to be fetched first, and a strategy that does not exist.

    Raises:
        WorkbenchError: It says which.
    """
    if spec.family == "unsupported":
        raise WorkbenchError(
            f"The model {spec.name} is neither a Whisper model nor one with a CTC head; choose another base model."
        )
    check_here(spec)
    find_strategy(strategy)
