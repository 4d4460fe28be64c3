"""The page by keyboard: a list closes behind who leaves it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import settled

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


@pytest.mark.slow
def test_a_list_closes_behind_the_keyboard(open_page: OpenPage) -> None:
    page = open_page()
    fields = page.locator("input[role=combobox]:enabled:visible")
    assert fields.count() >= 5
    for n in range(fields.count()):
        fields.nth(n).focus()
        page.locator("[role=listbox]").first.wait_for(state="attached")
        page.keyboard.press("Tab")
        assert fields.nth(n).evaluate("(field) => field !== document.activeElement"), "Tab still leaves the field"
    page.evaluate("document.activeElement.blur()")
    settled(page)
    page.wait_for_function("!document.querySelector('[role=listbox]')")  # one that closes fades first
