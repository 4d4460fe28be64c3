"""A finished run looked at: groups of clips, one clip over one time axis, and two runs."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import write_samples
from tests.services.finished import finished_run
from workbench.core.word_times import WordTimes
from workbench.services.jobs.startup import LAUNCHED
from workbench.services.storage.word_times import add_times
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def placed(text: str) -> WordTimes:
    """A fifth of a second for each word."""
    return WordTimes(tuple((0.2 + 0.2 * i, 0.38 + 0.2 * i) for i in range(len(text.split()))))


def run_with_times(bench: Workbench, monkeypatch: pytest.MonkeyPatch, set_name: str, *, times: bool = True) -> str:
    """A run that is done, with the times of its words."""
    run = finished_run(bench, monkeypatch, set_name, folds=2)
    folder = bench.workspace.run_folder(run)
    (folder / LAUNCHED).unlink()  # as its worker would
    if times:
        rows = bench.comparing.of_run(run).comparison.rows
        sides = ("reference", "base", "adapted")
        add_times(folder, {r.clip_id: {side: placed(getattr(r, side)) for side in sides} for r in rows if r.clip_id})
    return run


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_clip_is_chosen_seen_and_heard_word_by_word(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "looked", n=12), "looked")
    untimed = run_with_times(bench, monkeypatch, "looked", times=False)
    run = run_with_times(bench, monkeypatch, "looked")
    page = open_page("looked", width=390, height=844, step="compare")
    page.get_by_label("Verdict").wait_for()
    rows = page.locator("#results tbody tr")
    found = bench.comparing.of_run(run).comparison
    for group, n in (("All", 12), ("Improved", found.n_fixed), ("Got worse", 0), ("Still wrong", 12 - found.n_fixed)):
        page.locator("#results .filter", has_text=group).click()
        assert rows.count() == n
        assert page.locator("#results .filter[aria-pressed=true]").inner_text() == f"{group} {n}"
    assert page.locator("#results caption").text_content() == "Clips that are still wrong, the worst first"
    rows.last.locator("button").click()
    clip_id = int(rows.last.get_attribute("data-clip") or 0)
    timeline = page.locator("#clip-timeline .timeline")
    page.wait_for_function(f"document.querySelector('#clip-timeline .timeline').dataset.clip === '{clip_id}'")
    page.wait_for_function("document.querySelector('#clip-timeline canvas').dataset.drawn === 'mel magma'")

    said = next(r for r in found.rows if r.clip_id == clip_id)
    lanes = {name: timeline.locator(f"[data-lane={name}]") for name in ("reference", "base", "adapted")}
    n_words = len(said.reference.split())
    assert lanes["reference"].locator("button.tl-word").count() == n_words
    wrong = lanes["base"].locator("button.tl-word.wrong")
    assert wrong.count() == 1
    assert wrong.inner_text().startswith("≠")
    assert "was said" in (wrong.get_attribute("aria-label") or "")

    page.evaluate(
        """() => { window.heard = []; const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () {
          window.sound = this; window.heard.push(this.currentTime); return play.call(this); }; }"""
    )
    lanes["reference"].locator("button.tl-word").nth(2).click()
    page.wait_for_function("window.heard.length === 1")
    assert page.evaluate("window.heard[0]") == pytest.approx(0.57, abs=0.02), "the word, a little before it begins"
    page.wait_for_function("document.querySelector('#clip-timeline .tl-play').getAttribute('aria-label') === 'Play'")
    wrong.click()
    page.wait_for_function("window.heard.length === 3")
    begins = [float(wrong.get_attribute("data-from") or 0)]
    index = lanes["base"].locator("button.tl-word").evaluate_all("all => all.findIndex((w) => w.matches('.wrong'))")
    begins.append(float(lanes["reference"].locator("button.tl-word").nth(index).get_attribute("data-from") or 0))
    heard = page.evaluate("window.heard.slice(1)")
    assert heard == pytest.approx([max(0, b - 0.03) for b in begins], abs=0.02), "what was heard, then what was said"
    page.wait_for_function("document.querySelector('#clip-timeline .tl-play').getAttribute('aria-label') === 'Play'")

    view = timeline.locator(".tl-view")
    page.evaluate("() => { window.sound.currentTime = window.sound.duration; window.sound.onpause(); }")
    assert float(timeline.locator(".tl-clock").inner_text().split()[0]) > 1
    edges = "(name) => document.querySelector(`#clip-timeline ${name}`).getBoundingClientRect().right"
    assert page.evaluate(edges, ".tl-cursor") <= page.evaluate(edges, ".tl-inner") + 0.1, "nothing to scroll to"
    before = float(timeline.get_attribute("data-zoom") or 0)
    view.focus()
    page.keyboard.press("+")
    assert float(timeline.get_attribute("data-zoom") or 0) > before
    timeline.get_by_role("button", name="Show the whole clip").click()
    assert float(timeline.get_attribute("data-zoom") or 0) == 1
    timeline.get_by_label("Colours", exact=True).select_option("paper")
    timeline.get_by_label("Frequency", exact=True).select_option("linear")
    page.wait_for_function("document.querySelector('#clip-timeline canvas').dataset.drawn === 'linear paper'")
    tops = page.evaluate(
        "[...document.querySelectorAll('#clip-timeline .tl-hz span')].map((s) => s.getBoundingClientRect().top)"
    )
    assert min(low - high for low, high in pairwise(sorted(tops, reverse=True))) > 14, "no frequency lies on another"
    assert page.evaluate("document.documentElement.scrollWidth <= 390"), "no sideways scrolling"

    page.get_by_label("Before (left side)").click()
    page.get_by_role("listbox").get_by_role("option", name=untimed).click()  # the model fields have it too
    page.get_by_text("clips that both tested and neither trained on").wait_for()
    page.get_by_text("not known yet when each word was said").wait_for()
    assert lanes["base"].locator("button.tl-word").count() == 0, "without times the words stand side by side"
    assert lanes["base"].locator("span.tl-word").count() == n_words


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_old_run_gets_its_times(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.services.inprocess import execute, prepare

    folder = write_samples(tmp_path / "tried", n=12)
    bench.collecting.import_path(folder, "tried")
    run = prepare(bench, monkeypatch, bench.catalog.find("ctc-en"), "tried", folds=0, general_set="none")
    execute(bench, run)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()
    page = open_page("tried", step="compare")
    page.get_by_label("Verdict").wait_for()
    page.get_by_role("button", name="Place the words in time").click()
    page.locator("#clip-timeline [data-lane=reference] button.tl-word").first.wait_for(timeout=300_000)
