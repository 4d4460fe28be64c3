"""The page: the order of its sections, every event between them, and how it follows what goes on.

All state lives in the store. The page draws it on load and when it is told of a change, and only what is another now:
that is why a reload, a second tab and a second person see the same run.
"""

from typing import Any

import gradio as gr

from workbench.services.clips.sets import SetInfo
from workbench.services.results import best
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.adapt.progress import signature
from workbench.ui.adapt.section import Adapt
from workbench.ui.collect.section import Collect
from workbench.ui.compare.section import Compare
from workbench.ui.history.section import SHOW_COMPARISON, History
from workbench.ui.kit.changes import listener
from workbench.ui.kit.errors import quiet, say, shown, warn
from workbench.ui.kit.latest import Newest
from workbench.ui.label.section import Label
from workbench.ui.models.section import Models
from workbench.ui.overview.section import OverviewPanel
from workbench.ui.sets import text as set_text
from workbench.ui.sets.guide import STAGES, guide_html
from workbench.ui.sets.section import Sets
from workbench.ui.stages.address import READ_ADDRESS, address, clip_of
from workbench.ui.take.section import Take
from workbench.ui.voice.section import Voice


class Page:
    """The sections over one workbench."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self.models, self.newest_look = Models(workbench), Newest()
        self.sets, self.collect, self.label = Sets(workbench), Collect(workbench), Label(workbench, self.models)
        self.adapt, self.compare = Adapt(workbench, self.models), Compare(workbench)
        self.history, self.voice = History(workbench), Voice(workbench)
        self.overview, self.take = OverviewPanel(workbench, self.label), Take(workbench)

    def build(self) -> gr.Blocks:
        blocks = gr.Blocks(title=text.TITLE, analytics_enabled=False, fill_width=True)
        with blocks:
            self.labels = gr.State("")  # changes with the set's clips, labels and words
            self.seen = gr.State({})  # what was drawn already, by name
            self.models.build_states()
            self.sets.build(self.voice.build)
            self._build_stages()
            self.changed = listener()
            quiet_place = gr.HTML(visible=False)
            self._wire(blocks)
        _show_progress_nowhere(blocks, quiet_place)
        blocks.queue(default_concurrency_limit=16)
        return blocks

    def _build_stages(self) -> None:
        """The stages: all are drawn, one is shown, which stages/address.js sees to; see stages/section.css."""
        self.address = address()
        with gr.Column(elem_id="board"):
            with gr.Column(elem_id="stage-collect", elem_classes="stage"):
                with gr.Column(elem_classes="card clips-box"):
                    self.label.build()
                with gr.Column(elem_classes="card ways-box"):
                    self.collect.build(self.overview.build)
            with gr.Column(elem_id="stage-adapt", elem_classes="stage"):
                with gr.Column(elem_classes="card form-box"):
                    self.adapt.build()
                with gr.Column(elem_classes="card run-box"):
                    self.adapt.build_panel()
                with gr.Column(elem_classes="card history-box"):
                    self.history.build()
            with gr.Column(elem_id="stage-compare", elem_classes="stage"):
                self.compare.build()
                with gr.Column(elem_classes="card take-box"):
                    self.take.build()

    def _wire(self, blocks: gr.Blocks) -> None:
        chosen = self.sets.chosen
        self.collect.wire(chosen)
        self.models.wire(chosen)
        self.label.wire(chosen)
        self.overview.wire(chosen, self.labels)
        self.adapt.wire(chosen, self.labels)
        self.compare.wire()
        self.take.wire(self.compare.right)
        self.voice.wire(chosen, self.adapt.run)
        self.history.wire(chosen, self.adapt.run)
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        paired = [self.compare.pair, [self.compare.result, self.compare.normalizer], self.compare.outputs]
        self.history.list.pair(*paired, **private).success(None, js=SHOW_COMPARISON)
        self.adapt.fill_on(self.history.again.success, self.history.repeated)
        placed = [*self.sets.moved, self.adapt.run, self.compare.clip]
        read = f"(remembered) => [remembered, {READ_ADDRESS}]"
        blocks.load(self.open_page, [self.sets.remembered, self.address], placed, js=read, **private)
        blended = self.compare.blend.click(
            self.compare.keep_other, [self.compare.right, self.compare.share], self.adapt.run, **private
        )
        went = self.address.go(self.go, chosen, placed, trigger_mode="always_last", **private)
        blocks.load(self.sets.tell, None, [self.sets.notices, self.sets.told], **private)
        blocks.load(lambda name: name, self.collect.kept_speaker, self.collect.speaker, **private)
        refresh: list[Any] = [self.label.refresh, self.label.query, self.label.list]
        for arrived in (self.collect.uploaded, self.collect.tiered, self.collect.returned):
            arrived.success(*refresh, **self.label.asking)
        self.labels.change(*refresh, **self.label.asking)
        for changed in (self.labels, self.adapt.ended):
            changed.change(self.collect.list_texts, chosen, self.collect.texts, trigger_mode="always_last", **private)
        doctor = self.label.doctor
        self.labels.change(doctor.refresh, [chosen, self.label.model], doctor.panel, **private)
        inputs = [chosen, self.adapt.run, self.seen]
        outputs = [
            self.seen, self.labels, self.sets.steps, self.sets.next, self.address, self.sets.choice,
            self.label.progress, self.label.draft, self.label.stop, self.models.seen, self.label.who,
            self.adapt.run, self.adapt.run_choice, self.adapt.panel, self.adapt.stop, self.adapt.resume,
            self.adapt.start, self.compare.result, self.history.seen, self.adapt.ended,
            self.take.seen, chosen,
        ]  # fmt: skip
        self._n_outputs, self._n_choice = len(outputs), outputs.index(self.sets.choice)
        # A late answer about the set before would stay: nothing asks again until something changes.
        look = self.newest_look.asking(quiet(len(outputs))(self.look), inputs, outputs)
        went.success(**look, **private).success(self.compare.show, *self.compare.showing, **private)
        self.changed.told(**look, concurrency_limit=None, trigger_mode="always_last", **private)
        chosen.change(**look, **private)
        for acted in (
            self.adapt.started,
            self.adapt.raced,
            self.adapt.curved,
            self.adapt.chosen_run,
            self.adapt.resumed,
            self.adapt.stopped,
            self.history.picked,
            blended,
        ):
            acted.success(**look, **private)

    # ---- the address ----

    @shown
    def open_page(self, remembered: str, place: dict[str, Any]) -> list[Any]:
        """What a new tab shows: what its address names, else the set it showed last, or the one last in use."""
        return self._placed(self._wanted(place) or remembered, place)

    @shown
    def go(self, event: gr.EventData, chosen: str) -> list[Any]:
        """Another address in the same tab: the back button, or one that was pasted."""
        place = dict(event._data)
        return self._placed(self._wanted(place) or chosen, place)

    def _wanted(self, place: dict[str, Any]) -> str:
        """The set that an address names; empty where it cannot be shown, which is said."""
        wanted = str(place.get("set") or "")
        archived = {info.name: info.archived for info in self.workbench.collecting.sets()}
        if wanted and archived.get(wanted, True):
            warn((set_text.SET_ARCHIVED if wanted in archived else text.NO_SUCH_SET).format(name=wanted))
            return ""
        return wanted

    def _placed(self, set_name: str, place: dict[str, Any]) -> list[Any]:
        moved, run = self.sets.moved_to(set_name), str(place.get("run") or "")
        runs = {view.id for view in self.workbench.adaptation.runs(moved[1])} if moved[1] else set()
        return [*moved, run if run in runs else "", clip_of(place)]

    # ---- what changed ----

    def look(self, set_name: str | None, run: str, seen: dict[str, str]) -> list[Any]:
        """What changed since this tab looked last; nothing at all where that concerns another set."""
        if set_name is None:  # which set is meant is still being found out
            return [gr.skip()] * self._n_outputs
        infos = self.workbench.collecting.sets()
        info = next((i for i in infos if i.name == set_name), None)
        if info is None and (renamed := next((i.name for i in infos if str(i.id) == seen.get("id")), None)):
            return self._follow(renamed)
        names = [i.name for i in infos if not i.archived or i is info]  # another tab may have archived it
        runs = self.workbench.best_runs.runs(set_name) if info else []
        watched = seen.get("watched", "")
        view = best.shown(runs, run, seen.get("runs", ""), watched)
        if view and best.trial_ended(runs, run, watched):
            say(text.TRIAL_ENDED.format(run=run, best=view.id))
        token = self.compare.token(view, info.clips if info else 0)
        labels = _labels(info, self.workbench.labelling.changes(set_name)) if info else ""
        now = {
            "set": set_name,
            "id": str(info.id) if info else "",
            "sets": repr(names),
            "labels": labels,
            "drafts": repr(self.workbench.drafting.draft_view(set_name)),
            "runs": repr([r.id for r in runs]),
            "done": repr([r.id for r in runs if r.status == "done"]),
            "run": signature(view) if view else "none",
            "watched": view.id if view and view.active else "",
            "result": token,
            "history": self.history.token(runs),
            "take": self.take.token(),
        }
        now["models"] = self.models.token(set_name, labels, now["done"])
        if now == seen and run == (view.id if view else ""):
            return [gr.skip()] * self._n_outputs
        changed = {name for name in now if now[name] != seen.get(name)}
        waiting = info.clips - info.confirmed if info else 0
        drafts = self.label.draft_panel(set_name, waiting) if changed & {"set", "drafts", "labels"} else [gr.skip()] * 3
        speakers = gr.update(choices=self.label.speakers(set_name if info else ""))
        guide = self.sets.guide(info, labels, view, self.compare.verdict(token))
        return [
            now,
            labels if "labels" in changed else gr.skip(),
            *guide_html(guide),
            {"set": set_name, "run": view.id if view else "", "here": STAGES[guide.here]},
            gr.update(choices=names) if "sets" in changed else gr.skip(),
            *drafts,
            now["models"] if "models" in changed else gr.skip(),
            speakers if "labels" in changed else gr.skip(),
            view.id if view else "",
            *(self.adapt.show_run(view, runs) if changed & {"set", "runs", "run"} else [gr.skip()] * 5),
            token if "result" in changed else gr.skip(),
            repr((set_name, now["history"])) if changed & {"set", "history", "labels"} else gr.skip(),
            now["done"] if "done" in changed and "done" in seen else gr.skip(),
            now["take"] if "take" in changed else gr.skip(),
            gr.skip(),
        ]

    def _follow(self, renamed: str) -> list[Any]:
        """Show the set on under the name that another tab or a terminal gave it; the next look tells all about it."""
        choice, *_ = self.sets.moved_to(renamed)
        answer: list[Any] = [gr.skip()] * self._n_outputs
        answer[self._n_choice], answer[-1] = choice, renamed
        return answer


def _show_progress_nowhere(blocks: gr.Blocks, place: gr.HTML) -> None:
    """Let events whose progress is hidden hide it in one empty place.

    Gradio's client tells every output of every event how each event stands, and for that copies all that the output
    shows, value by value: the list of clips, the fields with all models. On an idle page that took 15 % of a core.
    """
    for event in blocks.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = [place]


def _labels(info: SetInfo, changes: tuple[int, int]) -> str:
    """Another one after every change of the set's clips, labels and words."""
    return repr((info.name, info.clips, info.confirmed, info.drafted, info.speakers, info.word_lines, changes))


def build(workbench: Workbench) -> gr.Blocks:
    """The page over a workbench; nothing is served yet."""
    return Page(workbench).build()
