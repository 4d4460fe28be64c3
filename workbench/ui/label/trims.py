"""Trims in the list of clips: the part that a row sends is kept, or its row is told why not; each can be taken back."""

import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from workbench.errors import WorkbenchError
from workbench.services.clips.trims import Trim
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.errors import say, sentence_of
from workbench.ui.kit.html import fill
from workbench.ui.kit.worded import worded
from workbench.ui.label.clip_rows import ClipRows, Query, called

log = logging.getLogger(__name__)


class Trims:
    """What the list's events about trims do; their answers are the list's value."""

    def __init__(self, workbench: Workbench, rows: ClipRows) -> None:
        self.trimming, self.rows = workbench.trimming, rows

    def trim(self, event: gr.EventData, *inputs: Any) -> dict[str, Any]:
        """Keep a part; the event has id, start and end in seconds of the whole, and the revision that was seen."""
        query, said = Query(*inputs), event._data
        clip_id, seen = int(said["id"]), int(said["revision"])

        def kept() -> Trim:
            start, end = float(said["start"]), float(said["end"])
            return self.trimming.trim(clip_id, start, end, author=query.signs_as, expected_revision=seen)

        return dict(worded(self._answered(query, clip_id, kept, seen=seen)))

    def undo(self, event: gr.EventData, *inputs: Any) -> list[Any]:
        """Take a clip's newest trim back, and turn to it; the event has id and the revision to be undone."""
        query, said = Query(*inputs), event._data
        clip_id, seen = int(said["id"]), int(said["revision"])
        undone = self._answered(
            query, clip_id, lambda: self.trimming.undo(clip_id, query.signs_as, expected_revision=seen), find=clip_id
        )
        return [worded(undone), undone.get("page", gr.skip())]

    def _answered(
        self,
        query: Query,
        clip_id: int,
        change: Callable[[], Trim | None],
        *,
        seen: int | None = None,
        find: int | None = None,
    ) -> dict[str, Any]:
        """The list after a change, which is one to be undone where it is newer than what was `seen`."""
        try:
            done = change()
        except Exception as e:  # whatever it is, it is told where it was asked for
            return _refused(query, clip_id, e)
        if done is None:
            say(text.NOTHING_TO_UNTRIM)
        kept = seen is not None and done is not None and done.revision > seen
        trimmed = (
            {"id": clip_id, "revision": done.revision, "kept": kept, "overtook": _overtook(done)} if done else None
        )
        moved = {} if find is None else {"moved": True}
        return self.rows.view(query, touched=clip_id, find=find, trimmed=trimmed, **moved)


def _overtook(done: Trim) -> str:
    """What is said to whom somebody else's trim was unknown; empty where there was none."""
    if done.conflict is None:
        return ""
    theirs = done.conflict
    return fill(text.TRIM_OVERTOOK, author=called(theirs.author), start=theirs.start, end=theirs.end)


def _refused(query: Query, clip_id: int, error: Exception) -> dict[str, Any]:
    """Why nothing was changed; nothing else is read or drawn."""
    if not isinstance(error, WorkbenchError):
        log.error("a clip could not be trimmed", exc_info=error)
    refused = {"id": clip_id, "why": sentence_of(error)}
    return {"set": query.set_name, "at": query.asked, "author": called(query.signs_as), "refused": refused}
