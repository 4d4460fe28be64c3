"""The history of runs in a browser: two people see each other's changes; the report opens without a network."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import more_settings, stage, still, until, write_samples
from tests.services.finished import finished_run
from tests.ui.conftest import HOSTILE
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.report.page import report_html

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
OVER = """() => {
  const edge = document.querySelector('.history-box').getBoundingClientRect().right - 8;
  const parts = [...document.querySelectorAll('.history-box table, .history-box table *, .runs-chart, .mark')];
  return parts.filter((e) => e.getBoundingClientRect().right > edge).map((e) => `${e.tagName} ${e.className}`);
}"""


def row(page: Any, run: str) -> Any:
    return page.locator(f"tr.run-row[data-run={run}]")


@pytest.mark.slow
def test_a_run_is_named_deleted_and_brought_back_before_two_people(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "past", n=12), "past")
    old = finished_run(bench, monkeypatch, "past")
    new = finished_run(bench, monkeypatch, "past", seed=1)
    first, second = open_page("past", step="adapt"), open_page("past", width=390, height=844, step="adapt")
    row(first, old).get_by_role("button", name="More").click()
    detail = first.locator(f"#history-{old}-detail")
    detail.get_by_label("Name of this run").fill(HOSTILE[:70])
    detail.get_by_label("Note").fill("only the head\nat night")
    detail.get_by_role("button", name="Save").click()
    detail.get_by_text("Saved").wait_for()
    row(second, old).get_by_text("<script>alert(1)").wait_for()
    row(second, old).get_by_text("at night").wait_for()
    for page in (first, second):
        assert page.evaluate("document.querySelectorAll('#history script, #history img').length") == 0
    said = bench.comparing.of_run(new).comparison
    wer = f"{100 * said.base.wer:.1f} % → {100 * said.adapted.wer:.1f} %"
    assert wer in row(second, new).inner_text()

    row(first, old).get_by_role("button", name="Show").click()
    first.get_by_label("Verdict").wait_for()
    stage(first, "adapt")
    first.locator(f"tr.run-row[data-run={old}][aria-current]").wait_for()
    assert second.locator(f"tr.run-row[data-run={new}][aria-current]").count() == 1  # each looks where they like

    row(second, new).get_by_role("button", name="More").click()
    second.get_by_role("button", name="Fill the form with its settings").and_(
        second.locator(f"#history-{new}-detail button")
    ).click()
    second.get_by_text(text.FILLED.format(run=new)).first.wait_for()
    more_settings(second)
    second.wait_for_function("document.querySelector('#setting-seed input')?.value === '1'")
    for run in (new, old):
        row(first, run).get_by_role("checkbox").check()
        drawn = row(first, run).get_by_role("checkbox").evaluate("(box) => getComputedStyle(box).appearance")
        assert drawn == "auto", "the browser draws the tick, in any colour scheme"
    first.get_by_role("button", name="Compare these two runs").click()
    first.get_by_label("Verdict").get_by_text(f"{old} WER").wait_for()
    stage(first, "adapt")

    detail.get_by_role("button", name="Delete this run").click()
    row(second, old).wait_for(state="detached")
    second.locator(f".bin [data-run={old}]").get_by_role("button", name="Bring back").click()
    for page in (first, second):
        row(page, old).wait_for()
    assert bench.history.deleted("past") == []


@pytest.mark.slow
def test_a_run_is_starred_and_a_point_of_the_chart_shows_its_run(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "starred", n=12), "starred")
    best = finished_run(bench, monkeypatch, "starred", lambda _, label: ("x", label))
    page = open_page("starred", step="adapt")
    row(page, best).get_by_role("img", name=text.BEST_BY_ITSELF).wait_for()
    assert not page.locator(".runs-chart").is_visible(), "one run is no chart"
    other = finished_run(bench, monkeypatch, "starred", seed=1)
    page.locator(".runs-chart .mark").nth(1).wait_for()
    page.get_by_role("button", name=f"Show {best}: ").click()
    page.get_by_label("Verdict").wait_for()
    stage(page, "adapt")
    page.locator(f"tr.run-row[data-run={best}][aria-current]").wait_for()

    row(page, other).get_by_role("button", name=f"{text.HISTORY_WORDS['use']}: {other}").click()
    page.get_by_text(text.RUN_STARRED.format(run=other, base="ctc-en")).wait_for()
    row(page, other).get_by_role("img", name=text.BEST_BY_STAR).wait_for()
    assert row(page, best).get_by_role("img").count() == 0
    until(page, lambda: other in page.locator("#draft-model").inner_text())
    page.get_by_role("button", name=f"{text.HISTORY_WORDS['noLonger']}: {other}").click()
    row(page, best).get_by_role("img", name=text.BEST_BY_ITSELF).wait_for()
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        still(page)
        over = page.evaluate(OVER)
        assert over == [], f"the history fits its card at {width} px"


def test_the_report_opens_from_a_file_and_asks_nobody_for_anything(
    browser: Any, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "told", n=14), "told")
    run = finished_run(bench, monkeypatch, "told", folds=2)
    file = tmp_path / "report.html"
    file.write_text(report_html(bench.reporting.of(run)), encoding="utf-8")
    context = browser.new_context(viewport={"width": 390, "height": 844}, offline=True, java_script_enabled=True)
    page = context.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(file.as_uri())
    page.wait_for_function("[...document.images].length === 10 && [...document.images].every((i) => i.naturalWidth)")
    page.wait_for_function("[...document.querySelectorAll('audio')].every((a) => a.duration > 0.5)")
    assert [url[:60] for url in asked if not url.startswith(("data:", "file:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) == 1
    assert complaints == []
    sentence = bench.comparing.of_run(run).comparison.sentence()
    assert sentence in page.locator("#verdict").inner_text()
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = page.evaluate(wide)
    assert scroll <= client
    context.close()
