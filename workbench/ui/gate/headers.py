"""The headers of every answer: who may show it, what scripts may run in it."""

import secrets
from collections.abc import Iterable
from typing import Final

FRAMES: Final = "frame-ancestors 'none'"
# Nothing that is no page of ours runs or loads anything, even opened by itself.
BARE: Final = f"default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; {FRAMES}"
# What a script or style sheet that is loaded by the page may load in its turn.
ASSET: Final = f"default-src 'self'; {FRAMES}"
# Gradio makes functions from the page's own texts (js=, js_on_load), hence 'unsafe-eval'; it writes styles, and its
# player and the recorder's worklet use blob addresses. Scripts in the page run only with this answer's nonce.
PAGE: Final = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
    f"worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; {FRAMES}"
)
ALWAYS: Final = (
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
)
POLICY: Final = b"content-security-policy"
# The server's and Gradio's own that are not passed on: CORS for other sites, and what runs here.
DROPPED: Final = frozenset((b"server", b"x-powered-by", *(name for name, _ in ALWAYS)))

Header = tuple[bytes, bytes]


def nonce() -> str:
    """What a page's own scripts are known by, new for every answer."""
    return secrets.token_urlsafe(18)


def secured(headers: Iterable[Header], policy: str) -> list[Header]:
    """An answer's headers as they are sent: none that lets other sites in, and those that keep them out."""
    kept = [(name, value) for name, value in headers if not _dropped(name.lower())]
    if not any(name.lower() == POLICY for name, _ in kept):
        kept.append((POLICY, policy.encode()))
    return [*kept, *ALWAYS]


def _dropped(name: bytes) -> bool:
    return name in DROPPED or name.startswith(b"access-control-")
