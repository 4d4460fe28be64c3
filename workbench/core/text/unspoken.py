"""What stands in a label and nobody said: times, markup of other programs, a decoder's control tokens.

Such a label comes from a file of another kind that was taken for plain text, or from a program's raw output. A model
that learns from it writes times and tags, and one whose tokenizer knows the control tokens stops in the middle.
"""

import html
import re
from typing import Final

from workbench.language.said import say

_TIME: Final = r"\d{1,2}:\d{2}(?::\d{2})?[.,]\d{1,3}"
KINDS: Final[dict[str, re.Pattern[str]]] = {
    say("a control token"): re.compile(
        r"<\|[^<>|]{0,60}\|>|</?s>|<(?:pad|unk|blank|mask|blk|eos|bos|sos)>|"
        r"\[(?:PAD|UNK|CLS|SEP|MASK|BLANK_AUDIO|_BEG_|_TT_\d+)\]",
        re.IGNORECASE,
    ),
    say("a speaker's tag"): re.compile(r"\[SPEAKER_\d{1,3}\]|\bSPEAKER_\d{1,3}:"),
    say("times"): re.compile(
        rf"{_TIME}\s*-?->|-->\s*{_TIME}|[\[(<]\s*{_TIME}|\[\s*\d+(?:\.\d+)?s?\s*-?->\s*\d|"
        r"^\s*[\[(]\d{1,2}:\d{2}(?::\d{2})?[\])]|\[\d{1,2}:\d{2}(?::\d{2})?\]|\b\d{1,2}:\d{2}:\d{2}[.,]\d{1,3}\b",
        re.MULTILINE,
    ),
    say("markup"): re.compile(
        r"</?(?:i|b|u|c|v|p|br|div|em|font|html|lang|ruby|rt|span|strong)(?:[\s.][^<>]*)?/?>|\{\\[^{}]*\}|"
        r"&(?:lt|gt|amp|nbsp|quot|#\d+);|\\(?:rtf|ansi|pard|fonttbl|colortbl)\b|\booTextFile\b|<\?xml\b|<!DOCTYPE\b",
        re.IGNORECASE,
    ),
}


def unspoken(text: str) -> tuple[str, str] | None:
    """What kind of thing nobody said stands in a text, and how it is written there; None in most."""
    for kind, pattern in KINDS.items():
        found = pattern.search(text)
        if found:
            return kind, found[0]
    return None


def without_unspoken(text: str) -> str:
    """A text without control tokens and markup; times stay, since what stands around them is a list, not a label."""
    text = html.unescape(text)  # "&amp;" is a sign that somebody typed
    for kind in ("a control token", "markup"):
        text = KINDS[kind].sub(" ", text)
    return " ".join(text.split())
