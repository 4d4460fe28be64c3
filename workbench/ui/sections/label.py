"""Label: draft with a model, correct with the sound at hand, confirm; every change is kept and can be undone."""

from typing import Any, Final, NamedTuple

import gradio as gr

from workbench.core.labels import clean_label
from workbench.core.text import Alphabet, explain_model_text, to_model_text
from workbench.core.types import Clip
from workbench.errors import DataError, WorkbenchError
from workbench.services.labelling import Saved
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.guard import quiet, say, shown, warn
from workbench.ui.parts import clip_list, confirm_script, html
from workbench.ui.render import drafting, esc, heading, plural, when
from workbench.ui.sections.doctor import DoctorPanel

PAGE_SIZE: Final = 25  # clips shown at once
SHOW_LIST: Final = "() => document.getElementById('clip-list').scrollIntoView({ block: 'center', behavior: 'smooth' })"


class Query(NamedTuple):
    """What every answer of the list depends on, in the order of the handlers' inputs.

    Attributes:
        model: The base model whose alphabet says how a label is written.
        gone: The clips deleted last, which the list offers to bring back: {"ids", "text"}.
        only: The clips of a finding, shown alone: {"ids", "text"}.
        heard_by: The model whose drafts the label doctor holds the labels against.
    """

    set_name: str
    model: str | None
    status: str | None
    speaker: str | None
    search: str
    page: int
    author: str
    gone: dict[str, Any] | None
    only: dict[str, Any] | None = None
    heard_by: str | None = None


class Label:
    """The list of clips and what can be done with them."""

    def __init__(self, workbench: Workbench) -> None:
        self.labelling, self.collecting = workbench.labelling, workbench.collecting
        self.transcribing, self.picturing = workbench.transcribing, workbench.picturing
        self.adaptation, self.catalog = workbench.adaptation, workbench.catalog
        self.doctor = DoctorPanel(workbench)

    def build(self) -> None:
        self.page = gr.State(0)
        self.gone = gr.State(None)
        self.only = gr.State(None)
        html(heading(2, text.LABEL, "label"))
        with gr.Row(elem_classes="tight"):
            self.model = gr.Dropdown(
                self.models(None), label=text.DRAFT_MODEL, interactive=True, min_width=130, elem_id="draft-model"
            )
            self.draft = gr.Button(text.DRAFT_ALL, size="md", min_width=84, scale=0, elem_id="draft-all")
            self.stop = gr.Button(
                text.STOP_DRAFTS, size="md", min_width=60, scale=0, visible=False, elem_id="stop-drafts"
            )
        self.progress = html(elem_id="drafting")
        self.doctor.build()
        with gr.Row(elem_classes="tight"):
            self.status = gr.Dropdown(
                list(text.FILTERS.items()), value="", label=text.SHOW, interactive=True, min_width=110, elem_id="show"
            )
            self.who = gr.Dropdown(
                [(text.ALL_SPEAKERS, "")],
                value="",
                label="Speaker",
                interactive=True,
                min_width=110,
                elem_id="by-speaker",
            )
            self.search = gr.Textbox(label=text.SEARCH, max_lines=1, min_width=110, elem_id="search")
        html(f"<p class='hint'>{esc(text.LABEL_HINT)}</p>")
        self.list = clip_list(elem_id="clip-list")
        with gr.Row(elem_classes="tight"):
            self.name = gr.Textbox(
                text.EXPERT,
                label=text.YOUR_NAME,
                info=text.YOUR_NAME_INFO,
                max_lines=1,
                min_width=150,
                elem_id="author",
            )
            self.confirm_all = gr.Button(text.CONFIRM_DRAFTS, size="md", min_width=130, scale=0, elem_id="confirm-all")
        self.sure = gr.Checkbox(False, visible=False)

    def wire(self, chosen: gr.State, base_model: gr.Dropdown) -> None:
        """Events within the section; `query` is what every answer of the list depends on."""
        self.query = [
            chosen, base_model, self.status, self.who, self.search, self.page, self.name, self.gone, self.only,
            self.model,
        ]  # fmt: skip
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        # "multiple": Gradio would drop a second event of the list while the first is being answered.
        every: dict[str, Any] = {**private, "trigger_mode": "multiple", "concurrency_limit": None}
        examined = [self.doctor.refresh, [chosen, self.model], self.doctor.panel]
        for event, handler in (
            (self.list.edit, self.save),
            (self.list.submit, self.confirm),
            (self.list.undo, self.undo),
        ):
            event(handler, self.query, self.list, **every).success(*examined, **private)
        self.list.expand(self.history, self.query, self.list, **every)
        gr.on([chosen.change, self.model.change, self.progress.change], *examined, **private)
        self.doctor.panel.check(self.doctor.check, [chosen, self.model], self.doctor.panel, **private)
        self.doctor.panel.listen(self.doctor.listen, [chosen, self.model], self.doctor.panel, **private)
        self.doctor.panel.mend(self.mend, self.query, [self.doctor.panel, self.list], **private)
        self.doctor.panel.back(self.take_back, self.query, [self.doctor.panel, self.list], **private)
        self.doctor.panel.look(
            self.look_at, self.query, [self.list, self.page, self.only, self.status], **private
        ).success(None, js=SHOW_LIST)
        self.list.everything(self.show_all, self.query, [self.list, self.page, self.only], **every)
        for event, handler in (
            (self.list.delete, self.delete),
            (self.list.restore, self.restore),
            (self.list.erase, self.erase),
        ):
            event(handler, self.query, [self.list, self.gone], **every)
        self.list.turn(self.turn, self.query, [self.list, self.page], **every)
        gr.on(
            [self.status.input, self.who.input, self.search.change],  # a Textbox's "input" misses what is pasted
            self.filter,
            self.query,
            [self.list, self.page],
            trigger_mode="always_last",
            **private,
        )
        base_model.change(self.refresh, self.query, self.list, **private)
        chosen.change(
            self.open_set,
            self.query,
            [self.list, self.page, self.status, self.who, self.search, self.gone, self.only],
            **private,
        )
        self.draft.click(self.start_drafts, [chosen, self.model], [self.draft, self.stop], **private)
        self.stop.click(self.stop_drafts, chosen, None, **private)
        self.confirm_all.click(
            self.confirm_drafts,
            [self.sure, *self.query],
            self.list,
            js=confirm_script(text.CONFIRM_DRAFTS_SURE, len(self.query)),
            **private,
        )

    def models(self, runs: list[str] | None) -> list[str]:
        """What can draft: base models, and runs that are done."""
        return [*(runs or []), *self.catalog.names()]

    # ---- the list ----

    def view(self, query: Query, **extra: Any) -> dict[str, Any]:
        """One page of clips as plain data."""
        if not query.set_name:
            return {"clips": [], "pages": 0, "page": 0, "nothing": text.NO_CLIPS}
        wanted = {"status": query.status or None, "speaker": query.speaker or None, "search": query.search or None}
        if query.only:
            ids = set(query.only["ids"])
            found = [c for c in self.labelling.clips(query.set_name, **wanted) if c.id in ids]
        total = len(found) if query.only else self.labelling.count(query.set_name, **wanted)
        pages = -(-total // PAGE_SIZE)
        page = max(0, min(int(query.page), pages - 1))
        if query.only:
            clips = found[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
        else:
            clips = self.labelling.clips(query.set_name, offset=page * PAGE_SIZE, limit=PAGE_SIZE, **wanted)
        notes = self.doctor.notes(query.set_name, query.heard_by)
        language = self.collecting.set_info(query.set_name).language
        alphabet = self._alphabet(query.model, language)
        first = page * PAGE_SIZE
        return {
            "clips": [self._clip(c, alphabet, language, notes.get(c.id, [])) for c in clips],
            "page": page,
            "pages": pages,
            "shown": f"{first + 1:,} to {first + len(clips):,} of {total:,}",
            "nothing": "" if clips else text.NO_MATCH if any(wanted.values()) else text.NO_CLIPS,
            "deleted": query.gone,
            "only": query.only,
            **extra,
        }

    def _alphabet(self, model: str | None, language: str | None) -> Alphabet | None:
        try:
            return self.adaptation.alphabet(self.catalog.find(model), language) if model else None
        except WorkbenchError:
            return None  # a half-typed hub id

    def _clip(self, clip: Clip, alphabet: Alphabet | None, language: str | None, notes: list[str]) -> dict[str, Any]:
        written = to_model_text(clip.text, alphabet, clip.language or language) if alphabet and clip.text else None
        return {
            "id": clip.id,
            "name": clip.name,
            "duration": clip.duration,
            "speaker": clip.speaker or "",
            "split": clip.split or "",
            "status": clip.status,
            "text": clip.text,
            "revision": clip.revision,
            "warnings": list(clip.warnings),
            "notice": text.DOCTOR_SAYS + "; ".join(notes) if notes else "",
            "url": f"sounds/{clip.id}",
            "peaks": self.picturing.peaks(clip),
            "written": explain_model_text(written) if written else "",
            "trouble": bool(written and (written.unknown or not written.text)),
        }

    # ---- handlers; their inputs are the fields of Query ----

    @quiet(1)
    def refresh(self, *inputs: Any) -> dict[str, Any]:
        return self.view(Query(*inputs))

    @shown
    def open_set(self, *inputs: Any) -> list[Any]:
        """Another set: its first page, all its speakers, no filter."""
        query = Query(*inputs)._replace(status="", speaker="", search="", page=0, gone=None, only=None)
        return [self.view(query), 0, "", gr.update(choices=self.speakers(query.set_name), value=""), "", None, None]

    def speakers(self, set_name: str) -> list[tuple[str, str]]:
        """The choices of the speaker filter."""
        found = self.labelling.speakers(set_name) if set_name else []
        return [(text.ALL_SPEAKERS, ""), *((s, s) for s in found)]

    @shown
    def filter(self, *inputs: Any) -> list[Any]:
        return [self.view(Query(*inputs)._replace(page=0)), 0]

    @shown
    def turn(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        page = int(event._data["page"])
        return [self.view(Query(*inputs)._replace(page=page)), page]

    @shown
    def save(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        return self._save(Query(*inputs), event._data, confirmed=False)

    @shown
    def confirm(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        return self._save(Query(*inputs), event._data, confirmed=True)

    def _save(self, query: Query, said: dict[str, Any], *, confirmed: bool) -> dict[str, Any]:
        saved = self.labelling.save(
            int(said["id"]),
            str(said["text"]),
            author=_author(query),
            confirmed=confirmed,
            expected_revision=int(said["revision"]),
        )
        if saved.conflict and not _own(saved, said.get("sent", [])):
            warn(saved.notice)
        return self.view(query)

    @shown
    def undo(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        query = Query(*inputs)
        if self.labelling.undo(int(event._data["id"]), _author(query)) is None:
            say(text.NOTHING_TO_UNDO)
        return self.view(query)

    @shown
    def history(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        clip_id = int(event._data["id"])
        items = [
            {
                "when": f"{when(r.time)} · {r.author}{' · confirmed' if r.confirmed else ''}",
                "text": r.text or "(no label)",
            }
            for r in reversed(self.labelling.history(clip_id))
        ]
        return self.view(Query(*inputs), history={"id": clip_id, "items": items})

    @shown
    def delete(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        clip = self.labelling.clip(int(event._data["id"]))
        self.collecting.delete_clips([clip.id])
        gone = {"ids": [clip.id], "text": f"{clip.name} is in the bin for a week."}
        return [self.view(Query(*inputs)._replace(gone=gone)), gone]

    @shown
    def restore(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        self.collecting.undo_delete(clip_ids=[int(i) for i in event._data["ids"]])
        return [self.view(Query(*inputs)._replace(gone=None)), None]

    @shown
    def erase(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        erased = self.collecting.erase(clip_ids=[int(i) for i in event._data["ids"]])
        say(f"{plural(erased.clips, 'clip')} erased for good.")
        return [self.view(Query(*inputs)._replace(gone=None)), None]

    # ---- the label doctor ----

    @shown
    def mend(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        query = Query(*inputs)
        self.doctor.mend(query.set_name, query.heard_by, str(event._data["kind"]), _author(query))
        return [self.doctor.view(query.set_name, query.heard_by, asked=True), self.view(query)]

    @shown
    def take_back(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        query = Query(*inputs)
        self.doctor.take_back(query.set_name, str(event._data["kind"]), _author(query))
        return [self.doctor.view(query.set_name, query.heard_by, asked=True), self.view(query)]

    @shown
    def look_at(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Show the clips of a finding alone."""
        query = Query(*inputs)
        only = self.doctor.only(query.set_name, query.heard_by, str(event._data["kind"]))
        return [self.view(query._replace(only=only, page=0, status="")), 0, only, ""]

    @shown
    def show_all(self, *inputs: Any) -> list[Any]:
        return [self.view(Query(*inputs)._replace(only=None, page=0)), 0, None]

    # ---- drafts ----

    @shown
    def start_drafts(self, set_name: str, model: str | None) -> list[Any]:
        if not set_name:
            raise DataError(text.NO_SET)
        self.transcribing.start_drafts(set_name, model or "")
        return [gr.update(interactive=False), gr.update(visible=True)]

    @shown
    def stop_drafts(self, set_name: str) -> None:
        self.transcribing.stop_drafts(set_name)

    @shown
    def confirm_drafts(self, sure: bool, *inputs: Any) -> Any:
        query = Query(*inputs)
        if not sure or not query.set_name:
            return gr.skip()
        drafts = [c.id for c in self.labelling.clips(query.set_name, status="drafted") if c.text]
        if not drafts:
            raise DataError(text.NO_DRAFT)
        self.labelling.confirm(drafts, _author(query))
        say(f"{plural(len(drafts), 'draft')} confirmed.")
        return self.view(query)

    def draft_panel(self, set_name: str) -> list[Any]:
        """Bar, draft button and stop button, for the page's timer."""
        view = self.transcribing.draft_view(set_name)
        return [drafting(view), gr.update(interactive=not view.active), gr.update(visible=view.active)]


def _author(query: Query) -> str:
    return query.author.strip() or text.EXPERT


def _own(saved: Saved, sent: list[Any]) -> bool:
    """Whether the revision that was overtaken is this page's own autosave, still on its way when the next one left."""
    return saved.conflict is not None and saved.conflict.text in {clean_label(str(t)) for t in sent}
