"""What came of a run, as a typed value; the store keeps it as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from workbench.core.types import Seconds


@dataclass(frozen=True)
class TrainingSummary:
    """How one training went.

    Attributes:
        steps: Updates made.
        best_step: After which update the state that was kept came about; 0 for the base.
        checks: Of the dev clips, each {"step", "wer", "cer"}.
    """

    steps: int
    best_step: int
    checks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class RunResult:
    """The result of a run that is done, or was stopped and kept something.

    Attributes:
        train_clips: How many the delivered model has learned from; None in results of the first version.
        base_delivered: Whether the model delivered is the base as it was; None in results of earlier versions.
        interval_method: By which its change was judged; empty in results of earlier versions, whose interval is kept.
            Any other name than today's is judged by today's method.
        normalizer_reason: Why these text rules; None in results of earlier versions.
        scheme: "test", or "out-of-fold".
        general: The general check set; None where none was wished for. See `GeneralCheck.to_json`.
        trainings: With folds one a fold; of a sweep that of the arm that was chosen.
        timing: For foretelling; None where its seconds are of something else.
        blend: Share of what was learned that the model delivered keeps, 0 for the base; None in results of earlier
            versions, whose models are as trained.
        blend_curve: What it was chosen by; None where nothing had to be chosen. See `BlendCurve.summary`; with folds
            also "folds", the share that each fold chose for itself.
        window: {"seconds", "healed"} of a run in a shorter window than the base's.
        rehearsal: {"share", "clips", "version", "texts"} of a run that rehearsed general speech.
        sweep, curve: Tables of these kinds of runs.
    """

    train_clips: int | None = None
    base_delivered: bool | None = None
    interval_method: str = ""
    normalizer_reason: str | None = None
    seconds: Mapping[str, Seconds] = field(default_factory=dict)
    notes: Sequence[str] = ()
    new_characters: Sequence[str] = ()
    scheme: Literal["test", "out-of-fold"] = "test"
    general: Mapping[str, Any] | None = None
    trainings: Sequence[TrainingSummary] = ()
    timing: Mapping[str, Any] | None = None
    blend: float | None = None
    blend_curve: Mapping[str, Any] | None = None
    window: Mapping[str, Any] | None = None
    rehearsal: Mapping[str, Any] | None = None
    sweep: Mapping[str, Any] | None = None
    curve: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """What the store keeps; what this kind of run does not have is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RunResult | None":
        """A stored result, of whatever version; None for a run that has none yet."""
        if not document:
            return None
        known = {f.name for f in fields(cls)}
        values = {name: value for name, value in document.items() if name in known and value is not None}
        trainings = tuple(
            TrainingSummary(t["steps"], t["best_step"], tuple(t.get("checks", ()))) for t in values.pop("trainings", ())
        )
        return cls(**values, trainings=trainings)
