"""The menu of sets in a browser: renamed, copied, archived, brought back, deleted; the address goes along."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.browser.conftest import settled, until, write_samples
from workbench.services.workbench import Workbench
from workbench.ui.sets import text

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
HEADER = """() => {
  const box = document.querySelector('.set-box').getBoundingClientRect();
  const parts = ['.set-box', '#new-set', '#sets-menu .opener', '.theme', '#voice-open button'];
  const right = (place) => document.querySelector(place).getBoundingClientRect().right;
  return { wide: box.width, right: Math.max(...parts.map(right)) };
}"""


def chooser(page: Any) -> Any:
    return page.get_by_role("combobox", name="Clip set")


@pytest.mark.slow
def test_a_set_is_renamed_copied_archived_brought_back_and_deleted(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "w", n=3), "first floor")
    bench.collecting.create_set("second floor")
    page = open_page("first floor")
    menu, opener = page.locator("#sets-panel"), page.get_by_role("button", name=text.WORDS["open"])
    opener.click()
    menu.get_by_label("Name of this set").fill("ground floor")
    menu.get_by_role("button", name="Rename").click()
    page.get_by_text(text.RENAMED.format(name="ground floor")).wait_for()
    settled(page)
    assert chooser(page).input_value() == "ground floor"
    until(page, lambda: "set=ground floor" in unquote(page.url).replace("+", " "))

    menu.get_by_label("Licence of the clips").fill("CC-BY-4.0")
    menu.get_by_role("button", name="Keep").click()
    page.get_by_text(text.LICENCE_KEPT.format(name="ground floor", licence="CC-BY-4.0")).wait_for()
    assert bench.shelf.licence("ground floor") == "CC-BY-4.0"

    menu.get_by_label("Name of the copy").fill("second floor")
    menu.get_by_role("button", name="Duplicate").click()
    page.get_by_text("There is already a clip set").wait_for()
    assert menu.get_by_label("Name of the copy").input_value() == "second floor", "what was typed stays"
    menu.get_by_label("Name of the copy").fill("attic")
    menu.get_by_role("button", name="Duplicate").click()
    page.get_by_text(text.COPIED.format(name="attic", clips="3 clips")).wait_for()
    settled(page)
    assert chooser(page).input_value() == "attic"

    menu.get_by_role("button", name="Archive “attic”").click()
    menu.get_by_role("button", name="Bring back: attic").wait_for()
    settled(page)
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    chooser(page).click()
    page.get_by_role("option", name="second floor").wait_for()
    assert page.get_by_role("option", name="attic").count() == 0
    page.keyboard.press("Escape")
    opener.click()
    menu.get_by_role("button", name="Bring back: attic").click()
    page.get_by_text(text.BROUGHT_BACK.format(name="attic")).wait_for()
    menu.get_by_role("button", name="Delete “attic”").click()
    page.get_by_text("The set attic is in the bin").wait_for()
    settled(page)
    assert "attic" not in [info.name for info in bench.collecting.sets()]
    assert chooser(page).input_value() != "attic"
    page.get_by_role("button", name="New set").click()
    menu.wait_for(state="hidden")
    assert page.locator("#new-set-form").get_by_role("button", name="Delete").count() == 0


def test_the_header_holds_all_of_it_at_every_width(open_page: OpenPage, bench: Workbench) -> None:
    bench.collecting.create_set("header")
    page = open_page("header")
    for width, height in ((1440, 900), (1280, 800), (1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        found = page.evaluate(HEADER)
        assert found["right"] <= width, (width, found)
        assert found["wide"] <= 394 or width < 700, (width, found)
