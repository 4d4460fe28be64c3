"""Freezing strategies: each a named function from a model's blocks to what may learn in each of them.

A strategy is data; training, caching and the page read the plan and know nothing else about it. Adding one is one
entry in `STRATEGIES`. BitFit: Ben Zaken et al. 2022 (arXiv 2106.10199); LoRA: Hu et al. 2021 (arXiv 2106.09685);
which blocks suit which shift: Lee et al. 2023, "Surgical fine-tuning" (arXiv 2210.11466).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.core.block_lists import offers, read_blocks, without_part
from workbench.core.config import TrainingConfig
from workbench.core.types import Block, FreezePlan, Part
from workbench.errors import UnknownNameError, WorkbenchError
from workbench.language.said import say

if TYPE_CHECKING:  # the page reads strategies without loading torch
    from torch import nn

    from workbench.asr.models.backend import Backend

CUSTOM, LORA = "custom", "lora"
LAYERS = ("encoder", "decoder")  # kinds of blocks that are made of attention and feed-forward parts


@dataclass(frozen=True)
class Choice:
    """What the user said besides the strategy's name.

    Attributes:
        number: The number in the name, as in "top-2"; 0 where there is none.
        blocks: Names or kinds of blocks that were chosen with what learns in them, the later one counting; empty where
            none were.
    """

    number: int = 0
    blocks: tuple[tuple[str, Part], ...] = ()


Parts = Callable[[Sequence[Block], Choice], list[Part]]


@dataclass(frozen=True)
class Strategy:
    """One way to choose what learns.

    Attributes:
        name: As on the command line; "N" stands for a number, as in "top-N".
        title: In words for the page.
        sentence: What it does, for a domain expert.
        parts: From the blocks and the user's choice to what learns in each block.
        ctc: Whether it means something for a model with a CTC head.
        seq2seq: Whether it means something for an encoder with a decoder, such as Whisper.
        fits: Whether it means something for a model with these blocks; empty while its files are not here.
    """

    name: str
    title: str
    sentence: str
    parts: Parts
    ctc: bool = True
    seq2seq: bool = True
    fits: Callable[[Sequence[Block]], bool] = lambda blocks: True


def _of(blocks: Sequence[Block], learns: Callable[[Block], bool]) -> list[Part]:
    return [Part.ALL if learns(b) else Part.NOTHING for b in blocks]


def _head(blocks: Sequence[Block], _: Choice) -> list[Part]:
    return _of(blocks, lambda b: b.kind == "head")


def _some(blocks: Sequence[Block], kind: str, number: int, *, last: bool) -> set[str]:
    """Names of the first or last so many blocks of a kind."""
    names = [b.name for b in blocks if b.kind == kind]
    if not 1 <= number <= len(names):
        name = "top" if last else "bottom"
        raise WorkbenchError(
            say(
                "{name}-{number} needs {number} {kind} blocks, the model has {n}; choose {name}-1 to {name}-{n}.",
                name=name,
                number=number,
                kind=kind,
                n=len(names),
            )
        )
    return set(names[-number:] if last else names[:number])


def _top(blocks: Sequence[Block], choice: Choice) -> list[Part]:
    names = _some(blocks, "decoder" if is_seq2seq(blocks) else "encoder", choice.number, last=True)
    return _of(blocks, lambda b: b.name in names or b.kind == "head")


def _bottom(blocks: Sequence[Block], choice: Choice) -> list[Part]:
    names = _some(blocks, "encoder", choice.number, last=False)
    return _of(blocks, lambda b: b.name in names)


def _encoder(blocks: Sequence[Block], _: Choice) -> list[Part]:
    if is_seq2seq(blocks):
        return _of(blocks, lambda b: b.kind in ("features", "encoder"))
    return _of(blocks, lambda b: b.kind != "head")


def _decoder(blocks: Sequence[Block], _: Choice) -> list[Part]:
    return _of(blocks, lambda b: b.kind not in ("features", "encoder"))


def _all_but_features(blocks: Sequence[Block], _: Choice) -> list[Part]:
    return _of(blocks, lambda b: b.kind != "features")


def _norms_and_biases(blocks: Sequence[Block], _: Choice) -> list[Part]:
    kinds = (*LAYERS, "projection")
    return [Part.ALL if b.kind == "head" else Part.NORMS if b.kind in kinds else Part.NOTHING for b in blocks]


def _lora(blocks: Sequence[Block], choice: Choice) -> list[Part]:
    layers = {b.name for b in blocks if b.kind in LAYERS}
    names = set(_chosen(blocks, choice)) if choice.blocks else layers
    if odd := ", ".join(sorted(names - layers)):
        raise WorkbenchError(
            say("Low-rank adapters fit into encoder and decoder blocks, not into {names}; leave these out.", names=odd)
        )
    return [Part.ALL if b.kind == "head" else Part.LOW_RANK if b.name in names else Part.NOTHING for b in blocks]


def _adapters(blocks: Sequence[Block], _: Choice) -> list[Part]:
    return [Part.ALL if b.kind == "head" else Part.LANGUAGE if b.adapters else Part.NOTHING for b in blocks]


def _full(blocks: Sequence[Block], _: Choice) -> list[Part]:
    return _of(blocks, lambda b: True)


def _custom(blocks: Sequence[Block], choice: Choice) -> list[Part]:
    if not choice.blocks:
        raise WorkbenchError(
            say(
                "The strategy custom lets those blocks learn that you choose, and none is chosen; "
                "choose some under “Blocks of your choice” (blocks), such as {name}.",
                name=blocks[-1].name,
            )
        )
    chosen = _chosen(blocks, choice)
    for block in blocks:
        part = chosen.get(block.name, Part.NOTHING)
        if part not in offers(block):
            fits = [b.name for b in blocks if part in offers(b)]
            raise WorkbenchError(without_part(block.name, part, fits))
    return [chosen.get(b.name, Part.NOTHING) for b in blocks]


def _chosen(blocks: Sequence[Block], choice: Choice) -> dict[str, Part]:
    """The blocks that the user named, by name or by kind, with what learns in them."""
    found: dict[str, Part] = {}
    for name, part in choice.blocks:
        if not any(name in (b.name, b.kind) for b in blocks):
            raise UnknownNameError("block", name, [b.name for b in blocks])
        found |= {b.name: part for b in blocks if name in (b.name, b.kind)}
    return found


STRATEGIES: dict[str, Strategy] = {
    s.name: s
    for s in (
        Strategy(
            "head",
            say("Head only"),
            say(
                "Listens the same, spells differently: only the last step learns, which turns what was heard into "
                "letters."
            ),
            _head,
            seq2seq=False,  # the output layer is the token embedding, which a few clips would only unsettle
        ),
        Strategy(
            "top-N",
            say("Last blocks"),
            say(
                "Hears each sound the same, puts sounds together differently: the last N blocks (and a CTC model's "
                "output layer) learn."
            ),
            _top,
        ),
        Strategy(
            "bottom-N",
            say("First blocks"),
            say(
                "Hears sounds differently, puts them together the same: the first N encoder blocks learn, for another "
                "room, microphone or kind of voice."
            ),
            _bottom,
        ),
        Strategy(
            "encoder",
            say("Listening only"),
            say("Listens differently, spells the same: all that listens learns, what writes stays frozen."),
            _encoder,
        ),
        Strategy(
            "decoder",
            say("Writing only"),
            say(
                "Listens the same, writes differently: the decoder learns with its vocabulary, the encoder stays "
                "frozen."
            ),
            _decoder,
            ctc=False,
        ),
        Strategy(
            "all-but-features",
            say("All but the sound features"),
            say(
                "Listens and spells differently: everything learns but the very first step, which turns sound into "
                "features; the usual recipe."
            ),
            _all_but_features,
            fits=lambda blocks: not blocks or any(b.kind == "features" for b in blocks),
        ),
        Strategy(
            "adapters",
            say("The language's adapter"),
            say(
                "Learns one language and leaves what all languages share: what MMS keeps for each language learns, its "
                "own recipe."
            ),
            _adapters,
            seq2seq=False,
            fits=lambda blocks: any(b.adapters for b in blocks),
        ),
        Strategy(
            "norms-and-biases",
            say("Norms and biases (BitFit)"),
            say(
                "Turns the knobs and changes no wiring: only the small offsets and scales in each block learn (and a "
                "CTC model's output layer)."
            ),
            _norms_and_biases,
        ),
        Strategy(
            LORA,
            say("Low-rank adapters (LoRA)"),
            say(
                "Keeps what it knows and adds a little beside it: thin new layers learn in every block (and a CTC "
                "model's output layer), few weights at all depths."
            ),
            _lora,
        ),
        Strategy(
            "full",
            say("Everything"),
            say("Relearns everything: the largest change, the slowest, and the one that forgets the most."),
            _full,
        ),
        Strategy(
            CUSTOM,
            say("Blocks of your choice"),
            say("Your own choice: the blocks that you light up learn, all others stay as they are."),
            _custom,
        ),
    )
}


def is_seq2seq(blocks: Sequence[Block]) -> bool:
    """Whether these are the blocks of an encoder with a decoder."""
    return any(b.kind == "decoder" for b in blocks)


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
    known = [re.sub(r"(.+)-N$", r"\1-1, \1-2, …", n) for n in STRATEGIES]
    raise UnknownNameError("freezing strategy", name, known)


def strategy_names(family: str, blocks: Sequence[Block] = ()) -> list[str]:
    """The names to offer for a model.

    Args:
        family: "ctc" or "seq2seq".
        blocks: Its blocks; empty while its files are not here, then common numbers are offered.
    """
    names = []
    for strategy in STRATEGIES.values():
        if not (strategy.seq2seq if family == "seq2seq" else strategy.ctc) or not strategy.fits(blocks):
            continue
        if strategy.name.endswith("-N"):
            kind = "decoder" if family == "seq2seq" and strategy.name == "top-N" else "encoder"
            depth = sum(b.kind == kind for b in blocks) if blocks else 12
            numbers = [n for n in (1, 2, 4, 8, 12) if n < depth or n == 1]
            names += [strategy.name.replace("N", str(n)) for n in numbers]
        else:
            names.append(strategy.name)
    return names


def plan_for_blocks(blocks: Sequence[Block], strategy: str, config: TrainingConfig | None = None) -> FreezePlan:
    """The plan of a strategy for these blocks.

    The boundary is the number of leading frozen blocks: their output is what the cache keeps.

    Args:
        config: Its `blocks` and `lora_rank` say more for `custom` and `lora`.

    Raises:
        UnknownNameError: No such strategy or block.
        WorkbenchError: The strategy means nothing for this kind of model.
    """
    found, number = find_strategy(strategy)
    config = config or TrainingConfig()
    if not (found.seq2seq if is_seq2seq(blocks) else found.ctc) or not found.fits(blocks):
        family = "seq2seq" if is_seq2seq(blocks) else "ctc"
        raise WorkbenchError(
            say(
                "The strategy {strategy} means nothing for this kind of model; choose one of {strategies}.",
                strategy=strategy,
                strategies=", ".join(strategy_names(family, blocks)),
            )
        )
    parts = found.parts(blocks, Choice(number, read_blocks(config.blocks)))
    if all(part == Part.NOTHING for part in parts):
        raise WorkbenchError(
            say("With the strategy {strategy} nothing of this model would learn; choose another.", strategy=strategy)
        )
    rank = config.lora_rank if Part.LOW_RANK in parts else 0
    return FreezePlan(
        strategy=strategy,
        blocks=tuple(blocks),
        parts=tuple(parts),
        boundary=next(i for i, part in enumerate(parts) if part != Part.NOTHING),
        trainable_parameters=sum(part.weights(b, rank) for b, part in zip(blocks, parts, strict=True)),
        total_parameters=sum(b.parameters for b in blocks),
        lora_rank=rank,
    )


def kin(plan: FreezePlan) -> str:
    """The named strategy whose settings suit a plan: for custom that of the same parts, custom where none has them."""
    if plan.strategy != CUSTOM:
        return plan.strategy
    parts = {part for b, part in zip(plan.blocks, plan.parts, strict=True) if part != Part.NOTHING and b.kind != "head"}
    if set(plan.parts) == {Part.ALL}:
        return "full"
    alike: dict[frozenset[Part], str] = {
        frozenset(): "head",
        frozenset({Part.NORMS}): "norms-and-biases",
        frozenset({Part.LOW_RANK}): LORA,
        frozenset({Part.LANGUAGE}): "adapters",
    }
    return alike.get(frozenset(parts), CUSTOM)


def apply_plan(backend: "Backend", plan: FreezePlan) -> None:
    """Let exactly the plan's weights take gradients; adds the adapters where the plan has some."""
    if plan.lora_rank:
        from workbench.asr.models.lora import add_adapters

        add_adapters(backend, plan)
    backend.model.requires_grad_(False)  # fixed weights, such as sinusoidal positions, belong to no block
    adapters = {id(p) for name, p in backend.model.named_parameters() if ".lora_" in name}
    languages = {id(p) for name, p in backend.model.named_parameters() if ".adapter_layer." in name}
    for weights, part in zip(backend.block_parameters(), plan.parts, strict=True):
        for weight in weights:
            weight.requires_grad_(
                part == Part.ALL
                or (part == Part.NORMS and weight.dim() == 1)
                or (part == Part.LOW_RANK and id(weight) in adapters)
                or (part == Part.LANGUAGE and id(weight) in languages)
            )


def training_mode(backend: "Backend", plan: FreezePlan) -> None:
    """Training mode for what learns, eval mode for what is frozen.

    A frozen batch norm would otherwise go on moving its averages, and frozen dropout would add noise to what the cache
    holds without (docs/recipes.md, "Traps", 5).
    """
    backend.model.train()
    for modules, yes in zip(backend.block_modules(), plan.learns, strict=True):
        for module in modules:
            module.train(yes)


def trainable_state(backend: "Backend") -> dict[str, "nn.Parameter"]:
    """The weights that learn, by name."""
    return {n: p for n, p in backend.model.named_parameters() if p.requires_grad}
