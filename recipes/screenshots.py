"""Takes the README's pictures of the page: `python -m recipes.screenshots WORKSPACE SET [OUT]`.

The set needs a finished run. Chromium is taken from CHROMIUM or the PATH.
"""

import os
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--use-fake-device-for-media-stream"]
PICTURES = {  # name -> width, height, dark
    "desktop": (1440, 900, False),
    "dark": (1440, 900, True),
    "phone": (390, 844, False),
}


def main(workspace: str, set_name: str, out: str = "assets/screenshots") -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Workbench.open(workspace)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with Server(bench) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (width, height, dark) in PICTURES.items():
            take(browser, server.url, set_name, folder / f"{name}.png", width=width, height=height, dark=dark)
        browser.close()
    bench.close()


def take(browser: Browser, url: str, set_name: str, file: Path, *, width: int, height: int, dark: bool) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        device_scale_factor=1.5 if width < 500 else 1,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(url)
    page.locator("#board").wait_for()
    page.wait_for_timeout(2000)
    box = page.get_by_role("combobox", name="Clip set")
    if box.input_value() != set_name:
        box.click()
        page.get_by_role("option", name=set_name, exact=True).click()
    page.get_by_label("Verdict").wait_for()
    page.locator("#clip-timeline .timeline").wait_for()
    page.wait_for_timeout(2000)  # its picture is on its way
    page.evaluate("document.querySelectorAll('.lane').forEach((lane) => { lane.scrollTop = 0 }); window.scrollTo(0, 0)")
    if width < 500:
        page.evaluate("document.getElementById('step-compare').scrollIntoView()")
    page.wait_for_timeout(1000)
    page.screenshot(path=file)
    with Image.open(file) as picture:  # 256 colours are enough and a third of the bytes
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
