"""The page's HTML is made once for an address, and sent anew to everybody who opens it."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from starlette.requests import Request

from workbench.ui.gate.document import KEPT, Documents

HTML = "<html lang=\"en\"><head><script src='a.js'></script></head><body>{root}</body></html>"


TOKENS = count()


class App:
    """Counts how often it is asked; says under which address."""

    def __init__(self, status: int = 200) -> None:
        self.asked, self.status = 0, status

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        body = HTML.format(root=Request(scope).url).encode()
        await send({"type": "http.response.body", "body": body})


def documents_of(rewrite: Callable[[str], str], begun: bool = False) -> Documents:
    return Documents(rewrite, lambda: begun)


def opened(
    documents: Documents, app: App, *, host: str = "localhost", query: str = "", method: str = "GET", **more: str
) -> str:
    headers = {"host": host, **{name.replace("_", "-"): value for name, value in more.items()}}
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "server": ("localhost", 80),
        "path": "/",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    page = documents.page(app, Request(scope), f"token-{next(TOKENS)}")
    with ThreadPoolExecutor(1) as own:  # this thread has the loop of the browser tests
        answer = own.submit(asyncio.run, page).result()
    return bytes(answer.body).decode()


def test_the_page_is_made_once_and_each_opening_has_its_own_token_and_nonce() -> None:
    app, documents = App(), documents_of(lambda html: html.replace("body", "main"))
    first, second = opened(documents, app), opened(documents, app)
    assert app.asked == 1
    nonces = [set(re.findall('nonce="([^"]+)"', html)) for html in (first, second)]
    assert nonces[0] != nonces[1]
    assert len({token for html in (first, second) for token in re.findall(r'"(token-[^"]+)"', html)}) == 2
    assert "<main>http://localhost/</main>" in first


def test_another_address_is_another_page() -> None:
    app, documents = App(), documents_of(str)
    assert "http://localhost/" in opened(documents, app)
    assert "http://speech.example/" in opened(documents, app, host="speech.example")
    assert app.asked == 2
    opened(documents, app, x_forwarded_host="speech.example")
    opened(documents, app, x_forwarded_proto="https")
    assert app.asked == 4
    other = App()
    opened(documents, other)
    assert other.asked == 1, "another language is sent by another application"


def test_what_somebody_asks_for_by_a_query_is_not_kept() -> None:
    app, documents = App(), documents_of(str)
    for _ in range(2):
        opened(documents, app, query="deep_link=a")
    assert app.asked == 2


def test_an_answer_that_is_no_page_is_passed_on_and_not_kept() -> None:
    app, documents = App(503), documents_of(str)
    assert opened(documents, app).startswith('<html lang="en"><head><script src=')
    opened(documents, app)
    assert app.asked == 2


def test_as_many_pages_are_kept_as_fit() -> None:
    app, documents = App(), documents_of(str)
    for number in range(KEPT + 1):
        opened(documents, app, host=f"host{number}")
    opened(documents, app, host=f"host{KEPT}")
    assert app.asked == KEPT + 1
    opened(documents, app, host="host0")
    assert app.asked == KEPT + 2


def test_the_page_is_told_whether_there_is_a_set_to_show_each_time_it_is_sent() -> None:
    app, sets = App(), [False]
    documents = Documents(str, lambda: sets[0])
    assert "data-begun" not in opened(documents, app)
    sets[0] = True
    assert '<html lang="en" data-begun>' in opened(documents, app)
    assert app.asked == 1
