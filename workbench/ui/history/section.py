"""History: every run of the set with its figures; naming, deleting, comparing two, running again, the report."""

from collections.abc import Callable
from typing import Any, Final

import gradio as gr

from workbench.services.results.comparison import FINISHED
from workbench.services.results.history import DeletedRun, Entry
from workbench.services.runs.service import RunView
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.charts.blend import kept
from workbench.ui.compare.results import clips
from workbench.ui.kit.components import history_list, html, show_place
from workbench.ui.kit.errors import quiet, say, shown
from workbench.ui.kit.html import esc, percent, points, span

SHOW_COMPARISON: Final = show_place("step-compare")


class History:
    """The runs of the chosen set; `seen` changes whenever there is something new to list."""

    def __init__(self, workbench: Workbench) -> None:
        self.history, self.comparing, self.best_runs = workbench.history, workbench.comparing, workbench.best_runs
        self.remove = self._acting(self.history.delete, lambda: text.RUN_DELETED)
        self.restore = self._acting(self.history.undelete, lambda: text.RUN_BACK)
        self.erase = self._acting(self.history.erase, lambda: text.RUN_ERASED)  # the browser has asked

    def build(self) -> None:
        self.seen = gr.State("")
        self.repeated = gr.State("")  # the run whose settings the form is to hold
        html(f"<div class='step' id='step-history'><h2>{esc(text.HISTORY)}</h2></div>")
        html(f"<p class='hint'>{esc(text.HISTORY_HINT)}</p>")
        self.list = history_list(elem_id="history")

    def wire(self, chosen: gr.State, run: gr.State) -> None:
        """Events within the section; the page goes on from `picked` (a run to show) and `again` (one to repeat).

        Args:
            run: The run that the page shows.
        """
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        # "multiple": Gradio would drop a second event of the list while the first is being answered.
        every: dict[str, Any] = {**private, "trigger_mode": "multiple", "concurrency_limit": None}
        gr.on([self.seen.change, run.change], self.refresh, [chosen, run], self.list, **every)
        for event, handler in (
            (self.list.save, self.save),
            (self.list.star, self.star),
            (self.list.unstar, self.unstar),
            (self.list.remove, self.remove),
            (self.list.restore, self.restore),
            (self.list.erase, self.erase),
            (self.list.clips, self.offer),
        ):
            event(handler, [chosen, run], self.list, **every)
        self.picked = self.list.show(self.show, None, run, **every)
        self.picked.success(None, js=SHOW_COMPARISON)
        self.again = self.list.rerun(self.show, None, self.repeated, **every)

    @staticmethod
    def token(runs: list[RunView]) -> str:
        """Changes with whatever the list shows of the living runs."""
        return repr([(r.id, r.title, r.note, r.status, r.finished, r.train_clips, r.best, r.starred) for r in runs])

    # ---- handlers ----

    @quiet(1)
    def refresh(self, set_name: str, run: str) -> dict[str, Any]:
        return self.view(set_name, run)

    def view(self, set_name: str, run: str, **more: Any) -> dict[str, Any]:
        """The list as plain data."""
        if not set_name:
            return {}
        entries, deleted = self.history.entries(set_name), self.history.deleted(set_name)
        best = self.best_runs.of(set_name)
        rows = [_row(e, best is not None and e.id == best.id) for e in entries]
        return {"runs": rows, "deleted": [_deleted(d) for d in deleted], "shown": run, **more}

    @shown
    def show(self, event: gr.EventData) -> str:
        return str(event._data["id"])

    @shown
    def save(self, event: gr.EventData, set_name: str, run: str) -> dict[str, Any]:
        """Keep a name and a note."""
        name = str(event._data["id"])
        self.history.rename(name, str(event._data["title"]))
        self.history.annotate(name, str(event._data["note"]))
        return self.view(set_name, run, saved=name)

    @shown
    def star(self, event: gr.EventData, set_name: str, run: str) -> dict[str, Any]:
        """Let the set go by a run from now on."""
        name = str(event._data["id"])
        say(text.RUN_STARRED.format(run=name, base=self.best_runs.star(name)))
        return self.view(set_name, run)

    @shown
    def unstar(self, event: gr.EventData, set_name: str, run: str) -> dict[str, Any]:
        """Let the set go by the run that has proven best again."""
        name = str(event._data["id"])
        self.best_runs.unstar(name)
        best = self.best_runs.of(set_name)
        say(text.RUN_UNSTARRED.format(run=name, best=best.id if best else text.NO_BEST_RUN))
        return self.view(set_name, run)

    def _acting(self, act: Callable[[str], None], sentence: Callable[[], str]) -> Callable[..., dict[str, Any]]:
        """A handler that does this to the run that was clicked, and says so."""

        @shown
        def handler(event: gr.EventData, set_name: str, run: str) -> dict[str, Any]:
            name = str(event._data["id"])
            act(name)
            say(sentence().format(run=name))
            return self.view(set_name, run)

        return handler

    @shown
    def offer(self, event: gr.EventData, set_name: str, run: str) -> dict[str, Any]:
        """A run's tested clips, most improved first, to choose the report's from."""
        name = str(event._data["id"])
        found = clips(self.comparing.of_run(name).comparison)
        offered = [{"id": row.clip_id, "name": row.name, "change": points(b.wer - a.wer)} for row, a, b in found]
        return self.view(set_name, run, offered={"id": name, "clips": offered})


def _clips(entry: Entry, tested: int | str) -> str:
    """How many clips a run learned from and was judged by; one that ended early says so."""
    if entry.active:
        return text.HISTORY_TO_COME.format(learned=entry.learned, tested=entry.tested)
    if not entry.learned and entry.status in ("failed", "interrupted"):
        return text.HISTORY_UNFINISHED
    if not entry.learned and not entry.figures:
        return text.HISTORY_NOTHING
    return text.HISTORY_CLIPS.format(learned=entry.learned or text.HISTORY_NONE, tested=tested)


def _point(entry: Entry) -> dict[str, Any] | None:
    """Where a run stands in the chart: seconds, and error rates as fractions; None for one that measured nothing."""
    f = entry.figures
    if f is None or entry.seconds is None:
        return None
    return {
        "seconds": entry.seconds,
        "model": entry.model,
        "base": f.base_wer,
        "wer": f.adapted_wer,
        "low": f.base_wer + f.change.low,
        "high": f.base_wer + f.change.high,
        "outcome": f.outcome,
    }


def _row(entry: Entry, best: bool) -> dict[str, Any]:
    f = entry.figures
    tested = entry.tested if f else text.HISTORY_NONE
    return {
        "id": entry.id,
        "title": entry.title,
        "note": entry.note,
        "what": " · ".join(part for part in (entry.strategy, kept(entry.blend), entry.model) if part),
        "clips": _clips(entry, tested),
        "wer": f"{percent(f.base_wer)} → {percent(f.adapted_wer)}" if f else "–",
        "change": f"{points(f.change.estimate)} ({points(f.change.low)} … {points(f.change.high)})" if f else "",
        "verdict": f"{text.VERDICT_SIGNS[f.outcome]} {text.VERDICTS[f.outcome]}" if f else text.STATUS[entry.status],
        "kind": f.verdict if f else entry.status,
        "took": span(entry.seconds) if entry.seconds is not None else "–",
        "when": f"{entry.created.isoformat()}Z",  # UTC; the browser writes it in its own zone
        "command": entry.command,
        "tested": f is not None,
        "best": (text.BEST_BY_STAR if entry.starred else text.BEST_BY_ITSELF) if best else "",
        "starred": entry.starred,
        "usable": entry.status in FINISHED and f is not None and f.outcome == f.verdict,  # else it is its base
        "point": _point(entry),
        "active": entry.active,
    }


def _deleted(run: DeletedRun) -> dict[str, Any]:
    return {"id": run.id, "title": run.title, "when": run.gone_at.isoformat()}
