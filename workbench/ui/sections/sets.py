"""The top of the page: which clip set is meant, making one, taking a sample set, deleting one."""

from typing import Any

import gradio as gr

from workbench.services.collecting import SAMPLE_KINDS, SetInfo
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.guard import say, shown
from workbench.ui.parts import confirm_script, html
from workbench.ui.render import esc, stepper


class Sets:
    """The set chooser; `chosen` holds the set's name for every other section."""

    def __init__(self, workbench: Workbench) -> None:
        self.collecting = workbench.collecting

    def build(self) -> None:
        self.chosen = gr.State("")
        self.remembered = gr.BrowserState("", storage_key="speech-workbench-set", secret="speech-workbench")
        with gr.Row(elem_id="top", equal_height=False):
            html(
                f"<div class='brand'><h1>{esc(text.TITLE)}</h1><p>{esc(text.TAGLINE)}</p></div>",
                min_width=220,
                elem_classes="brand-box",
            )
            with gr.Row(elem_classes="set-box"):
                self.choice = gr.Dropdown([], label=text.SET, interactive=True, min_width=150, elem_id="set-choice")
                self.new = gr.Button(text.NEW_SET, size="sm", min_width=84, scale=0, elem_id="new-set")
                html(
                    f"<button type='button' class='theme' data-theme-switch aria-label='{esc(text.THEME)}' "
                    f"title='{esc(text.THEME)}'>◐</button>",
                    elem_classes="theme-box",
                )
        self.steps = html(stepper(None, text.LOADING, text.LOADING), elem_id="steps")
        with gr.Column(visible=False, elem_classes="card", elem_id="new-set-form") as self.form:
            with gr.Row():
                self.name = gr.Textbox(
                    label=text.SET_NAME, placeholder=text.SET_NAME_EXAMPLE, max_lines=1, min_width=200
                )
                self.language = gr.Textbox(
                    "en", label=text.LANGUAGE, info=text.LANGUAGE_INFO, max_lines=1, min_width=120
                )
            with gr.Row():
                self.create = gr.Button(text.CREATE, variant="primary", size="md", min_width=100)
                self.cancel = gr.Button(text.CANCEL, size="md", min_width=100)
                self.delete = gr.Button(text.DELETE_SET, size="md", min_width=120, elem_classes="danger")
            html(f"<p class='hint'>{esc(text.SAMPLES_TITLE)}</p>")
            with gr.Row():
                self.samples = {
                    kind: gr.Button(text.SAMPLE_BUTTONS[kind], size="sm", min_width=90) for kind in SAMPLE_KINDS
                }
        with gr.Column(visible=False, elem_classes="card welcome", elem_id="welcome") as self.welcome:
            html(f"<h2>{esc(text.WELCOME_TITLE)}</h2><p>{esc(text.WELCOME)}</p>")
            with gr.Row():
                self.try_samples = gr.Button(text.TRY_SAMPLES, variant="primary", min_width=180, elem_id="try-samples")
                self.start_own = gr.Button(text.NEW_SET, min_width=120)
        self.sure = gr.Checkbox(False, visible=False)
        self._wire()

    def _wire(self) -> None:
        moved = [self.choice, self.chosen, self.form, self.welcome]
        self.choice.input(self.choose, self.choice, self.chosen, api_visibility="private", show_progress="hidden")
        for button in (self.new, self.start_own):
            button.click(
                self.open_form,
                self.chosen,
                [self.form, self.name, self.delete],
                api_visibility="private",
                show_progress="hidden",
            )
        self.cancel.click(self.close_form, None, self.form, api_visibility="private", show_progress="hidden")
        gr.on(
            [self.create.click, self.name.submit],
            self.make,
            [self.name, self.language],
            moved,
            api_visibility="private",
            show_progress="hidden",
        )
        for kind, button in self.samples.items():
            button.click(_sampler(self, kind), None, moved, api_visibility="private")
        self.try_samples.click(_sampler(self, "clinic"), None, moved, api_visibility="private")
        self.delete.click(
            self.remove,
            [self.sure, self.chosen],
            moved,
            js=confirm_script(text.DELETE_SET_SURE, 1),
            api_visibility="private",
            show_progress="hidden",
        )
        self.chosen.change(
            self.remember, self.chosen, self.remembered, api_visibility="private", show_progress="hidden"
        )

    # ---- handlers ----

    @shown
    def open_page(self, remembered: str) -> list[Any]:
        """What a new tab shows: the set it showed last, else the newest."""
        return self.moved_to(remembered)

    def moved_to(self, wanted: str | None) -> list[Any]:
        """Updates for chooser, chosen set, form and welcome."""
        names = [info.name for info in self.collecting.sets()]
        name = wanted if wanted in names else (names[-1] if names else "")
        return [
            gr.update(choices=names, value=name or None),
            name,
            gr.update(visible=False),
            gr.update(visible=not names),
        ]

    @shown
    def choose(self, name: str | None) -> str:
        return name or ""

    @shown
    def open_form(self, chosen: str) -> list[Any]:
        return [
            gr.update(visible=True),
            "",
            gr.update(value=text.DELETE_NAMED.format(name=chosen), visible=bool(chosen)),
        ]

    @shown
    def close_form(self) -> Any:
        return gr.update(visible=False)

    @shown
    def make(self, name: str, language: str) -> list[Any]:
        return self.moved_to(self.collecting.create_set(name, language).name)

    @shown
    def take_samples(self, kind: str) -> list[Any]:
        report = self.collecting.import_samples(kind)
        say(f"{report.added} sample clips with labels and a word list are in the set {report.set}.")
        return self.moved_to(report.set)

    @shown
    def remove(self, sure: bool, name: str) -> list[Any]:
        if not (sure and name):
            return [gr.skip()] * 4
        self.collecting.delete_set(name)
        say(f"The set {name} is in the bin for a week.")
        return self.moved_to(None)

    def remember(self, name: str) -> str:
        return name

    def info(self, name: str) -> SetInfo | None:
        """The set's figures; None where none is chosen, or another tab deleted it."""
        return next((info for info in self.collecting.sets() if info.name == name), None)


def _sampler(sets: Sets, kind: str) -> Any:
    def take() -> list[Any]:
        return sets.take_samples(kind)

    return take
