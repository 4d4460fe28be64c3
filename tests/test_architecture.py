"""The house's rules, read from the code: dependencies point one way, and starting is light."""

import ast
import subprocess
import sys
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
EVERYBODYS = {"errors", "workspace", "assets", "disk", "files", "__version__"}


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
    for file in (PACKAGE / "core").glob("*.py"):
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
        "workbench.asr.freezing",
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


def test_the_readmes_tree_names_what_is_there() -> None:
    """Every module and top-level thing stands in the README's tree, and everything in the tree exists."""
    block = (ROOT / "README.md").read_text(encoding="utf-8").split("<!-- tree -->")[1]
    shown, folders = set(), [""]
    for line in block.splitlines():
        if not line.strip() or line.startswith("```"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        name, _, purpose = line.strip().partition("  ")
        assert len(purpose.split()) <= 12, f"{name}: say it in a dozen words"
        del folders[depth + 1 :]
        path = folders[depth] + name
        shown.add(path.rstrip("/"))
        if name.endswith("/"):
            folders.append(path)
    there = {str(f.relative_to(ROOT)) for f in PACKAGE.rglob("*.py") if f.name != "__init__.py"}
    there -= {f for f in there if "/migrations/" in f}
    assert there - shown == set(), "not in the README's tree"
    missing = {s for s in shown if not (ROOT / s).exists()}
    assert not missing, "in the README's tree but not there"
