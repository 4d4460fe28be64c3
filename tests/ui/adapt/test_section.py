"""The form of a fine-tune: the strip of blocks, what a browser keeps, filling it from a run, and what a run says."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import gradio as gr
import orjson
import pytest

from tests.ui.conftest import HOSTILE
from tests.ui.kit.test_html import assert_harmless
from workbench.asr.training.freezing import plan_for_blocks
from workbench.core.config import TrainingConfig
from workbench.core.evaluation.comparison import ComparisonRow, compare
from workbench.core.run_result import RunResult
from workbench.core.types import Block
from workbench.services.runs.service import QueuedRun, RunView
from workbench.services.workbench import Workbench
from workbench.store.models import now
from workbench.ui.adapt.block_strip import block_strip, strip_value
from workbench.ui.adapt.form import FOR_SET, SETTINGS, kept_wishes
from workbench.ui.adapt.progress import panel, short
from workbench.ui.adapt.section import Adapt
from workbench.ui.kit.html import esc

Fill = Callable[..., list[int]]


def parts(strip: dict[str, Any]) -> dict[str, str]:
    return {b["name"]: b["part"] for group in strip["groups"] for b in group["blocks"] if b["part"] != "nothing"}


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


def test_a_strategy_fills_the_strip_and_a_click_makes_it_custom(bench: Workbench) -> None:
    adapt = Adapt(bench)
    strip, blocks = adapt.choose_strategy("ctc-en", "top-2", None, 16)
    assert blocks == ""
    assert parts(strip) == {"encoder 9": "all", "encoder 10": "all", "head": "all"}
    kept, blocks = adapt.choose_strategy("ctc-en", "custom", strip, 16)
    assert blocks == "encoder 9, encoder 10, head"
    assert parts(kept) == parts(strip)
    strategy, clicked, blocks = adapt.pick(event(list="encoder 5: lora, head"), "ctc-en", 16)
    assert (strategy, blocks, clicked["custom"]) == ("custom", "encoder 5: lora, head", True)
    assert parts(clicked) == {"encoder 5": "low-rank adapters", "head": "all"}


def test_another_model_brings_its_usual_strategy_unless_one_was_chosen(bench: Workbench) -> None:
    adapt = Adapt(bench)

    def chosen(model: str, strategy: str, before: str) -> str:
        return str(adapt.choose_model("s", model, strategy, before)[0]["value"])

    assert chosen("whisper-en", "all-but-features", before="ctc-en") == "full"
    assert chosen("ctc-en", "full", before="whisper-en") == "all-but-features"
    assert chosen("whisper-en", "full", before="ctc-en") == "full"
    assert chosen("ctc-en", "top-1", before="whisper-en") == "top-1"
    assert chosen("whisper-base", "full", before="no longer here") == "full"
    assert chosen("ctc-en", "custom", before="whisper-en") == "all-but-features"


def test_nothing_lit_is_a_strip_too_and_is_said_in_the_review(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="hello number")
    adapt = Adapt(bench)
    _, strip, _ = adapt.pick(event(list=""), "ctc-en", 16)
    assert parts(strip) == {}
    assert len([b for g in strip["groups"] for b in g["blocks"]]) == 14
    values = tuple(None for _ in SETTINGS)
    html, *_, start, _, _ = adapt.review("s", "ctc-en", "custom", False, {}, *values)[:7]
    assert "choose some under “Blocks of your choice”" in html
    assert "--" not in html
    assert start["interactive"] is False


def test_the_strip_counts_for_every_part_that_may_be_chosen(bench: Workbench) -> None:
    strip = Adapt(bench)._strip("ctc-en", "lora", "", 4)
    block = next(b for g in strip["groups"] for b in g["blocks"] if b["name"] == "encoder 1")
    assert block["sizes"] == {
        "nothing": 0, "all": 444_864, "norms and biases": 2496, "low-rank adapters": 4 * 3456
    }  # fmt: skip
    assert [g["name"] for g in strip["groups"]] == ["sound", "encoder", "head"]


def test_a_decoders_words_belong_to_writing() -> None:
    blocks = [Block("encoder 1", "encoder", 5), Block("embed", "embed", 5), Block("decoder 1", "decoder", 5)]
    strip = strip_value(blocks, None, strategy="x", words=("a", "b"), rank=1)
    assert [g["name"] for g in strip["groups"]] == ["encoder", "decoder"]


def test_a_browser_keeps_each_sets_form_and_only_the_users_wishes(bench: Workbench, fill: Fill) -> None:
    for name in ("one", "two"):
        fill(name, 12, text="hello number")
    adapt = Adapt(bench)
    blank = tuple(None for _ in SETTINGS)
    filled = adapt.review("one", "ctc-en", "custom", False, {FOR_SET: "one"}, *with_(blank, blocks="head"))[7]["filled"]
    values = with_(tuple(filled[name] for name in SETTINGS), epochs=3, blocks="encoder 6: norms, head")
    own = adapt.keep({}, "one", "ctc-en", "custom", True, filled, *values)
    assert own["one"]["wishes"] == {"epochs": 3, "blocks": "encoder 6: norms, head"}

    back = adapt.restore("one", own, *blank)
    assert (back[0], back[2]["value"], back[5]) == ("ctc-en", "custom", True)
    assert parts(back[3]) == {"encoder 6": "norms and biases", "head": "all"}
    assert held(back)["epochs"] == 3
    assert back[6]["filled"]["epochs"] == 40, "what the form would hold otherwise"
    again = tuple(back[6]["values"])
    assert adapt.keep(own, "one", "ctc-en", "custom", True, back[6]["filled"], *again) == own
    other = adapt.restore("two", own, *blank)
    assert (other[2]["value"], held(other)["epochs"]) == ("all-but-features", 40)


def test_a_form_that_was_not_filled_for_a_set_yet_forgets_nothing_of_it(bench: Workbench, fill: Fill) -> None:
    """After a reload, clips that are read aloud have the form reviewed before it was filled again."""
    for name in ("one", "two"):
        fill(name, 12, text="hello number")
    adapt, own = (
        Adapt(bench),
        {"one": {"model": "ctc-en", "strategy": "head", "extend": False, "wishes": {"epochs": 3}}},
    )
    fresh = {name: getattr(TrainingConfig(), name) for name in SETTINGS}
    early = adapt.review("one", "ctc-en", "head", False, fresh, *fresh.values())[7]["filled"]
    assert adapt.keep(own, "one", "ctc-en", "head", False, early, *fresh.values()) == gr.skip()
    of_two = adapt.restore("two", own, *fresh.values())[6]["filled"]
    late = adapt.review("one", "ctc-en", "head", False, of_two, *fresh.values())[7]["filled"]
    assert adapt.keep(own, "one", "ctc-en", "head", False, late, *fresh.values()) == gr.skip()
    back = adapt.restore("one", own, *fresh.values())[6]
    assert adapt.keep(own, "one", "ctc-en", "head", False, back["filled"], *back["values"]) == own


def held(outputs: list[Any]) -> dict[str, Any]:
    """What the form's fields are to hold."""
    return dict(zip(SETTINGS, outputs[6]["values"], strict=True))


def with_(values: tuple[Any, ...], **changed: Any) -> tuple[Any, ...]:
    return tuple(changed.get(name, value) for name, value in zip(SETTINGS, values, strict=True))


def test_what_a_browser_kept_is_not_trusted(bench: Workbench, fill: Fill) -> None:
    fill("s", 12, text="hello number")
    assert kept_wishes({"epochs": "many", "seed": True, "task": 3, "nonsense": 1, "folds": 3}) == {"folds": 3}
    assert kept_wishes(["epochs"]) == {}
    for form in ({"model": "../../etc"}, {"model": "ctc-en", "strategy": HOSTILE, "wishes": {"epochs": -5}}):
        back = Adapt(bench).restore("s", {"s": form})
        assert (back[0], back[2]["value"]) == ("ctc-en", "all-but-features")


def test_a_kept_general_set_that_is_gone_is_left_out(bench: Workbench, fill: Fill) -> None:
    for name in ("s", "other"):
        fill(name, 12, text="hello number")
    blank = [getattr(TrainingConfig(), name) for name in SETTINGS]
    for kept, expected in (
        ("other", "other"),
        ("its name before", held(Adapt(bench).restore("s", {}, *blank))["general_set"]),
    ):
        form = {"model": "ctc-en", "strategy": "head", "extend": False, "wishes": {"general_set": kept, "epochs": 3}}
        back = held(Adapt(bench).restore("s", {"s": form}, *blank))
        assert (back["general_set"], back["epochs"]) == (expected, 3)


def test_a_form_is_filled_as_a_run_was_started(bench: Workbench, fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    fill("s", 12, text="niño number")
    said: list[str] = []
    monkeypatch.setattr("workbench.ui.adapt.section.say", said.append)
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    wishes = {"blocks": "encoder 2: lora, head", "epochs": 7, "extend_alphabet": True, "dropout": 0.3}
    run = bench.adaptation.start("s", "ctc-en", "custom", wishes)
    filled = Adapt(bench).fill_from(run)
    assert (filled[0], filled[2]["value"], filled[5]) == ("ctc-en", "custom", True)
    assert parts(filled[3]) == {"encoder 2": "low-rank adapters", "head": "all"}
    values = held(filled)
    assert {name: values[name] for name in wishes if name in values} == {
        "blocks": "encoder 2: lora, head", "epochs": 7, "dropout": "0.3"
    }  # fmt: skip
    assert filled[6]["filled"]["epochs"] != 7
    assert said == [f"The form is filled as in {run}; change what you like, then start."]


# ---- what a run says ----


def view(**changed: Any) -> RunView:
    run = RunView(
        "run-3", "s", "m", "head", "queued", "", {"phase": "queued", "message": "Waiting for its turn"},
        TrainingConfig(), {}, None, now(), None, None, 4, 2, {}, "workbench adapt",
    )  # fmt: skip
    return dataclasses.replace(run, **changed)


def test_a_waiting_run_names_the_one_it_waits_for_and_its_time_left() -> None:
    ahead = (QueuedRun("run-1", "other", 190.0), QueuedRun("run-2", "s", None))
    said = panel(view(ahead=ahead))
    assert "Waiting for run-1 of the set other and 1 more" in said
    assert "about 3 min left there" in said
    known = panel(view(ahead=(QueuedRun("run-1", "other", 190.0), QueuedRun("run-2", "s", 110.0))))
    assert "its turn comes in about 5 min" in known
    assert "Starting" in panel(view()), "nothing is before it: its worker comes up"
    assert short(view()) == "run-3 starting"
    assert short(view(ahead=ahead)) == "run-3 waiting"
    loading = {"phase": "loading", "message": "Loading", "seconds_left": 27.0}
    assert "left" not in panel(view(status="running", progress=loading)), "nothing of it counts down"
    assert_harmless(panel(view(ahead=(QueuedRun("run-1", HOSTILE, None),))))


def test_a_run_that_was_asked_to_stop_says_so() -> None:
    progress = {"phase": "training", "message": "Training", "step": 3, "steps": 90, "seconds_left": 60.0}
    said = panel(view(status="running", progress=progress, stopping=True))
    assert "Stopping; the best state so far is kept" in said
    assert "left" not in said


def test_an_ended_run_shows_its_command_and_offers_its_settings_again() -> None:
    said = panel(view(status="stopped", message="Stopped.", command=f"workbench adapt {HOSTILE}"))
    assert "data-again" in said
    assert "Fill the form as in run-3" in said
    assert_harmless(said)
    assert "data-again" not in panel(view(status="running"))


def test_the_verdict_is_one_line_here_with_a_way_to_the_whole() -> None:
    rows = [ComparisonRow(f"{i}.wav", "one two", "one too" if i % 2 else "won too", "one two") for i in range(12)]
    outcome = compare(rows, normalizer="marks")
    said = panel(view(status="done", result=RunResult(train_clips=4, seconds={"total": 3.0})), outcome=outcome)
    assert "Better: 75.0 % → 0.0 % WER (−75.0 points)" in said
    assert "href='#step-compare'" in said
    assert esc(outcome.sentence()) not in said


def test_a_run_that_kept_nothing_says_so_and_claims_no_learning() -> None:
    why = "Nothing of the training was kept: so. This is the unchanged base model."
    rows = [ComparisonRow(f"{i}.wav", "one two", "one too", "one too") for i in range(12)]
    outcome = dataclasses.replace(compare(rows, normalizer="marks"), kept_base=why)
    result = RunResult(train_clips=4, seconds={"total": 3.0})
    said = panel(view(status="done", message=why, kept_base=why, result=result), outcome=outcome)
    assert said.count(why) == 1
    assert "Learned from" not in said
    assert "No proof" not in said
    assert "href='#step-compare'" in said


def test_the_strip_is_plain_data_to_the_page() -> None:
    """The page is written with orjson, which takes no enumeration as a key; it answered 500 for one."""
    plan = plan_for_blocks(blocks := (Block("encoder 1", "encoder", 9, 3, 4), Block("head", "head", 5)), "lora")
    value = strip_value(blocks, plan, strategy="lora", words=("LoRA", "So."), rank=2)
    with gr.Blocks() as page:
        block_strip(value)
    assert json.loads(orjson.dumps(page.config))["components"]
    assert value["groups"][0]["blocks"][0]["sizes"]["low-rank adapters"] == 8
