"""The page's scripts: which pieces of JavaScript make one program, that of a component or of the whole page.

A component's program is the body of a function that Gradio gives `element`, `props`, `trigger` and `watch`. Its pieces
share that function's scope; the rules among them touch no page, so that node's test runner can run them alone. A page
that is served has all of them in one file, which browsers keep; each component has the line that calls its own.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

UI: Final = Path(__file__).parent.parent
PROGRAMS: Final = {
    "address": ("stages/address_rules.js", "stages/address.js"),
    "block_strip": ("kit/numbers_rules.js", "kit/elements.js", "adapt/strip_rules.js", "adapt/block_strip.js"),
    "changes": ("kit/changes_rules.js", "kit/changes.js"),
    "clip_list": (
        "kit/numbers_rules.js",
        "label/clip_rules.js",
        "label/trim_rules.js",
        "label/clip_player.js",
        "label/clip_unsaved.js",
        "label/clip_row.js",
        "label/clip_trim.js",
        "label/clip_keys.js",
        "label/clip_list.js",
    ),
    "copy": ("kit/copy.js",),
    "doctor": ("kit/elements.js", "label/doctor.js"),
    "drop": ("collect/drop.js",),
    "history": (
        "kit/numbers_rules.js",
        "kit/elements.js",
        "history/history_rules.js",
        "history/chart_rules.js",
        "history/history.js",
        "history/chart.js",
    ),
    "model_field": ("kit/elements.js", "models/field.js"),
    "overview": ("kit/numbers_rules.js", "kit/elements.js", "overview/overview_rules.js", "overview/overview.js"),
    # The last line of the last piece starts it.
    "recorder": (
        "kit/numbers_rules.js",
        "collect/sound_rules.js",
        "collect/recorder_rules.js",
        "collect/microphone.js",
        "collect/takes.js",
        "collect/doubts.js",
        "collect/recorder.js",
        "collect/prompts.js",
    ),
    "result_list": ("compare/result_rules.js", "compare/result_list.js"),
    "run_panel": ("kit/copy.js", "adapt/run_panel.js"),
    "theme": ("kit/theme.js",),
    "take": ("kit/elements.js", "take/take.js"),
    "set_menu": ("kit/elements.js", "sets/menu.js"),
    "timeline": ("kit/numbers_rules.js", "compare/timeline_rules.js", "compare/timeline.js"),
    "voice": (
        "kit/numbers_rules.js",
        "collect/sound_rules.js",
        "collect/microphone.js",
        "voice/voice_rules.js",
        "voice/pieces.js",
        "voice/written.js",
        "voice/voice.js",
        "voice/drawer.js",
    ),
    "words": ("collect/words_rules.js", "collect/words.js"),
}
# These are each one function: Gradio calls the first when the page is there, the second when values were suggested.
FUNCTIONS: Final = {"page": "page.js", "form": "adapt/form.js"}

# What Gradio gives a component's program, in its order.
GIVEN: Final = "element, trigger, props, server, upload, watch"
HOLDER: Final = "window.programs"


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


@cache
def script() -> str:
    """All programs and functions as one script, without comments and spaces; it runs before Gradio's own."""
    import rjsmin

    programs = [f"{HOLDER}.{name} = function ({GIVEN}) {{\n{program(name)}\n}};" for name in PROGRAMS]
    functions = [f"{HOLDER}.{name} =\n{function(name).rstrip().rstrip(';')};" for name in FUNCTIONS]
    made: str = rjsmin.jsmin("\n".join([f"{HOLDER} = {{ __proto__: null }};", *programs, *functions]))
    return made


def call(name: str) -> str:
    """What Gradio is given in place of a function, one of `FUNCTIONS`."""
    return f"(...given) => {HOLDER}.{name}(...given)"


def call_programs(blocks: Any) -> None:
    """Give the components of a page that is built the calls of their programs.

    Not before: Gradio lets a component have the events that its program names.
    """
    calls = {program(name): f"{HOLDER}.{name}({GIVEN});" for name in PROGRAMS}
    for block in blocks.blocks.values():
        found = calls.get(getattr(block, "js_on_load", None) or "")
        if found:
            block.js_on_load = found
    functions = {function(name): call(name) for name in FUNCTIONS}
    for event in blocks.fns.values():
        event.js = functions.get(event.js, event.js) if isinstance(event.js, str) else event.js
