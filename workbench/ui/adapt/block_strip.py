"""The model's blocks from sound to text as a strip to click on; plain data, drawn by adapt/block_strip.js."""

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from workbench.core.block_lists import PART_WORDS, offers, write_blocks
from workbench.core.types import Block, FreezePlan, Part
from workbench.ui import text
from workbench.ui.kit.scripts import program
from workbench.ui.kit.worded import worded

GROUPS: Final = {"features": "sound", "projection": "sound", "norm": "encoder"}  # others: by their own kind


def block_strip(value: dict[str, Any], **kwargs: Any) -> gr.HTML:
    """The strip. Event: pick, with the list of blocks that learn, as `read_blocks` reads it."""
    template = (
        "<p class='explained'></p><div class='strip' role='group'></div><div class='of-block'></div>"
        "<p class='hint counts' role='status'></p>"
    )
    words = text.STRIP_WORDS | {
        "parts": text.PARTS,
        "marks": text.PART_MARKS,
        "written": {part.value: word for word, part in PART_WORDS.items()},
    }
    return gr.HTML(
        worded(value),
        html_template=template,
        js_on_load=program("block_strip"),
        apply_default_css=False,
        words=words,
        **kwargs,
    )


def strip_value(
    blocks: Sequence[Block],
    plan: FreezePlan | None,
    *,
    strategy: str,
    words: tuple[str, str],
    rank: int,
    problem: str = "",
) -> dict[str, Any]:
    """What the strip shows.

    Args:
        blocks: The model's; empty while its files are not here.
        plan: None where the strategy lets nothing learn (yet).
        words: The strategy's title and sentence.
        rank: Of low-rank adapters, also of those that may still be chosen.
        problem: Why there is no plan.
    """
    parts: Sequence[Part] = plan.parts if plan else (Part.NOTHING,) * len(blocks)
    kinds = {b.kind for b in blocks}
    groups: list[dict[str, Any]] = []
    for block, part in zip(blocks, parts, strict=True):
        name = _group(block, kinds)
        if not groups or groups[-1]["name"] != name:
            groups.append({"name": name, "title": text.STRIP_GROUPS[name], "blocks": []})
        groups[-1]["blocks"].append(_block(block, part, rank))
    return {
        "strategy": strategy,
        "title": words[0],
        "sentence": words[1],
        "problem": problem or ("" if blocks else text.NOT_HERE_YET),
        "list": write_blocks(blocks, parts),
        "custom": strategy == "custom",
        "groups": groups,
        "total": sum(b.parameters for b in blocks),
    }


def _group(block: Block, kinds: set[str]) -> str:
    """Which step of hearing a block belongs to."""
    if block.kind == "embed":  # positions of a CTC encoder, words of a decoder
        return "decoder" if "decoder" in kinds else "sound"
    return GROUPS.get(block.kind, block.kind)


def _block(block: Block, part: Part, rank: int) -> dict[str, Any]:
    return {
        "name": block.name,
        "called": text.BLOCK_NAMES.get(block.name, block.name),
        "short": text.BLOCK_LABELS.get(block.name) or block.name.rpartition(" ")[2],
        "part": str(part),
        "sizes": {offer.value: offer.weights(block, rank) for offer in offers(block)},
    }
