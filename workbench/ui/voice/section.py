"""Try it by voice: the button at the top of the page, and the drawer that it opens; its scripts lie beside it."""

import logging
from typing import Any

import gradio as gr

from workbench.services.inference.try_out import Try
from workbench.services.workbench import Workbench
from workbench.ui import text as page_text
from workbench.ui.compare.timeline import tried_timeline
from workbench.ui.gate.answers import told
from workbench.ui.kit.components import PRIVATE, html, timeline_view
from workbench.ui.kit.html import esc
from workbench.ui.kit.scripts import program
from workbench.ui.kit.worded import worded
from workbench.ui.voice import text

MICROPHONE = (
    "<svg viewBox='0 0 24 24' aria-hidden='true'><rect x='8.5' y='2.5' width='7' height='12' rx='3.5'/>"
    "<path d='M5 11.5a7 7 0 0 0 14 0M12 18.5V22'/></svg>"
)

log = logging.getLogger(__name__)


class Voice:
    """What is spoken or uploaded to try the models of a set on."""

    def __init__(self, workbench: Workbench) -> None:
        self._trying = workbench.trying

    def build(self) -> None:
        """Both parts, within the page's header."""
        html(
            f"<button type='button' aria-expanded='false' aria-controls='voice-panel'>{MICROPHONE}"
            f"<b>{esc(text.OPEN)}</b></button>",
            elem_id="voice-open",
            min_width=60,
        )
        with gr.Column(elem_id="voice-panel"):
            self.panel = gr.HTML(
                {},
                html_template="<div class='voice'></div>",
                js_on_load=program("voice"),
                apply_default_css=False,
                words=text.WORDS,
                elem_id="voice",
            )
            self.timeline = timeline_view(elem_id="voice-timeline")

    def wire(self, chosen: gr.State, run: gr.State) -> None:
        """Events: the set and run that are meant, and a sound drawn over time.

        Args:
            chosen: The set's name.
            run: The run that the page shows.
        """
        gr.on([chosen.change, run.change], self.follow, [chosen, run], self.panel, **PRIVATE)
        self.panel.over_time(self.over_time, [chosen, run], [self.timeline, self.panel], concurrency_limit=4, **PRIVATE)

    # ---- handlers ----

    @staticmethod
    def follow(set_name: str | None, run: str) -> dict[str, Any]:
        return {"set": set_name, "run": run}

    def over_time(self, event: gr.EventData, set_name: str | None, run: str) -> Any:
        """Find out when the words of a sound were said, and draw it; what went wrong is said in the drawer."""
        token, turn = str(event._data["token"]), int(event._data["turn"])
        try:
            drawn, problem = _drawn(self._trying.place(token)), ""
        except Exception as e:  # the page's boundary
            log.info("a sound could not be drawn over time", exc_info=True)
            drawn, problem = {}, told(e)
        return worded([drawn, {**self.follow(set_name, run), "placed": token, "turn": turn, "problem": problem}])


def _drawn(found: Try) -> dict[str, Any]:
    titles = {"base": page_text.BASE, "adapted": page_text.ADAPTED}
    names = [(titles[one.role], one.name) for one in found.listeners]
    return tried_timeline(found, names, found.normalizer)
