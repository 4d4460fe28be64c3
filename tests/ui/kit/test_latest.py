"""Only the answer to a tab's newest question counts."""

import threading
from types import SimpleNamespace
from typing import Any

import gradio as gr

from workbench.ui.kit.latest import KEPT_TABS, Newest, stamp

NOTHING = [gr.skip(), gr.skip()]


def tab(name: str) -> Any:
    return SimpleNamespace(session_hash=name)


def asking(newest: Newest, handler: Any, *, told: bool = False) -> Any:
    with gr.Blocks():
        outputs = [gr.Textbox(), gr.Textbox()]
        return newest.asking(handler, [], outputs, told=told)["fn"]


def test_an_older_question_that_comes_later_is_not_even_put() -> None:
    asked = []
    ask = asking(Newest(), lambda: asked.append(1) or ["a", "b"])
    assert ask(tab("one"), 20.0) == ["a", "b"]
    assert ask(tab("one"), 10.0) == NOTHING
    assert len(asked) == 1
    assert ask(tab("two"), 10.0) == ["a", "b"]  # each tab has a clock of its own
    assert ask(tab("one"), 30.0) == ["a", "b"]


def test_an_answer_that_is_overtaken_while_it_is_made_changes_nothing() -> None:
    newest, begun, go, answers = Newest(), threading.Event(), threading.Event(), []

    def slow() -> list[str]:
        begun.set()
        assert go.wait(10)
        return ["old", "old"]

    late = asking(newest, slow)
    thread = threading.Thread(target=lambda: answers.append(late(tab("one"), 1.0)))
    thread.start()
    assert begun.wait(10)
    assert asking(newest, lambda: ["new", "new"])(tab("one"), 2.0) == ["new", "new"]
    go.set()
    thread.join(10)
    assert answers == [NOTHING]


def test_a_handler_may_be_told_of_the_event() -> None:
    ask = asking(Newest(), lambda event: [event["id"], ""], told=True)
    assert ask({"id": 7}, tab("one"), 1.0) == [7, ""]


def test_tabs_that_are_long_gone_are_forgotten() -> None:
    newest = Newest()
    ask = asking(newest, lambda: ["a", "b"])
    for number in range(KEPT_TABS + 5):
        ask(tab(str(number)), 5.0)
    assert len(newest._asked) == KEPT_TABS
    assert ask(tab("0"), 1.0) == ["a", "b"]


def test_the_stamp_takes_the_place_of_the_last_input() -> None:
    assert "slice(0, 2), performance.now()" in stamp(3)
