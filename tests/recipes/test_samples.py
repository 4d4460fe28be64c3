"""The sample sets come out of their recipe again, and hold what they promise."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recipes import kokoro, samples
from workbench.audio.decode import read_clip
from workbench.core.text.normalize import normalize_marks

ASSETS = Path(__file__).parents[2] / "assets"
DIVIDED = ("clinic", "workshop")
LARGEST_MB, LARGEST_LEARN_MB = 6.0, 2.5

needs_voices = pytest.mark.skipif(bool(kokoro.missing()), reason=kokoro.missing() or "the voices are here")


@pytest.fixture(scope="module")
def voices() -> kokoro.Kokoro:
    return kokoro.Kokoro()


def facts(name: str) -> list[dict[str, Any]]:
    manifest = samples.folder_of(name, ASSETS) / "manifest.jsonl"
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", samples.SETS)
def test_the_bundled_manifest_is_what_the_recipe_plans(name: str) -> None:
    planned = [(s.text, s.speaker, s.split) for s in samples.planned(name)]
    assert planned == [(f["text"], f["speaker"], f.get("split", "")) for f in facts(name)]
    folder = samples.folder_of(name, ASSETS)
    assert (folder / "version.txt").read_text().strip() == samples.VERSION
    assert sorted(f["audio_filepath"] for f in facts(name)) == sorted(
        f"audio/{path.name}" for path in (folder / "audio").iterdir()
    )


@pytest.mark.parametrize("name", DIVIDED)
def test_every_term_is_learned_and_tested_in_unlike_voices(name: str) -> None:
    said: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    words = (samples.folder_of(name, ASSETS) / "words.txt").read_text(encoding="utf-8").splitlines()
    for f in facts(name):
        for word in words:
            if word.lower() in f["text"].lower():
                said[word][f["split"]].add(f["speaker"])
    for word in words:
        assert len(said[word]["train"]) >= 3, word
        assert len(said[word]["test"]) >= 2, word
        assert not said[word]["train"] & said[word]["test"]
    assert sum(f["split"] == "test" for f in facts(name)) >= 60


def test_no_sentence_and_no_voice_is_where_it_must_not_be() -> None:
    every = [f | {"set": name} for name in samples.SETS for f in facts(name)]
    sentences = [normalize_marks(f["text"]) for f in every]
    assert len(sentences) == len(set(sentences))
    learned = {f["speaker"] for f in every if f["set"] == "general-learn" or f.get("split") == "train"}
    steer, test = ({f["speaker"] for f in every if f.get("split") == part} for part in ("dev", "test"))
    checked = {f["speaker"] for f in every if f["set"] == "general"}
    assert not learned & (steer | test | checked)
    assert not steer & test
    assert len(test) >= 8  # from eight on the bootstrap is over speakers


def test_they_are_small() -> None:
    def mega(name: str) -> float:
        return sum(p.stat().st_size for p in samples.folder_of(name, ASSETS).rglob("*") if p.is_file()) / 1e6

    assert mega("general-learn") < LARGEST_LEARN_MB
    assert mega("clinic") + mega("workshop") + mega("general") < LARGEST_MB


def test_what_is_missing_of_the_voices_is_said(tmp_path: Path) -> None:
    assert "python -m recipes.kokoro" in kokoro.missing(tmp_path)
    with pytest.raises(SystemExit, match="onnxruntime"):
        kokoro.Kokoro(tmp_path)


@pytest.mark.parametrize("place", samples.PLACES)
def test_a_place_is_the_same_each_time_and_leaves_the_voice_above_its_noise(place: str) -> None:
    dry = np.sin(np.arange(16_000) / 5).astype(np.float32)
    one, two = (samples.in_place(dry, samples.PLACES[place], np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(one, two)
    air = round(samples.LEAD_S[0] * samples.SAMPLE_RATE_HZ)
    assert np.std(one[:air]) < 0.4 * np.std(one)
    assert np.abs(one).max() < 1


@needs_voices
def test_a_clip_is_spoken_again_sample_by_sample(voices: kokoro.Kokoro) -> None:
    sentence = samples.planned("general")[0]
    assert np.array_equal(samples.record(sentence, 3, voices), samples.record(sentence, 3, voices))


@needs_voices
@pytest.mark.parametrize("name", samples.SETS)
def test_the_bundled_clips_sound_like_their_recipe(name: str, voices: kokoro.Kokoro) -> None:
    """Loosely, since another processor rounds otherwise, and Opus keeps what is heard and not the samples."""
    made = samples.record(samples.planned(name)[0], samples.SETS.index(name) * 1000, voices)
    bundled = read_clip(samples.folder_of(name, ASSETS) / facts(name)[0]["audio_filepath"])
    assert len(made) == pytest.approx(len(bundled), rel=0.05)
    if len(made) == len(bundled):
        assert np.corrcoef(made, bundled)[0, 1] > 0.9


@needs_voices
def test_every_sentence_can_be_said(voices: kokoro.Kokoro) -> None:
    for name in samples.SETS:
        for sentence in samples.planned(name):
            assert set(voices.phonemes(sentence.text, samples.spoken())) <= voices._vocabulary.keys(), sentence.text
