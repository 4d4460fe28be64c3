"""One of Gradio's scripts as an ES module: what it imports, what it exports, and which of that changes later.

An import sees each change of what it imports; a module that is joined with others gets it once, when it begins. That
is the same only for what does not change, so the rest has to be known.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, cast

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

FUNCTIONS: Final = frozenset(
    (
        *("function_declaration", "function_expression", "arrow_function", "method_definition"),
        *("generator_function", "generator_function_declaration", "class_static_block"),
    )
)
SCOPES: Final = FUNCTIONS | {"statement_block", "for_statement", "for_in_statement", "catch_clause", "switch_body"}
ASSIGNED: Final = """
(assignment_expression left: (_) @to)
(augmented_assignment_expression left: (_) @to)
(update_expression argument: (_) @to)
(for_in_statement !kind left: (_) @to)
"""
DECLARED: Final = """
(variable_declarator name: (_) @as)
(for_in_statement kind: _ left: (_) @as)
(formal_parameters (_) @as)
(arrow_function parameter: (_) @as)
(catch_clause parameter: (_) @as)
(function_declaration name: (_) @as)
(function_expression name: (_) @as)
(generator_function_declaration name: (_) @as)
(class_declaration name: (_) @as)
"""
# Parsed by their pattern, since the grammar takes no keyword for a name there, as in export{jn as in}.
PREFACE: Final = re.compile(r"const __vite__mapDeps=[^\n]*\n")  # a list of files, before the imports
IMPORT: Final = re.compile(
    r"\s*import\s*(?:(?P<default>[\w$]+)\s*,?\s*)?(?:\{(?P<names>[^{}]*)\}|\*\s*as (?P<all>[\w$]+))?"
    r"\s*(?:from\s*)?\"(?P<file>[^\"]*)\";"
)
EXPORT: Final = re.compile(r"export\s*\{(?P<names>[^{}]*)\};?\s*$")
ASKED_LATER: Final = "(call_expression function: (import)) @call"
AWAITED: Final = '(await_expression) @wait (for_in_statement "await") @wait'
PATTERNS: Final = ("object_pattern", "array_pattern", "rest_pattern", "pair_pattern", "parenthesized_expression")
NAMES: Final = ("identifier", "shorthand_property_identifier_pattern")


class NotJoinable(ValueError):
    """A module that stays a file of its own; says why."""


@dataclass(frozen=True)
class Import:
    """A static import.

    Attributes:
        source: File name of the other module.
        names: What it is called there and here; "*" there means all of it.
    """

    source: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Module:
    """A module that can be joined with others.

    Attributes:
        imports: In their order.
        exports: What is exported: its name outside and inside.
        live: The names outside of exports that change after the module was loaded.
        body: Its source without imports and exports.
        later: File names of the modules that it may import while it runs, in the order of its source.
    """

    imports: tuple[Import, ...]
    exports: tuple[tuple[str, str], ...]
    live: frozenset[str]
    body: str
    later: tuple[str, ...]


def read_module(source: str) -> Module:
    """Take a module apart.

    Raises:
        NotJoinable: It waits while it is loaded, changes what it exports, or is written in a way that is not known.
    """
    before = PREFACE.match(source)
    imports, begin = _imports(source, before.end() if before else 0)
    last = EXPORT.search(source, begin)
    exports = exports_of(source)
    body = (before[0] if before else "") + source[begin : last.start() if last else len(source)]
    root = _parser().parse(body.encode("utf-8")).root_node
    if root.has_error or any(node.type in ("import_statement", "export_statement") for node in root.children):
        raise NotJoinable("it is not understood")
    if any(_within(node, FUNCTIONS) is None for node in _found(AWAITED, root)):
        raise NotJoinable("it waits while it is loaded")
    changing = _changing(root, {inside for _, inside in exports})
    live = frozenset(outside for outside, inside in exports if inside in changing)
    return Module(tuple(imports), exports, live, body, tuple(dict.fromkeys(_later(root))))


def exports_of(source: str) -> tuple[tuple[str, str], ...]:
    """What a module exports: its name outside and inside."""
    last = EXPORT.search(source)
    return tuple((outside, inside) for inside, outside in _pairs(last["names"])) if last else ()


@cache
def _language() -> Language:
    return Language(tree_sitter_javascript.language())


@cache
def _parser() -> Parser:
    return Parser(_language())


@cache
def _query(text: str) -> Query:
    return Query(_language(), text)


def _found(text: str, root: Node) -> list[Node]:
    captures = QueryCursor(_query(text)).captures(root)
    return sorted((node for nodes in captures.values() for node in nodes), key=lambda node: node.start_byte)


def _text(node: Node) -> str:
    return cast(bytes, node.text).decode("utf-8")


def _file(said: str) -> str:
    """The file name in "./name.js"."""
    if not said.startswith("./") or "/" in said[2:]:
        raise NotJoinable(f"it imports {said!r}")
    return said[2:]


def _imports(source: str, end: int) -> tuple[list[Import], int]:
    """The imports that stand at a place of a module, and where they end."""
    found = []
    while each := IMPORT.match(source, end):
        names = [*_pairs(each["names"] or "")]
        names += [("default", each["default"])] if each["default"] else []
        names += [("*", each["all"])] if each["all"] else []
        found.append(Import(_file(each["file"]), tuple(names)))
        end = each.end()
    return found, end


def _pairs(clause: str) -> list[tuple[str, str]]:
    """Pairs of what stands before and after "as" in a clause of an import or export."""
    pairs = [each.split(" as ") for each in clause.split(",") if each.strip()]
    return [(pair[0].strip(), pair[-1].strip()) for pair in pairs]


def _later(root: Node) -> Iterator[str]:
    for call in _found(ASKED_LATER, root):
        arguments = call.child_by_field_name("arguments")
        given = arguments.named_children if arguments else []
        if len(given) == 1 and given[0].type in ("string", "template_string") and _text(given[0])[1:3] == "./":
            yield _file(_text(given[0])[1:-1])


def _changing(root: Node, exported: set[str]) -> set[str]:
    """What a function changes of what is exported; what the module does while it is loaded is done by then."""
    changed = [node for each in _found(ASSIGNED, root) for node in _names(each) if _text(node) in exported]
    inside = [node for node in changed if _within(node, FUNCTIONS) is not None]
    scopes = _scopes(root, {_text(node) for node in inside})
    return {_text(node) for node in inside if not _covered(node, scopes.get(_text(node), ()))}


def _covered(node: Node, scopes: Iterable[Node]) -> bool:
    return any(scope.start_byte <= node.start_byte < scope.end_byte for scope in scopes)


def _scopes(root: Node, names: set[str]) -> dict[str, list[Node]]:
    """Where these names mean something of a function's own; a `var` in a loop's head may reach further."""
    found: dict[str, list[Node]] = {}
    for each in _found(DECLARED, root):
        for node in _names(each):
            if _text(node) in names and (scope := _scope(node)) is not None:
                found.setdefault(_text(node), []).append(scope)
    return found


def _scope(declared: Node) -> Node | None:
    parent = declared.parent
    if parent is not None and parent.type in ("function_declaration", "generator_function_declaration"):
        return _within(parent, SCOPES) if parent.child_by_field_name("name") == declared else parent
    nearest = _within(declared, SCOPES | {"variable_declaration"})
    if nearest is not None and nearest.type == "variable_declaration":  # var: the whole function's
        return _within(nearest, FUNCTIONS)
    return nearest


def _within(node: Node, kinds: frozenset[str]) -> Node | None:
    above = node.parent
    while above is not None and above.type not in kinds:
        above = above.parent
    return above


def _names(pattern: Node) -> Iterator[Node]:
    """The names that a pattern gives a value to."""
    if pattern.type in NAMES:
        yield pattern
    elif pattern.type in PATTERNS:
        for each in pattern.named_children:
            yield from _names(each)
    elif pattern.type in ("assignment_pattern", "object_assignment_pattern"):
        yield from _names(pattern.named_children[0])
