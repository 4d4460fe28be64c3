"""Several people at one server: what takes one of them long does not hold up the others."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import until, write_samples
from workbench.services.workbench import Workbench

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def upload(page: Any, path: Path) -> None:
    if not page.locator("#upload").is_visible():
        page.get_by_text("Record or add files").first.click()
    page.locator("#upload").locator("xpath=..").locator("input[type=file]").first.set_input_files([path])


@pytest.mark.slow
def test_a_slow_upload_of_one_holds_up_nobody(
    open_page: OpenPage,
    bench: Workbench,
    tmp_path: Path,
    make_wav: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "together", n=3), "together")
    slow, quick = make_wav("slow.wav", 0.6, seed=41), make_wav("quick.wav", 0.6, seed=42)
    began, free = threading.Event(), threading.Event()
    add = bench.collecting.add_files

    def held(set_name: str, files: Any, **wishes: Any) -> Any:
        if any(name == "slow.wav" for _, name in files):
            began.set()
            assert free.wait(120)
        return add(set_name, files, **wishes)

    monkeypatch.setattr(bench.collecting, "add_files", held)
    first, second = open_page("together"), open_page("together")
    try:
        upload(first, slow)
        until(first, began.is_set)
        upload(second, quick)  # the very same handler
        second.get_by_text("1 clip added").wait_for()
        field = second.locator("li.clip textarea").first
        field.fill("written meanwhile")
        second.get_by_role("button", name="Confirm", exact=False).and_(second.locator("li.clip button")).first.click()
        first.wait_for_function(
            "[...document.querySelectorAll('li.clip textarea')].some((t) => t.value.startsWith('written'))"
        )
        assert not free.is_set()
        assert "slow.wav" not in {clip.name for clip in bench.labelling.clips("together")}
    finally:
        free.set()
    first.get_by_text("1 clip added").wait_for()
    second.get_by_text("slow.wav").first.wait_for()
