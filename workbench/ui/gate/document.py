"""The page's HTML: the token that its scripts send along, and a nonce for each script that stands in it."""

import json
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from workbench.language.spoken import spoken
from workbench.ui.gate import headers as policies
from workbench.ui.gate.pages import HEADER

KEPT: Final = 8  # addresses under which the page is asked for, by language; half a megabyte each
QUALITY: Final = 3  # of brotli's 11: a third of the time of 4 for 5 % more bytes
ADDRESS: Final = ("x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
_SCRIPT: Final = re.compile(r"<script(?=[\s>])")
_LANGUAGE: Final = re.compile(r'(<html\s[^>]*?)lang="en"')
# Runs before any other script: requests to this server carry the token, others go as they are.
_FETCH: Final = """(() => {
  // Gradio's few own words follow the browser's language; they shall follow the page's.
  Object.defineProperty(navigator, 'language', { get: () => document.documentElement.lang, configurable: true });
  const plain = window.fetch.bind(window);
  window.fetch = (input, init) => {
    const request = input instanceof Request ? input : null;
    const address = new URL(request ? request.url : input, document.baseURI);
    if (address.origin !== window.location.origin || !/^https?:$/.test(address.protocol)) return plain(input, init);
    const headers = new Headers((init && init.headers) || (request ? request.headers : undefined));
    headers.set(%s, %s);
    return plain(input, { ...init, headers });
  };
})();"""

App = Callable[[MutableMapping[str, Any], Any, Any], Awaitable[None]]


class Documents:
    """The page's HTML, which Gradio writes in 0.1 s; that of an address is kept, since it stays the same.

    Args:
        rewrite: What is done to the HTML that Gradio made.
        begun: Whether there is a set to show; where there is none, the welcome is seen at once.
    """

    def __init__(self, rewrite: Callable[[str], str], begun: Callable[[], bool]) -> None:
        self._rewrite, self._begun = rewrite, begun
        self._kept: OrderedDict[tuple[Any, ...], str] = OrderedDict()

    async def page(self, app: App, request: Request, token: str) -> Response:
        """The page as it is sent.

        Args:
            app: Makes it.
            token: Of this page.
        """
        made = await self._html(app, request)
        if isinstance(made, Response):
            return made
        begun = await run_in_threadpool(self._begun)
        return _compressed(_sent(made, token, begun), request.headers.get("accept-encoding", ""))

    async def _html(self, app: App, request: Request) -> str | Response:
        """What Gradio makes, rewritten; its answer where it makes none."""
        key = _key(app, request)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        # Whole and uncompressed, so that it can be written into; it is compressed again below.
        scope = {
            **request.scope,
            "headers": [h for h in request.scope["headers"] if h[0].lower() != b"accept-encoding"],
        }
        answer = await _asked(app, scope, request.receive)
        if answer.status_code != 200:
            return answer
        html = self._rewrite(bytes(answer.body).decode("utf-8"))
        if request.method == "GET" and not request.url.query:
            self._kept[key] = html
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return html


def _key(app: App, request: Request) -> tuple[Any, ...]:
    """All that Gradio's page depends on: its language, and the address under which it was asked for."""
    return app, str(request.url), *(request.headers.get(name) for name in ADDRESS)


def _sent(html: str, token: str, begun: bool) -> Response:
    nonce = policies.nonce()
    script = _FETCH % (json.dumps(HEADER), json.dumps(token))
    html = _LANGUAGE.sub(rf'\1lang="{spoken()}"{" data-begun" if begun else ""}', html, count=1)
    html = html.replace("<head>", f"<head><script>{script}</script>", 1)
    html = _SCRIPT.sub(f'<script nonce="{nonce}"', html)
    made = Response(html, headers={"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"})
    made.headers["content-language"] = spoken()
    made.headers["content-security-policy"] = policies.PAGE.format(nonce=nonce)
    return made


async def _asked(app: App, scope: MutableMapping[str, Any], receive: Any) -> Response:
    status, head, parts = 500, [], []

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, head
        if message["type"] == "http.response.start":
            status, head = message["status"], message.get("headers", [])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    answer = Response(b"".join(parts), status)
    answer.raw_headers = [(n, v) for n, v in head if n.lower() != b"content-length"]
    answer.raw_headers.append((b"content-length", str(len(answer.body)).encode()))
    return answer


def _compressed(answer: Response, accepted: str) -> Response:
    if not re.search(r"\bbr\b", accepted):
        return answer
    import brotli

    answer.body = brotli.compress(bytes(answer.body), quality=QUALITY)
    answer.headers["content-encoding"] = "br"
    answer.headers["content-length"] = str(len(answer.body))
    answer.headers["vary"] = "Accept-Encoding"
    return answer
