"""What is known of a base model before it is loaded: blocks, strategies, how fast it is, how well it hears a set."""

import re

from workbench.asr.catalog.catalog import Catalog, local_folder
from workbench.asr.catalog.outline import outline
from workbench.asr.catalog.suggestions import usual_strategy
from workbench.asr.training.freezing import find_strategy, plan_for_blocks, strategy_names
from workbench.core.config import TrainingConfig
from workbench.core.types import Block, FreezePlan, ModelSpec
from workbench.services.estimates.duration import Expectation, Expecting
from workbench.services.models.base_scores import Standings
from workbench.store.database import Store
from workbench.store.queries import living_set


class ModelFacts:
    """Looks models up; loads none."""

    def __init__(self, store: Store, catalog: Catalog, expecting: Expecting, standings: Standings) -> None:
        self._store, self._catalog, self._expecting, self._standings = store, catalog, expecting, standings

    def strategies(self, model: str) -> list[str]:
        """Names of the strategies that this model offers."""
        spec = self._catalog.find(model)
        return strategy_names(spec.family, self.blocks_of(spec) or ())

    def usual_strategy(self, model: str | ModelSpec, set_name: str = "") -> str:
        """The strategy that suits most small sets with this model, and the set's language where a set is named."""
        spec = self._catalog.find(model) if isinstance(model, str) else model
        with self._store.session() as session:
            clip_set = living_set(session, set_name) if set_name else None
            language = clip_set.language if clip_set else None
        names = strategy_names(spec.family, self.blocks_of(spec) or ())
        wer = self._standings.of_set(set_name).wer(spec.name) if language else None
        return usual_strategy(spec, names, language, wer=wer)

    def sweep_strategies(self, model: str | ModelSpec) -> list[str]:
        """The strategies that a sweep tries by default: those of a few late blocks, which read one cache."""
        spec = self._catalog.find(model) if isinstance(model, str) else model
        names = strategy_names(spec.family, self.blocks_of(spec) or ())
        wanted = (
            ("head", "top-1", "top-2", "top-4", "decoder") if spec.family == "ctc" else ("top-1", "top-2", "decoder")
        )
        return [name for name in wanted if name in names]

    def strategy_words(self, strategy: str) -> tuple[str, str]:
        """A strategy's title and the sentence that explains it, with its number filled in."""
        found, number = find_strategy(strategy)
        fill = (lambda words: re.sub(r"\bN\b", str(number), str(words))) if number else str
        return fill(found.title), fill(found.sentence)

    def blocks(self, model: str) -> tuple[Block, ...]:
        """The model's blocks; none while its files are not here."""
        return self.blocks_of(self._catalog.find(model)) or ()

    def plan(self, model: str, strategy: str, config: TrainingConfig | None = None) -> FreezePlan | None:
        """What a strategy lets learn in a model; None while its files are not here."""
        blocks = self.blocks_of(self._catalog.find(model))
        return plan_for_blocks(blocks, strategy, config) if blocks else None

    def minute(self, model: str) -> Expectation | None:
        """How long a model takes here to write down a minute of speech; None while its files are not here."""
        return self._expecting.of_a_minute(self._catalog.find(model))

    def blocks_of(self, spec: ModelSpec) -> tuple[Block, ...] | None:
        """As `blocks`, for a model that was found already; None while its files are not here."""
        folder = local_folder(spec)
        return outline(folder) if folder else None
