"""Gradio's scripts and style sheets that the page needs at once, joined into one file each.

Gradio's page asks for some ninety small files, in turns: one tells which are asked next. Joined, they come in one
turn. The scripts are read from the installed Gradio when the page is built; the first of them, in which svelte's own
state lives, stays what it is, and whatever cannot be joined safely is served as it came. A script that was joined and
is asked for by one that was not is a line that hands on what the joined one exports, so that there is one of each.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.ui.delivery.mends import mended
from workbench.ui.delivery.module import Import, Module, NotJoinable, exports_of, read_module

LOAD: Final = "$joined"
ENTRY: Final = re.compile(r'<script type="module" crossorigin src="\./assets/(?P<script>[\w.-]+)"></script>')
SHEET: Final = re.compile(r'<link rel="stylesheet" crossorigin href="\./assets/(?P<sheet>[\w.-]+)">')
# Plays sound that comes in segments, half of all bytes; the page has whole files alone, which browsers play themselves.
UNUSED: Final = ("hls-",)
COMPONENT: Final = r"\bcomponent:\(\)=>[\w$]+\(\(\)=>import\(`\./([^`]+)`\)"
LATER: Final = r"import\(`\./{}`\)"
LISTED: Final = re.compile(r"m\.f=\[(?P<files>[^\]]*)\]")

RUNTIME: Final = """const made = { __proto__: null }, makers = { __proto__: null };
export function $joined(name) {
  if (name in made) return made[name];
  const exported = made[name] = { __proto__: null };
  makers[name](exported, (getters) => {
    for (const key in getters) Object.defineProperty(exported, key, { get: getters[key], enumerable: true });
  });
  return exported;
}
"""


@dataclass(frozen=True)
class Bundle:
    """What is served in place of Gradio's own files.

    Attributes:
        files: Name in /assets -> content: the joined script and style sheet, which never change under their names.
        instead: Name of a file of Gradio's -> what is served under it instead.
        script: Name of the joined script.
        sheet: Name of the joined style sheet.
    """

    files: Mapping[str, str]
    instead: Mapping[str, str]
    script: str
    sheet: str


class Chunks:
    """The scripts of an installed Gradio, read as they are asked for.

    Args:
        folder: Its folder of assets.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts: dict[str, str] = {}
        self._modules: dict[str, Module | None] = {}

    def text(self, name: str) -> str:
        if name not in self._texts:
            self._texts[name] = (self._folder / name).read_text(encoding="utf-8")
        return self._texts[name]

    def module(self, name: str) -> Module | None:
        """A script taken apart; None where it cannot be joined."""
        if name not in self._modules:
            try:
                self._modules[name] = read_module(self.text(name))
            except (NotJoinable, OSError):
                self._modules[name] = None
        return self._modules[name]

    def exports(self, name: str) -> tuple[tuple[str, str], ...]:
        """What a script exports: its name outside and inside."""
        return exports_of(self.text(name))

    def sheets(self, importer: str, name: str) -> list[str]:
        """The style sheets that a script loads with another one."""
        source = self.text(importer)
        listed = LISTED.search(source)
        asked = re.search(rf"{LATER.format(re.escape(name))}[^\[\]]*__vite__mapDeps\(\[([\d,]*)\]\)", source)
        files = re.findall(r'"\./([^"]+)"', listed["files"]) if listed else []
        numbers = [int(each) for each in asked[1].split(",") if each] if asked else []
        return [files[n] for n in numbers if files[n].endswith(".css")]


def join(folder: Path, index: str, kinds: Iterable[str]) -> Bundle:
    """Join what a page needs at once.

    Args:
        folder: Gradio's folder of assets.
        index: Gradio's page, which names its first script and style sheet.
        kinds: Of the components on the page, such as "dropdown".

    Raises:
        NotJoinable: This Gradio's scripts are not written as they were; it is to be served as it is.
    """
    script, sheet = ENTRY.search(index), SHEET.search(index)
    if script is None or sheet is None:
        raise NotJoinable("the page names no first script")
    chunks = Chunks(folder)
    entry = script["script"]
    first = chunks.module(entry)
    if first is None or first.imports:
        raise NotJoinable("the first script is not the root of all")
    asked = _asked(chunks, entry, first, sorted(set(kinds)))
    sheets = dict.fromkeys([sheet["sheet"], *(css for by, name in asked for css in chunks.sheets(by, name))])
    return _bundle(chunks, entry, _order(chunks, entry, [name for _, name in asked]), list(sheets))


def _bundle(chunks: Chunks, entry: str, order: list[str], sheets: list[str]) -> Bundle:
    styles = "\n".join(chunks.text(name) for name in sheets)
    code = _joined(chunks, entry, order)
    # The script names itself and the style sheet, so its name is that of all that it is made from.
    script, sheet = f"joined-{_hash(code + styles)}.js", f"joined-{_hash(styles)}.css"
    names = dict.fromkeys(order, script) | dict.fromkeys(sheets, sheet)
    instead = {name: _handing_on(name, chunks, script) for name in order}
    begun = _redirected(mended(chunks.text(entry)), order, script).replace(f"./assets/{sheets[0]}", f"./assets/{sheet}")
    instead[entry] = _led(begun, names)
    return Bundle({script: _led(code, names), sheet: styles}, instead, script, sheet)


def _asked(chunks: Chunks, entry: str, first: Module, kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Which script asks for which at once, though only while it runs: the page, its blocks, and its components."""
    found = [(entry, name) for name in first.later if not name.startswith("__vite")]
    for _, name in list(found):
        module = chunks.module(name)
        found += [(name, later) for later in (module.later if module else ()) if later.startswith("Blocks-")]
        source = chunks.text(name)
        for kind in kinds:
            table = re.search(rf"[{{,]{kind}:\{{[^{{}}]*?{COMPONENT}", source)
            found += [(name, table[1])] if table else []
    return found


def _order(chunks: Chunks, entry: str, roots: Iterable[str]) -> list[str]:
    """All that these import, each after what it imports; a script that needs one that cannot be joined is left out."""
    order: dict[str, bool] = {entry: True}
    unsure: set[str] = set()

    def joins(name: str) -> bool:
        if name in order or _unused(name):
            return order.setdefault(name, True)
        module = chunks.module(name)
        if module is None or module.live or name in unsure:
            return False
        unsure.add(name)
        fits = all([joins(each.source) for each in module.imports])
        unsure.discard(name)
        if fits:
            order[name] = True
        return fits

    for root in roots:
        joins(root)
    del order[entry]
    return list(order)


def _unused(name: str) -> bool:
    return name.startswith(UNUSED)


def _joined(chunks: Chunks, entry: str, order: Iterable[str]) -> str:
    """One module that makes each of them when it is asked for first."""
    live: dict[str, str] = {}
    makers = [_maker(name, chunks, entry, live) for name in order]
    imported = ", ".join(f"{outside} as {inside}" for inside, outside in live.items())
    head = f'import * as $entry from "./{entry}";\nimport {{ {imported} }} from "./{entry}";\n'
    text = "\n".join([head + RUNTIME, f"made[{entry!r}] = $entry;", *makers])
    return _redirected(text, order, None)


def _maker(name: str, chunks: Chunks, entry: str, live: dict[str, str]) -> str:
    """A function that makes one module. Its names that change are imported by the joined module, under those names."""
    if _unused(name):
        return f"makers[{name!r}] = (exports, put) => {{ put({{ {_nothing(name, chunks)} }}); }};"
    module, first = chunks.module(name), chunks.module(entry)
    assert module is not None
    assert first is not None
    lines = [_taken(each, entry, first.live, live) for each in module.imports]
    getters = ", ".join(f"{outside}: () => {inside}" for outside, inside in module.exports)
    return (
        f"makers[{name!r}] = ($exports, $put) => {{ $put({{ {getters} }});\n{''.join(lines)}{mended(module.body)}\n}};"
    )


def _taken(imported: Import, entry: str, changing: frozenset[str], live: dict[str, str]) -> str:
    call = f"{LOAD}({imported.source!r})"
    plain = []
    for outside, inside in imported.names:
        if outside == "*":
            return f"const {inside} = {call};\n"
        if imported.source == entry and outside in changing:
            if live.setdefault(inside, outside) != outside:
                raise NotJoinable(f"{inside} means two things that change")
        else:
            plain.append(f"{outside}: {inside}")
    return f"const {{ {', '.join(plain)} }} = {call};\n" if plain else f"{call};\n"


def _nothing(name: str, chunks: Chunks) -> str:
    """Every export of a script that is not sent, as a function that says no."""
    return ", ".join(f"{outside}: () => () => false" for outside, _ in chunks.exports(name))


def _redirected(source: str, order: Iterable[str], script: str | None) -> str:
    """Let what imports a joined script while it runs ask the joined one, which is `script`, or this one itself."""
    joined = set(order)

    def instead(found: re.Match[str]) -> str:
        if found[1] not in joined:
            return found[0]
        if script is None:
            return f"Promise.resolve().then(() => {LOAD}({found[1]!r}))"
        return f"import(`./{script}`).then((all) => all.{LOAD}({found[1]!r}))"

    return re.sub(LATER.format("([^`]+)"), instead, source)


def _led(source: str, names: Mapping[str, str]) -> str:
    """Let lists of files to fetch ahead name the joined ones, which the page has by then."""

    def instead(found: re.Match[str]) -> str:
        return f'"./{names.get(found[1], found[1])}"'

    return LISTED.sub(lambda listed: re.sub(r'"\./([^"]+)"', instead, listed[0]), source)


def _handing_on(name: str, chunks: Chunks, script: str) -> str:
    """What is served as a script that was joined, for one that was not."""
    names = [outside for outside, _ in chunks.exports(name)]
    taken = ", ".join(f"{outside}: $_{outside}" for outside in names)
    put = ", ".join(f"$_{outside} as {outside}" for outside in names)
    return f'import {{ {LOAD} }} from "./{script}";\nconst {{ {taken} }} = {LOAD}({name!r});\nexport {{ {put} }};\n'


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
