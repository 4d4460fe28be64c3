"""The stages: one is shown, nothing of the others is lost; the address opens the same thing for everybody."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.browser.conftest import go, settled, stage, still, until, write_samples
from tests.services.finished import finished_run, waiting_run
from workbench.services.workbench import Workbench
from workbench.ui import text

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
SHOWN = "() => [...document.querySelectorAll('.stage')].filter((s) => s.checkVisibility()).map((s) => s.id).join()"
SCROLLERS = """() => [...document.querySelectorAll('#board *')].filter((e) => e.checkVisibility() &&
  /auto|scroll/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 4
  && !e.matches('textarea')).map((e) => `${e.tagName}.${e.className}`)"""


def address(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(page.url.partition("#")[2]).items()}


@pytest.fixture
def ran(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """A set with two finished runs, the older first."""
    name = f"ran {tmp_path.name}"
    bench.collecting.import_path(write_samples(tmp_path / "ran", n=12), name)
    return name, [finished_run(bench, monkeypatch, name, folds=2, seed=seed) for seed in (0, 1)]


@pytest.mark.slow
def test_one_stage_has_the_page_and_typed_text_survives_a_look_elsewhere(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "staged", n=6), "staged")
    page = open_page("staged")
    assert page.evaluate(SHOWN) == "stage-collect"
    box = page.locator("li.clip textarea").first
    before = box.input_value()
    box.fill("half a sent")
    stage(page, "adapt")
    assert page.evaluate(SHOWN) == "stage-adapt"
    assert page.locator(".stepper a[aria-current=page]").get_attribute("data-step") == "adapt"
    stage(page, "compare")
    page.go_back()
    page.go_back()
    page.wait_for_function("document.body.dataset.stage === 'collect'")
    assert box.input_value() == "half a sent"
    assert before != "half a sent"
    for step in ("collect", "adapt", "compare"):
        stage(page, step)
        still(page)
        assert page.evaluate(SCROLLERS) == [], f"{step} has one scroll, the page's"


@pytest.mark.slow
def test_a_set_with_nothing_else_named_opens_where_its_owner_is(
    open_page: OpenPage, bench: Workbench, ran: tuple[str, list[str]], site: str
) -> None:
    page = open_page(url=f"{site}#set={ran[0].replace(' ', '+')}", step="")
    page.wait_for_function("document.body.dataset.stage === 'compare'")  # there is a verdict to read
    assert address(page) == {"set": ran[0], "step": "compare", "run": ran[1][1], "clip": address(page)["clip"]}


@pytest.mark.timeout(300)
def test_a_link_a_reload_and_the_back_button_open_the_same_thing(
    open_page: OpenPage, bench: Workbench, ran: tuple[str, list[str]], site: str
) -> None:
    name, (older, newer) = ran
    page = open_page(name, step="compare")
    page.get_by_label("Verdict").wait_for()
    assert address(page)["run"] == newer
    row = page.locator("#results tbody tr").nth(2)
    clip = row.get_attribute("data-clip")
    row.locator("button").click()
    drawn = "(id) => document.querySelector('#clip-timeline .timeline').dataset.clip === id"
    page.wait_for_function(drawn, arg=clip)
    assert address(page) == {"set": name, "step": "compare", "run": newer, "clip": clip}

    stage(page, "adapt")
    page.locator(f"tr.run-row[data-run={older}]").get_by_role("button", name="Show").click()
    page.wait_for_function("(run) => location.hash.includes(`run=${run}`)", arg=older)
    link = page.url.replace(f"run={older}", f"run={newer}").partition("#")[2].replace("step=adapt", "step=compare")
    colleague = open_page(url=f"{site}#{link}&clip={clip}", step="")
    colleague.wait_for_function(drawn, arg=clip)
    assert address(colleague) == {"set": name, "step": "compare", "run": newer, "clip": clip}
    go(colleague, colleague.url)
    colleague.wait_for_function(drawn, arg=clip)

    until(page, lambda: address(page).get("run") == older)
    page.go_back()
    until(page, lambda: address(page).get("run") == newer)
    settled(page)
    assert page.locator("#run-choice input").input_value().startswith(newer)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_link_pasted_into_an_open_page_shows_what_it_names(
    open_page: OpenPage, bench: Workbench, ran: tuple[str, list[str]]
) -> None:
    name, (_, newer) = ran
    bench.collecting.create_set("without runs")
    clip = bench.comparing.of_run(newer).comparison.rows[5].clip_id
    page = open_page("without runs")
    for there in (
        f"set={name.replace(' ', '+')}&step=compare&run={newer}&clip={clip}",
        "set=without+runs&step=compare",
    ):
        page.evaluate("(there) => { location.hash = there; }", there)
        if "clip" in there:
            drawn = "(id) => document.querySelector('#clip-timeline .timeline').dataset.clip === id"
            page.wait_for_function(drawn, arg=str(clip))
            page.locator(f"#results tr[aria-current][data-clip='{clip}']").wait_for()
            settled(page)
            assert address(page) == {"set": name, "step": "compare", "run": newer, "clip": str(clip)}
        else:
            page.get_by_text(text.NO_RESULT[:40]).wait_for()
            settled(page)
            assert address(page) == {"set": "without runs", "step": "compare"}
            assert page.get_by_label("Verdict").count() == 0


def test_an_address_of_a_set_that_is_gone_is_said(open_page: OpenPage, bench: Workbench, site: str) -> None:
    bench.collecting.create_set("still here")
    page = open_page(url=f"{site}#set=long+gone&step=collect", step="")
    page.get_by_text(text.NO_SUCH_SET.format(name="long gone")).wait_for()
    assert address(page)["set"] != "long gone"


@pytest.mark.slow
def test_a_link_to_a_clip_finds_it_in_the_list(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, site: str
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "linked", n=30), "linked")
    clip = bench.labelling.clips("linked")[27].id  # on the second page
    page = open_page(url=f"{site}#set=linked&step=collect&clip={clip}", step="")
    page.locator(f"li.clip[data-clip='{clip}'].current").wait_for()


@pytest.mark.slow
def test_while_a_run_works_the_stage_is_the_run(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "works", n=12), "works")
    page = open_page("works", step="adapt")
    form = page.locator("#start")
    form.wait_for()
    waiting_run(bench, monkeypatch, "works")
    page.locator(".run[data-active]").wait_for()
    form.wait_for(state="hidden")
    page.get_by_role("button", name=text.PREPARE).click()
    form.wait_for()


@pytest.mark.slow
def test_the_next_wrong_clip_is_a_key_away(open_page: OpenPage, bench: Workbench, ran: tuple[str, list[str]]) -> None:
    page = open_page(ran[0], step="compare")
    page.get_by_label("Verdict").wait_for()
    page.locator("#results .filter[data-group=wrong]").click()
    wrong = page.locator("#results tbody tr").evaluate_all("all => all.map((tr) => tr.dataset.clip)")
    page.locator("#results .filter[data-group=all]").click()
    page.locator("#step-compare").click()
    seen = []
    for _ in range(2):
        page.keyboard.press("n")
        seen.append(address(page)["clip"])
    assert len(wrong) >= 1
    assert set(seen) <= set(wrong)
    assert page.locator("#results tr[aria-current]").get_attribute("data-clip") == seen[-1]
