"""The settings to start from follow the family, the strategy and the number of clips, each with its reason."""

from dataclasses import replace

import pytest

from workbench.asr.catalog.catalog import Catalog
from workbench.asr.catalog.hub import HUB_MODELS
from workbench.asr.catalog.suggestions import REHEARSAL_SHARE, suggest, usual_strategy
from workbench.asr.training.freezing import STRATEGIES, strategy_names
from workbench.core.config import EFFORTS, FOLDS_BELOW_CLIPS
from workbench.core.types import ModelSpec

SPECS = {spec.name: spec for spec in Catalog().specs}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("whisper-base", "encoder"),
        ("whisper-en", "full"),  # small: its decoder has read little
        ("wav2vec2-base-960h", "all-but-features"),
        ("ctc-en", "all-but-features"),
        ("mms-1b-all", "adapters"),
    ],
)
def test_the_usual_strategy_is_the_recipes(model: str, expected: str) -> None:
    spec = SPECS[model]
    names = ["adapters", *strategy_names(spec.family)] if expected == "adapters" else strategy_names(spec.family)
    assert usual_strategy(spec, names) == expected
    assert usual_strategy(spec, names, "en-GB") == expected


def test_a_language_that_a_model_is_not_made_for_needs_its_decoder_too() -> None:
    any_language = SPECS["whisper-base"]
    english = replace(any_language, languages=("en",))
    names = strategy_names("seq2seq")
    assert usual_strategy(english, names, "chr") == "full"
    assert usual_strategy(any_language, names, "chr") == "full", "not among its 99"
    assert usual_strategy(english, names, "en") == usual_strategy(any_language, names, "mt") == "encoder"
    assert usual_strategy(any_language, names, "mt", wer=0.4) == "encoder"
    assert usual_strategy(any_language, names, "mt", wer=0.95) == "full", "it knows Maltese in name only"
    assert usual_strategy(english, names, "en", wer=0.95) == "encoder", "of its own language it lacks the voice"


@pytest.mark.parametrize("spec", [*HUB_MODELS, SPECS["ctc-en"], SPECS["whisper-en"]], ids=lambda s: s.name)
def test_every_strategy_on_offer_has_a_rate_of_its_own(spec: ModelSpec) -> None:
    for name in strategy_names(spec.family):
        key = name if name in STRATEGIES else name.rpartition("-")[0] + "-N"
        suggestion = suggest(spec, name, clips=100)
        assert suggestion.config.learning_rate == spec.learning_rates[key]
        assert suggestion.rate_cap == 10 * spec.learning_rates[key]


def test_whole_models_learn_more_slowly_than_a_few_weights() -> None:
    for spec in HUB_MODELS:
        rates = spec.learning_rates
        assert rates["full"] <= rates["top-N"] < rates["lora"] < rates["norms-and-biases"]


def test_whisper_is_not_masked_and_few_weights_do_not_decay() -> None:
    whisper, ctc = SPECS["whisper-base"], SPECS["wav2vec2-base-960h"]
    assert suggest(whisper, "encoder", clips=50).config.time_mask == 0
    assert suggest(ctc, "full", clips=50).config.time_mask > 0
    decay = {name: suggest(ctc, name, clips=50).config.weight_decay for name in ("head", "lora", "full")}
    assert decay == {"head": 0.0, "lora": 0.0, "full": 0.01}


def test_only_a_model_with_texts_of_its_own_rehearses_them() -> None:
    whisper = SPECS["whisper-base"]
    assert suggest(whisper, "encoder", clips=50, language="en").config.rehearsal == REHEARSAL_SHARE > 0
    assert "general speech in each update" in suggest(whisper, "encoder", clips=50).why["rehearsal"]
    for spec, language in ((SPECS["whisper-en"], "en"), (SPECS["ctc-en"], "en"), (whisper, "hsb")):
        found = suggest(spec, "full", clips=50, language=language)
        assert found.config.rehearsal == 0
        assert found.why["rehearsal"].startswith("None")


def test_only_a_listed_models_rate_is_called_the_catalogues() -> None:
    listed = SPECS["whisper-base"]
    unlisted = replace(listed, name="nobody/whisper", location="nobody/whisper", source="hub")
    assert "the catalogue's for whisper-base" in suggest(listed, "encoder", clips=50).why["learning_rate"]
    assert "usual for models of this kind" in suggest(unlisted, "encoder", clips=50).why["learning_rate"]


@pytest.mark.parametrize("clips", [20, 50, 180])
@pytest.mark.parametrize("model", ["whisper-base", "ctc-en"])
def test_efforts_differ_in_how_long_they_train_alone(model: str, clips: int) -> None:
    quick, usual, thorough = (suggest(SPECS[model], "full", clips=clips, effort=name).config for name in EFFORTS)
    assert suggest(SPECS[model], "full", clips=clips).config == usual  # no effort named: as scripts had it
    assert quick.epochs < usual.epochs < thorough.epochs
    assert quick.max_updates < usual.max_updates < thorough.max_updates
    assert quick.patience == usual.patience < thorough.patience
    assert quick.folds < usual.folds < thorough.folds or clips >= FOLDS_BELOW_CLIPS
    differ = {"effort", "epochs", "max_updates", "patience", "folds"}
    for other in (quick, thorough):
        assert {k: v for k, v in other.to_json().items() if k not in differ} == {
            k: v for k, v in usual.to_json().items() if k not in differ
        }
