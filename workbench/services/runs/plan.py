"""What a fine-tune would do, told before it starts: plan, settings, split, what cannot be learned or proven."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select

from workbench.asr.catalog.catalog import Catalog, check_here, check_memory, local_folder
from workbench.asr.catalog.outline import outline
from workbench.asr.catalog.outline import window as own_window
from workbench.asr.catalog.suggestions import Suggestion, suggest, usual_strategy
from workbench.asr.training.freezing import find_strategy, kin, plan_for_blocks, strategy_names
from workbench.core.config import DEFAULT_FOLDS, EFFORTS, FOLDS_BELOW_CLIPS, TrainingConfig
from workbench.core.evaluation.sample_size import FEWEST_TEST_CLIPS, Enough
from workbench.core.splits import SplitCandidate, closed_vocabulary, folds
from workbench.core.text.normalize import normalize_marks
from workbench.core.text.ruler import choose_ruler
from workbench.core.text.unspoken import unspoken
from workbench.core.types import Block, FreezePlan, ModelSpec, Seconds, Split
from workbench.errors import TrainingError, WorkbenchError
from workbench.services.estimates.duration import Expectation, Expecting, Times, Work, work_of
from workbench.services.estimates.window import Window, choose, with_window
from workbench.services.labels.revisions import Labelling
from workbench.services.models.base_scores import LEAST_FOR_INTERVAL, Standings, expected_errors
from workbench.services.models.language_check import foreign_notes, hardly_known
from workbench.services.runs.alphabet import Writing
from workbench.services.runs.command_line import command_line
from workbench.services.runs.forgetting import (
    BUNDLED,
    NONE,
    check_general,
    default_general,
    general_lengths,
    no_general_set,
)
from workbench.services.runs.preview import Preview
from workbench.store.database import Store
from workbench.store.models import ClipRow, ClipSetRow, ReferenceRow
from workbench.store.queries import find_set, set_names

CURVE = "curve"  # in a run's config: how many draws of each size
SWEEP = "sweep"  # the strategy of a run that tries several, until it has chosen one
SWEEP_FACTORS = (0.3, 1.0, 3.0)  # times the suggested learning rate
CURVE_DRAWS = 3  # of each size, as the page's button asks for
PLAN_SETTINGS = ("blocks", "lora_rank")  # which blocks learn depends on these
MIN_CONFIRMED = 4  # two groups to test each other, with something left to learn from


@dataclass(frozen=True)
class _Labelled:
    """A confirmed clip and the revision of its label."""

    clip_id: int
    reference_id: int
    text: str
    speaker: str | None
    source: str | None
    split: str | None
    fixed: bool
    duration: Seconds


LEFT_OUT = (
    "{n} of {labels} confirmed labels hold times, markup or control tokens (such as {written}), which nobody says: "
    "they are left out; the label doctor names them."
)


class _Clips(NamedTuple):
    """The confirmed clips of a set, its language, the rule by which it is split, and what to say of labels left out."""

    labelled: list[_Labelled]
    language: str | None
    rule: str
    notes: tuple[str, ...]


class Planning(Writing):
    """Looks ahead; loads no model and starts nothing."""

    def __init__(self, store: Store, catalog: Catalog, labelling: Labelling, root: Path) -> None:
        super().__init__(store, catalog, labelling)
        self.root = root
        self.expecting, self.standings = Expecting(store), Standings(store)

    def strategies(self, model: str) -> list[str]:
        """Names of the strategies that this model offers."""
        spec = self.catalog.find(model)
        return strategy_names(spec.family, self._blocks(spec) or ())

    def usual_strategy(self, model: str | ModelSpec, set_name: str = "") -> str:
        """The strategy that suits most small sets with this model, and the set's language where a set is named."""
        spec = self.catalog.find(model) if isinstance(model, str) else model
        with self.store.session() as session:
            clip_set = session.scalars(living_set(set_name)).first() if set_name else None
            language = clip_set.language if clip_set else None
        names = strategy_names(spec.family, self._blocks(spec) or ())
        return usual_strategy(spec, names, language, wer=self._heard(spec, set_name) if language else None)

    def _foreign_notes(self, spec: ModelSpec, set_name: str, language: str | None, strategy: str) -> list[str]:
        """What to say of the clips' language before a model is adapted."""
        more = hardly_known(spec, language, self._heard(spec, set_name)) if strategy == "encoder" else []
        return foreign_notes(spec, language) + more

    def _heard(self, spec: ModelSpec, set_name: str) -> float | None:
        """A model's WER on the set's confirmed clips; labels that began as its own draft flatter it and count last."""
        standing = self.standings.of_set(set_name).standings.get(spec.name)
        found = (standing.rate or standing.own) if standing else None
        return found.wer if found and found.clips >= LEAST_FOR_INTERVAL else None

    def sweep_strategies(self, model: str | ModelSpec) -> list[str]:
        """The strategies that a sweep tries by default: those of a few late blocks, which read one cache."""
        spec = self.catalog.find(model) if isinstance(model, str) else model
        names = strategy_names(spec.family, self._blocks(spec) or ())
        wanted = (
            ("head", "top-1", "top-2", "top-4", "decoder") if spec.family == "ctc" else ("top-1", "top-2", "decoder")
        )
        return [name for name in wanted if name in names]

    def strategy_words(self, strategy: str) -> tuple[str, str]:
        """A strategy's title and the sentence that explains it, with its number filled in."""
        found, number = find_strategy(strategy)
        fill = (lambda words: re.sub(r"\bN\b", str(number), words)) if number else str
        return fill(found.title), fill(found.sentence)

    def blocks(self, model: str) -> tuple[Block, ...]:
        """The model's blocks; none while its files are not here."""
        return self._blocks(self.catalog.find(model)) or ()

    def plan(self, model: str, strategy: str, config: TrainingConfig | None = None) -> FreezePlan | None:
        """What a strategy lets learn in a model; None while its files are not here."""
        blocks = self._blocks(self.catalog.find(model))
        return plan_for_blocks(blocks, strategy, config) if blocks else None

    def general_choices(self, set_name: str) -> list[str]:
        """The sets on which forgetting can be measured in runs of this set."""
        with self.store.session() as session:
            return [*dict.fromkeys([BUNDLED, *(n for n in set_names(session) if n != set_name)]), NONE]

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
        _check_choice(spec, strategy)  # what has to be fetched is said before what has to be labelled
        given, clips = settings or {}, self._labelled(set_name)
        preview, config, split, labelled = self.prepare(set_name, spec, strategy, given, clips)
        work = self._work(set_name, spec, config, split, labelled, to_heal=preview.window.to_heal)
        if work is None or preview.plan is None:
            return preview
        arms = self._sweep_arms(spec, labelled, config.language, given)
        run = self.expecting.of_run(work, preview.plan, config)
        others = [name for name in EFFORTS if name != config.effort]
        times = Times(
            run=run,
            curve=self.expecting.of_run(work, preview.plan, config, curve_draws=CURVE_DRAWS),
            sweep=self.expecting.of_sweep(work, arms) if len(arms) > 1 else None,
            busy=self.expecting.busy_now(),
            efforts={config.effort: run}
            | {name: self._of_effort(set_name, spec, strategy, {**given, "effort": name}, clips) for name in others},
        )
        return replace(preview, times=times)

    def _of_effort(
        self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any], clips: _Clips
    ) -> Expectation:
        """How long a fine-tune with these settings takes; the model's files are here."""
        preview, config, split, labelled = self.prepare(set_name, spec, strategy, settings, clips)
        work = self._work(set_name, spec, config, split, labelled, to_heal=preview.window.to_heal)
        assert work
        assert preview.plan
        return self.expecting.of_run(work, preview.plan, config)

    def _work(
        self,
        set_name: str,
        spec: ModelSpec,
        config: TrainingConfig,
        split: dict[str, Any],
        labelled: Sequence[_Labelled],
        *,
        to_heal: bool = False,
    ) -> Work | None:
        """What a run has to do; None while the model's files are not here."""
        durations = {c.clip_id: c.duration for c in labelled}
        parts = split["folds"] or [split]
        with self.store.session() as session:
            general = general_lengths(session, config.general_set, find_set(session, set_name).id)
        return work_of(spec, config, parts, durations, general, to_heal=to_heal)

    def _sweep_arms(
        self, spec: ModelSpec, labelled: Sequence[_Labelled], language: str | None, settings: dict[str, Any]
    ) -> list[tuple[FreezePlan, TrainingConfig]]:
        """The arms of a sweep with these settings."""
        given = {name: value for name, value in settings.items() if name != "learning_rate"}
        arms = []
        for strategy in self.sweep_strategies(spec):
            plan = plan_for_blocks(self._blocks(spec), strategy, TrainingConfig())
            config, _ = self._config(spec, strategy, labelled, language, given, kin(plan))
            arms += [(plan, config)] * len(SWEEP_FACTORS)
        durations = [c.duration for c in labelled]
        window = choose(local_folder(spec), [p for p, _ in arms], durations, settings.get("window"), self.root)
        return [(plan, with_window(config, window)) for plan, config in arms]

    def suggested(self, set_name: str, model: str, strategy: str, settings: dict[str, Any]) -> TrainingConfig:
        """The settings alone, as `preview` would fill them in."""
        return self.prepare(set_name, self.catalog.find(model), strategy, settings)[1]

    def minute(self, model: str) -> Expectation | None:
        """How long a model takes here to write down a minute of speech; None while its files are not here."""
        return self.expecting.of_a_minute(self.catalog.find(model))

    def prepare(
        self, set_name: str, spec: ModelSpec, strategy: str, settings: dict[str, Any], clips: _Clips | None = None
    ) -> tuple[Preview, TrainingConfig, dict[str, Any], list[_Labelled]]:
        _check_choice(spec, strategy)
        blocks = self._blocks(spec)
        chosen = replace(TrainingConfig(), **{k: v for k in PLAN_SETTINGS if (v := settings.get(k)) is not None})
        plan = plan_for_blocks(blocks, strategy, chosen) if blocks else None
        if plan and spec.parameters:
            check_memory(spec, spec.parameters, plan.trainable_parameters / max(1, plan.total_parameters))
        elif spec.parameters:
            check_memory(spec, spec.parameters, 0.0)  # at least the weights have to fit
        labelled, language, rule, left_out = clips or self._labelled(set_name)
        labelled, window, on_length = self._in_window(spec, [plan] if plan else [], labelled, settings)
        config, suggestion = self._config(spec, strategy, labelled, language, settings, kin(plan) if plan else None)
        config, suggestion = _windowed(config, suggestion, window, settings)
        with self.store.session() as session:
            check_general(session, str(config.general_set), find_set(session, set_name).id)
        split, notes = self._split(labelled, config, rule)
        characters, more = self.new_characters(spec, [c.text for c in labelled], config)
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
                *left_out,
                *on_length,
                *self._foreign_notes(spec, set_name, language, strategy),
                *notes,
                *more,
            ),
            window=window,
            command=command_line(set_name, spec, strategy, config, root=self.root),
        )
        return preview, config, split, labelled

    def _labelled(self, set_name: str) -> _Clips:
        """The confirmed clips of a set but those whose labels hold what nobody says."""
        rule = self.labelling.assign_splits(set_name).rule
        with self.store.session() as session:
            clip_set = find_set(session, set_name)
            query = (
                select(ClipRow, ReferenceRow)
                .join(ReferenceRow, ReferenceRow.id == ClipRow.reference_id)
                .where(ClipRow.set_id == clip_set.id, ClipRow.deleted_at.is_(None), ReferenceRow.confirmed)
                .order_by(ClipRow.id)
            )
            labelled = [
                _Labelled(c.id, r.id, r.text, c.speaker, c.source, c.split, c.split_fixed, c.duration)
                for c, r in session.execute(query)
            ]
            language = clip_set.language
        odd = {c.clip_id: found for c in labelled if (found := unspoken(c.text))}
        notes = tuple(LEFT_OUT.format(n=len(odd), labels=len(labelled), written=w[:40]) for _, w in [*odd.values()][:1])
        labelled = [c for c in labelled if c.clip_id not in odd]
        if len(labelled) < MIN_CONFIRMED:
            raise TrainingError(
                f"The set {set_name} has {len(labelled)} confirmed clip{'' if len(labelled) == 1 else 's'} and at "
                f"least {MIN_CONFIRMED} are needed ({FEWEST_TEST_CLIPS} make a first test set); confirm more labels."
            )
        return _Clips(labelled, language, rule, notes)

    def _in_window(
        self, spec: ModelSpec, plans: Sequence[FreezePlan], labelled: list[_Labelled], settings: dict[str, Any]
    ) -> tuple[list[_Labelled], Window, list[str]]:
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
        labelled: Sequence[_Labelled],
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

    def _split(
        self, labelled: Sequence[_Labelled], config: TrainingConfig, rule: str
    ) -> tuple[dict[str, Any], list[str]]:
        """The run's copy of the split, as JSON, and what to say about it."""
        if config.folds > 1:
            candidates = [_candidate(c, keep=False) for c in labelled]
            cut = folds(candidates, config.folds, seed=0)
            empty = Split((), (), (), cut[0].rule, 0)
            return empty.to_json() | {"folds": [s.to_json() for s in cut]}, []
        notes: list[str] = []
        parts: dict[str, list[int]] = {
            name: [c.clip_id for c in labelled if c.split == name] for name in ("train", "dev", "test")
        }
        if not closed_vocabulary([c.text for c in labelled]):
            heard = {normalize_marks(c.text) for c in labelled if c.split == "test"}
            repeated = {
                c.clip_id for c in labelled if c.split != "test" and not c.fixed and normalize_marks(c.text) in heard
            }
            if repeated:
                parts = {n: [i for i in ids if i not in repeated] for n, ids in parts.items()}
                notes.append(f"{len(repeated)} clips were left out of training: their sentence is also in a test clip.")
        unused = sum(c.split is None for c in labelled)
        if unused:
            notes.append(f"{unused} confirmed clips are used nowhere: they would tie training and test clips together.")
        for name, why in (("train", "nothing to learn from"), ("test", "nothing to judge by")):
            if not parts[name]:
                raise TrainingError(
                    f"No confirmed clip is a {name} clip, so there would be {why}; set folds "
                    f"(cross-validation) to {DEFAULT_FOLDS}, or confirm clips of other speakers or recordings."
                )
        if len(labelled) < FOLDS_BELOW_CLIPS and not any(c.fixed for c in labelled):
            notes.append(
                f"With {len(labelled)} confirmed clips, folds would prove more than {len(parts['test'])} test clips."
            )
        split = Split(tuple(parts["train"]), tuple(parts["dev"]), tuple(parts["test"]), rule=rule)
        return split.to_json() | {"folds": []}, notes

    def _provable(
        self, spec: ModelSpec, labelled: Sequence[_Labelled], tested: set[int], config: TrainingConfig
    ) -> str:
        """What the test clips can prove, from the base's errors in those of them that it has heard."""
        texts = {c.clip_id: c.text for c in labelled if c.clip_id in tested}
        with self.store.session() as session:
            errors = expected_errors(session, spec.name, texts, str(config.normalizer))
        return Enough(len(tested), errors, "out-of-fold" if config.folds else "test").sentence()

    def _blocks(self, spec: ModelSpec) -> Any:
        folder = local_folder(spec)
        return outline(folder) if folder else None


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


def _candidate(clip: _Labelled, *, keep: bool) -> SplitCandidate:
    split: Any = clip.split if keep else None
    return SplitCandidate(clip.clip_id, clip.text, clip.speaker, clip.source, split, clip.fixed and keep)


def living_set(name: str) -> Any:
    return select(ClipSetRow).where(ClipSetRow.name == name, ClipSetRow.deleted_at.is_(None))
