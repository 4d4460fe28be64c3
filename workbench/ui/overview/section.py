"""Overview: what a set holds and what is missing, in a fold that is drawn once it is open; a click lists the clips."""

from typing import Any

import gradio as gr

from workbench.errors import DataError
from workbench.services.workbench import Workbench
from workbench.ui.kit.components import PRIVATE, fold
from workbench.ui.kit.errors import quiet, shown
from workbench.ui.kit.html import plural
from workbench.ui.kit.scripts import program
from workbench.ui.label.clip_rows import Query
from workbench.ui.label.section import SHOW_LIST, Label
from workbench.ui.overview import text
from workbench.ui.overview.view import in_words, view, wish_of


class OverviewPanel:
    """The overview of the chosen set beside its list of clips."""

    def __init__(self, workbench: Workbench, label: Label) -> None:
        self.overviewing, self.label = workbench.overviewing, label

    def build(self) -> None:
        self.is_open = gr.State(False)
        with fold(text.OVERVIEW, elem_id="overview") as self.fold:
            self.panel = overview_panel()

    def wire(self, chosen: gr.State, labels: gr.State) -> None:
        """Events within the fold.

        Args:
            labels: Changes with the set's clips, labels and words.
        """
        self.fold.expand(lambda: True, None, self.is_open, **PRIVATE)
        self.fold.collapse(lambda: False, None, self.is_open, **PRIVATE)
        drawn: list[Any] = [self.refresh, [chosen, self.is_open], self.panel]
        changed = [chosen.change, labels.change, self.is_open.change]
        gr.on(changed, *drawn, trigger_mode="always_last", **PRIVATE)
        self.panel.again(*drawn, **PRIVATE)
        clips = self.label
        hiding = [clips.status, clips.who, clips.split, clips.search]
        every: dict[str, Any] = {**clips.asking, "trigger_mode": "multiple"}
        looked = self.panel.look(self.look, clips.query, [clips.list, clips.page, clips.only, *hiding], **every)
        looked.success(None, js=SHOW_LIST)

    @quiet(1)
    def refresh(self, set_name: str, is_open: bool) -> Any:
        if not is_open:
            return gr.skip()
        return view(self.overviewing.of_set(set_name)) if set_name else {"empty": text.EMPTY}

    @shown
    def look(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Show the clips that a bar, a box or a figure stands for, alone."""
        query, wish = Query(*inputs), wish_of(event._data)
        ids = self.overviewing.chosen(query.set_name, wish)
        if not ids:
            raise DataError(text.NO_SUCH)
        which = in_words(wish, self.overviewing.of_set(query.set_name))
        only = {"ids": ids, "text": text.ONLY.format(n=plural(len(ids), text.A_CLIP), which=which)}
        alone = query._replace(status="", speaker="", split="", search="", page=0, only=only)
        return [self.label.view(alone, moved=True), 0, only, "", "", "", ""]


def overview_panel() -> gr.HTML:
    """The overview; its value is plain data, drawn by overview/overview.js.

    Events: look (what a part of a picture stands for, see `view.wish_of`), again (levels are being measured).
    """
    return gr.HTML(
        {},
        html_template="<div class='overview'></div>",
        js_on_load=program("overview"),
        apply_default_css=False,
        words=text.WORDS,
    )
