"""A page of clips as plain data for the list in the browser: what each row shows, and what just happened to it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from workbench.core.text.normalize import Alphabet, explain_model_text, to_model_text
from workbench.errors import WorkbenchError
from workbench.services.labels.query import UNNAMED_AUTHOR, ClipPage, Listed, Wanted
from workbench.services.workbench import Workbench
from workbench.ui import text
from workbench.ui.kit.html import number
from workbench.ui.label.doctor import DoctorPanel

PAGE_SIZE: Final = 25  # clips shown at once
NOTHING: Final[dict[str, Any]] = {"clips": [], "pages": 0, "page": 0, "total": 0}


class Query(NamedTuple):
    """What every answer of the list depends on, in the order of the handlers' inputs.

    Attributes:
        model: The base model whose alphabet says how a label is written.
        only: The clips of a finding, shown alone: {"ids", "text"}.
        heard_by: The model whose drafts the label doctor holds the labels against.
        split: The part of the set that is shown.
        order: One of `browsing.ORDERS`.
        asked: When the tab asked, by its own clock; an answer that was overtaken by a newer question's is not drawn.
    """

    set_name: str
    model: str | None
    status: str | None
    speaker: str | None
    search: str
    page: int
    author: str
    only: dict[str, Any] | None = None
    heard_by: str | None = None
    split: str | None = None
    order: str | None = None
    asked: float = 0.0

    @property
    def wanted(self) -> Wanted:
        only = self.only["ids"] if self.only else None
        found = (self.status or None, self.split or None, self.speaker or None, self.search or None)
        return Wanted(*found, only=only, order=self.order or "added")

    @property
    def signs_as(self) -> str:
        """The name that this page's changes are signed with."""
        return self.author.strip() or UNNAMED_AUTHOR


def called(author: str) -> str:
    """Who changed something, as the page says it."""
    return text.EXPERT if author == UNNAMED_AUTHOR else author


class ClipRows:
    """The rows over one workbench."""

    def __init__(self, workbench: Workbench, doctor: DoctorPanel) -> None:
        self.browsing, self.picturing = workbench.browsing, workbench.picturing
        self.label_checks, self.catalog, self.doctor = workbench.label_checks, workbench.catalog, doctor
        self.labelling, self.trimming = workbench.labelling, workbench.trimming

    def view(
        self, query: Query, *, touched: int | None = None, find: int | None = None, **extra: Any
    ) -> dict[str, Any]:
        """One page of clips.

        Args:
            touched: A clip that was just changed; its row comes along even where the filter hides it.
            find: A clip whose page is wanted, whichever that is.
            extra: What else the browser is told: "opens" that this is another set from now on, "moved" that it is
                another page or choice of clips, "gone" what can be brought back, and what became of single clips.
        """
        if not query.set_name:
            return {**NOTHING, "nothing": text.NO_CLIPS, "set": "", "at": query.asked, **extra}
        number = query.page if find is None else self._page_of(query, find)
        found = self.browsing.page(query.set_name, query.wanted, number=int(number), size=PAGE_SIZE)
        row = self._row_maker(query, found.language)
        rows = [row(listed) for listed in found.clips]
        filtered = any((query.status, query.speaker, query.search, query.split))
        return {
            "set": query.set_name,
            "at": query.asked,
            "clips": rows,
            "page": found.offset // PAGE_SIZE,
            "pages": -(-found.total // PAGE_SIZE),
            "total": found.total,
            "shown": _place(found) if rows else "",
            "nothing": "" if rows else text.NO_MATCH if filtered else text.NO_CLIPS,
            "only": query.only,
            "author": called(query.signs_as),
            "touched": self._touched(touched, rows, row),
            **extra,
        }

    def _page_of(self, query: Query, clip_id: int) -> int:
        ids = self.browsing.ids(query.set_name, query.wanted)
        return ids.index(clip_id) // PAGE_SIZE if clip_id in ids else query.page

    def _touched(self, clip_id: int | None, rows: list[dict[str, Any]], row: Any) -> dict[str, Any] | None:
        if clip_id is None:
            return None
        shown = next((r for r in rows if r["id"] == clip_id), None)
        return shown or next((row(listed) for listed in self.browsing.listed([clip_id])), None)

    def _row_maker(self, query: Query, language: str | None) -> Any:
        """A function from a listed clip to its row; what all rows share is asked once."""
        notes = self.doctor.notes(query.set_name, query.heard_by)
        alphabet = self._alphabet(query.model, language)
        turns = self.labelling.in_folds(query.set_name)
        return lambda listed: self._row(listed, alphabet, language, notes.get(listed.clip.id, []), in_folds=turns)

    def _alphabet(self, model: str | None, language: str | None) -> Alphabet | None:
        try:
            return self.label_checks.alphabet(self.catalog.find(model), language) if model else None
        except WorkbenchError:
            return None  # a half-typed hub id

    def _row(
        self,
        listed: Listed,
        alphabet: Alphabet | None,
        language: str | None,
        notes: Sequence[Mapping[str, Any]],
        *,
        in_folds: bool,
    ) -> dict[str, Any]:
        clip, unsure = listed.clip, listed.unsure
        written = to_model_text(clip.text, alphabet, clip.language or language) if alphabet and clip.text else None
        as_typed = written is None or (written.text == clip.text and not written.unknown)
        return {
            "id": clip.id,
            "name": clip.name,
            "duration": clip.duration,
            "speaker": clip.speaker or "",
            "split": ("fold" if in_folds else clip.split) if clip.split else "",
            "status": clip.status,
            "noSpeech": listed.no_speech,
            "edited": listed.edited,
            "text": clip.text,
            "revision": clip.revision,
            "author": called(listed.author),
            "warnings": list(clip.warnings),
            "notes": [note for note in notes if note.get("label") in (None, clip.text)],
            "draft": listed.draft.text.split() if listed.draft and unsure else [],
            "unsure": list(unsure),
            "cut": clip.cut and list(clip.cut),
            "whole": clip.whole,
            "trims": clip.trims,
            "stale": clip.stale and not self.trimming.silence_apart(clip.id),
            "url": f"sounds/{clip.id}?cut={clip.trims}",  # another one for each cut: browsers keep what they played
            "peaks": self.picturing.known_peaks(clip.sha256),
            "written": "" if as_typed or written is None else explain_model_text(written),
            "trouble": bool(written and (written.unknown or not written.text)),
        }


def _place(found: ClipPage) -> str:
    """Which clips of how many stand on a page."""
    first, last = found.offset + 1, found.offset + len(found.clips)
    return text.SHOWN_CLIPS.format(first=number(first), last=number(last), total=number(found.total))
