"""What a comparison ends with: trying the model by voice, taking it along in each form there is, sending the report."""

from typing import Any

import gradio as gr

from workbench.services.workbench import Workbench
from workbench.ui.kit.components import PRIVATE
from workbench.ui.kit.errors import quiet, shown
from workbench.ui.kit.latest import Newest
from workbench.ui.kit.scripts import program
from workbench.ui.take import text
from workbench.ui.take.view import take_view

MULTIPLE: dict[str, Any] = {**PRIVATE, "trigger_mode": "multiple", "concurrency_limit": None}


class Take:
    """The panel of one run; `seen` changes with whatever is packed or pushed."""

    def __init__(self, workbench: Workbench) -> None:
        self.bench, self.taking, self.pushing = workbench, workbench.taking, workbench.pushing
        self.newest = Newest()

    def build(self) -> None:
        self.seen = gr.State("")
        self.panel = gr.HTML(
            {},
            html_template="<div class='take'></div>",
            js_on_load=program("take"),
            apply_default_css=False,
            words=text.WORDS,
            elem_id="take",
        )

    def wire(self, run: gr.State) -> None:
        """Events of the panel: pack and rest carry a form, push a name and whether it is public, hold nothing.

        Args:
            run: The run whose model it is; "" for none.
        """
        ask = self.newest.asking(self.refresh, [run], [self.panel])
        acts = (
            (self.panel.pack, self.pack),
            (self.panel.rest, self.rest),
            (self.panel.push, self.push),
            (self.panel.hold, self.hold),
        )
        for event, handler in acts:
            # Asked again: what the act began may have ended, and have been told, before its own answer arrives.
            event(handler, run, None, **MULTIPLE).then(**ask, **MULTIPLE)
        gr.on([self.seen.change, run.change], **ask, **MULTIPLE)

    def token(self) -> str:
        """Another one whenever something is packed or pushed."""
        return repr((self.taking.views(), self.pushing.views()))

    # ---- handlers ----

    @quiet(1)
    def refresh(self, run: str) -> dict[str, Any]:
        return take_view(self.bench, run)

    @shown
    def pack(self, event: gr.EventData, run: str) -> None:
        """Write, prove and pack the model."""
        self.taking.start(run, str(event._data["form"]))

    @shown
    def rest(self, event: gr.EventData, run: str) -> None:
        """Stop packing."""
        self.taking.stop(run, str(event._data["form"]))

    @shown
    def push(self, event: gr.EventData, run: str) -> None:
        """Push the model to a hub account."""
        self.pushing.start(run, str(event._data["to"]), public=event._data["public"] is True)

    @shown
    def hold(self, run: str) -> None:
        """Stop pushing."""
        self.pushing.stop(run)
