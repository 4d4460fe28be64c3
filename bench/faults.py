"""Kills processes and fills disks at random moments, and counts what was acknowledged and is gone afterwards.

Killed by SIGKILL: processes that label, delete and erase, and open older workspaces; the command line as it imports and
as it transcribes; the server as takes arrive over HTTP; the worker of a run, which is then resumed. Filled: a small
file system of its own (tmpfs, which needs the right to mount), with a random number of bytes left. Afterwards the
workspace is opened anew, on the full disk and with room, and everything that was acknowledged has to be there, what was
erased nowhere. A try whose process had ended before its moment came still counts, and is told apart.

    python -m bench.faults [--kills 200] [--full 100] [--seed 0] [--out FOLDER]
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.faulting import Outcome, Try, make_workspaces
from bench.faulting_disks import disk_try, may_mount, small_disk
from bench.faulting_kills import KILLS
from bench.report import RESULTS, machine, show, write

# How often each kind comes among 100 tries; a run's worker takes longest by far.
SHARES = {"labels": 27, "bin": 18, "upgrade": 17, "import": 13, "server": 13, "transcribe": 6, "worker": 6}
COLUMNS = ("kind", "tries", "broken_off", "acknowledged", "refused_in_words", "lost", "bricked", "raised")


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Run the tries; returns the rows of the table."""
    given = _flags().parse_args(arguments)
    chance = random.Random(given.seed)
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name)
        prepared = make_workspaces(folder / "prepared")
        outcomes = [*_kills(given.kills, prepared, folder, chance), *_disks(given.full, prepared, folder, chance)]
    rows = [_row(kind, [o for o in outcomes if o.kind == kind]) for kind in dict.fromkeys(o.kind for o in outcomes)]
    rows.append(_row("all", outcomes))
    show("Tries that were killed, or met a full disk", rows)
    for outcome in outcomes:
        for fault in outcome.faults:
            print(f"{outcome.kind}, seed {outcome.seed}: {fault}")
    write("faults", {"machine": machine(), "seed": given.seed, "rows": rows}, given.out)
    return rows


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="processes to kill")
    parser.add_argument("--full", type=int, default=100, help="disks to fill")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    return parser


def _kills(n: int, prepared: dict[str, Path], folder: Path, chance: random.Random) -> list[Outcome]:
    kinds = _dealt(n, SHARES)
    return [_tried(KILLS[kind], kind, prepared, folder / f"kill-{i}", chance) for i, kind in enumerate(kinds)]


def _disks(n: int, prepared: dict[str, Path], folder: Path, chance: random.Random) -> list[Outcome]:
    if not n:
        return []
    if not may_mount(folder):
        print("Full disks are skipped: mounting a small file system is not allowed here (it needs root).")
        return []
    outcomes = []
    for number in range(n):
        disk = folder / f"disk-{number}"
        with small_disk(disk):
            outcomes.append(_tried(disk_try, "full disk", prepared, disk, chance))
    return outcomes


def _tried(
    run: Callable[[Try], Outcome], kind: str, prepared: dict[str, Path], folder: Path, chance: random.Random
) -> Outcome:
    seed = chance.randrange(2**31)
    try:
        outcome = run(Try(kind, seed, prepared, folder))
    finally:
        if not folder.is_mount():
            shutil.rmtree(folder, ignore_errors=True)
    found = "; ".join(outcome.faults) or "whole"
    print(f"{kind} {seed}: {outcome.acknowledged} acknowledged, {found}", flush=True)
    return outcome


def _dealt(n: int, shares: dict[str, int]) -> list[str]:
    """n kinds in these shares, the rarer ones among the others."""
    total = sum(shares.values())
    wanted = {kind: n * share / total for kind, share in shares.items()}
    kinds: list[str] = []
    given = dict.fromkeys(shares, 0)
    for i in range(1, n + 1):
        kind = max(shares, key=lambda k: wanted[k] * i / n - given[k])
        given[kind] += 1
        kinds.append(kind)
    return kinds


def _row(kind: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    figures = {name: sum(int(getattr(o, name)) for o in outcomes) for name in COLUMNS[2:]}
    return {"kind": kind, "tries": len(outcomes), **figures}


if __name__ == "__main__":
    main()
