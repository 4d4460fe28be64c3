"""The page in the language of the browser, and in one that is chosen at its top, with what it answers."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE_MS, write_samples
from workbench.language.catalogue import catalogue
from workbench.language.spoken import speaking
from workbench.services.workbench import Workbench
from workbench.ui import text

pytestmark = pytest.mark.browser
NAME_NEEDED = "A clip set needs a name of 1 to {most} characters."


def test_it_speaks_as_the_browser_asks_and_as_is_chosen(
    browser: Any, site: str, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "spoken", n=3), "spoken")
    context = browser.new_context(locale="de-DE", viewport={"width": 390, "height": 844})
    context.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{site}#set=spoken&step=collect")
        with speaking("de"):
            upload = text.UPLOAD
        page.get_by_text(upload).first.wait_for()
        page.locator("#clip-list li").get_by_text("Bestätigt").first.wait_for()
        assert page.evaluate("document.documentElement.lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, "longer words fit, too"

        page.get_by_role("button", name=catalogue("de").text("text.NEW_SET", text.NEW_SET), exact=True).click()
        page.locator("#set-name input, #set-name textarea").fill(" ")
        page.get_by_role("button", name=catalogue("de").text("text.CREATE", text.CREATE), exact=True).click()
        page.get_by_text(catalogue("de").template(NAME_NEEDED).format(most=80)).wait_for()

        with page.expect_navigation():
            page.locator("select[data-language]").select_option("fr")
        page.get_by_text(catalogue("fr").text("text.UPLOAD", text.UPLOAD)).first.wait_for()
        assert page.evaluate("document.documentElement.lang") == "fr"
        assert "set=spoken" in page.evaluate("location.hash"), "it stays where it was"
        other = context.new_page()
        other.goto(site)
        other.wait_for_function("document.documentElement.lang === 'fr'")
    finally:
        context.close()
    assert errors == []
