"""The page in a language that nobody speaks: what people read of it is marked; what is not stands in the code."""

import re
from collections.abc import Iterator
from dataclasses import fields
from html import unescape
from typing import Any

import pytest

from workbench.core.config import TrainingConfig, setting_help
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.evaluation.sample_size import Enough
from workbench.language import catalogue as catalogues
from workbench.language import spoken
from workbench.language.catalogue import Catalogue
from workbench.language.forms import Forms
from workbench.language.said import english, say
from workbench.language.spoken import speaking
from workbench.services.clips.sets import SetInfo
from workbench.services.runs.readiness import Readiness
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.charts.error_mix import error_mix
from workbench.ui.charts.svg import curve, interval_bar
from workbench.ui.charts.terms import terms
from workbench.ui.compare import results
from workbench.ui.compare.mistakes import mistakes
from workbench.ui.kit.worded import worded
from workbench.ui.overview.view import view
from workbench.ui.page import Page, build
from workbench.ui.sets import languages
from workbench.ui.sets.guide import Facts, guide, guide_html

NOBODYS = "xx"
READ = ("label", "info", "placeholder", "html_template")  # of a component, besides its value
# Marks, short forms, names of runs and models, and signs that stand in every language.
SHARED = re.compile(r"\$\{value\}|WER|CER|Speech Workbench|⟦[^⟧]*⟧|&#?\w+;")
WORD = re.compile(r"[^\W\d_]{3,}")
ATTRIBUTES = re.compile(r"(?:aria-label|title|alt|placeholder|data-copied)='([^']*)'")


class Marking(Catalogue):
    """Marks each text of the page and each sentence of the services, by signs that break HTML where not escaped."""

    def __init__(self) -> None:
        super().__init__("de")
        self.language, self._found = NOBODYS, {}

    def template(self, said: str, others: str | None = None, n: int = 1) -> str:
        return f"⟦{said}'⟧"

    def text(self, context: str, value: Any) -> Any:
        if isinstance(value, Forms):
            return Forms(*(f"⟦{form}'⟧" for form in value), form=value.form)
        if isinstance(value, str):
            return value and f"⟦{value}'⟧"
        return super().text(context, value)


@pytest.fixture
def nobodys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    marking = Marking()
    monkeypatch.setitem(spoken.LANGUAGES, NOBODYS, "Nobody's")
    real = catalogues.catalogue
    monkeypatch.setattr(languages, "unchecked", lambda code: True)
    monkeypatch.setattr(catalogues, "catalogue", lambda code: marking if code == NOBODYS else real(code))
    with speaking(NOBODYS):
        yield


def unmarked(said: str) -> list[str]:
    """The words that stand outside of marks."""
    plain = said
    while plain != (plain := re.sub(r"⟦[^⟦⟧]*⟧", " ", plain)):
        pass
    return WORD.findall(SHARED.sub(" ", plain))


def seen(html: str) -> Iterator[str]:
    """What people see or hear of a piece of HTML."""
    yield from map(unescape, ATTRIBUTES.findall(html))
    visible = re.sub(r"<(code|style)\b.*?</\1>", " ", html, flags=re.S)
    yield from (unescape(part) for part in re.split(r"<[^<>]*>", visible) if part.strip())


def texts(value: Any) -> Iterator[str]:
    """All strings in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from texts(each)


def read_on(block: Any) -> Iterator[tuple[str, str]]:
    """What people read on a component, by the name of its setting."""
    props = block.get_config()
    for name in READ:
        yield from ((name, said) for said in seen(str(props.get(name) or "")))
    value = props.get("value")
    if block.get_block_name() in ("html", "button") and isinstance(value, str):
        yield from (("value", said) for said in seen(value))
    if not str(block.elem_id).startswith("setting-") or block.elem_id == "setting-effort":
        # Those of the other settings are their values, as the command line takes them.
        yield from (("choices", choice[0]) for choice in props.get("choices") or ())
    words = dict(getattr(block, "props", {}).get("words", {}))
    words.pop("written", None)  # how the setting "blocks" is written
    yield from (("words", said) for said in texts(words))


def of_the_core(bench: Workbench) -> set[str]:
    """What is declared beside settings and strategies, in English where it is no sentence that knows its words."""
    facts = bench.model_facts
    strategies = facts.strategies(bench.base_models.of_set("").name)
    told = {english(part).strip() for name in strategies for part in facts.strategy_words(name)}
    return {*told, *(english(setting_help(f.name)) for f in fields(TrainingConfig))}


def test_all_that_people_read_on_the_page_can_be_said_otherwise(bench: Workbench, nobodys: None) -> None:
    known = of_the_core(bench)
    found = {
        f"{block.elem_id or block.get_block_name()} {name}: {said}"
        for block in build(bench).blocks.values()
        for name, said in read_on(block)
        if unmarked(said) and said.strip() not in known
    }
    assert "\n".join(sorted(found)) == ""


def test_choices_have_the_same_values_in_every_language(bench: Workbench, nobodys: None) -> None:
    def values() -> list[Any]:
        blocks = build(bench).blocks.values()
        return [[choice[1] for choice in getattr(block, "choices", None) or ()] for block in blocks]

    there = values()
    with speaking("en"):
        assert values() == there


def test_sentences_in_data_are_worded_where_it_leaves(nobodys: None) -> None:
    said = say("There is no clip {clip}.", clip=7)
    assert worded({"why": said, "more": [said, ("plain", 1)]}) == {
        "why": "⟦There is no clip 7.'⟧",
        "more": ["⟦There is no clip 7.'⟧", ("plain", 1)],
    }
    with speaking("en"):
        assert worded([said])[0] == "There is no clip 7."


@pytest.mark.parametrize("stage", ["empty", "labelled", "drafted", "judged"])
def test_what_the_guide_says_can_be_said_otherwise(nobodys: None, stage: str) -> None:
    info = SetInfo(1, "s", "en", (), 20, 0 if stage == "empty" else 12, 3 if stage == "drafted" else 0, 8, 60.0, 1)
    ready = Readiness(info, 4 if stage == "empty" else 0, Enough(12, 0), "")
    facts = Facts(ready, "", False, *(("better", "1 → 2") if stage == "judged" else ("", "")))
    for html in guide_html(guide(facts)):
        assert [said for said in seen(html) if unmarked(said)] == []


def test_the_page_around_a_comparison_can_be_said_otherwise(nobodys: None) -> None:
    rows = [ComparisonRow("1", "a b", "a x", "a b" if i else "y", clip_id=i + 1) for i in range(4)]
    found = compare(rows, normalizer="none", terms=["b", "z"])
    titles = (text.BASE, text.ADAPTED)
    html = terms(found, titles) + mistakes(found, titles, "7") + error_mix(found, titles)
    html += interval_bar(found.judging, found.verdict) + curve(text.LOSS_CURVE, [(1, 0.5)], kind="wer", last_step=2)
    html += results.clip(results.clips(found)[0], base_name="", adapted_name="", normalizer="none")
    assert [said for said in seen(html) if unmarked(said)] == []


def test_lists_of_clips_can_be_said_otherwise(bench: Workbench, fill: Any, nobodys: None) -> None:
    fill("s", 3, text="a b")
    page = Page(bench)
    page.build()
    listed = page.label.refresh("s", "ctc-en", "", "", "", 0, "", None, None, "", "added", 1.0)
    drawn = view(bench.overviewing.of_set("s"))
    shown = [listed["shown"], listed["author"], *(figure["label"] for figure in drawn["figures"])]
    assert [said for said in shown if unmarked(said)] == []
