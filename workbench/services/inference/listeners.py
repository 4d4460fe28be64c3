"""Who hears what is spoken on the page: a base model, and a run's adapted model beside it; pieces are heard at once.

The sound of a piece goes to the process beside the page with the request and lies on no disk.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import select

from workbench.asr.catalog.catalog import check_here
from workbench.audio.decode import Sound, decode_wav, to_int16
from workbench.core.text.ruler import choose_ruler
from workbench.core.text.word_list import Favoured
from workbench.core.types import ModelSpec, Seconds
from workbench.services.inference.process import ModelProcess
from workbench.services.models.base_models import BaseModels
from workbench.store.database import Store
from workbench.store.models import ClipSetRow, RunRow
from workbench.store.queries import living_set
from workbench.store.runs import active_runs
from workbench.workspace import Workspace

Role = Literal["base", "adapted"]
LONGEST_PIECE: Final[Seconds] = 15.0  # the page cuts after 10
MOST_RUNS: Final = 100  # that can be chosen


@dataclass(frozen=True)
class Listener:
    """A model that hears.

    Attributes:
        role: Which side it stands on.
        name: The base model's, or the run's.
        model: How the process beside the page finds it; see `Models.find`.
    """

    role: Role
    name: str
    model: Mapping[str, Any]


@dataclass(frozen=True)
class Listeners:
    """Those who hear for a set.

    Attributes:
        models: The base model, and the adapted one where there is a run.
        run: Whose adapted model hears; empty where none does.
        runs: The runs that can be chosen, newest first: name and title.
        normalizer: The text rules that their texts are compared by.
        at_work: A run that is at work on this machine now; empty where none is.
    """

    models: tuple[Listener, ...]
    run: str
    runs: tuple[tuple[str, str], ...]
    normalizer: str
    at_work: str


class Listening:
    """The use cases of hearing what is being spoken."""

    def __init__(self, workspace: Workspace, store: Store, base_models: BaseModels, process: ModelProcess) -> None:
        self._workspace, self._store = workspace, store
        self._base_models, self._process = base_models, process

    def listeners(self, set_name: str, run: str | None = None) -> Listeners:
        """Who hears for a set.

        Args:
            run: Whose adapted model; "" for none; None, or one that has no model, for the newest that has one.

        Raises:
            ModelError: The base model would have to be fetched first.
        """
        with self._store.session() as session:
            rows = [row for row in session.scalars(_ended(set_name)) if self._has_model(row.name)]
            at_work = [row.name for row in active_runs(session) if row.status == "running"]
        shown = next((row for row in rows if row.name == run), rows[0] if rows else None)
        models, normalizer = _of_run(shown) if shown and run != "" else self._base_alone(set_name)
        if (favoured := self._favoured(set_name)) is not None:  # by both, so that they can be compared
            models = tuple(replace(one, model={**one.model, "favoured": favoured.to_json()}) for one in models)
        return Listeners(
            models,
            shown.name if shown and run != "" else "",
            tuple((row.name, row.title) for row in rows),
            normalizer,
            at_work[0] if at_work else "",
        )

    def load(self, listeners: Listeners) -> None:
        """Load those who hear, so that the first piece need not wait for it.

        Raises:
            WorkbenchError: One cannot be loaded.
        """
        self._process.ask({"do": "load", "models": [one.model for one in listeners.models]})

    @staticmethod
    def piece(wav: bytes) -> Sound:
        """A spoken piece as it came from the page.

        Raises:
            AudioError: It is no WAV, or longer than `LONGEST_PIECE`.
        """
        return decode_wav(wav, longest=LONGEST_PIECE)

    def hear(self, listener: Listener, sound: Sound, *, behind: bool = False) -> tuple[str, Seconds]:
        """What one of them hears in a piece, and how long it computed.

        Args:
            behind: Whether pieces that nobody has heard go first: of this one there is a text already.

        Raises:
            WorkbenchError: It cannot be loaded, or the process died over it.
        """
        samples = base64.b64encode(to_int16(sound.samples).tobytes()).decode("ascii")
        answer = self._process.ask({"do": "piece", "model": listener.model, "samples": samples}, behind=behind)
        return answer["text"], float(answer["seconds"])

    def _favoured(self, set_name: str) -> Favoured | None:
        with self._store.session() as session:
            row = living_set(session, set_name)
            return Favoured.of(row.words) if row is not None and row.favours_words and row.words else None

    def _has_model(self, run: str) -> bool:
        return (self._workspace.run_folder(run) / "model" / "run.json").is_file()

    def _base_alone(self, set_name: str) -> tuple[tuple[Listener, ...], str]:
        spec, language = self._base_models.of_set(set_name), self._base_models.language(set_name)
        check_here(spec)
        normalizer = choose_ruler([], language).normalizer
        return (Listener("base", spec.name, {"spec": spec.to_json(), "language": language}),), normalizer


def _ended(set_name: str) -> Any:
    alive = ClipSetRow.name == set_name, ClipSetRow.deleted_at.is_(None), RunRow.deleted_at.is_(None)
    ended = RunRow.status.in_(("done", "stopped"))
    return select(RunRow).join(ClipSetRow).where(*alive, ended).order_by(RunRow.id.desc()).limit(MOST_RUNS)


def _of_run(row: RunRow) -> tuple[tuple[Listener, ...], str]:
    """A run's base and its adapted model, and its text rules."""
    base = Listener("base", ModelSpec.from_json(row.model).name, {"run": row.name, "adapted": False})
    adapted = Listener("adapted", row.name, {"run": row.name, "adapted": True})
    return (base, adapted), str(row.config["normalizer"])
