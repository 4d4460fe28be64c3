"""The model fields in a browser: one choice in both and after a reload, Get with Stop and again, what a model hears."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE_MS, go, write_samples
from tests.services.models.test_fetch import Hub, files, hub, offer  # noqa: F401 - fixtures
from workbench.asr.catalog.offers import Offer
from workbench.services.jobs.steps import Step, Watch
from workbench.services.models import service as getting
from workbench.services.models.fetch import fetch_model
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
CHOSEN = "name => document.querySelector(`${name} select`).value"


def field(page: Any, name: str) -> Any:
    return page.get_by_role("combobox", name=name)


def in_use(page: Any, name: str, model: str) -> None:
    page.wait_for_function(f"document.querySelector('{name} select').value === '{model}'", timeout=PATIENCE_MS)


@pytest.mark.slow
def test_one_choice_for_drafts_and_adapting(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "chosen", n=12), "chosen")
    bench.collecting.import_path(write_samples(tmp_path / "unchosen", n=12), "unchosen")
    page = open_page("chosen", step="adapt")
    in_use(page, "#draft-model", "ctc-en")
    page.wait_for_function("!document.querySelector('#start').disabled")
    field(page, "Base model").select_option("whisper-en")
    in_use(page, "#draft-model", "whisper-en")
    page.locator("#blocks .block", has_text="words").wait_for(state="attached")
    page.get_by_text("--model whisper-en").wait_for(state="attached")
    assert bench.base_models.chosen("chosen") == "whisper-en"
    other = open_page("chosen")
    in_use(other, "#base-model", "whisper-en")
    field(other, "Draft with").focus()
    field(other, "Draft with").select_option("ctc-en")
    in_use(other, "#base-model", "ctc-en")
    in_use(page, "#base-model", "ctc-en")  # the first tab follows
    page.get_by_text("--model ctc-en").wait_for(state="attached")
    field(page, "Base model").select_option("whisper-en")
    in_use(page, "#draft-model", "whisper-en")
    go(page, page.url)
    in_use(page, "#base-model", "whisper-en")
    in_use(page, "#draft-model", "whisper-en")
    page.get_by_role("combobox", name="Clip set").click()
    page.get_by_role("option", name="unchosen", exact=True).click()
    in_use(page, "#base-model", "ctc-en")
    assert bench.base_models.chosen("unchosen") is None


@pytest.mark.slow
def test_an_id_of_the_hub_is_typed_and_a_wrong_one_is_said(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "typed id", n=6), "typed id")
    page = open_page("typed id", step="adapt")
    page.locator("#base-model .all-models summary").wait_for()
    field(page, "Base model").select_option(label="another one of the hub …")
    wanted = page.get_by_label("Id of a model in the hub")
    wanted.fill("no id")
    wanted.press("Enter")
    page.get_by_role("alert").filter(has_text="no base model").wait_for()
    wanted.fill("facebook/wav2vec2-base")
    page.get_by_role("button", name="Use this id").click()
    in_use(page, "#base-model", "facebook/wav2vec2-base")
    wanted.wait_for(state="hidden")
    assert bench.base_models.chosen("typed id") == "facebook/wav2vec2-base"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_how_well_a_model_hears_the_set_is_told_with_its_own_drafts_apart(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "heard", n=6), "heard")
    page = open_page("heard", step="adapt")
    page.locator("#base-model").get_by_role("button", name="Let it hear 6 confirmed clips").first.click()
    said = page.locator("#base-model .chosen .standing")
    said.filter(has_text="6 confirmed clips, by the").wait_for(timeout=3 * PATIENCE_MS)
    ids = [clip.id for clip in bench.labelling.clips("heard")]
    bench.labelling.undo_many(ids, "ann")
    for clip_id in ids[:2]:  # began as its draft, then corrected
        row = bench.labelling.clip(clip_id)
        assert row.status == "confirmed", "a label that came with an import is where undo ends"
    page.locator("#base-model summary").click()
    cards = page.locator("#base-model .all-models .group")
    assert cards.evaluate_all("all => all.map((g) => g.getAttribute('aria-label'))")[0].startswith("One click away")
    page.get_by_role("button", name="Use whisper-en").click()
    in_use(page, "#draft-model", "whisper-en")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_get_stop_and_get_again(
    open_page: OpenPage,
    own_bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_bench.catalog.refresh()
    own_bench.collecting.import_path(write_samples(tmp_path / "gets", n=6), "gets")
    fetch, half, go_on = fetch_model, threading.Event(), threading.Event()

    def slowly(name: str, watch: Watch) -> object:
        def tell(step: Step) -> None:
            watch.tell(step)
            if step.done > 10_000:
                half.set()
                while not (go_on.wait(0.05) or watch.stopped()):
                    pass

        return fetch(name, Watch(tell, watch.stopped))

    monkeypatch.setattr(getting, "fetch_beside", slowly)
    with Server(own_bench) as server:
        page = open_page(url=server.url, step="adapt")
        field(page, "Base model").select_option(offer.name)
        in_use(page, "#draft-model", offer.name)
        name = f"Get {offer.name} ("
        page.locator("#base-model .chosen").get_by_role("button", name=name).click()
        assert half.wait(60)
        bar = page.locator("#base-model").get_by_role("progressbar", name=f"How much of {offer.name} is here")
        bar.wait_for()
        page.wait_for_function("document.querySelector('#base-model .busy [aria-valuenow]') !== null")
        go(page, page.url)  # another look at the same fetch
        bar.wait_for()
        page.locator("#base-model").get_by_role("button", name=f"Stop getting {offer.name}").click()
        page.locator("#base-model .chosen").get_by_text("Stopped;").wait_for()
        go_on.set()
        page.locator("#base-model .chosen").get_by_role("button", name=f"Try again: get {offer.name}").click()
        page.locator("#base-model .chosen .get-none, #base-model .chosen .facts").first.wait_for()
        page.wait_for_function(
            "!document.querySelector('#base-model .chosen').innerText.includes('Try again')", timeout=PATIENCE_MS
        )
        here = page.locator(f"#base-model optgroup[label='On this machine'] option[value='{offer.name}']")
        here.wait_for(state="attached")
        in_use(page, "#base-model", offer.name)
        page.locator("#base-model .facts .speed").wait_for()
    assert own_bench.base_models.chosen("gets") == offer.name
