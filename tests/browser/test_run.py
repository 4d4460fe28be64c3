"""From labels to a verdict; a run seen from two tabs; a reload; Stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import go, kill_worker, more_settings, settled, stage, strategy, write_samples
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
RUN_LIMIT_MS = 240_000  # most of it is another process importing torch on a busy machine


def setting(page: Any, name: str, value: str) -> None:
    """Type one of the settings under More."""
    more_settings(page)
    field = page.locator(f"#setting-{name} input")
    field.fill(value)
    field.blur()
    settled(page)


def wait_for_status(page: Any, *statuses: str, timeout: int = RUN_LIMIT_MS) -> None:
    wanted = ", ".join(f"#run-panel section[data-status={s}]" for s in statuses)
    page.locator(wanted).wait_for(timeout=timeout)


@pytest.mark.timeout(500)
def test_adapt_and_compare(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "few", n=20), "few")
    page = open_page("few", step="adapt")
    strategy(page, "Head")
    page.get_by_text("1 of 14 blocks learn").wait_for()
    setting(page, "epochs", "2")
    setting(page, "folds", "2")
    page.get_by_text("2\nfolds").or_(page.locator("#preview .figures", has_text="folds")).first.wait_for()
    page.get_by_role("button", name="Start adapting").click()
    wait_for_status(page, "done")
    run = bench.adaptation.runs("few")[0]
    assert (run.strategy, run.config.epochs, run.config.folds) == ("head", 2, 2)

    page.get_by_role("link", name="Read the comparison").click()
    verdict = page.get_by_label("Verdict")
    verdict.wait_for()
    said = bench.comparing.of_run(run.id).comparison
    assert said.sentence() in verdict.inner_text()
    assert page.locator("#results tbody tr").count() == 20
    forgetting = page.get_by_label("General speech (forgetting)")
    assert said_of(bench, run.id) in forgetting.inner_text()
    assert forgetting.locator("svg.meter text.red").text_content() == "red line +3.0"
    page.get_by_text("Your words (terms)").click()
    page.get_by_role("columnheader", name="In training").wait_for()
    second = page.locator("#results tbody tr").nth(1)
    name = second.locator("button").inner_text()
    second.locator("button").click()
    page.locator("#clip-timeline h3", has_text=name).wait_for()
    page.wait_for_function("(document.querySelector('#clip-timeline canvas').dataset.drawn || '').startsWith('mel')")
    assert page.locator("#clip-timeline .timeline").get_attribute("data-clip") == str(_clip_id(bench, name))
    # The run's worker places the words when it has finished; the page looks for them meanwhile.
    page.locator("#clip-timeline [data-lane=reference] button.tl-word").first.wait_for()

    go(page, page.url)  # a reload shows the same
    page.get_by_label("Verdict").wait_for()


def said_of(bench: Workbench, run: str) -> str:
    """What a run has forgotten, in one sentence."""
    found = bench.comparing.of_run(run).forgetting
    assert found is not None
    return found.sentence()


def _clip_id(bench: Workbench, name: str) -> int:
    return next(c.id for c in bench.labelling.clips("few") if c.name == name)


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_too_large_a_step_and_too_few_labels_are_said_in_place(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "tiny", n=6), "tiny")
    page = open_page("tiny", step="adapt")
    start = page.get_by_role("button", name="Start adapting")
    page.wait_for_function("!document.querySelector('#start').disabled")
    setting(page, "learning-rate", "0.09")
    page.get_by_text("may be at most").wait_for()
    assert start.is_disabled()
    bench.collecting.create_set("nothing yet")
    page = open_page("nothing yet", step="adapt")
    page.get_by_text("has 0 confirmed clips").wait_for()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_tabs_a_reload_stop_and_resume(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "long", n=24), "long")
    first, second = open_page("long", step="adapt"), open_page("long", step="adapt")
    strategy(first, "Everything")
    for name, value in (("epochs", "1000"), ("max-updates", "100000"), ("patience", "0"), ("learning-rate", "0.00001")):
        setting(first, name, value)
    first.get_by_role("button", name="Start adapting").click()
    for page in (first, second):
        wait_for_status(page, "running")
    updates = "() => /update [1-9]/.test(document.querySelector('#run-panel').innerText)"
    for page in (first, second):
        page.wait_for_function(updates, timeout=RUN_LIMIT_MS)
    watched = [page.locator(".watched li").first for page in (first, second)]  # the same dev clips in every tab
    for clip in watched:
        clip.wait_for(timeout=RUN_LIMIT_MS)
    names = first.locator(".watched li > b").all_inner_texts()
    assert 1 <= len(names) <= 3
    go(first, first.url)
    wait_for_status(first, "running", timeout=20_000)
    watched[0].wait_for()
    assert first.locator(".watched li > b").all_inner_texts() == names
    first.wait_for_function(updates)

    run = bench.adaptation.runs("long")[0].id
    kill_worker(bench, run)
    for page in (first, second):
        wait_for_status(page, "interrupted", timeout=120_000)
    first.get_by_role("button", name="Resume").click()
    second.wait_for_function(updates, timeout=RUN_LIMIT_MS)
    second.get_by_role("button", name="Stop", exact=True).click()
    for page in (first, second):
        wait_for_status(page, "stopped")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_from_a_first_visit_to_a_verdict(open_page: OpenPage, own_bench: Workbench) -> None:
    with Server(own_bench) as server:
        page = open_page(url=server.url)
        page.get_by_role("button", name="Try it with sample clips").click()
        page.get_by_text("160 of 160 confirmed").wait_for()
        stage(page, "adapt")
        page.get_by_role("button", name="What can the test clips prove?").click()
        page.get_by_text("base errors can prove").wait_for(timeout=RUN_LIMIT_MS)
        strategy(page, "Head")
        setting(page, "epochs", "2")
        page.get_by_role("button", name="Start adapting").click()
        wait_for_status(page, "done", timeout=600_000)
        stage(page, "compare")
        page.get_by_label("Verdict").get_by_text("english normalizer").first.wait_for()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_drafting_can_be_watched_and_stopped(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    folder = write_samples(tmp_path / "undrafted", n=10)
    (folder / "manifest.jsonl").unlink()
    bench.collecting.import_path(folder, "undrafted")
    page = open_page("undrafted")
    page.get_by_role("button", name="Draft all").click()
    page.get_by_text("10 clips drafted by ctc-en").wait_for(timeout=RUN_LIMIT_MS)
    page.wait_for_function("[...document.querySelectorAll('li.clip textarea')].every((t) => t.value)")
    page.get_by_role("button", name="Confirm all drafts").click()
    page.get_by_text("10 of 10 confirmed").wait_for()
