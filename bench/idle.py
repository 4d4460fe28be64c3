"""What an open page costs while nobody touches it: seconds of processor time a minute, of the server and of a browser.

Three states, each over a set of clips: open and idle, hidden behind another tab, and open while a run is followed (the
run's own process does not count). Processor time is counted by the system, so that a busy machine measures the same.

    python -m bench.idle [--smoke]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.page import FLAGS, chromium, serving
from bench.report import RESULTS, machine, show, write
from bench.shapes import ROOT
from bench.start import free_port
from workbench.services.workbench import Workbench

SET = "clinic"
QUIET_S = 6.0  # without a question, and a page has all that it asked when it was opened
LIMIT_S = 120.0
# A headless browser hides no tab: the page is told so, which is harder, since its timers are not slowed down.
HIDE = """() => {
  for (const [name, value] of [['visibilityState', 'hidden'], ['hidden', true]]) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Processor time that these have used so far."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def watched(page: Any, server: psutil.Process, browser: list[psutil.Process], seconds: float) -> dict[str, float]:
    """Share of a core that each uses while time passes."""
    before = [cpu_seconds([server]), cpu_seconds(browser)]
    began = time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    passed = time.monotonic() - began
    used = [cpu_seconds([server]) - before[0], cpu_seconds(browser) - before[1]]
    return {"server_percent": 100 * used[0] / passed, "browser_percent": 100 * used[1] / passed}


@contextmanager
def opened(url: str) -> Iterator[tuple[Any, list[psutil.Process]]]:
    """A page over the set, and the processes of its browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = {p.pid for p in psutil.Process().children(recursive=True)}
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.asked = time.monotonic()
        page.on("request", lambda _: setattr(page, "asked", time.monotonic()))
        page.goto(url)
        page.get_by_role("combobox", name="Clip set").wait_for(timeout=LIMIT_S * 1000)
        _settle(page)
        yield page, [p for p in psutil.Process().children(recursive=True) if p.pid not in own and _browses(p)]
        browser.close()


def _settle(page: Any) -> None:
    """Wait until the page asks nothing; one that asks all the time is measured as it is."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end and time.monotonic() - page.asked < QUIET_S:
        page.wait_for_timeout(100)


def _browses(process: psutil.Process) -> bool:
    return "chrom" in process.name()


def measure(seconds: float, work: Path) -> list[dict[str, Any]]:
    """One row a state."""
    workspace = work / "workspace"
    bench = Workbench.open(workspace)
    bench.collecting.import_path(ROOT / "assets" / "clips" / SET, SET, allow_outside=True)
    port = free_port()
    command = [sys.executable, "app.py", "--workspace", str(workspace), "--port", str(port)]
    rows = []
    with serving(command, port, work / "server.log") as process, opened(f"http://127.0.0.1:{port}/") as (page, browser):
        server = psutil.Process(process.pid)

        def look(state: str, prepare: Callable[[], Any]) -> None:
            prepare()
            page.wait_for_timeout(QUIET_S * 1000)
            found = watched(page, server, browser, seconds)
            rows.append({"state": state, **{name: round(value, 2) for name, value in found.items()}})

        look("open and idle", lambda: None)
        look("following a run", lambda: _start(bench))
        # The run goes on: nothing of it may cost a page that nobody sees.
        look("hidden, a run going on", lambda: page.evaluate(HIDE))
        _end(bench)
    bench.close()
    return rows


def _start(bench: Workbench) -> None:
    bench.adaptation.start(SET, "ctc-en", "head", {"epochs": 1_000, "folds": 0, "patience": 1_000})


def _end(bench: Workbench) -> None:
    """End the run's process: nobody waits for its result."""
    for process in psutil.Process().children():
        if str(bench.workspace.root) in process.cmdline():
            process.kill()
            process.wait()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="three seconds a state: shows that it works")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        rows = measure(3.0 if given.smoke else 60.0, Path(work))
    show("An open page: percent of a core", rows)
    print(write("idle", {"machine": machine(), "rows": rows}, given.out))


if __name__ == "__main__":
    main()
