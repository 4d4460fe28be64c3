"""What a fine-tune would do, as the page and the command line show it before the start."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.asr.catalog.suggestions import Suggestion
from workbench.core.types import FreezePlan, ModelSpec
from workbench.services.estimates.duration import Expectation
from workbench.services.estimates.window import Window


@dataclass(frozen=True)
class Times:
    """What a start would take, by what is started.

    Attributes:
        run: A fine-tune.
        curve: One with a learning curve.
        sweep: A race of strategies and rates; None where the model offers fewer than two arms.
        busy: Whether this machine is busy with something else now, so that everything takes longer.
        efforts: A fine-tune of each effort; empty where that cannot be told.
    """

    run: Expectation
    curve: Expectation
    sweep: Expectation | None = None
    busy: bool = False
    efforts: Mapping[str, Expectation] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """What a run would do, known before it starts.

    Attributes:
        plan: None while the model's files are not on this machine yet.
        train, dev, test: Number of clips; with folds `test` is all of them.
        split_rule: How the clips are kept apart, one sentence.
        provable: What the test clips can prove, one sentence; empty while the base has not drafted them.
        new_characters: Characters in the labels that the model cannot write yet.
        notes: What the user should know before pressing start.
        window: In which the clips are heard.
        rehearsed: Clips of general speech that are heard beside the set's own, for not forgetting it.
        times: How long it takes on this machine; None while the model's files are not here.
    """

    model: ModelSpec
    plan: FreezePlan | None
    suggestion: Suggestion
    normalizer: str
    train: int
    dev: int
    test: int
    folds: int
    split_rule: str
    provable: str
    new_characters: tuple[str, ...]
    notes: tuple[str, ...]
    command: str
    times: Times | None = None
    window: Window = field(default_factory=Window)
    rehearsed: int = 0
