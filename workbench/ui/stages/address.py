"""The page's address: which set, stage, run and clip are shown; stages/address.js keeps both in step."""

from typing import Any, Final

import gradio as gr

from workbench.ui.kit.scripts import program

# The address as a value, for an event that comes before any component's script has run.
READ_ADDRESS: Final = "Object.fromEntries(new URLSearchParams(location.hash.slice(1)))"


def address() -> gr.HTML:
    """The address; its value is {"set", "run"} as the page shows them, and "here", where the guide would open it.

    Event: go (set, run, clip).
    """
    return gr.HTML(
        {},
        html_template="<span hidden></span>",
        js_on_load=program("address"),
        apply_default_css=False,
        elem_id="address",
    )


def clip_of(place: Any) -> int:
    """The clip that an address names; 0 where it names none."""
    number = str((place or {}).get("clip") or "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 16 else 0
