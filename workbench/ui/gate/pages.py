"""Opened pages: each has a token that only its own scripts can send, and may hold so many streams and events at once.

The token stands in the page's HTML, which no other site can read, and comes back in a header, which no other site can
send. It is signed with a key of the workspace, so that pages that stay open outlive a restart of the server.
"""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workbench.atomic import replacing
from workbench.core.types import Seconds
from workbench.ui import text
from workbench.ui.gate.hosts import Refusal

HEADER: Final = "x-page-token"
KEY_FILE: Final = ".page-key"
KEY_BYTES: Final = 32
LONGEST_OPEN_HOURS: Final = 30 * 24  # a page that is open longer has to be loaded again
KEPT_PAGES: Final = 2_000
STREAMS_A_PAGE: Final = 8  # a page uses three, and one more for each upload
STREAMS: Final = 400
SESSIONS_A_PAGE: Final = 8  # Gradio makes a new one when it comes back after a lost connection
CLOSED_AFTER_S: Final = 120.0  # without a stream for so long, a page counts as closed: its uploads go

UNKNOWN_PAGE: Final = Refusal(403, lambda: text.UNKNOWN_PAGE)
TOO_MANY_STREAMS: Final = Refusal(429, lambda: text.TOO_MANY_STREAMS)


@dataclass
class Page:
    """One tab that has the page open.

    Attributes:
        id: Names it on the server; the token is this, signed.
        sessions: Gradio's names for it.
        streams: How many answers are still being written to it.
        seen: When it asked for something last, on the monotonic clock.
        uploaded: Bytes it has sent in files.
    """

    id: str
    sessions: set[str] = field(default_factory=set)
    streams: int = 0
    seen: Seconds = field(default_factory=time.monotonic)
    uploaded: int = 0

    def closed(self, after: Seconds = CLOSED_AFTER_S) -> bool:
        """Whether nobody has it open any more, as far as can be told."""
        return self.streams == 0 and time.monotonic() - self.seen > after


class Pages:
    """The pages of one server."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._owners: dict[str, str] = {}  # session -> page

    def issue(self) -> str:
        """A token for a page that is being loaded."""
        page = f"{int(time.time() // 3600):x}-{secrets.token_urlsafe(12)}"
        return f"{page}.{self._signed(page)}"

    def find(self, token: str) -> Page | None:
        """The page of a token; None where it was not issued here, or too long ago."""
        name, _, signature = token.rpartition(".")
        if not name or not hmac.compare_digest(self._signed(name).encode(), signature.encode("utf-8", "replace")):
            return None
        age = time.time() // 3600 - int(name.partition("-")[0], 16)
        if age > LONGEST_OPEN_HOURS:
            return None
        page = self._pages.setdefault(name, Page(name))
        self._pages.move_to_end(name)
        page.seen = time.monotonic()
        self._forget_old()
        return page

    def owns(self, page: Page, session: str) -> bool:
        """Whether a session of Gradio's is this page's; one that nobody has becomes its own."""
        owner = self._owners.get(session)
        if owner is None and len(page.sessions) < SESSIONS_A_PAGE:
            page.sessions.add(session)
            self._owners[session] = owner = page.id
        return owner == page.id

    @contextmanager
    def stream(self, page: Page) -> Iterator[bool]:
        """Counts an answer that stays open; yields False where there are too many already."""
        if page.streams >= STREAMS_A_PAGE or sum(p.streams for p in self._pages.values()) >= STREAMS:
            yield False
            return
        page.streams += 1
        try:
            yield True
        finally:
            page.streams -= 1
            page.seen = time.monotonic()

    def closed(self) -> list[Page]:
        """Pages that nobody has open any more; they are forgotten with this."""
        gone = [page for page in self._pages.values() if page.closed()]
        for page in gone:
            self._drop(page)
        return gone

    def _forget_old(self) -> None:
        """Of more pages than anybody opens, those that asked for nothing longest and hold no stream go."""
        while len(self._pages) > KEPT_PAGES:
            oldest = next((p for p in self._pages.values() if p.streams == 0), None)
            if oldest is None:
                return
            self._drop(oldest)

    def _drop(self, page: Page) -> None:
        self._pages.pop(page.id, None)
        for session in page.sessions:
            self._owners.pop(session, None)

    def _signed(self, page: str) -> str:
        return hmac.new(self._key, page.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def page_key(root: Path) -> bytes:
    """The workspace's key, made where it is missing; where it cannot be kept, one that lasts until the server ends."""
    path = root / KEY_FILE
    try:
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
    except OSError:
        pass
    key = secrets.token_bytes(KEY_BYTES)
    with suppress(OSError), replacing(path, private=True) as temporary:
        temporary.write_bytes(key)
    return key
