"""The menu of a set, its handlers called as Gradio calls them; and what the page shows of sets in the archive."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from workbench.services.workbench import Workbench
from workbench.ui import text as page_text
from workbench.ui.page import Page
from workbench.ui.sets import text
from workbench.ui.sets.menu import SetMenu
from workbench.ui.sets.section import Sets

Fill = Callable[..., list[int]]


def event(**data: object) -> gr.EventData:
    return gr.EventData(None, data)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sentences that the menu says."""
    heard: list[str] = []
    monkeypatch.setattr("workbench.ui.sets.menu.say", heard.append)
    return heard


@pytest.fixture
def menu(bench: Workbench, fill: Fill) -> SetMenu:
    fill("ward", 2, text="hello")
    fill("other", 1, text="hello")
    return Sets(bench).menu


def test_a_new_name_is_shown_at_once_and_a_taken_one_is_refused(
    bench: Workbench, menu: SetMenu, said: list[str]
) -> None:
    view, choice, chosen, *_ = menu.rename(event(set="ward", to=" ward  7 "))
    assert (view["set"], chosen, choice["value"]) == ("ward 7", "ward 7", "ward 7")
    assert sorted(choice["choices"]) == ["other", "ward 7"]
    assert said == [text.RENAMED.format(name="ward 7")]
    with pytest.raises(gr.Error, match="already a clip set"):
        menu.rename(event(set="ward 7", to="other"))
    with pytest.raises(gr.Error):
        menu.rename(event(set="ward", to="gone meanwhile"))


def test_a_copy_is_shown(bench: Workbench, menu: SetMenu, said: list[str]) -> None:
    to = menu.view("ward")["copy"]
    view, _, chosen, *_ = menu.copy(event(set="ward", to=to))
    assert (chosen, view["set"]) == ("ward copy", "ward copy")
    assert said == [text.COPIED.format(name="ward copy", clips="2 clips")]
    assert [c.text for c in bench.labelling.clips("ward copy")] == ["hello 0", "hello 1"]


def test_an_archived_set_leaves_the_chooser_and_comes_back(bench: Workbench, menu: SetMenu, said: list[str]) -> None:
    view, choice, chosen, *_ = menu.archive(event(set="ward"))
    assert (chosen, choice["choices"]) == ("other", ["other"])
    assert view["archived"] == [{"name": "ward", "clips": "2 clips"}]
    _, _, _, welcome = menu.archive(event(set="other"))[1:]
    assert welcome["visible"], "nothing is left to choose from"
    view, choice, chosen, *_ = menu.unarchive(event(set="ward"))
    assert (chosen, choice["choices"], [a["name"] for a in view["archived"]]) == ("ward", ["ward"], ["other"])
    assert said == [
        text.ARCHIVED.format(name="ward"),
        text.ARCHIVED.format(name="other"),
        text.BROUGHT_BACK.format(name="ward"),
    ]


def test_the_licence_of_the_clips_is_kept_and_taken_back(bench: Workbench, menu: SetMenu, said: list[str]) -> None:
    assert menu.state_licence(event(set="ward", to=" CC-BY-4.0 "))["licence"] == "CC-BY-4.0"
    assert menu.view("other")["licence"] == ""
    assert menu.state_licence(event(set="ward", to=""))["licence"] == ""
    assert said == [
        text.LICENCE_KEPT.format(name="ward", licence="CC-BY-4.0"),
        text.LICENCE_UNKNOWN.format(name="ward"),
    ]
    with pytest.raises(gr.Error, match="at most"):
        menu.state_licence(event(set="ward", to="x" * 500))


def test_a_deleted_set_lies_in_the_bin(bench: Workbench, menu: SetMenu, said: list[str]) -> None:
    view, _, chosen, *_ = menu.remove(event(set="ward"))
    assert (view["set"], chosen) == ("other", "other")
    assert [d.name for d in bench.collecting.deleted()] == ["ward"]
    assert said == [page_text.SET_IN_BIN.format(name="ward")]


def test_an_address_of_an_archived_set_says_where_it_is(
    bench: Workbench, menu: SetMenu, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []
    monkeypatch.setattr("workbench.ui.page.warn", warned.append)
    page = Page(bench)
    bench.shelf.archive("ward")
    assert page.open_page("ward", {"set": "ward"})[1] == "other"
    assert page.open_page("", {"set": "nowhere"})[1] == "other"
    assert warned == [text.SET_ARCHIVED.format(name="ward"), page_text.NO_SUCH_SET.format(name="nowhere")]


def test_a_tab_that_shows_a_set_which_another_archives_keeps_it_in_its_chooser(bench: Workbench, menu: SetMenu) -> None:
    page = Page(bench)
    page.build()
    seen = page.look("ward", "", {})[0]
    bench.shelf.archive("ward")

    def chooser(found: list[Any]) -> Any:
        return found[5]

    assert chooser(page.look("ward", "", seen))["choices"] == ["other", "ward"]
    assert chooser(page.look("other", "", {}))["choices"] == ["other"]
