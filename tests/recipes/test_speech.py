"""The synthesisers speak what they are given, in time, and the recipe runs from nothing to a model that transcribes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from recipes.pretrain import recipe, speech, texts, voices
from recipes.pretrain.clips import SAMPLE_RATE_HZ, spoken_clips
from recipes.pretrain.recipe import Order
from tests.recipes.conftest import needs_engines

ROOT = Path(__file__).parents[2]
LINES = [texts.Line(label, label) for label in ("yes please", "turn on the light", "seven")]


def command(*words: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PATH": path} if path is not None else {})
    return subprocess.run(
        [sys.executable, "-m", "recipes.pretrain", *words], capture_output=True, text=True, cwd=ROOT, env=environment
    )


@needs_engines
@pytest.mark.parametrize("draw", [voices.draw_voice, voices.draw_test_voice])
def test_spoken_lines_come_back_as_clips(draw: object, tmp_path: Path) -> None:
    seconds = speech.speak_all(speech.with_voices(LINES, draw, seed=0), tmp_path / "1")
    clips = spoken_clips(tmp_path / "1")
    assert [clip.label for clip in clips] == [line.label for line in LINES]
    assert sum(clip.n_samples for clip in clips) / SAMPLE_RATE_HZ == pytest.approx(seconds)
    for clip in clips:
        assert np.abs(clip.sound()).max() == pytest.approx(speech.PEAK, abs=0.01)


@needs_engines
def test_speaking_ends_with_its_time(tmp_path: Path) -> None:
    jobs = speech.with_voices(LINES, voices.draw_voice, seed=0)
    assert speech.speak_all(jobs, tmp_path / "1", until=time.time() - 1) == 0
    assert spoken_clips(tmp_path / "1") == []


@needs_engines
def test_speech_that_is_there_is_not_spoken_again(tmp_path: Path) -> None:
    order = Order(model="ctc-en", minutes=0.1, work=tmp_path, out=tmp_path / "model")
    recipe.speak_training(order, 2.0)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "speech").rglob("*.i16")}
    recipe.speak_training(order, 2.0)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "speech").rglob("*.i16")} == before


def test_a_missing_text_file_is_named(tmp_path: Path) -> None:
    said = command("make", "--work", str(tmp_path), "--books", str(tmp_path / "no.txt"))
    assert said.returncode == 2
    assert "there is no text file" in said.stderr
    assert "no.txt" in said.stderr
    assert len(said.stderr.splitlines()) == 1


@pytest.mark.slow
@needs_engines
def test_what_cannot_be_is_said_before_anything_is_spoken(tmp_path: Path) -> None:
    words = ("--from", str(ROOT / "assets" / "ctc-en"), "--layers", "2", "--minutes", "60", "--work", str(tmp_path))
    said = command("make", *words)
    assert said.returncode == 1
    assert "a deeper one has more, not 2" in said.stderr
    assert "Traceback" not in said.stderr
    assert not (tmp_path / "speech").exists()


@pytest.mark.slow
def test_missing_synthesisers_are_named_with_their_remedy(tmp_path: Path) -> None:
    said = command("make", "--work", str(tmp_path / "work"), path=str(tmp_path))
    assert said.returncode == 1
    assert "espeak-ng and flite not found" in said.stderr
    assert "apt install espeak-ng flite" in said.stderr


def test_the_package_imports_nothing_of_the_recipes() -> None:
    for file in (ROOT / "workbench").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert "import recipes" not in text, file
        assert "from recipes" not in text, file


@needs_engines
@pytest.mark.slow
@pytest.mark.parametrize("model", recipe.MODELS)
def test_a_short_budget_yields_a_model_that_transcribes(model: str, tmp_path: Path) -> None:
    minutes = 1.0
    began = time.time()
    words = ["pretrain", f"MODEL={model}", f"MINUTES={minutes}", f"WORK={tmp_path / 'work'}", f"OUT={tmp_path / 'out'}"]
    words += ["COPIES=2"] if model == "ctc-en" else []
    # The set-up stands already, or this test would not run: `-o` keeps make from looking after it.
    command = ["make", "-o", "setup", f"PYTHON={sys.executable}", *words]
    made = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert made.returncode == 0, made.stderr
    assert time.time() - began < 60 * (minutes + 2)

    out = tmp_path / "out"
    assert (out / "model.safetensors").stat().st_size < 16e6
    assert json.loads((out / "workbench.json").read_text(encoding="utf-8"))["languages"] == ["en"]
    assert "noise at 10 dB" in (out / "README.md").read_text(encoding="utf-8")
    sound = spoken_clips(tmp_path / "work" / "heard")[0].sound()
    with torch.inference_mode():
        if model == "ctc-en":
            processor = Wav2Vec2Processor.from_pretrained(out)
            values = processor(sound, sampling_rate=16_000, return_tensors="pt").input_values
            ids = Wav2Vec2ForCTC.from_pretrained(out, dtype=torch.float32)(values).logits.argmax(-1)
        else:
            processor = WhisperProcessor.from_pretrained(out)
            values = processor(sound, sampling_rate=16_000, return_tensors="pt").input_features
            loaded = WhisperForConditionalGeneration.from_pretrained(out, dtype=torch.float32)
            ids = loaded.generate(values, language="en", task="transcribe", max_new_tokens=30)
    assert isinstance(processor.batch_decode(ids)[0], str)
