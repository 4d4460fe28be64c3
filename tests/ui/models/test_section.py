"""The model fields: one choice in both, groups, what is known of each model, Get, and labels that flatter a model."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from tests.ui.conftest import HOSTILE
from workbench.core.types import ModelSpec
from workbench.services.jobs.background import JobView
from workbench.services.models.base_models import Offered
from workbench.services.models.base_scores import Rate, Standing
from workbench.services.workbench import Workbench
from workbench.ui.adapt.section import Adapt
from workbench.ui.models.field import field_value, standing
from workbench.ui.models.section import Models
from workbench.ui.page import Page

Fill = Callable[..., list[int]]
BASE, DRAFTER, BEFORE, FULL, SMALL, FOLLOWED = range(6)  # what the handlers answer


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def models_of(value: dict[str, Any]) -> dict[str, list[str]]:
    return {group["name"]: [m["name"] for m in group["models"]] for group in value["groups"]}


def entry(value: dict[str, Any], name: str) -> dict[str, Any]:
    return next(m for group in value["groups"] for m in group["models"] if m["name"] == name)


def test_a_choice_in_either_field_is_the_sets(bench: Workbench, fill: Fill) -> None:
    fill("one", 4, text="hello number")
    fill("two", 4, text="hello number")
    models = Models(bench)
    chose = models.choose(event(model="whisper-en"), "one", "ctc-en", "ctc-en", "one")
    assert (chose[BASE], chose[DRAFTER], chose[BEFORE]) == ("whisper-en", "whisper-en", "ctc-en")
    assert (chose[FULL]["chosen"], chose[SMALL]["chosen"]) == ("whisper-en", "whisper-en")
    back = models.choose_drafter(event(model="ctc-en"), "one", "whisper-en", "whisper-en", "one")
    assert (back[BASE], back[DRAFTER], back[FULL]["chosen"]) == ("ctc-en", "ctc-en", "ctc-en")
    assert bench.base_models.chosen("one") == "ctc-en"
    assert bench.base_models.chosen("two") is None


def test_a_run_drafts_without_being_the_base_model(bench: Workbench, fill: Fill) -> None:
    fill("s", 4, text="hello number")
    models = Models(bench)
    drafts = models.choose_drafter(event(model="run-3"), "s", "ctc-en", "ctc-en", "s")
    assert (drafts[BASE], drafts[DRAFTER]) == (gr.skip(), "run-3")
    chose = models.choose(event(model="whisper-en"), "s", "ctc-en", "run-3", "s")
    assert (chose[BASE], chose[DRAFTER]) == ("whisper-en", "run-3")


def test_a_model_that_is_not_to_be_had_has_its_reason_in_the_field(bench: Workbench, fill: Fill) -> None:
    fill("s", 4, text="hello number")
    models = Models(bench)
    wrong = models.choose(event(model=f"none {HOSTILE}"), "s", "ctc-en", "ctc-en", "s")
    assert (wrong[BASE], wrong[FULL]["chosen"]) == (gr.skip(), "ctc-en")
    assert "no base model called" in wrong[FULL]["problem"].lower()
    assert bench.base_models.chosen("s") is None
    hub = models.choose(event(model=" facebook/wav2vec2-base "), "s", "ctc-en", "ctc-en", "s")
    assert hub[BASE] == hub[FULL]["chosen"] == "facebook/wav2vec2-base"
    assert "facebook/wav2vec2-base" in models_of(hub[FULL])["hub"]


def test_another_tabs_choice_is_taken_over_and_another_sets_is_not(bench: Workbench, fill: Fill) -> None:
    fill("one", 4, text="hello number")
    fill("two", 4, text="hello number")
    models = Models(bench)
    before = models.token("one", "", "")
    assert models.refresh("one", "ctc-en", "ctc-en", "one")[FOLLOWED] == gr.skip()
    bench.base_models.choose("one", "whisper-en")
    assert models.token("one", "", "") != before
    followed = models.refresh("one", "ctc-en", "ctc-en", "one")
    assert (followed[BASE], followed[DRAFTER], followed[FULL]["chosen"]) == ("whisper-en",) * 3
    assert followed[FOLLOWED] != gr.skip()
    still = models.refresh("one", "ctc-en", "ctc-en", "two")  # the form is not the set's yet
    assert (still[BASE], still[FOLLOWED]) == (gr.skip(), gr.skip())


def test_a_set_opens_with_its_choice_whatever_this_browser_kept(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="hello number")
    bench.base_models.choose("s", "whisper-en")
    adapt = Adapt(bench)
    own = {"s": {"model": "ctc-en", "strategy": "all-but-features", "wishes": {"epochs": 3, "blocks": "head"}}}
    back = adapt.restore("s", own)
    assert (back[0], back[1], back[-1]) == ("whisper-en", "whisper-en", "s")
    assert back[2]["value"] == "full", "the usual one of the model before gives way"
    assert back[6]["values"][list(back[6]["names"]).index("epochs")] == 3
    assert adapt.choose_model("s", "ctc-en", "custom", "ctc-en") == [gr.skip()] * 4, "nothing else was chosen"


def test_groups_and_what_is_said_of_each(bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    fill("s", 3, text="hello number")
    full, small = Models(bench).values("s", "ctc-en", "ctc-en")
    groups = models_of(full)
    assert list(groups) == ["fetchable", "hub", "demo"]
    assert groups["fetchable"] == ["whisper-tiny.en", "whisper-base"]
    assert groups["demo"] == ["ctc-en", "whisper-en"]
    assert models_of(small) == groups
    tiny, demo = entry(full, "whisper-tiny.en"), entry(full, "ctc-en")
    assert tiny["get"] == "Get whisper-tiny.en (78 MB, MIT)"
    assert (tiny["hear"], tiny["unknown"], demo["get"]) == ("", "", "")
    assert demo["hear"].startswith("Let it hear 3 confirmed clips (about ")
    assert demo["unknown"]
    assert {name for name, *_ in demo["facts"]} == {"size", "languages", "licence", "speed"}
    assert full["advice"]["model"] == "whisper-tiny.en", "only demo models are here"
    assert not any(group["off"] for group in full["groups"])
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    full, _ = Models(bench).values("s", "ctc-en", "ctc-en")
    assert [g["name"] for g in full["groups"] if g["off"]] == ["hub"]
    assert "HF_HUB_OFFLINE" in next(g["title"] for g in full["groups"] if g["off"])


def offered(**changed: Any) -> Offered:
    spec = ModelSpec("w", "seq2seq", "fetched", "/w", parameters=9_000_000, size_mb=148.0, licence="MIT")
    about: dict[str, Any] = dict(
        spec=spec, group="fetchable", languages=("en",), knows="made for it", minute=None, standing=None,
        unheard=3, hearing=None,
    )  # fmt: skip
    return Offered(**(about | changed))


def test_how_far_a_fetch_is_and_how_it_ended() -> None:
    active = JobView("Fetching w from the model hub", 74_000_000, 148_000_000, 30.0)
    value = field_value([offered()], "w", getting=[("w", active)])
    (job,) = value["getting"]
    assert (job["share"], job["stopping"]) == (0.5, False)
    assert job["text"] == "Fetching w from the model hub · 74 of 148 MB · about 30 s left"
    failed = JobView("The model w could not be fetched: no network. Try again.", active=False, failed=True)
    value = field_value([offered()], "w", getting=[("w", failed)])
    assert value["getting"] == []
    assert entry(value, "w")["failed"] == failed.message
    assert entry(value, "w")["get"] == "Try again: get w (148 MB, MIT)"
    here = field_value([offered(group="here")], "w", getting=[("w", failed)])
    assert (entry(here, "w")["failed"], entry(here, "w")["get"]) == ("", ""), "it came some other way"


def test_flattered_labels_are_counted_apart() -> None:
    rate, own = Rate(18, 100, 9, 0.09, (0.05, 0.14)), Rate(12, 80, 1, 0.0125, None)
    first, second = standing(Standing("english", rate, own))
    assert first == (
        "On this set 9.0\N{NO-BREAK SPACE}% of the words wrong (WER), 95\N{NO-BREAK SPACE}% interval 5.0 to 14.0: "
        "on 18 confirmed clips, by the “english” text rules."
    )
    assert second.startswith("Apart: 12 labels that began as its own draft, 1.2\N{NO-BREAK SPACE}% wrong")
    (only,) = standing(Standing("marks", None, own))
    assert "all began as its own draft" in only
    assert "interval" not in only, "of too few clips"
    assert "“marks”" in only
    assert standing(None) == []


def test_the_page_follows_labels_drafts_and_fetches(bench: Workbench, fill: Fill) -> None:
    ids = fill("s", 3, text="hello number")
    page = Page(bench)
    page.build()
    models = page.models
    tokens = [models.token("s", "", "")]
    bench.labelling.save_drafts("ctc-en", {ids[0]: "hello number 0"}, draft=False)
    full, _ = models.values("s", "ctc-en", "ctc-en")
    assert "0.0\N{NO-BREAK SPACE}% of the words wrong" in entry(full, "ctc-en")["standing"][0]
    assert entry(full, "ctc-en")["hear"].startswith("Let it hear 2 confirmed clips more")
    bench.getting._going._views["whisper-base"] = JobView("x")
    tokens.append(models.token("s", "", ""))
    bench.base_models.choose("s", "whisper-en")
    tokens += [models.token("s", "", ""), models.token("s", "labels", ""), models.token("s", "", "['run-1']")]
    assert len(set(tokens)) == len(tokens)
    with pytest.raises(gr.Error, match="nothing to fetch"):
        models.get(event(model="ctc-en"), "s", "ctc-en", "ctc-en", "s")
