"""Compare: the verdict with its interval, all tested clips, and one clip with player, spectrogram and differences."""

import threading
from typing import Any

import gradio as gr

from workbench.services.adaptation import RunView
from workbench.services.comparing import RunComparison
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.guard import quiet, shown
from workbench.ui.parts import html, result_list
from workbench.ui.render import esc, heading
from workbench.ui.results import Clip, clip, clip_rows, clips, overall


class Compare:
    """What a run's figures say; `result` names the run and its state, and changes when there is something new."""

    def __init__(self, workbench: Workbench) -> None:
        self.comparing = workbench.comparing
        self._kept: tuple[str, RunComparison] | None = None  # the newest; a click on a clip asks for it again
        self._lock = threading.Lock()

    def build(self) -> None:
        self.result = gr.State("")
        self.clip = gr.State(0)
        html(heading(4, text.COMPARE, "compare"))
        self.overall = html(_nothing(text.NO_RESULT), elem_id="overall")
        self.one = html(elem_id="one-clip")
        self.list = result_list(elem_id="results")

    def wire(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        outputs = [self.overall, self.one, self.list, self.clip]
        self.result.change(self.show, [self.result, self.clip], outputs, **private)
        self.list.select(self.choose, self.result, [self.one, self.list, self.clip], **private)

    # ---- what the page's timer asks ----

    @staticmethod
    def token(view: RunView | None, clips_now: int) -> str:
        """Names what is to be shown: "run-7|done|…"; it changes with the run's state and the set's clips."""
        if view is None:
            return ""
        return f"{view.id}|{view.status}|{view.finished}|{clips_now}"

    def verdict(self, token: str) -> str:
        """The verdict in one word, for the row of steps; empty where there is none."""
        result = self._result(token)
        return text.VERDICTS[result.comparison.verdict] if result else ""

    # ---- handlers ----

    @quiet(4)
    def show(self, token: str, clip_id: int) -> list[Any]:
        """The run's comparison, with the clip that was chosen before or else the most improved."""
        result = self._result(token)
        if result is None:
            pending = token.split("|")[1:2] in (["queued"], ["running"])
            return [_nothing(text.RESULT_PENDING if pending else text.NO_RESULT), "", clip_rows([], None), 0]
        found = clips(result.comparison)
        chosen = next((c for c in found if c[0].clip_id == clip_id), found[0] if found else None)
        number = (chosen[0].clip_id or 0) if chosen else 0
        one = _one(result, chosen) if chosen else ""
        return [overall(result), one, clip_rows(found, number), number]

    @shown
    def choose(self, event: gr.EventData, token: str) -> list[Any]:
        number = int(event._data["id"])
        result = self._result(token)
        found = clips(result.comparison) if result else []
        chosen = next((c for c in found if c[0].clip_id == number), None)
        if result is None or chosen is None:
            return [gr.skip()] * 3
        return [_one(result, chosen), clip_rows(found, number), number]

    def _result(self, token: str) -> RunComparison | None:
        """The comparison of a token's run, None while it has measured nothing."""
        run, status, *_ = token.split("|") if token else ("", "")
        if status not in ("done", "stopped"):
            return None
        with self._lock:
            if self._kept is None or self._kept[0] != token:
                if not self.comparing.has_measured(run):
                    return None
                self._kept = token, self.comparing.of_run(run)
            return self._kept[1]


def _one(result: RunComparison, chosen: Clip) -> str:
    names = {"base_name": result.base_name, "adapted_name": result.adapted_name}
    return clip(chosen, **names, normalizer=result.comparison.normalizer)


def _nothing(sentence: str) -> str:
    return f"<p class='hint empty'>{esc(sentence)}</p>"
