"""Adapt: base model, what may learn, what the run would do, and the run while it works."""

import re
from dataclasses import fields
from typing import Any, Final

import gradio as gr

from workbench.core.config import TrainingConfig, setting_help
from workbench.errors import DataError, TrainingError, WorkbenchError
from workbench.services.adaptation import RunView
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.guard import quiet, shown
from workbench.ui.parts import html, static
from workbench.ui.render import count, esc, heading, model_facts, preview, reasons, strip
from workbench.ui.running import choice, panel

_FIELDS: Final = [f.name for f in fields(TrainingConfig) if f.name != "extend_alphabet"]  # that one has its own place
SETTINGS: Final = tuple(sorted(_FIELDS, key=lambda n: [*text.SETTING_LABELS, *_FIELDS].index(n)))  # the form's order
NUMBERS: Final = frozenset(f.name for f in fields(TrainingConfig) if "float" in str(f.type))
WHOLE: Final = frozenset(f.name for f in fields(TrainingConfig) if f.type is int or f.type == "int")
CURVE_DRAWS: Final = 3
USUAL: Final = ("encoder", "all-but-features", "adapters")
SHOW_RUN: Final = "() => document.getElementById('step-adapt').scrollIntoView({ block: 'start', behavior: 'smooth' })"
CHOICES: Final = {
    "normalizer": ["english", "marks", "none"],
    "task": ["transcribe", "translate"],
    "general_set": ["general", "none"],
}


class Adapt:
    """The form of a fine-tune and the panel of its runs."""

    def __init__(self, workbench: Workbench) -> None:
        self.adaptation, self.catalog = workbench.adaptation, workbench.catalog
        self.labelling, self.transcribing = workbench.labelling, workbench.transcribing

    def build(self) -> None:
        first = self.catalog.specs[0]
        strategies, usual = self.adaptation.strategies(first.name), self.adaptation.usual_strategy(first)
        # What the form was last filled with, to tell what the user changed.
        self.filled = gr.State({name: getattr(TrainingConfig(), name) for name in SETTINGS})
        html(heading(3, text.ADAPT, "adapt"))
        self.run = gr.State("")
        self.run_choice = gr.Dropdown([], label=text.RUN, interactive=True, visible=False, elem_id="run-choice")
        with gr.Row(elem_classes="tight", elem_id="run-buttons"):
            self.stop = gr.Button(text.STOP, visible=False, size="md", min_width=90, elem_id="stop-run")
            self.resume = gr.Button(text.RESUME, visible=False, size="md", min_width=90, elem_id="resume-run")
        self.panel = html(f"<p class='hint'>{esc(text.LOADING)}</p>", elem_id="run-panel")
        self.model = gr.Dropdown(
            [_model_choice(s.name, s.parameters, s.source) for s in self.catalog.specs],
            value=first.name,
            label=text.BASE_MODEL,
            info=text.BASE_MODEL_INFO,
            allow_custom_value=True,
            interactive=True,
            elem_id="base-model",
        )
        self.facts = html(model_facts(first))
        self.strategy = gr.Radio(
            self._strategy_choices(strategies),
            value=usual,
            label=text.STRATEGY,
            interactive=True,
            elem_id="strategy",
        )
        self.blocks = html(self._strip(first.name, usual), elem_id="blocks")
        with gr.Accordion(text.MORE, open=False, elem_id="more", elem_classes="fold"):
            html(f"<p class='hint'>{esc(text.MORE_INFO)}</p>")
            self.why = html()
            with gr.Row(elem_classes="settings"):
                self.settings = [_field(name) for name in SETTINGS]
        self.preview = html(script=static("copy.js"), elem_id="preview")
        self.listen = gr.Button(text.LISTEN_FIRST, size="sm", visible=False, elem_id="listen-first")
        self.extend = gr.Checkbox(False, label=text.EXTEND, visible=False, interactive=True, elem_id="extend")
        self.start = gr.Button(text.START, variant="primary", interactive=False, elem_id="start")
        with gr.Row(elem_classes="tight"):
            self.sweep = gr.Button(text.SWEEP, size="sm", interactive=False, elem_id="start-sweep")
            self.curve = gr.Button(text.CURVE, size="sm", interactive=False, elem_id="start-curve")

    def wire(self, chosen: gr.State, labels: gr.State) -> None:
        """Events within the section; `started` is for the page to look at once."""
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        form = [chosen, self.model, self.strategy, self.extend, self.filled, *self.settings]
        shown_by_review = [self.preview, self.why, self.listen, self.extend, self.start, self.sweep, self.curve]
        shown_by_review += [self.filled, *self.settings]
        self.model.change(
            self.choose_model, [chosen, self.model, self.strategy], [self.facts, self.strategy], **private
        )
        chosen_blocks = [self.settings[SETTINGS.index(name)] for name in ("blocks", "lora_rank")]
        redraw = [self.strategy.change, self.model.change, *(c.submit for c in chosen_blocks)]
        gr.on(
            [*redraw, *(c.blur for c in chosen_blocks)],
            self.draw,
            [self.model, self.strategy, *chosen_blocks],
            self.blocks,
            **private,
        )
        edits = [s.blur if isinstance(s, gr.Number) else s.input for s in self.settings]
        submits = [s.submit for s in self.settings if isinstance(s, gr.Number | gr.Textbox)]
        gr.on(
            [
                chosen.change,
                labels.change,
                self.model.change,
                self.strategy.change,
                self.extend.input,
                *edits,
                *submits,
            ],
            self.review,
            form,
            shown_by_review,
            trigger_mode="always_last",
            **private,
        )
        self.listen.click(
            self.listen_first, [chosen, self.model, self.strategy], None, api_visibility="private"
        ).success(self.review, form, shown_by_review, **private)
        self.started = self.start.click(self.begin, form, self.run, **private)
        self.started.success(None, js=SHOW_RUN)
        self.raced = self.sweep.click(self.begin_sweep, [chosen, *form[1:]], self.run, **private)
        self.raced.success(None, js=SHOW_RUN)
        self.curved = self.curve.click(self.begin_curve, form, self.run, **private)
        self.curved.success(None, js=SHOW_RUN)
        self.chosen_run = self.run_choice.input(self.choose_run, self.run_choice, self.run, **private)
        self.stopped = self.stop.click(self.halt, self.run, self.stop, **private)
        self.resumed = self.resume.click(self.go_on, self.run, self.resume, **private)

    # ---- the form ----

    def _strategy_choices(self, names: list[str]) -> list[tuple[str, str]]:
        return [(_strategy_label(name) or self.adaptation.strategy_words(name)[0], name) for name in names]

    def _strip(self, model: str, strategy: str, blocks: str = "", lora_rank: float | None = None) -> str:
        words = self.adaptation.strategy_words(strategy)
        try:
            config = TrainingConfig(blocks=blocks, lora_rank=int(lora_rank or TrainingConfig.lora_rank))
            plan = self.adaptation.plan(model, strategy, config)
        except WorkbenchError as e:  # such as custom without blocks: the names to choose from are what helps
            names = ", ".join(b.name for b in self.adaptation.blocks(model))
            return (
                f"<p class='hint'><b>{esc(words[0])}</b>. {esc(words[1])}</p><p class='mind'>{esc(e)} {esc(names)}</p>"
            )
        return strip(plan, strategy, *words)

    @quiet(2)
    def choose_model(self, set_name: str, model: str | None, strategy: str) -> list[Any]:
        spec = self.catalog.find(model or "")
        names = self.adaptation.strategies(spec.name)
        # A strategy that was merely the usual one of the model before gives way to this model's.
        keep = strategy in names and strategy not in USUAL
        value = strategy if keep else self.adaptation.usual_strategy(spec, set_name)
        return [model_facts(spec), gr.update(choices=self._strategy_choices(names), value=value)]

    @quiet(1)
    def draw(self, model: str | None, strategy: str, blocks: str | None, lora_rank: float | None) -> str:
        return self._strip(model or "", strategy, blocks or "", lora_rank)

    @shown
    def review(
        self, set_name: str, model: str | None, strategy: str, extend: bool, filled: dict[str, Any], *values: Any
    ) -> list[Any]:
        """What the run would do; an impossible wish is said in its place, and Start is off."""
        kept = [gr.skip()] * len(SETTINGS)
        try:
            if not set_name:
                raise DataError(text.NO_SET)
            wishes = _wishes(filled, values)
            p = self.adaptation.preview(set_name, model or "", strategy, wishes | {"extend_alphabet": extend})
            suggested = p.suggestion.config if not wishes else self._suggested(set_name, model, strategy)
            _check_cap(p.suggestion.config.learning_rate, p.suggestion.rate_cap)
        except WorkbenchError as e:
            off = gr.update(interactive=False)
            hidden = gr.update(visible=False)
            return [f"<p class='mind' role='status'>{esc(e)}</p>", "", hidden, gr.skip(), off, off, off, filled, *kept]
        now = {name: getattr(p.suggestion.config, name) for name in SETTINGS}
        label = f"{text.EXTEND}: {' '.join(p.new_characters[:30])}"
        return [
            preview(p),
            reasons(p),
            gr.update(visible=not p.provable and p.model.source != "hub"),
            gr.update(visible=bool(p.new_characters), label=label),
            *[gr.update(interactive=True)] * 3,
            {name: getattr(suggested, name) for name in SETTINGS},
            *(gr.update(value=now[name], **self._offers(name, set_name)) for name in SETTINGS),
        ]

    def _offers(self, name: str, set_name: str) -> dict[str, Any]:
        """The choices of a setting that depend on what is in the workspace."""
        return {"choices": self.adaptation.general_choices(set_name)} if name == "general_set" else {}

    def _suggested(self, set_name: str, model: str | None, strategy: str) -> TrainingConfig:
        return self.adaptation.preview(set_name, model or "", strategy).suggestion.config

    @shown
    def listen_first(self, set_name: str, model: str | None, strategy: str) -> None:
        """Let the base model hear the test clips, so that the review can say what they prove."""
        folds = self.adaptation.preview(set_name, model or "", strategy).folds
        clips = self.labelling.clips(set_name, status="confirmed", split=None if folds else "test")
        self.transcribing.draft_now(set_name, model or "", [c.id for c in clips])

    @shown
    def begin(
        self, set_name: str, model: str | None, strategy: str, extend: bool, filled: dict[str, Any], *values: Any
    ) -> str:
        """Start a run; its id."""
        if not set_name:
            raise DataError(text.NO_SET)
        wishes = _wishes(filled, values) | {"extend_alphabet": extend}
        p = self.adaptation.preview(set_name, model or "", strategy, wishes)
        _check_cap(p.suggestion.config.learning_rate, p.suggestion.rate_cap)
        return self.adaptation.start(set_name, model or "", strategy, wishes)

    @shown
    def begin_curve(
        self, set_name: str, model: str | None, strategy: str, extend: bool, filled: dict[str, Any], *values: Any
    ) -> str:
        """Start a run that is also trained on parts of the clips; its id."""
        wishes = _wishes(filled, values) | {"extend_alphabet": extend}
        return self.adaptation.start(set_name, model or "", strategy, wishes, curve_draws=CURVE_DRAWS)

    @shown
    def begin_sweep(
        self, set_name: str, model: str | None, strategy: str, extend: bool, filled: dict[str, Any], *values: Any
    ) -> str:
        """Start a sweep with the settings of the form, but for strategy and learning rate; its id."""
        wishes = _wishes(filled, values) | {"extend_alphabet": extend}
        wishes.pop("learning_rate", None)
        return self.adaptation.start_sweep(set_name, model or "", settings=wishes)

    # ---- runs ----

    @shown
    def choose_run(self, run: str | None) -> str:
        return run or ""

    @shown
    def halt(self, run: str) -> Any:
        self.adaptation.stop(run)
        return gr.update(interactive=False)

    @shown
    def go_on(self, run: str) -> Any:
        self.adaptation.resume(run)
        return gr.update(visible=False)

    def show_run(self, view: RunView | None, runs: list[RunView]) -> list[Any]:
        """Run list, panel, Stop and Resume, for the page's timer."""
        if view is None:
            none = f"<p class='hint'>{esc(text.NO_RUNS)}</p>"
            return [
                gr.update(choices=[], value=None, visible=False),
                none,
                gr.update(visible=False),
                gr.update(visible=False),
            ]
        return [
            gr.update(choices=[(choice(r), r.id) for r in runs], value=view.id, visible=True),
            panel(view, self.adaptation.watched(view.id)),
            gr.update(visible=view.active, interactive=True),
            gr.update(visible=view.status in ("failed", "interrupted", "stopped")),
        ]


def _model_choice(name: str, parameters: int | None, source: str) -> tuple[str, str]:
    where = {"bundled": "bundled", "folder": "on this machine", "hub": "from Hugging Face"}[source]
    return f"{name} · {f'{count(parameters)} weights · ' if parameters else ''}{where}", name


def _strategy_label(name: str) -> str | None:
    """The short label of a strategy; None for one that the page does not know, which has its title."""
    key, number = (re.sub(r"-\d+$", "-N", name), name.rpartition("-")[2])
    return text.STRATEGY_LABELS[key].format(n=number) if key in text.STRATEGY_LABELS else None


def _field(name: str) -> gr.Number | gr.Dropdown | gr.Textbox:
    """One setting of TrainingConfig as a form field, with the help that is declared beside it."""
    common: dict[str, Any] = {
        "label": text.SETTING_LABELS.get(name, name.replace("_", " ").capitalize()),
        "info": setting_help(name),
        "interactive": True,
        "min_width": 150,
        "elem_id": f"setting-{name.replace('_', '-')}",
    }
    if name in CHOICES:
        return gr.Dropdown(CHOICES[name], value=None, **common)
    default = getattr(TrainingConfig(), name)
    if default is None or isinstance(default, str):  # an empty Number would come back as 0
        return gr.Textbox(default or "", max_lines=1, **common)
    return gr.Number(default, precision=0 if name in WHOLE else None, step=1 if name in WHOLE else 0.0001, **common)


def _wishes(filled: dict[str, Any], values: tuple[Any, ...]) -> dict[str, Any]:
    """The settings that the user changed: neither empty nor what the form was filled with."""
    given = {name: _typed(name, v) for name, v in zip(SETTINGS, values, strict=True) if v not in (None, "")}
    return {name: value for name, value in given.items() if value != filled.get(name)}


def _typed(name: str, value: Any) -> Any:
    """A setting's value; the number in a text field.

    Raises:
        WorkbenchError: It is no number.
    """
    if name not in NUMBERS or not isinstance(value, str):
        return value
    try:
        return float(value.replace(",", "."))
    except ValueError:
        raise TrainingError(f"The setting {name.replace('_', ' ')} needs a number, not '{value[:20]}'.") from None


def _check_cap(rate: float, cap: float) -> None:
    if rate > cap:
        raise TrainingError(
            f"The step size (learning rate) may be at most {cap:g} for this model and strategy; lower it."
        )
