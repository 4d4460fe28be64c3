"""Recordings of any length, read as a stream: the same sound as decoding the file at once."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.test_decode import encode
from tests.conftest import speechlike
from workbench.audio.decode import decode_file
from workbench.audio.recording import open_recording
from workbench.errors import AudioError

RATE = 16_000


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (8_000, 1), (44_100, 2), (48_000, 3)])
def test_the_same_sound_as_decoded_at_once(tmp_path, rate, channels) -> None:
    voices = [speechlike(25, rate=rate, seed=seed) for seed in range(channels)]
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack(voices, axis=1), rate)
    whole = decode_file(path).samples
    with open_recording(path, tmp_path) as recording:
        (track,) = recording.tracks
        assert (recording.channels, recording.original_rate, recording.original_format) == (channels, rate, "wav")
        np.testing.assert_array_equal(track, whole)
    with open_recording(path, tmp_path, by_channel=True) as recording:
        assert len(recording.tracks) == channels
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_ffmpegs_formats(tmp_path) -> None:
    path = encode(tmp_path / "a.m4a", "aac", 44_100, seconds=23.0)
    with open_recording(path, tmp_path) as recording:
        assert recording.duration == pytest.approx(23, abs=0.15)
        assert recording.original_format == "m4a"


def test_opposite_phases_do_not_cancel(tmp_path) -> None:
    voice = speechlike(12)
    soundfile.write(tmp_path / "a.wav", np.stack([voice, -0.9 * voice], axis=1), RATE, subtype="FLOAT")
    with open_recording(tmp_path / "a.wav", tmp_path) as recording:
        np.testing.assert_allclose(recording.tracks[0], voice, atol=1e-6)


def test_loud_floats_are_brought_back_and_clipping_is_noticed(tmp_path) -> None:
    voice = speechlike(12)
    voice[:RATE] = np.clip(8 * voice[:RATE], -0.3, 0.3)
    soundfile.write(tmp_path / "a.wav", 10 * voice, RATE, subtype="FLOAT")
    with open_recording(tmp_path / "a.wav", tmp_path) as recording:
        assert np.abs(recording.part(0, 0, 12 * RATE).samples).max() <= 1
    clipped = np.concatenate([speechlike(11), np.clip(6 * speechlike(2, seed=1), -1, 1)])
    soundfile.write(tmp_path / "b.wav", clipped, RATE)
    with open_recording(tmp_path / "b.wav", tmp_path) as recording:
        assert recording.part(0, 11 * RATE, 13 * RATE).clipped
        assert not recording.part(0, 0, 11 * RATE).clipped


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "unreadable"), (b"", "empty"), (b"no sound " * 100, "unreadable")],
)
def test_what_is_no_recording(tmp_path, content, reason) -> None:
    path = tmp_path / "a.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=reason), open_recording(path, tmp_path):
        pass
    assert [p.name for p in tmp_path.iterdir()] in (["a.wav"], [])


def test_too_long(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", speechlike(25), RATE)
    with pytest.raises(AudioError, match="longer than 20 s"), open_recording(tmp_path / "a.wav", tmp_path, longest=20):
        pass


def test_a_long_recording_stays_on_the_disk(tmp_path: Path) -> None:
    """Ten minutes of stereo at 48 kHz are 230 MB of floats; a tenth of it is in memory at once."""
    block = np.stack([speechlike(10, rate=48_000)] * 2, axis=1)
    with soundfile.SoundFile(tmp_path / "a.wav", "w", 48_000, 2) as file:
        for _ in range(60):
            file.write(block)
    tracemalloc.start()
    with open_recording(tmp_path / "a.wav", tmp_path) as recording:
        assert recording.duration == pytest.approx(600, abs=0.01)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 2**20
