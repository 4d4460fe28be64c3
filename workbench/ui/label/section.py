"""Label: draft with a model, correct with the sound at hand, confirm; every change is kept and can be undone."""

import logging
from typing import Any, Final

import gradio as gr

from workbench.core.text.clean import clean_label
from workbench.core.types import is_run
from workbench.disk import is_full
from workbench.errors import DataError, NothingToDoError, WorkbenchError
from workbench.services.labels.revisions import Saved
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.components import choice, clip_list, confirm_script, heard, html
from workbench.ui.kit.errors import note, quiet, say, sentence_of, shown, warn
from workbench.ui.kit.html import drafting, fill, heading, number, plural, when
from workbench.ui.kit.latest import stamp, stamp_box
from workbench.ui.label.clip_rows import ClipRows, Query, called
from workbench.ui.label.doctor import DoctorPanel
from workbench.ui.label.trims import Trims
from workbench.ui.models.section import Models

log = logging.getLogger(__name__)

SHOW_LIST: Final = "() => document.getElementById('clip-list').scrollIntoView({ block: 'center' })"


class Label:
    """The list of clips and what can be done with them."""

    def __init__(self, workbench: Workbench, models: Models | None = None) -> None:
        self.models = models or Models(workbench)
        self.labelling, self.collecting = workbench.labelling, workbench.collecting
        self.drafting, self.base_models = workbench.drafting, workbench.base_models
        self.browsing = workbench.browsing
        self.doctor = DoctorPanel(workbench)
        self.rows = ClipRows(workbench, self.doctor)
        self.view, self.trims = self.rows.view, Trims(workbench, self.rows)

    def build(self) -> None:
        self.model, self.page = self.models.drafter, gr.State(0)
        self.only = gr.State(None)
        self.signed = gr.BrowserState("", storage_key="speech-workbench-author", secret="speech-workbench")
        with gr.Row(elem_classes="tight", elem_id="clips-head"):
            html(heading(None, text.LABEL, "label"), min_width=130)
            self.models.build_drafter()
            self.draft = gr.Button(text.DRAFT_ALL, size="md", min_width=84, scale=0, elem_id="draft-all")
            self.stop = gr.Button(
                text.STOP_DRAFTS, size="md", min_width=60, scale=0, visible=False, elem_id="stop-drafts"
            )
        self.progress = html(elem_id="drafting")
        self.doctor.build()
        with gr.Row(elem_classes="tight", elem_id="clip-filters"):
            self.status = choice(text.SHOW, text.FILTERS, "show")
            self.who = choice(text.BY_SPEAKER, {"": text.ALL_SPEAKERS}, "by-speaker")
            self.split = choice(text.SET_PART, text.SET_PARTS, "by-part")
            self.order = choice(text.SORT, text.ORDERS, "sort-by", value="added")
            self.search = gr.Textbox(
                label=text.SEARCH, placeholder=text.SEARCH, max_lines=1, min_width=110, elem_id="search"
            )
        self.list = clip_list(elem_id="clip-list")
        with gr.Row(elem_classes="tight"):
            self.name = gr.Textbox(
                label=text.YOUR_NAME,
                info=text.YOUR_NAME_INFO,
                placeholder=text.EXPERT,
                max_lines=1,
                min_width=150,
                elem_id="author",
            )
            self.confirm_all = gr.Button(text.CONFIRM_DRAFTS, size="md", min_width=130, scale=0, elem_id="confirm-all")
        self.sure = gr.Checkbox(False, visible=False)
        self.asked = stamp_box()

    def wire(self, chosen: gr.State) -> None:
        """Events within the section; `query` is what every answer of the list depends on."""
        base_model = self.models.base
        self.query = [
            chosen, base_model, self.status, self.who, self.search, self.page, self.name, self.only,
            self.model, self.split, self.order, self.asked,
        ]  # fmt: skip
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.asking = {**private, "js": stamp(len(self.query))}  # of every event with `query`
        self._wire_clips(chosen, private)
        self._wire_doctor(chosen, private)
        gr.on(
            # A Textbox's "input" misses what is pasted.
            [self.status.input, self.who.input, self.split.input, self.order.input, self.search.change],
            self.filter,
            self.query,
            [self.list, self.page],
            trigger_mode="always_last",
            **self.asking,
        )
        base_model.change(self.refresh, self.query, self.list, **self.asking)
        filters = [self.status, self.who, self.split, self.search]
        chosen.change(self.open_set, self.query, [self.list, self.page, *filters, self.only], **self.asking).success(
            self.recall_name, self.signed, self.name, **private
        )
        self.name.blur(self.keep_name, self.name, self.signed, **private)
        self.draft.click(self.start_drafts, [chosen, self.model], [self.draft, self.stop], **private)
        self.stop.click(self.stop_drafts, chosen, self.stop, js=heard("stop-drafts", text.STOPPING_NOW), **private)
        n = len(self.query)
        sure_and_stamped = f"(...all) => ({stamp(n + 1)})(...({confirm_script(text.CONFIRM_DRAFTS_SURE, n)})(...all))"
        self.confirm_all.click(
            self.confirm_drafts,
            [self.sure, *self.query],
            self.list,
            **{**self.asking, "js": sure_and_stamped},
        )

    def _wire_clips(self, chosen: gr.State, private: dict[str, Any]) -> None:
        # "multiple": Gradio would drop a second event of the list while the first is being answered.
        every: dict[str, Any] = {**self.asking, "trigger_mode": "multiple", "concurrency_limit": None}
        examined = [self.doctor.refresh, [chosen, self.model], self.doctor.panel]
        for event, handler in (
            (self.list.edit, self.save),
            (self.list.submit, self.confirm),
            (self.list.remedy, self.remedy),
            (self.list.approve, self.confirm_many),
            (self.list.trim, self.trims.trim),
        ):
            event(handler, self.query, self.list, **every).success(*examined, **private)
        undone = self.list.undo(self.undo, self.query, [self.list, self.page], **every)
        undone.success(*examined, **private)
        whole_again = self.list.untrim(self.trims.undo, self.query, [self.list, self.page], **every)
        whole_again.success(*examined, **private)
        for event, handler in (
            (self.list.expand, self.history),
            (self.list.delete, self.delete),
            (self.list.restore, self.restore),
            (self.list.erase, self.erase),
        ):
            event(handler, self.query, self.list, **every)
        self.list.turn(self.turn, self.query, [self.list, self.page], **every)
        hiding = [self.status, self.who, self.split, self.search, self.only]
        self.list.find(self.find, self.query, [self.list, self.page, *hiding], **every)
        self.list.everything(self.show_all, self.query, [self.list, self.page, self.only], **every)

    def _wire_doctor(self, chosen: gr.State, private: dict[str, Any]) -> None:
        panel, asked = self.doctor.panel, [chosen, self.model]
        gr.on([chosen.change, self.model.change, self.progress.change], self.doctor.refresh, asked, panel, **private)
        panel.check(self.doctor.check, asked, panel, **private)
        panel.listen(self.doctor.listen, asked, panel, **private)
        every: dict[str, Any] = {**self.asking, "trigger_mode": "multiple"}
        panel.mend(self.mend, self.query, [panel, self.list], **every)
        panel.back(self.take_back, self.query, [panel, self.list], **every)
        looked = panel.look(self.look_at, self.query, [self.list, self.page, self.only, self.status], **every)
        looked.success(None, js=SHOW_LIST)

    # ---- which clips; the inputs of handlers are the fields of Query ----

    @quiet(1)
    def refresh(self, *inputs: Any) -> dict[str, Any]:
        return self.view(Query(*inputs))

    @shown
    def open_set(self, *inputs: Any) -> list[Any]:
        """Another set: its first page, all its speakers, no filter."""
        query = Query(*inputs)._replace(status="", speaker="", search="", split="", page=0, only=None)
        speakers = gr.update(choices=self.speakers(query.set_name), value="")
        return [self.view(query, opens=True), 0, "", speakers, "", "", None]

    def speakers(self, set_name: str) -> list[tuple[str, str]]:
        """The choices of the speaker filter."""
        found = self.labelling.speakers(set_name) if set_name else []
        return [(text.ALL_SPEAKERS, ""), *((s, s) for s in found)]

    @shown
    def filter(self, *inputs: Any) -> list[Any]:
        return [self.view(Query(*inputs)._replace(page=0), moved=True), 0]

    @shown
    def turn(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        page = int(event._data["page"])
        return [self.view(Query(*inputs)._replace(page=page), moved=True), page]

    @shown
    def find(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Turn to the page of a clip; where the choices above the list hide it, it is shown alone."""
        query, clip_id = Query(*inputs), int(event._data["id"])
        if clip_id in self.browsing.ids(query.set_name, query.wanted):
            view = self.view(query, find=clip_id, moved=True)
            return [view, view["page"], *[gr.skip()] * 5]
        only = {"ids": [clip_id], "text": text.ONLY_ONE.format(name=self.labelling.clip(clip_id).name)}
        alone = query._replace(status="", speaker="", split="", search="", page=0, only=only)
        return [self.view(alone, moved=True), 0, "", "", "", "", only]

    @quiet(1)
    def recall_name(self, signed: str) -> Any:
        """The name that was given in this browser before."""
        return signed or gr.skip()

    @quiet(1)
    def keep_name(self, name: str) -> str:
        return name.strip()

    # ---- one label ----

    @shown
    def save(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        return self._save(Query(*inputs), event._data, confirmed=False)

    @shown
    def confirm(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        return self._save(Query(*inputs), event._data, confirmed=True)

    def _save(self, query: Query, said: dict[str, Any], *, confirmed: bool) -> dict[str, Any]:
        """Save, and tell the browser whom it overtook: both versions are in the history."""
        try:
            saved = self._kept(query, said, confirmed)
        except Exception as e:  # whatever it is, the browser has to know that this text is not kept
            return _not_kept(query, said, e)
        theirs = saved.conflict if saved.conflict and not _own(saved, said.get("sent", [])) else None
        overtook = {"id": saved.clip_id, "author": called(theirs.author), "text": theirs.text} if theirs else None
        about = {"said": str(said["text"]), "revision": saved.revision, "confirmed": saved.confirmed}
        answered = {"id": saved.clip_id, **about}
        return self.view(query, touched=saved.clip_id, overtook=overtook, answered=answered)

    def _kept(self, query: Query, said: dict[str, Any], confirmed: bool) -> Saved:
        clip_id = int(said["id"])
        if said.get("name") and self.labelling.clip(clip_id).name != said["name"]:
            raise DataError(text.OTHER_CLIP.format(name=said["name"]))
        return self.labelling.save(
            clip_id,
            str(said["text"]),
            author=query.signs_as,
            confirmed=confirmed,
            expected_revision=int(said["revision"]),
        )

    @shown
    def undo(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Undo a clip's newest change, or that of several which were changed together; turns to the first of them."""
        query, said = Query(*inputs), event._data
        ids = [int(i) for i in said["ids"]]
        if len(ids) == 1:
            seen = int(said["revision"]) if said.get("revision") else None
            if self.labelling.undo(ids[0], query.signs_as, expected_revision=seen) is None:
                say(text.NOTHING_TO_UNDO)
        else:
            done = self.labelling.undo_many(ids, query.signs_as)
            say(text.UNDONE_MANY.format(n=plural(done, text.A_LABEL)))
        view = self.view(query, touched=ids[0], find=ids[0], moved=True)
        return [view, view["page"]]

    @shown
    def history(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        clip_id = int(event._data["id"])
        items = [
            {
                "when": f"{when(r.time)} · {called(r.author)}{f' · {text.A_CONFIRMED}' if r.confirmed else ''}",
                "text": r.text or text.NO_LABEL,
                "usable": bool(r.text),
            }
            for r in reversed(self.labelling.history(clip_id))
        ]
        return self.view(Query(*inputs), history={"id": clip_id, "items": items})

    @shown
    def remedy(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        """What the label doctor offers for one clip."""
        query, clip_id = Query(*inputs), int(event._data["id"])
        kind = str(event._data["kind"])
        self.doctor.mend_one(query.set_name, query.heard_by, kind, clip_id, query.signs_as)
        return self.view(query, touched=clip_id, done={"ids": [clip_id], "text": ""})

    # ---- several clips: those that were selected, or all that were found ----

    def _meant(self, query: Query, said: dict[str, Any]) -> list[int]:
        return self.browsing.ids(query.set_name, query.wanted) if said.get("all") else [int(i) for i in said["ids"]]

    @shown
    def confirm_many(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        query = Query(*inputs)
        clips = [listed.clip for listed in self.browsing.listed(self._meant(query, event._data))]
        waiting = [c.id for c in clips if c.status != "confirmed" and c.text]
        if not waiting:
            raise DataError(text.NOTHING_TO_CONFIRM)
        self.labelling.confirm(waiting, query.signs_as)
        n, left = plural(len(waiting), text.CLIP), sum(not c.text for c in clips)
        told = text.CONFIRMED_LEFT.format(n=n, left=left) if left else text.CONFIRMED_MANY.format(n=n)
        return self.view(query, done={"ids": waiting, "text": told})

    # "gone" says what the list offers to bring back from now on; other answers leave that as it is.

    @shown
    def delete(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        query = Query(*inputs)
        ids = self._meant(query, event._data)
        what = self.labelling.clip(ids[0]).name if len(ids) == 1 else ""
        self.collecting.delete_clips(ids)
        many = text.DELETED_MANY.format(n=plural(len(ids), text.CLIP))
        told = text.DELETED_ONE.format(name=what) if what else many
        return self.view(query, gone={"ids": ids, "text": told})

    @shown
    def restore(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        self.collecting.undo_delete(clip_ids=[int(i) for i in event._data["ids"]])
        return self.view(Query(*inputs), gone=None)

    @shown
    def erase(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        erased = self.collecting.erase(clip_ids=[int(i) for i in event._data["ids"]])
        say(text.GONE_FOR_GOOD.format(n=plural(erased.clips, text.CLIP)))
        return self.view(Query(*inputs), gone=None)

    # ---- the label doctor ----

    @shown
    def mend(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        query = Query(*inputs)
        self.doctor.mend(query.set_name, query.heard_by, str(event._data["kind"]), query.signs_as)
        return [self.doctor.view(query.set_name, query.heard_by, asked=True), self.view(query)]

    @shown
    def take_back(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        query = Query(*inputs)
        self.doctor.take_back(query.set_name, str(event._data["kind"]), query.signs_as)
        return [self.doctor.view(query.set_name, query.heard_by, asked=True), self.view(query)]

    @shown
    def look_at(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Show the clips of a finding alone."""
        query = Query(*inputs)
        only = self.doctor.only(query.set_name, query.heard_by, str(event._data["kind"]))
        return [self.view(query._replace(only=only, page=0, status=""), moved=True), 0, only, ""]

    @shown
    def show_all(self, *inputs: Any) -> list[Any]:
        return [self.view(Query(*inputs)._replace(only=None, page=0), moved=True), 0, None]

    # ---- drafts ----

    @shown
    def start_drafts(self, set_name: str, model: str | None) -> list[Any]:
        if not set_name:
            raise DataError(text.NO_SET)
        if not is_run(model or ""):
            self.base_models.check_here(model or "")
        try:
            self.drafting.start_drafts(set_name, model or "")
        except NothingToDoError as e:
            note(str(e))
            return [gr.skip(), gr.skip()]
        self.models.asked.discard(set_name)
        return [gr.update(interactive=False), _stop_button(active=True)]

    @shown
    def stop_drafts(self, set_name: str) -> Any:
        self.drafting.stop_drafts(set_name)
        return _stop_button(active=True, stopping=True)

    @shown
    def confirm_drafts(self, sure: bool, *inputs: Any) -> Any:
        query = Query(*inputs)
        if not sure or not query.set_name:
            return gr.skip()
        drafts = [c.id for c in self.labelling.clips(query.set_name, status="drafted") if c.text]
        if not drafts:
            raise DataError(text.NO_DRAFT)
        self.labelling.confirm(drafts, query.signs_as)
        told = text.CONFIRMED_MANY.format(n=plural(len(drafts), text.A_DRAFT))
        return self.view(query, done={"ids": drafts, "text": told})

    def draft_panel(self, set_name: str, waiting: int) -> list[Any]:
        """Bar, draft button and stop button, for the page's timer.

        Args:
            waiting: Clips without a confirmed label, which are those that would be drafted.
        """
        view = self.drafting.draft_view(set_name)
        stop = _stop_button(active=view.active, stopping=view.stopping)
        said = fill(text.DRAFT_ALL_OF, n=number(waiting)) if waiting else text.DRAFT_ALL
        return [drafting(view), gr.update(value=said, interactive=not view.active), stop]


def _stop_button(*, active: bool, stopping: bool = False) -> Any:
    said = text.STOPPING_NOW if stopping else text.STOP_DRAFTS
    return gr.update(visible=active, interactive=not stopping, value=said)


def _not_kept(query: Query, said: dict[str, Any], error: Exception) -> dict[str, Any]:
    """Why a text could not be saved, and whether sending it again may help; nothing else is read or drawn."""
    why, again = sentence_of(error), is_full(error) or not isinstance(error, WorkbenchError)
    if not again:
        warn(why)  # the row may be out of sight
    elif not isinstance(error, WorkbenchError):
        log.error("a label could not be saved", exc_info=error)
    failed = {"id": int(said["id"]), "said": str(said["text"]), "why": why, "again": again}
    return {"set": query.set_name, "at": query.asked, "author": called(query.signs_as), "failed": failed}


def _own(saved: Saved, sent: list[Any]) -> bool:
    """Whether the revision that was overtaken is this page's own autosave, still on its way when the next one left."""
    return saved.conflict is not None and saved.conflict.text in {clean_label(str(t)) for t in sent}
