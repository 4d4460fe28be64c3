"""Checks the page's scripts with TypeScript and ESLint, joined as the page joins them; without node or npm it says so.

Both come from npm into build/javascript, at the versions in package.json beside this file. A finding is told at its
place in the piece that it stands in.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from workbench.ui.kit.scripts import FUNCTIONS, PROGRAMS, piece

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "javascript"
PATIENCE_S = 300
FINDING = re.compile(r"programs/(?P<program>\w+)\.js(?:\((?P<line>\d+),\d+\)|:(?P<row>\d+):\d+): (?P<said>.*)")


class Part(NamedTuple):
    """A piece within a program: its first line there, counted from 1."""

    place: str
    first: int


def joined(pieces: tuple[str, ...]) -> tuple[str, list[Part]]:
    """A module with the pieces of a program in one scope, and where each begins."""
    source, parts = "export {};\n", []
    for place in pieces:
        parts.append(Part(place, source.count("\n") + 1))
        source += piece(place).rstrip("\n") + "\n"
    return source, parts


def programs() -> dict[str, tuple[str, list[Part]]]:
    """All programs as modules, by name."""
    found = {name: joined(pieces) for name, pieces in PROGRAMS.items()}
    for name, place in FUNCTIONS.items():
        found[name] = f"export default {piece(place)}", [Part(place, 1)]
    return found


def placed(line: str, parts: dict[str, list[Part]]) -> str:
    """A line of what a checker says, at its place in the piece."""
    found = FINDING.search(line)
    if not found:
        return line
    number = int(found["line"] or found["row"])
    part = [p for p in parts[found["program"]] if p.first <= number][-1]
    return f"workbench/ui/{part.place}:{number - part.first + 1}: {found['said']}"


def install() -> str:
    """Fetch what checks, where it is not here yet; why not, or ""."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        return "node and npm are not on this machine"
    wanted, here = HERE / "package.json", WORK / "package.json"
    if (WORK / "node_modules" / ".bin" / "tsc").exists() and here.read_bytes() == wanted.read_bytes():
        return ""
    shutil.copy(wanted, here)
    command = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    command += ["--fetch-retries=1", "--fetch-timeout=60000"]
    try:
        fetched = subprocess.run(command, cwd=WORK, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        here.unlink()
        return f"npm did not fetch TypeScript and ESLint within {PATIENCE_S} s"
    if fetched.returncode == 0:
        return ""
    here.unlink()
    return f"npm could not fetch TypeScript and ESLint ({(fetched.stderr.strip().splitlines() or ['no reason'])[0]})"


def check() -> list[str]:
    """What both find, at most once each."""
    parts = {}
    shutil.rmtree(WORK / "programs", ignore_errors=True)
    (WORK / "programs").mkdir()
    for name, (source, where) in programs().items():
        (WORK / "programs" / f"{name}.js").write_text(source, encoding="utf-8")
        parts[name] = where
    for name in ("tsconfig.json", "globals.d.ts", "eslint.config.mjs", "lines.cjs"):
        shutil.copy(HERE / name, WORK / name)
    tools = WORK / "node_modules" / ".bin"
    said: list[str] = []
    for command in (
        [tools / "tsc", "--pretty", "false"],
        [tools / "eslint", "--format", WORK / "lines.cjs", "programs"],
    ):
        ran = subprocess.run(command, cwd=WORK, capture_output=True, text=True)
        lines = (ran.stdout + ran.stderr).splitlines()
        if ran.returncode and not lines:
            lines = [f"{command[0].name} ended with {ran.returncode}"]
        said += [placed(line, parts) for line in lines if ran.returncode]
    return list(dict.fromkeys(said))


def main() -> int:
    WORK.mkdir(parents=True, exist_ok=True)
    if why := install():
        print(f"The page's scripts were not checked: {why}.")
        return 0
    found = check()
    print("\n".join(found) if found else f"The page's {len(PROGRAMS) + len(FUNCTIONS)} scripts are clean.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
