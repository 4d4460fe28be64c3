"""Trimming a clip in the list: by mouse and by keyboard, undone like a label, and still there after a reload."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.browser.conftest import settled, until
from tests.conftest import speechlike
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
SECONDS = 2.0
# Which sounds the page loads, in order; an Audio of its own is in no document.
SOUNDS = """() => {
  window.loaded = [];
  const { set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'src');
  Object.defineProperty(HTMLMediaElement.prototype, 'src', {
    ...Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'src'),
    set(url) { window.loaded.push(url); set.call(this, url); },
  });
}"""


def spoken(bench: Workbench, folder: Path, name: str, n: int = 2) -> list[int]:
    for i in range(n):
        soundfile.write(folder / f"{name} {i}.wav", speechlike(SECONDS, seed=sum(map(ord, name)) + i), 16_000)
    bench.collecting.import_path(folder, name)
    return [clip.id for clip in bench.labelling.clips(name)]


def trimming(page: Any, place: int = 0) -> Any:
    """The tool of a row, opened."""
    row = page.locator("li.clip").nth(place)
    row.locator("textarea").focus()
    row.get_by_role("button", name="Trim:").click()
    row.get_by_role("slider", name="Start of the part").wait_for()
    return row


def dragged(page: Any, row: Any, handle: str, by: float) -> None:
    """A handle, taken by the mouse by a share of the sound's length."""
    box, track = row.get_by_role("slider", name=handle).bounding_box(), row.locator(".track").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by * track["width"] / 2, y)
    page.mouse.move(x + by * track["width"], y)
    page.mouse.up()


@pytest.mark.slow
def test_a_part_is_chosen_by_mouse_kept_undone_and_there_after_a_reload(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    clip_id, _ = spoken(bench, tmp_path, "dragged")
    page = open_page("dragged")
    page.evaluate(f"({SOUNDS})()")
    row = trimming(page)
    dragged(page, row, "Start of the part", 0.25)
    dragged(page, row, "End of the part", -0.25)
    chosen = row.locator(".times").inner_text()
    row.get_by_role("button", name="Keep this part").click()
    row.locator(".facts", has_text="✂").wait_for()
    cut = bench.labelling.clip(clip_id).cut
    assert cut == (pytest.approx(0.5, abs=0.02), pytest.approx(1.5, abs=0.02))
    assert chosen.startswith(f"{cut[0]:.2f} to {cut[1]:.2f} s")
    assert row.locator(".trim").count() == 0
    assert row.locator(".facts").inner_text() == "✂ 1.0 s"

    row.locator("button.play").click()
    until(page, lambda: f"sounds/{clip_id}?cut=1" in page.evaluate("window.loaded"))
    page.reload()
    settled(page)
    row = page.locator("li.clip").first
    assert row.locator(".facts").inner_text() == "✂ 1.0 s"
    assert "of 2.00 s" in row.locator(".facts").get_attribute("title")

    row = trimming(page)
    assert row.get_by_role("slider", name="Start of the part").get_attribute("aria-valuenow") == f"{cut[0]:.2f}"
    row.get_by_role("button", name="The whole again").click()
    until(page, lambda: bench.labelling.clip(clip_id).cut is None)
    page.keyboard.press("F2")
    until(page, lambda: bench.labelling.clip(clip_id).cut == cut)
    row.locator(".facts", has_text="✂").wait_for()


@pytest.mark.slow
def test_by_keyboard_a_label_and_a_trim_are_undone_newest_first(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    clip_id, _ = spoken(bench, tmp_path, "keyed")
    page = open_page("keyed")
    row = trimming(page)
    start = row.get_by_role("slider", name="Start of the part")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Start of the part"
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert start.get_attribute("aria-valuetext") == "0.60 s of 2.00 s"
    row.get_by_role("slider", name="End of the part").press("Shift+ArrowLeft")
    row.get_by_role("button", name="Keep this part").press("Enter")
    until(page, lambda: bench.labelling.clip(clip_id).cut == (pytest.approx(0.6), pytest.approx(1.5)))
    row.locator("textarea").fill("close the valve")
    until(page, lambda: bench.labelling.clip(clip_id).text == "close the valve")
    settled(page)

    row.get_by_role("button", name="Undo:").click()
    until(page, lambda: bench.labelling.clip(clip_id).text == "")
    settled(page)
    assert bench.labelling.clip(clip_id).cut is not None
    row.get_by_role("button", name="Undo:").click()
    until(page, lambda: bench.labelling.clip(clip_id).cut is None)


@pytest.mark.slow
def test_the_part_loops_and_other_sounds_end_it(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    spoken(bench, tmp_path, "looped")
    page = open_page("looped")
    row = trimming(page)
    row.get_by_role("slider", name="End of the part").press("Home")
    assert row.locator(".times").inner_text().startswith("0.00 to 0.20 s")
    loop = row.get_by_role("button", name="↻ Loop")
    loop.click()
    until(page, lambda: loop.get_attribute("aria-pressed") == "true")
    page.wait_for_timeout(700)  # three rounds of the part
    assert loop.get_attribute("aria-pressed") == "true"
    page.locator("li.clip button.play").nth(1).click()
    until(page, lambda: loop.get_attribute("aria-pressed") == "false")
    page.keyboard.press("Escape")
    row.get_by_role("button", name="Cancel").click()
    assert row.locator(".trim").count() == 0


@pytest.mark.slow
def test_what_cannot_be_kept_is_said_at_the_row(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    sound = speechlike(SECONDS, seed=5)
    sound[16_000:] = 0
    soundfile.write(tmp_path / "half.wav", sound, 16_000)
    bench.collecting.import_path(tmp_path, "silent half")
    page = open_page("silent half")
    row = trimming(page)
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    row.get_by_role("button", name="Keep this part").click()
    row.get_by_role("alert").filter(has_text="Nothing is heard in the part").wait_for()
    assert row.get_by_role("button", name="Keep this part").is_enabled()
