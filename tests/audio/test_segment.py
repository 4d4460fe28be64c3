"""Cutting long recordings: nothing is lost, nothing is too long, words stay whole."""

from itertools import pairwise

import numpy as np
import pytest

from tests.conftest import speechlike
from workbench.audio.segment import FRAME, frame_levels, split_at_silences

RATE = 16_000


def recording(*parts: tuple[float, bool], noise: float = 1e-3, seed: int = 0) -> np.ndarray:
    """Bursts (True) and pauses (False) of the given seconds over a noise floor."""
    rng = np.random.default_rng(seed)
    bursts = []
    for seconds, loud in parts:
        n = round(seconds * RATE)
        tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(n) / RATE) if loud else np.zeros(n)
        bursts.append(tone)
    sound = np.concatenate(bursts)
    return (sound + noise * rng.standard_normal(len(sound))).astype(np.float32)


def covers(pieces: list[tuple[int, int]], n: int) -> bool:
    joined = all(before[1] == after[0] for before, after in pairwise(pieces))
    return joined and pieces[0][0] == 0 and pieces[-1][1] == n


@pytest.mark.parametrize("longest", [2.0, 7.5, 30.0])
@pytest.mark.parametrize("seconds", [0.005, 1.0, 29.99, 30.0, 30.003, 31.0, 95.37])
@pytest.mark.parametrize("kind", ["speech", "noise", "silence", "tone"])
def test_pieces_follow_each_other_and_none_is_too_long(longest, seconds, kind) -> None:
    n = round(seconds * RATE)
    samples = {
        "speech": lambda: speechlike(seconds),
        "noise": lambda: (0.1 * np.random.default_rng(0).standard_normal(n)).astype(np.float32),
        "silence": lambda: np.zeros(n, np.float32),
        "tone": lambda: recording((seconds, True), noise=0),
    }[kind]()
    pieces = split_at_silences(samples, longest=longest)
    assert covers(pieces, len(samples))
    assert all(0 < stop - start <= longest * RATE for start, stop in pieces)
    if seconds <= longest:
        assert len(pieces) == 1
    else:
        assert all(stop - start >= longest / 4 * RATE * 0.99 or stop - start >= RATE * 0.99 for start, stop in pieces)


def test_cuts_fall_into_pauses_and_prefer_the_longest() -> None:
    parts = [(5, True), (0.4, False), (8, True), (1.0, False), (6, True), (0.4, False), (12, True)]
    pieces = split_at_silences(recording(*parts))
    (_, cut), _ = pieces
    assert len(pieces) == 2
    assert 13.4 * RATE < cut < 14.4 * RATE  # the pause of one second, not the later one of 0.4 s


def test_without_a_pause_the_quietest_place_is_cut() -> None:
    samples = recording((40, True))
    samples[20 * RATE : 20 * RATE + RATE // 4] *= 0.5
    (_, cut), _ = split_at_silences(samples)
    assert 20 * RATE <= cut <= 20.25 * RATE


@pytest.mark.parametrize("noise", [0, 1e-4, 1e-2])
def test_long_pauses_are_left_out_with_a_margin(noise) -> None:
    samples = recording(
        (3, False), (4, True), (5, False), (0.5, True), (1.5, False), (2, True), (9, False), noise=noise
    )
    pieces = split_at_silences(samples, leave_out=2)
    seconds = [(round(a / RATE, 1), round(b / RATE, 1)) for a, b in pieces]
    assert seconds == [(2.7, 7.3), (11.7, 16.3)]


def test_a_whisper_between_pauses_is_kept() -> None:
    samples = recording((5, True), (4, False), (3, True), (4, False), (5, True), noise=1e-4)
    samples[9 * RATE : 12 * RATE] *= 0.01  # -40 dB under the rest, 20 dB over the room
    pieces = split_at_silences(samples, leave_out=2)
    assert any(a <= 9 * RATE and b >= 12 * RATE for a, b in pieces)


def test_where_nothing_stands_out_nothing_is_left_out() -> None:
    for samples in (np.zeros(90 * RATE, np.float32), recording((90, False), noise=0.05)):
        assert covers(split_at_silences(samples, leave_out=2), len(samples))


def test_levels() -> None:
    levels = frame_levels(np.concatenate([np.zeros(FRAME), np.ones(FRAME), np.full(3, 0.1)]).astype(np.float32))
    assert levels.tolist() == pytest.approx([-70, 0, -20], abs=0.01)
    assert split_at_silences(np.zeros(0, np.float32)) == []


@pytest.mark.parametrize("wishes", [{"longest": 0.1}, {"leave_out": 0.5}])
def test_impossible_wishes(wishes) -> None:
    with pytest.raises(ValueError, match="choose"):
        split_at_silences(np.zeros(10, np.float32), **wishes)


def test_half_an_hour_is_cut_into_what_was_said() -> None:
    """Random sentences and pauses: no sentence is cut, and each stands in exactly one piece, in order."""
    rng = np.random.default_rng(1)
    parts, spoken, now = [], [], 0.0
    while now < 1800:
        sentence, pause = rng.uniform(1, 12), rng.uniform(0.35, 4)
        parts += [(sentence, True), (pause, False)]
        spoken.append((round(now * RATE), round((now + sentence) * RATE)))
        now += sentence + pause
    samples = recording(*parts)
    for leave_out in (None, 2.0):
        pieces = split_at_silences(samples, leave_out=leave_out)
        holders = [[i for i, (a, b) in enumerate(pieces) if a < stop and b > start] for start, stop in spoken]
        assert all(len(h) == 1 for h in holders)
        assert holders == sorted(holders)
        assert all(stop - start <= 30 * RATE for start, stop in pieces)
