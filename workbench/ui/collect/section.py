"""Collect: record, add files, choose tiers, read what became of them; the word list; texts to take along; the bin."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from workbench.disk import is_full
from workbench.errors import DataError, WorkbenchError
from workbench.services.clips.import_job import Progress
from workbench.services.clips.sets import SetInfo
from workbench.services.importers import ImportOptions, TierChoice
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.collect.prompts import recorder, recorder_view
from workbench.ui.kit.components import confirm_script, fold, html, words_keeper
from workbench.ui.kit.errors import quiet, say, sentence_of, shown
from workbench.ui.kit.html import downloads, esc, heading, hint, import_report, number, plural, when
from workbench.ui.kit.scripts import program

log = logging.getLogger(__name__)

SHOWN_RUNS = 10  # of a set whose texts can be taken along


class Collect:
    """Ways for clips to come in, and to leave."""

    def __init__(self, workbench: Workbench) -> None:
        self.collecting, self.uploads = workbench.collecting, workbench.uploads
        self.adaptation, self.comparing = workbench.adaptation, workbench.comparing

    def build(self, under_words: Callable[[], None] = lambda: None) -> None:
        """Build the card.

        Args:
            under_words: Builds what stands below the word list.
        """
        self.words_of = gr.State("")  # the set whose words are shown, which may lag behind the chosen one
        html(heading(1, text.COLLECT, "collect"))
        self._build_ways_in()
        self._build_tiers()
        self.report = html(elem_id="import-report")
        with fold(text.WORDS, elem_id="words") as self.words_fold:
            self.words = gr.Textbox(
                label=text.WORDS_LABEL,
                info=text.WORDS_INFO,
                placeholder=text.WORDS_EXAMPLE,
                lines=4,
                max_lines=12,
                interactive=True,
            )
            self.kept_words = words_keeper()
            self.favour = gr.Checkbox(
                False, label=text.FAVOUR, info=text.FAVOUR_INFO, interactive=True, elem_id="favour-words"
            )
        under_words()
        with fold(text.TAKE_ALONG, elem_id="take-along") as self.along:
            self.texts = html()
        with fold(text.BIN, elem_id="bin") as self.bin:
            self.binned = gr.Dropdown([], label=text.BIN_CHOICE, info=text.CLEANING, interactive=True)
            with gr.Row():
                self.back = gr.Button(text.BRING_BACK, size="sm", min_width=100)
                self.erase = gr.Button(text.ERASE_NOW, size="sm", min_width=100, elem_classes="danger")
        self.sure = gr.Checkbox(False, visible=False)

    def _build_ways_in(self) -> None:
        """Recorder and uploads side by side, large in an empty set."""
        self.kept_speaker = gr.BrowserState("", storage_key="speech-workbench-speaker", secret="speech-workbench")
        html(f"<p class='mind no-microphone-note'>{esc(text.NO_MICROPHONE)}</p>")
        self.speaker = gr.Textbox(
            label=text.SPEAKER, placeholder=text.SPEAKER_INFO, max_lines=1, min_width=150, elem_id="speaker"
        )
        with gr.Row(elem_classes="ways", equal_height=True):
            with gr.Column(elem_classes="way", min_width=150):
                self.recorder = recorder(elem_id="recorder")
            with gr.Column(elem_classes="way drop", min_width=150):
                html(f"<b>{esc(text.UPLOAD)}</b>{hint(text.UPLOAD_SHORT)}", script=program("drop"))
                self.upload = gr.File(
                    file_count="multiple", label=text.UPLOAD, show_label=False, height=92, elem_id="upload"
                )
        with fold(text.UPLOAD_MORE, elem_classes="quiet"):
            html(hint(text.UPLOAD_INFO))
            self.channels = gr.Checkbox(False, label=text.CHANNELS, container=False, elem_id="channels")

    def _build_tiers(self) -> None:
        """What is asked where annotations have several tiers; the uploads wait meanwhile."""
        self.waiting = gr.State([])  # paths on this machine; a State never leaves the server
        with gr.Column(visible=False, elem_classes="card", elem_id="tiers") as self.tier_form:
            self.tiers = gr.CheckboxGroup([], label=text.TIERS, info="…", interactive=True)
            with gr.Row(elem_classes="tight"):
                self.import_tiers = gr.Button(text.IMPORT_TIERS, variant="primary", size="md", min_width=120)
                self.cancel = gr.Button(text.CANCEL, size="md", min_width=100)

    def wire(self, chosen: gr.State) -> None:
        """Events within the section; `uploaded`, `tiered`, `returned` are for the page to go on from."""
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        asked = [self.report, self.waiting, self.tier_form, self.tiers, self.upload]
        self.uploaded = self.upload.upload(
            self.add_files, [chosen, self.upload, self.speaker, self.channels], asked, api_visibility="private"
        )
        self.tiered = self.import_tiers.click(
            self.add_tiers,
            [chosen, self.waiting, self.tiers, self.speaker, self.channels],
            asked,
            api_visibility="private",
        )
        self.cancel.click(self.forget, self.waiting, asked, **private)
        self.along.expand(self.list_texts, chosen, self.texts, **private)
        # A Textbox's "input" misses what is pasted. "change" also comes with another set's words, hence `words_of`.
        self.words.change(
            self.save_words,
            [self.words_of, self.words],
            [self.kept_words, self.words_fold, self.recorder],
            trigger_mode="always_last",
            **private,
        )
        self.kept_words.keep(
            self.keep_words, None, [self.kept_words, self.words_fold, self.recorder], trigger_mode="multiple", **private
        )
        self.favour.input(self.favour_words, [chosen, self.favour], None, **private)
        self.speaker.change(lambda name: name, self.speaker, self.kept_speaker, **private)
        self.bin.expand(self.list_bin, None, self.binned, **private)
        self.returned = self.back.click(self.bring_back, self.binned, None, **private)
        self.returned.success(self.list_bin, None, self.binned, **private)
        self.erase.click(
            self.erase_now,
            [self.sure, self.binned],
            None,
            js=confirm_script(text.ERASE_SURE, 1),
            **private,
        ).success(self.list_bin, None, self.binned, **private)
        opened = [self.words, self.words_of, self.favour, self.report, self.kept_words, self.words_fold, self.recorder]
        chosen.change(self.open_set, chosen, opened, **private)
        chosen.change(self.list_texts, chosen, self.texts, **private)

    # ---- handlers ----

    @shown
    def add_files(
        self,
        set_name: str,
        paths: Sequence[str],
        speaker: str,
        channels: bool = False,
        progress: gr.Progress = gr.Progress(),
    ) -> list[Any]:
        return self._add_or_ask(set_name, paths, speaker, ImportOptions(by_channel=channels), progress)

    @shown
    def add_tiers(
        self,
        set_name: str,
        paths: Sequence[str],
        tiers: Sequence[str],
        speaker: str,
        channels: bool = False,
        progress: gr.Progress = gr.Progress(),
    ) -> list[Any]:
        """The uploads that were waiting for a choice of tiers."""
        if not tiers:
            raise DataError(text.NO_TIER)
        return self._add_or_ask(
            set_name, paths, speaker, ImportOptions(tiers=tuple(tiers), by_channel=channels), progress
        )

    @shown
    def forget(self, paths: Sequence[str]) -> list[Any]:
        self.uploads.discard(paths)
        return ["", *_nothing_asked()]

    def _add_or_ask(
        self, set_name: str, paths: Sequence[str], speaker: str, wishes: ImportOptions, progress: gr.Progress
    ) -> list[Any]:
        if not set_name:
            self.uploads.discard(paths)
            raise DataError(text.NO_SET)
        count: Progress = lambda done, total, _: progress((done, total), unit=text.CLIP.of(total))  # noqa: E731 (a name for its type)
        # The import owns the files from here on, though the page be closed meanwhile.
        with self.uploads.taken(paths) as taken:
            if not taken.files:
                raise DataError(text.UPLOAD_GONE)
            try:
                report = self.collecting.add_files(
                    set_name, taken.files, speaker=speaker, wishes=wishes, progress=count
                )
            except TierChoice as e:
                info = text.TIERS_INFO.format(file=e.file)
                choices = gr.update(choices=list(e.tiers), value=[], info=info)
                return ["", taken.give_back(), gr.update(visible=True), choices, None]
        return [import_report(report), *_nothing_asked()]

    @shown
    def save_words(self, set_name: str, words: str) -> list[Any]:
        """Keep the words; the fold says how many there are, and the recorder offers them for reading."""
        if not set_name:
            if words.strip():
                raise DataError(text.NO_SET)
            return [gr.skip()] * 3
        about = {"set": set_name, "said": words}
        try:
            self.collecting.set_words(set_name, words.splitlines())
            return [about, *self._words_shown(self.collecting.set_info(set_name))]
        except Exception as e:  # whatever it is, the browser has to know that these words are not kept
            if isinstance(e, WorkbenchError) and not is_full(e):
                raise
            log.error("a word list could not be saved", exc_info=e)
            return [{**about, "why": text.WORDS_NOT_KEPT.format(why=sentence_of(e))}, *[gr.skip()] * 2]

    def keep_words(self, event: gr.EventData) -> list[Any]:
        """Words that the browser sends once more; of the set that it names, whichever is shown by now."""
        done: list[Any] = self.save_words(str(event._data["set"]), str(event._data["text"]))
        return done

    @shown
    def favour_words(self, set_name: str, favours: bool) -> None:
        """Whether models favour the set's words from now on."""
        if not set_name:
            raise DataError(text.NO_SET)
        self.collecting.favour_words(set_name, favours)

    @quiet(7)
    def open_set(self, set_name: str) -> list[Any]:
        """The set's words, and the recorder for this set."""
        info = self.collecting.set_info(set_name) if set_name else None
        words = "\n".join(info.word_lines if info else ())
        favours = bool(info and info.favours_words)
        return [words, set_name, favours, "", {"set": set_name, "said": words, "opens": True}, *self._words_shown(info)]

    @staticmethod
    def _words_shown(info: SetInfo | None) -> list[Any]:
        n = len(info.words) if info else 0
        return [gr.update(label=text.WORDS_COUNTED.format(n=n) if n else text.WORDS), recorder_view(info)]

    @quiet(1)
    def list_texts(self, set_name: str) -> str:
        """Links to what can be taken along; of runs, those that have tested clips."""
        info = self.collecting.set_info(set_name) if set_name else None
        runs = [run.id for run in self.adaptation.runs(set_name)] if info else []
        tested = [run for run in runs[:SHOWN_RUNS] if self.comparing.has_measured(run)]
        return downloads(set_name, bool(info and info.clips), tested)

    @shown
    def list_bin(self) -> Any:
        items = [
            (
                text.DELETED_SET.format(name=d.name, clips=plural(d.clips, text.CLIP), when=when(d.deleted_at))
                if d.kind == "set"
                else text.DELETED_CLIP.format(
                    name=d.name, seconds=number(d.duration, ".1f"), set=d.set_name, when=when(d.deleted_at)
                ),
                f"{d.kind}:{d.id}",
            )
            for d in self.collecting.deleted()
        ]
        return gr.update(choices=items, value=items[0][1] if items else None)

    @shown
    def bring_back(self, item: str | None) -> None:
        clips = self.collecting.undo_delete(**_target(item))
        say(text.CLIPS_BACK.format(clips=plural(clips, text.CLIP)))

    @shown
    def erase_now(self, sure: bool, item: str | None) -> None:
        if sure:
            erased = self.collecting.erase(**_target(item))
            say(text.CLIPS_ERASED.format(clips=plural(erased.clips, text.CLIP)))


def _nothing_asked() -> list[Any]:
    """Nothing waits any more: uploads, form, tiers, the files' field."""
    return [[], gr.update(visible=False), gr.update(choices=[], value=[]), None]


def _target(item: str | None) -> dict[str, Any]:
    kind, _, number = (item or "").partition(":")
    if not number.isdigit():
        raise DataError(text.BIN_EMPTY)
    return {"set_id": int(number)} if kind == "set" else {"clip_ids": [int(number)]}
