"""Adapt: base model, what may learn, what the run would do, and the run while it works."""

from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import gradio as gr

from workbench.core.config import TrainingConfig
from workbench.core.types import ModelSpec
from workbench.errors import DataError, WorkbenchError
from workbench.services.runs.plan import CURVE_DRAWS
from workbench.services.runs.preview import Preview
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.adapt.block_strip import block_strip, strip_value
from workbench.ui.adapt.form import (
    FOLLOWED,
    FOR_SET,
    OF_STRIP,
    SETTINGS,
    all_wishes,
    check_cap,
    efforts,
    explained,
    field,
    kept_wishes,
    offered,
    remembered,
    strategy_label,
    wishes,
)
from workbench.ui.adapt.preview import about, at_most, brief, left_out, preview, strategies
from workbench.ui.adapt.run_panel import SHOW_RUN, RunPanel
from workbench.ui.kit.components import PRIVATE, fold, html, show_place
from workbench.ui.kit.errors import quiet, say, shown
from workbench.ui.kit.html import esc, fill, heading
from workbench.ui.kit.latest import Newest
from workbench.ui.kit.scripts import function, program
from workbench.ui.models.section import Models

CUSTOM: Final = "custom"
Filled = dict[str, Any]


class Adapt(RunPanel):
    """The form of a fine-tune and the panel of its runs."""

    def __init__(self, workbench: Workbench, models: Models | None = None) -> None:
        super().__init__(workbench)
        self.catalog, self.base_models = workbench.catalog, workbench.base_models
        self.models = models or Models(workbench)
        self.labelling, self.drafting = workbench.labelling, workbench.drafting
        self.planning, self.model_facts = workbench.planning, workbench.model_facts
        self.newest_strip, self.newest_review = Newest(), Newest()

    def build(self) -> None:
        first, self.model = self.base_models.of_set(""), self.models.base
        names, usual = self.model_facts.strategies(first.name), self.model_facts.usual_strategy(first)
        # What the form was last filled with, to tell what the user changed, and what it is to be filled with; both are
        # the browser's to keep, which alone knows what is being typed.
        self.filled = gr.JSON({name: getattr(TrainingConfig(), name) for name in SETTINGS}, visible=False)
        self.offer = gr.JSON({}, visible=False)
        # Set -> its form, as this browser left it.
        self.own = gr.BrowserState({}, storage_key="speech-workbench-forms", secret="speech-workbench")
        html(heading(2, text.ADAPT, "adapt"))
        html(f"<h3 class='ask'>{esc(text.GOOD_ALREADY)}</h3>")
        self.models.build_base()
        if self.catalog.skipped:
            html(left_out([(s.name, s.reason) for s in self.catalog.skipped]), elem_id="left-out")
        self.effort = field("effort")
        self.preview = html(f"<p class='hint'>{esc(text.LOADING)}</p>", script=program("copy"), elem_id="preview")
        self.listen = gr.Button(text.LISTEN_FIRST, size="sm", visible=False, elem_id="listen-first")
        self.extend = gr.Checkbox(False, label=text.EXTEND, visible=False, interactive=True, elem_id="extend")
        with fold(text.MORE, elem_id="more"):
            self._build_more(names, usual, first)
        with gr.Row(elem_id="adapt-foot", equal_height=True):  # in sight wherever the form is scrolled to
            self.brief = html(brief(None, known=False), elem_id="brief", min_width=150)
            self.start = gr.Button(
                text.START, variant="primary", interactive=False, min_width=150, scale=0, elem_id="start"
            )

    def _build_more(self, names: list[str], usual: str, first: ModelSpec) -> None:
        """For those who know what they do: what may learn, every setting, several runs at once."""
        html(f"<p class='hint'>{esc(text.MORE_TOO)}</p>")
        self.strategy = gr.Radio(
            self._strategy_choices(names), value=usual, label=text.STRATEGY, interactive=True, elem_id="strategy"
        )
        self.strip = block_strip(self._strip(first.name, usual), elem_id="blocks")
        self.all_strategies = html(self._all_strategies(names))
        html(f"<p class='hint'>{esc(text.MORE_INFO)}</p>")
        self.why = html()
        with gr.Row(elem_classes="settings"):
            self.settings = [self.effort if name == "effort" else field(name) for name in SETTINGS]
        with gr.Row(elem_classes="tight"):
            self.sweep = gr.Button(text.SWEEP, size="sm", interactive=False, elem_id="start-sweep")
            self.curve = gr.Button(text.CURVE, size="sm", interactive=False, elem_id="start-curve")

    def wire(self, chosen: gr.State, labels: gr.State) -> None:
        """Events within the section; `started` is for the page to look at once."""
        self.form = [chosen, self.model, self.strategy, self.extend, self.filled, *self.settings]
        self.reviewed = [self.preview, self.why, self.listen, self.extend, self.start, self.sweep, self.curve]
        self.reviewed += [self.offer, *self.settings, self.brief]
        self.form_outputs = [self.model, self.models.drafter, self.strategy, self.strip, self.all_strategies]
        self.form_outputs += [self.extend, self.offer, *self.settings, self.models.of]
        blocks, rank = (cast(gr.Textbox | gr.Number, self.settings[SETTINGS.index(name)]) for name in OF_STRIP)
        of_strategy, ask = [self.strip, blocks], self.newest_strip.asking
        # "input" and not "change": what a handler fills in is no wish of the user's.
        remodelled = self.models.after_choice(
            lambda event: event(
                self.choose_model,
                [chosen, self.model, self.strategy, self.models.before],
                [self.strategy, self.all_strategies, *of_strategy],
                trigger_mode="always_last",
                **PRIVATE,
            )
        )
        planned = self.strategy.input(
            **ask(self.choose_strategy, [self.model, self.strategy, self.strip, rank], of_strategy),
            trigger_mode="always_last",
            **PRIVATE,
        )
        picked = self.strip.pick(
            **ask(self.pick, [self.model, rank], [self.strategy, *of_strategy], told=True),
            trigger_mode="multiple",  # "always_last" would send the first click's blocks once more
            **PRIVATE,
        )
        typed = gr.on(
            [blocks.submit, blocks.blur, rank.submit, rank.blur],
            **ask(self.draw, [self.model, self.strategy, blocks, rank], [self.strip]),
            trigger_mode="always_last",
            **PRIVATE,
        )
        restored = chosen.change(self.restore, [chosen, self.own, *self.settings], self.form_outputs, **PRIVATE)
        restored = self._filled_by(restored)
        edits = [s.blur if isinstance(s, gr.Number | gr.Textbox) else s.input for s in self.settings]
        submits = [s.submit for s in self.settings if isinstance(s, gr.Number | gr.Textbox)]
        self._review_at(*(event.success for event in (*remodelled, planned, picked, typed, restored)))
        self._review_at(
            lambda **asked: gr.on([labels.change, self.ended.change, self.extend.input, *edits, *submits], **asked)
        )
        listened = self.listen.click(
            self.listen_first, [chosen, self.model, self.strategy], None, api_visibility="private"
        )
        self._review_at(listened.success)
        self._wire_runs()

    def _review_at(self, *events: Callable[..., Any]) -> None:
        """Say what the run would do, and remember the form, at each of these events."""
        keep = [self.keep, [self.own, *self.form], self.own]
        ask = self.newest_review.asking(self.review, self.form, self.reviewed)
        for event in events:
            reviewed = event(**ask, trigger_mode="always_last", **PRIVATE)
            self._filled_by(reviewed).success(*keep, trigger_mode="always_last", **PRIVATE)

    def _filled_by(self, answered: Any) -> Any:
        """Put what a handler offers into the fields; see adapt/form.js."""
        fields = [self.filled, *self.settings]
        return answered.success(None, [self.offer, *fields], fields, js=function("form"))

    def _wire_runs(self) -> None:
        self.started = self.start.click(self.begin, self.form, self.run, **PRIVATE)
        self.raced = self.sweep.click(self.begin_sweep, self.form, self.run, **PRIVATE)
        self.curved = self.curve.click(self.begin_curve, self.form, self.run, **PRIVATE)
        for event in (self.started, self.raced, self.curved):
            event.success(None, js=SHOW_RUN)
        self.wire_panel()
        self.fill_on(self.panel.again, self.run)

    def fill_on(self, event: Callable[..., Any], run: gr.State) -> None:
        """Fill the form from a run at an event, also of another section: "rerun with changes".

        Args:
            event: Such as a button's `click`, or the `success` of another listener.
            run: Holds the run's id by then.
        """
        answered = event(self.fill_from, [run, *self.settings], self.form_outputs, **PRIVATE)
        filled = self._filled_by(answered)
        self._review_at(filled.success)
        filled.success(None, js=show_place("base-model"))

    # ---- the form ----

    def _strategy_choices(self, names: list[str]) -> list[tuple[str, str]]:
        return [(strategy_label(name) or str(self.model_facts.strategy_words(name)[0]), name) for name in names]

    def _all_strategies(self, names: list[str]) -> str:
        return strategies((name, *self.model_facts.strategy_words(name)) for name in names)

    def _strip(self, model: str, strategy: str, blocks: str = "", lora_rank: float | None = None) -> dict[str, Any]:
        rank = int(lora_rank or TrainingConfig.lora_rank)
        plan, problem = None, ""
        try:
            plan = self.model_facts.plan(model, strategy, TrainingConfig(blocks=blocks, lora_rank=rank))
        except WorkbenchError as e:  # such as custom without blocks; the review says it too
            problem = str(e)
        known, words = self.model_facts.blocks(model), self.model_facts.strategy_words(strategy)
        return strip_value(known, plan, strategy=strategy, words=words, rank=rank, problem=problem)

    @quiet(4)
    def choose_model(self, set_name: str, model: str | None, strategy: str, before: str) -> list[Any]:
        """Another model; a strategy that was merely the usual one of the model before gives way to this model's."""
        spec = self.catalog.find(model or "")
        if before == spec.name:  # a run drafts, or what was wished for is not to be had
            return [gr.skip()] * 4
        names = self.model_facts.strategies(spec.name)
        value = self._strategy_for(spec, set_name, strategy, before)
        choices = gr.update(choices=self._strategy_choices(names), value=value)
        return [choices, self._all_strategies(names), self._strip(spec.name, value), ""]

    def _strategy_for(self, spec: ModelSpec, set_name: str, strategy: str, before: str) -> str:
        """The strategy that was chosen with another model, where it is one of this model's and was a wish."""
        wished = strategy not in (self._usual(before, set_name), CUSTOM)
        offered = strategy in self.model_facts.strategies(spec.name)
        return strategy if wished and offered else self.model_facts.usual_strategy(spec, set_name)

    def _usual(self, model: str, set_name: str) -> str:
        """The usual strategy of a model by its name; "" of one that is no longer on offer."""
        try:
            return self.model_facts.usual_strategy(model, set_name)
        except WorkbenchError:
            return ""

    @quiet(2)
    def choose_strategy(
        self, model: str | None, strategy: str, strip: dict[str, Any] | None, lora_rank: float | None
    ) -> list[Any]:
        """A named strategy fills the strip; custom begins with what the strip shows."""
        blocks = str((strip or {}).get("list", "")) if strategy == CUSTOM else ""
        return [self._strip(model or "", strategy, blocks, lora_rank), blocks]

    @quiet(3)
    def pick(self, event: gr.EventData, model: str | None, lora_rank: float | None) -> list[Any]:
        """A block was clicked: whatever learned before, it is custom now."""
        blocks = str(event._data["list"])
        return [CUSTOM, self._strip(model or "", CUSTOM, blocks, lora_rank), blocks]

    @quiet(1)
    def draw(self, model: str | None, strategy: str, blocks: str | None, lora_rank: float | None) -> dict[str, Any]:
        return self._strip(model or "", strategy, blocks or "", lora_rank)

    @quiet(8 + len(SETTINGS))
    def restore(self, set_name: str, own: dict[str, Any] | None, *values: Any) -> list[Any]:
        """The form as this browser left it for a set; else as suggested."""
        kept, spec = (own or {}).get(set_name) or {}, self.base_models.of_set(set_name)
        if not kept:
            return self._fill(set_name, spec.name, "", False, {}, values)
        given, strategy = kept_wishes(kept.get("wishes")), str(kept.get("strategy"))
        if given.get("general_set") not in (None, *self.planning.general_choices(set_name)):  # renamed or gone since
            del given["general_set"]
        if kept.get("model") != spec.name:  # another one was chosen since, in another browser perhaps
            strategy = self._strategy_for(spec, set_name, strategy, str(kept.get("model")))
            given.pop("blocks", None)
        return self._fill(set_name, spec.name, strategy, bool(kept.get("extend")), given, values)

    @shown
    def fill_from(self, run: str, *values: Any) -> list[Any]:
        """The form as a run was started, for `form_outputs`; the review has to follow.

        Raises:
            gr.Error: There is no such run, or its model is no longer on offer.
        """
        view = self.adaptation.view(run)
        self.base_models.choose(view.set_name, view.model)
        given = view.config.to_json()
        extend = given.pop("extend_alphabet")
        say(text.FILLED.format(run=run))
        return self._fill(view.set_name, view.model, view.strategy, extend, given, values)

    def _fill(
        self, set_name: str, model: str, strategy: str, extend: bool, given: dict[str, Any], asked: Sequence[Any]
    ) -> list[Any]:
        """Updates for `form_outputs`; `asked` is what the fields held before."""
        spec = self.catalog.find(model)
        names = self.model_facts.strategies(spec.name)
        if strategy not in names:
            try:  # such as top-3, which is not offered and yet possible
                self.model_facts.plan(spec.name, strategy)
                names.append(strategy)
            except WorkbenchError:
                strategy = self.model_facts.usual_strategy(spec, set_name)
        filled = {name: getattr(TrainingConfig(), name) for name in SETTINGS}
        values = filled | given
        try:
            suggested = self._suggested(set_name, spec.name, strategy, given)
            p = self.planning.preview(set_name, spec.name, strategy, given | {"extend_alphabet": extend})
            filled, values = suggested, {name: getattr(p.suggestion.config, name) for name in SETTINGS}
        except WorkbenchError:  # too few clips, for instance: the review says it
            pass
        strip = self._strip(spec.name, strategy, values["blocks"], values["lora_rank"])
        shown_names = gr.update(choices=self._strategy_choices(names), value=strategy)
        return [
            spec.name,
            self.base_models.drafter(set_name) if spec.name == self.base_models.of_set(set_name).name else spec.name,
            shown_names,
            strip,
            self._all_strategies(names),
            extend,
            offered(values, filled | {FOR_SET: set_name}, asked),
            *(gr.update(**self._offers(name, set_name)) for name in SETTINGS),
            set_name,
        ]

    def keep(self, own: dict[str, Any] | None, *form: Any) -> Any:
        """Remember the form of a set in this browser."""
        kept = remembered(own or {}, *form)
        return gr.skip() if kept is None else kept

    @shown
    def review(
        self, set_name: str | None, model: str | None, strategy: str, extend: bool, filled: dict[str, Any], *values: Any
    ) -> list[Any]:
        """What the run would do; an impossible wish is said in its place, and Start is off."""
        kept = [gr.skip()] * len(SETTINGS)  # their values are offered, since an answer may come late
        if set_name is None:  # the page is still finding out which set is meant
            return [*[gr.skip()] * 7, {}, *kept, gr.skip()]
        try:
            if not set_name:
                raise DataError(text.NO_SET)
            given = wishes(filled, values)
            p = self.planning.preview(set_name, model or "", strategy, all_wishes(extend, filled, values))
            suggested = self._suggested(set_name, model or "", strategy, given)
            check_cap(p.suggestion.config.learning_rate, p.suggestion.rate_cap)
        except WorkbenchError as e:
            off, hidden = gr.update(interactive=False), gr.update(visible=False)
            why = f"<p class='mind' role='status'>{esc(e)}</p>"
            # The times on the buttons were those of another set, or of other clips.
            plain = [gr.update(interactive=False, value=said) for said in (text.SWEEP, text.CURVE)]
            fields = [gr.update(choices=efforts({})) if name == "effort" else gr.skip() for name in SETTINGS]
            return [why, "", hidden, gr.skip(), off, *plain, {}, *fields, brief(None, set_name)]
        now = {name: getattr(p.suggestion.config, name) for name in SETTINGS}
        label = f"{text.EXTEND}: {' '.join(p.new_characters[:30])}"
        sweep, curve = (at_most(said, p.times, which) for said, which in ((text.SWEEP, "sweep"), (text.CURVE, "curve")))
        return [
            preview(p),
            f"<p class='hint'>{esc(fill(text.RATE_CAP, cap=p.suggestion.rate_cap))}</p>",
            gr.update(visible=not p.provable and p.model.source != "hub"),
            gr.update(visible=bool(p.new_characters), label=label),
            gr.update(interactive=True),
            gr.update(interactive=True, value=sweep),
            gr.update(interactive=True, value=curve),
            offered(now, suggested | {FOR_SET: filled.get(FOR_SET)}, values, before=filled),
            *(
                gr.update(info=explained(name, p.suggestion.why), **self._offers(name, set_name, p))
                for name in SETTINGS
            ),
            brief(p, set_name),
        ]

    def _offers(self, name: str, set_name: str, p: Preview | None = None) -> dict[str, Any]:
        """The choices of a setting that depend on what is in the workspace, or on what a run would do."""
        if name == "effort" and p and p.times:
            return {"choices": efforts({n: about(found) for n, found in p.times.efforts.items()})}
        return {"choices": self.planning.general_choices(set_name)} if name == "general_set" else {}

    def _suggested(self, set_name: str, model: str, strategy: str, given: dict[str, Any]) -> dict[str, Any]:
        """What the form would hold without the user's wishes, but for the blocks that learn."""
        led: dict[str, Any] = {name: given[name] for name in FOLLOWED if name in given}
        config = self.planning.suggested(set_name, model, strategy, led)
        return {name: getattr(TrainingConfig() if name in FOLLOWED else config, name) for name in SETTINGS}

    @shown
    def listen_first(self, set_name: str, model: str | None, strategy: str) -> None:
        """Let the base model hear the test clips, so that the review can say what they prove."""
        folds = self.planning.preview(set_name, model or "", strategy).folds
        clips = self.labelling.clips(set_name, status="confirmed", split=None if folds else "test")
        self.drafting.draft_now(set_name, model or "", [c.id for c in clips])

    @shown
    def begin(self, set_name: str, model: str | None, strategy: str, extend: bool, filled: Filled, *values: Any) -> str:
        """Start a run; its id."""
        if not set_name:
            raise DataError(text.NO_SET)
        p = self.planning.preview(set_name, model or "", strategy, given := all_wishes(extend, filled, values))
        check_cap(p.suggestion.config.learning_rate, p.suggestion.rate_cap)
        return self.adaptation.start(set_name, model or "", strategy, given)

    @shown
    def begin_curve(
        self, set_name: str, model: str | None, strategy: str, extend: bool, filled: Filled, *values: Any
    ) -> str:
        """Start a run that is also trained on parts of the clips; its id."""
        given = all_wishes(extend, filled, values)
        return self.adaptation.start(set_name, model or "", strategy, given, curve_draws=CURVE_DRAWS)

    @shown
    def begin_sweep(self, set_name: str, model: str | None, _: str, extend: bool, filled: Filled, *values: Any) -> str:
        """Start a sweep with the settings of the form, but for strategy and learning rate; its id."""
        given = {name: v for name, v in all_wishes(extend, filled, values).items() if name != "learning_rate"}
        return self.adaptation.start_sweep(set_name, model or "", settings=given)
