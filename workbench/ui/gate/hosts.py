"""Judges where a request comes from and where it is addressed to, before anything else of it is looked at.

Two ways in for other web sites are closed here. DNS rebinding: a site's own name is made to lead to this machine, so
that its scripts count as same-origin; it needs a name, so only names that were allowed are answered, and addresses of
this machine. Cross-site requests: browsers say from which site a request comes (Origin, Sec-Fetch-Site, Referer).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from workbench.ui import text
from workbench.ui.gate.access import Access, address, hostname

ADDRESSES_FOR_S: Final = 20.0  # this machine's addresses are asked anew after so long; a laptop changes its network
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
OPENED: Final = ("/", "/login")  # by links elsewhere: a one-time link is sent by mail or messenger
OWN_SITE: Final = ("same-origin", "none")  # Sec-Fetch-Site: from the page itself, or typed by the user


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: Of HTTP.
        say: What is said of it, in the language of whoever asked.
    """

    status: int
    say: Callable[[], str]

    @property
    def sentence(self) -> str:
        """For whoever reads it."""
        return self.say()


WRONG_HOST: Final = Refusal(421, lambda: text.WRONG_HOST)
FOREIGN: Final = Refusal(403, lambda: text.FOREIGN_SITE)


class Hosts:
    """Which names and origins are this server's own."""

    def __init__(self, access: Access) -> None:
        self._names = frozenset(("localhost", *access.allowed_hosts))
        self._allowed = frozenset(access.allowed_hosts)
        self._addresses: frozenset[str] = frozenset()
        self._asked_at = -ADDRESSES_FOR_S

    def judge(self, scope: Mapping[str, Any], headers: Headers) -> Refusal | None:
        """None where the request may go on.

        Args:
            scope: Of ASGI; its path is without the root path.
        """
        host = self.effective(headers)
        if len(headers.getlist("host")) != 1 or not self.known(headers["host"]) or not self.known(host):
            return WRONG_HOST
        origin = headers.get("origin")
        if origin is not None and not self._same(origin, host, scope["scheme"]):
            return FOREIGN
        # The page itself may be opened from a link elsewhere, such as a mail's; so may the form that signs in.
        if scope["method"] in ("GET", "HEAD") and scope["path"] in OPENED and _opens_a_page(headers):
            return None
        if headers.get("sec-fetch-site", "none") not in OWN_SITE:
            return FOREIGN
        referer = headers.get("referer")
        if referer is not None and not self._same(referer, host, scope["scheme"]):
            return FOREIGN
        return None

    def effective(self, headers: Headers) -> str:
        """The host as the browser wrote it: a proxy's, where it passes on a name that was allowed."""
        passed_on = headers.get("x-forwarded-host", "").partition(",")[0].strip()
        return passed_on if passed_on and hostname(passed_on) in self._allowed else headers.get("host", "")

    def known(self, netloc: str) -> bool:
        """Whether "host:port" is a name or an address of this server."""
        name = hostname(netloc)
        if name in self._names:
            return True
        plain = address(name) if name else None
        return plain is not None and (plain in ("127.0.0.1", "::1") or plain in self._own_addresses())

    def _same(self, origin: str, host: str, scheme: str) -> bool:
        """Whether an origin, or an address on it, is the host that was asked, or a name that was allowed."""
        try:
            split = urlsplit(origin)
            port = split.port or DEFAULT_PORTS.get(split.scheme)
            asked = urlsplit(f"{scheme}://{host}")
            # Behind a proxy that ends HTTPS, the scheme seen here is another one: then both default ports are the same.
            wanted = {asked.port} if asked.port else {DEFAULT_PORTS.get(scheme), DEFAULT_PORTS.get(split.scheme)}
        except ValueError:
            return False
        if split.scheme not in DEFAULT_PORTS or not split.hostname:
            return False
        return (split.hostname == asked.hostname and port in wanted) or split.hostname in self._allowed

    def _own_addresses(self) -> frozenset[str]:
        if time.monotonic() - self._asked_at > ADDRESSES_FOR_S:
            import psutil

            found = (a.address for each in psutil.net_if_addrs().values() for a in each)
            self._addresses = frozenset(plain for written in found if (plain := address(written)))
            self._asked_at = time.monotonic()
        return self._addresses


def _opens_a_page(headers: Headers) -> bool:
    """Whether a browser opens a page of its own with this, in no frame; older ones do not say."""
    mode, target = headers.get("sec-fetch-mode", "navigate"), headers.get("sec-fetch-dest", "document")
    return mode == "navigate" and target == "document"
