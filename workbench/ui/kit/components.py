"""The page's own components: plain HTML that never evaluates what it shows, and lists built in the browser."""

import json
from pathlib import Path
from typing import Any, Final

import gradio as gr

from workbench.ui import text
from workbench.ui.kit.html import esc
from workbench.ui.kit.scripts import UI, program

# Of an event that the page alone may ask, and that draws nothing over what it changes.
PRIVATE: Final[dict[str, Any]] = {"api_visibility": "private", "show_progress": "hidden"}


def style_sheets() -> list[Path]:
    """The page's style sheets: those of the sections, then the two that all share and that have the last word."""
    return [*sorted(UI.glob("*/section.css")), UI / "kit" / "motion.css", UI / "kit" / "style.css"]


def html(value: str = "", *, script: str | None = None, **kwargs: Any) -> gr.HTML:
    """HTML made by `kit.html`; it must be escaped there, since this shows it as it is."""
    return gr.HTML(value, js_on_load=script, apply_default_css=False, **kwargs)


def fold(label: str, *, elem_classes: str = "fold", **kwargs: Any) -> gr.Accordion:
    """A part of the page that begins closed, and is drawn with the page all the same.

    Gradio draws what is in an accordion with open=False when it is first opened, and a frame or two later sets it to
    what it was while closed: what was typed by then is lost. It looks for exactly False; 0 is closed as well.
    """
    return gr.Accordion(label, open=0, elem_classes=elem_classes, **kwargs)  # type: ignore[arg-type]


def choice(label: str, choices: dict[str, str], name: str, *, value: str = "") -> gr.Dropdown:
    """A choice whose values are the same in every language: what each is called, by its value."""
    offered = [(said, name) for name, said in choices.items()]
    return gr.Dropdown(offered, value=value, label=label, interactive=True, min_width=110, elem_id=name)


def clip_list(**kwargs: Any) -> gr.HTML:
    """The clips to label; its value is plain data, written as text by label/clip_*.js.

    Events carry a clip's id: edit and submit (with text, revision), remedy (with kind), expand, find; trim (with start,
    end, revision) and untrim (with revision); turn a page;
    undo, restore and erase several ids; delete and approve several ids, or all that were found; everything nothing.
    """
    template = (
        "<div class='bar-of-list' hidden></div>"
        f"<span class='unseen' id='keys-short'>{esc(text.LIST_WORDS['keysShort'])}</span>"
        "<span class='unseen said' role='status'></span><div class='above'></div><p class='nothing hint' hidden></p>"
        f"<ul class='clips' role='list' aria-label='{esc(text.CLIPS)}'></ul>"
        f"<dialog class='keys-dialog' aria-label='{esc(text.LIST_WORDS['keysTitle'])}'></dialog>"
    )
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=program("clip_list"),
        apply_default_css=False,
        words=text.LIST_WORDS,
        **kwargs,
    )


def words_keeper() -> gr.HTML:
    """Sees to it that what is typed into the word list is kept, by collect/words.js; its value tells what was.

    Event: keep (a set's list, once more).
    """
    return gr.HTML(
        {},
        html_template="<p class='warnings unsaved-words' role='alert' hidden></p>",
        js_on_load=program("words"),
        apply_default_css=False,
        words=text.KEEPER_WORDS,
    )


def doctor_list(**kwargs: Any) -> gr.HTML:
    """The label doctor's findings; its value is plain data, written as text by label/doctor.js.

    Events: mend, back and look carry a finding's kind; check and listen nothing.
    """
    template = "<details class='doctor' hidden><summary></summary><div class='body'></div></details>"
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=program("doctor"),
        apply_default_css=False,
        words=text.DOCTOR_WORDS,
        **kwargs,
    )


def result_list(**kwargs: Any) -> gr.HTML:
    """All tested clips; its value is plain data, written as text by compare/result_list.js. Event: select (id)."""
    head = "".join(f"<th scope='col'>{esc(name)}</th>" for name in text.RESULT_COLUMNS)
    template = (
        f"<div class='filters' role='group' aria-label='{esc(text.RESULT_WORDS['filters'])}' hidden></div>"
        f"<p class='hint next-wrong'>{esc(text.NEXT_WRONG)}</p>"
        f"<div class='scroll results' tabindex='0' role='region' aria-label='{esc(text.ALL_TESTED)}'>"
        f"<p class='none hint' hidden>{esc(text.RESULT_WORDS['none'])}</p><table hidden>"
        f"<caption>{esc(text.ALL_TESTED)}</caption><thead><tr>{head}</tr></thead><tbody></tbody></table>"
        "<button type='button' class='more' hidden></button></div>"
    )
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=program("result_list"),
        apply_default_css=False,
        words=text.RESULT_WORDS,
        **kwargs,
    )


def timeline_view(**kwargs: Any) -> gr.HTML:
    """One clip over one time axis; its value is plain data, drawn by compare/timeline.js. Event: place (nothing)."""
    return gr.HTML(
        {},
        html_template=f"<section class='timeline' aria-label='{esc(text.CHOSEN_SOUND)}' hidden></section>",
        js_on_load=program("timeline"),
        apply_default_css=False,
        words=text.TIMELINE_WORDS,
        **kwargs,
    )


def history_list(**kwargs: Any) -> gr.HTML:
    """A set's runs; its value is plain data, written as text by history/history.js.

    Events carry a run's id: show, rerun, star, unstar, remove, restore, erase, clips (asks for its tested clips), save
    (with title and note); pair carries first and second.
    """
    said = {name: esc(text.HISTORY_WORDS[name]) for name in ("chart", "chartKey", "pair", "pairHint", "table", "more")}
    columns = "".join(f"<th scope='col' role='columnheader'>{esc(name)}</th>" for name in text.HISTORY_COLUMNS.values())
    template = (
        f"<p class='nothing hint' hidden>{esc(text.NO_HISTORY)}</p><figure class='runs-chart' hidden><figcaption>"
        f"{said['chart']}</figcaption><div class='plot'><svg aria-hidden='true'></svg></div>"
        f"<p class='hint'>{said['chartKey']}</p></figure>"
        f"<div class='pairing'><button type='button' disabled class='confirm'>{said['pair']}</button> "
        f"<span class='hint'>{said['pairHint']}</span></div>"
        f"<table class='runs' role='table' aria-label='{said['table']}' hidden><thead role='rowgroup'>"
        f"<tr role='row'>{columns}</tr></thead><tbody role='rowgroup'></tbody></table><button type='button' "
        f"class='more' hidden>{said['more']}</button><ul class='bin'></ul>"
    )
    return gr.HTML(
        {},
        html_template=template,
        js_on_load=program("history"),
        apply_default_css=False,
        words=text.HISTORY_WORDS,
        **kwargs,
    )


def heard(elem_id: str, said: str) -> str:
    """JavaScript that writes on a button that its click was heard, before the server knows of it."""
    return f"(...inputs) => {{ document.getElementById('{elem_id}').textContent = {json.dumps(said)}; return inputs; }}"


def show_place(place: str) -> str:
    """JavaScript that brings a part of the page into sight, by its id; see page.js."""
    return f"() => window.showPlace({json.dumps(place)})"


def confirm_script(sentence: str, others: int = 0) -> str:
    """JavaScript that asks before a click goes to the server: its first argument becomes the answer.

    Args:
        sentence: The question.
        others: How many inputs follow and pass unchanged.
    """
    return f"(sure, ...others) => [window.confirm({json.dumps(sentence)}), ...others.slice(0, {others})]"
