"""Damaged sounds of every kind: a sentence or a sound, never a crash, a hang, a flood, nor a silently shorter clip."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from tests.audio.containers import ffmpeg_seconds, write
from workbench.audio.decode import check, decode_file
from workbench.audio.recording import open_recording
from workbench.errors import AudioError

FORMATS: Final = [
    ("wav", "pcm_s16le"), ("wav", "adpcm_ms"), ("aiff", "pcm_s16be"), ("caf", "alac"), ("flac", "flac"),
    ("opus", "libopus"), ("mp3", "libmp3lame"), ("m4a", "aac"), ("webm", "libopus"), ("aac", "aac"), ("wma", "wmav2"),
    ("avi", "libmp3lame"), ("amr", "libopencore_amrnb"), ("tta", "tta"), ("wv", "wavpack"), ("ts", "aac"),
]  # fmt: skip
NO_LENGTH: Final = ("aac", "amr", "ts", "wv", "adpcm")  # a damaged one looks like a shorter one, to ffmpeg too
TRIES: Final = 20
SLACK_S: Final = 0.15  # of damaged streams ffmpeg and we may drop another frame or two
MOST_MEMORY: Final = 500 * 2**20


def mutated(data: bytes, rng: np.random.Generator, *, head: bool = True) -> bytes:
    """Some bytes flipped, cut out, doubled, zeroed or overwritten, without the head behind the first third only."""
    changed = bytearray(data)
    for _ in range(rng.integers(1, 6)):
        end = min(64, len(changed)) if head and rng.random() < 0.4 else len(changed)
        start = 0 if head else min(len(data) // 3, end - 1)
        place, length = int(rng.integers(start, max(start + 1, end))), int(rng.integers(1, 400))
        kind = rng.integers(0, 6)
        if kind == 0:
            changed[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            del changed[place : place + length]
        elif kind == 2:
            changed[place:place] = changed[place : place + length]
        elif kind == 3:
            changed[place : place + length] = bytes(min(length, len(changed) - place))
        elif kind == 4:
            changed[place : place + length] = rng.bytes(min(length, len(changed) - place))
        else:
            del changed[int(rng.integers(len(changed) // 3, len(changed))) :]
        if len(changed) < 16:
            break
    return bytes(changed)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("ending", "codec"), FORMATS)
def test_mutated_sounds(tmp_path: Path, ending: str, codec: str) -> None:
    has_ffmpeg = shutil.which("ffmpeg") is not None
    data = write(tmp_path / f"a.{ending}", codec, 3.0)
    rng = np.random.default_rng(14)
    for number in range(TRIES):
        path = tmp_path / f"{number}.{ending}"
        head = number % 2 == 0
        path.write_bytes(mutated(data, rng, head=head))
        try:
            sound = decode_file(path, longest=600)
            assert np.isfinite(sound.samples).all()
            assert np.abs(sound.samples).max(initial=0) <= 1
            seconds, remarks = sound.duration, sound.remarks
            with open_recording(path, tmp_path) as recording:
                assert recording.duration == pytest.approx(seconds, abs=0.001)
        except AudioError as e:
            seconds, remarks = 0.0, (str(e),)
        if has_ffmpeg and not remarks:
            assert seconds >= min(3.0, ffmpeg_seconds(path)) - SLACK_S, f"mutation {number}"
        # Where the head still promises a length, what is missing is told.
        assert head or remarks or seconds >= 3 - SLACK_S or ending in NO_LENGTH, f"mutation {number}: not a word"
        path.unlink()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_headers_that_promise_gigabytes_take_no_memory(tmp_path: Path) -> None:
    """Sizes and rates at their extremes, in a process of its own whose memory is watched."""
    for ending, codec in FORMATS:
        data = write(tmp_path / f"a.{ending}", codec, 1.0)
        for place in range(0, min(96, len(data) - 4), 4):
            (tmp_path / f"{ending}-{place}.{ending}").write_bytes(
                data[:place] + b"\x7f\xff\xff\xff" + data[place + 4 :]
            )
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from workbench.audio.decode import decode_file; from workbench.errors import AudioError\n"
        "files = sorted(Path(sys.argv[1]).iterdir()); decode_file(Path(sys.argv[1]) / 'a.m4a')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for path in files:\n"
        "    try: decode_file(path, longest=60)\n"
        "    except AudioError: pass\n"
        "print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < MOST_MEMORY


def test_a_mutated_file_is_said_or_whole(tmp_path: Path) -> None:
    """A short round of the above for every day."""
    rng = np.random.default_rng(3)
    data = write(tmp_path / "a.m4a", "aac", 2.0)
    for _ in range(12):
        (tmp_path / "b.m4a").write_bytes(mutated(data, rng))
        try:
            sound = decode_file(tmp_path / "b.m4a")
        except AudioError:
            continue
        assert sound.duration >= 2 - SLACK_S or sound.remarks or check(sound)
