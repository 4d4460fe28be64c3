"""Takes the README's pictures of the page: `python -m recipes.screenshots WORKSPACE SET [OUT]`.

The set needs a finished run. Chromium is taken from CHROMIUM or the PATH.
"""

import os
import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--use-fake-device-for-media-stream"]
PICTURES = {  # name -> stage, width, height, dark
    "desktop": ("compare", 1440, 900, False),
    "collect": ("collect", 1440, 900, False),
    "adapt": ("adapt", 1440, 900, False),
    "dark": ("compare", 1440, 900, True),
    "phone": ("collect", 390, 844, False),
    "phone-compare": ("compare", 390, 844, False),
}


def main(workspace: str, set_name: str, out: str = "assets/screenshots") -> None:
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    bench = Workbench.open(workspace)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with Server(bench) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (stage, width, height, dark) in PICTURES.items():
            address = f"{server.url}/#{urlencode({'set': set_name, 'step': stage})}"
            take(browser, address, folder / f"{name}.png", width=width, height=height, dark=dark)
        browser.close()
    bench.close()


def take(browser: Browser, address: str, file: Path, *, width: int, height: int, dark: bool) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.get_by_label("Verdict").wait_for(state="attached")
    page.locator("#clip-timeline .timeline").wait_for(state="attached")
    page.locator("#clip-list li.clip").first.wait_for(state="attached")
    page.wait_for_timeout(4000)  # pictures are on their way
    page.screenshot(path=file)
    with Image.open(file) as picture:  # 256 colours are enough and a third of the bytes
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)
    context.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
