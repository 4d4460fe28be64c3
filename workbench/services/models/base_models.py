"""The one base model of a set: the user's choice, or the best at hand; and what there is to choose from.

Drafts, the label doctor and adapting begin with the same model, on the page and on the command line. The choice is the
set's, kept in the store, so that a reload, another tab and a terminal see the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import select

from workbench.asr.catalog.catalog import Catalog, check_here, local_folder
from workbench.asr.catalog.languages import Knows, knows, languages_of
from workbench.asr.catalog.outline import window
from workbench.asr.catalog.ranking import Group, best_at_hand, group_of, ranked, worth_getting
from workbench.core.types import Clip, ModelSpec, Seconds
from workbench.errors import DataError, UnknownNameError, WorkbenchError
from workbench.language.said import say
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.labels.revisions import Labelling
from workbench.services.models.base_scores import Confirmed, Standing, Standings
from workbench.services.models.hub import switched_off
from workbench.services.storage.reserve import comes_first
from workbench.store.database import Store
from workbench.store.models import ClipRow, HypothesisRow
from workbench.store.queries import find_set, is_fresh, set_choices


class Adapted(Protocol):
    """A run with a model of its own."""

    @property
    def id(self) -> str: ...

    @property
    def model(self) -> str:
        """Name of its base."""


CLIPS_A_MINUTE: Final = 10  # of the minute that is foretold


@dataclass(frozen=True)
class Offered:
    """A base model as a set's user may choose it.

    Attributes:
        group: Under which heading it stands.
        languages: Codes that it knows; empty where it does not say.
        knows: Whether the set's language is among them.
        minute: The time it takes here for a minute of speech; None while its files are not here.
        standing: Its errors on the set's confirmed clips; None where it has heard none of them.
        unheard: Confirmed clips that it has not heard.
        hearing: How long it would take to hear those; None while its files are not here, or there are none.
    """

    spec: ModelSpec
    group: Group
    languages: tuple[str, ...]
    knows: Knows
    minute: Expectation | None
    standing: Standing | None
    unheard: int
    hearing: Seconds | None


class BaseModels:
    """The use cases of choosing a base model."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        labelling: Labelling,
        expecting: Expecting,
        standings: Standings,
        best_run: Callable[[str], Adapted | None] = lambda set_name: None,
    ) -> None:
        """Over one store.

        Args:
            best_run: The run that a set of this name goes by.
        """
        self._store, self._catalog, self._labelling = store, catalog, labelling
        self._expecting, self._standings, self._best_run = expecting, standings, best_run

    # ---- the choice ----

    def chosen(self, set_name: str) -> str | None:
        """What the set's user chose; None where it was nothing, or is not on offer any more."""
        name = self._choices(set_name)[1]
        try:
            return self._catalog.find(name).name if name else None
        except UnknownNameError:
            return None

    def of_set(self, set_name: str) -> ModelSpec:
        """The base model that is adapted unless another is named: the user's choice, that of the best run, the best."""
        name, run = self.chosen(set_name), self.run_of(set_name)
        if name is None and run is not None and run.model in self._catalog.names():
            name = run.model
        return self._catalog.find(name) if name else self.best(set_name)

    def drafter(self, set_name: str) -> str:
        """What drafts and checks labels unless another is named: the run that the set goes by, else its base model."""
        run = self.run_of(set_name)
        return run.id if run else self.of_set(set_name).name

    def run_of(self, set_name: str) -> Adapted | None:
        """The run that a set goes by; None where there is none, or no such set."""
        try:
            return self._best_run(set_name) if set_name else None
        except UnknownNameError:  # deleted meanwhile
            return None

    def best(self, set_name: str) -> ModelSpec:
        """The best model at hand for a set's language; for English where there is no such set."""
        return best_at_hand(self._catalog.specs, self.language(set_name))

    @comes_first(say("The choice of the base model was not kept"))
    def choose(self, set_name: str, model: str) -> ModelSpec:
        """Keep a choice.

        Raises:
            WorkbenchError: No such set or model, or one of a kind that cannot be used.
        """
        spec = self._catalog.find(model)
        if spec.family == "unsupported":
            raise DataError(
                say(
                    "The model {name} is neither a Whisper model nor one with a CTC head; choose another.",
                    name=spec.name,
                )
            )
        with self._store.session() as session:
            clip_set = find_set(session, set_name)
            clip_set.base_model = spec.name
            clip_set.changes += 1  # how many clips are enough depends on its errors
        return spec

    def language(self, set_name: str) -> str | None:
        """The language of a set; None where it names none, or there is no such set."""
        return self._choices(set_name)[0]

    def _choices(self, set_name: str) -> tuple[str | None, str | None]:
        def ask() -> tuple[str | None, str | None]:
            with self._store.session() as session:
                return set_choices(session, set_name)

        return self._store.cached(("choices", set_name), ask) if set_name else (None, None)

    # ---- what there is to choose from ----

    def worth_getting(self, set_name: str) -> ModelSpec | None:
        """The model to fetch first, where no real one that is here knows the set's language."""
        return worth_getting(self._catalog.specs, self.language(set_name))

    def offers(self, set_name: str) -> list[Offered]:
        """Every model on offer, what suits the set first, and its choice where the catalogue does not name that."""
        return self._store.cached(("offers", set_name, self._catalog.look()), lambda: self._offers(set_name))

    def _offers(self, set_name: str) -> list[Offered]:
        confirmed, language, own = self._confirmed(set_name), self.language(set_name), self.of_set(set_name)
        specs = [s for s in self._catalog.specs if s.family != "unsupported"]
        here = iter(ranked([s for s in specs if group_of(s) == "here"], language))
        listed = [next(here) if group_of(s) == "here" else s for s in specs]
        unlisted = [] if own.name in self._catalog.names() else [own]
        return [self._offered(s, confirmed, language) for s in (*listed, *unlisted)]

    def hub_off(self) -> str:
        """What switches the model hub off on this machine; empty where nothing does."""
        return switched_off()

    def check_here(self, model: str) -> None:
        """Refuse a base model that has to be fetched first.

        Raises:
            WorkbenchError: It says how to get it.
        """
        check_here(self._catalog.find(model))

    def standing(self, set_name: str, model: str) -> Standing | None:
        """One model's errors on the set's confirmed clips; None where it has heard none of them."""
        return self._confirmed(set_name).standings.get(model)

    def unheard(self, set_name: str, model: str) -> list[Clip]:
        """The confirmed clips that a model has not heard.

        Raises:
            DataError: There is none.
        """
        clips = self._labelling.clips(set_name, status="confirmed")
        with self._store.session() as session:
            query = select(HypothesisRow.clip_id).join(ClipRow, ClipRow.id == HypothesisRow.clip_id)
            heard = set(session.scalars(query.where(HypothesisRow.model == model, is_fresh())))
        waiting = [clip for clip in clips if clip.id not in heard]
        if not waiting:
            raise DataError(
                say(
                    "{model} has heard every confirmed clip of {set_name}; confirm more labels.",
                    model=model,
                    set_name=set_name,
                )
            )
        return waiting

    def _confirmed(self, set_name: str) -> Confirmed:
        try:
            return self._standings.of_set(set_name) if set_name else Confirmed(0, 0.0)
        except WorkbenchError:  # deleted meanwhile
            return Confirmed(0, 0.0)

    def _offered(self, spec: ModelSpec, confirmed: Confirmed, language: str | None) -> Offered:
        heard, length = confirmed.heard.get(spec.name, (0, 0.0))
        unheard = confirmed.clips - heard
        minute = self._expecting.of_a_minute(spec)
        return Offered(
            spec,
            group_of(spec),
            languages_of(spec),
            knows(spec, language),
            minute,
            confirmed.standings.get(spec.name),
            unheard,
            _hearing(spec, unheard, confirmed.duration - length, minute) if minute and unheard else None,
        )


def _hearing(spec: ModelSpec, clips: int, duration: Seconds, minute: Expectation) -> Seconds:
    """How long it takes to hear clips: each takes the model's window, or its own length."""
    folder = local_folder(spec)
    minutes = clips / CLIPS_A_MINUTE if folder and window(folder) else duration / 60
    return minutes * minute.seconds
