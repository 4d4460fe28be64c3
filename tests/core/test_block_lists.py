"""Lists of blocks: what is written is read again, and what cannot be is said."""

import pytest

from workbench.core.block_lists import offers, read_blocks, write_blocks
from workbench.core.types import Block, Part
from workbench.errors import UnknownNameError

BLOCKS = (
    Block("features", "features", 100, 4),
    Block("encoder 1", "encoder", 50, 5, low_rank=3),
    Block("encoder 2", "encoder", 50, 5, low_rank=3, adapters=2),
    Block("head", "head", 10, 10),
)


def test_what_is_written_is_read_again() -> None:
    parts: tuple[Part, ...] = ("nothing", "low-rank adapters", "norms and biases", "all")
    written = write_blocks(BLOCKS, parts)
    assert written == "encoder 1: lora, encoder 2: norms, head"
    assert dict(read_blocks(written)) == dict(zip(["encoder 1", "encoder 2", "head"], parts[1:], strict=True))


def test_spaces_do_not_matter_and_long_names_are_read() -> None:
    assert read_blocks(" encoder   5 :low-rank adapters,, head ") == (
        ("encoder 5", "low-rank adapters"),
        ("head", "all"),
    )
    assert read_blocks("") == ()


def test_an_unknown_part_lists_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="called 'half'; choose one of: all, norms, lora, adapters"):
        read_blocks("head: half")


def test_only_what_a_block_has_may_be_chosen() -> None:
    assert offers(BLOCKS[0]) == ("nothing", "all", "norms and biases")
    assert offers(BLOCKS[2])[3:] == ("low-rank adapters", "language adapters")
    assert offers(BLOCKS[3]) == ("nothing", "all"), "nothing but biases: that is all of it"
