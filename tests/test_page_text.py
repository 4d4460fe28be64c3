"""Every English sentence of the page stands in `ui/text.py`, or in the files of TEXTS beside it, to be translated.

Read from the code: text between tags and in the attributes that people read, the words on Gradio's components, and all
other literals that read like a sentence. Messages of the services are theirs; they say what happened to data.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

UI = Path(__file__).parent.parent / "workbench" / "ui"
TEXTS = {"text.py"}
# What serves programs and terminals speaks English too.
SERVING = {"launch.py", "media_routes.py", "recording_routes.py", "answers.py", "access.py", "document.py"}
# These write programs and style sheets, which only browsers read.
SERVING |= {"bundle.py", "delivery.py", "mends.py", "files.py", "fonts.py", "module.py", "scripts.py", "changes.py"}
# Short forms that stand in every language, and signs for the eye.
SHARED = {"WER", "CER", "MB", "GB", "Hz", "kHz", "dB", "min", "UTC", "Gradio", "utf", "HTML", "SNR"}
SEEN_BY_PEOPLE = ("aria-label", "title", "alt", "placeholder", "aria-description")
READ_ON_COMPONENTS = {"label", "info", "placeholder", "title"}
NOT_READ = {
    # Keywords whose values people never see: names for styles, scripts, storage, headers.
    "elem_id", "elem_classes", "api_visibility", "show_progress", "trigger_mode", "storage_key", "secret", "js", "head",
    "script", "js_on_load", "html_template", "media_type", "encoding", "purpose", "kind",
}  # fmt: skip
# Values that the code asks by; what people read of them stands in a dictionary of text.py.
IDENTIFIERS = {"norms and biases", "low-rank adapters", "language adapters", "no proof", "maybe forgot", "cannot tell"}
HOLE = "\0"  # where a value is put in
_WORD = re.compile(r"[^\W\d_]{3,}")
_SENTENCE = re.compile(r"(?<![\w/.-])[A-Za-z][a-z]+,? [a-z]{2,}(?![\w/])|^[A-Z][a-z]{3,}$")
_BESIDE_A_HOLE = re.compile(rf"(?:^|\s)[a-z]{{3,}} {HOLE}|{HOLE} (?!min$)[a-z]{{3,}}(?:$|[\s.,:])")
_TAG = re.compile(r"<[^<>]*>?")
_CODE = re.compile(r"=>|\(\)|[;{}]|\bvar\(|^--|^[MHv\d .,-]+$|application/|%\w|: %s")


def literals(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, the keyword it is given as (or ""), and the text of each literal, holes for the values of an f-string."""
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    keyword = {
        id(part): k.arg or "" for k in ast.walk(tree) if isinstance(k, ast.keyword) for part in ast.walk(k.value)
    }
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    logged = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "logging.", "print", "raise"))
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in docs or id(node) in inside or id(node) in logged:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, keyword.get(id(node), ""), node.value
        elif isinstance(node, ast.JoinedStr):
            parts = [str(v.value) if isinstance(v, ast.Constant) else HOLE for v in node.values]
            yield node.lineno, keyword.get(id(node), ""), "".join(parts)


def counted(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Nouns that are written where they are counted."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "plural":
            yield from ((a.lineno, a.value) for a in node.args if isinstance(a, ast.Constant) and a.value)


def words(text: str) -> set[str]:
    return {w for w in _WORD.findall(re.sub(r"&\w+;", " ", text)) if w not in SHARED}


def english(literal: str, keyword: str) -> bool:
    """Whether a literal holds words that people read."""
    if keyword in READ_ON_COMPONENTS and not literal.startswith(("<", HOLE)):
        return bool(words(literal))
    if keyword in NOT_READ:
        return False
    if "<" in literal and ">" in literal:
        said = [v for name in SEEN_BY_PEOPLE for v in re.findall(rf"{name}='([^']*)'", literal)]
        said.append(_TAG.sub(" ", literal.partition(">")[2] if literal.find(">") < literal.find("<") else literal))
        return any(words(part) for part in said)
    if _CODE.search(literal) or literal in IDENTIFIERS:
        return False
    return bool(_SENTENCE.search(literal.strip())) or (HOLE in literal and bool(_BESIDE_A_HOLE.search(literal)))


def found_in(source: str) -> list[tuple[int, str]]:
    tree = ast.parse(source)
    return [(line, text) for line, keyword, text in literals(tree) if english(text, keyword)] + list(counted(tree))


@pytest.mark.parametrize("file", sorted(UI.rglob("*.py")), ids=lambda f: str(f.relative_to(UI)))
def test_no_english_stands_in_the_pages_code(file: Path) -> None:
    if file.name in TEXTS | SERVING:
        return
    assert found_in(file.read_text(encoding="utf-8")) == [], "move it to ui/text.py"


# A script's own words begin with a capital letter; these are names of keys and of the browser's own things.
BROWSERS = re.compile(
    r"Enter|Escape|Space|Tab|Home|End|Delete|Backspace|Arrow\w+|Key[A-Z]|Page\w+|Digit\d|GET|POST|Infinity|Shift|Control|"
    r"Alt|Meta|File|Files|Content-Type|\w*Error|Mac\w*|Unidentified"
)


@pytest.mark.parametrize("file", sorted(UI.rglob("*.js")), ids=lambda f: f.name)
def test_the_scripts_have_their_words_from_the_server(file: Path) -> None:
    source = re.sub(
        r"(?m)^\s*//.*$|(?<=[;{}\s])//\s.*$|/\*.*?\*/", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.M
    )
    said = [
        s
        for pair in re.findall(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`", source)
        for s in pair
    ]
    english = [s for s in said if re.search(r"(?<![\w#.-])[A-Z][a-z]{2,}", s) and not BROWSERS.fullmatch(s)]
    assert english == [], "take it from props.words, which come from ui/text.py"


def _while_loading(tree: ast.AST) -> Iterator[ast.AST]:
    """The parts of a module that are computed when it loads: not the bodies of its functions, but their defaults."""
    if isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        at_once = [*tree.args.defaults, *filter(None, tree.args.kw_defaults), *getattr(tree, "decorator_list", [])]
    else:
        yield tree
        at_once = list(ast.iter_child_nodes(tree))
    for part in at_once:
        yield from _while_loading(part)


def read_too_early(source: str) -> list[tuple[int, str]]:
    """Texts that are read while a module loads, and so in one language for good."""
    tree = ast.parse(source)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    found = [(node.lineno, ast.unparse(node)) for node in imports if (node.module or "").endswith(".text")]
    modules = {alias.asname or alias.name for node in imports for alias in node.names if alias.name == "text"}
    for node in _while_loading(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.append((node.lineno, ast.unparse(node)))
    return found


@pytest.mark.parametrize("file", sorted(UI.rglob("*.py")), ids=lambda f: str(f.relative_to(UI)))
def test_texts_are_read_when_they_are_said(file: Path) -> None:
    if file.name not in TEXTS:
        assert read_too_early(file.read_text(encoding="utf-8")) == [], "read it where somebody is answered"


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("from workbench.ui import text\nX = text.TITLE", True),
        ("from workbench.ui import text\ndef f(title=text.TITLE): ...", True),
        ("from workbench.ui.sets import text as set_text\nclass A:\n    x = set_text.TITLE", True),
        ("from workbench.ui.text import TITLE", True),
        ("from workbench.ui import text\nX = lambda: text.TITLE", False),
        ("from workbench.ui import text\ndef f(): return text.TITLE", False),
    ],
)
def test_the_rule_tells_what_is_read_too_early(source: str, is_found: bool) -> None:
    assert bool(read_too_early(source)) is is_found


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("x = f\"<p class='hint'>Loading {name}</p>\"", True),
        ("x = f\"<p aria-label='Your terms'>{name}</p>\"", True),
        ("x = f\"<p class='a card' aria-label='{esc(text.TERMS)}'>{name} WER</p>\"", False),
        ("x = f'update {a} of {b}'", True),
        ("x = plural(3, 'clip')", True),
        ("x = f'setting-{name}'", False),
        ("gr.Textbox(label='Speaker')", True),
        ("gr.Textbox(label=text.SPEAKER, elem_classes='a card')", False),
        ("raise DataError('Choose a set first.')", True),
        ('"""A docstring says what it does."""', False),
        ("log.info('the run has ended')", False),
        ("x = 'margin-top'", False),
    ],
)
def test_the_rule_tells_sentences_from_code(source: str, is_found: bool) -> None:
    assert bool(found_in(source)) is is_found
