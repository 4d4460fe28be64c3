"""The page in the language of its browser or the one chosen: sent so, and answering so, side by side with others."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ui.served import Served, Tab, started
from workbench.language.catalogue import catalogue
from workbench.language.spoken import ENGLISH, LANGUAGES, speaking
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.asked import COOKIE, asked

NAME_NEEDED = "A clip set needs a name of 1 to {most} characters."
GERMAN = {"Accept-Language": "de-CH,de;q=0.9,en;q=0.5"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    workspace = tmp_path_factory.mktemp("languages") / "workspace"
    Workbench.open(workspace).close()
    with started(workspace) as running:
        yield running


def config(served: Served, headers: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = served.ask("GET", "/config", headers=headers).json
    return found


def language_of(html: bytes) -> str:
    found = re.search(rb'<html[^>]*\blang="(\w+)"', html)
    assert found
    return found[1].decode()


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({}, "en"),
        (GERMAN, "de"),
        ({"Accept-Language": "ja"}, "en"),
        ({**GERMAN, "Cookie": f"other=1; {COOKIE}=fr"}, "fr"),
        ({**GERMAN, "Cookie": f"{COOKIE}=en"}, "en"),
        ({**GERMAN, "Cookie": f"{COOKIE}=../../etc"}, "de"),
        ({**GERMAN, "Cookie": "\x7f=;;"}, "de"),
    ],
)
def test_a_request_asks_for_a_language(headers: dict[str, str], language: str) -> None:
    assert asked({name.lower(): value for name, value in headers.items()}) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_sent_in_the_language(served: Served, language: str) -> None:
    headers = {"Accept-Language": language}
    answer = served.ask("GET", "/", headers=headers)
    assert (answer.status, language_of(answer.body)) == (200, language)
    assert answer.headers["content-language"] == language
    labels = [c["props"].get("label") for c in config(served, headers)["components"]]
    with speaking(language):
        assert text.SET_NAME in labels
    assert (text.SET_NAME in labels) == (language == ENGLISH)


def test_all_pages_have_the_same_numbers(served: Served) -> None:
    """Events are answered by one page, whichever of them asked."""

    def numbers(headers: dict[str, str]) -> list[Any]:
        found = config(served, headers)
        events = [(d["id"], d["targets"], d["inputs"], d["outputs"], d["js"]) for d in found["dependencies"]]
        return [found["app_id"], [(c["id"], c["type"]) for c in found["components"]], events]

    english, german = numbers({}), numbers(GERMAN)
    texts = (str, type(None), bool)
    assert english[:2] == german[:2]
    assert [e[:4] for e in english[2]] == [e[:4] for e in german[2]]
    assert all(isinstance(e[4], texts) for e in german[2])


def create(tab: Tab, found: dict[str, Any], name: str) -> dict[str, Any]:
    """What the page answers to the button that makes a set."""
    button = next(c["id"] for c in found["components"] if c["props"].get("value") == text.CREATE)
    event = next(d for d in found["dependencies"] if [button, "click"] in [list(t) for t in d["targets"]])
    assert tab.join(event["id"], [name, "en"][: len(event["inputs"])]).status == 200
    return tab.answers()[0]


def test_events_answer_in_the_language_of_their_page(served: Served) -> None:
    """One after the other on one server, so that no answer takes the language of the one before."""
    found = config(served, {})
    said = []
    for headers in ({}, GERMAN, {"Accept-Language": "fr"}, {}):
        tab = served.page()
        with_language = _Asking(tab, headers)
        said.append(create(with_language, found, " ")["output"]["error"])
    assert said[0] == said[3] == NAME_NEEDED.format(most=80)
    assert said[1] == catalogue("de").template(NAME_NEEDED).format(most=80)
    assert said[2] == catalogue("fr").template(NAME_NEEDED).format(most=80)
    assert len({*said}) == 3


class _Asking(Tab):
    """A tab whose browser asks for a language."""

    def __init__(self, tab: Tab, language: dict[str, str]) -> None:
        super().__init__(tab.served, tab.token, tab.html)
        self.language = language

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, **self.language}


def test_routes_answer_in_the_language(served: Served) -> None:
    """What is refused at the gate, too."""
    answers = [served.ask("GET", "/nothing/here", headers=headers) for headers in ({}, GERMAN)]
    assert [a.status for a in answers] == [404, 404]
    told = [a.body.decode() for a in answers]
    assert text.NOTHING_HERE in told[0]
    assert told[0] != told[1]


def test_a_page_that_cannot_be_built_is_sent_in_english(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from workbench.ui.delivery.languages import Languages
    from workbench.ui.page import build

    made: list[int] = []

    def breaks() -> Any:
        made.append(1)
        if len(made) > 1:
            raise ValueError("broken catalogue")
        return build(bench)

    languages = Languages(breaks, lambda blocks: blocks)
    languages.begin("english")
    assert languages.app("de") == "english"
    assert "could not be built in de" in caplog.text


def test_what_is_counted_meanwhile_does_not_shift_a_page(bench: Workbench) -> None:
    """An event of another page makes a component while this one is built; then it is built once more."""
    from gradio.context import Context

    from workbench.ui.delivery.languages import Languages
    from workbench.ui.page import build

    made: list[int] = []

    def disturbed() -> Any:
        made.append(1)
        if len(made) == 2:
            Context.id += 1
        return build(bench)

    languages = Languages(disturbed, lambda blocks: blocks)
    languages.begin("english")
    german = languages.app("de")
    assert len(made) == 3
    assert sorted(german.blocks) == sorted(languages.blocks.blocks)
    assert languages.app("de") is german


def test_the_menu_marks_wordings_that_nobody_checked(tmp_path: Path) -> None:
    from workbench.language.catalogue import unchecked
    from workbench.ui.sets.languages import language_menu

    menu = language_menu()
    for code, name in LANGUAGES.items():
        shown = text.UNCHECKED_LANGUAGE.format(language=name) if unchecked(code) else name
        assert f">{shown}</option>" in menu
    assert menu.count(" selected") == 1
    with speaking("de"):
        assert "<option value='de' lang='de' selected>" in language_menu()


@pytest.mark.parametrize("language", LANGUAGES)
def test_gradio_has_words_for_what_it_tells_a_screen_reader(served: Served, language: str) -> None:
    given = config(served, {"Accept-Language": language})["i18n_translations"]
    if language == ENGLISH:
        assert given is None, "it has its own, and given ones take longer"
        return
    with speaking(language):
        assert given == {language: {"common.complete": text.COMPLETE, "status.queue_position": text.QUEUED}}
        assert "{position}" in text.QUEUED
