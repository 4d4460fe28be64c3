"""Long recordings become clips that know their place: cut in pauses, by annotations, by channel; nothing is lost."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import speechlike
from workbench.audio.decode import read_clip
from workbench.core.types import Clip
from workbench.services.importers import ImportOptions
from workbench.store.models import ClipRow

RATE = 16_000


@pytest.fixture
def places(store) -> Callable[..., dict[int, tuple[float, float] | None]]:
    """places(clips): where each was cut, in seconds; None for a whole recording."""

    def find(clips: list[Clip]) -> dict[int, tuple[float, float] | None]:
        with store.session() as session:
            rows = [session.get_one(ClipRow, clip.id) for clip in clips]
            return {
                row.id: (row.source_start, row.source_end)
                if row.source_start is not None and row.source_end is not None
                else None
                for row in rows
            }

    return find


def talk(minutes: float, seed: int = 0) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Bursts of sound, each of its own pitch, with pauses of 0.4 to 4 s over a faint hum; and when each is."""
    rng = np.random.default_rng(seed)
    samples = (1e-3 * rng.standard_normal(round(minutes * 60 * RATE))).astype(np.float32)
    said, now = [], 0.5
    while now + 12 < minutes * 60:
        seconds = rng.uniform(0.8, 11)
        first, n = round(now * RATE), round(seconds * RATE)
        pitch = 150 + 7 * len(said)
        samples[first : first + n] += 0.3 * np.sin(2 * np.pi * pitch * np.arange(n) / RATE).astype(np.float32)
        said.append((first / RATE, (first + n) / RATE))
        now += seconds + rng.uniform(0.4, 4)
    return samples, said


def srt(spans: list[tuple[float, float]]) -> str:
    def clock(seconds: float) -> str:
        minutes, thousandths = divmod(round(seconds * 1000), 60_000)
        return f"00:{minutes:02}:{thousandths // 1000:02},{thousandths % 1000:03}"

    return "".join(f"{n}\n{clock(a)} --> {clock(b)}\nsentence {n}\n\n" for n, (a, b) in enumerate(spans, start=1))


@pytest.fixture(scope="module")
def half_an_hour() -> tuple[np.ndarray, list[tuple[float, float]]]:
    return talk(30)


def test_half_an_hour_without_text(collecting, labelling, workspace, folder, places, half_an_hour) -> None:
    samples, said = half_an_hour
    soundfile.write(folder / "talk.wav", samples, RATE, subtype="PCM_16")
    report = collecting.import_path(folder / "talk.wav", "s")
    clips = labelling.clips("s")
    assert (report.added, report.rejected) == (len(clips), ())
    assert [p.reason for p in report.warnings] == [
        f"lasts 30.0 min: cut in its pauses into {len(clips)} clips",
        "no text",
    ]
    spans = [span for span in places(clips).values() if span]
    assert len(spans) == len(clips) > 60
    assert {clip.source for clip in clips} == {"talk.wav"}
    assert all(clip.duration <= 30 for clip in clips)
    assert all(a[1] <= b[0] + 1e-4 for a, b in pairwise(spans))  # in order, none twice
    for start, end in said:  # each stands whole in one clip
        assert sum(a <= start and end <= b for a, b in spans) == 1
    original = np.round(samples * 32768) / 32768
    for clip, (start, _) in zip(clips, spans, strict=True):
        stored = read_clip(workspace.sound_path(clip.sha256))
        first = round(start * RATE)
        np.testing.assert_allclose(stored, original[first : first + len(stored)], atol=1e-4)
    again = collecting.import_path(folder / "talk.wav", "s")
    assert (again.added, again.duplicates) == (0, len(clips))


def test_half_an_hour_with_subtitles_keeps_the_order_of_its_text(
    collecting, labelling, folder, places, half_an_hour
) -> None:
    samples, said = half_an_hour
    soundfile.write(folder / "talk.flac", samples, RATE, subtype="PCM_16")
    (folder / "talk.srt").write_text(srt(said))
    report = collecting.import_path(folder, "s")
    assert (report.added, report.rejected) == (len(said), ())
    clips = labelling.clips("s")
    assert " ".join(c.text for c in clips) == " ".join(f"sentence {n}" for n in range(1, len(said) + 1))
    assert all(clip.status == "confirmed" for clip in clips)
    for span, wanted in zip(places(clips).values(), said, strict=True):
        assert span == pytest.approx(wanted, abs=1e-3)
    assert clips[0].name == "talk 000m00.5s.flac"
    (warning,) = [p for p in report.warnings if p.file == "talk.srt"]
    assert "of talk.flac have no text and were left out" in warning.reason


def test_the_longest_clip_is_settable(collecting, labelling, folder) -> None:
    samples, said = talk(2)
    soundfile.write(folder / "talk.wav", samples, RATE)
    collecting.import_path(folder, "s", wishes=ImportOptions(longest=12))
    durations = [clip.duration for clip in labelling.clips("s")]
    assert max(durations) <= 12
    assert len(durations) >= len(said) / 2
    (folder / "talk.wav").unlink()
    soundfile.write(folder / "short.wav", speechlike(20, seed=3), RATE)
    (folder / "short.txt").write_text("a label of its own")
    collecting.import_path(folder, "t", wishes=ImportOptions(longest=12))
    assert [c.text for c in labelling.clips("t")] == ["a label of its own"]  # whoever labels a clip has cut it


def test_one_text_for_a_long_recording_is_refused(collecting, folder, make_wav) -> None:
    make_wav("data/talk.wav", 31)
    (folder / "talk.txt").write_text("all of it")
    report = collecting.import_path(folder, "s")
    (problem,) = report.rejected
    assert problem.reason == "longer than 30 s (it lasts 31.0 s), with one text for all of it"
    assert ".srt" in problem.remedy


def test_parts_that_cannot_be_clips(collecting, labelling, folder, places) -> None:
    samples = np.concatenate([speechlike(40, seed=1), np.zeros(5 * RATE, np.float32)])
    soundfile.write(folder / "a.wav", samples, RATE)
    spans = [(1, 3), (2.5, 2.5), (4, 3), (5, 5.1), (0, 31), (41, 44), (44, 47), (50, 52), (44, 45.3)]
    (folder / "a.srt").write_text(srt(spans))
    report = collecting.import_path(folder, "s")
    assert [(p.line, p.reason) for p in report.rejected] == [
        (2 + 4 * 4, "longer than 30 s (it lasts 31.00 s, from 0:00.0)"),
        (2 + 4 * 1, "has no length (at 0:02.5)"),
        (2 + 4 * 2, "ends before it begins (it begins at 0:04.0 and ends at 0:03.0)"),
        (2 + 4 * 3, "shorter than 0.2 s (it lasts 0.10 s, from 0:05.0)"),
        (2 + 4 * 5, "silent from 0:41.0 to 0:44.0"),
        (2 + 4 * 8, "silent from 0:44.0 to 0:45.0"),
        (2 + 4 * 6, "reaches to 0:47.0, but a.wav lasts 0:45.0"),
        (2 + 4 * 7, "reaches to 0:52.0, but a.wav lasts 0:45.0"),
    ]
    assert all(p.file == "a.srt" and p.remedy for p in report.rejected)
    assert list(places(labelling.clips("s")).values()) == [(1, 3)]


def test_a_part_that_is_the_whole_file_is_a_whole_clip(collecting, labelling, folder, places, make_wav) -> None:
    make_wav("data/a.wav", 2.0)
    (folder / "a.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.990\nhello\n")
    report = collecting.import_path(folder, "s")
    (clip,) = labelling.clips("s")
    assert (clip.name, clip.text, clip.duration, places([clip])[clip.id]) == (
        "a.wav",
        "hello",
        pytest.approx(1.99),
        None,
    )
    assert report.warnings == ()


def two_voices(path: Path, seconds: float, rate: int = RATE) -> Path:
    left, right = speechlike(seconds, rate=rate, seed=1), 0.5 * speechlike(seconds, rate=rate, seed=2)
    soundfile.write(path, np.stack([left, right], axis=1), rate)
    return path


@pytest.mark.parametrize("seconds", [3, 40])
def test_channels_are_sources_and_speakers_of_their_own(collecting, labelling, folder, places, seconds) -> None:
    two_voices(folder / "call.wav", seconds)
    collecting.import_path(folder, "s", wishes=ImportOptions(by_channel=True))
    clips = labelling.clips("s")
    assert {(c.speaker, c.source) for c in clips} == {
        ("call channel 1", "call.wav channel 1"),
        ("call channel 2", "call.wav channel 2"),
    }
    both = {c: sum(clip.duration for clip in clips if clip.speaker == f"call channel {c}") for c in (1, 2)}
    assert both[1] == pytest.approx(both[2], abs=1.5)
    assert both[1] == pytest.approx(seconds, abs=0.1)
    assert all(places(clips).values())
    collecting.import_path(folder, "mixed")
    assert {c.source for c in labelling.clips("mixed")} == {"call.wav"}


def test_channels_with_one_text_are_mixed_and_that_is_said(collecting, labelling, folder) -> None:
    two_voices(folder / "call.wav", 2)
    (folder / "call.txt").write_text("hello")
    report = collecting.import_path(folder, "s", wishes=ImportOptions(by_channel=True))
    assert [p.reason for p in report.warnings] == ["2 channels with one text; they were mixed"]
    assert [(c.text, c.speaker) for c in labelling.clips("s")] == [("hello", None)]


def test_a_silent_channel_is_said(collecting, folder) -> None:
    samples = np.stack([speechlike(3), np.zeros(3 * RATE)], axis=1)
    soundfile.write(folder / "call.wav", samples, RATE)
    report = collecting.import_path(folder, "s", wishes=ImportOptions(by_channel=True))
    assert (report.added, [p.reason for p in report.rejected]) == (1, ["silent from 0:00.0 to 0:03.0"])


def test_kaldi_segments_may_name_a_channel(collecting, labelling, workspace, write, folder) -> None:
    two_voices(folder / "call.wav", 4)
    segments = "u1 call 0.5 1.5 0\nu2 call 0.5 1.5 1\nu3 call 2 3 2\nu4 call 2 -1\n"
    write({"wav.scp": "call call.wav\n", "segments": segments, "text": "u1 left\nu2 right\nu4 both\n"})
    report = collecting.import_path(folder, "s")
    assert [(p.file, p.reason) for p in report.rejected] == [("u3", "names channel 2, but call.wav has 2")]
    sounds = {c.text: read_clip(workspace.sound_path(c.sha256)) for c in labelling.clips("s")}
    original, _ = soundfile.read(folder / "call.wav", dtype="float32")
    np.testing.assert_allclose(sounds["left"], original[RATE // 2 : 3 * RATE // 2, 0], atol=1e-4)
    np.testing.assert_allclose(sounds["right"], original[RATE // 2 : 3 * RATE // 2, 1], atol=1e-4)
    np.testing.assert_allclose(sounds["both"], original[2 * RATE :].mean(axis=1), atol=1e-4)


def test_nemo_offsets_cut_and_keep_their_order(collecting, labelling, folder, places) -> None:
    soundfile.write(folder / "a.wav", speechlike(60, seed=5), RATE)
    rows = [f'{{"audio_filepath": "a.wav", "offset": {10 * n}, "duration": 4.5, "text": "t{n}"}}' for n in range(5)]
    (folder / "manifest.json").write_text("\n".join(rows))
    report = collecting.import_path(folder, "s")
    assert (report.added, report.rejected) == (5, ())
    assert [(p.file, p.reason) for p in report.warnings] == [
        ("", "all 5 labelled clips come from one recording (a.wav)")
    ]
    soundfile.write(folder / "b.wav", speechlike(6, seed=6), RATE)
    (folder / "manifest.json").write_text('{"audio_filepath": "b.wav", "offset": 1, "duration": 2, "text": "other"}')
    assert collecting.import_path(folder, "s").warnings[1:] == ()  # only that a.wav is not named in this list
    (folder / "b.wav").unlink()
    clips = labelling.clips("s")[:5]
    assert [(c.text, c.source, places([c])[c.id]) for c in clips] == [
        (f"t{n}", "a.wav", (10 * n, 10 * n + 4.5)) for n in range(5)
    ]


def test_a_recording_with_a_broken_end_gives_what_it_holds(collecting, labelling, folder) -> None:
    samples, _ = talk(1.5)
    soundfile.write(folder / "whole.flac", samples, RATE)
    content = (folder / "whole.flac").read_bytes()
    (folder / "cut.flac").write_bytes(content[: len(content) * 2 // 3])
    (folder / "whole.flac").unlink()
    report = collecting.import_path(folder, "s")
    assert report.added >= 2
    assert any("cut off" in p.reason for p in report.warnings)


def test_a_microphone_left_on_is_cut_too(collecting, labelling) -> None:
    report = collecting.add_recording("s", RATE, talk(1)[0])
    assert report.rejected == ()
    assert all(c.duration <= 30 for c in labelling.clips("s"))
    assert "cut in its pauses" in report.warnings[0].reason


def test_uploads_are_cut_as_well(collecting, labelling, tmp_path, make_wav) -> None:
    path = make_wav("x.wav", samples=talk(1)[0])
    (tmp_path / "y.srt").write_text(srt([(0.5, 3), (4, 6)]))
    report = collecting.add_files(
        "s", [(path, "talk.wav"), (tmp_path / "y.srt", "other.srt"), (make_wav("z.wav", 7), "other.wav")], speaker="ann"
    )
    assert report.rejected == ()
    clips = labelling.clips("s")
    assert {c.source for c in clips} == {"talk.wav", "other.wav"}
    assert [c.text for c in clips if c.text] == ["sentence 1", "sentence 2"]
    assert {c.speaker for c in clips} == {"ann"}


def test_what_a_list_says_of_a_long_recording_is_not_said_of_its_pieces(collecting, labelling, folder) -> None:
    soundfile.write(folder / "a.wav", talk(1)[0], RATE)
    (folder / "manifest.json").write_text('{"audio_filepath": "a.wav", "duration": 60, "pred_text_m": "all of it"}')
    report = collecting.import_path(folder, "s")
    assert report.rejected == ()
    assert [p.reason.split(":")[0] for p in report.warnings] == [
        "what models heard in all of it fits no clip and was left out",
        "lasts 60.0 s",
        "no text",
    ]
    assert {clip.text for clip in labelling.clips("s")} == {""}


def test_what_models_heard_in_a_part_is_its_draft(collecting, labelling, folder) -> None:
    soundfile.write(folder / "a.wav", talk(1)[0], RATE)
    row = '{"audio_filepath": "a.wav", "offset": 1, "duration": 5, "pred_text_m": "this part"}'
    (folder / "manifest.json").write_text(row)
    collecting.import_path(folder, "s")
    assert [(c.text, c.status) for c in labelling.clips("s")] == [("this part", "drafted")]
