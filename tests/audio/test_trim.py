"""Silence at the ends of a take goes, what was said stays."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import speechlike
from workbench.assets import assets_root
from workbench.audio.decode import decode_file, decode_wav
from workbench.audio.segment import MARGIN
from workbench.audio.trim import trim
from workbench.errors import AudioError

RATE = 16_000


def in_a_room(sound: np.ndarray, before: float, after: float, *, noise: float = 2e-4, seed: int = 0) -> np.ndarray:
    """A sound with pauses in front and behind, all of it over a noise floor."""
    padded = np.concatenate([np.zeros(round(before * RATE)), sound, np.zeros(round(after * RATE))])
    return (padded + noise * np.random.default_rng(seed).standard_normal(len(padded))).astype(np.float32)


def spoken(seconds: float = 1.5) -> np.ndarray:
    """A buzz without pauses of its own, so that its ends are known to the sample."""
    return 0.3 * np.sin(2 * np.pi * 180 * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("noise", [0.0, 2e-4, 5e-3])
def test_pauses_go_but_for_their_margins(noise: float) -> None:
    found = trim(in_a_room(spoken(1.5), 1.2, 2.0, noise=noise))
    assert found.before == pytest.approx(1.2 - MARGIN, abs=0.02)
    assert found.after == pytest.approx(2.0 - MARGIN, abs=0.02)
    assert found.speech == pytest.approx(1.5, abs=0.03)
    assert len(found.samples) / RATE == pytest.approx(1.5 + 2 * MARGIN, abs=0.03)
    assert (found.cut_in, found.cut_off) == (False, False)


def test_the_click_of_a_key_does_not_hold_the_silence_before_it() -> None:
    samples = in_a_room(spoken(1.0), 1.5, 1.5)
    for second in (0.1, 3.8):
        at = round(second * RATE)
        samples[at : at + 400] += 0.4  # 25 ms
    found = trim(samples)
    assert found.before == pytest.approx(1.5 - MARGIN, abs=0.02)
    assert found.after == pytest.approx(1.5 - MARGIN, abs=0.02)


def test_pauses_between_words_stay() -> None:
    samples = in_a_room(np.concatenate([spoken(0.4), np.zeros(RATE), spoken(0.4)]), 0.8, 0.8)
    assert trim(samples).speech == pytest.approx(1.8, abs=0.03)


def test_speech_at_the_very_edge_is_noticed() -> None:
    found = trim(in_a_room(spoken(1.0), 0.0, 1.0))
    assert (found.cut_in, found.cut_off) == (True, False)
    found = trim(in_a_room(spoken(1.0), 1.0, 0.0))
    assert (found.cut_in, found.cut_off) == (False, True)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(RATE, np.float32),
        np.zeros(0, np.float32),
        (0.1 * np.random.default_rng(1).standard_normal(RATE)).astype(np.float32),
    ],
    ids=["silence", "nothing", "noise"],
)
def test_where_nothing_stands_out_everything_stays(samples: np.ndarray) -> None:
    found = trim(samples)
    assert np.array_equal(found.samples, samples)
    assert (found.before, found.after, found.speech) == (0, 0, 0)


def assert_no_word_lost(path: Path, seed: int) -> None:
    """A real clip, put between pauses over its own room's noise, loses the pauses and none of its energy."""
    clip = decode_file(path).samples
    found = trim(in_a_room(clip, 1.0, 1.5, seed=seed))
    start = round(found.before * RATE) - RATE
    kept = clip[max(0, start) : start + len(found.samples)]
    assert found.before > 0.6, path.name
    assert found.after > 1.1, path.name
    assert np.sum(kept**2) > 0.999 * np.sum(clip**2), path.name


def test_bundled_clips_lose_their_silence_and_no_sound() -> None:
    folder = assets_root() / "clips" / "clinic"
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[:12]):
        assert_no_word_lost(folder / json.loads(line)["audio_filepath"], number)


@pytest.mark.parametrize("name", ["fsdd_digits", "english_alphanumeric", "cherokee_phrases", "coffee_commands"])
def test_real_recordings_lose_their_silence_and_no_sound(shared_audio: Path, name: str) -> None:
    lines = (shared_audio / name / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[:: max(1, len(lines) // 8)][:8]):
        assert_no_word_lost(shared_audio / name / json.loads(line)["audio_filepath"], number)


def test_a_browsers_wav_is_read_without_torch(tmp_path: Path) -> None:
    sound = speechlike(1.0, rate=48_000)
    soundfile.write(tmp_path / "take.wav", sound, 48_000, subtype="PCM_16")
    read = decode_wav((tmp_path / "take.wav").read_bytes())
    assert (read.original_rate, read.channels, read.clipped) == (48_000, 1, False)
    assert len(read.samples) == RATE
    aligned = np.corrcoef(read.samples, sound[::3])[0, 1]
    assert aligned > 0.99  # the same sound, neither shifted nor turned over


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no sound at all", b"fLaC" + bytes(100)])
def test_what_is_no_wav_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(AudioError, match="record it again"):
        decode_wav(data)


def test_a_take_has_an_end(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", speechlike(4.0), RATE, subtype="PCM_16")
    with pytest.raises(AudioError, match="longer than 3 s"):
        decode_wav((tmp_path / "long.wav").read_bytes(), longest=3.0)
