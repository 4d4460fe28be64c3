"""Nothing of a sound is left out in silence: as long as ffmpeg's, or a word about what is missing."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.containers import KINDS, damaged, ffmpeg_seconds, write
from tests.conftest import speechlike
from workbench.audio.decode import CLIPPED, Sound, check, decode_file, remedy_for
from workbench.audio.recording import open_recording
from workbench.audio.resampling import CUT_OFF
from workbench.errors import AudioError

SLACK_S = 0.06  # a frame or two: where ffmpeg takes off, or keeps, a coder's lead-in
# The rest of the file cannot be read without it; ffmpeg reads nothing either.
INDEX_AT_THE_END = {"m4a", "mp4", "mov", "3gp"}
# Streams without a length or an end mark: half of one is a shorter one.
NO_LENGTH = {"mp2", "aac", "ac3", "eac3", "ts", "mpg", "amr", "rm", "g722", "sox", "latm", "voc"}


@pytest.fixture(scope="module", autouse=True)
def _ffmpeg() -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")


def hear(path: Path) -> Sound:
    try:
        return decode_file(path)
    except AudioError as e:
        return Sound(np.zeros(0, np.float32), "", 0, 0, remarks=(str(e),))


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("ending", "codec"), KINDS)
def test_the_table_of_lengths(tmp_path: Path, ending: str, codec: str) -> None:
    data = write(tmp_path / f"a.{ending}", codec, 4.0)
    other = write(tmp_path / f"b.{ending}", codec, 3.0, seed=1)

    whole = hear(tmp_path / f"a.{ending}")
    assert whole.duration == pytest.approx(4.0, abs=SLACK_S)
    assert whole.duration >= ffmpeg_seconds(tmp_path / f"a.{ending}") - SLACK_S
    assert whole.remarks == ()

    cut = hear(put(tmp_path / f"cut.{ending}", data[: len(data) * 6 // 10]))
    assert cut.duration >= ffmpeg_seconds(tmp_path / f"cut.{ending}") - SLACK_S
    assert cut.remarks or ending in NO_LENGTH

    joined = hear(put(tmp_path / f"joined.{ending}", data + other))
    assert joined.duration >= ffmpeg_seconds(tmp_path / f"joined.{ending}") - SLACK_S
    assert joined.duration >= 7 - 2 * SLACK_S or joined.remarks or ending == "wv"  # where ffmpeg ends with the first

    for place in (0.25, 0.4, 0.8):
        hurt = hear(put(tmp_path / f"hurt.{ending}", damaged(data, place)))
        assert hurt.duration >= ffmpeg_seconds(tmp_path / f"hurt.{ending}") - SLACK_S
        assert hurt.duration > 4 - 2.5 * SLACK_S or hurt.remarks


@pytest.mark.parametrize("n_parts", [2, 3])
@pytest.mark.parametrize(
    ("ending", "codec"), [("mp3", "libmp3lame"), ("ogg", "libopus"), ("flac", "flac"), ("wav", "pcm_s16le")]
)
def test_joined_files_are_heard_to_the_end(tmp_path: Path, ending: str, codec: str, n_parts: int) -> None:
    parts = [write(tmp_path / f"{seed}.{ending}", codec, 2.0, seed=seed) for seed in range(n_parts)]
    path = put(tmp_path / f"joined.{ending}", b"".join(parts))
    assert hear(path).duration == pytest.approx(2 * n_parts, abs=0.1 * n_parts)
    with open_recording(path, tmp_path) as recording:
        assert recording.duration == hear(path).duration


def test_an_mp3_without_a_xing_header(tmp_path: Path) -> None:
    data = write(tmp_path / "a.mp3", "libmp3lame", 6.0)
    start = data.index(b"Xing") if b"Xing" in data else data.index(b"Info")
    bare = data[:start] + b"\0\0\0\0" + data[start + 4 :]
    assert hear(put(tmp_path / "b.mp3", bare)).duration == pytest.approx(6.0, abs=0.15)
    front, back = data[: len(data) // 2], data[len(data) // 2 :]
    with_tag = front + b"ID3\x04\x00\x00\x00\x00\x00\x0a" + b"\0" * 10 + back
    assert hear(put(tmp_path / "c.mp3", with_tag)).duration > 5.9


@pytest.mark.parametrize("riff", [0, 0xFFFFFFFF, 0x7FFFF024, None])
@pytest.mark.parametrize("data", [0, 0xFFFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_of_a_recorder_that_was_not_closed(tmp_path: Path, riff: int | None, data: int, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, speechlike(3), 16_000, subtype=subtype, format="WAV")
    content = bytearray(path.read_bytes())
    if riff is not None:
        content[4:8] = struct.pack("<I", riff)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", data)
    path.write_bytes(content)
    sound = hear(path)
    assert sound.duration == pytest.approx(3, abs=0.001)
    assert check(sound) == ()


@pytest.mark.parametrize("ending", ["wav", "aiff", "au", "w64", "caf", "rf64"])
def test_a_file_cut_short_says_so(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, speechlike(4), 16_000, subtype="PCM_16", format=ending.upper())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    sound = hear(path)
    assert sound.duration == pytest.approx(2, abs=0.07)
    assert check(sound) == (CUT_OFF,)
    assert "copy" in remedy_for(CUT_OFF)


def test_samples_behind_the_announced_end(tmp_path: Path) -> None:
    """A recorder whose header was last written after a second."""
    path = tmp_path / "a.wav"
    soundfile.write(path, speechlike(4), 16_000)
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", 32_000)
    path.write_bytes(content)
    sound = hear(path)
    assert sound.duration == pytest.approx(1)
    assert sound.remarks == ("3.0 s stand behind the end that its header states and were left out",)
    path.write_bytes(content[: place + 4 + 32_000] + bytes(96_000))
    assert hear(path).remarks == ()  # zeros, as memory cards are filled up with


def test_a_wav_with_other_chunks_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, speechlike(2), 16_000)
    content = path.read_bytes()
    for tail in (b"LIST" + struct.pack("<I", 5) + b"INFOx\0", b"id3 " + struct.pack("<I", 3) + b"abc"):
        assert check(hear(put(tmp_path / "b.wav", content + tail))) == ()


def test_damage_in_the_middle_keeps_the_rest_in_its_place(tmp_path: Path) -> None:
    data = write(tmp_path / "a.m4a", "aac", 6.0)
    sound = hear(put(tmp_path / "b.m4a", damaged(data, 0.4)))
    (remark,) = check(sound)
    assert "could not be read and are silent now: the file is damaged" in remark
    assert "copy the file again" in remedy_for(remark)
    original = hear(tmp_path / "a.m4a").samples
    np.testing.assert_allclose(sound.samples[-16_000:], original[-16_000:], atol=0.02)
    with open_recording(tmp_path / "b.m4a", tmp_path) as recording:
        assert recording.remarks == (remark,)
        (place, _), *_ = recording.skipped
        near = round(place * 16_000)
        assert recording.part(0, near - 8_000, near + 8_000).remarks
        assert recording.part(0, 0, 8_000).remarks == ()


def test_a_stream_that_changes_its_rate(tmp_path: Path) -> None:
    parts = [write(tmp_path / f"{rate}.aac", "aac", 3.0, rate=rate) for rate in (44_100, 22_050, 48_000)]
    path = put(tmp_path / "all.aac", b"".join(parts))
    sound = hear(path)
    assert sound.duration == pytest.approx(9, abs=0.25)
    assert sound.original_rate == 44_100
    voice = speechlike(3)
    for n in (0, 1, 2):  # at its own speed, not faster or slower
        part = sound.samples[n * 48_000 + 4_000 : n * 48_000 + 44_000]
        norm = np.linalg.norm(part) * np.linalg.norm(voice)
        size = 2**18
        together = np.fft.irfft(np.fft.rfft(part, size) * np.conj(np.fft.rfft(voice, size)))
        assert np.abs(together).max() > 0.7 * norm


def test_floats_above_full_scale_are_not_clipped(tmp_path: Path) -> None:
    voice = speechlike(2)
    path = tmp_path / "a.wav"
    for peak in (1.5, 7.0, 32_768.0):
        soundfile.write(path, voice / np.abs(voice).max() * peak, 16_000, subtype="FLOAT")
        assert check(hear(path)) == ()
    soundfile.write(path, np.clip(6 * voice, -1, 1), 16_000, subtype="FLOAT")
    assert check(hear(path)) == (CLIPPED,)
    soundfile.write(path, np.clip(12 * voice, -2, 2), 16_000, subtype="DOUBLE")
    assert check(hear(path)) == (CLIPPED,)


def test_a_silent_first_track(tmp_path: Path) -> None:
    import av

    def tracks(path: Path, voices: list[np.ndarray]) -> Path:
        with av.open(str(path), "w") as container:
            streams = [container.add_stream("aac", rate=16_000, layout="mono") for _ in voices]
            for stream, voice in zip(streams, voices, strict=True):
                frame = av.AudioFrame.from_ndarray(voice[None], format="fltp", layout="mono")
                frame.sample_rate = 16_000
                for part in av.AudioResampler(format="fltp", frame_size=1024).resample(frame):
                    part.pts = None
                    container.mux(stream.encode(part))
                container.mux(stream.encode(None))
        return path

    silence, voice = np.zeros(48_000, np.float32), speechlike(3)
    found = hear(tracks(tmp_path / "a.mkv", [silence, voice]))
    assert check(found) == ("its first audio track is silent: track 2 of 2 was read",)
    found = hear(tracks(tmp_path / "b.mp4", [silence, silence, voice]))
    assert check(found) == ("its first audio track is silent: track 3 of 3 was read",)
    found = hear(tracks(tmp_path / "c.mov", [voice, speechlike(3, seed=1)]))
    assert check(found) == ("holds 2 audio tracks: the first was read",)
    with open_recording(tmp_path / "a.mkv", tmp_path) as recording:
        assert np.abs(recording.tracks[0]).max() > 0.1
    with pytest.raises(AudioError, match="silent"):
        check(hear(tracks(tmp_path / "d.mkv", [silence, silence])))


@pytest.mark.parametrize(
    ("case", "seconds", "remarks"),
    [
        ("mp3_no_xing/speech_sil_noxing.mp3", 26.46, 0),
        ("mp3_no_xing/vbr_noxing.mp3", 3.35, 0),
        ("damaged_middle/dmg.aac", 16.35, 1),
        ("damaged_middle/dmg.m4a", 16.35, 1),
        ("wav_size_zero/data0.wav", 3.275, 0),
        ("two_audio_tracks/obs2.mkv", 3.39, 1),
        ("float_over_full_scale/f32_loud.wav", 3.275, 0),
    ],
)
def test_cases_that_were_reported(shared_cases: Path, case: str, seconds: float, remarks: int) -> None:
    sound = hear(shared_cases / case)
    assert sound.duration == pytest.approx(seconds, abs=0.06)
    assert len(check(sound)) == remarks


@pytest.mark.parametrize(("rate", "n"), [(48_000, 1), (192_000, 3), (16_000, 1)])
def test_a_sound_of_hardly_a_sample_is_a_sentence(tmp_path: Path, rate: int, n: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(n, 0.5, np.float32), rate)
    with pytest.raises(AudioError):
        check(decode_file(path))
    with pytest.raises(AudioError), open_recording(path, tmp_path) as recording:
        check(recording.part(0, 0, len(recording.tracks[0])))


def test_a_damaged_packet_that_claims_hours_makes_no_hours(tmp_path: Path) -> None:
    data = bytearray(damaged(write(tmp_path / "a.m4a", "aac", 4.0), 0.4))
    place = data.index(b"stts") + 12
    for delta in (10**6, 10**8, 4 * 10**9):
        data[place : place + 4] = struct.pack(">I", delta)
        path = put(tmp_path / "b.m4a", bytes(data).replace(b"edts", b"free"))
        sound = hear(path)
        assert sound.duration < 60
        assert not any("longer" in remark for remark in sound.remarks)


def test_joined_flac_keeps_the_beginning_of_each(tmp_path: Path) -> None:
    voices = [speechlike(1, seed=seed) for seed in range(3)]
    parts = []
    for voice in voices:
        soundfile.write(tmp_path / "a.flac", voice, 16_000)
        parts.append((tmp_path / "a.flac").read_bytes())
    sound = hear(put(tmp_path / "all.flac", b"".join(parts)))
    np.testing.assert_allclose(sound.samples, np.concatenate(voices), atol=1e-4)
    assert sound.remarks == ()


def test_more_channels_than_are_read_are_told(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([speechlike(1)] * 10, axis=1), 16_000)
    assert check(hear(tmp_path / "a.wav")) == ("holds 10 channels: the first 8 were read, the others left out",)


@pytest.mark.parametrize(("ending", "codec"), [("opus", "libopus"), ("flac", "flac"), ("m4a", "aac")])
def test_what_follows_damage_stays_where_it_was(tmp_path: Path, ending: str, codec: str) -> None:
    data = write(tmp_path / f"a.{ending}", codec, 6.0)
    whole = hear(tmp_path / f"a.{ending}").samples
    sound = hear(put(tmp_path / f"b.{ending}", damaged(data, 0.4)))
    assert any("are silent now" in remark for remark in sound.remarks)
    tail = slice(round(4.5 * 16_000), round(5.5 * 16_000))
    np.testing.assert_allclose(sound.samples[tail], whole[tail], atol=0.05)


def test_a_sound_that_begins_after_its_picture(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        picture = container.add_stream("mpeg4", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for _ in range(100):
            container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray((speechlike(2)[None] * 32_767).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 32_000  # two seconds in
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    found = hear(tmp_path / "a.mkv")
    assert found.duration == pytest.approx(4, abs=0.05)
    assert found.remarks == ("its sound begins 2.00 s late: silence stands before it",)
    assert np.abs(found.samples[: round(1.9 * 16_000)]).max() == 0


def test_damage_in_a_later_part_is_told_where_it_is(tmp_path: Path) -> None:
    first = write(tmp_path / "a.flac", "flac", 3.0)
    second = damaged(write(tmp_path / "b.flac", "flac", 3.0, seed=1), 0.5, 30_000)
    with open_recording(put(tmp_path / "all.flac", first + second), tmp_path) as recording:
        assert recording.skipped
        assert all(4 < place < 6 for place, _ in recording.skipped)
        assert recording.part(0, 0, 2 * 16_000).remarks == ()
