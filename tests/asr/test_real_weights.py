"""Real weights, where this machine has them: what they write on real voices, and that nothing of them is lost.

Skipped with a reason where `workbench fetch` has not brought them.
"""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from tests.asr.ctranslate2 import convert_folder
from workbench.asr.catalog.catalog import Catalog, kept_spec, rate_for, state_of
from workbench.asr.catalog.hub import WHISPER_BASE_RATES
from workbench.asr.catalog.loading import load
from workbench.asr.conversion.engines import from_ctranslate2
from workbench.asr.models.backend import ClipInput
from workbench.asr.models.whisper import WhisperBackend
from workbench.audio.decode import decode_file
from workbench.core.evaluation.scoring import evaluate

# Of the first clips of coffee_commands: a phrase in each that even the smallest Whisper gets.
PHRASES = ("coffee", "triple shot light roast", "single shot mocha", "double shot drip coffee", "brown sugar")


def coffee(folder: Path) -> list[tuple[str, Path]]:
    lines = (folder / "coffee_commands" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines[: len(PHRASES)]]
    return [(row["text"], folder / "coffee_commands" / row["audio_filepath"]) for row in rows]


def heard(folder: Path, sounds: list[Path]) -> list[str]:
    backend = load(kept_spec(folder))
    assert isinstance(backend, WhisperBackend)
    if backend.multilingual:
        backend.set_language("en")
    clips = [ClipInput(decode_file(sound).samples) for sound in sounds]
    return backend.transcribe(backend.collate(backend.encode_prefix(clips, 0)), 0)


def test_whisper_tiny_hears_people(real_model: Callable[[str], Path], shared_audio: Path) -> None:
    folder = real_model("whisper-tiny.en")
    said, sounds = zip(*coffee(shared_audio), strict=True)
    texts = heard(folder, list(sounds))
    for phrase, text in zip(PHRASES, texts, strict=True):
        assert phrase in text.lower()
    assert evaluate(said, texts, "english").wer < 0.25


def test_its_folder_is_whole(real_model: Callable[[str], Path]) -> None:
    folder = real_model("whisper-tiny.en")
    spec = Catalog().find("whisper-tiny.en")
    assert (spec.source, state_of(spec), spec.licence, spec.languages) == ("fetched", "here", "MIT", ("en",))
    assert (spec.parameters, spec.location) == (37_760_256, str(folder.resolve()))
    assert rate_for(spec, "encoder") == WHISPER_BASE_RATES["encoder"]
    generation = json.loads((folder / "generation_config.json").read_text())
    assert (generation["is_multilingual"], generation["no_timestamps_token_id"]) == (False, 50_362)
    assert (generation["eos_token_id"], generation["decoder_start_token_id"]) == (50_256, 50_257)
    assert generation["begin_suppress_tokens"] == [220, 50_256]
    assert len(generation["suppress_tokens"]) == 90


def test_there_and_back_again_it_is_the_same(real_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder, again = real_model("whisper-tiny.en"), tmp_path / "again"
    again.mkdir()
    from_ctranslate2(convert_folder(folder, tmp_path / "theirs", "float16"), again)
    before, after = (load_file(f / "model.safetensors") for f in (folder, again))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert {values.dtype for values in after.values()} == {torch.float16}


def test_whisper_base_knows_its_languages(real_model: Callable[[str], Path]) -> None:
    backend = load(kept_spec(real_model("whisper-base")))
    assert isinstance(backend, WhisperBackend)
    assert len(backend.languages() or ()) == 99
    assert backend.generation.task_to_id == {"translate": 50_358, "transcribe": 50_359}
    assert backend.generation.lang_to_id["<|en|>"] == 50_259
    assert backend.generation.no_timestamps_token_id == 50_363
