"""A marked cell runs nothing, and comes back as it was."""

import random

import pytest

from workbench.core.spreadsheet import marked, unmarked

SIGNS = "'=+-@\t\r \n\"aé＝"


@pytest.mark.parametrize("seed", range(20))
def test_every_cell_comes_back_and_none_is_run(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(2000):
        cell = "".join(rng.choice(SIGNS) for _ in range(rng.randrange(8)))
        assert unmarked(marked(cell)) == cell
        assert marked(cell).lstrip()[:1] not in set("=+-@")
        assert not marked(cell).startswith(("\t", "\r"))


@pytest.mark.parametrize("cell", ["", "plain", "'", "it's", "'quoted'", "a=b", "5-6", "''", "' quoted"])
def test_what_runs_nothing_stays_as_it_is(cell: str) -> None:
    assert marked(cell) == unmarked(cell) == cell


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("=1+1", "'=1+1"), ("'=1+1", "''=1+1"), ("''-", "'''-"), (" @x", "' @x"), ("-5", "'-5"), ("\tx", "'\tx")],
)
def test_what_would_be_run_gets_one_more_mark(cell: str, safe: str) -> None:
    assert marked(cell) == safe
