"""Joined scripts do what the separate ones did."""

import re
import subprocess
from pathlib import Path

import gradio
import pytest

from tests.ui.test_javascript import node
from workbench.ui.delivery.bundle import Bundle, join
from workbench.ui.delivery.module import NotJoinable, exports_of

GRADIO = Path(gradio.__file__).parent / "templates" / "frontend"
KINDS = ("audio", "button", "dropdown", "html", "textbox")
PAGE = (
    '<script type="module" crossorigin src="./assets/index-1.js"></script>'
    '<link rel="stylesheet" crossorigin href="./assets/index-2.css">'
)
# In the way of Gradio's: a counter that changes is exported, two import one, one waits until it is asked.
SCRIPTS = {
    "index-1.js": (
        'const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["./Index-3.js","./Index-3.css"])))=>i.map(i=>d[i]);\n'
        "var n=0,s=[];function t(e){n+=1;s.push(e+n)}let v=f=>f();"
        "v(()=>import(`./Index-3.js`),__vite__mapDeps([0,1]),import.meta.url).then(async e=>{await e.default();"
        "console.log(s.join())});export{n as c,t,s as in};"
    ),
    "Index-3.js": (
        'import{c as a,t as b}from"./index-1.js";import{n as c}from"./leaf-4.js";b(`first`);'
        "async function d(){b(`run${a}`+c());(await import(`./Blocks-5.js`)).t();(await import(`./alone-6.js`)).t()}"
        "export{d as default};"
    ),
    "leaf-4.js": 'import{t as a}from"./index-1.js";a(`leaf`);let b=()=>`leaf`;export{b as n};',
    "Blocks-5.js": (
        'import{n as a}from"./leaf-4.js";import{c as b,t as c}from"./index-1.js";'
        "let d=()=>c(`blocks${b}${a()}`);export{d as t};"
    ),
    "alone-6.js": 'import{n as a}from"./leaf-4.js";import{t as c}from"./index-1.js";let d=()=>c(a());export{d as t};',
}
SHEETS = {"index-2.css": "a{}", "Index-3.css": "b{}"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {**SCRIPTS, **SHEETS, "package.json": '{"type": "module"}'}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.fixture(scope="module")
def of_gradio() -> Bundle:
    return join(GRADIO / "assets", (GRADIO / "index.html").read_text(encoding="utf-8"), KINDS)


def said(folder: Path) -> str:
    command = [node(), "--import", "data:text/javascript,globalThis.window=globalThis", str(folder / "index-1.js")]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout


def written(bundle: Bundle, folder: Path) -> None:
    for name, content in {**bundle.files, **bundle.instead}.items():
        (folder / name).write_text(content)


def test_joined_scripts_run_in_the_same_order_and_see_the_same(folder: Path) -> None:
    before = said(folder)
    assert before == "leaf1,first2,run2leaf3,blocks3leaf4,leaf5\n"
    bundle = join(folder, PAGE, [])
    written(bundle, folder)
    assert said(folder) == before
    assert {*bundle.instead} == {"index-1.js", "Index-3.js", "leaf-4.js", "Blocks-5.js"}
    assert bundle.files[bundle.sheet] == "a{}\nb{}"
    assert f'm.f=["./{bundle.script}","./{bundle.sheet}"]' in bundle.instead["index-1.js"]


def test_one_that_cannot_be_joined_stays_with_all_that_need_it(folder: Path) -> None:
    before = said(folder)
    (folder / "leaf-4.js").write_text(SCRIPTS["leaf-4.js"].replace("let b=", "await 0;let b="))
    bundle = join(folder, PAGE, [])
    written(bundle, folder)
    assert {*bundle.instead} == {"index-1.js"}
    assert said(folder) == before


def test_a_name_changes_with_its_content(folder: Path) -> None:
    before = join(folder, PAGE, [])
    assert join(folder, PAGE, []) == before
    (folder / "Index-3.css").write_text("c{}")
    after = join(folder, PAGE, [])
    assert {before.script, before.sheet}.isdisjoint({after.script, after.sheet})


def test_a_page_of_another_kind_is_not_joined(folder: Path) -> None:
    with pytest.raises(NotJoinable):
        join(folder, "<script src='main.js'></script>", [])
    (folder / "index-1.js").write_text('import"./leaf-4.js";')
    with pytest.raises(NotJoinable):
        join(folder, PAGE, [])


def test_gradios_scripts_are_joined_and_hand_on_what_they_export(of_gradio: Bundle) -> None:
    assert len(of_gradio.instead) > 30
    entry = re.search(r'src="\./assets/([^"]+)"', (GRADIO / "index.html").read_text(encoding="utf-8"))
    for name, content in of_gradio.instead.items():
        outside = {out for out, _ in exports_of((GRADIO / "assets" / name).read_text(encoding="utf-8"))}
        assert {out for out, _ in exports_of(content)} == outside, name
        assert entry
        assert name == entry[1] or content.startswith(f'import {{ $joined }} from "./{of_gradio.script}"')


def test_what_gradio_needs_at_once_is_in_the_joined_script(of_gradio: Bundle, tmp_path: Path) -> None:
    script = of_gradio.files[of_gradio.script]
    loaded = set(re.findall(r'\$joined\("([^"]+)"\)', script))
    made = set(re.findall(r"^makers\['([^']+)'\]", script, re.M))
    assert loaded <= made | {next(n for n in of_gradio.instead if n not in made)}
    file = tmp_path / "joined.mjs"
    file.write_text(script, encoding="utf-8")
    assert subprocess.run([node(), "--check", str(file)], capture_output=True).returncode == 0


def test_the_player_of_streams_is_not_sent(of_gradio: Bundle) -> None:
    largest = max((GRADIO / "assets").glob("hls-*.js"), key=lambda f: f.stat().st_size)
    assert largest.name in of_gradio.instead
    assert largest.stat().st_size > 300_000
    assert len(of_gradio.files[of_gradio.script]) < 800_000
