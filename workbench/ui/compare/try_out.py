"""Try it now: a sound spoken or uploaded on the spot, written down by both models side by side; part of Compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from workbench.errors import DataError, WorkbenchError
from workbench.services.inference.try_out import Model, Try
from workbench.services.results.comparison import RunComparison
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.compare.question import Question
from workbench.ui.compare.results import titles, tried
from workbench.ui.compare.timeline import tried_timeline
from workbench.ui.kit.components import fold, html, timeline_view
from workbench.ui.kit.errors import say, shown
from workbench.ui.kit.html import esc, hint

# What is compared now, from the page's inputs; None where there is nothing.
Sides = Callable[[str, str, str, str], tuple[Question, RunComparison] | None]


class TryNow:
    """A sound that belongs to no set."""

    def __init__(self, workbench: Workbench) -> None:
        self.trying = workbench.trying

    def build(self) -> None:
        self.token = gr.State("")  # of the sound at hand
        with fold(text.TRY, elem_id="try-now"):
            html(hint(text.TRY_INFO))
            self.sound = gr.Audio(
                sources=["microphone", "upload"],
                type="filepath",
                label=text.TRY_SOUND,
                show_label=True,
                buttons=[],
                elem_id="try-sound",
                waveform_options=gr.WaveformOptions(sample_rate=16_000),
            )
            self.said = gr.Textbox(
                label=text.TRY_SAID,
                placeholder=text.TRY_SAID_EXAMPLE,
                max_lines=1,
                interactive=True,
                elem_id="try-said",
            )
            self.go = gr.Button(text.TRY_GO, size="md", elem_id="try-go")
            self.status = html(elem_id="try-status")
            self.timeline = timeline_view(elem_id="try-timeline")
            self.texts = html(elem_id="try-texts")
            self.add = gr.Button(text.TRY_ADD, size="sm", visible=False, elem_id="try-add")
            self.added = html(elem_id="try-added")  # beside its button, where it is seen; a late answer leaves it alone

    def wire(self, asked: list[Any], chosen: gr.State, sides: Sides) -> None:
        """Events within the section.

        Args:
            asked: What `sides` is asked with.
            chosen: The set's name.
        """
        self._sides = sides
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        results = [self.status, self.token, self.timeline, self.texts, self.add]
        for begun in (
            self.sound.input(self.take, self.sound, [*results, self.added], **private),
            self.go.click(self.begin, self.sound, self.status, **private),
        ):
            begun.success(self.hear, [self.sound, self.said, *asked], results, concurrency_limit=4, **private)
        for event in (self.said.submit, self.said.blur):
            event(self.compare, [self.token, self.said, *asked], results, concurrency_limit=4, **private)
        self.add.click(self.add_to_set, [self.token, chosen], self.added, **private)

    # ---- handlers ----

    @shown
    def take(self, path: str | None) -> list[Any]:
        """A sound was spoken or uploaded, or taken away with what was made of it."""
        return [_working(), *[gr.skip()] * 4, ""] if path else [*_cleared(""), ""]

    @shown
    def begin(self, path: str | None) -> str:
        return _working() if path else _note(text.TRY_NO_SOUND)

    @shown
    def hear(self, path: str | None, said: str, *asked: str) -> list[Any]:
        """Let both models write the sound down; what is wrong with it stands where the result would."""
        if not path:
            return [gr.skip()] * 5
        found = self._sides(*asked)
        if found is None:
            return _cleared(_note(text.TRY_NO_RUN))
        question, result = found
        first: Model = (question.other, True) if question.other else (question.run, False)
        try:
            heard = self.trying.hear(path, Path(path).name, (first, (question.run, True)), said)
        except WorkbenchError as e:
            return _cleared(_note(str(e)))
        return _shown(heard, result)

    @shown
    def compare(self, token: str, said: str, *asked: str) -> list[Any]:
        """Mark the differences, now that it is known what was said."""
        found = self._sides(*asked)
        if not token or found is None:
            return [gr.skip()] * 5
        try:
            heard = self.trying.say(token, said)
        except DataError as e:
            return _cleared(_note(str(e)))
        return _shown(heard, found[1])

    @shown
    def add_to_set(self, token: str, set_name: str) -> str:
        report = self.trying.add_to_set(token, set_name)
        if report.duplicates:
            return _note(text.TRY_KNOWN.format(name=set_name))
        if not report.added:
            raise DataError(f"{report.rejected[0].reason}; {report.rejected[0].remedy}.")
        labelled = text.TRY_LABELLED if self.trying.find(token).said else ""
        done = text.TRY_ADDED.format(name=set_name, labelled=labelled)
        say(done)
        return f"<p class='hint' role='status'>{esc(done)}</p>"


def _shown(heard: Try, result: RunComparison) -> list[Any]:
    names = titles(result)
    models = ("", "") if result.two_runs else (result.base_name, result.adapted_name)
    normalizer = result.comparison.normalizer
    sides = [(title, name, written) for title, name, written in zip(names, models, heard.texts, strict=True)]
    note = "".join(f"<p class='mind'>{esc(warning)}.</p>" for warning in heard.warnings)
    labelled = [(title, name or title) for title, name in zip(names, models, strict=True)]
    return [
        note,
        heard.token,
        tried_timeline(heard, labelled, normalizer),
        tried(heard.said, sides, normalizer=normalizer),
        gr.update(visible=True),
    ]


def _cleared(status: str) -> list[Any]:
    return [status, "", {}, "", gr.update(visible=False)]


def _working() -> str:
    wait = "<span class='tl-wait' aria-hidden='true'></span>"
    return f"<p class='hint tl-placing' role='status'>{wait}<span>{esc(text.TRY_WORKING)}</span></p>"


def _note(sentence: str) -> str:
    return f"<p class='bad' role='alert'>{esc(sentence)}</p>"
