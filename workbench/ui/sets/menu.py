"""The menu of a set: another name, a copy, the archive, the licence of its clips, deleting; drawn by menu.js."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from workbench.services.workbench import Workbench
from workbench.ui import text as page_text
from workbench.ui.kit.components import PRIVATE
from workbench.ui.kit.errors import say, shown
from workbench.ui.kit.html import esc, plural
from workbench.ui.kit.scripts import program
from workbench.ui.sets import text

Event = gr.EventData


class SetMenu:
    """What can be done to the chosen set as a whole, and to those in the archive."""

    def __init__(self, workbench: Workbench, moved_to: Callable[[str | None], list[Any]]) -> None:
        """Args:
        moved_to: Updates for what shows which set is chosen.
        """
        self.collecting, self.shelf, self.moved_to = workbench.collecting, workbench.shelf, moved_to

    def build(self) -> None:
        self.panel = gr.HTML(
            {},
            html_template=_template(),
            js_on_load=program("set_menu"),
            apply_default_css=False,
            words=text.WORDS,
            elem_id="sets-menu",
            min_width=40,
        )

    def wire(self, chosen: gr.State, moved: list[Any]) -> None:
        """Events: each says which set it means, as another one may have been chosen meanwhile.

        Args:
            chosen: The set's name.
            moved: The components that `moved_to` gives updates for.
        """
        self.panel.look(self.view, chosen, self.panel, **PRIVATE)
        self.panel.licence(self.state_licence, None, self.panel, **PRIVATE)
        for event, handler in (
            (self.panel.rename, self.rename),
            (self.panel.copy, self.copy),
            (self.panel.archive, self.archive),
            (self.panel.unarchive, self.unarchive),
            (self.panel.remove, self.remove),
        ):
            event(handler, None, [self.panel, *moved], **PRIVATE)

    # ---- handlers ----

    @shown
    def view(self, name: str | None) -> dict[str, Any]:
        """The menu as plain data."""
        infos = self.collecting.sets()
        away = [{"name": i.name, "clips": plural(i.clips, page_text.CLIP)} for i in infos if i.archived]
        here = next((i.name for i in infos if i.name == name), "")
        licence = self.shelf.licence(here) if here else ""
        return {"set": here, "copy": text.COPY_OF.format(name=here), "licence": licence, "archived": away}

    @shown
    def rename(self, event: Event) -> list[Any]:
        name = self.shelf.rename(_set(event), str(event._data["to"])).name
        return self._moved(name, text.RENAMED.format(name=name))

    @shown
    def copy(self, event: Event) -> list[Any]:
        info = self.shelf.copy(_set(event), str(event._data["to"]))
        return self._moved(info.name, text.COPIED.format(name=info.name, clips=plural(info.clips, page_text.CLIP)))

    @shown
    def archive(self, event: Event) -> list[Any]:
        return self._moved(None, text.ARCHIVED.format(name=self.shelf.archive(_set(event)).name))

    @shown
    def unarchive(self, event: Event) -> list[Any]:
        name = self.shelf.unarchive(_set(event)).name
        return self._moved(name, text.BROUGHT_BACK.format(name=name))

    @shown
    def remove(self, event: Event) -> list[Any]:
        """Delete a set; the browser has asked."""
        name = _set(event)
        self.collecting.delete_set(name)
        return self._moved(None, page_text.SET_IN_BIN.format(name=name))

    @shown
    def state_licence(self, event: Event) -> dict[str, Any]:
        name = _set(event)
        kept = self.collecting.set_licence(name, str(event._data["to"]))
        say((text.LICENCE_KEPT if kept else text.LICENCE_UNKNOWN).format(name=name, licence=kept))
        return self.view(name)

    def _moved(self, name: str | None, sentence: str) -> list[Any]:
        """What shows which set is chosen, after something was done."""
        say(sentence)
        choice, chosen, *others = self.moved_to(name)
        return [self.view(chosen), choice, chosen, *others]


def _template() -> str:
    opener, title = esc(text.WORDS["open"]), esc(text.WORDS["title"])
    return (
        "<button type='button' class='opener' aria-expanded='false' aria-controls='sets-panel' "
        f"aria-label='{opener}' title='{opener}'>⋯</button>"
        f"<section id='sets-panel' class='panel' aria-label='{title}' hidden></section>"
    )


def _set(event: Event) -> str:
    return str(event._data["set"])
