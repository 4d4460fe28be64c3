"""Brings a base model's files here: a hub model is downloaded once; the other ones have a folder. Without torch."""

from collections.abc import Callable
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from workbench.asr.catalog.kept_models import KEPT, kept_folder
from workbench.core.types import ModelSpec
from workbench.errors import ModelError
from workbench.language.said import say

# What plain transformers reads; pickled weights (.bin, .pt) are never fetched.
HUB_PATTERNS = ["*.json", "*.safetensors", "*.txt", "*.model"]

# MMS has an adapter for each of a thousand languages; the one that is wanted is fetched when it is.
NOT_FETCHED = ["adapter.*"]

Progress = Callable[[str], None]


def fetch(spec: ModelSpec, *, progress: Progress = lambda message: None) -> Path:
    """The model's folder; a hub model is downloaded once and kept by huggingface_hub.

    Raises:
        ModelError: The folder is gone, the hub cannot be reached, the id is wrong, the model is gated.
    """
    if spec.source in KEPT:
        kept = kept_folder(spec)
        if kept is None:
            raise ModelError(_gone(spec))
        return kept
    if spec.source != "hub":
        folder = Path(spec.location)
        if not (folder / "config.json").is_file():
            raise ModelError(
                say(
                    "The model {name} is no longer in {folder}; put it back there, or choose another model.",
                    name=spec.name,
                    folder=folder,
                )
            )
        return folder
    progress(say("Fetching {location} from the model hub", location=spec.location))
    try:
        return Path(snapshot_download(spec.location, allow_patterns=HUB_PATTERNS, ignore_patterns=NOT_FETCHED))
    except GatedRepoError as e:
        raise ModelError(
            say(
                "The model {location} asks for consent on the hub; accept its terms there, run 'hf "
                "auth login', and try again.",
                location=spec.location,
            )
        ) from e
    except (RepositoryNotFoundError, HFValidationError) as e:
        raise ModelError(
            say("The hub has no model called {location}; check the spelling of OWNER/NAME.", location=spec.location)
        ) from e
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as e:
        raise ModelError(
            say(
                "The model hub cannot be reached and {location} is not on this machine yet; go "
                "online once, or choose a bundled model or a local folder.",
                location=spec.location,
            )
        ) from e


def _gone(spec: ModelSpec) -> str:
    if spec.source != "fetched":
        return say("The model {name} is not on this machine; add it again, or choose another model.", name=spec.name)
    return say(
        "The model {name} is not on this machine; get it with `workbench fetch {name}`, or choose another model.",
        name=spec.name,
    )
