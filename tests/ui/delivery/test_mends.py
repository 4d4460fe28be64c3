"""What is mended of Gradio's scripts does what it did, with less work."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import gradio
import pytest

from tests.ui.test_javascript import node
from workbench.ui.delivery import mends
from workbench.ui.delivery.mends import Mend, mended

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
MENDS = {name: mend for name, mend in vars(mends).items() if isinstance(mend, Mend)}
# A tree of three levels, looked through by the number of each node and of one that is not there.
TREE = """
const tree = { id: 0, children: [{ id: 1, children: [{ id: 2, children: [] }] }, { id: 3 }] };
let looks = 0;
const counted = new Proxy(tree, { get: (of, key) => { looks += 1; return of[key]; } });
"""


def originals(mend: Mend) -> list[str]:
    """Gradio's scripts that have a fault."""
    texts = (file.read_text(encoding="utf-8") for file in sorted(ASSETS.glob("*.js")))
    return [text for text in texts if mend.sign in text and all(fault.search(text) for fault in mend.faults)]


def both(mend: Mend, whole: str) -> list[str]:
    """A piece of Gradio's script, found by a pattern, before and after it was mended."""
    (text,) = originals(mend)
    found = []
    for source in (text, mended(text)):
        (piece,) = re.findall(whole, source)
        found.append(piece)
    assert found[0] != found[1]
    return found


def run(script: str) -> Any:
    return json.loads(subprocess.run([node(), "-e", script], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("name", MENDS)
def test_each_fault_is_in_one_script_of_this_gradio_and_gone_when_mended(name: str) -> None:
    mend = MENDS[name]
    (text,) = originals(mend)
    after = mended(text)
    assert not all(fault.search(after) for fault in mend.faults)
    assert mended(after) == after


def test_a_script_that_has_half_of_a_fault_or_two_of_them_stays_as_it_is() -> None:
    find = (
        "function f(e,t){if(e.id===t)return e;"
        "if(e.children)for(let n of e.children){let e=f(n,t);if(e)return e}return null}"
    )
    drawn = "a.children=b.children,this.#f(b)"
    assert mended(find) == find
    assert mended(find + drawn) != find + drawn
    assert mended(find + find + drawn) == find + find + drawn


def test_a_component_is_found_as_before_and_at_once_the_second_time() -> None:
    told = []
    for piece in both(
        MENDS["SOUGHT"], r"(?:const \$places=[^;]*;function \$place.*?)?function \w+\(e,t\)\{if\(e\.id===t\).*?null\}"
    ):
        name = re.findall(r"function (\w+)\(e,t\)\{if", piece)[0]
        told.append(
            run(
                f"{TREE}{piece};const f = {name}; const ids = [0, 1, 2, 3, 9];"
                "const found = ids.map((id) => f(counted, id)?.id ?? null); looks = 0; f(counted, 3);"
                "console.log(JSON.stringify([found, looks]))"
            )
        )
    assert told[0][0] == told[1][0] == [0, 1, 2, 3, None]
    assert told[1][1] < told[0][1]


def test_a_component_is_looked_for_anew_after_its_part_was_drawn_again() -> None:
    (text,) = originals(MENDS["SOUGHT"])
    (line,) = re.findall(r"[^;]*\$places\.delete\(this\.root\),\w+\.children=\w+\.children", mended(text))
    assert line.rpartition("$places.delete(this.root),")[2] in text


def test_a_component_has_the_same_events_as_before() -> None:
    events = [
        {"targets": [[1, "click"], [2, "load"], [1, "submit"]]},
        {"targets": [[None, "success"]]},
        {"targets": [[2, "change"], [1, None]]},
    ]
    told = [
        run(
            f"class Tree {{ {piece} }}; const tree = new Tree(), events = {json.dumps(events)};"
            "const of = (id, events) => tree.find_attached_events({ id, props: { shared_props: {} } }, events)"
            ".props.shared_props.attached_events;"
            "console.log(JSON.stringify([1, 2, 3].map((id) => of(id, events)).concat([of(2, [])])))"
        )
        for piece in both(MENDS["ATTACHED"], r"find_attached_events\(e,t\)\{let n=.*?,e\}")
    ]
    assert told[0] == told[1] == [["click"], ["load", "change"], [], []]


def test_only_what_stands_otherwise_is_told() -> None:
    told = []
    for piece in both(MENDS["TOLD"], r"async update_loading_stati_state\(\)\{.*?!1\)\)\)\}"):
        told.append(
            run(
                f"class Events {{ {piece} loading_stati = {{ current: {{}} }}; told = [];"
                "async update_state_cb(id, status) { this.told.push([id, status.loading_status.status]); } }"
                "const events = new Events(), now = events.loading_stati.current; (async () => {"
                "now[1] = { status: 'pending' }; now[2] = { status: 'complete' };"
                "await events.update_loading_stati_state();"
                "now[1] = { status: 'complete' }; now[2] = { ...now[2] };"
                "await events.update_loading_stati_state();"
                "console.log(JSON.stringify(events.told)) })()"
            )
        )
    first = [[1, "pending"], [2, "complete"]]
    assert told == [[*first, [1, "complete"], [2, "complete"]], [*first, [1, "complete"]]]


def test_values_are_copied_as_before() -> None:
    told = []
    for piece in both(
        MENDS["PLAIN"],
        r"if\((?:typeof e!=[^)]*\|\|)?e instanceof EventTarget\)return e;try\{return structuredClone\(e\)\}catch",
    ):
        told.append(
            run(
                "let calls = 0; const real = structuredClone;"
                "globalThis.structuredClone = (e) => (calls += 1, real(e));"
                f"const copy = (e) => {{ {piece} {{ return e; }} }};"
                "const values = ['a', 1, true, null, undefined, () => 1, Symbol.iterator, new EventTarget()];"
                "const date = new Date(0), copied = copy(date);"
                "console.log(JSON.stringify([values.map((v) => copy(v) === v), copied !== date, +copied, calls]))"
            )
        )
    assert told[0][:3] == told[1][:3] == [[True] * 8, True, 0]
    assert told[1][3] == 1


def test_an_event_sets_what_it_sets_as_before_and_nothing_is_looked_for_where_it_sets_nothing() -> None:
    told = []
    for piece in both(MENDS["UNSET"], r"async set_event_args\(e,t\)\{.*?\}\)\}(?=async cancel)"):
        told.append(
            run(
                f"class Events {{ {piece} told = []; looks = 0;"
                "async get_state_cb(id) { this.looks += 1; return id === 9 ? null : { open: 'before' }; }"
                "async update_state_cb(id, values) { this.told.push([id, values]); } }"
                "const events = new Events(); (async () => {"
                "for (const [id, values] of [[1, {}], [2, { open: 'now' }], [9, { open: 'now' }]])"
                "  (await events.set_event_args(id, values))();"
                "console.log(JSON.stringify([events.told, events.looks])) })()"
            )
        )
    assert told[0][0] == told[1][0] == [[2, {"open": "now"}], [2, {"open": "before"}]]
    assert (told[0][1], told[1][1]) == (3, 2)


def test_what_a_component_tells_before_all_are_drawn_is_told_afterwards_in_its_order() -> None:
    (piece,) = re.findall(r"this\.#u=(\(\.\.\.e\)=>.*?),globalThis", mended(*originals(MENDS["WAITED"])))
    (name,) = re.findall(r"resolved\?(\w+)\(", piece)
    told = run(
        f"const told = [], {name} = (...e) => told.push(e); class Tree {{ resolved = false;"
        f"ready = new Promise((done) => {{ this.all = done; }}); u = {piece}; }}"
        "const tree = new Tree(); tree.u(1, 'click'); tree.u(2, 'input'); const before = told.length;"
        "(async () => { tree.resolved = true; tree.all(); await tree.ready; await 0; tree.u(3, 'click');"
        "console.log(JSON.stringify([before, told])) })()"
    )
    assert told == [0, [[1, "click"], [2, "input"], [3, "click"]]]


@pytest.mark.parametrize("name", ["en", "de-DE", "no language"])
def test_the_same_names_are_names_of_languages(name: str) -> None:
    told = []
    for piece in both(MENDS["NAMED"], r"try\{(?:new Intl\.Locale|\w+\.resolveLocale)\(e\.initialLocale\)"):
        told.append(
            run(
                "const ot = { resolveLocale: (e) => new Intl.Locale(Intl.NumberFormat.supportedLocalesOf(e)[0] || e) };"
                f"const e = {{ initialLocale: {json.dumps(name)} }}; let is = false;"
                f"{piece} && (is = true) }} catch {{}} console.log(JSON.stringify(is))"
            )
        )
    assert told == [name != "no language"] * 2
