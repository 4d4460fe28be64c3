"""Labelling with the keyboard alone, several clips at once, and two people at one clip."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.browser.conftest import settled
from tests.conftest import speechlike
from workbench.core.types import Clip, Heard
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
# The pause of typing after which a label is saved becomes a minute.
LATER = """() => {
  const real = window.setTimeout;
  window.setTimeout = (act, ms, ...more) => real(act, ms === 1200 ? 60000 : ms, ...more);
}"""


@pytest.fixture
def drafted(bench: Workbench, tmp_path: Path) -> Callable[[str, int], list[Clip]]:
    """drafted("set", n): n clips, each with a draft whose second word the model was unsure of."""

    def make(name: str, n: int) -> list[Clip]:
        for i in range(n):
            sound = speechlike(0.4, seed=sum(map(ord, name)) * 100 + i)
            soundfile.write(tmp_path / f"{name} {i + 1}.wav", sound, 16_000)
        bench.collecting.import_path(tmp_path, name)
        ids = [clip.id for clip in bench.labelling.clips(name)]
        drafts = {i: Heard(f"take amoxicilin {place}", (0.9, 0.3, 0.8)) for place, i in enumerate(ids)}
        bench.labelling.save_drafts("ctc-en", drafts)
        return bench.labelling.clips(name)

    return make


def focused(page: Any) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def wait_for_focus(page: Any, clip: Clip) -> None:
    page.wait_for_function(
        "(name) => document.activeElement.getAttribute('aria-label') === `What is said (label): ${name}`",
        arg=clip.name,
    )


@pytest.mark.slow
def test_twenty_clips_are_labelled_with_the_keyboard_alone(
    open_page: OpenPage, bench: Workbench, drafted: Callable[[str, int], list[Clip]]
) -> None:
    clips = drafted("twenty", 21)
    page = open_page("twenty")
    first = page.locator("li.clip").first
    first.wait_for()
    assert first.locator(".marks u").all_inner_texts() == ["amoxicilin"]
    assert first.locator(".chip", has_text="draft · 1 unsure").count() == 1
    page.locator("#clip-list textarea").first.focus()
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby').split(' ')[0]")
    assert page.locator(f"#{described}").inner_text() == "The model was unsure of: amoxicilin."

    for place, clip in enumerate(clips[:20]):
        wait_for_focus(page, clip)
        if place % 2:
            page.keyboard.press("Control+A")
            page.keyboard.type(f"take amoxicillin {place}")
        for key in ("F8", "F7", "F8"):  # play, back, pause: none of them writes
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    wait_for_focus(page, clips[20])
    page.get_by_text("20 of 21 confirmed").wait_for()
    expected = [f"take amoxicil{'l' if place % 2 else ''}in {place}" for place in range(20)]
    assert [bench.labelling.clip(c.id).text for c in clips[:20]] == expected

    page.keyboard.press("F2")
    wait_for_focus(page, clips[19])
    page.get_by_text("19 of 21 confirmed").wait_for()
    assert bench.labelling.clip(clips[19].id).status == "drafted"
    page.keyboard.press("Alt+ArrowUp")
    wait_for_focus(page, clips[18])
    page.keyboard.press("Alt+ArrowDown")
    wait_for_focus(page, clips[19])
    page.keyboard.press("Enter")
    page.get_by_text("20 of 21 confirmed").wait_for()

    page.keyboard.press("F9")
    page.keyboard.press("Control+/")
    page.get_by_role("heading", name="Keys for labelling").wait_for()
    page.keyboard.press("Escape")
    page.get_by_label("Autoplay").check()
    page.reload()
    page.locator("li.clip").nth(20).wait_for()
    assert page.locator("li.clip textarea").nth(19).input_value() == bench.labelling.clip(clips[19].id).text
    assert page.locator("li.clip[data-status=confirmed]").count() == 20
    assert page.get_by_label("Autoplay").is_checked()
    assert page.get_by_role("button", name="Speed 1.25×").count() == 1


@pytest.mark.slow
def test_the_list_goes_on_over_pages_and_out_of_a_filter(
    open_page: OpenPage,
    bench: Workbench,
    drafted: Callable[[str, int], list[Clip]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.ui.label.clip_rows.PAGE_SIZE", 3)
    clips = drafted("pages", 5)
    page = open_page("pages")
    page.get_by_text("1 to 3 of 5").wait_for()
    page.locator("#clip-list textarea").nth(2).focus()
    page.keyboard.press("Enter")
    wait_for_focus(page, clips[3])
    page.get_by_text("4 to 5 of 5").wait_for()
    page.locator("#show input").click()
    page.get_by_role("option", name="Drafts to check").click()
    page.get_by_text("1 to 3 of 4").wait_for()
    page.locator("#clip-list textarea").first.focus()
    for clip in (clips[0], clips[1], clips[3], clips[4]):
        wait_for_focus(page, clip)
        page.keyboard.press("Enter")
    page.get_by_text("No clip matches this filter.").wait_for()
    assert bench.labelling.count("pages", status="confirmed") == 5
    page.keyboard.press("F2")


@pytest.mark.slow
def test_typing_is_not_disturbed_by_what_others_do(
    open_page: OpenPage, bench: Workbench, drafted: Callable[[str, int], list[Clip]]
) -> None:
    clips = drafted("calm", 3)
    page = open_page("calm")
    page.locator("#show input").click()
    page.get_by_role("option", name="Drafts to check").click()
    box = page.locator("#clip-list textarea").nth(1)
    box.focus()
    before = box.bounding_box()["y"]
    page.keyboard.press("End")
    page.keyboard.type(" times")
    bench.labelling.confirm([clips[0].id], "ben")  # the row above leaves the filter
    page.wait_for_function("document.querySelectorAll('li.clip').length === 2")
    assert focused(page) == f"What is said (label): {clips[1].name}"
    assert page.evaluate("document.activeElement.value") == f"{clips[1].text} times"
    after = page.evaluate("document.activeElement.getBoundingClientRect().top")
    assert after <= before + 1, "it may move up where nothing scrolls, and never down"
    page.keyboard.type(" a day")
    assert page.evaluate("document.activeElement.value") == f"{clips[1].text} times a day"


@pytest.mark.slow
def test_two_people_at_one_clip_are_told_and_nothing_is_lost(
    open_page: OpenPage, bench: Workbench, drafted: Callable[[str, int], list[Clip]]
) -> None:
    (clip,) = drafted("both", 1)
    ada, ben = open_page("both"), open_page("both")
    for tab, name in ((ada, "ada"), (ben, "ben")):
        tab.get_by_label("Your name (author)").fill(name)
        tab.get_by_label("Your name (author)").blur()
    box = ben.get_by_label("What is said (label)")
    box.focus()
    ben.keyboard.press("End")
    ben.evaluate(LATER)
    ben.keyboard.type(" by ben")  # not saved yet: its pause is a minute now
    ada.get_by_label("What is said (label)").fill("what ada heard")
    ada.get_by_label("What is said (label)").press("Enter")
    ben.get_by_text("ada has just changed this label").wait_for()
    assert box.input_value().endswith(" by ben")
    box.press("Enter")
    ben.get_by_text("ada changed this label while you were editing").wait_for()
    assert [(r.author, r.text) for r in bench.labelling.history(clip.id)] == [
        ("ada", "what ada heard"),
        ("ben", f"{clip.text} by ben"),
    ]
    ben.get_by_role("button", name="Take theirs").click()
    ben.wait_for_function("document.querySelector('li.clip textarea').value === 'what ada heard'")
    ada.wait_for_function("document.querySelector('li.clip textarea').value === 'what ada heard'")
    settled(ben)
    settled(ada)
    assert [r.author for r in bench.labelling.history(clip.id)] == ["ada", "ben", "ben"]
    ben.reload()
    ben.locator("li.clip").wait_for()
    ben.wait_for_function("document.querySelector('#author input, #author textarea').value === 'ben'")


@pytest.mark.slow
def test_several_clips_are_confirmed_deleted_and_brought_back(
    open_page: OpenPage, bench: Workbench, drafted: Callable[[str, int], list[Clip]]
) -> None:
    clips = drafted("several", 4)
    page = open_page("several")
    for clip in clips[1:3]:
        page.get_by_role("checkbox", name=f"Select: {clip.name}").check()
    page.get_by_text("2 selected").wait_for()
    page.get_by_role("button", name="Confirm selected").click()  # the tab accepts the question
    page.get_by_text("2 clips confirmed.").wait_for()
    assert bench.labelling.count("several", status="confirmed") == 2
    page.locator(".above").get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('li.clip[data-status=drafted]').length === 4")
    page.get_by_role("checkbox", name="Select all on this page").check()
    page.get_by_role("button", name="Delete selected").click()
    page.get_by_text("4 clips are in the bin for a week.").wait_for()
    page.get_by_role("button", name="Undo delete").click()
    page.wait_for_function("document.querySelectorAll('li.clip').length === 4")
    assert bench.labelling.count("several") == 4
