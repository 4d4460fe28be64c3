"""Writes the tree in docs/architecture.md from the first sentence of each module: `make docs`."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
MARK = "<!-- tree -->"


def purpose(file: Path) -> str:
    """The first sentence of a module's docstring."""
    said = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return re.split(r"\.\s(?=[A-Z])", " ".join(said.split("\n\n")[0].split()))[0].rstrip(".")


def lines(folder: Path, depth: int = 0) -> list[str]:
    """A line for each module, folders first as they are read."""
    pad, found = "  " * depth, []
    for inner in sorted(p for p in folder.iterdir() if p.is_dir() and any(p.glob("*.py"))):
        if inner.name != "migrations":  # one file for each change of the database's schema
            found += [f"{pad}{inner.name}/  {purpose(inner / '__init__.py')}".rstrip(), *lines(inner, depth + 1)]
    files = sorted(p for p in folder.glob("*.py") if p.name != "__init__.py")
    return found + [f"{pad}{file.name}  {purpose(file)}" for file in files]


def tree() -> str:
    return "\n".join(["```", "workbench/", *lines(ROOT / "workbench", 1), "```"])


def written(page: str) -> str:
    """The page with the tree as it is now."""
    before, _, after = page.split(MARK)
    return f"{before}{MARK}\n{tree()}\n{MARK}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
