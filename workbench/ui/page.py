"""The page: the order of its sections, every event between them, and the timer that lets it follow what goes on.

All state lives in the store. The page draws it on load and looks once a second whether anything changed: that is why a
reload, a second tab and a second person see the same run. Gradio's client copies every output of an event, answered or
not, which on two cores is taken from the training; so the look itself has two small outputs, and only their change asks
for what is shown.
"""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import gradio as gr

from workbench.services.adaptation import RunView
from workbench.services.collecting import SetInfo
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.guard import quiet
from workbench.ui.running import signature
from workbench.ui.sections.adapt import Adapt
from workbench.ui.sections.collect import Collect
from workbench.ui.sections.compare import Compare
from workbench.ui.sections.history import SHOW_COMPARISON, History
from workbench.ui.sections.label import Label
from workbench.ui.sections.models import Models
from workbench.ui.sections.sets import Sets

LOOK_EVERY_S: Final = 1.0


class Page:
    """The sections over one workbench."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self.models = Models(workbench)
        self.sets, self.collect, self.label = Sets(workbench), Collect(workbench), Label(workbench, self.models)
        self.adapt, self.compare = Adapt(workbench, self.models), Compare(workbench)
        self.history = History(workbench)

    def build(self) -> gr.Blocks:
        with gr.Blocks(title=text.TITLE, analytics_enabled=False, fill_width=True) as blocks:
            self.labels = gr.State("")  # changes with the set's clips, labels and words
            self.seen = gr.State({})  # what this tab has drawn already, by name
            self.moved, self.ran = gr.State(""), gr.State("")  # another one where something changed, the run alone
            self.models.build_states()
            self.sets.build()
            with gr.Row(elem_id="board", equal_height=False):
                with gr.Column(scale=5, min_width=320, elem_classes="lane"):
                    with gr.Column(elem_classes="card"):
                        self.collect.build()
                    with gr.Column(elem_classes="card"):
                        self.label.build()
                with gr.Column(scale=4, min_width=320, elem_classes="lane"), gr.Column(elem_classes="card"):
                    self.adapt.build()
                with gr.Column(scale=6, min_width=320, elem_classes="lane"), gr.Column(elem_classes="card"):
                    self.compare.build()
            with gr.Column(elem_classes="card history-box"):
                self.history.build()
            self._wire(blocks)
        return blocks.queue(default_concurrency_limit=16)

    def _wire(self, blocks: gr.Blocks) -> None:
        chosen = self.sets.chosen
        self.collect.wire(chosen)
        self.models.wire(chosen)
        self.label.wire(chosen)
        self.adapt.wire(chosen, self.labels)
        self.compare.wire(chosen)
        self.history.wire(chosen, self.adapt.run)
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        paired = [self.compare.pair, [self.compare.result, self.compare.normalizer], self.compare.outputs]
        self.history.list.pair(*paired, **private).success(None, js=SHOW_COMPARISON)
        self.adapt.fill_on(self.history.again.success, self.history.repeated)
        blocks.load(
            self.sets.open_page,
            self.sets.remembered,
            [self.sets.choice, chosen, self.sets.form, self.sets.welcome],
            **private,
        )
        blocks.load(self.sets.tell, None, [self.sets.notices, self.sets.told], **private)
        blocks.load(lambda name: name, self.collect.kept_speaker, self.collect.speaker, **private)
        refresh = [self.label.refresh, self.label.query, self.label.list]
        for arrived in (self.collect.uploaded, self.collect.tiered, self.collect.returned):
            arrived.success(*refresh, **self.label.asking)
        self.labels.change(*refresh, **self.label.asking)
        doctor = self.label.doctor
        self.labels.change(doctor.refresh, [chosen, self.label.model], doctor.panel, **private)
        inputs = [chosen, self.adapt.run, self.seen]
        of_run = [
            self.seen, self.sets.steps,
            self.adapt.run, self.adapt.run_choice, self.adapt.panel, self.adapt.stop, self.adapt.resume,
        ]  # fmt: skip
        outputs = [
            *of_run, self.labels, self.sets.choice,
            self.label.progress, self.label.draft, self.label.stop, self.models.seen, self.label.who,
            self.compare.result, self.history.seen, self.adapt.ended,
        ]  # fmt: skip
        self._n_outputs, self._n_of_run = len(outputs), len(of_run)
        look, follow = quiet(len(outputs))(self.look), quiet(len(of_run))(self.follow)
        watch = quiet(2)(self.watch)
        gr.Timer(LOOK_EVERY_S).tick(watch, inputs, [self.moved, self.ran], concurrency_limit=None, **private)
        self.moved.change(look, inputs, outputs, concurrency_limit=None, **private)
        self.ran.change(follow, inputs, of_run, concurrency_limit=None, **private)
        chosen.change(look, inputs, outputs, **private)
        for acted in (
            self.adapt.started,
            self.adapt.raced,
            self.adapt.curved,
            self.adapt.chosen_run,
            self.adapt.resumed,
            self.adapt.stopped,
            self.history.picked,
        ):
            acted.success(look, inputs, outputs, **private)

    # ---- the timer ----

    def watch(self, set_name: str | None, run: str, seen: dict[str, str]) -> list[Any]:
        """Whether anything changed since this tab was drawn; asked again until it is."""
        if set_name is None:  # which set is meant is still being found out
            return [gr.skip()] * 2
        changed = self._now(set_name, run, seen).changed
        if not changed:
            return [gr.skip()] * 2
        return [gr.skip(), uuid.uuid4().hex] if changed == {"run"} else [uuid.uuid4().hex, gr.skip()]

    def follow(self, set_name: str | None, run: str, seen: dict[str, str]) -> list[Any]:
        """The run's panel, where it alone has changed, as it does every second while it works."""
        if set_name is None or (now := self._now(set_name, run, seen)).changed != {"run"}:
            return [gr.skip()] * self._n_of_run
        return self._of_run(now)

    def look(self, set_name: str | None, run: str, seen: dict[str, str]) -> list[Any]:
        """What changed since this tab was drawn."""
        if set_name is None:
            return [gr.skip()] * self._n_outputs
        now = self._now(set_name, run, seen)
        changed, info, token = now.changed, now.info, now.names
        if not changed:
            return [gr.skip()] * self._n_outputs
        drafts = self.label.draft_panel(set_name) if changed & {"set", "drafts"} else [gr.skip()] * 3
        speakers = gr.update(choices=self.label.speakers(set_name if info else ""))
        return [
            *self._of_run(now),
            token["labels"] if "labels" in changed else gr.skip(),
            gr.update(choices=[i.name for i in now.infos]) if "sets" in changed else gr.skip(),
            *drafts,
            token["models"] if "models" in changed else gr.skip(),
            speakers if "labels" in changed else gr.skip(),
            token["result"] if "result" in changed else gr.skip(),
            repr((set_name, token["history"])) if changed & {"set", "history", "labels"} else gr.skip(),
            token["done"] if "done" in changed and "done" in seen else gr.skip(),
        ]

    def _of_run(self, now: "_Now") -> list[Any]:
        """What was drawn, the guide, and the run's panel."""
        view, verdict = now.view, self.compare.verdict(now.names["result"])
        panel = self.adapt.show_run(view, now.runs) if now.changed & {"set", "runs", "run"} else [gr.skip()] * 4
        return [
            now.names,
            self.sets.guide(now.info, now.names["labels"], view, verdict),
            view.id if view else "",
            *panel,
        ]

    def _now(self, set_name: str, run: str, seen: dict[str, str]) -> "_Now":
        infos = self.workbench.collecting.sets()
        info = next((i for i in infos if i.name == set_name), None)
        runs = self.workbench.adaptation.runs(set_name) if info else []
        view = _follow(runs, run, seen.get("runs", ""))
        labels = _labels(info, self.workbench.labelling.changes(set_name)) if info else ""
        names = {
            "set": set_name,
            "sets": repr([i.name for i in infos]),
            "labels": labels,
            "drafts": repr(self.workbench.transcribing.draft_view(set_name)),
            "runs": repr([r.id for r in runs]),
            "done": repr([r.id for r in runs if r.status == "done"]),
            "run": signature(view) if view else "none",
            "result": self.compare.token(view, info.clips if info else 0),
            "history": self.history.token(runs),
        }
        names["models"] = self.models.token(set_name, labels, names["done"])
        changed = {name for name in names if names[name] != seen.get(name)}
        return _Now(infos, info, runs, view, names, changed)


@dataclass(frozen=True)
class _Now:
    """The state of things, and what of it a tab has not drawn.

    Attributes:
        names: A token of each thing that is shown, by name; `changed` are those that differ from what was drawn.
    """

    infos: list[SetInfo]
    info: SetInfo | None
    runs: list[RunView]
    view: RunView | None
    names: dict[str, str]
    changed: set[str]


def _labels(info: SetInfo, changes: tuple[int, int]) -> str:
    """Another one after every change of the set's clips, labels and words."""
    return repr((info.name, info.clips, info.confirmed, info.drafted, info.speakers, info.words, changes))


def _follow(runs: list[RunView], shown: str, known: str) -> RunView | None:
    """The run to show: the one that was chosen, unless it was the newest and a newer one has begun meanwhile."""
    if not runs:
        return None
    ids = [r.id for r in runs]
    if shown not in ids:
        return next((r for r in runs if r.active), runs[0])
    newer = ids[: ids.index(shown)]
    was_newest = known.startswith(f"[{shown!r}")
    return runs[0] if newer and was_newest else runs[ids.index(shown)]


def build(workbench: Workbench) -> gr.Blocks:
    """The page over a workbench; nothing is served yet."""
    return Page(workbench).build()
