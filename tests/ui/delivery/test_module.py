"""What a script imports and exports, and what of that changes later."""

import pytest

from workbench.ui.delivery.module import Import, NotJoinable, read_module


def test_imports_exports_and_what_is_asked_later_are_read() -> None:
    module = read_module(
        'const __vite__mapDeps=(i,m=__vite__mapDeps,d=(m.f||(m.f=["./x.css"])))=>i.map(i=>d[i]);\n'
        'import"./a.js";import{n as e,in as $}from"./b.js";import*as t from"./c.js";import d,{r}from"./d.js";'
        "let f=()=>import(`./later.js`),g=`import(./no.js)`;export{f as default,g as in};"
    )
    assert module.imports == (
        Import("a.js", ()),
        Import("b.js", (("n", "e"), ("in", "$"))),
        Import("c.js", (("*", "t"),)),
        Import("d.js", (("r", "r"), ("default", "d"))),
    )
    assert module.exports == (("default", "f"), ("in", "g"))
    assert module.later == ("later.js",)
    assert "__vite__mapDeps=" in module.body
    assert "export" not in module.body


@pytest.mark.parametrize(
    "changes",
    [
        "function set(){a=1}",
        "function set(){({a}={a:2})}",
        "function set(){[...a]=[1]}",
        "function set(){for(a of [1]);}",
        "let set=()=>a++",
        "let set=()=>{{let a=1;a=2}a=3}",
        "let set=b=>(({c:a=3}=b))",
    ],
)
def test_an_export_that_a_function_changes_is_known(changes: str) -> None:
    assert read_module(f"var a;{changes};export{{a as out}};").live == {"out"}


@pytest.mark.parametrize(
    "keeps",
    [
        "a=1;for(a of [1]);",  # done before anybody imports it
        "function set(a){a=1}",
        "function set(){if(x){var a}a=1}",
        "let set=a=>a=1",
        "let set=({a})=>{a=1}",
        "function set(){let a;return()=>{a=1}}",
        "function set(){try{}catch(a){a=1}}",
        "let set=()=>{a.b=1;a[0]=2}",
        "let set=()=>{for(let a of [1])a=2}",
    ],
)
def test_a_name_of_a_functions_own_is_no_export(keeps: str) -> None:
    assert read_module(f"var a;{keeps};export{{a as out}};").live == frozenset()


@pytest.mark.parametrize(
    "source",
    [
        'import{a}from"https://elsewhere/x.js";',
        'import{a}from"../x.js";',
        "let a=await b();export{a};",
        "for await(let a of b());",
        "export default 1;",
        'export{a}from"./x.js";',
        "let a=;",
    ],
)
def test_what_cannot_be_joined_says_so(source: str) -> None:
    with pytest.raises(NotJoinable):
        read_module(source)
