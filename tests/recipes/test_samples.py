"""The sample sets come out of their recipe again."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from recipes import samples
from tests.recipes.conftest import needs_engines

CLIPS = Path(__file__).parents[2] / "assets" / "clips"


def facts(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (CLIPS / name / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", samples.SETS)
def test_the_bundled_manifest_is_what_the_recipe_deals(name: str) -> None:
    dealt = samples.dealt(samples.lines(name), random.Random(f"{samples.SEED} {name}"))
    assert [(text, speaker.name) for text, speaker in dealt] == [(f["text"], f["speaker"]) for f in facts(name)]


@needs_engines
def test_a_clip_is_spoken_again_sample_by_sample(tmp_path: Path) -> None:
    one, two = (samples.record("mind the step", samples.SPEAKERS[0], seed=3, folder=tmp_path) for _ in range(2))
    assert np.array_equal(one, two)


@needs_engines
@pytest.mark.parametrize("speaker", samples.SPEAKERS, ids=lambda speaker: speaker.name)
def test_the_bundled_clips_sound_like_their_recipe(speaker: samples.Speaker, tmp_path: Path) -> None:
    """Loosely, because another version of a synthesiser speaks a little otherwise."""
    i, fact = next((i, f) for i, f in enumerate(facts("general")) if f["speaker"] == speaker.name)
    seed = samples.SETS.index("general") * 1000 + i
    made = samples.record(str(fact["text"]), speaker, seed=seed, folder=tmp_path)
    bundled, rate_hz = sf.read(CLIPS / "general" / str(fact["audio_filepath"]), dtype="int16")
    assert rate_hz == samples.SAMPLE_RATE_HZ
    assert len(made) == pytest.approx(len(bundled), rel=0.1)
    assert np.std(made.astype(float)) == pytest.approx(np.std(bundled.astype(float)), rel=0.1)
