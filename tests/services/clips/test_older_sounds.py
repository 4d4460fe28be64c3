"""A sound that an earlier version resampled otherwise is found again; another one of the same length is another."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly
from sqlalchemy import select

from tests.conftest import speechlike
from workbench.audio.decode import content_hash, write_flac
from workbench.services.clips.older_sounds import correlation
from workbench.services.clips.sets import Collecting
from workbench.store.database import Store
from workbench.store.models import ClipRow
from workbench.workspace import Workspace


def as_before(workspace: Workspace, store: Store, rate: int, shift: int) -> None:
    """Let the only clip be what another resampler, and an MP3 decoder that keeps the lead-in, had made of it."""
    with store.session() as session:
        clip = session.scalars(select(ClipRow)).one()
        samples = resample_poly(speechlike(2, rate=rate).astype(np.float64), 16_000, rate).astype(np.float32)
        samples = np.concatenate([np.zeros(shift, np.float32), samples])
        clip.sha256, clip.decoding, clip.duration = content_hash(samples), 1, len(samples) / 16_000
        write_flac(workspace.sound_path(clip.sha256), samples)


@pytest.mark.parametrize("shift", [0, 1105])
@pytest.mark.parametrize("name", ["a.wav", "renamed.wav"])
def test_the_same_file_is_a_duplicate(
    workspace, store, collecting: Collecting, make_wav, shift: int, name: str
) -> None:
    path: Path = make_wav("a.wav", 2.0, rate=44_100)
    collecting.create_set("old")
    assert collecting.import_path(path, "old").added == 1
    as_before(workspace, store, 44_100, shift)
    report = collecting.import_path(path.rename(path.with_name(name)), "old")
    assert (report.added, report.duplicates) == (0, 1)
    assert "duplicate of a.wav" in report.warnings[0].reason


def test_another_sound_of_the_same_length_is_added(workspace, store, collecting: Collecting, make_wav) -> None:
    collecting.create_set("old")
    collecting.import_path(make_wav("a.wav", 2.0, rate=44_100), "old")
    as_before(workspace, store, 44_100, 0)
    report = collecting.import_path(make_wav("b.wav", 2.0, rate=44_100, seed=1), "old")
    assert (report.added, report.duplicates) == (1, 0)
    with store.session() as session:
        assert sorted(session.scalars(select(ClipRow.decoding))) == [1, 2]


def test_correlation() -> None:
    voice = speechlike(1)
    assert correlation(voice, voice) == pytest.approx(1)
    assert correlation(voice[800:], voice) > 0.95
    assert correlation(voice, speechlike(1, seed=1)) < 0.5
    assert correlation(voice, np.zeros(16_000, np.float32)) == 0


def test_hum_and_an_offset_make_no_two_recordings_alike() -> None:
    rng = np.random.default_rng(0)
    times = np.arange(32_000) / 16_000
    hum = (0.05 + 0.06 * np.sin(2 * np.pi * 50 * times)).astype(np.float32)
    one, other = (hum + 0.005 * rng.standard_normal(32_000).astype(np.float32) for _ in range(2))
    assert correlation(one, other) < 0.3
