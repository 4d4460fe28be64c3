"""Try it by voice: the drawer at the top of every stage, with a microphone that speaks and a file."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import FLAGS, chromium, still, write_samples
from tests.browser.test_accessible import PHONE, WIDE, axe, problems  # noqa: F401 (a fixture)
from tests.services.finished import finished_run
from tests.services.inprocess import execute, prepare
from workbench.services.jobs.startup import LAUNCHED
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
# What the page does with a microphone, and whether it gets one.
WATCH = """() => {
  window.opened = 0;
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = (wish) => {
    window.opened += 1;
    return window.refused ? Promise.reject(new DOMException('no', window.refused)) : real(wish);
  };
}"""
ROOM_HZ = 48_000


def opener(page: Any) -> Any:
    return page.get_by_role("button", name="Try it by voice")


def texts(page: Any, role: str) -> list[str]:
    """What a side has written, piece by piece."""
    return [text for text in page.locator(f".voice-log .cell.{role} p:not(.waits)").all_inner_texts() if text]


@pytest.fixture
def sentences(playwright: Any, tmp_path: Path) -> Iterator[Any]:
    """A Chromium whose microphone plays two clips of the samples over and over, a pause after each."""
    clips = sorted((write_samples(tmp_path / "said", n=2) / "audio").iterdir())
    sounds = []
    for clip in clips:
        samples, rate = soundfile.read(clip)
        at = np.arange(0, len(samples) / rate, 1 / ROOM_HZ)
        sounds += [np.interp(at, np.arange(len(samples)) / rate, samples), np.zeros(ROOM_HZ)]
    wav = tmp_path / "two.wav"
    soundfile.write(wav, np.concatenate(sounds), ROOM_HZ, subtype="PCM_16")
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={wav}"]
    opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
    yield opened
    opened.close()


def test_the_drawer_opens_and_closes_and_nothing_is_recorded_before_speak_is_pressed(
    open_page: OpenPage, bench: Workbench
) -> None:
    bench.collecting.create_set("unspoken", "en")
    page = open_page("unspoken")
    page.evaluate(WATCH)
    drawer = page.locator("#voice-panel")
    for stage in ("collect", "adapt", "compare"):
        page.evaluate("(stage) => window.openStage(stage)", stage)
        assert opener(page).is_visible()
    opener(page).click()
    drawer.wait_for()
    assert opener(page).get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.activeElement.className") == "voice-speak"
    drawer.get_by_text("No finished run yet: the base model hears alone.").wait_for()
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Try it by voice", "the keyboard goes on from there"
    opener(page).click()
    drawer.wait_for()
    opener(page).click()
    drawer.wait_for(state="hidden")
    assert page.evaluate("window.opened") == 0


def test_what_keeps_it_from_hearing_is_one_sentence(open_page: OpenPage, bench: Workbench) -> None:
    bench.collecting.create_set("unheard", "en")
    page = open_page("unheard")
    page.evaluate(WATCH)
    opener(page).click()
    said, speak = page.locator("#voice .said"), page.locator(".voice-speak")
    for name, sentence in (("NotAllowedError", "not allowed"), ("NotFoundError", "No microphone was found")):
        page.evaluate("(name) => { window.refused = name; }", name)
        speak.click()
        page.wait_for_function(
            "(part) => document.querySelector('#voice .said').textContent.includes(part)", arg=sentence
        )
        assert said.inner_text().endswith(".")
    page.evaluate("() => { window.fetch = () => Promise.reject(new TypeError('Failed to fetch')); }")
    page.locator("#voice-file").set_input_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": b"RIFF"})
    page.get_by_text("The workbench does not answer; see whether it still runs, then try again.").wait_for()


@pytest.mark.slow
def test_on_a_phone_the_button_lies_under_the_thumb_and_nothing_is_cut_off(
    open_page: OpenPage,
    bench: Workbench,
    axe: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "thumb", n=12), "thumb")
    run = finished_run(bench, monkeypatch, "thumb", folds=2)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()  # as its worker would
    page = open_page("thumb", width=390, height=844)
    box, tabs = opener(page).bounding_box(), page.locator("#steps").bounding_box()
    assert min(box["width"], box["height"]) >= 44
    assert box["y"] >= tabs["y"], "beside the tabs, so that it covers nothing"
    ends = page.locator("#steps a").evaluate_all("all => all.map((a) => a.getBoundingClientRect().right)")
    assert max(ends) <= box["x"], "nor a tab"
    opener(page).click()
    page.locator("#voice-panel").wait_for()
    still(page)
    for control in page.locator("#voice-panel :is(button, select, input[type=text], .voice-drop label):visible").all():
        assert control.bounding_box()["height"] >= 44, control.inner_text()
    assert problems(page, axe, [(PHONE, "light"), (PHONE, "dark"), (WIDE, "light"), (WIDE, "dark")]) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_base_and_adapted_write_down_what_is_spoken_and_a_file(
    open_page: OpenPage,
    sentences: Any,
    bench: Workbench,
    axe: str,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = write_samples(tmp_path / "spoken", n=12)
    bench.collecting.import_path(folder, "spoken")
    run = prepare(bench, monkeypatch, bench.catalog.find("ctc-en"), "spoken", folds=0, general_set="none")
    execute(bench, run)
    (bench.workspace.run_folder(run) / LAUNCHED).unlink()
    page = open_page("spoken", within=sentences)
    opener(page).click()
    page.get_by_text("Ready. Press Speak and talk").wait_for(timeout=300_000)
    assert page.locator("#voice-who option").all_inner_texts() == [f"base and {run}", "base model alone"]
    page.locator(".voice-speak").click()
    two = "() => document.querySelectorAll('.voice-row[data-adapted][data-base]').length >= 2"
    page.wait_for_function(two, timeout=300_000)
    page.get_by_role("button", name="Stop").click()
    page.wait_for_function("document.querySelector('.voice').dataset.is === 'idle'", timeout=300_000)
    pieces = page.locator(".voice-log .voice-row").count()
    assert len(texts(page, "base")) == len(texts(page, "adapted")) == pieces
    assert any(len(text.split()) > 2 for text in texts(page, "base"))
    assert page.evaluate("() => Boolean(document.querySelector('.voice-act').offsetParent)"), "it can be played"
    assert bench.collecting.set_info("spoken").clips == 12, "not added unless asked"

    page.get_by_role("button", name="Show over time").click()
    page.locator("#voice-timeline .tl-lane").first.wait_for(timeout=300_000)
    assert page.locator("#voice-timeline .tl-lane").count() == 2
    assert page.locator("#voice-timeline [data-lane=adapted] button.tl-word").count() == len(
        " ".join(texts(page, "adapted")).split()
    )
    page.locator("#voice-said").fill("start metoprolol twice daily")
    page.keyboard.press("Enter")
    page.locator(".voice-judged .score").first.wait_for(timeout=300_000)
    assert page.locator(".voice-judged :is(.sub, ins, del)").count() > 0
    page.locator("#voice-timeline [data-lane=reference] button.tl-word").first.wait_for(timeout=300_000)
    assert problems(page, axe, [(WIDE, "light"), (PHONE, "dark")]) == []
    page.set_viewport_size(WIDE)
    page.get_by_role("button", name="Add to the set").click()
    page.get_by_text("Added to the set spoken as a clip with its label.").wait_for()
    assert bench.labelling.clips("spoken")[-1].text == "start metoprolol twice daily"

    page.locator("#voice-file").set_input_files(next((folder / "audio").glob("*")))
    rows = "document.querySelectorAll('.voice-log .voice-row').length"
    page.wait_for_function(f"{rows} === 1 && !document.querySelector('.voice-log .waits')", timeout=300_000)
    assert len(texts(page, "adapted")) == 1
    assert page.locator("#voice-panel.timed").count() == 0, "the drawing of another sound is gone"
    page.get_by_role("button", name="Add to the set").click()
    page.get_by_text("is in the set spoken already").wait_for()
