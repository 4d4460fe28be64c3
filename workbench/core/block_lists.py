"""Lists of blocks of the user's choice, with what learns in each: "encoder 4: lora, encoder 5: norms, head"."""

from collections.abc import Sequence

from workbench.core.types import Block, Part
from workbench.errors import UnknownNameError
from workbench.language.said import say

# As written in a list -> part of a block.
PART_WORDS: dict[str, Part] = {
    "all": Part.ALL,
    "norms": Part.NORMS,
    "lora": Part.LOW_RANK,
    "adapters": Part.LANGUAGE,
}


def offers(block: Block) -> tuple[Part, ...]:
    """What may be chosen to learn in a block."""
    return tuple(part for part in Part if part.fits(block))


def read_blocks(text: str) -> tuple[tuple[str, Part], ...]:
    """Names of blocks with what learns in them, from a list such as "encoder 4: lora, encoder 5: norms, head".

    Raises:
        UnknownNameError: No such part.
    """
    found: list[tuple[str, Part]] = []
    for entry in filter(str.strip, text.split(",")):
        name, _, part = (" ".join(half.split()) for half in entry.partition(":"))
        words = PART_WORDS | {str(p): p for p in PART_WORDS.values()}
        if part and part not in words:
            raise UnknownNameError("part of a block", part, list(PART_WORDS))
        found.append((name, words[part or "all"]))
    return tuple(found)


def write_blocks(blocks: Sequence[Block], parts: Sequence[Part]) -> str:
    """What `read_blocks` reads, for a plan's parts."""
    short = {part: word for word, part in PART_WORDS.items()}
    return ", ".join(
        b.name if part == Part.ALL else f"{b.name}: {short[Part(part)]}"
        for b, part in zip(blocks, parts, strict=True)
        if part != Part.NOTHING
    )


def without_part(block: str, part: Part, others: Sequence[str]) -> str:
    """Why a part of a block cannot learn: it has none.

    Args:
        others: Blocks that have one.
    """
    named = {
        Part.NORMS: say("norms and biases"),
        Part.LOW_RANK: say("low-rank adapters"),
        Part.LANGUAGE: say("language adapters"),
    }
    if others:
        return say(
            "The block {block} has no {part} that could learn; {other} and others have. Let it learn whole, or leave "
            "it frozen.",
            block=block,
            part=named.get(part, part),
            other=others[0],
        )
    return say(
        "The block {block} has no {part} that could learn, nor has any other block of this model. Let it learn whole, "
        "or leave it frozen.",
        block=block,
        part=named.get(part, part),
    )
