"""The page in a real browser behind the gate: its policy holds, and a phone in the network gets in with the link."""

import socket
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.browser.conftest import IMAGES_TRIED, go
from tests.ui.served import started
from workbench.services.workbench import Workbench

HOSTILE = """() => {
  const place = document.createElement('div');
  place.innerHTML = "<img src=x onerror='window.taken = 1'><svg onload='window.taken = 2'></svg>"
    + "<iframe srcdoc='<script>parent.taken = 3</script>'></iframe><a href='javascript:window.taken=4'>x</a>";
  document.body.append(place);
  place.querySelector('a').click();
  const script = document.createElement('script');
  script.textContent = 'window.taken = 5';
  document.body.append(script);
  const other = document.createElement('script');
  other.src = 'data:text/javascript,window.taken=6';
  document.body.append(other);
}"""


def test_html_that_slipped_into_the_page_runs_nothing(browser: Any, site: str) -> None:
    page = browser.new_page()
    go(page, site)
    page.evaluate(HOSTILE)
    page.evaluate(IMAGES_TRIED)
    assert page.evaluate("() => window.taken") is None
    page.close()


def test_no_other_site_shows_the_page(browser: Any, site: str) -> None:
    page = browser.new_page()
    with page.expect_response(site):
        page.set_content(f"<iframe src='{site}' name='framed'></iframe>")  # which waits for the frame's end, too
    framed = page.frame(name="framed")
    assert framed is None or "gradio" not in framed.content()
    page.close()


def test_another_site_reads_and_writes_nothing(browser: Any, site: str, bench: Workbench) -> None:
    """A page elsewhere asks for texts, sounds and a clip, in every way that a browser offers."""
    bench.collecting.create_set("asked from elsewhere")
    context = browser.new_context()
    page = context.new_page()
    page.route("https://elsewhere.example/**", lambda route: route.fulfill(body="<body>elsewhere</body>"))
    page.goto("https://elsewhere.example/")
    asked = """async (site) => {
      const tries = [];
      for (const mode of ['cors', 'no-cors']) {
        for (const [path, method] of [['/config', 'GET'], ['/texts/csv?of=asked%20from%20elsewhere', 'GET'],
          ['/takes', 'POST'], ['/gradio_api/upload', 'POST'], ['/gradio_api/queue/join', 'POST']]) {
          try {
            const answer = await fetch(site + path, { mode, method, credentials: 'include',
              body: method === 'POST' ? 'x' : undefined });
            tries.push(answer.type === 'opaque' ? '' : await answer.text());
          } catch { tries.push(''); }
        }
      }
      return tries;
    }"""
    assert set(page.evaluate(asked, site)) == {""}
    assert bench.labelling.clips("asked from elsewhere") == []
    assert list(bench.uploads.root.rglob("*.*")) == []
    context.close()


def network_address() -> str:
    found = [a.address for each in psutil.net_if_addrs().values() for a in each if a.family == socket.AF_INET]
    address = next((a for a in found if not a.startswith("127.")), None)
    if address is None:
        pytest.skip("this machine has no address besides its own loopback")
    return address


@pytest.mark.slow
def test_a_phone_in_the_network_signs_in_with_the_link_and_records_a_clip_set(browser: Any, tmp_path: Path) -> None:
    address = network_address()
    with started(tmp_path / "w", "--host", "0.0.0.0") as served:
        link = next(line for line in served.lines if "/login?key=" in line).split()[-1]
        context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
        phone = context.new_page()
        phone.goto(f"http://{address}:{served.port}/")
        phone.get_by_text("by the link that it printed").wait_for()
        assert link.startswith(f"http://{address}:{served.port}/login?key=")
        phone.goto(link)
        phone.get_by_role("button", name="Open the workbench").click()
        phone.locator("#step-compare").wait_for(state="attached")
        go(phone, f"http://{address}:{served.port}/")
        phone.get_by_role("button", name="Start with my own").or_(phone.locator("#start-own")).first.click()
        phone.locator("#set-name input, #set-name textarea").fill("from the phone")
        phone.get_by_role("button", name="Create").first.click()
        phone.wait_for_function("document.querySelector('#set-choice input').value === 'from the phone'")
        context.close()
        stranger = browser.new_context().new_page()
        stranger.goto(f"http://{address}:{served.port}/")
        stranger.get_by_text("by the link that it printed").wait_for()
        stranger.context.close()
    bench = Workbench.open(tmp_path / "w")
    assert [info.name for info in bench.collecting.sets()] == ["from the phone"]
    bench.close()


@pytest.mark.slow
def test_the_page_works_with_a_password_and_comes_back_by_a_link_from_elsewhere(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse battery", encoding="utf-8")
    with started(tmp_path / "w", "--password-file", str(tmp_path / "password")) as served:
        site = f"http://127.0.0.1:{served.port}"
        context = browser.new_context()
        page = context.new_page()
        page.goto(site)
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Open the workbench").click()
        page.get_by_role("alert").get_by_text("not the password").wait_for()
        page.get_by_label("Password").fill("correct horse battery")
        page.get_by_role("button", name="Open the workbench").click()
        page.locator("#step-compare").wait_for(state="attached")
        other = context.new_page()  # a mail program in the same browser
        other.route(
            "https://mail.example/",
            lambda r: r.fulfill(body=f"<a href='{site}/'>the page</a>", content_type="text/html"),
        )
        other.goto("https://mail.example/")
        other.get_by_text("the page").click()
        other.locator("#step-compare").wait_for(state="attached")
        context.close()
