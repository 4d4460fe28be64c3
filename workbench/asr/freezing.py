"""Freezing strategies: each a named function from a model's blocks to what may learn.

A strategy is data; training, caching and the page read the plan and know nothing else about it. Adding one is one
entry in `STRATEGIES`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.types import Block, FreezePlan
from workbench.errors import UnknownNameError, WorkbenchError

if TYPE_CHECKING:  # the page reads strategies without loading torch
    from torch import nn

    from workbench.asr.backend import Backend

Learns = Callable[[Sequence[Block], int], list[bool]]


@dataclass(frozen=True)
class Strategy:
    """One way to choose what learns.

    Attributes:
        name: As on the command line; "N" stands for a number, as in "top-N".
        title: In words for the page.
        sentence: What it does, for a domain expert.
        learns: From the blocks and the number in the name (0 where there is none) to one flag a block.
    """

    name: str
    title: str
    sentence: str
    learns: Learns


def _head(blocks: Sequence[Block], _n: int) -> list[bool]:
    return [b.kind == "head" for b in blocks]


def _top(blocks: Sequence[Block], n: int) -> list[bool]:
    encoder = [i for i, b in enumerate(blocks) if b.kind == "encoder"]
    if not 1 <= n <= len(encoder):
        raise WorkbenchError(
            f"top-{n} needs {n} encoder blocks, the model has {len(encoder)}; choose top-1 to top-{len(encoder)}."
        )
    return [b.kind == "head" or i in encoder[-n:] for i, b in enumerate(blocks)]


def _all_but_features(blocks: Sequence[Block], _n: int) -> list[bool]:
    return [b.kind != "features" for b in blocks]


def _full(blocks: Sequence[Block], _n: int) -> list[bool]:
    return [True for _ in blocks]


STRATEGIES: dict[str, Strategy] = {
    s.name: s
    for s in (
        Strategy("head", "Head only", "Hears the same, spells differently: only the output layer learns.", _head),
        Strategy(
            "top-N",
            "Top blocks and head",
            "The last N blocks and the output layer learn; what was learned about sound stays.",
            _top,
        ),
        Strategy(
            "all-but-features",
            "All but the sound features",
            "Everything learns except the first stage that turns sound into features: the usual recipe.",
            _all_but_features,
        ),
        Strategy(
            "full", "Everything", "Every weight learns: the largest change, the slowest, forgets the most.", _full
        ),
    )
}


def find_strategy(name: str) -> tuple[Strategy, int]:
    """The strategy of this name and the number in it.

    Raises:
        UnknownNameError: No such strategy; lists the valid ones.
    """
    numbered = re.fullmatch(r"(.+)-(\d+)", name)
    if numbered and f"{numbered[1]}-N" in STRATEGIES:
        return STRATEGIES[f"{numbered[1]}-N"], int(numbered[2])
    if name in STRATEGIES and not name.endswith("-N"):
        return STRATEGIES[name], 0
    raise UnknownNameError("freezing strategy", name, [n.replace("top-N", "top-1, top-2, …") for n in STRATEGIES])


def strategy_names(n_encoder_blocks: int) -> list[str]:
    """The names to offer for a model with this many encoder blocks."""
    tops = [n for n in (1, 2, 4, 8, 12) if n < n_encoder_blocks] or [1]
    return ["head", *(f"top-{n}" for n in tops), "all-but-features", "full"]


def plan_for_blocks(blocks: Sequence[Block], strategy: str) -> FreezePlan:
    """The plan of a strategy for these blocks.

    The boundary is the number of leading frozen blocks: their output is what the cache keeps.
    """
    found, number = find_strategy(strategy)
    learns = found.learns(blocks, number)
    boundary = learns.index(True)
    return FreezePlan(
        strategy=strategy,
        blocks=tuple(blocks),
        learns=tuple(learns),
        boundary=boundary,
        trainable_parameters=sum(b.parameters for b, yes in zip(blocks, learns, strict=True) if yes),
        total_parameters=sum(b.parameters for b in blocks),
    )


def apply_plan(backend: "Backend", plan: FreezePlan) -> None:
    """Let exactly the plan's weights take gradients."""
    for weights, yes in zip(backend.block_parameters(), plan.learns, strict=True):
        for weight in weights:
            weight.requires_grad_(yes)


def training_mode(backend: "Backend", plan: FreezePlan) -> None:
    """Training mode for what learns, eval mode for what is frozen.

    A frozen batch norm would otherwise go on moving its averages, and frozen dropout would add noise to what the cache
    holds without (recipes.md, trap 5).
    """
    backend.model.train()
    for modules, yes in zip(backend.block_modules(), plan.learns, strict=True):
        for module in modules:
            module.train(yes)


def trainable_state(backend: "Backend") -> dict[str, "nn.Parameter"]:
    """The weights that learn, by name."""
    return {n: p for n, p in backend.model.named_parameters() if p.requires_grad}
