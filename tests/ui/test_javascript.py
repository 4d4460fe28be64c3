"""The rules in the page's scripts, run by node's own test runner; and that each script is part of a program."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tools.javascript.check import placed, programs
from workbench.ui.kit.scripts import FUNCTIONS, PROGRAMS, UI, program

RULES = Path(__file__).parent.parent / "javascript"
OLDEST = 20  # node's; earlier ones have no test runner, or another


def node() -> str:
    found = shutil.which("node")
    if not found:
        pytest.skip("no node on this machine; apt-get install nodejs")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST:
        pytest.skip(f"node {version} has no test runner; {OLDEST} or newer has")
    return found


@pytest.mark.parametrize("file", sorted(RULES.glob("*.test.mjs")), ids=lambda f: f.name.split(".")[0])
def test_the_scripts_keep_their_rules(file: Path) -> None:
    ran = subprocess.run([node(), "--test", str(file)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_each_rule_has_a_test() -> None:
    tested = "".join(file.read_text(encoding="utf-8") for file in RULES.glob("*.test.mjs"))
    assert [f.name for f in UI.rglob("*_rules.js") if f.name not in tested] == []


def test_each_script_is_in_a_program_and_so_is_checked() -> None:
    named = {place for pieces in PROGRAMS.values() for place in pieces} | set(FUNCTIONS.values())
    assert named == {str(file.relative_to(UI)) for file in UI.rglob("*.js")}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_checked_is_what_the_page_runs(name: str) -> None:
    source, parts = programs()[name]
    kept = [line for line in program(name).splitlines() if line]
    assert [line for line in source.removeprefix("export {};\n").splitlines() if line] == kept
    for part, place in zip(parts, PROGRAMS[name], strict=True):
        first = (UI / place).read_text(encoding="utf-8").splitlines()[0]
        assert source.splitlines()[part.first - 1] == first


def test_a_finding_is_told_at_its_place_in_the_piece() -> None:
    parts = {name: where for name, (_, where) in programs().items()}
    second = parts["words"][1].first
    assert placed(f"programs/words.js({second + 2},7): error TS1: x", parts) == (
        "workbench/ui/collect/words.js:3: error TS1: x"
    )
    assert placed("/a/programs/words.js:2:1: y (eqeqeq)", parts) == "workbench/ui/collect/words_rules.js:1: y (eqeqeq)"
    assert placed("  and what it may be", parts) == "  and what it may be"
