"""An answer that took long is not drawn over a newer one, and no click is lost while another is being answered."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import more_settings, settled, strategy, write_samples
from tests.browser.test_adapt import block, counted
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
LATE_S = 60.0


class Late:
    """A function some of whose calls wait until they are let go, as they may on a busy machine."""

    def __init__(self, function: Callable[..., Any], meant: Callable[..., bool]) -> None:
        self.function, self.meant = function, meant
        self.waits, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.meant(*args, **kwargs):
            return self.function(*args, **kwargs)
        self.waits.set()
        assert self.go.wait(LATE_S)
        try:
            return self.function(*args, **kwargs)
        finally:
            self.ended.set()

    def let_go(self, page: Any) -> None:
        """Let the calls go on, and the page draw their answers."""
        self.go.set()
        assert self.ended.wait(LATE_S)
        settled(page)


def blocks_field(page: Any) -> str:
    return str(page.locator("#setting-blocks input").input_value())


@pytest.mark.slow
def test_blocks_clicked_in_quick_succession_all_count(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "quick", n=12), "quick")
    page = open_page("quick", step="adapt")
    strategy(page, "Head")
    counted(page, 1)
    page.wait_for_function("!document.querySelector('#start').disabled")
    more_settings(page)
    late = Late(bench.model_facts.plan, lambda model, strategy, config: config.blocks == "encoder 10, head")
    monkeypatch.setattr(bench.model_facts, "plan", late)
    block(page, "encoder 10").click()
    assert late.waits.wait(LATE_S)
    block(page, "encoder 9").click()
    page.get_by_label("What learns in encoder 9").select_option("low-rank adapters")
    wanted = "encoder 9: lora, encoder 10, head"
    page.get_by_text(f"--blocks '{wanted}'").wait_for(state="attached")
    late.let_go(page)
    assert blocks_field(page) == wanted
    assert page.get_by_text(f"--blocks '{wanted}'").count() == 1
    counted(page, 3)


@pytest.mark.slow
def test_a_review_that_was_overtaken_is_not_drawn(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "reviewed", n=12), "reviewed")
    page = open_page("reviewed", step="adapt")
    page.wait_for_function("!document.querySelector('#start').disabled")
    more_settings(page)
    page.wait_for_function("document.querySelector('#setting-epochs input').value === '40'")  # as suggested
    late = Late(bench.planning.preview, lambda s, m, strategy, given: given.get("epochs") == 7 and strategy != "head")
    monkeypatch.setattr(bench.planning, "preview", late)
    page.locator("#setting-epochs input").fill("7")
    page.locator("#setting-epochs input").blur()
    assert late.waits.wait(LATE_S)
    strategy(page, "Head")
    page.get_by_text("--strategy head").wait_for(state="attached")
    late.let_go(page)
    assert page.get_by_text("--strategy head").count() == 1
    assert page.locator("#setting-epochs input").input_value() == "7"


@pytest.mark.slow
def test_a_setting_put_back_while_its_review_is_made_stays_put_back(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "put back", n=12), "put back")
    page = open_page("put back", step="adapt")
    page.wait_for_function("document.querySelector('#setting-epochs input').value === '40'")  # as suggested
    more_settings(page)
    late = Late(bench.planning.preview, lambda s, m, strategy, given: given.get("epochs") == 7)
    monkeypatch.setattr(bench.planning, "preview", late)
    epochs = page.locator("#setting-epochs input")
    epochs.fill("7")
    epochs.blur()
    assert late.waits.wait(LATE_S)
    epochs.fill("40")
    epochs.blur()
    late.let_go(page)
    assert epochs.input_value() == "40"
    page.get_by_text("--epochs 7").wait_for(state="detached")  # and what it means is reviewed


@pytest.mark.slow
def test_a_list_that_was_overtaken_does_not_undo_a_filter(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "filtered", n=3), "filtered")
    clips = bench.labelling.clips("filtered")
    page = open_page("filtered")
    page.get_by_text("1 to 3 of 3").wait_for()
    late = Late(bench.browsing.page, lambda name, wanted, **_: name == "filtered" and not wanted.status)
    monkeypatch.setattr(bench.browsing, "page", late)
    bench.labelling.save(clips[0].id, "", author="another", confirmed=False)  # the page looks anew
    assert late.waits.wait(LATE_S)
    page.locator("#show input").click()
    page.get_by_role("option", name="To do (unlabelled)").click()
    page.get_by_text("1 to 1 of 1").wait_for()
    late.let_go(page)
    assert page.get_by_text("1 to 1 of 1").is_visible()
    assert page.locator("li.clip").count() == 1


@pytest.mark.slow
def test_a_list_asked_for_while_a_page_is_turned_does_not_turn_it_back(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.ui.label.clip_rows.PAGE_SIZE", 2)
    bench.collecting.import_path(write_samples(tmp_path / "turned", n=3), "turned")
    clips = bench.labelling.clips("turned")
    page = open_page("turned")
    page.get_by_text("1 to 2 of 3").wait_for()
    turning = Late(bench.browsing.page, lambda name, wanted, number, **_: name == "turned" and number == 1)
    monkeypatch.setattr(bench.browsing, "page", turning)
    page.get_by_role("button", name="Next page").click()
    assert turning.waits.wait(LATE_S)
    refreshing = Late(turning, lambda name, wanted, number, **_: name == "turned" and number == 0)
    monkeypatch.setattr(bench.browsing, "page", refreshing)
    bench.labelling.save(clips[0].id, "other words", author="another", confirmed=False)
    assert refreshing.waits.wait(LATE_S)  # asked for with the page as it was
    turning.go.set()  # and the other question stays open
    page.get_by_text("3 to 3 of 3").wait_for()
    refreshing.let_go(page)
    page.get_by_text("3 to 3 of 3").wait_for()
    assert page.locator("li.clip").count() == 1
