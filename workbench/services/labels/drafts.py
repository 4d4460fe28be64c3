"""What models heard, kept beside the labels: a draft with how sure the model was of each word."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from workbench.core.text.clean import clean_label
from workbench.core.types import Heard
from workbench.store.models import ClipRow, HypothesisRow, now
from workbench.store.queries import batches, note_change


def write_drafts(
    session: Session, model: str, texts: Mapping[int, str | Heard], *, draft: bool, sounds: Mapping[int, str]
) -> int:
    """Keep what a model heard in clips that still exist; how many there were.

    Args:
        sounds: Hashes of what it heard, by clip; of clips that are not named, what is heard of them now.
        draft: Whether the texts become the drafts that the expert corrects.
    """
    clips = {clip.id: clip for clip in session.scalars(select(ClipRow).where(ClipRow.id.in_(texts)))}
    statement = select(HypothesisRow).where(HypothesisRow.clip_id.in_(texts), HypothesisRow.model == model)
    rows = {row.clip_id: row for row in session.scalars(statement)}
    for clip_id in clips:
        row = rows.setdefault(clip_id, HypothesisRow(clip_id=clip_id, model=model, words=None))
        _write(row, texts[clip_id], sounds.get(clip_id) or clips[clip_id].sha256)
        session.add(row)
    session.flush()
    if draft:
        for clip_id, clip in clips.items():
            clip.draft_id = rows[clip_id].id
            rows[clip_id].drafted_at = rows[clip_id].drafted_at or now()
        note_change(session, list(clips))
    return len(clips)


def _write(row: HypothesisRow, said: str | Heard, sound: str) -> None:
    """Text and, where they are known for each of its words as it is stored, confidences."""
    heard = said if isinstance(said, Heard) else Heard(said)
    text, row.sound = clean_label(heard.text), sound
    if text == row.text and not heard.confidences:
        return  # a text that was heard before keeps the confidences it came with
    fit = len(heard.confidences) == len(text.split())
    row.text, row.created_at = text, now()
    row.confidences = [round(c, 3) for c in heard.confidences] if fit else None
    row.certainty = Heard(text, heard.confidences if fit else ()).certainty


def draft_texts(session: Session, draft_ids: Iterable[int | None]) -> dict[int, str]:
    """Clip id -> text of its draft."""
    texts: dict[int, str] = {}
    for ids in batches([i for i in draft_ids if i is not None]):
        statement = select(HypothesisRow.clip_id, HypothesisRow.text).where(HypothesisRow.id.in_(ids))
        texts |= {clip_id: text for clip_id, text in session.execute(statement)}
    return texts
