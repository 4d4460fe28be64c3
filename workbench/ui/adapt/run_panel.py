"""The panel of a set's runs: which one is shown, how far it is, Stop and Resume."""

from typing import Any, Final

import gradio as gr

from workbench.services.runs.service import RunView
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.adapt.progress import Outcomes, choice, panel
from workbench.ui.kit.components import PRIVATE, heard, html, show_place
from workbench.ui.kit.errors import shown
from workbench.ui.kit.html import esc
from workbench.ui.kit.scripts import program

SHOW_RUN: Final = show_place("run-panel")


class RunPanel:
    """The chosen run as it stands; drawn by the page's timer."""

    def __init__(self, workbench: Workbench) -> None:
        self.adaptation = workbench.adaptation
        self.outcomes = Outcomes(workbench.comparing)

    def build_panel(self) -> None:
        self.run = gr.State("")
        self.ended = gr.State("")  # changes when a run has ended: what was measured in it foretells the next
        self.run_choice = gr.Dropdown([], label=text.RUN, interactive=True, visible=False, elem_id="run-choice")
        with gr.Row(elem_classes="tight", elem_id="run-buttons"):
            self.stop = gr.Button(text.STOP, visible=False, size="md", min_width=90, elem_id="stop-run")
            self.resume = gr.Button(text.RESUME, visible=False, size="md", min_width=90, elem_id="resume-run")
        waiting = f"<p class='hint'>{esc(text.LOADING)}</p>"
        self.panel = html(waiting, script=program("run_panel"), elem_id="run-panel")

    def wire_panel(self) -> None:
        self.chosen_run = self.run_choice.input(
            self.choose_run, self.run_choice, self.run, trigger_mode="always_last", **PRIVATE
        )
        at_once = heard("stop-run", text.STOPPING_NOW)
        self.stopped = self.stop.click(self.halt, self.run, self.stop, js=at_once, **PRIVATE)
        self.resumed = self.resume.click(self.go_on, self.run, self.resume, **PRIVATE)

    # ---- handlers ----

    @shown
    def choose_run(self, run: str | None) -> str:
        return run or ""

    @shown
    def halt(self, run: str) -> Any:
        self.adaptation.stop(run)
        return gr.update(interactive=False, value=text.STOPPING_NOW)

    @shown
    def go_on(self, run: str) -> Any:
        self.adaptation.resume(run)
        return gr.update(visible=False)

    def show_run(self, view: RunView | None, runs: list[RunView]) -> list[Any]:
        """Run list, panel, Stop, Resume and Start, for the page's timer."""
        if view is None:
            none = f"<p class='hint'>{esc(text.NO_RUNS)}</p>"
            hidden = gr.update(visible=False)
            return [gr.update(choices=[], value=None, visible=False), none, hidden, hidden, _start(busy=False)]
        return [
            gr.update(choices=[(choice(r), r.id) for r in runs], value=view.id, visible=True),
            panel(view, self.adaptation.watched(view.id), self.outcomes.of(view)),
            gr.update(
                visible=view.active,
                interactive=not view.stopping,
                value=text.STOPPING_NOW if view.stopping else text.STOP,
            ),
            gr.update(visible=view.resumable),
            _start(busy=any(run.active for run in runs)),
        ]


def _start(*, busy: bool) -> dict[str, Any]:
    """The button that starts a run: while one is at work it is quieter, and says that the next one waits."""
    return dict(gr.update(value=text.START_NEXT if busy else text.START, variant="secondary" if busy else "primary"))
