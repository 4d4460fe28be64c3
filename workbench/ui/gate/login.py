"""Signing in: with the password, or with a link that was printed and holds once; limited tries, one cookie."""

import hashlib
import hmac
import html
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from cachetools import TTLCache
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from workbench.language.spoken import spoken
from workbench.ui import text
from workbench.ui.gate.access import Access

TRIES: Final = 10  # of one address within TRIES_WITHIN_S
TRIES_IN_ALL: Final = 100  # of all together: who guesses from many addresses is one guesser
TRIES_WITHIN_S: Final = 15 * 60.0
SIGNED_IN_S: Final = 12 * 3600.0  # since the last request
KEPT: Final = 1_000  # browsers that are signed in
LARGEST_FORM: Final = 4_096  # bytes
COOKIE: Final = "speech-workbench"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"
# The page's own look, in light and dark; nothing of it can be loaded before somebody has signed in.
_STYLE: Final = (
    ":root{color-scheme:light dark;--ink:light-dark(#17212e,#e6ebf2);--line:light-dark(#d5dce5,#2e3a4b);"
    "--paper:light-dark(#fff,#161e2a);--ground:light-dark(#f4f6f8,#0d131c);--teal:light-dark(#0f766e,#2dd4bf);"
    "--on:light-dark(#fff,#0d131c);--bad:light-dark(#a1261c,#fca79f)}"
    "body{font:16px/1.5 'IBM Plex Sans',system-ui,sans-serif;margin:0;min-height:100vh;display:grid;"
    "place-items:center;background:var(--ground);color:var(--ink)}"
    "main{box-sizing:border-box;width:min(24rem,92vw);padding:1.5rem;background:var(--paper);"
    "border:1px solid var(--line);border-radius:12px}h1{font-size:1.3rem;margin:0 0 1rem}label{font-weight:700}"
    "input,button{box-sizing:border-box;width:100%;min-height:44px;font:inherit;padding:.5rem .75rem;margin:.4rem 0;"
    "border:1px solid var(--line);border-radius:8px;background:var(--ground);color:var(--ink)}"
    "button{font-weight:700;cursor:pointer;background:var(--teal);color:var(--on)}"
    ":focus-visible{outline:2px solid var(--teal);outline-offset:2px}[role=alert]{color:var(--bad)}"
)


class Login:
    """Who is signed in; in memory, so that a restart of the server asks again.

    Args:
        access: Says what is asked for.
        port: Of the server; browsers send a cookie to every port of a host, so each server's has a name of its own.
        announce: Told each one-time link's key: the first at once, the next when one was used.
    """

    def __init__(self, access: Access, port: int, announce: Callable[[str], None] = lambda key: None) -> None:
        self._access, self._announce = access, announce
        self.cookie = f"{COOKIE}-{port}"
        self._password = _digest(access.password) if access.password is not None else None
        self._link = b""
        self._seen: TTLCache[bytes, bool] = TTLCache(KEPT, SIGNED_IN_S, timer=lambda: time.monotonic())
        self._tries: dict[str, deque[float]] = {}
        if access.link:
            self._new_link()

    def signed_in(self, request: Request) -> bool:
        """Whether the request's cookie was given here, and used within the last hours."""
        given = request.cookies.get(self.cookie, "")
        digest = _digest(given)
        if not given or digest not in self._seen:
            return False
        self._seen[digest] = True
        return True

    async def answer(self, request: Request) -> Response:
        """GET /login shows a form, POST judges it."""
        if request.method == "POST":
            return await self._judge(request)
        if self.signed_in(request):
            return RedirectResponse(f"{self._access.prefix}/", status_code=303)
        return self._form(request)

    def ask(self) -> Response:
        """For the page itself: leads to the form.

        Whoever followed a link from elsewhere comes without the cookie, which is sent with this server's own pages'
        requests alone; this page's next request has it, and the form lets it through.
        """
        form = html.escape(f"{self._access.prefix}/login", quote=True)
        link = f"<a href='{form}'>{html.escape(text.LOGIN_OPEN)}</a>"
        return _page(
            f"<meta http-equiv='refresh' content='0; url={form}'><p>{link}</p>",
            status=401,
        )

    def _form(self, request: Request, *, wrong: str = "", status: int = 200) -> Response:
        key = request.query_params.get("key", "")
        action = html.escape(f"{self._access.prefix}/login", quote=True)
        alert = f"<p role='alert'>{html.escape(wrong)}</p>" if wrong else ""
        # A link is not used up by looking at it: mail programs and messengers open links to show a preview.
        if key:
            asked = f"<input type='hidden' name='key' value='{html.escape(key, quote=True)}'>"
        elif self._password is None:
            return _page(
                f"<h1>{html.escape(text.TITLE)}</h1>{alert}<p>{html.escape(text.LOGIN_BY_LINK)}</p>", status=status
            )
        else:
            asked = (
                f"<label for='password'>{html.escape(text.LOGIN_PASSWORD)}</label><input id='password' name='password' "
                "type='password' autocomplete='current-password' required autofocus>"
            )
        form = f"<form method='post' action='{action}'>{asked}<button>{html.escape(text.LOGIN_OPEN)}</button></form>"
        return _page(f"<h1>{html.escape(text.TITLE)}</h1>{alert}{form}", status=status)

    async def _judge(self, request: Request) -> Response:
        who = request.client.host if request.client else ""
        form = parse_qs((await _body(request)).decode("utf-8", "replace"), keep_blank_values=True)
        password, key = form.get("password", [""])[0], form.get("key", [""])[0]
        # Not counted: nobody guesses a link, and somebody else's guesses are not to keep out who was sent one.
        by_link = bool(self._link) and bool(key) and hmac.compare_digest(_digest(key), self._link)
        if not by_link and not self._may_try(who):
            answer = self._form(request, wrong=text.LOGIN_TOO_MANY, status=429)
            answer.headers["retry-after"] = str(int(TRIES_WITHIN_S))
            return answer
        by_password = self._password is not None and hmac.compare_digest(_digest(password), self._password)
        if not (by_password or by_link):
            wrong = text.LOGIN_WRONG_LINK if key else text.LOGIN_WRONG
            return self._form(request, wrong=wrong, status=403)
        if by_link:
            self._new_link()
        self._tries.pop(who, None)
        return self._welcome(request)

    def _welcome(self, request: Request) -> Response:
        value = secrets.token_urlsafe(32)
        self._seen[_digest(value)] = True
        answer = RedirectResponse(f"{self._access.prefix}/", status_code=303)
        answer.set_cookie(
            self.cookie,
            value,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
            path=f"{self._access.prefix}/",
        )
        return answer

    def _may_try(self, who: str) -> bool:
        """Whether this address may try once more; counts the try."""
        now = time.monotonic()
        for name, tried in list(self._tries.items()):
            while tried and now - tried[0] > TRIES_WITHIN_S:
                tried.popleft()
            if not tried:
                del self._tries[name]
        mine = self._tries.setdefault(who, deque())
        if len(mine) >= TRIES or sum(map(len, self._tries.values())) >= TRIES_IN_ALL:
            return False
        mine.append(now)
        return True

    def _new_link(self) -> None:
        key = secrets.token_urlsafe(24)
        self._link = _digest(key)
        self._announce(key)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _page(body: str, *, status: int) -> HTMLResponse:
    document = (
        f"<!doctype html><html lang='{spoken()}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(text.TITLE)}</title><style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
    headers = {"cache-control": "no-store", "content-security-policy": POLICY}
    return HTMLResponse(document, status, headers)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_FORM:
            return b""
        parts.append(part)
    return b"".join(parts)
