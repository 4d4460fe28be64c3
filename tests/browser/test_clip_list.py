"""The clip list's own script in a bare page: answers come in the order that is tested, with no server and no timer."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import pytest

from workbench.ui.kit.components import clip_list

pytestmark = pytest.mark.browser

ROW = {
    "duration": 1.0, "speaker": "", "split": "", "status": "drafted", "text": "a draft", "revision": 0,
    "author": "", "warnings": [], "notes": [], "draft": [], "unsure": [], "peaks": [1], "url": "", "written": "",
    "trouble": False,
}  # fmt: skip
# What Gradio gives such a script: its element, its properties, a way to send an event and to hear of a new value.
MOUNT = """([template, script, words]) => {
  document.body.innerHTML = `<div id='list'>${template}</div>`;
  const props = { words, value: {} };
  let drawn;
  window.sent = [];
  const send = (name, data) => window.sent.push([name, data]);
  new Function('element', 'trigger', 'props', 'server', 'upload', 'watch', script)(
    document.getElementById('list'), send, props, {}, null, (_, act) => { drawn = act; });
  window.answer = (value) => { props.value = value; drawn(); };
}"""

Answer = Callable[..., None]


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    page = context.new_page()
    with gr.Blocks():
        made = clip_list()
    page.evaluate(MOUNT, [made.html_template, made.js_on_load, made.props["words"]])
    yield page
    context.close()


@pytest.fixture
def answer(page: Any) -> Answer:
    """answer(at, ids, …): the list is told that these are its clips; `at` is when the server looked."""

    def tell(at: int, *ids: int, name: str = "s", **more: Any) -> None:
        clips = [{**ROW, "id": i, "name": f"clip {i}"} for i in ids]
        value = {"set": name, "at": at, "clips": clips, "page": 0, "pages": 1, "total": len(ids), **more}
        page.evaluate("(value) => window.answer(JSON.parse(value))", json.dumps(value))

    return tell


def shown(page: Any) -> list[str]:
    return list(page.locator("li.clip .name").all_inner_texts())


def test_an_answer_that_was_overtaken_is_not_drawn(page: Any, answer: Answer) -> None:
    answer(1, 7, opens=True)
    answer(2, gone={"ids": [7], "text": "clip 7 is in the bin."})
    answer(4, 7, gone=None)
    answer(3)  # the server looked while the clip was away, and its answer took longer
    assert shown(page) == ["clip 7"]
    assert page.get_by_role("button", name="Undo delete").count() == 0
    answer(5, 9, name="left since")
    assert shown(page) == ["clip 7"], "asked for before this set was opened"
    answer(4, 8, name="other", opens=True)
    assert shown(page) == ["clip 8"], "a set that is opened is drawn, whatever was drawn before"


def test_a_click_that_begins_before_an_answer_ends_on_its_button(page: Any, answer: Answer) -> None:
    answer(1, 7, opens=True)
    answer(2, gone={"ids": [7], "text": "clip 7 is in the bin."})
    box = page.get_by_role("button", name="Undo delete").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    answer(3)  # somebody else's change, the page's own timer: it says nothing of what was deleted here
    page.mouse.up()
    assert page.evaluate("window.sent") == [["restore", {"ids": [7]}]]


def test_what_was_said_is_gone_after_the_next_thing(page: Any, answer: Answer) -> None:
    answer(1, 7, opens=True)
    page.get_by_label("What is said (label)").focus()
    page.keyboard.press("F2")
    said = page.locator("#list > .said")
    said.filter(has_text="You have not changed anything here").wait_for(state="attached")
    page.keyboard.press("F9")
    said.filter(has_text="Speed 1.25.").wait_for(state="attached")
    page.keyboard.press("End")
    assert said.text_content() == ""
