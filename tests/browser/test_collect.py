"""A first visit; clips by dropping files; prompts read aloud with the keyboard alone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import FLAGS, chromium, recorded
from tests.conftest import speechlike
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
# Notes the seconds of each take that is sent; a rate below 48 kHz makes them too few, never too many.
NOTE_TAKES = """() => {
  const send = window.fetch;
  window.sent = [];
  window.fetch = (url, options) => {
    if (String(url).endsWith('takes')) window.sent.push((options.body.size - 44) / 96_000);
    return send(url, options);
  };
}"""


@pytest.fixture
def talking_browser(playwright: Any, tmp_path: Path) -> Iterator[Any]:
    """A Chromium whose microphone says something for 0.8 s, is silent for 1.7 s, and so on."""
    rate = 48_000
    said = [np.concatenate([speechlike(0.8, rate=rate, seed=s), np.zeros(17 * rate // 10)]) for s in (1, 2, 3)]
    heard = np.concatenate(said)
    heard += 3e-4 * np.random.default_rng(0).standard_normal(len(heard))
    wav = tmp_path / "microphone.wav"
    soundfile.write(wav, heard, rate, subtype="PCM_16")
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={wav}"]
    opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
    yield opened
    opened.close()


@pytest.mark.slow
def test_prompts_are_read_with_the_keyboard_alone(open_page: OpenPage, talking_browser: Any, bench: Workbench) -> None:
    bench.collecting.create_set("read aloud", "en")
    page = open_page("read aloud", within=talking_browser)
    page.evaluate(NOTE_TAKES)
    page.get_by_role("button", name="Read prompts aloud").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Words or sentences").fill("edema\nwarfarin\nsepsis\ntroponin")
    page.get_by_label("Put each line into sentences").uncheck()
    page.get_by_label("Who reads (speaker)").fill("ada")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    said = dialog.get_by_role("status")
    for number, word in enumerate(("edema", "warfarin", "sepsis"), start=1):
        page.get_by_text(f"{number} of 4", exact=True).wait_for()
        assert dialog.locator(".reader-prompt").inner_text() == word
        read(page)
        page.wait_for_function(f"document.querySelector('.reader progress').value === {number}")
    clips = bench.labelling.clips("read aloud")
    assert [(c.text, c.status, c.speaker) for c in clips] == [
        (word, "confirmed", "ada") for word in ("edema", "warfarin", "sepsis")
    ]
    assert all(c.duration > 0.5 for c in clips)
    assert sum(page.evaluate("window.sent")) - sum(c.duration for c in clips) > 0.5  # silence was taken off

    page.keyboard.press("r")  # the last one again: the new take stands in for the old
    page.get_by_text("3 of 4", exact=True).wait_for()
    read(page)
    page.get_by_text("4 of 4", exact=True).wait_for()
    page.wait_for_function("document.querySelector('.reader progress').value === 3")
    again = bench.labelling.clips("read aloud")
    assert [c.text for c in again] == ["edema", "warfarin", "sepsis"]
    assert again[2].id != clips[2].id

    page.keyboard.press("ArrowRight")
    dialog.get_by_text("1 skipped").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    page.get_by_text("3 of 3 confirmed").wait_for()
    page.reload()  # whoever comes back goes on where they were
    page.locator(".recorder .record:enabled").wait_for()
    page.wait_for_function("document.querySelector('#speaker input, #speaker textarea').value === 'ada'")
    page.get_by_role("button", name="Read prompts aloud").click()
    assert page.get_by_label("Words or sentences").input_value().split() == ["edema", "warfarin", "sepsis", "troponin"]
    assert page.get_by_label("Who reads (speaker)").input_value() == "ada"
    page.get_by_role("button", name="Start reading").click()
    said.get_by_text("You have read 3 of them").wait_for()
    assert dialog.locator(".reader-prompt").inner_text() == "troponin"


@pytest.mark.slow
def test_a_take_that_sounds_like_another_prompt_is_named_while_one_reads_on(
    open_page: OpenPage, talking_browser: Any, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.create_set("doubted", "en")
    prompts = ["green light", "open the valve"]
    monkeypatch.setattr(bench.prompting, "_hear", lambda set_name, clip_id: prompts[1])
    page = open_page("doubted", within=talking_browser)
    page.get_by_role("button", name="Read prompts aloud").click()
    page.get_by_label("Words or sentences").fill("\n".join(prompts))
    page.get_by_label("Put each line into sentences").uncheck()
    page.get_by_role("button", name="Start reading").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("1 of 2", exact=True).wait_for()
    read(page)
    doubt = dialog.locator(".doubts li")
    doubt.wait_for()
    assert doubt.inner_text().startswith(f"“{prompts[0]}”: This sounds like “{prompts[1]}”")
    assert [clip.status for clip in bench.labelling.clips("doubted")] == ["drafted"]
    assert dialog.locator(".reader-prompt").inner_text() == prompts[1], "nobody waited for it"

    doubt.get_by_role("button", name="Read it again").click()
    assert dialog.locator(".reader-prompt").inner_text() == prompts[0]
    assert doubt.count() == 0
    read(page)
    doubt.get_by_role("button", name="Keep it as a draft").click()
    assert doubt.count() == 0
    assert [clip.text for clip in bench.labelling.clips("doubted")] == [prompts[0]]


def read(page: Any) -> None:
    """A take by the space bar: from one silence, over a word, to the next."""
    level = "document.querySelector('.reader .level').dataset.is"
    for heard in ("good", "quiet"):
        page.wait_for_function(f"{level} === '{heard}'")
    page.keyboard.press("Space")
    page.get_by_role("button", name="End (space)").wait_for()
    for heard in ("good", "quiet"):
        page.wait_for_function(f"{level} === '{heard}'")
    page.keyboard.press("Space")


REFUSE = """() => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
}"""


def test_without_a_microphone_it_says_what_to_do(open_page: OpenPage, bench: Workbench) -> None:
    bench.collecting.create_set("no microphone")
    page = open_page("no microphone", width=390, height=844)
    page.evaluate(REFUSE)
    record = page.locator("#recorder").get_by_role("button", name="Record")
    record.click()
    page.get_by_text("not allowed to use the microphone").wait_for()
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = undefined }")  # as on plain http
    record.click()
    page.get_by_text("over HTTPS").last.wait_for()
    assert record.is_enabled()


@pytest.mark.slow
@pytest.mark.parametrize(("status", "error"), [(500, "it broke"), (401, "sign in first")])
def test_a_take_that_was_not_kept_is_sent_again_until_it_is(
    open_page: OpenPage, talking_browser: Any, bench: Workbench, status: int, error: str
) -> None:
    name = f"kept after {status}"
    bench.collecting.create_set(name, "en")
    page = open_page(name, within=talking_browser)
    refused: list[int] = []

    def answer(route: Any) -> None:
        if len(refused) < 2:
            refused.append(status)
            route.fulfill(status=status, json={"error": error})
        else:
            route.continue_()

    page.route("**/takes", answer)
    recorder = page.locator("#recorder")
    recorder.get_by_role("button", name="Record").click()
    recorded(page, 2)
    recorder.get_by_role("button", name="Stop").click()
    page.get_by_text(f"{error} It is kept here").wait_for()
    page.get_by_text("0 of 1 confirmed").wait_for()
    assert refused == [status, status]
    assert len(bench.labelling.clips(name)) == 1


DROP = """([names, sounds]) => {
  const all = new DataTransfer();
  names.forEach((name, i) => all.items.add(new File([new Uint8Array(sounds[i])], name)));
  const event = new DragEvent('drop', { dataTransfer: all, bubbles: true, cancelable: true });
  document.querySelector('#step-collect').dispatchEvent(event);
}"""


@pytest.mark.slow
def test_files_are_dropped_anywhere_on_the_card(
    open_page: OpenPage, bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    bench.collecting.create_set("dropped")
    page = open_page("dropped")
    sounds = [list(make_wav(f"{i}.wav", 0.4, seed=70 + i).read_bytes()) for i in range(3)]
    page.evaluate(DROP, [["0.wav", "1.wav", "2.wav", "broken.wav"], [*sounds, [1, 2, 3]]])
    page.get_by_text("3 clips added · 1 rejected").wait_for()
    assert [c.name for c in bench.labelling.clips("dropped")] == ["0.wav", "1.wav", "2.wav"]
    page.get_by_text("1 more labelled clip").or_(page.get_by_text("4 more labelled clips, and")).first.wait_for()


def test_a_first_visit_leads_from_the_sample_clips_to_the_next_step(open_page: OpenPage, own_bench: Workbench) -> None:
    with Server(own_bench) as server:
        page = open_page(url=server.url)
        tabs, guide = page.locator("#steps"), page.locator("#next-step")
        tabs.get_by_text("nothing compared yet").wait_for()
        guide.get_by_text("Try the sample clips, or make a set of your own").wait_for()
        page.get_by_role("button", name="Try it with sample clips").click()
        tabs.get_by_text("160 of 160 confirmed").wait_for()
        guide.get_by_text("will judge the result").wait_for()
        assert tabs.locator("li.here b").inner_text() == "Adapt"
        guide.get_by_role("link", name="Go to Adapt").click()
        page.locator("#stage-adapt").wait_for()
        assert tabs.locator("[aria-current=page] b").inner_text() == "Adapt"
        assert not page.locator("#welcome").is_visible()
