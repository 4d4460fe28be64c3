"""Which characters a byte-level vocabulary (GPT-2's, Whisper's) was learned from; read without torch."""

from collections.abc import Iterable


def learned_characters(tokens: Iterable[str]) -> frozenset[str] | None:
    """Characters that a byte-level vocabulary was learned from; None where capitals are among them.

    Single bytes are in every such vocabulary; only tokens merged from several tell what its texts looked like.
    """
    merged = [t for t in tokens if len(t) > 1 and not t.startswith("<|") and all(c in _BYTE_OF for c in t)]
    texts = (bytes(_BYTE_OF[c] for c in t).decode("utf-8", errors="ignore") for t in merged)
    known = frozenset("".join(texts)) - {" "}
    return None if not known or any(c.isupper() for c in known) else known


def _byte_of() -> dict[str, int]:
    """GPT-2's one printable character for each byte: printable bytes stand for themselves, others from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


_BYTE_OF = _byte_of()
