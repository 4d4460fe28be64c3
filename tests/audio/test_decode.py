"""Decoding: every container, rate, depth and channel count ends as mono 16 kHz; what cannot be a clip says why."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tests.conftest import speechlike
from workbench.audio import decode
from workbench.audio.decode import check, content_hash, decode_file, from_array, read_clip, write_flac
from workbench.audio.recording import open_recording
from workbench.audio.resampling import CUT_OFF
from workbench.errors import AudioError


def encode(path: Path, codec: str, rate: int, *, channels: int = 1, video: bool = False, seconds: float = 1.0) -> Path:
    """Write a sound with PyAV, as a phone or a browser would."""
    sound = speechlike(seconds, rate=rate)
    layout = "mono" if channels == 1 else "stereo"
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, bit_rate=96_000)
        picture = container.add_stream("mpeg4", rate=25) if video else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for _ in range(25):
                container.mux(picture.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(picture.encode(None))
        frame = av.AudioFrame.from_ndarray(np.tile(sound, (channels, 1)), format="fltp", layout=layout)
        frame.sample_rate = rate
        for part in av.AudioResampler(format=stream.format.name, layout=layout, rate=rate).resample(frame):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def same_sound(samples: np.ndarray, seconds: float = 1.0) -> bool:
    """Whether a lossy copy still is the sound that `encode` wrote: correlation at the best small delay."""
    original = speechlike(seconds)
    n = min(len(samples), len(original))
    spectrum = np.fft.rfft(samples[:n], 2 * n) * np.conj(np.fft.rfft(original[:n], 2 * n))
    best = np.abs(np.fft.irfft(spectrum)).max()
    return bool(best > 0.8 * np.linalg.norm(samples[:n]) * np.linalg.norm(original[:n]))


@pytest.mark.parametrize(
    ("name", "codec", "rate", "channels", "video"),
    [
        ("a.m4a", "aac", 44_100, 1, False),
        ("a.mp4", "aac", 48_000, 2, True),
        ("a.webm", "libopus", 48_000, 1, False),
        ("a.aac", "aac", 22_050, 1, False),
        ("a.mkv", "ac3", 48_000, 2, False),
        ("a.wma", "wmav2", 44_100, 2, False),
        ("a.mov", "pcm_s16le", 8_000, 1, False),
    ],
)
def test_formats_that_pyav_reads(tmp_path, name, codec, rate, channels, video) -> None:
    sound = decode_file(encode(tmp_path / name, codec, rate, channels=channels, video=video))
    assert sound.samples.dtype == np.float32
    assert sound.duration == pytest.approx(1.0, abs=0.15)
    assert (sound.original_rate, sound.channels) == (rate, channels)
    container = name.split(".")[1]
    assert sound.original_format == {"wma": "asf", "mkv": "matroska"}.get(container, container)
    assert rate < 16_000 or same_sound(sound.samples)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_formats_that_soundfile_reads(make_wav, ending, rate) -> None:
    sound = decode_file(make_wav(f"a.{ending}", rate=rate))
    assert sound.duration == pytest.approx(1.0, abs=0.1)
    assert sound.original_format == ending
    assert same_sound(sound.samples)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_depths(make_wav, subtype) -> None:
    assert same_sound(decode_file(make_wav("a.wav", subtype=subtype)).samples)


@pytest.mark.parametrize("rate", [11_025, 44_101, 7_919, 96_000])
def test_odd_rates_need_no_giant_kernel(make_wav, rate) -> None:
    sound = decode_file(make_wav("a.wav", rate=rate))
    assert sound.duration == pytest.approx(1.0, abs=0.01)
    assert same_sound(sound.samples)


def test_opus_begins_and_ends_where_the_sound_does(tmp_path) -> None:
    """The coder's lead-in of 6.5 ms is left out of ffmpeg's files, also of a recording that is read piece by piece."""
    path, sound = encode(tmp_path / "a.opus", "libopus", 16_000, seconds=2.0), speechlike(2.0)
    with open_recording(path, tmp_path) as recording:
        for samples in (decode_file(path).samples, np.asarray(recording.tracks[0])):
            assert len(samples) == pytest.approx(len(sound), abs=1)
            n = len(samples)
            together = np.fft.irfft(np.fft.rfft(sound[:n], 2 * n) * np.conj(np.fft.rfft(samples, 2 * n)))
            assert int(np.argmax(together)) == 0


def test_the_wrong_ending_does_not_matter(make_wav) -> None:
    path = make_wav("a.wav")
    assert decode_file(path.rename(path.with_suffix(".mp3"))).original_format == "wav"


def test_channels_are_averaged(make_wav) -> None:
    tone = speechlike(1)
    sound = decode_file(make_wav("a.wav", samples=np.stack([tone, 0.5 * tone], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(sound.samples, 0.75 * tone, atol=1e-5)


def test_channels_that_cancel_leave_the_louder_one(make_wav) -> None:
    tone = speechlike(1)
    sound = decode_file(make_wav("a.wav", samples=np.stack([-0.9 * tone, tone], axis=1), subtype="FLOAT"))
    np.testing.assert_allclose(sound.samples, tone, atol=1e-5)


def test_not_a_number_and_giant_values(make_wav) -> None:
    broken = speechlike(1)
    broken[100:110] = np.nan
    broken[200] = np.inf
    samples = decode_file(make_wav("a.wav", samples=broken, subtype="FLOAT")).samples
    assert np.all(np.isfinite(samples))
    loud = decode_file(make_wav("b.wav", samples=np.stack([speechlike(1) * 1e38] * 2, axis=1), subtype="FLOAT")).samples
    assert np.abs(loud).max() == pytest.approx(1)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"hello, I am text\n" * 50, b"\x00" * 5_000])
def test_what_is_no_sound(tmp_path, content) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        decode_file(path)
    assert caught.value.reason.startswith("unreadable" if content else "empty")
    assert caught.value.remedy


def test_a_missing_file_a_picture_and_a_header_without_samples(tmp_path, make_wav) -> None:
    with pytest.raises(AudioError, match="unreadable"):
        decode_file(tmp_path / "none.wav")
    with pytest.raises(AudioError, match="empty"):
        decode_file(make_wav("a.wav", samples=np.zeros(0, np.float32)))
    with av.open(tmp_path / "silent.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioError, match="holds no sound"):
        decode_file(tmp_path / "silent.mp4")


def test_a_playlist_opens_nothing(tmp_path, make_wav) -> None:
    secret = make_wav("secret.wav")
    for name, content in {
        "a.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        "b.ffconcat": f"ffconcat version 1.0\nfile '{secret.name}'\n",
        "c.wav": f"ffconcat version 1.0\nfile '{secret}'\n",
    }.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(AudioError, match="unreadable"):
            decode_file(tmp_path / name)


def test_a_damaged_end_is_a_warning(make_wav) -> None:
    whole = make_wav("a.flac", 4.0).read_bytes()
    path = make_wav("b.wav", 2.0)
    path.write_bytes(path.read_bytes()[:40_000])
    assert check(decode_file(path)) == (CUT_OFF,)
    (path.parent / "c.flac").write_bytes(whole[: len(whole) // 2])
    sound = decode_file(path.parent / "c.flac")
    assert sound.duration < 3
    assert CUT_OFF in check(sound)


def test_rejections(make_wav) -> None:
    for samples, reason in [
        (np.zeros(16_000, np.float32), "silent"),
        (np.full(16_000, 0.25, np.float32), "silent"),
        (speechlike(0.19), "shorter than 0.2 s"),
        (speechlike(30.01), "longer than 30 s"),
    ]:
        with pytest.raises(AudioError) as caught:
            check(decode_file(make_wav("a.wav", samples=samples)))
        assert caught.value.reason.startswith(reason)
    assert check(decode_file(make_wav("b.wav", 0.2))) == ()
    assert check(decode_file(make_wav("c.wav", 30.0))) == ()


def test_reading_stops_at_the_limit(make_wav, tmp_path) -> None:
    with pytest.raises(AudioError, match=r"longer than 30 s \(it lasts 40\.0 s\)"):
        decode_file(make_wav("a.wav", 40), longest=30)
    with pytest.raises(AudioError, match="longer than 2 s"):
        decode_file(encode(tmp_path / "a.m4a", "aac", 44_100, seconds=3.0), longest=2)


def test_clipping_and_quietness_are_warnings(make_wav) -> None:
    clipped = np.clip(6 * speechlike(1), -1, 1)
    assert check(decode_file(make_wav("a.wav", samples=clipped))) == (decode.CLIPPED,)
    assert check(
        decode_file(make_wav("a8.wav", samples=np.clip(6 * speechlike(1, rate=8_000), -1, 1), rate=8_000))
    ) == (decode.CLIPPED,)
    assert check(decode_file(make_wav("b.wav", samples=0.01 * speechlike(1)))) == (decode.QUIET,)
    assert check(decode_file(make_wav("c.wav", samples=speechlike(1, level=0.99)))) == ()


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("channels", [0, 1, 2])
def test_microphone_arrays(dtype, channels) -> None:
    tone = speechlike(1, rate=48_000)
    if dtype == np.uint8:
        array = (tone * 127 + 128).astype(dtype)
    else:
        array = (tone * np.iinfo(dtype).max).astype(dtype) if np.issubdtype(dtype, np.integer) else tone.astype(dtype)
    sound = from_array(48_000, np.stack([array] * channels, axis=1) if channels else array)
    assert same_sound(sound.samples)
    assert sound.original_format == "microphone"


@pytest.mark.parametrize("array", [[], np.zeros((0, 2)), np.zeros((2, 2, 2)), np.array([None])])
def test_microphone_nonsense(array) -> None:
    with pytest.raises(AudioError):
        from_array(16_000, array)
    with pytest.raises(AudioError):
        from_array(0, np.ones(100))


def test_stored_clips_come_back_bit_for_bit(tmp_path) -> None:
    samples = speechlike(1)
    path = tmp_path / "ab" / "clip.flac"
    write_flac(path, samples)
    again = read_clip(path)
    np.testing.assert_allclose(again, samples, atol=1 / 65_536)
    assert content_hash(again) == content_hash(samples) == content_hash(decode_file(path).samples)
    assert [p.name for p in path.parent.iterdir()] == ["clip.flac"]
    with pytest.raises(AudioError, match="cannot be read"):
        read_clip(tmp_path / "none.flac")
    soundfile.write(tmp_path / "other.flac", samples, 8_000)
    with pytest.raises(AudioError, match="16 kHz mono"):
        read_clip(tmp_path / "other.flac")


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(decode.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        write_flac(tmp_path / "x" / "clip.flac", speechlike(0.5))
    assert list((tmp_path / "x").iterdir()) == []


def test_real_recordings(shared_audio) -> None:
    files = [next((shared_audio / name / "audio").iterdir()) for name in ("cherokee_phrases", "noise_machinery")]
    for path, rate in zip(files, (22_050, 44_100), strict=True):
        sound = decode_file(path)
        assert check(sound) == ()
        assert sound.original_rate == rate


def test_importing_loads_no_torch() -> None:
    code = (
        "import sys, workbench.audio.decode, workbench.audio.augment, workbench.audio.spectrogram;"
        "print([m for m in ('torch', 'gradio', 'librosa', 'matplotlib') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
