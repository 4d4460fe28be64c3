"""The page's scripts: which pieces of JavaScript make one program, that of a component or of the whole page.

A component's program is the body of a function that Gradio gives `element`, `props`, `trigger` and `watch`. Its pieces
share that function's scope; the rules among them touch no page, so that node's test runner can run them alone.
"""

from functools import cache
from pathlib import Path
from typing import Final

UI: Final = Path(__file__).parent.parent
PROGRAMS: Final = {
    "address": ("stages/address_rules.js", "stages/address.js"),
    "block_strip": ("adapt/strip_rules.js", "adapt/block_strip.js"),
    "clip_list": (
        "label/clip_rules.js",
        "label/clip_player.js",
        "label/clip_unsaved.js",
        "label/clip_row.js",
        "label/clip_keys.js",
        "label/clip_list.js",
    ),
    "copy": ("kit/copy.js",),
    "doctor": ("label/doctor.js",),
    "drop": ("collect/drop.js",),
    "history": ("history/history_rules.js", "history/history.js"),
    "model_field": ("models/field.js",),
    # The last line of the last piece starts it.
    "recorder": (
        "collect/sound_rules.js",
        "collect/recorder_rules.js",
        "collect/microphone.js",
        "collect/takes.js",
        "collect/recorder.js",
        "collect/prompts.js",
    ),
    "result_list": ("compare/result_rules.js", "compare/result_list.js"),
    "run_panel": ("kit/copy.js", "adapt/run_panel.js"),
    "timeline": ("compare/timeline_rules.js", "compare/timeline.js"),
    "voice": (
        "collect/sound_rules.js",
        "collect/microphone.js",
        "voice/voice_rules.js",
        "voice/pieces.js",
        "voice/written.js",
        "voice/voice.js",
    ),
    "words": ("collect/words_rules.js", "collect/words.js"),
}
# These are each one function: Gradio calls the first when the page is there, the second when values were suggested.
FUNCTIONS: Final = {"page": "page.js", "form": "adapt/form.js"}


@cache
def piece(place: str) -> str:
    """A script by its place in the page's code, "label/doctor.js"."""
    return (UI / place).read_text(encoding="utf-8")


def program(name: str) -> str:
    """The program of a component, one of `PROGRAMS`."""
    return "\n".join(piece(place) for place in PROGRAMS[name])


def function(name: str) -> str:
    """A function that Gradio calls, one of `FUNCTIONS`."""
    return piece(FUNCTIONS[name])
