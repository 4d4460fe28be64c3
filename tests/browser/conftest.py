"""A real Chromium before the real page, served by this process; skipped where there is no Chromium."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.conftest import speechlike
from workbench.assets import assets_root
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
]
PATIENCE_MS = 60_000  # the machine may be busy; what is waited for comes in a second on an idle one
POLL_MS = 50
# Counts what the page asks the server by Gradio's queue, and what was answered: a question is an event, its answer a
# message in a stream.
COUNT_QUESTIONS = """() => {
  if (window.asked) return;
  const asked = window.asked = { sending: 0, open: new Set(), answered: new Set(), last: performance.now() };
  const note = (change) => { change(); asked.last = performance.now(); };
  const read = async (stream) => {
    const letters = new TextDecoder();
    let text = '';
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (text + letters.decode(value, { stream: true })).split('\\n');
      text = lines.pop();
      for (const line of lines.filter((l) => l.startsWith('data:'))) {
        const said = JSON.parse(line.slice(5));
        if (said.msg === 'process_completed') {
          note(() => { asked.open.delete(said.event_id); asked.answered.add(said.event_id); });
        }
      }
    }
  };
  const real = window.fetch;
  window.fetch = async (...about) => {
    const url = String(about[0].url || about[0]);
    if (url.includes('/queue/join')) note(() => { asked.sending += 1; });
    try {
      const answer = await real(...about);
      if (url.includes('/queue/data') && answer.body) read(answer.clone().body).catch(() => {});
      if (url.includes('/queue/join') && answer.ok) {
        const { event_id: id } = await answer.clone().json();
        note(() => { if (!asked.answered.has(id)) asked.open.add(id); });
      }
      return answer;
    } finally {
      if (url.includes('/queue/join')) note(() => { asked.sending -= 1; });
    }
  };
}"""
# Images are tried one after the other: when this one has failed, so have those before it.
IMAGES_TRIED = """() => new Promise((tried) => {
  const image = new Image();
  image.onerror = () => setTimeout(tried);
  image.src = 'data:image/png;base64,';
})"""
# Frames in which every box of the page stays where it is; animations that do not end in 5 s are not waited for.
STILL = """async () => {
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  for (let i = 0; i < 3; i += 1) await frame();
  const ended = Promise.allSettled(document.getAnimations().map((a) => a.finished));
  await Promise.race([ended, new Promise((late) => setTimeout(late, 5000))]);
  const tops = () => [...document.querySelectorAll('.stage > *')].map((e) => e.getBoundingClientRect().y);
  const places = () => [scrollY, ...tops()].join();
  for (let before = '', same = 0; same < 5; await frame()) {
    const now = places();
    same = now === before ? same + 1 : 0;
    before = now;
  }
}"""
# What follows an answer is asked within a few frames of it.
SETTLED = """() => asked.answered.size && !asked.sending && !asked.open.size && performance.now() - asked.last > 250"""


def chromium() -> str:
    """Chromium's path, from CHROMIUM or the PATH."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium on this machine; install it or name it in CHROMIUM")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium()
    with sync_api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Any) -> Iterator[Any]:
    opened = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
    yield opened
    opened.close()


@pytest.fixture
def speaking_browser(playwright: Any, tmp_path: Path) -> Iterator[Any]:
    """A Chromium whose microphone plays a sentence over and over, so that a busy machine misses none of it."""
    spoken = tmp_path / "spoken.wav"
    try:
        subprocess.run(["espeak-ng", "-w", spoken, "please close the valve"], check=True, capture_output=True)
        samples, rate = soundfile.read(spoken)
    except (OSError, subprocess.CalledProcessError):
        samples, rate = speechlike(2.0), 16_000
    at_48k = np.interp(np.arange(0, len(samples) / rate, 1 / 48_000), np.arange(len(samples)) / rate, samples)
    wav = tmp_path / "microphone.wav"
    soundfile.write(wav, at_48k, 48_000, subtype="PCM_16")
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={wav}"]
    opened = playwright.chromium.launch(executable_path=chromium(), args=flags)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One workbench for all browser tests; each test has its own sets."""
    yield from _bench(tmp_path_factory.mktemp("browser") / "workspace")


@pytest.fixture(scope="session")
def site(bench: Workbench) -> Iterator[str]:
    with Server(bench) as server:
        yield server.url


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench of one's own, for what a first visit shows."""
    yield from _bench(tmp_path / "own")


def _bench(root: Path) -> Iterator[Workbench]:
    opened = Workbench.open(root)
    yield opened
    for run in opened.adaptation.runs():
        if run.active:
            kill_worker(opened, run.id)
    opened.close()


def kill_worker(bench: Workbench, run: str) -> None:
    """End a run's process as a crash would."""
    import psutil

    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[-2:] == [str(bench.workspace.root), run]:
            os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
def open_page(browser: Any, site: str) -> Iterator[Callable[..., Any]]:
    """open_page("set", step=…, width=…, height=…, dark=…): a visitor's tab; an error in its scripts fails a test."""
    contexts, errors = [], []

    def open_tab(
        set_name: str | None = None,
        *,
        url: str = site,
        width: int = 1440,
        height: int = 900,
        dark: bool = False,
        within: Any = browser,
        step: str = "collect",
    ) -> Any:
        context = within.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: "Content Security Policy" in said.text and errors.append(said.text))
        page.on("dialog", lambda dialog: dialog.accept())
        go(page, url, step)
        if set_name:
            choose(page, set_name)
        return page

    yield open_tab
    for context in contexts:
        context.close()
    assert errors == []


def go(page: Any, url: str, step: str = "") -> None:
    """Open the page, or open it again, and wait until its first answers have come.

    Args:
        step: The stage to open; else the one that its address names.
    """
    page.add_init_script(f"({COUNT_QUESTIONS})()")
    if step:
        url = f"{url.partition('#')[0]}#step={step}"
    if url.partition("#")[0] == page.url.partition("#")[0]:
        page.evaluate("(url) => history.replaceState(null, '', url)", url)
        page.reload()  # another address of the same page would only scroll
    else:
        page.goto(url)
    page.locator("#board").wait_for()
    page.locator("#step-compare").wait_for(state="attached")
    settled(page)


def stage(page: Any, step: str) -> None:
    """Open a stage by its tab."""
    page.locator(f".stepper a[data-step={step}]").click()
    page.locator(f"#stage-{step}").wait_for()


def more_settings(page: Any) -> None:
    """Open what those choose who know what they do, where it is not open yet."""
    if not page.locator("#strategy").is_visible():
        page.get_by_role("button", name="I know what I do").click()
        page.locator("#strategy").wait_for()


def strategy(page: Any, label: str) -> None:
    """Choose what may learn."""
    more_settings(page)
    page.get_by_label(label, exact=True).check()


def settled(page: Any) -> None:
    """Wait until the page has an answer to all that it asked, and asks nothing more."""
    page.wait_for_function(SETTLED)


def until(page: Any, holds: Callable[[], Any]) -> None:
    """Wait until something holds on this side; the browser is heard meanwhile."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not holds():
        assert time.monotonic() < end, "what was waited for did not come"
        page.wait_for_timeout(POLL_MS)


def still(page: Any) -> None:
    """Wait until nothing on the page moves any more: what was shown or hidden, and what scrolls."""
    page.evaluate(STILL)


def recorded(page: Any, seconds: int) -> None:
    """Wait until the recorder has counted down this much of a take."""
    page.wait_for_function(
        """(seconds) => {
          const left = parseInt(document.querySelector('#recorder .clock').textContent.match(/\\d+/)[0], 10);
          return left > 0 && left <= 29 - seconds;
        }""",
        arg=seconds,
    )


def choose(page: Any, set_name: str) -> None:
    """Choose a set at the top."""
    box = page.get_by_role("combobox", name="Clip set")
    if box.input_value() != set_name:
        box.click()
        page.get_by_role("option", name=set_name, exact=True).click()
    settled(page)


def write_samples(folder: Path, *, n: int) -> Path:
    """A folder with the first n clips of the clinic sample set, not divided yet, and its word list."""
    source = assets_root() / "clips" / "clinic"
    rows = [json.loads(line) for line in (source / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[:n]]
    (folder / "audio").mkdir(parents=True)
    for row in rows:
        del row["split"]
        shutil.copy(source / row["audio_filepath"], folder / row["audio_filepath"])
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    shutil.copy(source / "words.txt", folder / "words.txt")
    return folder
