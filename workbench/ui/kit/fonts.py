"""The page's fonts: small ones for the letters that the page itself uses, Gradio's whole ones for all others.

recipes/fonts.py makes the small ones; a browser fetches the whole one when a text has a letter outside their range.
"""

import hashlib
from functools import cache
from typing import Final

import gradio as gr

from workbench.assets import assets_root

WEIGHTS: Final = {400: "Regular", 700: "Bold"}
# Latin of Western Europe, punctuation, arrows, the signs of sums and of the page's buttons.
RANGE: Final = (
    "U+0-FF, U+131, U+152-153, U+2BB-2BC, U+2C6, U+2DA, U+2DC, U+2000-206F, U+20AC, U+2122, U+2190-2193, U+2212, "
    "U+2215, U+2248, U+2260, U+2264-2265, U+25A0-25FF, U+2713"
)
# The other letters that the whole font has; a sign that it lacks is no reason to fetch it.
BEYOND: Final = "U+100-130, U+132-151, U+154-24F, U+300-52F, U+1E00-1EFF, U+20A0-20AB, U+20AD-20BF, U+FB00-FB06"
FACE: Final = (
    "@font-face {{ font-family: '{name}'; src: url('{file}') format('woff2'); font-weight: {weight}; "
    "font-style: normal; unicode-range: {range}; }}"
)


class SmallFont(gr.themes.LocalFont):
    """A font of Gradio's in two parts: the small one for the page's own letters, the whole one for the others."""

    def stylesheet(self) -> dict[str, str | None]:
        faces = []
        for weight in self.weights:
            folder, name = self.name.replace(" ", ""), WEIGHTS[weight]
            whole = f"static/fonts/{folder}/{folder}-{name}.woff2"
            for file, letters in ((f"assets/{served_name(name)}", RANGE), (whole, BEYOND)):
                faces.append(FACE.format(name=self.name, file=file, weight=weight, range=letters))
        return {"url": None, "css": "\n".join(faces)}


def file_name(weight: str) -> str:
    """A font's name among the assets."""
    return f"WorkbenchSans-{weight}.woff2"


@cache
def served_name(weight: str) -> str:
    """A font's name on the page."""
    return f"sans-{weight.lower()}-{hashlib.sha256(_content(weight)).hexdigest()[:16]}.woff2"


def fonts() -> dict[str, bytes]:
    """All small fonts by their names on the page."""
    return {served_name(weight): _content(weight) for weight in WEIGHTS.values()}


@cache
def _content(weight: str) -> bytes:
    return (assets_root() / "fonts" / file_name(weight)).read_bytes()
