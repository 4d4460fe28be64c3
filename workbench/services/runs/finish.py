"""What comes after training: what is kept, what it says of general speech, and the result.

The model delivered is the base itself where no state of the training did better.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import select

from workbench.asr.training.checkpoint import save_run_model
from workbench.asr.training.trainer import TrainingOutcome
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.intervals import METHOD
from workbench.core.evaluation.scoring import evaluate
from workbench.core.run_result import RunResult, TrainingSummary
from workbench.core.text.normalize import repetition
from workbench.core.text.ruler import choose_ruler, other_ruler
from workbench.language.said import say
from workbench.services.estimates.duration import hearings, timing
from workbench.services.estimates.hardware import OtherLoad
from workbench.services.estimates.workload import Load, Shape, padded
from workbench.services.runs.arm import Arm
from workbench.services.runs.context import RunContext, Trained
from workbench.services.runs.delivery import what_would_help
from workbench.services.runs.loaded import LoadedRun
from workbench.services.runs.records import versions
from workbench.services.storage.word_times import forget_times
from workbench.store.models import FINE_TUNE, ClipRow, EvaluationRow, now
from workbench.store.runs import find_run, replace_evaluations

STOPPED = say("Stopped; the best state so far was kept.")
ALL_BLANK_SHARE = 0.9  # of the texts; from here on the model has collapsed


def finish(context: RunContext, trained: Trained, began: float, others: OtherLoad) -> Arm:
    """Save the model, check what it forgot, store the result; returns the arm that is delivered.

    Args:
        began: When the run did, by the monotonic clock.
        others: What other programs took of the machine meanwhile.
    """
    run, arm = context.run, trained.arm
    run.progress.phase("saving", say("Saving"))
    short = context.short
    if trained.keeps_base:
        if short:  # the base hears in its own window; what learns has the weights that it began with
            short.leave()
            short, arm = None, replace(arm, hearing=context.base_hearing, cache=context.base_hearing)
        if not trained.stopped and not trained.delivered.outcome.best_step:
            run.notes.append(_what_would_help(context, trained))
    model = run.folder / "model"
    if short:
        short.save(model)  # before run.json, with which the model counts as whole
    window = short.seconds if short else None
    card = {**_card(run, context.new_characters, window), "blend": trained.delivered.share}
    save_run_model(run.backend, arm.plan, model, run=card)
    _note_blanks(run, trained)
    _note_repetitions(run, context.base_texts, adapted=False)
    _note_repetitions(run, {i: text for i, (text, _) in trained.texts.items()}, adapted=True)
    context.general.hear_adapted(
        lambda clips, phase, message: run.model.transcribe(clips, arm.hearing, phase, message),
        run.progress.should_stop,
    )
    run.notes += context.general.notes
    run.model.seconds["total"] = time.monotonic() - began
    whole = run.row.kind == FINE_TUNE and not run.resumed  # else its seconds are of something else
    done = _done(context, trained, arm) if whole else {}
    _store(context, trained, replace(_result(context, trained), timing=_timing(context, arm, done, others)))
    return arm


def _result(context: RunContext, trained: Trained) -> RunResult:
    run = context.run
    learned = set() if trained.keeps_base else learned_from(context, trained.outcomes)
    return RunResult(
        train_clips=len(learned),
        base_delivered=trained.keeps_base,
        interval_method=METHOD,
        normalizer_reason=_normalizer_reason(run),
        seconds={k: round(v, 3) for k, v in run.model.seconds.items()},
        notes=tuple(run.notes),
        new_characters=tuple(context.new_characters),
        scheme="out-of-fold" if context.in_folds else "test",
        general=context.general.to_json(),
        trainings=tuple(
            TrainingSummary(o.steps, o.best_step, tuple(asdict(c) for c in o.checks)) for o in trained.outcomes
        ),
        blend=trained.delivered.share,
        blend_curve=_blend_curve(context, trained),
        **{**run.kept, **trained.more},
    )


def _blend_curve(context: RunContext, trained: Trained) -> dict[str, Any] | None:
    """What the blend was chosen by; with folds also what each chose for itself."""
    curve = trained.delivered.curve
    if curve is None:
        return None
    folds = [learned.share for learned in trained.trainings] if context.in_folds else []
    return {**curve.summary(), **({"folds": folds} if folds else {})}


def _store(context: RunContext, trained: Trained, result: RunResult) -> None:
    run = context.run
    rows = [
        EvaluationRow(
            run_id=run.row.id,
            clip_id=i,
            fold=fold,
            reference=run.clips[i].text,
            base=context.base_texts[i],
            adapted=text,
        )
        for i, (text, fold) in trained.texts.items()
    ]
    forget_times(run.folder)  # of an earlier attempt's texts
    with run.store.session() as session:
        # A clip may have been erased while the run was at work.
        here = set(session.scalars(select(ClipRow.id).where(ClipRow.set_id == run.row.set_id)))
        replace_evaluations(session, run.row.id, [r for r in rows if r.clip_id in here])
        context.general.store(session, run.row.id)
        row = find_run(session, run.name)
        row.result, row.finished_at = result.to_json(), now()
        row.status = "stopped" if trained.stopped else "done"
        row.message = STOPPED if trained.stopped and not trained.keeps_base else ""


def _normalizer_reason(run: LoadedRun) -> str:
    """Why these text rules, by all the labels of the run and not by its test clips alone."""
    suited = choose_ruler([clip.text for clip in run.clips.values()], run.row.config.get("language"))
    return suited.reason if suited.normalizer == run.normalizer else other_ruler(suited)


def _what_would_help(context: RunContext, trained: Trained) -> str:
    run, tested = context.run, list(context.base_texts)
    base = evaluate([run.clips[i].text for i in tested], [context.base_texts[i] for i in tested], run.normalizer)
    steering = 0.0
    for split, outcome in zip(context.splits, trained.outcomes, strict=False):
        texts = [run.clips[i].text for i in split.dev if i in context.labels]
        words = evaluate(texts, [""] * len(texts), run.normalizer).reference_words
        steering += outcome.checks[0].wer * words if outcome.checks else 0.0
    return what_would_help(
        errors=base.substitutions + base.deletions + base.insertions,
        words=base.reference_words,
        steering_errors=steering / max(1, len(context.splits)),
        updates=max(o.steps for o in trained.outcomes),
        effort=str(run.row.config.get("effort") or TrainingConfig.effort),
    )


def learned_from(context: RunContext, outcomes: Sequence[TrainingOutcome]) -> set[int]:
    """The clips that the delivered model has learned from."""
    if not any(o.steps for o in outcomes):
        return set()  # stopped before its first update, or a sweep that chose the base
    if len(outcomes) == len(context.splits) > 1:
        return set(context.labels)  # with folds it is trained on every clip
    # Stopped in a fold, whose model it is.
    return {i for i in context.splits[len(outcomes) - 1].train if i in context.labels}


def _timing(context: RunContext, arm: Arm, done: Mapping[str, Load], others: OtherLoad) -> dict[str, Any]:
    """What later runs are foretold by: how long this took, and what it left in the cache."""
    row, model = context.run.row, context.run.model
    base, run = hearings(row.model["name"], arm.plan.boundary, context.run.config)
    caches = {base: context.base_hearing.folder.name} if context.short else {}
    waited = ((row.started_at or row.created_at) - row.created_at).total_seconds()
    return timing(done, model.seconds, waited, others.share(), {**caches, run: context.hearing.folder.name})


def _done(context: RunContext, trained: Trained, arm: Arm) -> dict[str, Load]:
    """What was done in the seconds that were measured."""
    run, labels, outcomes, work = context.run, context.labels, trained.outcomes, context.work
    shape, trainings = Shape(arm.plan.blocks, arm.plan.boundary), list[Load]()
    for s, o in zip(context.splits, outcomes, strict=False):  # a stopped run has fewer
        train, dev = run.lengths(i for i in s.train if i in labels), run.lengths(s.dev)
        trainings.append(work.training(shape, train, dev, arm.config, (o.steps, len(o.checks))))
    if len(outcomes) == len(context.splits) > 1:
        steps = round(statistics.median(o.best_step for o in outcomes))
        trainings.append(work.training(shape, run.lengths(labels), (), arm.config, (steps, 0)))
    heard = run.model.listened
    adapted = [*run.lengths(trained.texts.keys() - set(trained.not_heard_again)), *trained.blends_heard]
    written = work.written(shape, adapted, [*run.lengths(context.base_heard), *work.by_base(arm.config)])
    return {
        "prefix": Load(cost=shape.frozen * padded(heard["prefix"], work.padded_to)),
        "training": Load().plus(*trainings),
        "evaluation": written.plus(Load(cost=shape.listening * padded(heard["base"], work.own))),
    }


def _note_blanks(run: LoadedRun, trained: Trained) -> None:
    blank = [i for i, (text, _) in trained.texts.items() if not text.strip()]
    if trained.texts and len(blank) >= ALL_BLANK_SHARE * len(trained.texts):
        run.notes.append(
            say(
                "The adapted model writes nothing for {n} of {clips} clips (it has collapsed to blanks): lower the "
                "learning rate, train longer, or let fewer blocks learn.",
                n=len(blank),
                clips=len(trained.texts),
            )
        )


def _note_repetitions(run: LoadedRun, texts: Mapping[int, str], *, adapted: bool) -> None:
    """A decoder that lost the sound says the same over and over; every such word counts as an error."""
    found = {i: unit for i, text in texts.items() if (unit := repetition(text)) is not None}
    if found:
        first = next(iter(found))
        values = {"n": len(found), "clips": len(texts), "name": run.clips[first].name, "said": found[first][:40]}
        run.notes.append(
            say(
                "The adapted model goes round in circles in {n} of {clips} test clips, for instance {name} (“{said}” "
                "again and again); it was stopped there.",
                **values,
            )
            if adapted
            else say(
                "The base model goes round in circles in {n} of {clips} test clips, for instance {name} (“{said}” "
                "again and again); it was stopped there.",
                **values,
            )
        )


def _card(run: LoadedRun, new_characters: Sequence[str], window: int | None) -> dict[str, Any]:
    """run.json: everything needed to say what this model is and to make it again."""
    return {
        "run": run.name,
        "model": run.row.model,
        "strategy": run.row.strategy,
        "config": run.row.config,
        "split": run.row.split,
        "labels": run.row.labels,
        "cuts": run.row.cuts,
        "versions": versions(),
        "new_characters": list(new_characters),
        "language": run.language,
        "window": window,
        "rehearsal": run.kept.get("rehearsal"),
        "healed": run.backend.healed or None,
    }
