"""The label doctor on the page: findings, the clips they name, one click that mends, one that takes it back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ui.conftest import HOSTILE
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

TEXTS = ("Take 5 tablets.", "Take two tablets.", "Open the door.", "don’t go.", f"It said {HOSTILE} ok.")


def test_a_remedy_is_read_applied_and_taken_back(
    open_page: Callable[..., Any], bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    files = [(make_wav(f"d{i}.wav", 1.5, seed=700 + i), f"d{i}.wav") for i in range(len(TEXTS))]
    bench.collecting.add_files("sick", files, language="en")
    clips = bench.labelling.clips("sick")
    for clip, label in zip(clips, TEXTS, strict=True):
        bench.labelling.save(clip.id, label, author="ada", confirmed=True)
    page = open_page("sick")
    page.evaluate("() => { window.alert = () => { window.hacked = true } }")
    page.get_by_text("things to look at in 5 labels").click()
    numbers = page.get_by_label("Digits and number words mixed", exact=True)
    assert "Take 5 five tablets." in numbers.inner_text()
    assert numbers.locator("del", has_text="5").first.inner_text() == "5"
    page.locator("li.clip", has_text="digits, where other labels have number words").first.wait_for()

    page.get_by_role("button", name="Show these clips: Odd characters").click()
    page.get_by_text("Only 2 clips: Odd characters").wait_for()
    page.wait_for_function("document.querySelectorAll('li.clip').length === 2")
    page.get_by_role("button", name="Show all clips").click()
    page.wait_for_function("document.querySelectorAll('li.clip').length === 5")

    page.get_by_role("button", name="Write all numbers as words").click()  # the tab accepts the question
    page.get_by_text("2 labels changed: Digits and number words mixed").first.wait_for()
    page.wait_for_function(
        "[...document.querySelectorAll('li.clip textarea')].some((t) => t.value === 'Take five tablets.')"
    )
    numbers.wait_for(state="detached")
    first = bench.labelling.clip(clips[0].id)
    assert (first.text, first.status) == ("Take five tablets.", "confirmed")
    assert bench.labelling.history(first.id)[-1].author == "expert · label doctor: numbers"

    page.reload()
    page.get_by_text("to look at in 5 labels").click()
    page.get_by_role("button", name="Take it back: Digits").click()
    numbers.wait_for()
    assert bench.labelling.clip(first.id).text == "Take 5 tablets."
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelectorAll('#doctor script, #doctor img').length") == 0
