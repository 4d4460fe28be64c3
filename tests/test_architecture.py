"""The house's rules, read from the code: dependencies point one way, and starting is light."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "workbench"
# Who may import whom inside the package; modules at the top (errors, workspace, assets) are everybody's.
ALLOWED = {
    "core": {"core"},
    "audio": {"core", "audio"},
    "store": {"core", "store"},
    "asr": {"core", "audio", "asr"},
    "services": {"core", "audio", "store", "asr", "services"},
    "ui": {"core", "services", "ui"},
    "cli": {"core", "services", "ui", "cli"},
}
EVERYBODYS = {"atomic", "errors", "language", "workspace", "assets", "disk", "files", "__version__"}


def imports_of(file: Path) -> set[str]:
    """The workbench parts that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "workbench" else [f"workbench.{a.name}" for a in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("workbench.")}
    return found


@pytest.mark.parametrize("layer", ALLOWED)
def test_dependencies_point_one_way(layer: str) -> None:
    files = sorted((PACKAGE / layer).rglob("*.py"))
    assert files
    for file in files:
        extra = imports_of(file) - ALLOWED[layer] - EVERYBODYS
        assert not extra, f"{file.relative_to(ROOT)} imports {sorted(extra)}"


def test_core_is_pure() -> None:
    for file in (PACKAGE / "core").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
        assert not names & {"torch", "gradio", "sqlalchemy", "transformers", "soundfile", "pathlib", "os"}, file.name


@pytest.mark.parametrize(
    "module",
    [
        "workbench",
        "workbench.cli",
        "workbench.services.workbench",
        "workbench.services.worker",
        "workbench.asr.training.freezing",
    ],
)
def test_starting_is_light(module: str) -> None:
    program = f"import sys, {module}; print([m for m in ('torch', 'gradio', 'transformers') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_help_is_light() -> None:
    program = (
        "import sys\nfrom workbench.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert 'torch' not in sys.modules and 'gradio' not in sys.modules"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert out.returncode == 0, out.stderr
    assert "adapt" in out.stdout


def test_the_tree_in_the_docs_is_the_one_that_is_there() -> None:
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import tree
    finally:
        sys.path.pop(0)
    assert tree.written(tree.PAGE.read_text()) == tree.PAGE.read_text(), "make docs writes it anew"
    silent = [f for f in PACKAGE.rglob("*.py") if "migrations" not in f.parts and not tree.purpose(f)]
    assert silent == [], "a module says in a sentence what it holds"


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def _graph() -> dict[str, set[str]]:
    """What each module imports of the package, anywhere in it; what only a type checker reads is an import too."""
    files = {_module(f): f for f in PACKAGE.rglob("*.py") if "migrations" not in f.parts}
    found: dict[str, set[str]] = {}
    for name, file in files.items():
        wanted = set()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                each = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= each & files.keys() or {node.module}
        found[name] = (wanted & files.keys()) - {name}
    return found


def _circle(graph: dict[str, set[str]]) -> list[str]:
    """A way from a node back to itself; empty where there is none."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for other in sorted(graph[node]):
            if found := walk(other, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(graph) if (found := walk(node, []))), [])


def _rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same with each folder inside a layer as one node."""

    def room(module: str) -> str:
        parts = module.split(".")
        inside = PACKAGE.joinpath(*parts[1:3])
        return ".".join(parts[:3]) if inside.is_dir() else module

    found: dict[str, set[str]] = {}
    for module, others in graph.items():
        found.setdefault(room(module), set()).update({room(o) for o in others} - {room(module)})
    return found


def test_a_circle_is_found() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert _circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_no_circles() -> None:
    assert _circle(_graph()) == [], "files that import one another"
    rooms = _rooms(_graph())
    assert {"workbench.services.runs", "workbench.services.jobs", "workbench.ui.kit"} <= rooms.keys()
    assert _circle(rooms) == [], "rooms that import one another"


TABLES_OF_TEXT = {"workbench/ui/text.py"}


def test_no_file_is_long() -> None:
    lengths = {str(f.relative_to(ROOT)): len(f.read_text().splitlines()) for f in PACKAGE.rglob("*.py")}
    assert {f: n for f, n in lengths.items() if n > 400 and f not in TABLES_OF_TEXT} == {}
