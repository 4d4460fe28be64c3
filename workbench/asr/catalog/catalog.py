"""Base models on offer: bundled ones, those fetched or added, folders of the command line, and the hub's by their id.

Nothing here loads a model; opening the page reads a few JSON files and the headers of weights.
"""

import math
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import psutil

from workbench.asr.catalog.hub import (
    HUB_MODELS,
    SMALL_CTC_RATES,
    SMALL_SEQ2SEQ_RATES,
    SUPERVISED_CTC_RATES,
    WHISPER_BASE_RATES,
)
from workbench.asr.catalog.kept_models import KEPT, kept_changed, kept_folder, kept_folders, models_root, read_card
from workbench.asr.catalog.model_folder import (
    ADAPTER,
    CONFIG,
    BadModelError,
    family_of,
    judge,
    problems_of,
    read_config,
)
from workbench.asr.catalog.offers import OFFERS
from workbench.asr.catalog.spoken import fixed_languages
from workbench.asr.weights.headers import weight_files
from workbench.assets import assets_root
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, TooLargeError, UnknownNameError
from workbench.files import shown
from workbench.language.said import say

RATE_CAP_FACTOR = 10  # the page refuses more than this times the catalogue's rate
BYTES_PER_WEIGHT = 4  # float32
TRAINING_COPIES = 4  # weights, gradients and AdamW's two moments
FREE_SHARE = 0.9  # of the memory that is free now may be asked for
SMALL_MODEL_PARAMETERS = 20_000_000
MOST_WORDS = 300  # characters of what a card says in one place

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")

SMALL_RATES = {"ctc": SMALL_CTC_RATES, "seq2seq": SMALL_SEQ2SEQ_RATES}
LARGE_RATES = {"ctc": SUPERVISED_CTC_RATES, "seq2seq": WHISPER_BASE_RATES}


@dataclass(frozen=True)
class Skipped:
    """A model folder that is not on offer.

    Attributes:
        folder: Its path.
        reason: What is wrong and what to do, without the path.
    """

    folder: str
    reason: str

    @property
    def name(self) -> str:
        """The folder's name alone, for a page that others see."""
        return os.path.basename(self.folder) or self.folder

    def __str__(self) -> str:
        return say("The model folder {folder} is left out: {reason}.", folder=self.folder, reason=self.reason)


class Catalog:
    """Names and finds base models.

    A folder that holds no usable model is left out and told of in `skipped`; it never stands in the way of the others.

    Args:
        folders: Model folders named on the command line.
        collections: Folders whose subfolders are model folders (`--models-dir`).

    Raises:
        ModelError: There is no such collection.
    """

    def __init__(self, folders: Sequence[Path] = (), collections: Sequence[Path] = ()) -> None:
        self._folders, self._collections = tuple(folders), tuple(collections)
        self.refresh()

    def refresh(self) -> None:
        """Look again: a model was fetched or added since. Whoever holds this catalogue sees it."""
        self._kept_changed = kept_changed()  # before the look, so that what comes meanwhile is looked at again
        folders, collections = self._folders, self._collections
        found = [bundled(folder) for folder in sorted(assets_root().glob("*/config.json"))]
        skipped: list[Skipped] = []
        own = [(f, folder_spec) for f in map(Path, folders)]
        own += [(f, folder_spec) for c in collections for f in _model_folders(Path(c), skipped)]
        for folder, spec_of in (*((f, kept_spec) for f in kept_folders()), *own):
            try:
                found.append(spec_of(folder))
            except BadModelError as e:
                skipped.append(Skipped(shown(folder), e.reason))
        here = _unique(_once(found))
        self.specs: tuple[ModelSpec, ...] = (*here, *_to_be_had({spec.name for spec in here}))
        self.skipped: tuple[Skipped, ...] = tuple(skipped)

    def look(self) -> int:
        """Look again where models came or went, by another process too; another number after each such change."""
        if kept_changed() != self._kept_changed:
            self.refresh()
        return self._kept_changed

    def names(self) -> list[str]:
        return [s.name for s in self.specs]

    def states(self) -> dict[str, str]:
        """Of each model by its name: "here", "fetchable" or "hub"; see `state_of`."""
        return {spec.name: state_of(spec) for spec in self.specs}

    def find(self, name: str) -> ModelSpec:
        """The model of this name, or of this hub id.

        Never a path: names come from the browser.

        Raises:
            UnknownNameError: Neither a name in the catalogue nor the form OWNER/NAME of a hub id.
        """
        for spec in self.specs:
            if name in (spec.name, spec.location if spec.source == "hub" else spec.name):
                return spec
        if HUB_ID.fullmatch(name):
            return _hub_spec(name)
        raise UnknownNameError("base model", name, [*self.names(), "or a hub id of the form OWNER/NAME"])

    def resolve(self, name_or_folder: str) -> ModelSpec:
        """As `find`, and folders too: for the command line, whose user owns the file system."""
        folder = Path(name_or_folder)
        if name_or_folder not in self.names() and folder.is_dir():
            return folder_spec(folder)
        if os.path.lexists(folder) and not folder.is_dir() and not HUB_ID.fullmatch(name_or_folder):
            raise ModelError(
                say("{folder} is no folder; name a model folder, or a model of the catalogue.", folder=shown(folder))
            )
        return self.find(name_or_folder)


def bundled(config_file: Path) -> ModelSpec:
    """The bundled model whose config.json this is; its facts stand in workbench.json beside it where there is one."""
    spec = folder_spec(config_file.parent)
    card = read_card(config_file.parent)
    facts: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in card.items()}
    return replace(spec, source="bundled", **facts)


def folder_spec(folder: Path) -> ModelSpec:
    """A model folder as saved by `save_pretrained`.

    Raises:
        BadModelError: A file is unreadable, or they do not hold together.
    """
    folder = folder.resolve()
    judged = judge(folder)
    parameters = sum(map(math.prod, judged.shapes.values()))
    rates = SMALL_RATES if parameters < SMALL_MODEL_PARAMETERS else LARGE_RATES
    with problems_of(folder):
        card = read_card(folder)
    return ModelSpec(
        name=folder.name,
        family=judged.family,
        source="folder",
        location=str(folder),
        parameters=parameters,
        languages=fixed_languages(folder, judged.config, card),
        size_mb=round(sum(w.stat().st_size for w in judged.weights) / 1e6, 1),
        learning_rates=rates.get(judged.family, {}),
        good_for=say("A model from your own disk."),
    )


# What a card says in English -> the sentence, which other languages know.
_OFFERED = {offer.good_for: offer.good_for for offer in OFFERS}


def kept_spec(folder: Path) -> ModelSpec:
    """A model that was fetched or added: a folder whose card says the rest.

    Raises:
        BadModelError: As of `folder_spec`, or its card is unreadable.
    """
    spec = folder_spec(folder)
    with problems_of(folder):
        card = read_card(folder)
    said: dict[str, Any] = {name: str(card[name])[:MOST_WORDS] for name in ("licence", "good_for") if card.get(name)}
    said |= {"good_for": offered} if (offered := _OFFERED.get(said.get("good_for", ""))) else {}
    return replace(spec, source="fetched" if card.get("source") == "fetched" else "added", **said)


def _to_be_had(here: set[str]) -> Iterator[ModelSpec]:
    """Models that are not on this machine: those that one command brings, then the hub's.

    Each is offered once. Where the hub's files of one of them are here from earlier, they stand for it.
    """
    hub = {spec.name: spec for spec in HUB_MODELS if spec.name not in here}
    cached = {offer.name for offer in OFFERS if offer.name in hub and local_folder(hub[offer.name])}
    for offer in OFFERS:
        if offer.name not in here | cached:
            hub.pop(offer.name, None)
            yield offer.spec(str(models_root() / offer.name), LARGE_RATES["seq2seq"])
    yield from hub.values()


def _may_be_cached(spec: ModelSpec) -> bool:
    """Whether a hub model may be here: only then is the hub's library asked, which takes a while to load."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join("~", ".cache")
    home = os.environ.get("HF_HOME") or os.path.join(home, "huggingface")
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    cache = os.path.expanduser(named or os.path.join(home, "hub"))
    return os.path.isdir(os.path.join(cache, f"models--{spec.location.replace('/', '--')}"))


def state_of(spec: ModelSpec) -> Literal["here", "fetchable", "hub"]:
    """Whether a model is on this machine, one command away, or loaded from the hub when it is first used."""
    if local_folder(spec):
        return "here"
    return "fetchable" if spec.source in KEPT else "hub"


def check_here(spec: ModelSpec) -> None:
    """Refuse a model that has to be fetched first.

    Raises:
        ModelError: It names the command.
    """
    if state_of(spec) == "fetchable":
        if spec.source != "fetched":
            raise ModelError(
                say("The model {name} is not on this machine; add it again, or choose another one.", name=spec.name)
            )
        raise ModelError(
            say(
                "The model {name} is not on this machine; get it in the model field, or with `workbench fetch {name}`, "
                "or choose another one.",
                name=spec.name,
            )
        )


def _model_folders(collection: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """The subfolders that seem to hold a model, in order; a collection that may not be read is added to `skipped`."""
    if not collection.is_dir():
        raise ModelError(
            say("The models folder {collection} does not exist; name an existing one.", collection=shown(collection))
        )
    try:
        found = sorted(os.fspath(entry) for entry in collection.iterdir())
    except OSError as e:
        skipped.append(
            Skipped(shown(collection), say("it cannot be read ({why}); let this user read it", why=e.strerror))
        )
        return
    for name in found:
        folder = Path(name)
        if any(os.path.lexists(folder / file) for file in (CONFIG, ADAPTER)) or _is_closed(folder):
            yield folder


def _is_closed(folder: Path) -> bool:
    try:
        with os.scandir(folder):
            os.lstat(folder / CONFIG)
    except PermissionError:
        return True
    except OSError:  # no folder, or no config.json in it
        return False
    return False


def _hub_spec(location: str) -> ModelSpec:
    """A model of the hub that the catalogue does not name; its family is known once its files are here."""
    spec = ModelSpec(name=location, family="ctc", source="hub", location=location)
    folder = local_folder(spec)
    if folder:
        family = family_of(read_config(folder))
    else:
        decodes = any(name in location.lower() for name in ("whisper", "moonshine"))
        family = "seq2seq" if decodes else "ctc"  # by its name; loading it will tell
    return replace(spec, family=family, learning_rates=LARGE_RATES.get(family, {}))


def check_memory(spec: ModelSpec, parameters: int, trainable_share: float) -> None:
    """Refuse a model that the free memory cannot hold.

    Args:
        parameters: Number of weights; each takes 4 bytes, and three times as much again where it learns.
        trainable_share: Share of the weights that will learn, 0 for transcribing.

    Raises:
        TooLargeError: It needs more than there is.
    """
    needed = parameters * BYTES_PER_WEIGHT * (1 + (TRAINING_COPIES - 1) * trainable_share)
    free = psutil.virtual_memory().available
    if needed > free * FREE_SHARE:
        raise TooLargeError(
            say(
                "The model {name} needs about {needed:.1f} GB of memory for this and {free:.1f} GB "
                "are free; choose a smaller model, let fewer blocks learn, or close other programs.",
                name=spec.name,
                needed=needed / 1000000000.0,
                free=free / 1000000000.0,
            )
        )


def local_folder(spec: ModelSpec) -> Path | None:
    """Where a model's files lie on this machine; None for one that was not fetched yet. Asks no network."""
    if spec.source in KEPT:
        return kept_folder(spec)
    if spec.source != "hub":
        return Path(spec.location)
    if not _may_be_cached(spec):
        return None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(spec.location, "config.json")
    folder = Path(found).parent if isinstance(found, str) else None
    return folder if folder and weight_files(folder) else None


def rate_for(spec: ModelSpec, strategy: str) -> float:
    """The catalogue's peak learning rate for a strategy; numbered strategies share one entry ("top-N")."""
    key = re.sub(r"-\d+$", "-N", strategy)
    rates = spec.learning_rates or SUPERVISED_CTC_RATES
    return rates.get(key, min(rates.values()))


def _once(specs: Sequence[ModelSpec]) -> list[ModelSpec]:
    """Each folder once: the kept models' may be named on the command line too."""
    return list({spec.location: spec for spec in reversed(specs)}.values())[::-1]


def _unique(specs: list[ModelSpec]) -> list[ModelSpec]:
    """Give every model a name of its own: a second "final" becomes "final (2)"."""
    seen: dict[str, int] = {}
    out = []
    for spec in specs:
        seen[spec.name] = seen.get(spec.name, 0) + 1
        out.append(spec if seen[spec.name] == 1 else replace(spec, name=f"{spec.name} ({seen[spec.name]})"))
    return out
