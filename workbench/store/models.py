"""The tables: clip sets, clips, labels and cuts with their history, what models heard, drafting, runs, evaluations.

Labels and cuts are append-only revisions; a clip points at its current ones. What a run measured is kept per clip, so
that a comparison can be computed anew with another normalizer, and so that erasing a clip erases every text of it.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from workbench.store.sentences import Document, Sentence


def now() -> datetime:
    """The current time in UTC; SQLite keeps no zone, so every time in the store is UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


class Base(DeclarativeBase):
    """Declarative base; JSON columns hold plain lists and dictionaries."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, datetime: DateTime}  # noqa: RUF012 (SQLAlchemy's own form)


class ClipSetRow(Base):
    """A named set of clips with its language and the expert's word list."""

    __tablename__ = "clip_set"
    __table_args__ = (
        # A deleted set may be undone, so its name frees up only for sets that live.
        Index(
            "uq_clip_set_name",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str | None] = mapped_column(String(20))
    words: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]
    deleted_hours: Mapped[float | None]  # the clock's hours at that moment, see `clock.py`
    erased_at: Mapped[datetime | None]  # its clips are gone for good; the row stays for the runs that point here
    changes: Mapped[int] = mapped_column(default=0, server_default="0")  # see `queries.note_change`
    base_model: Mapped[str | None] = mapped_column(Text)  # as its user chose; None: the best at hand
    archived_at: Mapped[datetime | None]  # takes no new clips and runs since
    favours_words: Mapped[bool] = mapped_column(default=False, server_default="0")  # while drafts are written


class ClipRow(Base):
    """One sound in one set; the sound itself is a file named by its content hash, shared between sets.

    A trimmed clip has two: the whole sound, as it came, and its cut, which is what everybody hears. `sha256` and
    `duration` are always those of what is heard.
    """

    __tablename__ = "clip"
    __table_args__ = (
        Index(
            "uq_clip_sound",
            "set_id",
            "sha256",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_clip_sha256", "sha256"),
        Index("ix_clip_whole_sha256", "whole_sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("clip_set.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Text)
    original_format: Mapped[str] = mapped_column(String(40))
    duration: Mapped[float]  # seconds
    speaker: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(20))
    source: Mapped[str | None] = mapped_column(Text)
    source_start: Mapped[float | None]  # seconds into the source recording; None for a whole one
    source_end: Mapped[float | None]
    split: Mapped[str | None] = mapped_column(String(5))
    split_fixed: Mapped[bool] = mapped_column(default=False)  # came with the import, honoured as it is
    warnings: Mapped[list[Any]] = mapped_column(Document, default=list)
    decoding: Mapped[int] = mapped_column(server_default="1")  # see `audio.decode.DECODING`
    # Both are plain ids, not foreign keys: reference and hypothesis already point here, and a cycle helps nobody.
    reference_id: Mapped[int | None]
    draft_id: Mapped[int | None]
    added_at: Mapped[datetime] = mapped_column(default=now)
    deleted_at: Mapped[datetime | None]
    deleted_hours: Mapped[float | None]
    trim_id: Mapped[int | None]  # the cut that stands; None: none, or all were undone
    whole_sha256: Mapped[str | None] = mapped_column(String(64))  # of the sound as it came; None: never trimmed
    whole_duration: Mapped[float | None]  # seconds
    cut_start: Mapped[float] = mapped_column(default=0.0, server_default="0")  # seconds into the whole sound


class TrimRow(Base):
    """One revision of a clip's cut; never changed once written."""

    __tablename__ = "trim"
    __table_args__ = (UniqueConstraint("clip_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    start: Mapped[float]  # seconds into the whole sound, as the end
    end: Mapped[float]
    sha256: Mapped[str] = mapped_column(String(64), index=True)  # of the cut
    restores: Mapped[int | None]  # an undo: the revision that stands again, 0 for the whole sound
    author: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)


class ReferenceRow(Base):
    """One revision of a label; never changed once written."""

    __tablename__ = "reference"
    __table_args__ = (UniqueConstraint("clip_id", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    revision: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    confirmed: Mapped[bool]
    restores: Mapped[int | None]  # an undo: the revision whose text this repeats, 0 for "no label yet"
    author: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)


class HypothesisRow(Base):
    """What one model heard in one clip; `model` is a catalogue name with its fingerprint, or a run id."""

    __tablename__ = "hypothesis"
    __table_args__ = (UniqueConstraint("clip_id", "model"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    model: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[list[Any] | None]
    confidences: Mapped[list[Any] | None]  # how sure the model was of each word of `text`, 0 to 1
    certainty: Mapped[float | None]  # their mean, to sort by; 0 for an empty text
    created_at: Mapped[datetime] = mapped_column(default=now)
    drafted_at: Mapped[datetime | None]  # when it first stood there as the draft to correct; None where it never did
    sound: Mapped[str | None] = mapped_column(String(64))  # hash of what it heard; None: the whole sound


class DraftingRow(Base):
    """How far the newest drafting of a set is, or how it ended; no text that was heard stands here."""

    __tablename__ = "drafting"

    set_id: Mapped[int] = mapped_column(ForeignKey("clip_set.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(20))  # of the set, when it began
    draft: Mapped[bool]  # whether the texts become drafts, or are held against labels
    state: Mapped[str] = mapped_column(String(12))  # working, done, stopped, failed or interrupted
    done: Mapped[int]  # clips
    total: Mapped[int]
    seconds_left: Mapped[float | None]
    message: Mapped[str] = mapped_column(Sentence)
    stop_requested: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime]  # the first time, where it was gone on with


# Kinds of runs.
FINE_TUNE = "fine-tune"
SWEEP = "sweep"  # several strategies and rates race
CURVE = "curve"  # also trained on parts of its clips


class RunRow(Base):
    """One fine-tune: everything needed to repeat it, where it stands, and what came out."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    set_id: Mapped[int] = mapped_column(ForeignKey("clip_set.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(12), default=FINE_TUNE, server_default=FINE_TUNE)
    status: Mapped[str] = mapped_column(String(12), default="queued")
    strategy: Mapped[str] = mapped_column(String(40))
    model: Mapped[dict[str, Any]] = mapped_column(Document)  # ModelSpec and fingerprint
    config: Mapped[dict[str, Any]]  # TrainingConfig; "sweep": its arms, or "curve": its draws
    plan: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)  # FreezePlan, known once the model is loaded
    split: Mapped[dict[str, Any]] = mapped_column(Document)  # this run's copy of Split, with folds
    labels: Mapped[dict[str, Any]]  # clip id -> id of the reference revision the run saw
    cuts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")  # clip id -> trim id; else whole
    words: Mapped[list[Any]] = mapped_column(default=list)
    versions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    progress: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    message: Mapped[str] = mapped_column(Sentence, default="")
    stop_requested: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    title: Mapped[str] = mapped_column(Text, default="", server_default="")  # what its user calls it
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    deleted_at: Mapped[datetime | None]
    deleted_hours: Mapped[float | None]
    erased_at: Mapped[datetime | None]  # emptied for good; the row stays so that its number is never given again
    starred_at: Mapped[datetime | None]  # its set's model from now on; the newest star counts

    @property
    def name(self) -> str:
        """The id as users and the command line see it."""
        return f"run-{self.id}"


class EvaluationRow(Base):
    """Base and adapted text of one clip in one run's test, or out of its fold."""

    __tablename__ = "evaluation"
    __table_args__ = (UniqueConstraint("run_id", "clip_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    fold: Mapped[int | None]
    reference: Mapped[str] = mapped_column(Text)
    base: Mapped[str] = mapped_column(Text)
    adapted: Mapped[str] = mapped_column(Text)


class GeneralEvaluationRow(Base):
    """Base and adapted text of one clip of the general check set, which says what a run has forgotten."""

    __tablename__ = "general_evaluation"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    # None for a clip of the bundled sample set, which is no clip of the workspace.
    clip_id: Mapped[int | None] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    speaker: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    base: Mapped[str] = mapped_column(Text)
    adapted: Mapped[str] = mapped_column(Text)


class WatchedClipRow(Base):
    """One of the dev clips whose text is shown while a run learns: what the base wrote, and what is written now."""

    __tablename__ = "watched_clip"
    __table_args__ = (UniqueConstraint("run_id", "clip_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), index=True)
    clip_id: Mapped[int] = mapped_column(ForeignKey("clip.id", ondelete="CASCADE"), index=True)
    fold: Mapped[int | None]
    reference: Mapped[str] = mapped_column(Text)
    base: Mapped[str] = mapped_column(Text)
    now: Mapped[str] = mapped_column(Text)


class ClockRow(Base):
    """The database's one clock: which database this is, and the hours that it has seen passing."""

    __tablename__ = "workspace_clock"

    id: Mapped[int] = mapped_column(primary_key=True)  # 1
    database_id: Mapped[str] = mapped_column(String(36))
    hours: Mapped[float]
    seen_at: Mapped[datetime]  # the wall clock when the hours were counted last
    looks: Mapped[int]  # how often they were
