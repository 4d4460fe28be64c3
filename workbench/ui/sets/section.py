"""The top of the page: which clip set is meant, making one, taking a sample set; and the guided path."""

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from workbench.errors import WorkbenchError
from workbench.services.clips.sets import SAMPLE_KINDS, SetInfo
from workbench.services.runs.readiness import Readiness
from workbench.services.runs.service import RunView
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.adapt.progress import short
from workbench.ui.kit.components import html
from workbench.ui.kit.errors import quiet, say, shown
from workbench.ui.kit.html import esc
from workbench.ui.kit.scripts import program
from workbench.ui.sets.guide import Facts, Guide, guide, loading_html
from workbench.ui.sets.languages import language_menu
from workbench.ui.sets.menu import SetMenu

TO_COLLECT: Final = "() => window.openStage('collect')"  # a set begins with its clips
FOCUS_NAME: Final = "() => setTimeout(() => document.querySelector('#set-name input, #set-name textarea')?.focus(), 50)"


class Sets:
    """The set chooser; `chosen` holds the set's name for every other section."""

    def __init__(self, workbench: Workbench) -> None:
        self.collecting, self.guiding, self.upkeep = workbench.collecting, workbench.guiding, workbench.upkeep
        self.menu = SetMenu(workbench, self.moved_to)
        self._looked: dict[str, tuple[str, Readiness]] = {}  # set -> the state its readiness was found in

    def build(self, beside: Callable[[], None] = lambda: None) -> None:
        """Build the top of the page.

        Args:
            beside: Builds what stands between the steps and the chooser.
        """
        self.chosen = gr.State(None)  # until it is known; "" where there is no set
        self.remembered = gr.BrowserState("", storage_key="speech-workbench-set", secret="speech-workbench")
        with gr.Row(elem_id="top", equal_height=False):
            html(f"<div class='brand'><h1>{esc(text.TITLE)}</h1></div>", min_width=100, elem_classes="brand-box")
            self.steps = html(loading_html()[0], elem_id="steps", min_width=200)
            beside()
            with gr.Row(elem_classes="set-box"):
                self.choice = gr.Dropdown([], label=text.SET, interactive=True, min_width=150, elem_id="set-choice")
                self.new = gr.Button(text.NEW_SET, size="sm", min_width=84, scale=0, elem_id="new-set")
                self.menu.build()
                html(language_menu(), elem_classes="theme-box")
                html(
                    f"<button type='button' class='theme' aria-label='{esc(text.THEME)}' "
                    f"title='{esc(text.THEME)}'>◐</button>",
                    script=program("theme"),
                    elem_classes="theme-box",
                )
        with gr.Column(visible=False, elem_classes="card mind", elem_id="notices") as self.notices:
            self.told = html()
            self.noted = gr.Button(text.NOTED, size="md", min_width=100, scale=0, elem_id="noted")
        with gr.Column(visible=False, elem_classes="card", elem_id="new-set-form") as self.form:
            with gr.Row():
                self.name = gr.Textbox(
                    label=text.SET_NAME,
                    placeholder=text.SET_NAME_EXAMPLE,
                    max_lines=1,
                    min_width=200,
                    elem_id="set-name",
                )
                self.language = gr.Textbox(
                    "en", label=text.LANGUAGE, info=text.LANGUAGE_INFO, max_lines=1, min_width=120
                )
            with gr.Row():
                self.create = gr.Button(text.CREATE, variant="primary", size="md", min_width=100)
                self.cancel = gr.Button(text.CANCEL, size="md", min_width=100)
            html(f"<p class='hint'>{esc(text.SAMPLES_TITLE)}</p>")
            with gr.Row():
                self.samples = {
                    kind: gr.Button(text.SAMPLE_BUTTONS[kind], size="sm", min_width=90) for kind in SAMPLE_KINDS
                }
        self._build_welcome()
        self.next = html(loading_html()[1], elem_id="next-step")
        self._wire()

    def _build_welcome(self) -> None:
        """What a first visit shows above the board, from the start; sets/section.css hides it where there are sets."""
        steps = "".join(f"<li><b>{esc(name)}</b> {esc(said)}</li>" for name, said in text.WELCOME_STEPS)
        with gr.Column(elem_classes="card welcome", elem_id="welcome") as self.welcome:
            html(f"<h2>{esc(text.WELCOME_TITLE)}</h2><p>{esc(text.WELCOME)}</p><ol class='path'>{steps}</ol>")
            with gr.Row(elem_classes="choices"):
                with gr.Column(elem_classes="choice", min_width=240):
                    html(f"<p>{esc(text.TRY_SAMPLES_INFO)}</p>")
                    self.try_samples = gr.Button(text.TRY_SAMPLES, variant="primary", elem_id="try-samples")
                with gr.Column(elem_classes="choice", min_width=240):
                    html(f"<p>{esc(text.START_OWN_INFO)}</p>")
                    self.start_own = gr.Button(text.START_OWN, elem_id="start-own")

    def _wire(self) -> None:
        self.moved = moved = [self.choice, self.chosen, self.form, self.welcome]
        self.choice.input(
            self.choose,
            self.choice,
            self.chosen,
            trigger_mode="always_last",
            api_visibility="private",
            show_progress="hidden",
            js="(name) => { window.switchingTo(name); return name; }",
        )
        for button in (self.new, self.start_own):
            button.click(
                self.open_form,
                None,
                [self.form, self.name, self.welcome],
                api_visibility="private",
                show_progress="hidden",
            ).success(None, js=FOCUS_NAME)
        self.cancel.click(
            self.close_form, None, [self.form, self.welcome], api_visibility="private", show_progress="hidden"
        )
        gr.on(
            [self.create.click, self.name.submit],
            self.make,
            [self.name, self.language],
            moved,
            api_visibility="private",
            show_progress="hidden",
        ).success(None, js=TO_COLLECT)
        for kind, button in self.samples.items():
            button.click(_sampler(self, kind), None, moved, api_visibility="private").success(None, js=TO_COLLECT)
        self.try_samples.click(_sampler(self, "clinic"), None, moved, api_visibility="private")
        self.menu.wire(self.chosen, moved)
        self.noted.click(self.note, None, self.notices, api_visibility="private", show_progress="hidden")
        self.chosen.change(
            self.remember, self.chosen, self.remembered, api_visibility="private", show_progress="hidden"
        )

    # ---- handlers ----

    @quiet(2)
    def tell(self) -> list[Any]:
        """What the workspace has to say since it was opened: an update, a backup put back, sounds without a clip."""
        said = self.upkeep.notices
        return [gr.update(visible=bool(said)), "".join(f"<p role='status'>{esc(notice)}</p>" for notice in said)]

    @shown
    def note(self) -> Any:
        self.upkeep.note()
        return gr.update(visible=False)

    def _names(self) -> list[str]:
        """The sets to choose from."""
        return [info.name for info in self.collecting.sets() if not info.archived]

    def moved_to(self, wanted: str | None) -> list[Any]:
        """Updates for chooser, chosen set, form and welcome."""
        names = self._names()
        name = str(wanted) if wanted in names else self.collecting.latest_set()
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
    def open_form(self) -> list[Any]:
        return [gr.update(visible=True), "", gr.update(visible=False)]

    @shown
    def close_form(self) -> list[Any]:
        return [gr.update(visible=False), gr.update(visible=not self._names())]

    @shown
    def make(self, name: str, language: str) -> list[Any]:
        return self.moved_to(self.collecting.create_set(name, language).name)

    @shown
    def take_samples(self, kind: str, progress: gr.Progress | None = None) -> list[Any]:
        def count(done: int, total: int, _: str) -> None:
            if progress:
                progress((done, total), unit=text.CLIP.of(total))

        report = self.collecting.import_samples(kind, progress=count)
        say(text.SAMPLES_ADDED.format(n=report.added, set=report.set))
        return self.moved_to(report.set)

    def remember(self, name: str) -> str:
        return name

    # ---- what the page's timer asks ----

    def guide(self, info: SetInfo | None, state: str, view: RunView | None, verdict: tuple[str, str]) -> Guide:
        """The guided path: where the user is, and what comes next.

        Args:
            info: The chosen set; None where there is none.
            state: Changes with the set's clips and labels.
            view: The shown run.
            verdict: What it brought, and the rates before and after; empty for none.
        """
        readiness = self._readiness(info, state) if info else None
        return guide(Facts(readiness, short(view) if view else "", bool(view and view.active), *verdict))

    def _readiness(self, info: SetInfo, state: str) -> Readiness | None:
        """How far the set is; looked up only when its clips or labels have changed."""
        kept = self._looked.get(info.name)
        if kept is None or kept[0] != state:
            try:
                kept = self._looked[info.name] = state, self.guiding.readiness(info.name)
            except WorkbenchError:
                return None  # deleted meanwhile
        return kept[1]


def _sampler(sets: Sets, kind: str) -> Any:
    def take(progress: gr.Progress = gr.Progress()) -> list[Any]:
        return sets.take_samples(kind, progress)

    return take
