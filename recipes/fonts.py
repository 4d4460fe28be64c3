"""Makes the page's small fonts out of Gradio's: assets/fonts/*.woff2, the letters and signs that the page itself uses.

    python -m recipes.fonts

What else a text holds, browsers take from Gradio's whole font, which they fetch only then. The fonts' licence lets them
be cut down and asks for another name.
"""

from pathlib import Path
from typing import Any

import gradio
from fontTools import subset
from fontTools.ttLib import TTFont

from workbench.assets import assets_root
from workbench.ui.kit.fonts import RANGE, WEIGHTS, file_name

FROM = Path(gradio.__file__).parent / "templates" / "frontend" / "static" / "fonts" / "IBMPlexSans"
NAME = "Workbench Sans"
NAMED = {1: "{name}", 3: "{name} {weight}", 4: "{name} {weight}", 6: "{short}-{weight}", 16: "{name}"}  # by name ID
KEPT = (0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17)  # what the name table says of its origin and licence


def points(ranges: str) -> set[int]:
    """The characters of a range as style sheets write it."""
    found: set[int] = set()
    for part in ranges.replace("U+", "").split(","):
        first, _, last = part.strip().partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


def cut(path: Path, weight: str) -> Any:
    """A font with these characters alone, under its new name."""
    font = TTFont(path)
    options = subset.Options(hinting=False, layout_features=["*"], name_IDs=list(KEPT))
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points(RANGE))
    cutter.subset(font)
    for record in font["name"].names:
        if told := NAMED.get(record.nameID):
            record.string = told.format(name=NAME, short=NAME.replace(" ", ""), weight=weight)
    font.flavor = "woff2"
    return font


def main() -> None:
    folder = assets_root() / "fonts"
    folder.mkdir(exist_ok=True)
    for weight in WEIGHTS.values():
        place = folder / file_name(weight)
        cut(FROM / f"IBMPlexSans-{weight}.woff2", weight).save(place)
        print(f"{place.name}: {place.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
