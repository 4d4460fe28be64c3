"""The overview on the page: drawn once it is open, kept up to date, and its bars and points lead to their clips."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE_MS, settled, until
from tests.browser.test_accessible import LOOKS, Looks, axe, problems  # noqa: F401 - a fixture
from tests.ui.conftest import HOSTILE
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
LENGTHS = (1.2, 1.3, 1.4, 2.6, 3.9)


@pytest.fixture
def spoken(bench: Workbench, make_wav: Callable[..., Path]) -> Callable[[str], list[int]]:
    """spoken("set"): five clips, three of them under 2 s, the last one the longest; their ids."""

    def add(name: str) -> list[int]:
        files = [(make_wav(f"{name}{i}.wav", length, seed=900 + i), f"o{i}.wav") for i, length in enumerate(LENGTHS)]
        bench.collecting.add_files(name, files, language="en", speaker="ada")
        ids = [clip.id for clip in bench.labelling.clips(name)]
        for clip_id, label in zip(ids, ("open it", "close it", HOSTILE, "stop"), strict=False):
            bench.labelling.save(clip_id, label, author="ada", confirmed=True)
        bench.collecting.set_words(name, ["stop", "metoprolol"])
        return ids

    return add


def opened(page: Any) -> Any:
    """The overview once all levels are measured."""
    page.get_by_role("button", name="Overview").click()
    page.locator("#overview .points .dots[d*=h0]").wait_for(state="attached")
    page.wait_for_function("() => !document.querySelector('#overview [role=status]')")
    return page.locator("#overview")


def listed(page: Any, n: int) -> None:
    page.wait_for_function("(n) => document.querySelectorAll('li.clip').length === n", arg=n)


@pytest.mark.slow
def test_a_bar_lists_its_clips_and_a_point_finds_its_one(
    open_page: OpenPage, bench: Workbench, spoken: Callable[[str], list[int]]
) -> None:
    ids = spoken("drawn")
    page = open_page("drawn")
    page.evaluate("() => { window.alert = () => { window.hacked = true } }")
    panel = opened(page)
    assert "Missing most: 1 of 2 words of your list is never said: metoprolol." in panel.inner_text()

    lengths = panel.get_by_role("region", name="Length", exact=True)
    lengths.get_by_role("button", name="3 clips: 1 to 1.5 s").click()
    page.get_by_text("Only 3 clips: 1 to 1.5 s long").wait_for()
    listed(page, 3)
    panel.get_by_role("button", name="1 to do: Show these clips").click()
    page.get_by_text("Only 1 clip: to do").wait_for()
    listed(page, 1)
    page.get_by_role("button", name="Show all clips").click()
    listed(page, 5)

    # The last point is the longest clip, and the keyboard goes from point to point.
    panel.locator(".points").focus()
    page.keyboard.press("End")
    assert "o4.wav: 3.9 s" in panel.locator(".told").inner_text()
    page.keyboard.press("Enter")
    page.wait_for_function("(id) => document.activeElement.closest('li.clip')?.dataset.clip === id", arg=str(ids[-1]))
    box = panel.locator(".points")
    box.scroll_into_view_if_needed()
    x, y = page.evaluate("""() => {
      const svg = document.querySelector('#overview .points'), at = svg.getBoundingClientRect();
      const dots = [...svg.querySelector('.dots').getAttribute('d').matchAll(/M([\\d.]+) ([\\d.]+)/g)];
      return [at.x + Number(dots[3][1]), at.y + Number(dots[3][2])];
    }""")
    page.mouse.click(x, y)
    page.wait_for_function("(id) => document.activeElement.closest('li.clip')?.dataset.clip === id", arg=str(ids[3]))
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelectorAll('#overview script, #overview img').length") == 0


def test_a_box_that_is_drawn_lists_the_points_in_it(
    open_page: OpenPage, bench: Workbench, spoken: Callable[[str], list[int]]
) -> None:
    spoken("boxed")
    page = open_page("boxed")
    points = opened(page).locator(".points")
    points.scroll_into_view_if_needed()
    at = points.bounding_box()
    page.mouse.move(at["x"] + at["width"] * 0.55, at["y"] + 12)
    page.mouse.down()
    page.mouse.move(at["x"] + at["width"] - 4, at["y"] + at["height"] - 24, steps=4)
    page.mouse.up()
    page.get_by_text("Only 2 clips:").wait_for()
    listed(page, 2)


@pytest.mark.slow
def test_it_follows_changes_while_it_is_open(
    open_page: OpenPage, bench: Workbench, spoken: Callable[[str], list[int]]
) -> None:
    ids = spoken("followed")
    page = open_page("followed")
    panel = opened(page)
    bench.labelling.save(ids[-1], "metoprolol", author="bob", confirmed=True)
    until(page, lambda: "never said: metoprolol" not in panel.inner_text())
    page.get_by_role("button", name="Overview").click()
    settled(page)
    bench.collecting.set_words("followed", ["zebra"])
    time.sleep(0.1)
    page.get_by_role("button", name="Overview").click()
    panel.get_by_text("1 of 1 words of your list is never said: zebra.").wait_for(timeout=PATIENCE_MS)


@pytest.mark.slow
@LOOKS
def test_it_is_accessible(
    open_page: OpenPage,
    bench: Workbench,
    spoken: Callable[[str], list[int]],
    axe: str,  # noqa: F811 - the fixture
    looks: Looks,
) -> None:
    name = f"accessible {looks[0][1]}"
    ids = spoken(name)
    bench.labelling.save_drafts("m", {i: "open it" for i in ids}, draft=False)
    page = open_page(name)
    opened(page)
    assert problems(page, axe, looks) == []
