"""Adapting on the page: blocks chosen by clicking, a run that is watched and stopped (two tabs: test_run.py)."""

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import go, more_settings, still, strategy, write_samples
from tests.browser.test_run import RUN_LIMIT_MS, setting, wait_for_status
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def block(page: Any, name: str) -> Any:
    return page.locator("#blocks").get_by_role("button", name=f"{name}: ")


def pressed(page: Any) -> list[str]:
    """The names of the blocks that learn."""
    found = page.locator("#blocks .block[aria-pressed=true]").evaluate_all(
        "all => all.map(b => b.getAttribute('aria-label'))"
    )
    return [label.partition(":")[0] for label in found]


def counted(page: Any, blocks: int) -> None:
    page.locator("#blocks .counts", has_text=f"{blocks} of 14 blocks learn").wait_for()


# Types as soon as the field is in sight, and tells what it holds ten frames later; see `components.fold`.
TYPED_AT_ONCE = """() => new Promise((told) => {
  const frames = (left, then) => (left ? requestAnimationFrame(() => frames(left - 1, then)) : then());
  const look = () => {
    const field = document.querySelector('#setting-epochs input');
    if (!field || !field.checkVisibility()) return;
    looking.disconnect();
    field.focus();
    field.value = '7';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    frames(10, () => told(field.value));
  };
  const looking = new MutationObserver(look);
  looking.observe(document.body, { subtree: true, childList: true, attributes: true });
  document.querySelector('#more button').click();
})"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_blocks_are_clicked_a_run_is_watched_and_stopped(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "clicked", n=24), "clicked")
    page = open_page("clicked", step="adapt")
    strategy(page, "Head")
    counted(page, 1)
    block(page, "encoder 10").click()
    counted(page, 2)  # at once, before the server answers
    block(page, "encoder 9").focus()
    page.keyboard.press("Space")
    counted(page, 3)
    page.get_by_label("What learns in encoder 9").select_option("low-rank adapters")
    page.get_by_label("Choose blocks", exact=True).and_(page.locator(":checked")).wait_for()
    block(page, "encoder 9").focus()
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("sound (features):")
    assert pressed(page) == ["encoder 9", "encoder 10", "head"]
    for name, value in (("epochs", "1000"), ("max-updates", "100000"), ("patience", "0")):
        setting(page, name, value)
    page.locator("#brief", has_text="to the verdict").wait_for()
    page.get_by_text("--blocks 'encoder 9: lora, encoder 10, head'").wait_for(state="attached")

    go(page, page.url)  # the form is as it was left
    more_settings(page)
    counted(page, 3)
    assert pressed(page) == ["encoder 9", "encoder 10", "head"]
    page.wait_for_function("!document.querySelector('#start').disabled")
    page.get_by_role("button", name="Start adapting").click()
    wait_for_status(page, "running")
    page.locator(".curve.wer polyline").wait_for(timeout=RUN_LIMIT_MS)
    run = bench.adaptation.runs("clicked")[0]
    assert (run.strategy, run.config.blocks) == ("custom", "encoder 9: lora, encoder 10, head")

    page.locator(".watched li").first.wait_for(timeout=RUN_LIMIT_MS)
    drawn = "document.querySelectorAll('.curve.wer circle').length"
    points = page.evaluate(drawn)
    written = "[...document.querySelectorAll('.watched dd')].map(d => d.innerText).join('|')"
    before = page.evaluate(written)
    page.wait_for_function(f"{drawn} > {points}", timeout=RUN_LIMIT_MS)
    page.wait_for_function(f"({written}) !== {before!r}", timeout=RUN_LIMIT_MS)
    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for_status(page, "stopped")
    kept = re.compile("Stopped; the best state so far was kept|it was stopped before any state of it did better")
    page.get_by_text(kept).first.wait_for()
    page.locator(".outcome").wait_for()

    strategy(page, "Head")
    counted(page, 1)
    page.get_by_role("button", name=f"Fill the form as in {run.id}").click()
    counted(page, 3)
    assert pressed(page) == ["encoder 9", "encoder 10", "head"]


@pytest.mark.slow
def test_a_late_suggestion_leaves_what_was_typed_meanwhile(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "typed", n=12), "typed")
    page = open_page("typed", step="adapt")
    page.wait_for_function("!document.querySelector('#start').disabled")
    more_settings(page)
    epochs, rate = page.locator("#setting-epochs input"), page.locator("#setting-learning-rate input")
    suggested = epochs.input_value(), rate.input_value()
    answer, look = threading.Event(), bench.planning.preview

    def late(*args: Any, **kwargs: Any) -> Any:
        assert answer.wait(60)
        return look(*args, **kwargs)

    monkeypatch.setattr(bench.planning, "preview", late)
    strategy(page, "Head")
    counted(page, 1)
    epochs.fill("7")  # and still in the field
    answer.set()
    page.get_by_text("--strategy head").wait_for(state="attached")
    page.wait_for_function(f"document.querySelector('#setting-learning-rate input').value !== '{suggested[1]}'")
    assert epochs.input_value() == "7"
    epochs.blur()
    page.get_by_text("--epochs 7").wait_for(state="attached")
    epochs.fill("")
    epochs.blur()
    page.wait_for_function(f"document.querySelector('#setting-epochs input').value === '{suggested[0]}'")


def test_what_is_typed_as_soon_as_the_settings_are_opened_is_kept_and_reviewed(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "at once", n=12), "at once")
    page = open_page("at once", step="adapt")
    page.wait_for_function("!document.querySelector('#start').disabled")
    assert page.evaluate(TYPED_AT_ONCE) == "7"
    page.locator("#setting-epochs input").blur()
    page.get_by_text("--epochs 7").wait_for(state="attached")


def test_start_and_its_time_are_in_sight(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "seen start", n=12), "seen start")
    page = open_page("seen start", step="adapt")
    page.wait_for_function("!document.querySelector('#start').disabled")
    on_top = """() => {
      const box = document.querySelector('#start').getBoundingClientRect();
      const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      return box.bottom <= innerHeight && box.right <= innerWidth && Boolean(over && over.closest('#start'));
    }"""
    for width, height in ((1440, 900), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        still(page)
        assert page.evaluate(on_top), width
    assert "to the verdict" in page.locator("#brief").inner_text()
