"""Long recordings, tiers and archives through the page; texts out of it."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.browser.conftest import PATIENCE_MS
from tests.conftest import speechlike
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

GRID = '"ooTextFile" "TextGrid" 0 4 <exists> 2 "IntervalTier" "Ann" 0 4 2 0 2 "one" 2 4 "two" '
GRID += '"IntervalTier" "Gloss" 0 4 1 0 4 "<b>three</b>"'


def add(page: Any, *paths: Path) -> None:
    page.locator("#upload").locator("xpath=..").locator("input[type=file]").set_input_files(list(paths))


@pytest.mark.slow
def test_cut_choose_a_tier_and_take_the_texts_along(
    open_page: Callable[..., Any], bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.create_set("sets in")
    soundfile.write(tmp_path / "call.wav", np.stack([speechlike(40, seed=s) for s in (31, 32)], axis=1), 16_000)
    with zipfile.ZipFile(tmp_path / "field.zip", "w") as packed:
        soundfile.write(tmp_path / "story.wav", speechlike(4, seed=33), 16_000)
        packed.write(tmp_path / "story.wav", "field/story.wav")
        packed.writestr("field/story.TextGrid", GRID)
    page = open_page("sets in")
    page.get_by_role("button", name="What can be added").click()
    page.get_by_label("Each channel is a speaker of its own").check()
    add(page, tmp_path / "call.wav")
    page.get_by_text("cut in its pauses into").wait_for(timeout=PATIENCE_MS)
    assert {c.speaker for c in bench.labelling.clips("sets in")} == {"call channel 1", "call channel 2"}

    add(page, tmp_path / "field.zip")
    page.get_by_role("button", name="Import these tiers").wait_for(timeout=PATIENCE_MS)
    page.get_by_role("checkbox", name="Ann", exact=True).check()
    page.get_by_role("button", name="Import these tiers").click()
    page.get_by_text("2 clips added").wait_for(timeout=PATIENCE_MS)
    assert not page.locator("#tiers").is_visible()
    assert [c.text for c in bench.labelling.clips("sets in") if c.text] == ["one", "two"]
    assert [p for p in (bench.workspace.temporary / "uploads").rglob("*") if p.suffix in (".zip", ".wav")] == []

    page.get_by_role("button", name="Take the texts along").click()
    with page.expect_download() as got:
        page.get_by_role("link", name="Labels of this set: Subtitles (SRT)").click()
    assert got.value.suggested_filename == "story.srt"
    assert Path(got.value.path()).read_text(encoding="utf-8").startswith("1\n00:00:00,000 --> 00:00:02,000\none\n")
