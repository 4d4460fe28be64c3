"""Which of the base models on offer to begin with: the best that is here, for the language of the clips.

1. Real recognisers that know the language come first; among them those made for it before those that know many, as
   they are smaller for what they do.
2. Then real ones that do not say what they know; then, for a language that none here knows, those that know many and
   learn one more.
3. Then real ones for another language whose alphabet can grow, then the bundled demo models, which were trained on
   synthetic English; last, what writes the words of another language only.

Within each: what the workbench fetched, which it has tried, before what the user brought; then the smaller one, which
is adapted sooner.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from workbench.asr.catalog.catalog import state_of
from workbench.asr.catalog.languages import Knows, knows
from workbench.core.types import ModelSpec

Group = Literal["here", "fetchable", "hub", "demo"]

ALL_OF_WHISPER: Final = "whisper-base"  # to fetch for a language that nothing here knows
PLACES: Final = {"fetched": 0, "added": 1, "folder": 2, "hub": 3, "bundled": 4}
TIERS: Final[dict[Knows, int]] = {
    "made for it": 0,
    "among many": 1,
    "not stated": 2,
    "not it, but many": 3,
    "not it": 6,
}
LETTERS, DEMO = 4, 5  # between them


def group_of(spec: ModelSpec) -> Group:
    """Under which heading a model is offered."""
    return "demo" if spec.source == "bundled" else state_of(spec)


def best_at_hand(specs: Sequence[ModelSpec], language: str | None) -> ModelSpec:
    """The model to begin with among those that are here; see above. Of none that is here, the first on offer."""
    here = [spec for spec in specs if spec.family != "unsupported" and state_of(spec) == "here"]
    return min(here or specs, key=lambda spec: _place(spec, language))


def ranked(specs: Iterable[ModelSpec], language: str | None) -> list[ModelSpec]:
    """The models in this order."""
    return sorted(specs, key=lambda spec: _place(spec, language))


def worth_getting(specs: Iterable[ModelSpec], language: str | None) -> ModelSpec | None:
    """The model to fetch first, where no real one that is here knows the language; None where one does."""
    offered = list(specs)
    real = [s for s in offered if group_of(s) == "here"]
    if any(knows(s, language) in ("made for it", "among many") for s in real):
        return None
    fetchable = [s for s in offered if group_of(s) == "fetchable"]
    told = [s for s in fetchable if s.languages and knows(s, language) == "made for it"]
    return next(iter(told), None) or next((s for s in fetchable if s.name == ALL_OF_WHISPER), None)


def _place(spec: ModelSpec, language: str | None) -> tuple[int, int, int, int, str]:
    known, letters = knows(spec, language), spec.family == "ctc"
    tier = LETTERS if known == "not it" and letters else TIERS[known]
    tier = DEMO if spec.source == "bundled" else tier
    words = spec.source == "bundled" and not letters  # of the demo models the one that can learn new letters
    return tier, PLACES.get(spec.source, len(PLACES)), int(words), spec.parameters or 2**63, spec.name
