"""Base models of the hub that the catalogue names, and the learning rates that suit each family.

Peak AdamW rates by strategy are those of docs/recipes.md, "Learning rates" ("top-N" stands for every N); measured
ones say so.
"""

from collections.abc import Mapping

from workbench.core.types import ModelSpec
from workbench.language.said import say

Rates = Mapping[str, float]

SUPERVISED_CTC_RATES: Rates = {
    "head": 5e-4,
    "top-N": 5e-5,
    "bottom-N": 5e-5,
    "encoder": 2e-5,
    "all-but-features": 2e-5,
    "norms-and-biases": 1e-3,
    "lora": 2e-4,
    "adapters": 1e-3,  # MMS only
    "full": 2e-5,
    "custom": 2e-5,
}
PARAKEET_RATES: Rates = {**SUPERVISED_CTC_RATES, "norms-and-biases": 5e-4, "lora": 1e-4}
# A model of a few million weights takes far larger steps than the tables for large ones say. Measured for ctc-en on an
# earlier set clinic, of other synthetic voices, best dev WER of 25 % at first: all-but-features 13 % at 3e-4 and at
# 5e-4, 18 % at 1e-3.
SMALL_CTC_RATES: Rates = {
    "head": 2e-3,
    "top-N": 5e-4,
    "bottom-N": 5e-4,
    "encoder": 3e-4,
    "all-but-features": 3e-4,
    "norms-and-biases": 2e-3,
    "lora": 1e-3,
    "adapters": 1e-3,
    "full": 3e-4,
    "custom": 5e-4,
}
SMALL_SEQ2SEQ_RATES: Rates = {
    "top-N": 5e-4,
    "bottom-N": 5e-4,
    "encoder": 3e-4,
    "decoder": 3e-4,
    "all-but-features": 3e-4,
    "norms-and-biases": 3e-3,
    "lora": 2e-3,
    "full": 3e-4,
    "custom": 3e-4,
}


def whisper_rates(full: float, few: float, lora: float, biases: float) -> Rates:
    """Rates of one size of Whisper: of whole halves, of some blocks, of adapters, of norms and biases."""
    whole = dict.fromkeys(("encoder", "decoder", "all-but-features", "full", "custom"), full)
    return whole | {"top-N": few, "bottom-N": few, "lora": lora, "norms-and-biases": biases}


MOONSHINE_RATES: Rates = {**whisper_rates(1e-5, 2e-5, 2e-4, 1e-3), "encoder": 2e-5}
WHISPER_BASE_RATES = whisper_rates(2e-5, 3e-5, 2e-4, 1e-3)
WHISPER_SMALL_RATES = whisper_rates(1e-5, 2e-5, 1e-4, 5e-4)
WHISPER_LARGE_RATES = whisper_rates(5e-6, 1e-5, 7e-5, 3e-4)


def _hub(
    location: str,
    family: str,
    parameters: int,
    size_mb: float | None,
    rates: Rates,
    good_for: str,
    languages: tuple[str, ...] = (),
    licence: str = "Apache-2.0",
) -> ModelSpec:
    return ModelSpec(
        name=location.split("/")[1],
        family=family,
        source="hub",
        location=location,
        parameters=parameters,
        languages=languages,
        licence=licence,
        size_mb=size_mb,
        learning_rates=rates,
        good_for=good_for,
    )


HUB_MODELS: tuple[ModelSpec, ...] = (
    _hub(
        "facebook/wav2vec2-base-960h",
        "ctc",
        94_400_000,
        378,
        SUPERVISED_CTC_RATES,
        say("English read speech; the classic, comfortable on a laptop."),
        ("en",),
    ),
    _hub(
        "facebook/hubert-large-ls960-ft",
        "ctc",
        315_500_000,
        1260,
        SUPERVISED_CTC_RATES,
        say("English, more accurate; wants 8 GB of memory or a GPU."),
        ("en",),
    ),
    _hub(
        "facebook/data2vec-audio-base-960h",
        "ctc",
        93_200_000,
        373,
        SUPERVISED_CTC_RATES,
        say("English read speech, often a little better than wav2vec2-base."),
        ("en",),
    ),
    _hub(
        "facebook/wav2vec2-large-960h-lv60-self",
        "ctc",
        315_500_000,
        1262,
        SUPERVISED_CTC_RATES,
        say("English, robust; wants 8 GB of memory or a GPU."),
        ("en",),
    ),
    _hub(
        "facebook/mms-1b-all",
        "ctc",
        964_800_000,
        3860,
        SUPERVISED_CTC_RATES,
        say("Over a thousand languages, in letters; name the set's language, its adapter is fetched. Wants a GPU."),
        licence="CC-BY-NC-4.0",
    ),
    _hub(
        "nvidia/parakeet-ctc-0.6b",
        "ctc",
        608_800_000,
        None,
        PARAKEET_RATES,
        say("English, very accurate, in small letters; writes pieces of words, so no new characters. Wants a GPU."),
        ("en",),
        licence="CC-BY-4.0",
    ),
    _hub(
        "openai/whisper-tiny",
        "seq2seq",
        37_800_000,
        151,
        WHISPER_BASE_RATES,
        say("99 languages with capitals and punctuation; the smallest Whisper, fine on a laptop."),
    ),
    _hub(
        "openai/whisper-base",
        "seq2seq",
        72_600_000,
        290,
        WHISPER_BASE_RATES,
        say("99 languages; clearly better than tiny at twice its time."),
    ),
    _hub(
        "UsefulSensors/moonshine-tiny",
        "seq2seq",
        27_100_000,
        108,
        MOONSHINE_RATES,
        say("English with capitals and punctuation; short clips cost what they are long: quick on a laptop."),
        ("en",),
        licence="MIT",
    ),
    _hub(
        "UsefulSensors/moonshine-base",
        "seq2seq",
        61_500_000,
        246,
        MOONSHINE_RATES,
        say("English; more accurate than moonshine-tiny at twice its time."),
        ("en",),
        licence="MIT",
    ),
    _hub(
        "openai/whisper-small",
        "seq2seq",
        241_700_000,
        967,
        WHISPER_SMALL_RATES,
        say("99 languages; a good balance, wants 8 GB of memory or a GPU."),
    ),
    _hub(
        "openai/whisper-large-v3-turbo",
        "seq2seq",
        808_900_000,
        1618,
        WHISPER_LARGE_RATES,
        say("99 languages, the most accurate here; wants a GPU."),
        licence="MIT",
    ),
)
