"""What opening the page costs a browser: bytes over the wire, requests, and the time until it can be used.

Two pages take turns, each served by a process of its own that is warm, each opened by a new visitor of one Chromium:
the workbench on a first visit, and a Gradio app of one button, each as it serves itself: both compress with brotli.
The first button is there when it is on top and in one place for two frames, as the page itself sees it. The first click
is possible when Playwright would click it, which looks at growing intervals of up to half a second. A page is
interactive when, for two seconds after that moment, nothing keeps the browser's one thread busy for longer than 50 ms
at a stretch (the idea of Lighthouse's time to interactive, with a shorter quiet window).
"""

import json
import os
import shutil
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MEASURED = ("kilobytes", "requests", "seconds_to_button", "seconds_to_first_click", "seconds_to_interactive")
LIMIT_S = 180.0  # until a page must answer
QUIET_MS = 2_000  # without a long task, or the page counts as busy
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTasks.push([task.startTime, task.duration]);
}).observe({ type: 'longtask', buffered: true });
"""
BUTTON = """(said) => {
  let before = '';
  const look = () => {
    for (const button of document.querySelectorAll('button')) {
      if (button.textContent.trim() !== said) continue;
      const { x, y, width, height } = button.getBoundingClientRect(), place = [x, y, width, height].join();
      const there = width && button.contains(document.elementFromPoint(x + width / 2, y + height / 2));
      if (there && place === before) {
        window.buttonThere = performance.now();
        return;
      }
      before = there ? place : '';
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


def chromium() -> str | None:
    """Chromium's path, from CHROMIUM or the PATH."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def measure(rounds: int, ways: dict[str, tuple[list[str], int, str]], folder: Path) -> list[dict[str, Any]]:
    """One row for each of bytes, requests and seconds: theirs, ours, and the ratio.

    Args:
        ways: Name -> command that serves the page, its port, and the name of the button that must answer; "theirs"
            and "ours".
    """
    from playwright.sync_api import sync_playwright

    found: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        served = [serving(command, port, folder / f"{name}.log") for name, (command, port, _) in ways.items()]
        with served[0], served[1]:
            for number in range(rounds + 1):
                for name, (_, port, button) in ways.items():
                    seen = visit(browser, f"http://127.0.0.1:{port}/", button)
                    if number:  # the first visit of each warms its server
                        found[name].append(seen)
        browser.close()
    return [_row(what, found["theirs"], found["ours"]) for what in MEASURED]


def visit(browser: Any, url: str, button: str) -> dict[str, float]:
    """What one new visitor's opening of a page costs."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.add_init_script(LONG_TASKS)
    page.add_init_script(f"({BUTTON})({json.dumps(button)})")
    page.goto(url)
    page.get_by_role("button", name=button, exact=True).first.click(trial=True, timeout=LIMIT_S * 1000)
    usable = page.evaluate("performance.now()")
    there = page.evaluate("window.buttonThere")
    page.wait_for_timeout(QUIET_MS)
    tasks = page.evaluate("window.longTasks")
    deadline = time.monotonic() + LIMIT_S
    while tasks and page.evaluate("performance.now()") - sum(tasks[-1]) < QUIET_MS and time.monotonic() < deadline:
        page.wait_for_timeout(100)
        tasks = page.evaluate("window.longTasks")
    quiet = max([usable, *(start + duration for start, duration in tasks)])
    context.close()
    costs = (sum(sizes) / 1000, len(sizes), there / 1000, usable / 1000, quiet / 1000)
    return dict(zip(MEASURED, costs, strict=True))


def _row(what: str, theirs: list[dict[str, float]], ours: list[dict[str, float]]) -> dict[str, Any]:
    other, own = (statistics.median(seen[what] for seen in way) for way in (theirs, ours))
    return {
        "what": what,
        "against": "Gradio app of one button",
        "theirs": round(other, 3),
        "ours": round(own, 3),
        "ours_to_theirs": round(own / other, 3),
    }


@contextmanager
def serving(command: list[str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that serves a page, once it answers; ended with the block."""
    quiet = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=out, stderr=out, env=quiet)
    try:
        began = time.monotonic()
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LIMIT_S) as answer:
                    answer.read()
                    break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.monotonic() - began > LIMIT_S:
                    raise RuntimeError(log.read_text()) from None
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)
