"""What opening the page asks for, and what it asks for afterwards: nothing, until something has changed."""

import subprocess
import sys
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE_MS, choose, go, settled, until
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

MOST_REQUESTS = 60
MOST_KB = 600
SEES = """(hidden) => {
  for (const [name, value] of [['visibilityState', hidden ? 'hidden' : 'visible'], ['hidden', hidden]]) {
    Object.defineProperty(document, name, { configurable: true, get: () => value });
  }
  document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.fixture
def visited(browser: Any, own_bench: Workbench) -> Any:
    """A first visit, with what it asks for: paths, and bytes over the wire."""
    with Server(own_bench) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.asked, page.sizes, errors = [], [], []
        page.on("pageerror", lambda error: errors.append(str(error)))
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.on("Network.requestWillBeSent", lambda e: page.asked.append(e["request"]["url"]))
        network.on("Network.loadingFinished", lambda e: page.sizes.append(e["encodedDataLength"]))
        go(page, server.url)
        page.server = server
        yield page
        context.close()
    assert errors == []


def test_a_first_visit_is_light(visited: Any) -> None:
    fetched = [url for url in visited.asked if not url.startswith("data:")]
    assert len(fetched) <= MOST_REQUESTS, "\n".join(fetched)
    assert sum(visited.sizes) <= MOST_KB * 1000


def test_fonts_are_the_small_ones_until_a_text_needs_the_whole(visited: Any) -> None:
    fonts = [url for url in visited.asked if url.endswith(".woff2")]
    assert [url for url in fonts if "/static/fonts/" in url] == []
    assert len(fonts) == 2
    loaded = "async (text) => (await document.fonts.load(\"16px 'IBM Plex Sans'\", text)).length"
    assert visited.evaluate(loaded, "Hello") == 1
    visited.evaluate(loaded, "Привет")
    until(visited, lambda: any("/static/fonts/IBMPlexSans/" in url for url in visited.asked))


def test_a_second_visit_fetches_what_has_changed_alone(visited: Any) -> None:
    visited.asked.clear()
    first, visited.sizes[:] = sum(visited.sizes), []
    visited.reload()
    settled(visited)
    assert sum(visited.sizes) < first / 3


def test_an_idle_page_asks_nothing_and_hears_of_what_another_process_writes(visited: Any, own_bench: Workbench) -> None:
    until(visited, lambda: any(url.endswith("/changes") for url in visited.asked))
    until(visited, lambda: asks_nothing(visited))  # what opening the page has written itself is a change, too
    _make_set(own_bench, "elsewhere")
    choose(visited, "elsewhere")


# As in a tab behind another one, in which nothing is painted: each stage comes by a clock, here a slow one.
UNPAINTED = """() => {
  window.requestAnimationFrame = () => 0;
  const real = window.setTimeout;
  window.setTimeout = (then, ms, ...given) => real(then, ms === 200 ? 1500 : ms, ...given);
}"""
DRAWN = "(stage) => document.getElementById(`stage-${stage}`)?.children.length > 0"


@pytest.fixture
def unpainted(browser: Any, own_bench: Workbench) -> Any:
    """Opens a page whose stages are drawn late."""
    with Server(own_bench) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.add_init_script(f"({UNPAINTED})()")
        yield lambda: (page.goto(server.url), page)[1]
        context.close()


def test_a_click_on_the_welcome_is_answered_though_the_stages_are_not_drawn_yet(unpainted: Any) -> None:
    page = unpainted()
    page.get_by_role("button", name="Try it with sample clips").click()
    assert not page.evaluate(DRAWN, "collect")
    page.locator("#clip-list li.clip").first.wait_for()
    page.locator("#welcome").wait_for(state="detached")


def test_what_is_typed_while_other_stages_are_being_drawn_stays_and_is_heard(
    unpainted: Any, own_bench: Workbench
) -> None:
    own_bench.collecting.import_samples("clinic")
    page = unpainted()
    until(page, lambda: page.evaluate(DRAWN, "collect"))
    assert not page.locator("#welcome").is_visible()
    field = page.locator("#author :is(input, textarea)")  # by its role it is not found in a stage that is not shown
    field.fill("Dr Who")
    assert not page.evaluate(DRAWN, "compare")
    until(page, lambda: page.evaluate(DRAWN, "compare"))
    page.locator("#clip-list li.clip").first.wait_for(state="attached")  # all are confirmed: Adapt is shown by then
    assert field.input_value() == "Dr Who"


def test_the_dark_that_was_chosen_before_is_there_before_the_stages_are(unpainted: Any) -> None:
    page = unpainted()
    switch = page.get_by_role("button", name="Switch between light and dark")
    switch.click()
    page.reload()
    switch.wait_for()
    assert page.evaluate("document.body.classList.contains('dark')")
    assert not page.evaluate(DRAWN, "compare")
    switch.click()
    page.reload()
    switch.wait_for()
    assert not page.evaluate("document.body.classList.contains('dark')")


@pytest.mark.slow
def test_a_hidden_page_hangs_up_and_asks_when_it_is_seen_again(visited: Any, own_bench: Workbench) -> None:
    open_streams = "() => performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/changes')).length"
    visited.evaluate(SEES, True)
    visited.wait_for_function(f"({open_streams})() === 1")  # an entry is made when a stream has ended
    until(visited, lambda: asks_nothing(visited))
    _make_set(own_bench, "meanwhile")
    assert asks_nothing(visited)
    visited.evaluate(SEES, False)
    choose(visited, "meanwhile")


@pytest.mark.slow
def test_a_page_that_is_not_told_asks_by_itself(visited: Any, own_bench: Workbench) -> None:
    visited.route("**/changes", lambda route: route.abort())
    visited.evaluate(SEES, True)
    visited.evaluate(SEES, False)
    _make_set(own_bench, "unheard")
    choose(visited, "unheard")


def asks_nothing(page: Any) -> bool:
    """Whether it asks nothing for so long that a change would have been told."""
    page.asked.clear()
    page.wait_for_timeout(3_000)
    return not page.asked


def _make_set(bench: Workbench, name: str) -> None:
    """Make a set in a process of its own."""
    program = (
        "import sys\nfrom workbench.services.workbench import Workbench\n"
        "bench = Workbench.open(sys.argv[1])\nbench.collecting.create_set(sys.argv[2])\nbench.close()"
    )
    subprocess.run([sys.executable, "-c", program, str(bench.workspace.root), name], check=True)
