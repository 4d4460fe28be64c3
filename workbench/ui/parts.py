"""The page's own components: plain HTML that never evaluates what it shows, and lists built in the browser."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import gradio as gr

from workbench.ui import text

STATIC: Final = Path(__file__).parent / "static"


@cache
def static(name: str) -> str:
    """A file that ships beside the page's code."""
    return (STATIC / name).read_text(encoding="utf-8")


def html(value: str = "", *, script: str | None = None, **kwargs: Any) -> gr.HTML:
    """HTML made by `render`; it must be escaped there, since this shows it as it is."""
    return gr.HTML(value, js_on_load=script, apply_default_css=False, **kwargs)


def clip_list(**kwargs: Any) -> gr.HTML:
    """The clips to label; its value is plain data, written as text by static/clip_list.js.

    Events carry a clip's id: edit and submit (with text, revision), undo, delete, expand; turn a page, restore and
    erase several ids; everything nothing.
    """
    template = (
        "<div class='above'></div><p class='nothing hint' hidden></p>"
        "<ul class='clips' role='list' aria-label='Clips'></ul><div class='below'></div>"
    )
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=static("clip_list.js"),
        apply_default_css=False,
        words=text.LIST_WORDS,
        **kwargs,
    )


def doctor_list(**kwargs: Any) -> gr.HTML:
    """The label doctor's findings; its value is plain data, written as text by static/doctor.js.

    Events: mend, back and look carry a finding's kind; check and listen nothing.
    """
    template = "<details class='doctor' hidden><summary></summary><div class='body'></div></details>"
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=static("doctor.js"),
        apply_default_css=False,
        words=text.DOCTOR_WORDS,
        **kwargs,
    )


def result_list(**kwargs: Any) -> gr.HTML:
    """All tested clips; its value is plain data, written as text by static/result_list.js. Event: select (id)."""
    columns = ("Clip", "Speaker", f"{text.BASE} WER", f"{text.ADAPTED} WER", "Change")
    head = "".join(f"<th scope='col'>{name}</th>" for name in columns)
    template = (
        f"<div class='scroll results' tabindex='0' role='region' aria-label='{text.ALL_TESTED}'><table hidden>"
        f"<caption>{text.ALL_TESTED}</caption><thead><tr>{head}</tr></thead><tbody></tbody></table>"
        "<button type='button' class='more' hidden>Show more</button></div>"
    )
    return gr.HTML({}, html_template=template, js_on_load=static("result_list.js"), apply_default_css=False, **kwargs)


def confirm_script(sentence: str, others: int = 0) -> str:
    """JavaScript that asks before a click goes to the server: its first argument becomes the answer.

    Args:
        sentence: The question.
        others: How many inputs follow and pass unchanged.
    """
    return f"(sure, ...others) => [window.confirm({json.dumps(sentence)}), ...others.slice(0, {others})]"
