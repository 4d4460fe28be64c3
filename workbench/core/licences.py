"""What the licences of clips say about a model that learned from them leaving the machine.

A licence is a few words of a person's or a list's own, such as CC-BY-NC-4.0; what they forbid is told from them.
Nothing here is legal advice: where in doubt, it refuses.
"""

import re
from collections.abc import Sequence
from typing import Final

from workbench.language.said import say

LONGEST: Final = 200  # characters

# What is asked for first hinders more.
_STAYS: Final = re.compile(
    r"\bno[nt]?[\s-]+(to[\s-]+be[\s-]+)?redistribut|\bnot\s+be\s+(redistributed|shared|passed)|\ball\s+rights\s+reserved\b"
    r"|\bconfidential|\bproprietary\b|\binternal\s+use\b",
    re.IGNORECASE,
)
_NO_DERIVATIVES: Final = re.compile(r"(?<![a-z])nd(?![a-z])|\bno[\s-]*deriv", re.IGNORECASE)
_NON_COMMERCIAL: Final = re.compile(
    r"(?<![a-z])nc(?![a-z])|\bnon[\s-]*commercial|\b(research|academic)\s+(use|purposes?)\s+only\b", re.IGNORECASE
)


def base_hindrance(licence: str, *, public: bool) -> bool:
    """Whether the licence of a base model forbids that what was made of it leaves the machine.

    One without commercial use does not: the card of what was made of it says the same.
    """
    return bool(_STAYS.search(licence) or (public and _NO_DERIVATIVES.search(licence)))


def hindrance(licences: Sequence[str], *, public: bool) -> str:
    """Why a model that learned from clips of these licences may not leave the machine; empty where it may.

    Args:
        licences: Of the clips; an empty one is unknown, and so is what none at all is known of.
        public: Whether everybody could have it.

    Returns:
        A clause without a full stop.
    """
    for licence in licences:
        if _STAYS.search(licence):
            return say("their licence ('{licence}') says that they may not be passed on", licence=licence)
    if not public:
        return ""
    for licence in licences:
        if _NO_DERIVATIVES.search(licence):
            return say(
                "their licence ('{licence}') allows nothing that is made of them to be passed on", licence=licence
            )
        if _NON_COMMERCIAL.search(licence):
            return say(
                "their licence ('{licence}') allows no commercial use, and what is public anybody can use for that",
                licence=licence,
            )
    if not licences or not all(licences):
        return say("nothing says under which licence they are")
    return ""
