"""The set's base model: one choice behind the fields of Adapt and of drafts; Get; hearing what is confirmed.

Everything they show is asked of the services, so that a reload and every other tab show the same.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import gradio as gr

from workbench.core.types import is_run
from workbench.errors import DataError, WorkbenchError
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.components import PRIVATE
from workbench.ui.kit.errors import quiet, shown
from workbench.ui.kit.latest import Newest
from workbench.ui.models import text as model_text
from workbench.ui.models.field import field_value, model_field

MULTIPLE: Final[dict[str, Any]] = {**PRIVATE, "trigger_mode": "multiple"}


class Models:
    """The two fields; `base` holds the set's base model, `drafter` what drafts: that model, or a run."""

    def __init__(self, workbench: Workbench) -> None:
        self.base_models, self.getting = workbench.base_models, workbench.getting
        self.catalog, self.drafting = workbench.catalog, workbench.drafting
        self.adaptation, self.newest = workbench.adaptation, Newest()
        self.asked: set[str] = set()  # sets whose confirmed clips a model was asked to hear; drafting has its own bar

    def build_states(self) -> None:
        self.first = self.base_models.of_set("")
        self.base, self.drafter = gr.State(self.first.name), gr.State(self.first.name)
        self.of = gr.State("")  # the set that they are of
        self.before = gr.State(self.first.name)  # the base model before the last choice
        self.seen = gr.State("")  # changes with all that the fields show
        self.followed = gr.State("")  # changes when another tab or a finished fetch has chosen

    def build_drafter(self) -> None:
        self.draft_field = model_field(text.DRAFT_MODEL, self.first, full=False, elem_id="draft-model", min_width=130)

    def build_base(self) -> None:
        self.base_field = model_field(model_text.CHOOSE, self.first, full=True, elem_id="base-model")

    def wire(self, chosen: gr.State) -> None:
        """Events of both fields; `chose` is a list of those after which another base model may be in use."""
        now = [chosen, self.base, self.drafter, self.of]
        fields = [self.base_field, self.draft_field]
        outputs = [self.base, self.drafter, self.before, *fields]
        self.chose = [
            self.base_field.choose(self.choose, now, outputs, **MULTIPLE),
            self.draft_field.choose(self.choose_drafter, now, outputs, **MULTIPLE),
        ]
        acts: list[tuple[Any, Callable[..., Any]]] = [
            act for f in fields for act in ((f.get, self.get), (f.stop, self.stop))
        ]
        acts += [(self.base_field.hear, self.hear), (self.base_field.rest, self.rest)]
        ask = self.newest.asking(self.refresh, now, [*outputs, self.followed])
        for event, handler in acts:
            # Asked again: what the act began may have ended, and have been told, before its own answer arrives.
            event(handler, now, fields, **MULTIPLE).then(**ask, trigger_mode="multiple", **PRIVATE)
        gr.on([self.seen.change, self.of.change], **ask, trigger_mode="multiple", **PRIVATE)

    def after_choice(self, listener: Callable[..., Any]) -> list[Any]:
        """Let something follow each choice of a base model, here or elsewhere; the events that it makes."""
        return [listener(chose.success) for chose in self.chose] + [listener(self.followed.change)]

    # ---- what the fields show ----

    def token(self, set_name: str, labels: str, done: str) -> str:
        """Another one whenever the fields show something else."""
        views, hearing = self.getting.views(), self.drafting.draft_view(set_name)
        return repr((set_name, self.catalog.look(), self.base_models.chosen(set_name), views, hearing, labels, done))

    def values(self, set_name: str, base: str, drafter: str, problem: str = "") -> list[dict[str, Any]]:
        """Of the field of Adapt, and of the one that drafts."""
        common: dict[str, Any] = {
            "language": self.base_models.language(set_name),
            "getting": self.getting.views(),
            "hub_off": self.base_models.hub_off(),
        }
        offers = self.base_models.offers(set_name)
        runs = [r.id for r in self.adaptation.runs(set_name) if r.status == "done"] if set_name else []
        full = field_value(
            offers,
            base,
            advised=self.base_models.worth_getting(set_name),
            hearing=self.drafting.draft_view(set_name) if set_name in self.asked else None,
            problem=problem,
            **common,
        )
        return [full, field_value(offers, drafter, runs=runs, **common)]

    def of_set(self, set_name: str) -> str:
        return self.base_models.of_set(set_name).name

    # ---- handlers ----

    @quiet(6)
    def refresh(self, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        """What is new; a choice that was made elsewhere is taken over."""
        name = set_name or ""
        now = self.of_set(name) if name == of else base  # of another set the form is filled in a moment
        if now == base:
            return [gr.skip(), gr.skip(), gr.skip(), *self.values(name, base, drafter), gr.skip()]
        drafts = now if drafter == base else drafter
        return [now, drafts, base, *self.values(name, now, drafts), f"{name}: {now}"]

    @shown
    def choose(self, event: gr.EventData, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        """Another base model: what drafts changes with it, unless a run does."""
        return self._choose(event, set_name or "", base, drafter, keeps_run=True)

    @shown
    def choose_drafter(self, event: gr.EventData, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        """What drafts: a run, or another base model for everything."""
        run = str(event._data["model"])
        if is_run(run):
            return [gr.skip(), run, base, *self.values(set_name or "", base, run)]
        return self._choose(event, set_name or "", base, drafter, keeps_run=False)

    def _choose(self, event: gr.EventData, set_name: str, base: str, drafter: str, *, keeps_run: bool) -> list[Any]:
        wanted = str(event._data["model"]).strip()
        try:
            spec = self.base_models.choose(set_name, wanted) if set_name else self.catalog.find(wanted)
        except WorkbenchError as e:
            return [gr.skip(), gr.skip(), base, *self.values(set_name, base, drafter, problem=str(e))]
        drafts = drafter if keeps_run and is_run(drafter) else spec.name
        return [spec.name, drafts, base, *self.values(set_name, spec.name, drafts)]

    @shown
    def get(self, event: gr.EventData, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        """Begin to fetch, or go on; the model is chosen for this set once it is here."""
        self.getting.start(str(event._data["model"]), set_name or "")
        return self.values(set_name or "", base, drafter)

    @shown
    def stop(self, event: gr.EventData, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        self.getting.stop(str(event._data["model"]))
        return self.values(set_name or "", base, drafter)

    @shown
    def hear(self, event: gr.EventData, set_name: str | None, base: str, drafter: str, of: str) -> list[Any]:
        """Let a model hear the confirmed clips, in a thread; how well it did follows."""
        if not set_name:
            raise DataError(text.NO_SET)
        model = str(event._data["model"])
        self.drafting.start_hearing(set_name, model, self.base_models.unheard(set_name, model))
        self.asked.add(set_name)
        return self.values(set_name, base, drafter)

    @shown
    def rest(self, set_name: str | None, base: str, drafter: str, of: str) -> Sequence[Any]:
        self.drafting.stop_drafts(set_name or "")
        return self.values(set_name or "", base, drafter)
