"""What a fine-tune would do, found before it starts: what learns, in which window, by which settings, from which clips.

Facts are taken once and handed on: `choose` looks at the model, `labelled_clips` at the set, `prepare` puts a run
together from both, as often as settings are tried. Nothing here loads a model or starts anything.
"""

from collections.abc import Iterable, Sequence
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
from workbench.core.types import FreezePlan, ModelSpec
from workbench.errors import TrainingError, WorkbenchError
from workbench.language.said import count, say
from workbench.services.estimates.duration import Expecting
from workbench.services.estimates.window import Window, choose_window, with_window
from workbench.services.estimates.workload import Sound, Work
from workbench.services.models.base_scores import Standings, expected_errors
from workbench.services.models.language_check import language_notes
from workbench.services.runs.command_line import command_line
from workbench.services.runs.forgetting import NONE, default_general, general_lengths, no_general_set
from workbench.services.runs.general_parts import BUNDLED
from workbench.services.runs.label_checks import LabelChecks
from workbench.services.runs.labelled import MIN_CONFIRMED, ConfirmedClips, LabelledClip, labelled_clips, run_split
from workbench.services.runs.model_facts import ModelFacts
from workbench.services.runs.preview import Preview, Times
from workbench.services.runs.rehearsal import NOTHING, to_rehearse, without_rehearsal
from workbench.store.database import Store
from workbench.store.queries import set_names

SWEEP_FACTORS = (0.3, 1.0, 3.0)  # times the suggested learning rate
CURVE_DRAWS = 3  # of each size, as the page's button asks for
PLAN_SETTINGS = ("blocks", "lora_rank")  # which blocks learn depends on these


class Choice(NamedTuple):
    """A base model, and what of it is to learn.

    Attributes:
        folder, plan: None while the model's files are not here.
    """

    spec: ModelSpec
    strategy: str
    folder: Path | None
    plan: FreezePlan | None


class PlannedRun(NamedTuple):
    """What a run starts with.

    Attributes:
        suggestion: The settings, and why.
        split: The run's copy of the split, as JSON.
        labelled: The clips that it learns from and is judged by.
        work: What it has to do; None while the model's files are not here.
        new_characters: Characters in the labels that the model cannot write yet.
        left_out, notes: What to say of the clips that it cannot take, and of the others.
    """

    choice: Choice
    suggestion: Suggestion
    window: Window
    split: dict[str, Any]
    labelled: list[LabelledClip]
    work: Work | None
    new_characters: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def config(self) -> TrainingConfig:
        return self.suggestion.config


class Planning:
    """Looks ahead; loads no model and starts nothing.

    Args:
        root: The workspace's folder.
    """

    def __init__(
        self,
        store: Store,
        root: Path,
        catalog: Catalog,
        facts: ModelFacts,
        standings: Standings,
        checks: LabelChecks,
        expecting: Expecting,
    ) -> None:
        self.store, self.catalog, self.root = store, catalog, root
        self.facts, self.standings, self.checks, self.expecting = facts, standings, checks, expecting

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

    # ---- what is shown before a start ----

    def preview(self, set_name: str, model: str, strategy: str, settings: dict[str, Any] | None = None) -> Preview:
        """What would happen; `settings` are the fields of TrainingConfig that the user set.

        Raises:
            WorkbenchError: The model cannot be adapted like this, which is said first; there is no such set; too few
                clips are confirmed; or a setting is impossible.
        """
        return self.preview_model(set_name, self.catalog.find(model), strategy, settings)

    def preview_model(
        self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any] | None = None
    ) -> Preview:
        """As `preview`, for a model that was found already."""
        choice = self.choose(spec, strategy, settings or {})
        clips = labelled_clips(self.store, set_name)
        planned = self.prepare(clips, choice, settings or {})
        return self._told(clips, planned, self._times(clips, planned, settings or {}))

    def suggested(self, set_name: str, model: str, strategy: str, settings: dict[str, Any]) -> TrainingConfig:
        """The settings alone, as `preview` would fill them in."""
        return self.plan(set_name, self.catalog.find(model), strategy, settings).config

    def _told(self, clips: ConfirmedClips, planned: PlannedRun, times: Times | None) -> Preview:
        """A planned run in figures and sentences."""
        (spec, strategy, _, _), config, split = planned.choice, planned.config, planned.split
        parts = split["folds"] or [split]
        tested = {i for part in parts for i in part["test"]}
        wer = self.standings.of_set(clips.set_name).wer(spec.name) if strategy == "encoder" else None
        return Preview(
            model=spec,
            plan=planned.choice.plan,
            suggestion=planned.suggestion,
            normalizer=str(config.normalizer),
            train=len(tested) if split["folds"] else len(split["train"]),
            dev=len(parts[0]["dev"]),
            test=len(tested),
            folds=len(split["folds"]),
            split_rule=split["rule"],
            provable=self._provable(spec, planned.labelled, tested, config),
            new_characters=planned.new_characters,
            notes=(*planned.left_out, *language_notes(spec, clips.language, wer), *planned.notes),
            window=planned.window,
            command=command_line(clips.set_name, spec, strategy, config, root=self.root),
            times=times,
            rehearsed=len(planned.work.rehearse) if planned.work else 0,
        )

    def _provable(
        self, spec: ModelSpec, labelled: Sequence[LabelledClip], tested: set[int], config: TrainingConfig
    ) -> str:
        """What the test clips can prove, from the base's errors in those of them that it has heard."""
        texts = {c.clip_id: c.text for c in labelled if c.clip_id in tested}
        with self.store.session() as session:
            errors = expected_errors(session, spec.name, texts, str(config.normalizer))
        return Enough(len(tested), errors, "out-of-fold" if config.folds else "test").sentence()

    def _times(self, clips: ConfirmedClips, planned: PlannedRun, settings: dict[str, Any]) -> Times | None:
        """What each start would take; None while the model's files are not here."""
        choice, work = planned.choice, planned.work
        if work is None or choice.plan is None:
            return None
        others = [name for name in EFFORTS if name != planned.config.effort]
        efforts = {name: self.prepare(clips, choice, {**settings, "effort": name}) for name in others}
        strategies = self.facts.sweep_strategies(choice.spec)
        arms = learning(self.arms(clips, choice.spec, {**settings, "learning_rate": None}, strategies))
        return Times(
            run=self.expecting.of_run(work, choice.plan, planned.config),
            curve=self.expecting.of_run(work, choice.plan, planned.config, draws=CURVE_DRAWS),
            sweep=self.expecting.of_sweep(work, arms) if len(arms) > 1 else None,
            busy=self.expecting.busy_now(),
            efforts={
                name: self.expecting.of_run(found.work, choice.plan, found.config)
                for name, found in {planned.config.effort: planned, **efforts}.items()
                if found.work
            },
        )

    # ---- what is started ----

    def plan(self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> PlannedRun:
        """A run's settings, split and clips.

        Raises:
            WorkbenchError: As `preview`.
        """
        choice = self.choose(spec, strategy, settings)
        return self.prepare(labelled_clips(self.store, set_name), choice, settings)

    def plan_sweep(
        self, set_name: str, spec: ModelSpec, strategies: Sequence[str], rates: Sequence[float], given: dict[str, Any]
    ) -> list[PlannedRun]:
        """The arms of a race, which hear alike.

        Args:
            strategies: By default a few that read one cache.
            rates: For each of them; by default a third of, once and three times the suggested one.

        Raises:
            WorkbenchError: As `preview`.
        """
        strategies = strategies or self.facts.sweep_strategies(spec)
        for strategy in strategies:
            self.choose(spec, strategy, given)
        clips = labelled_clips(self.store, set_name)
        arms = self.arms(clips, spec, given, strategies, rates)
        windows = {arm.config.window for arm in arms}
        if len(windows) > 1:  # in the widest
            arms = self.arms(clips, spec, {**given, "window": max(w or 0.0 for w in windows)}, strategies, rates)
        return arms

    def arms(
        self,
        clips: ConfirmedClips,
        spec: ModelSpec,
        given: dict[str, Any],
        strategies: Sequence[str],
        rates: Sequence[float] = (),
    ) -> list[PlannedRun]:
        """See `plan_sweep`; each hears as suits it best, and none is refused for want of memory."""
        arms: list[PlannedRun] = []
        for strategy in dict.fromkeys(strategies):
            planned = self.prepare(clips, self._choice(spec, strategy, given), given)
            suggested = planned.config.learning_rate
            own = [suggested] if given.get("learning_rate") else [_rounded(suggested * f) for f in SWEEP_FACTORS]
            for rate in dict.fromkeys(rates) or own:
                config = replace(planned.config, learning_rate=rate)
                arms.append(planned._replace(suggestion=replace(planned.suggestion, config=config)))
        return arms

    def choose(self, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> Choice:
        """What would learn.

        Raises:
            WorkbenchError: It cannot be adapted, has to be fetched first, or the memory does not suffice; or there is
                no such strategy.
        """
        if spec.family == "unsupported":
            raise WorkbenchError(
                say(
                    "The model {name} is neither a Whisper model nor one with a CTC head; choose another base model.",
                    name=spec.name,
                )
            )
        check_here(spec)
        find_strategy(strategy)
        check_installed(settings.get("tracker") or NO_TRACKER)
        choice = self._choice(spec, strategy, settings)
        if spec.parameters:  # at least the weights have to fit
            plan = choice.plan
            learns = plan.trainable_parameters / max(1, plan.total_parameters) if plan else 0.0
            check_memory(spec, spec.parameters, learns)
        return choice

    def _choice(self, spec: ModelSpec, strategy: str, settings: dict[str, Any]) -> Choice:
        blocks = self.facts.blocks_of(spec)
        chosen = replace(TrainingConfig(), **{k: v for k in PLAN_SETTINGS if (v := settings.get(k)) is not None})
        plan = plan_for_blocks(blocks, strategy, chosen) if blocks else None
        return Choice(spec, strategy, local_folder(spec), plan)

    def prepare(self, clips: ConfirmedClips, choice: Choice, settings: dict[str, Any]) -> PlannedRun:
        """A run of a chosen model with these clips.

        Raises:
            WorkbenchError: As `preview`.
        """
        labelled, window, too_long = _in_window(choice, clips.labelled, settings.get("window"), self.root)
        suggestion = _settings(choice, labelled, clips.language, window, settings)
        config = suggestion.config
        with self.store.session() as session:
            general = general_lengths(session, str(config.general_set), clips.set_id, config.language)
        rehearse = to_rehearse(general.rehearse, window.padded_to)
        if not rehearse and not settings.get("rehearsal"):  # nobody asked for it
            suggestion = without_rehearsal(suggestion)
            config = suggestion.config
        split, notes = run_split(labelled, config, clips.rule)
        new, unknown = self.checks.new_characters(choice.spec, [c.text for c in labelled], config)
        unchecked = settings.get("general_set") is None and config.general_set == NONE
        sounds = {c.clip_id: Sound(c.sha256, c.duration) for c in labelled}
        own = window.own if window.seconds else None
        parts = split["folds"] or [split]
        of_model = (choice.spec.name, parts, sounds, general.report, window.padded_to, own, window.healing)
        steer = general.steer if config.blend is None else ()
        work = Work(*of_model, steer, rehearse if config.rehearsal else ())
        return PlannedRun(
            choice=choice,
            suggestion=suggestion,
            window=window,
            split=split,
            labelled=labelled,
            work=work if choice.plan else None,
            new_characters=new,
            left_out=(*clips.notes, *too_long),
            notes=(
                *notes,
                *unknown,
                *([general.note] if general.note else []),
                *([no_general_set(config.language)] if unchecked else []),
                *([NOTHING] if config.rehearsal and not rehearse else []),
            ),
        )


def learning(arms: Iterable[PlannedRun]) -> list[tuple[FreezePlan, TrainingConfig]]:
    """What learns in each arm, by which settings; without those whose model is not here."""
    return [(arm.choice.plan, arm.config) for arm in arms if arm.choice.plan]


def _in_window(
    choice: Choice, labelled: list[LabelledClip], wish: float | None, root: Path
) -> tuple[list[LabelledClip], Window, list[str]]:
    """The clips that are heard whole, the window that they are heard in, and what to say of the others."""
    spec, plans = choice.spec, [choice.plan] if choice.plan else []
    longest = own_window(choice.folder) if choice.folder else None
    fitting = [c for c in labelled if longest is None or c.duration <= longest]
    window = choose_window(choice.folder, plans, [c.duration for c in fitting], wish, root)
    kept = [c for c in fitting if window.padded_to is None or c.duration <= window.padded_to]
    too_long = len(labelled) - len(kept)
    if not too_long:
        return labelled, window, []
    if len(kept) < MIN_CONFIRMED:
        raise TrainingError(
            say(
                "{too_long} of {clips} confirmed clips are longer than the {longest:.0f} s that {model} hears at once; "
                "split them, or choose a CTC model such as ctc-en.",
                too_long=too_long,
                clips=len(labelled),
                longest=window.padded_to,
                model=spec.name,
            )
        )
    said = count(
        too_long,
        "{n} clip is longer than the {longest:.0f} s that {model} hears: left out.",
        "{n} clips are longer than the {longest:.0f} s that {model} hears: left out.",
        longest=window.padded_to,
        model=spec.name,
    )
    return kept, window, [said]


def _settings(
    choice: Choice, labelled: Sequence[LabelledClip], language: str | None, window: Window, given: dict[str, Any]
) -> Suggestion:
    """The settings that suit the model and the clips, with the user's own in their place."""
    own = {name: value for name, value in given.items() if value is not None}
    effort = TrainingConfig(effort=own.get("effort") or TrainingConfig.effort).effort  # or it says what there is
    like = kin(choice.plan) if choice.plan else None
    found = suggest(choice.spec, choice.strategy, clips=len(labelled), language=language, like=like, effort=effort)
    config = found.config
    if any(c.fixed and c.split == "test" for c in labelled):
        config = replace(config, folds=0)  # the user brought a test set: it judges
    config = replace(config, **own)
    if config.normalizer is None:
        ruler = choose_ruler([c.text for c in labelled], own.get("language") or language)
        config = replace(config, normalizer=ruler.normalizer)
    if config.general_set is None:
        config = replace(config, general_set=default_general(config.language))
    # A reason stands only beside a value that was suggested, not beside the user's own.
    silent = own.keys() | ({"epochs"} if own.get("max_updates") else set())
    silent |= {"folds"} if config.folds != found.config.folds else set()
    why = {name: sentence for name, sentence in found.why.items() if name not in silent}
    why |= {"window": window.why} if window.why and "window" not in own else {}
    return replace(found, config=with_window(config, window), why=why)


def _rounded(rate: float) -> float:
    """To two digits, as people write rates."""
    return float(f"{rate:.1e}")
