"""Base against adapted, from what a run measured; two runs on clips that neither trained on."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func
from sqlalchemy.orm import Session

from workbench.core.evaluation.comparison import Comparison, ComparisonRow, compare
from workbench.core.evaluation.forgetting import Forgetting
from workbench.core.evaluation.intervals import EARLIER_METHOD
from workbench.core.run_result import RunResult
from workbench.errors import WorkbenchError
from workbench.language.said import count, say
from workbench.services.runs.delivery import kept_base
from workbench.services.runs.forgetting import forgetting_of, unlike_general
from workbench.store.database import Store
from workbench.store.models import ClipRow, RunRow
from workbench.store.queries import batches, select_labelled
from workbench.store.runs import STATUSES, count_tested, evaluations, find_run, label_texts, list_runs
from workbench.store.sounds import HeardClip

FINISHED = ("done", "stopped")


EARLIER_RULER: Final = say("As the run was started.")  # by a version that kept no reason


@dataclass(frozen=True)
class RunComparison:
    """A comparison with what the reader must know about it.

    Attributes:
        base_name, adapted_name: What stands on either side: the base model and the run, or two runs.
        notes: Sentences about the run: clips left out, folds, collapse, clips erased since.
        forgetting: What the run has forgotten of general speech; None where that was not asked.
        sweep: How the arms of a sweep did; None for other runs.
        curve: What more clips would bring; None where that was not asked.
        blend: Share of what was learned that the model keeps; None for two runs, and for one of an earlier version.
        blend_curve: What that was chosen by; None where nothing had to be chosen.
        two_runs: Whether two runs stand side by side, not a base and its run.
    """

    run: str
    base_name: str
    adapted_name: str
    comparison: Comparison
    notes: tuple[str, ...]
    forgetting: Forgetting | None = None
    sweep: Mapping[str, Any] | None = None
    curve: Mapping[str, Any] | None = None
    blend: float | None = None
    blend_curve: Mapping[str, Any] | None = None
    two_runs: bool = False


def not_measured(run: RunRow) -> WorkbenchError:
    """What is said of a run without figures."""
    return WorkbenchError(
        say(
            "{run} has measured nothing yet (it is {status}); wait until it is done, or resume it.",
            run=run.name,
            status=STATUSES[run.status],
        )
    )


class Comparing:
    """The use cases around a finished run's figures."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def has_measured(self, name: str) -> bool:
        """Whether a run has texts to compare; one stopped early has none."""
        with self.store.session() as session:
            return bool(evaluations(session, find_run(session, name).id))

    def measured_runs(self, name: str) -> list[tuple[str, str]]:
        """Id and title of every run of the same set that has measured something, newest first; this one among them.

        Raises:
            UnknownNameError: No such run.
        """
        with self.store.session() as session:
            runs = list_runs(session, find_run(session, name).set_id)
            tested = count_tested(session, [run.id for run in runs])
            return [(run.name, run.title or "") for run in runs if tested.get(run.id) and run.status in FINISHED]

    def of_run(self, name: str, *, normalizer: str | None = None) -> RunComparison:
        """Base against adapted on the run's test clips, or on its out-of-fold texts.

        Raises:
            WorkbenchError: No such run, or it has measured nothing yet.
        """
        with self.store.session() as session:
            run = find_run(session, name)
            measured = evaluations(session, run.id)
            train_texts = _train_texts(session, run)
            forgetting = forgetting_of(session, run, normalizer=normalizer)
            deleted = _deleted(session, {i for part in _parts(run) for i in part["test"]})
        if not measured:
            raise not_measured(run)
        rows = [_row(clip, e.reference, e.base, e.adapted) for e, clip in measured]
        result = RunResult.from_json(run.result) or RunResult()
        notes, reason = list(result.notes), result.normalizer_reason
        if deleted and run.status == "done":
            notes.append(
                count(
                    deleted,
                    "{n} of the run's test clips was deleted since and is not counted.",
                    "{n} of the run's test clips were deleted since and are not counted.",
                )
            )
        comparison = compare(
            rows,
            normalizer=normalizer or str(run.config["normalizer"]),
            language=run.config.get("language"),
            terms=run.words,
            train_texts=train_texts,
            seed=int(run.config["seed"]),
            scheme=result.scheme,
            method=result.interval_method or EARLIER_METHOD,
            reason="" if normalizer else EARLIER_RULER if reason is None else reason,
        )
        comparison = replace(comparison, kept_base=kept_base(result, run.status))
        extra = (result.sweep, result.curve, result.blend, result.blend_curve)
        return RunComparison(name, run.model["name"], name, comparison, tuple(notes), forgetting, *extra)

    def of_two_runs(self, first: str, second: str, *, normalizer: str | None = None) -> RunComparison:
        """One run against another, on clips that neither trained on.

        Raises:
            WorkbenchError: They share no such clip.
        """
        with self.store.session() as session:
            runs = [find_run(session, name) for name in (first, second)]
            results = [RunResult.from_json(run.result) for run in runs]
            left, right = ({c.id: (e, c) for e, c in evaluations(session, run.id)} for run in runs)
        shared = sorted(left.keys() & right.keys())
        if not shared:
            raise WorkbenchError(
                say(
                    "{first} and {second} share no clip that neither trained on; run both on the "
                    "same set with the same test clips or folds.",
                    first=first,
                    second=second,
                )
            )
        rows = [_row(left[i][1], left[i][0].reference, left[i][0].adapted, right[i][0].adapted) for i in shared]
        changed = sum(left[i][0].reference != right[i][0].reference for i in shared)
        alone = {name: len(side) - len(shared) for name, side in ((first, left), (second, right))}
        cut = sum(left[i][1].sha256 != right[i][1].sha256 for i in shared)
        notes = [*_shared_notes(first, len(shared), alone, changed, cut), unlike_general(runs)]
        comparison = compare(
            rows,
            normalizer=normalizer or str(runs[0].config["normalizer"]),
            language=runs[0].config.get("language"),
            terms=runs[0].words,
            seed=int(runs[0].config["seed"]),
            scheme="out-of-fold" if "out-of-fold" in {r.scheme for r in results if r} else "test",
        )
        return RunComparison(second, first, second, comparison, tuple(filter(None, notes)), two_runs=True)

    def document(self, name: str, *, normalizer: str | None = None) -> dict[str, Any]:
        """What `workbench adapt` prints: the run, its figures and its times.

        Raises:
            WorkbenchError: No such run, or it has measured nothing yet.
        """
        of_run = self.of_run(name, normalizer=normalizer)
        with self.store.session() as session:
            run = find_run(session, name)
        result = RunResult.from_json(run.result) or RunResult()
        figures = of_run.comparison.to_json()
        return {
            "run": name,
            "status": run.status,
            "strategy": run.strategy,
            "model": run.model["name"],
            "effort": run.config.get("effort", "usual"),
            "window": (result.window or {}).get("seconds"),
            "trainable_parameters": run.plan["trainable_parameters"],
            "total_parameters": run.plan["total_parameters"],
            "normalizer": figures.pop("normalizer"),
            "train_clips": result.train_clips,
            "test_clips": figures.pop("test_clips"),
            **figures,
            "folds": len(run.split.get("folds") or []),
            "split": _parts(run)[0]["rule"],
            "new_characters": list(result.new_characters),
            "notes": list(of_run.notes),
            "kept_base": of_run.comparison.kept_base,
            "outcome": of_run.comparison.outcome,
            "summary": of_run.comparison.sentence(),
            "general": of_run.forgetting.to_json() if of_run.forgetting else None,
            "rehearsal": result.rehearsal,
            "blend": result.blend,
            "blend_curve": result.blend_curve,
            "sweep": result.sweep,
            "curve": result.curve,
            "seconds": dict(result.seconds),
        }


def _shared_notes(first: str, shared: int, alone: Mapping[str, int], changed: int, cut: int) -> Iterator[str]:
    """What to know of two runs' clips.

    Args:
        first: The run whose labels are used.
        shared: How many both have tested.
        alone: Run -> how many it alone has tested.
        changed, cut: How many were labelled anew, or trimmed, between the runs.
    """
    yield count(
        shared,
        "Compared on the {n} clip that both tested and neither trained on.",
        "Compared on the {n} clips that both tested and neither trained on.",
    )
    if more := {run: n for run, n in alone.items() if n}:
        yield _differ(more)
    if changed:
        yield say(
            "The label of {n} of them was corrected between the runs; {run}'s is used for both.", n=changed, run=first
        )
    if cut:
        yield count(
            cut,
            "{n} of them was trimmed between the runs; each run is judged by what it heard.",
            "{n} of them were trimmed between the runs; each run is judged by what it heard.",
        )


def _differ(more: Mapping[str, int]) -> str:
    (run, n), *others = more.items()
    if not others:
        return say("Their test clips differ: {run} tested {n} more, which are not counted here.", run=run, n=n)
    other, m = others[0]
    return say(
        "Their test clips differ: {run} tested {n} more and {other} tested {m} more, which are not counted here.",
        run=run,
        n=n,
        other=other,
        m=m,
    )


def _row(clip: HeardClip, reference: str, base: str, adapted: str) -> ComparisonRow:
    return ComparisonRow(clip.name, reference, base, adapted, speaker=clip.speaker, clip_id=clip.id)


def _parts(run: RunRow) -> Sequence[dict[str, Any]]:
    return run.split.get("folds") or [run.split]


def _deleted(session: Session, clip_ids: Collection[int]) -> int:
    """How many of these clips live no more; a living one without figures was left out by the run, which says why."""
    living = select_labelled(func.count(ClipRow.id))
    return len(clip_ids) - sum(session.scalar(living.where(ClipRow.id.in_(ids))) or 0 for ids in batches(clip_ids))


def _train_texts(session: Any, run: RunRow) -> list[str]:
    """The labels that the run's model learned from; with folds, all of them."""
    trained = None if run.split.get("folds") else set(run.split["train"])
    texts = label_texts(session, [r for i, r in run.labels.items() if trained is None or int(i) in trained])
    return list(texts.values())
