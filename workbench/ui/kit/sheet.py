"""The page's style sheets as one, written as Gradio's client would rewrite them in each browser before it draws.

Each rule stands there twice, once as it is and once for what lies in Gradio's own container: that outweighs Gradio's
sheets, and the page's look was made with it. Rules for narrow or wide windows stand there in the second form alone.
"""

import re
from collections.abc import Iterator
from typing import Final

from workbench.ui.kit.components import style_sheets

# Twice the class, in place of one that names Gradio's version: the same weight.
WITHIN: Final = ".gradio-container.gradio-container .contain"
COMMENT: Final = re.compile(r"/\*.*?\*/", re.S)


def sheet() -> str:
    """All style sheets of the page."""
    return scoped("\n".join(path.read_text(encoding="utf-8") for path in style_sheets()))


def scoped(css: str) -> str:
    """A style sheet with each rule in both forms.

    Args:
        css: Style rules, @media with style rules in it, and @keyframes.
    """
    return "\n".join(_written(head, body) for head, body in _blocks(COMMENT.sub("", css)))


def _written(head: str, body: str) -> str:
    if head.startswith("@media"):
        return f"{head}{{{''.join(_within(*rule) for rule in _blocks(body))}}}"
    if head.startswith("@"):
        return f"{head}{{{body}}}"
    return f"{head}{{{body}}}{_within(head, body)}"


def _within(head: str, body: str) -> str:
    mode = ".dark " if ".dark" in head else ""
    each = (f"{mode}{WITHIN} {selector.strip()}" for selector in head.replace(".dark", "", 1).split(","))
    return f"{','.join(each)}{{{body}}}"


def _blocks(css: str) -> Iterator[tuple[str, str]]:
    """What stands before each pair of braces, and in it."""
    start = depth = opened = 0
    for found in re.finditer(r"[{}]", css):
        depth += 1 if found[0] == "{" else -1
        if depth == 1 and found[0] == "{":
            opened = found.start()
        elif depth == 0:
            yield css[start:opened].strip(), " ".join(css[opened + 1 : found.start()].split())
            start = found.end()
