"""The page for everyone: axe-core finds nothing serious, a phone cuts nothing off, focus is seen, motion can be off.

Each state of the page is opened once and then looked at light and dark, wide and narrow.
"""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import go, more_settings, settled, stage, still, write_samples
from tests.services.finished import finished_run
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
Looks = list[tuple[dict[str, int], str]]
# Every width and every colour scheme with the fast tests, every pair of them with the slow ones.
LOOKS = pytest.mark.parametrize(
    "looks",
    [
        pytest.param([(WIDE, "light"), (PHONE, "dark")], id="wide-light-and-phone-dark"),
        pytest.param([(WIDE, "dark"), (PHONE, "light")], id="wide-dark-and-phone-light", marks=pytest.mark.slow),
    ],
)
SERIOUS = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
  .filter((v) => ['serious', 'critical'].includes(v.impact))
  .map((v) => [v.id, ...v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} ${n.failureSummary.slice(0, 300)}`)])
  .map((said) => said.join(' | '))
"""
# The page clips what is too wide, so its own scroll width says nothing: each box is held against the window, but for
# what lies in a box that scrolls sideways by itself and what only screen readers see.
CUT = """() => {
  const wide = document.documentElement.clientWidth;
  const scrolls = (e) => e && e !== document.body && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX)
    && !e.matches('.gradio-container, main, .lane') || scrolls(e.parentElement));
  const found = document.documentElement.scrollWidth > wide ? [`page ${document.documentElement.scrollWidth}`] : [];
  for (const e of document.querySelectorAll('main *')) {
    const box = e.getBoundingClientRect();
    if (box.width > 2 && box.height > 2 && box.right > wide + 1 && !scrolls(e.parentElement) && !e.closest('svg')
      && getComputedStyle(e).visibility !== 'hidden')
      found.push(`${e.tagName} ${e.id} ${e.className} ${Math.round(box.right)}`);
  }
  return found.slice(0, 8);
}"""
UNSEEN = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) return null;
  const look = (node) => {
    const style = getComputedStyle(node);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
  };
  const box = e.getBoundingClientRect();
  // A radio or checkbox may be drawn by its label, and a box around a field may carry its focus.
  const seen = look(e) || look(e.parentElement) || look(e.parentElement.parentElement);
  return seen ? '' : `${e.tagName} ${e.id} ${e.className} ${e.ariaLabel || e.textContent.slice(0, 30)} ${box.width}`;
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's source, as the package for Playwright ships it."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def problems(page: Any, axe: str, looks: Looks) -> list[str]:
    """What axe-core and the window's width say against the page as it stands, in each look."""
    found = []
    page.emulate_media(reduced_motion="reduce")  # colours that are still on their way have any contrast
    page.evaluate(axe)
    for viewport, mode in looks:
        page.set_viewport_size(viewport)
        page.evaluate("(dark) => document.body.classList.toggle('dark', dark)", mode == "dark")
        still(page)  # a busy machine draws late: axe-core would read colours of before the switch
        where = f"{viewport['width']} px, {mode}"
        found += [f"{where}: {said}" for said in page.evaluate(SERIOUS)]
        found += [f"{where}: too wide: {said}" for said in page.evaluate(CUT)]
    return found


@LOOKS
def test_a_first_visit_is_accessible(open_page: OpenPage, own_bench: Workbench, axe: str, looks: Looks) -> None:
    with Server(own_bench) as server:
        page = open_page(url=server.url)
        page.get_by_role("button", name="Try it with sample clips").wait_for()
        assert problems(page, axe, looks) == []


@pytest.mark.slow
@LOOKS
def test_a_set_and_a_finished_run_are_accessible(
    open_page: OpenPage, bench: Workbench, axe: str, looks: Looks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = f"seen {looks[0][1]}"
    bench.collecting.import_path(write_samples(tmp_path / "seen", n=16), seen)
    page = open_page(seen)
    page.locator("li.clip").first.wait_for()
    assert problems(page, axe, looks) == []
    page.set_viewport_size(WIDE)
    stage(page, "adapt")
    page.locator("#base-model .all-models summary").click()
    more_settings(page)
    assert problems(page, axe, looks) == []
    run = finished_run(bench, monkeypatch, seen, folds=2)
    bench.history.rename(run, "An evening's run with a long name that has to be broken somewhere")
    bench.best_runs.star(finished_run(bench, monkeypatch, seen, folds=2, seed=1))
    page.set_viewport_size(WIDE)
    page.locator(f"tr.run-row[data-run={run}]").get_by_role("button", name="More").click()
    page.locator(".runs-chart .mark.best").wait_for()
    assert problems(page, axe, looks) == []
    page.locator("#sets-menu .opener").click()
    page.locator("#sets-panel").wait_for()
    assert problems(page, axe, looks) == []
    page.keyboard.press("Escape")
    page.set_viewport_size(WIDE)
    stage(page, "compare")
    page.get_by_label("Verdict").wait_for()
    page.get_by_text("Your words (terms)").click()
    assert problems(page, axe, looks) == []


@pytest.mark.slow
def test_focus_can_be_seen_wherever_it_goes(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "focused", n=6), "focused")
    finished_run(bench, monkeypatch, "focused", folds=2)
    page, steps = open_page("focused"), 0
    for name in ("collect", "adapt", "compare"):
        stage(page, name)
        settled(page)
        page.evaluate("document.activeElement.blur()")
        unseen = set()
        page.keyboard.press("Tab")
        for _ in range(250):
            said = page.evaluate(UNSEEN)
            if said is None:
                break
            steps += 1
            unseen |= {said} - {""}
            page.keyboard.press("Tab")
        assert unseen == set(), name
    assert steps > 60


@pytest.mark.slow
def test_the_system_says_light_or_dark_and_the_switch_overrides_it(open_page: OpenPage, bench: Workbench) -> None:
    is_dark = "() => document.body.classList.contains('dark')"
    page = open_page(dark=True)
    assert page.evaluate(is_dark)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert not page.evaluate(is_dark)
    go(page, page.url)
    assert not page.evaluate(is_dark)
    assert not open_page(dark=False).evaluate(is_dark)


def test_motion_is_off_where_the_system_asks_for_it(open_page: OpenPage, bench: Workbench) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    moving = """() => [...document.querySelectorAll('body *')].filter((e) => {
      const s = getComputedStyle(e);
      const ms = (t) => parseFloat(t) * (t.trim().endsWith('ms') ? 1 : 1000);
      const longest = (times) => Math.max(...times.split(',').map(ms));
      return longest(s.transitionDuration) > 10 || (s.animationName !== 'none' && longest(s.animationDuration) > 10);
    }).slice(0, 5).map((e) => `${e.tagName} ${e.className}`)"""
    assert page.evaluate(moving) == []
