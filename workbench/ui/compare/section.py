"""Compare: the verdict with its interval, all tested clips, one clip over one time axis; any two runs."""

import threading
from typing import Any, Final

import gradio as gr
from cachetools import LRUCache

from workbench.core.evaluation.blend import SHARES
from workbench.core.types import Seconds
from workbench.core.word_times import Text
from workbench.errors import WorkbenchError
from workbench.services.inference.word_times import Placing
from workbench.services.results.comparison import RunComparison
from workbench.services.runs.service import RunView
from workbench.services.storage.word_times import ClipTimes
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.compare.question import Question
from workbench.ui.compare.results import Clip, clip, clip_rows, clips, details, overall, titles
from workbench.ui.compare.timeline import Shown, Side, timeline
from workbench.ui.kit.components import html, result_list, timeline_view
from workbench.ui.kit.errors import quiet, shown
from workbench.ui.kit.html import esc, heading, number, percent, whole_percent
from workbench.ui.kit.latest import Newest

KEPT_COMPARISONS: Final = 6  # a click on a clip asks for one again; several tabs may look at different ones
LOOK_EVERY_S: Final = 1.5  # while words are being placed
SHOW_CLIP: Final = "() => document.getElementById('clip-timeline').scrollIntoView({ block: 'nearest' })"


class Compare:
    """What a run's figures say; `result` names the run and its state, and changes when there is something new."""

    def __init__(self, workbench: Workbench) -> None:
        self.comparing, self.aligning, self.picturing = workbench.comparing, workbench.aligning, workbench.picturing
        self.adaptation = workbench.adaptation
        self.newest_clip = Newest()
        self._kept: LRUCache[Question, RunComparison] = LRUCache(KEPT_COMPARISONS)
        self._lock = threading.Lock()

    def build(self) -> None:
        self.result = gr.State(None)  # until the page has looked
        self.shown_run = gr.State("")  # whose choices the lists of runs hold
        self.clip = gr.State(0)
        self.right = gr.State("")  # the run on the right side; "" for none
        with gr.Column(elem_classes="card verdict-box"):
            html(heading(3, text.COMPARE, "compare"))
            self._build_choices()
            self.overall = html(_nothing(text.LOADING), elem_id="overall")
        with gr.Column(elem_classes="card clip-box"):
            self.timeline = timeline_view(elem_id="clip-timeline")
            self.one = html(elem_id="one-clip")
        with gr.Column(elem_classes="card results-box"):
            self.list = result_list(elem_id="results")
        with gr.Column(elem_classes="card details-box"):
            self.details = html(elem_id="details")
            with gr.Row(visible=False, elem_id="other-blend") as self.blends:
                shares = [(whole_percent(share), share) for share in SHARES if share]
                self.share = gr.Dropdown(shares, value=0.5, label=text.BLEND_OTHER, interactive=True, min_width=150)
                self.blend = gr.Button(text.BLEND_START, min_width=150)
        self.ticker = gr.Timer(LOOK_EVERY_S, active=False)

    def _build_choices(self) -> None:
        with gr.Row(visible=False, elem_id="compare-what") as self.what:
            self.before = gr.Dropdown([], label=text.BEFORE, interactive=True, min_width=130)
            self.after = gr.Dropdown([], label=text.AFTER, interactive=True, min_width=130)
            self.normalizer = gr.Dropdown(
                [(label, name) for name, label in text.NORMALIZER_CHOICES.items()],
                value="",
                label=text.NORMALIZER,
                interactive=True,
                min_width=150,
            )

    def wire(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        every: dict[str, Any] = {**private, "concurrency_limit": None}
        asked = [self.result, self.before, self.after, self.normalizer]
        self.outputs = [
            self.what, self.before, self.after, self.shown_run,
            self.overall, self.details, self.list, self.timeline, self.one, self.clip, self.ticker, self.right,
            self.blends,
        ]  # fmt: skip
        self.showing = [*asked, self.shown_run, self.clip], self.outputs
        self.result.change(self.show, *self.showing, **every)
        for choice in (self.before, self.after, self.normalizer):
            choice.input(self.choose_sides, [*asked, self.clip], self.outputs, trigger_mode="always_last", **every)
        one = [self.timeline, self.one, self.clip, self.ticker]
        self.list.select(
            **self.newest_clip.asking(self.choose, asked, one, told=True),
            trigger_mode="multiple",  # a click while another clip is on its way must not be lost
            **every,
        ).success(None, js=SHOW_CLIP)
        self.timeline.place(self.place, [*asked, self.clip], [self.timeline, self.ticker], **every)
        self.ticker.tick(self.look, [*asked, self.clip], [self.timeline, self.ticker], **every)

    # ---- what the page's timer asks ----

    @staticmethod
    def token(view: RunView | None, clips_now: int) -> str:
        """Names what is to be shown: "run-7|done|…"; it changes with the run's state and the set's clips."""
        if view is None:
            return ""
        return f"{view.id}|{view.status}|{view.finished}|{clips_now}"

    def verdict(self, token: str) -> tuple[str, str]:
        """The verdict by its key, and the rates before and after, for the tabs; both empty where there is none."""
        result = self._result(Question(token))
        if result is None:
            return "", ""
        c = result.comparison
        before, after = number(100 * c.rate(c.base), ".1f"), percent(c.rate(c.adapted))
        return c.outcome, f"{before} → {after}"

    # ---- handlers ----

    @quiet(13)
    def show(self, token: str, before: str, after: str, normalizer: str, shown_run: str, clip_id: int) -> list[Any]:
        """The run's comparison; with another run than before it is held against its base again.

        While the run has none, the one that was read stays, or else the newest there is.
        """
        run = token.partition("|")[0]
        if run and not self._has_result(token):
            there = self._measured_beside(run)
            after = after if after in there else next(iter(there), "")
            before = before if before in there else ""
        elif run != shown_run or not run:  # a set without runs has nothing of another set's
            before = after = ""
        return self._view(Question(token, before, after, normalizer), clip_id)

    def _measured_beside(self, run: str) -> list[str]:
        """The runs of the same set that can be compared, newest first."""
        try:
            return [name for name, _ in self.comparing.measured_runs(run)]
        except WorkbenchError:  # deleted meanwhile
            return []

    def _has_result(self, token: str | None) -> bool:
        """Whether the run that the page shows has ended with something to compare."""
        run, status = token.split("|")[:2] if token else ("", "")
        return status in ("done", "stopped") and self.comparing.has_measured(run)

    @shown
    def choose_sides(self, token: str, before: str, after: str, normalizer: str, clip_id: int) -> list[Any]:
        """Two runs, or a run and its base, compared as the user chose."""
        return self._view(Question(token, before, after, normalizer), clip_id)

    @shown
    def pair(self, event: gr.EventData, token: str, normalizer: str) -> list[Any]:
        """Two runs that were ticked elsewhere, the first on the left side."""
        return self._view(Question(token, str(event._data["first"]), str(event._data["second"]), normalizer), 0)

    @shown
    def keep_other(self, run: str, share: float) -> str:
        """Start another blend of the run that is shown; its id."""
        return self.adaptation.blend(run, float(share))

    @shown
    def choose(self, event: gr.EventData, token: str, before: str, after: str, normalizer: str) -> list[Any]:
        """One of the tested clips."""
        question, number = Question(token, before, after, normalizer), int(event._data["id"])
        result = self._result(question)
        chosen = _find(clips(result.comparison) if result else [], number)
        if result is None or chosen is None:
            return [gr.skip()] * 4
        drawn, ticker = self._timeline(question, result, chosen)
        return [drawn, _texts(result, chosen), number, ticker]

    @shown
    def place(self, token: str, before: str, after: str, normalizer: str, clip_id: int) -> list[Any]:
        """Begin to find out when each word of the compared runs' clips was said."""
        question = Question(token, before, after, normalizer)
        for run in filter(None, (question.run, question.other)):
            if not self.aligning.of_clip(run, clip_id):
                self.aligning.start(run, clip_id)
        return self._redrawn(question, clip_id)

    @quiet(2)
    def look(self, token: str, before: str, after: str, normalizer: str, clip_id: int) -> list[Any]:
        """Whether the words of the clip at hand have been placed meanwhile."""
        question = Question(token, before, after, normalizer)
        if self._placing(question, clip_id).state == "working":
            return [gr.skip()] * 2
        return self._redrawn(question, clip_id)

    # ---- what the handlers share ----

    def _view(self, question: Question, clip_id: int) -> list[Any]:
        result = self._result(question)
        if result is None:
            pending = (question.token or "").split("|")[1:2] in (["queued"], ["running"])
            nothing = _nothing(text.RESULT_PENDING if pending else text.NO_RESULT)
            hidden = [gr.update(visible=False), gr.skip(), gr.skip(), ""]
            # The clip that an address names waits for the comparison, which may come with a later answer.
            return [*hidden, nothing, "", clip_rows([], None), {}, "", gr.skip(), gr.Timer(active=False), "", hidden[0]]
        found = clips(result.comparison)
        chosen = _find(found, clip_id) or (found[0] if found else None)
        number = (chosen[0].clip_id or 0) if chosen else 0
        drawn, ticker = self._timeline(question, result, chosen) if chosen else ({}, gr.Timer(active=False))
        key = repr((question.run, question.other, question.normalizer))
        note = self._instead(question)
        return [
            gr.update(visible=True),
            *self._choices(question),
            question.run if note else (question.token or "").partition("|")[0],
            note + overall(result),
            details(result),
            clip_rows(found, number, key),
            drawn,
            _texts(result, chosen) if chosen else "",
            number,
            ticker,
            question.run,
            gr.update(visible=bool(result.blend_curve)),
        ]

    def _instead(self, question: Question) -> str:
        """Says whose comparison it is, where it is not the one of the run that the page shows."""
        run, status = question.token.split("|")[:2] if question.token else ("", "")
        if not run or question.run == run or self._has_result(question.token):
            return ""
        said = text.STILL_SHOWN if status in ("queued", "running") else text.SHOWN_INSTEAD
        shown_now = text.ONE_AGAINST.format(run=question.run, other=question.other) if question.other else question.run
        return f"<p class='mind instead' role='status'>{esc(said.format(run=run, shown=shown_now))}</p>"

    def _choices(self, question: Question) -> list[Any]:
        runs = [
            (f"{name} · {title}" if title else name, name) for name, title in self.comparing.measured_runs(question.run)
        ]
        return [
            gr.update(choices=[(text.BASE_CHOICE, ""), *runs], value=question.other),
            gr.update(choices=runs, value=question.run),
        ]

    def _result(self, question: Question) -> RunComparison | None:
        """The comparison that is asked for, None while the run that the page shows has measured nothing."""
        status = question.token.split("|")[1] if question.token else ""
        if status not in ("done", "stopped") and not question.after:
            return None
        with self._lock:
            found = self._kept.get(question)
            if found is None:
                if not self.comparing.has_measured(question.run):
                    return None
                normalizer = question.normalizer or None
                found = (
                    self.comparing.of_two_runs(question.other, question.run, normalizer=normalizer)
                    if question.other
                    else self.comparing.of_run(question.run, normalizer=normalizer)
                )
                self._kept[question] = found
            return found

    def _redrawn(self, question: Question, clip_id: int) -> list[Any]:
        result = self._result(question)
        chosen = _find(clips(result.comparison) if result else [], clip_id)
        if result is None or chosen is None:
            return [gr.skip(), gr.Timer(active=False)]
        return list(self._timeline(question, result, chosen))

    def _timeline(self, question: Question, result: RunComparison, chosen: Clip) -> tuple[dict[str, Any], gr.Timer]:
        """The clip as data, and the timer that looks for word times while they are being made."""
        row, base, adapted = chosen
        number = int(row.clip_id or 0)
        try:
            heard = self.picturing.heard(number, question.run)
            right = self.aligning.of_clip(question.run, number)
            left = self._times_beside(question, number, heard.start) if question.other else right
        except WorkbenchError:  # deleted meanwhile; the next look of the page's timer drops it from the list
            return {}, gr.Timer(active=False)
        said, before = (left.get("reference"), "adapted") if question.other else (right.get("reference"), "base")
        names = titles(result)
        detail = text.LANE_FOLD if result.comparison.scheme == "out-of-fold" else ""
        placing = self._placing(question, number)
        sound, spectrum = f"sounds/{number}?of={question.run}", f"spectra/{question.run}/{number}-"
        base_name = "" if question.other else result.base_name
        adapted_name = "" if question.other else result.adapted_name
        drawn = timeline(
            Shown(str(number), row.name, row.speaker or "", heard.duration, sound, spectrum),
            Text(row.reference, said),
            [
                Side(
                    "base",
                    names[0],
                    base_name,
                    Text(row.base, left.get(before)),
                    base,
                    detail if question.other else "",
                ),
                Side("adapted", names[1], adapted_name, Text(row.adapted, right.get("adapted")), adapted, detail),
            ],
            normalizer_name=result.comparison.normalizer,
            placed_by=question.other or question.run,
            placing=placing,
        )
        return drawn, gr.Timer(active=placing.state == "working")

    def _times_beside(self, question: Question, clip_id: int, start: Seconds) -> ClipTimes:
        """The other run's times of a clip, on the axis of a cut that begins at `start`."""
        by = self.picturing.heard(clip_id, question.other).start - start
        times = self.aligning.of_clip(question.other, clip_id)
        return {name: found.shifted(by) for name, found in times.items()}

    def _placing(self, question: Question, clip_id: int) -> Placing:
        """Of both runs: at work if either is, there only if both are."""
        found = [self.aligning.look(run, clip_id) for run in (question.run, question.other) if run]
        return min(found, key=lambda one: ("working", "missing", "there").index(one.state))


def _find(found: list[Clip], number: int) -> Clip | None:
    return next((one for one in found if one[0].clip_id == number), None)


def _texts(result: RunComparison, chosen: Clip) -> str:
    return clip(
        chosen,
        base_name=result.base_name,
        adapted_name=result.adapted_name,
        names=titles(result),
        normalizer=result.comparison.normalizer,
    )


def _nothing(sentence: str) -> str:
    return f"<p class='hint empty'>{esc(sentence)}</p>"
