"""Cells of a table that a spreadsheet would run as a formula, marked so that it shows them as text.

The mark is the apostrophe that spreadsheets know for it. Reading takes it off again, and since a cell that begins with
apostrophes before such a sign gets one more, each cell comes back as it was.
https://owasp.org/www-community/attacks/CSV_Injection
"""

import re
from typing import Final

MARK: Final = "'"
# Also after spaces, which some spreadsheets drop, and in the full width that East Asian keyboards write.
_RUN: Final = r"\s*[=+\-@\t\r＝＋－＠]"
_TO_MARK: Final = re.compile(rf"{MARK}*{_RUN}")
_MARKED: Final = re.compile(rf"{MARK}+{_RUN}")


def marked(cell: str) -> str:
    """The cell as it is safe to open in a spreadsheet."""
    return MARK + cell if _TO_MARK.match(cell) else cell


def unmarked(cell: str) -> str:
    """The cell as it was before `marked`."""
    return cell[len(MARK) :] if _MARKED.match(cell) else cell
