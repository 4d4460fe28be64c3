"""The nouns every layer shares, as frozen dataclasses: values that travel, never connections, models or paths."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Seconds = float
SplitName = Literal["train", "dev", "test"]
Verdict = Literal["better", "no proof", "worse"]

SAMPLE_RATE = 16_000  # Hz; every clip in the workspace has it
SPLIT_NAMES: tuple[SplitName, ...] = ("train", "dev", "test")


def clock(seconds: Seconds) -> str:
    """A place in a recording: 1:02:03.4 or 2:03.4."""
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    return f"{f'{hours}:{minutes:02}' if hours else minutes}:{tenths / 10:04.1f}"


@dataclass(frozen=True)
class Clip:
    """One sound of a set.

    Attributes:
        sha256: Hash of the stored 16 kHz mono samples that are heard; names the sound file.
        name: The original file's name, shown to the user.
        duration: Length of what is heard, in seconds.
        source: The recording the clip was cut from; its own name where none was given.
        split: What the clip serves for in its set; None until its label is first confirmed.
        text: The newest text, confirmed or not; empty where there is none.
        status: "unlabelled", "drafted" or "confirmed"; only confirmed labels train and test.
        warnings: What was noticed when the sound came in, one sentence each.
        revision: Number of the newest label revision, 0 before the first; tells two people's edits apart.
        cut: Start and end of what is heard within the whole sound, in seconds; None where that is all of it.
        whole: Length of the whole sound in seconds; None where that is all that is heard.
        trims: Number of the newest trim revision, 0 before the first.
        stale: Whether its draft was made of another cut than the one that is heard now.
    """

    id: int
    sha256: str
    name: str
    duration: Seconds
    speaker: str | None = None
    language: str | None = None
    source: str | None = None
    split: SplitName | None = None
    text: str = ""
    status: Literal["unlabelled", "drafted", "confirmed"] = "unlabelled"
    warnings: tuple[str, ...] = ()
    revision: int = 0
    cut: tuple[Seconds, Seconds] | None = None
    whole: Seconds | None = None
    trims: int = 0
    stale: bool = False


@dataclass(frozen=True)
class Reference:
    """One revision of a clip's label; revisions are appended, never changed."""

    clip_id: int
    text: str
    revision: int
    confirmed: bool
    author: str
    time: datetime


@dataclass(frozen=True)
class Heard:
    """What a model wrote down of one sound, and how sure it was.

    Attributes:
        confidences: For each word of `text` (what stands between spaces) the probability that the model gave to its
            least sure token, 0 to 1; empty where that is not known.
        silence: The probability that it gave to nobody speaking, 0 to 1; None for a model that cannot say so.
        log_probability: Mean of its tokens' log probabilities, the end's included; None where that is not known.
    """

    text: str
    confidences: tuple[float, ...] = ()
    silence: float | None = None
    log_probability: float | None = None

    @property
    def certainty(self) -> float | None:
        """Mean over the words; 0 where the model heard nothing at all, None where it is not known."""
        if not self.text:
            return 0.0
        return sum(self.confidences) / len(self.confidences) if self.confidences else None


@dataclass(frozen=True)
class Split:
    """Which clips train, steer (dev) and test; a run keeps a copy.

    Attributes:
        rule: How it was made, in words for the page.
    """

    train: tuple[int, ...]
    dev: tuple[int, ...]
    test: tuple[int, ...]
    rule: str
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {name: list(getattr(self, name)) for name in SPLIT_NAMES}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Split":
        parts: dict[str, Any] = {name: tuple(document[name]) for name in SPLIT_NAMES}
        return cls(**parts, rule=document["rule"], seed=int(document["seed"]))


@dataclass(frozen=True)
class ModelSpec:
    """A base model on offer.

    Attributes:
        source: "bundled" (assets/), "folder" (named on the command line), "hub", or kept for all workspaces:
            "fetched" (or to be had so), "added" (taken in from a file of the user's).
        location: Folder path or hub id; the page sees only the name.
        parameters: Number of weights, None where unknown before loading.
        size_mb: Download or file size in MB, None where unknown.
        learning_rates: Peak AdamW learning rate that suits a strategy ("top-N" stands for every N).
        good_for: One sentence for the user.
    """

    name: str
    family: str
    source: Literal["bundled", "folder", "hub", "fetched", "added"]
    location: str
    parameters: int | None = None
    languages: tuple[str, ...] = ()
    licence: str = "unknown"
    size_mb: float | None = None
    learning_rates: Mapping[str, float] = field(default_factory=dict)
    good_for: str = ""

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "languages": list(self.languages),
            "learning_rates": dict(self.learning_rates),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ModelSpec":
        """Build from what `to_json` made; other keys, such as a fingerprint beside it, are passed over."""
        known: dict[str, Any] = {f.name: document[f.name] for f in fields(cls) if f.name in document}
        return cls(**known | {"languages": tuple(document.get("languages", ()))})


@dataclass(frozen=True)
class Block:
    """One part of a model in the order sound flows through it; the unit a strategy freezes.

    Attributes:
        name: For instance "features", "encoder 3", "head".
        kind: "features", "projection", "embed", "encoder", "norm", "decoder" or "head".
        parameters: Number of weights, after tying.
        vectors: Number of weights in its norms and biases (what BitFit lets learn).
        low_rank: Weights that low-rank adapters of rank 1 would add; inputs plus outputs of its matrices.
        adapters: Number of weights in the adapters of one language that it came with (MMS).
    """

    name: str
    kind: str
    parameters: int
    vectors: int = 0
    low_rank: int = 0
    adapters: int = 0


class Part(StrEnum):
    """What may learn in a block; a plan keeps the value."""

    NOTHING = "nothing"
    ALL = "all"
    NORMS = "norms and biases"
    LOW_RANK = "low-rank adapters"
    LANGUAGE = "language adapters"

    def weights(self, block: Block, rank: int) -> int:
        """How many weights of a block learn.

        Args:
            rank: Of low-rank adapters.
        """
        counts = {
            Part.ALL: block.parameters,
            Part.NORMS: block.vectors,
            Part.LOW_RANK: rank * block.low_rank,
            Part.LANGUAGE: block.adapters,
        }
        return counts.get(self, 0)

    def fits(self, block: Block) -> bool:
        """Whether this may be chosen for a block: it has such a part, and norms that are not all of it."""
        if self is Part.NORMS and block.vectors == block.parameters:
            return False
        return self is Part.NOTHING or self is Part.ALL or self.weights(block, rank=1) > 0


def is_run(model: str) -> bool:
    """Whether the name of a model is a run's: no base model is called so."""
    return model.startswith("run-")


@dataclass(frozen=True)
class FreezePlan:
    """What may learn.

    Attributes:
        parts: For each block, in order, which of its weights learn.
        boundary: Number of leading blocks that are frozen; their output is computed once and cached.
        trainable_parameters: Counted after weight tying; adapters' weights included.
        total_parameters: Of the model as it came.
        lora_rank: Rank of the low-rank adapters; 0 where there are none.
        window: Of the sound that the model hears at once in this run, shorter than its own; None for its own.
    """

    strategy: str
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...]
    boundary: int
    trainable_parameters: int
    total_parameters: int
    lora_rank: int = 0
    window: Seconds | None = None

    @property
    def listens_frozen(self) -> bool:
        """Whether nothing of what listens learns, so that it cannot get used to a shorter window."""
        listening = (p for b, p in zip(self.blocks, self.parts, strict=True) if b.kind in ("features", "encoder"))
        return all(part == Part.NOTHING for part in listening)

    @property
    def learns(self) -> tuple[bool, ...]:
        """For each block whether anything in it learns."""
        return tuple(part != Part.NOTHING for part in self.parts)
