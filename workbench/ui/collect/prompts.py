"""The recorder: a clip at one press, or prompts read aloud one after the other; its script lies beside it."""

from typing import Any

import gradio as gr

from workbench.core.text.carrier_sentences import carriers
from workbench.services.clips.sets import SetInfo
from workbench.ui import text
from workbench.ui.kit.scripts import program


def recorder(**kwargs: Any) -> gr.HTML:
    """The recorder; its value is what `recorder_view` makes. Takes go to the server by /takes, not through Gradio."""
    return gr.HTML(
        {},
        html_template="<div class='recorder'></div>",
        js_on_load=program("recorder"),
        apply_default_css=False,
        words=text.RECORDER_WORDS,
        **kwargs,
    )


def recorder_view(info: SetInfo | None) -> dict[str, Any]:
    """What the recorder needs to know of the chosen set; `sentences` is how many carriers its language has."""
    if info is None:
        return {"set": "", "words": [], "clips": 0, "sentences": 0}
    sentences = len(carriers(info.language))
    return {"set": info.name, "words": list(info.words), "clips": info.clips, "sentences": sentences}
