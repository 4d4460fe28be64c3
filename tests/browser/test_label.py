"""Record, label, confirm; texts that look like programs stay texts; narrow and dark screens."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import IMAGES_TRIED, PATIENCE_MS, choose, recorded
from tests.conftest import speechlike
from tests.ui.conftest import HOSTILE
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def test_record_type_confirm_undo_and_delete(open_page: OpenPage, speaking_browser: Any, bench: Workbench) -> None:
    page = open_page(within=speaking_browser)
    page.get_by_role("button", name="New set").first.click()
    page.get_by_label("Name of the new set").fill("recorded")
    page.get_by_role("button", name="Create").click()
    page.get_by_label("Who speaks (speaker)").fill("ada")
    recorder = page.locator("#recorder")
    recorder.get_by_role("button", name="Record").click()
    recorder.get_by_role("button", name="Stop").wait_for()  # a busy machine takes a while to open the microphone
    recorded(page, 2)
    recorder.get_by_role("button", name="Stop").click()
    page.locator("#recorder").get_by_text("Saved as recording ").wait_for()
    row = page.locator("li.clip")
    page.get_by_role("button", name="Show it in the list").click()
    page.wait_for_function("document.activeElement.matches('li.clip textarea')")
    clip = bench.labelling.clips("recorded")[0]
    assert clip.name.startswith("recording ")
    assert clip.speaker == "ada"
    assert 1 < clip.duration < 5
    assert list((bench.workspace.temporary / "uploads").rglob("*.wav")) == []

    box = page.get_by_label("What is said (label)")
    box.fill("Please close valve 2")
    box.blur()
    page.get_by_text("please close valve two").wait_for()  # how the model would write it
    assert bench.labelling.clip(clip.id).status == "drafted"
    box.press("Enter")
    page.get_by_role("button", name="Confirmed ✓").wait_for()
    assert bench.labelling.clip(clip.id).status == "confirmed"
    page.get_by_text("1 of 1 confirmed").wait_for()

    page.get_by_role("button", name="Undo:").click()
    page.get_by_role("button", name="Confirm: ").wait_for()
    page.get_by_role("button", name="History:").click()
    page.locator("ol.past li").nth(2).wait_for()

    page.get_by_role("button", name="Delete: ").click()
    page.get_by_role("button", name="Undo delete").click()
    row.wait_for()
    page.get_by_role("button", name="Delete: ").click()
    page.get_by_role("button", name="Erase for good now").first.click()
    page.get_by_text("1 clip erased for good").wait_for()
    page.get_by_text("No clips yet.").wait_for()
    assert not bench.workspace.sound_path(clip.sha256).exists()


def test_uploads_are_reported_file_by_file(
    open_page: OpenPage, bench: Workbench, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    bench.collecting.create_set("uploads")
    page = open_page("uploads")
    silent = make_wav("silent.wav", samples=np.zeros(16_000, dtype=np.float32))
    labelled = make_wav("labelled.wav", seed=5)
    label = tmp_path / "labelled.txt"
    label.write_text("hello there")
    page.locator("#upload").locator("xpath=..").locator("input[type=file]").set_input_files([silent, labelled, label])
    page.get_by_text("1 clip added · 1 rejected").wait_for()
    report = page.locator("#import-report").inner_text()
    assert "silent.wav" in report
    page.wait_for_function("document.querySelectorAll('li.clip').length === 1")
    assert [(c.name, c.text, c.status) for c in bench.labelling.clips("uploads")] == [
        ("labelled.wav", "hello there", "confirmed")
    ]


@pytest.mark.slow
def test_hostile_texts_are_shown_as_text(open_page: OpenPage, bench: Workbench, make_wav: Callable[..., Path]) -> None:
    name = f"evil {HOSTILE}"[:60]
    bench.collecting.create_set(name)
    bench.collecting.set_words(name, [HOSTILE])
    bench.collecting.add_files(name, [(make_wav("h.wav", seed=77), HOSTILE.replace("/", "") + ".wav")], speaker=HOSTILE)
    clip = bench.labelling.clips(name)[0]
    bench.labelling.save(clip.id, HOSTILE, author=HOSTILE, confirmed=True)
    page = open_page()
    page.evaluate("() => { window.alert = () => { window.hacked = true } }")
    choose(page, name)
    row = page.locator("li.clip")
    row.wait_for()
    assert row.locator("textarea").input_value() == HOSTILE
    assert row.locator(".name").inner_text() == clip.name
    page.get_by_role("button", name="History:").click()
    page.locator("ol.past li").first.wait_for()
    page.locator("#by-speaker input").click()  # the speaker as a choice in a list
    page.get_by_role("option", name="<script>").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete: ").click()
    page.get_by_role("button", name="Undo delete").wait_for()
    page.get_by_role("button", name="New set").first.click()
    page.get_by_label("Name of the new set").fill(name)
    page.get_by_role("button", name="Create").click()
    page.get_by_text("There is already a clip set").wait_for()  # a toast with the name in it
    page.evaluate(IMAGES_TRIED)
    assert page.evaluate("document.querySelectorAll('img[src=x], .toast-body script, li.clip script').length") == 0
    assert page.evaluate("window.hacked") is None


def test_a_long_list_is_paged_and_filtered(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for i in range(30):
        soundfile.write(folder / f"clip {i:02}.wav", speechlike(0.4, seed=300 + i), 16_000)
    bench.collecting.import_path(folder, "many")
    page = open_page("many")
    page.get_by_text("1 to 25 of 30").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("26 to 30 of 30").wait_for()
    page.get_by_label("Search text or file").fill("clip 07")
    page.wait_for_function("document.querySelectorAll('li.clip').length === 1")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_needs_no_sideways_scrolling_and_text_is_legible(
    open_page: OpenPage, bench: Workbench, make_wav: Callable[..., Path], dark: bool
) -> None:
    if "phone" not in [info.name for info in bench.collecting.sets()]:
        bench.collecting.add_files("phone", [(make_wav("a.wav", seed=8), "a quite long name of a clip.wav")])
    page = open_page("phone", width=390, height=844, dark=dark)
    page.locator("li.clip").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.body.classList.contains('dark')") is dark
    poor = page.evaluate(CONTRAST)
    assert poor == [], "contrast below 4.5:1"


# Text nodes whose colour stands out less than 4.5:1 (WCAG 2.2, 1.4.3) from the nearest opaque background.
CONTRAST = """() => {
  const parse = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const linear = (v) => v / 255 <= .03928 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4;
  const lum = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const back = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c; } return [255, 255, 255]; };
  const poor = [];
  for (const e of document.querySelectorAll('#board *, #top *, #steps *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const seen = e.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
    if (!own || !seen || e.closest(':disabled')) continue;
    const [a, b] = [lum(parse(getComputedStyle(e).color)), lum(back(e))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) poor.push(`${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.slow
def test_two_people_see_each_others_changes(
    open_page: OpenPage, bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    bench.collecting.add_files("shared", [(make_wav("s.wav", seed=21), "s.wav")])
    first, second = open_page("shared"), open_page("shared")
    box = first.get_by_label("What is said (label)")
    box.fill("from the first tab")
    box.press("Enter")
    second.get_by_role("button", name="Confirmed ✓").wait_for(timeout=PATIENCE_MS)
    assert second.get_by_label("What is said (label)").input_value() == "from the first tab"
