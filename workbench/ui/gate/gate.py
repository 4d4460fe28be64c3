"""The gate itself: an ASGI application around the page's, that passes on what was judged and nothing else.

What Gradio offers beyond what the page uses is not there: a way in that nobody needs is only a way in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from workbench.language.spoken import speaking, spoken
from workbench.services.clips.uploads import Uploads
from workbench.ui import text
from workbench.ui.delivery.delivery import Delivery
from workbench.ui.delivery.files import KEPT
from workbench.ui.delivery.languages import Languages
from workbench.ui.gate import headers as policies
from workbench.ui.gate.access import Access
from workbench.ui.gate.document import Documents
from workbench.ui.gate.hosts import Hosts, Refusal
from workbench.ui.gate.login import Login
from workbench.ui.gate.pages import HEADER, TOO_MANY_STREAMS, UNKNOWN_PAGE, Page, Pages
from workbench.ui.gate.payload import LARGEST_EVENT, SESSION, TOO_LARGE, Event, Refused, inputs_of, judge
from workbench.ui.gate.queue import TOO_MANY_EVENTS, Waiting
from workbench.ui.gate.receiving import LONGEST_ID, receive
from workbench.ui.kit.asked import asked

API: Final = "/gradio_api"
# What the page loads of Gradio; anything else of it is not found.
HASHED: Final = "/assets/"  # their names change with their content
FILES: Final = (HASHED, "/static/")
DOCUMENTS: Final = (
    *("/theme.css", "/favicon.ico", "/manifest.json", "/robots.txt", "/config", f"{API}/startup-events"),
    f"{API}/app_id",  # asked until a server that was away is back; then the page is loaded anew
)
CHANGES: Final = "/changes"
FORWARDED: Final = (b"x-forwarded-host", b"x-forwarded-server", b"x-forwarded-prefix", b"forwarded")
OF_THE_BODY: Final = (b"content-length", b"content-type", b"transfer-encoding")
QUIET_BODY_S: Final = 60.0  # a request whose body stops coming for so long is dropped
LOOK_EVERY_S: Final = 15.0
INLINE: Final = ("audio/", "video/")  # what a browser may play; anything else is saved

LONGEST_NAME: Final = 255  # bytes, of a part of a path
LONGEST_PATH: Final = 1_000  # characters

NOT_FOUND: Final = Refusal(404, lambda: text.NOTHING_HERE)
NO_METHOD: Final = Refusal(405, lambda: text.NOT_SO)
SIGN_IN: Final = Refusal(401, lambda: text.LOGIN_NEEDED)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)


class Gate:
    """Judges every request.

    Args:
        app: The page and its routes.
        blocks: The page's Gradio application, whose functions may be called.
        own: First parts of the paths that are this program's own, such as "sounds".
        access: Who may open the page.
        pages: The pages that are open.
        login: Who is signed in.
        uploads: Where files go.
        delivery: What is sent in place of Gradio's own files.
        languages: The page by language.
        begun: Whether there is a set to show.
    """

    def __init__(
        self,
        app: App,
        blocks: Any,
        *,
        own: frozenset[str],
        access: Access,
        pages: Pages,
        login: Login,
        uploads: Uploads,
        delivery: Delivery,
        languages: Languages,
        begun: Callable[[], bool],
    ) -> None:
        self._app, self._own, self._access, self._login = app, own, access, login
        self._pages, self._uploads, self._delivery, self._languages = pages, uploads, delivery, languages
        self._documents = Documents(delivery.rewrite, begun)
        self._hosts = Hosts(access)
        self._functions = inputs_of(blocks)
        self._waiting = Waiting(blocks)
        self._keeper: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            if self._keeper is None:
                self._keeper = asyncio.create_task(self._look_after())
            with speaking(asked(Headers(scope=scope))):
                await self._guarded(scope, receive, _Answering(send))

    async def _guarded(self, scope: Scope, receive: Receive, answering: "_Answering") -> None:
        try:
            await self._http(scope, _impatient(receive), answering)
        except ClientDisconnect:
            log.debug("%s was broken off by who asked", scope["path"])
        except Exception:  # the page's boundary
            log.exception("%s failed", scope["path"])
            if answering.begun:
                raise
            await _say(Refusal(500, lambda: text.UNEXPECTED))(scope, receive, answering)

    async def _http(self, scope: Scope, receive: Receive, send: "_Answering") -> None:
        head = Headers(scope=scope)
        scope = _trimmed(scope, self._access.prefix, keep_host=self._hosts.effective(head) != head.get("host"))
        refusal = self._hosts.judge(scope, head)
        if refusal is None and scope["method"] not in ("GET", "HEAD", "POST"):
            refusal = NO_METHOD
        if refusal is None and not _straight(scope["path"]):
            refusal = NOT_FOUND
        if refusal is not None:
            await _say(refusal)(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            answer = await self._answer(request, send)
        except Refused as e:
            answer = _say(e.refusal)
        if answer is not None:
            await answer(scope, receive, send)

    async def _answer(self, request: Request, send: "_Answering") -> Response | None:
        """The answer to a request; None where it was passed on and answered meanwhile."""
        path = request.scope["path"]
        if path == "/login" and self._access.asks:
            return await self._login.answer(request)
        if self._access.asks and not self._login.signed_in(request):
            return self._login.ask() if path == "/" and request.method != "POST" else _say(SIGN_IN)
        if request.method == "POST":
            return await self._post(request, path, send)
        return await self._get(request, path, send)

    async def _get(self, request: Request, path: str, send: "_Answering") -> Response | None:
        if path == "/":
            return await self._documents.page(await self._sender(), request, self._pages.issue())
        if (file := self._delivery.find(path)) is not None:
            send.policy = policies.ASSET
            return file.answer(request)
        if path.startswith(FILES) or path in DOCUMENTS:
            send.policy, send.lasting = policies.ASSET, path.startswith(HASHED)
        elif path.startswith(f"{API}/file="):
            return self._file(path.removeprefix(f"{API}/file="))
        elif path == f"{API}/queue/data":
            await self._stream(request, request.query_params.get("session_hash", ""), send)
            return None
        elif path.startswith(f"{API}/heartbeat/"):
            await self._stream(request, path.removeprefix(f"{API}/heartbeat/"), send)
            return None
        elif path == CHANGES or _tells_progress(request, path):
            await self._stream(request, None, send)
            return None
        elif path.split("/")[1] not in self._own:
            raise Refused(NOT_FOUND)
        app = await self._sender() if path == "/config" else self._app
        await app(request.scope, request.receive, send)
        return None

    async def _sender(self) -> App:
        """What sends the page in the language that was asked for."""
        app: App = await run_in_threadpool(self._languages.app, spoken())
        return app

    async def _post(self, request: Request, path: str, send: "_Answering") -> Response | None:
        if path == f"{API}/queue/join":
            await self._join(request, send)
            return None
        if path == f"{API}/upload":
            return JSONResponse(await receive(request, self._page(request), self._uploads))
        if path.split("/")[1] not in self._own:
            raise Refused(NOT_FOUND)
        self._page(request)
        await self._app(request.scope, request.receive, send)
        return None

    async def _join(self, request: Request, send: "_Answering") -> None:
        page = self._page(request)
        event = judge(await _body(request), self._functions, lambda handle: self._uploads.find(handle, page.id))
        self._check_session(page, event.session)
        if self._waiting.full(event.session):
            raise Refused(TOO_MANY_EVENTS)
        await self._app(_with_length(request.scope, event), _replay(event.body, request.receive), send)

    async def _stream(self, request: Request, session: str | None, send: "_Answering") -> None:
        """Pass on an answer that stays open, of a session where one is named."""
        page = self._page(request)
        if session is not None:
            self._check_session(page, session)
        with self._pages.stream(page) as may:
            if not may:
                raise Refused(TOO_MANY_STREAMS)
            if session is not None:
                self._waiting.read(session)
            await self._app(request.scope, request.receive, send)

    def _file(self, handle: str) -> Response:
        """An upload, to whoever holds its handle: the page that sent it, which cannot send a header for a sound."""
        found = self._uploads.find(handle)
        if found is None:
            raise Refused(NOT_FOUND)
        answer = FileResponse(found.path, headers={"Cache-Control": "no-store"})
        if not (answer.media_type or "").startswith(INLINE):
            answer.headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
        return answer

    def _page(self, request: Request) -> Page:
        page = self._pages.find(request.headers.get(HEADER, ""))
        if page is None:
            raise Refused(UNKNOWN_PAGE)
        return page

    def _check_session(self, page: Page, session: str) -> None:
        if not (SESSION.fullmatch(session) and self._pages.owns(page, session)):
            raise Refused(UNKNOWN_PAGE)

    async def _look_after(self) -> None:
        """Forget what closed pages have left behind: uploads that nobody took in, events whose answer nobody reads."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                for page in self._pages.closed():
                    await asyncio.to_thread(self._uploads.forget, page.id)
                await self._waiting.drop_unread()
            except Exception:  # the task's boundary; the next look tries again
                log.exception("looking after closed pages failed")


class _Answering:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send, self.policy, self.begun, self.lasting = send, policies.BARE, False, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = policies.secured(message.get("headers", ()), self.policy)
            if self.lasting and message["status"] == 200:
                message["headers"].append((b"cache-control", KEPT.encode()))
        await self._send(message)


def _say(refusal: Refusal) -> Response:
    """A refusal as Gradio's script and ours read it: under "detail" and "error"."""
    content = {"detail": refusal.sentence, "error": refusal.sentence}
    answer: Response = JSONResponse(content, refusal.status, {"Cache-Control": "no-store"})
    if refusal.status in (404, 405, 421):
        answer = PlainTextResponse(refusal.sentence, refusal.status)
    return answer


def _tells_progress(request: Request, path: str) -> bool:
    return path == f"{API}/upload_progress" and len(request.query_params.get("upload_id", "")) <= LONGEST_ID


def _trimmed(scope: Scope, prefix: str, *, keep_host: bool) -> Scope:
    """The request without the proxy's path, and without what it says of itself where nobody named that proxy."""
    path, raw = scope["path"], scope.get("raw_path")
    if prefix and (path == prefix or path.startswith(f"{prefix}/")):
        path = path[len(prefix) :] or "/"
        raw = raw[len(prefix) :] or b"/" if raw and raw.startswith(prefix.encode()) else None
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in FORWARDED or (keep_host and name.lower() == b"x-forwarded-host")
    ]
    return {**scope, "path": path, "raw_path": raw, "headers": kept}


def _straight(path: str) -> bool:
    """Whether a path leads down only, by names that a file can have."""
    parts = path.split("/")
    fits = all(len(part.encode("utf-8", "replace")) <= LONGEST_NAME for part in parts) and len(path) <= LONGEST_PATH
    return fits and path.startswith("/") and "\\" not in path and "\0" not in path and ".." not in parts


def _with_length(scope: Scope, event: Event) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name.lower() not in OF_THE_BODY]
    length = str(len(event.body)).encode()
    return {**scope, "headers": [*kept, (b"content-length", length), (b"content-type", b"application/json")]}


def _replay(body: bytes, receive: Receive) -> Receive:
    """A request's body in place of the one that was read already; afterwards what comes, such as its end."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return parts.pop() if parts else await receive()

    return replay


def _impatient(receive: Receive) -> Receive:
    """Drops a request whose body stops coming; once it is there, waiting is for the other side to go away."""
    whole = False

    async def impatient() -> Message:
        nonlocal whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), QUIET_BODY_S)
        except TimeoutError:
            return {"type": "http.disconnect"}
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return impatient


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_EVENT:
            raise Refused(TOO_LARGE)
        parts.append(part)
    return b"".join(parts)
