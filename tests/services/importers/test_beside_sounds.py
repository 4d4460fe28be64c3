"""Annotations and subtitles beside sounds: which belongs to which, and the choice of tiers."""

import pytest

from tests.services.conftest import problems
from tests.services.importers.test_annotations import EAF, LONG, MARY, SRT, VTT
from workbench.services.importers import TierChoice


def test_each_annotation_finds_its_sound(write, read) -> None:
    one_tier = (
        EAF.replace('TIER_ID="A_Gloss"', 'TIER_ID="empty"')
        .replace("<REF_ANNOTATION", "<OTHER")
        .replace("</REF_ANNOTATION", "</OTHER")
    )
    reading = read(
        write(
            {
                "x/talk.eaf": one_tier,  # names its sound itself
                "x/talk one.wav": b"x",
                "y/call.WAV": b"x",  # by the same name
                "y/call.TextGrid": LONG,
                "y/call.txt": "not this",
                "z.mp4": b"x",
                "z.wav": b"x",  # the sound is taken, not the film
                "z.srt": SRT,
                "z.vtt": VTT,
                "plain.wav": b"x",
                "plain.txt": "said",
                "alone.srt": SRT,
            }
        )
    )
    assert [(c.name, c.source, c.text) for c in reading.candidates] == [
        ("plain.wav", None, "said"),
        ("z.wav", "z.wav", "We are in New York City"),
        ("z.wav", "z.wav", "It's 4 < 5 here"),
        ("talk one.wav", "x/talk one.wav", "ᎣᏏᏲ & <hello>"),
        ("talk one.wav", "x/talk one.wav", "second line"),
        ("call.WAV", "y/call.WAV", MARY[0][2]),
        ("call.WAV", "y/call.WAV", "ä"),
    ]
    assert [c.speaker for c in reading.candidates] == [None, "Roger Bingham", "Esme & Mary", "Ann", "Ann", None, None]
    assert ("alone.srt", None, "text names a missing file") in problems(reading)
    assert problems(reading, "warnings") == [
        ("z.srt", None, "not used, since another text stands beside the same sound"),
        ("z.mp4", None, "not used, since z.wav has the same name and the text with times"),
        ("y/call.txt", None, "not used, since another text has the times"),
    ]


def test_a_video_without_sound_gives_way_to_the_recording(write, read, shared_cases) -> None:
    case = shared_cases / "eaf_silent_video"
    film, sound = (case / "talk.mp4").read_bytes(), (case / "talk.wav").read_bytes()
    eaf = (case / "talk.eaf").read_text()
    for ending in ("mp4", "mov", "m4v"):
        folder = write(
            {
                f"{ending}/a/film.{ending}": film,
                f"{ending}/a/mic.wav": sound,
                f"{ending}/a/talk.eaf": eaf.replace("talk.mp4", f"film.{ending}").replace("talk.wav", "mic.wav"),
            }
        )
        reading = read(folder / ending)
        assert [(c.name, c.text) for c in reading.candidates if c.text] == [
            ("mic.wav", "first"),
            ("mic.wav", "second & more"),
        ]
        assert problems(reading) == []
    alone = read(write({"b/film.mp4": film, "b/talk.eaf": eaf.replace("talk.mp4", "film.mp4")}) / "b")
    assert {c.name for c in alone.candidates} == {"film.mp4"}  # decoding it says that it holds no sound


def test_a_broken_annotation_does_not_bring_its_sound_in_as_something_else(write, read) -> None:
    folder = write(
        {"a.eaf": "<x", "a.wav": b"x", "b.wav": b"x", "c.srt": "1\n00:00:01,000 --> 00:00:02,000\n", "c.wav": b"x"}
    )
    reading = read(folder)
    assert [c.name for c in reading.candidates] == ["b.wav"]
    assert [(file, reason) for file, _, reason in problems(reading)] == [
        ("a.eaf", "not valid XML (line 1)"),
        ("c.srt", "no text with times in it"),
    ]


def test_tiers_must_be_chosen_and_can_be_several(write, read) -> None:
    folder = write({"a.eaf": EAF, "talk one.wav": b"x", "c.TextGrid": LONG, "c.wav": b"x"})
    with pytest.raises(
        TierChoice, match=r"a\.eaf has several tiers with text \('A_Transcription', 'A_Gloss'\)"
    ) as caught:
        read(folder)
    assert caught.value.tiers == ("A_Transcription", "A_Gloss")
    reading = read(folder, tiers=("A_Gloss", "Mary"))
    assert [c.text for c in reading.candidates] == [MARY[0][2], "ä", "2nd line.SG"]
    both = read(folder / "a.eaf", tiers=("A_Gloss", "A_Transcription"))
    assert [(c.text, c.cut) for c in both.candidates] == [
        ("ᎣᏏᏲ & <hello>", (0.48, 1.73)),
        ("second line", (2.0, 3.25)),
        ("2nd line.SG", (2.0, 3.25)),
    ]
    wrong = read(folder / "c.TextGrid", tiers=("Bill",))
    assert problems(wrong)[-1] == ("c.TextGrid", None, "no tier called Bill; its tiers with text are Mary")


def test_tiers_of_a_conversation_are_speakers(write, read) -> None:
    grid = LONG.replace('"IntervalTier"\n        name = "John"', '"IntervalTier"\n        name = "John"').replace(
        'xmax = 2.3\n            text = ""', 'xmax = 2.3\n            text = "yes"'
    )
    folder = write({"a.TextGrid": grid, "a.wav": b"x"})
    reading = read(folder, tiers=("Mary", "John"))
    assert [(c.text, c.speaker) for c in reading.candidates] == [
        ("yes", "John"),
        (MARY[0][2], "Mary"),
        ("ä", "Mary"),
    ]


def test_an_annotation_named_by_itself_leads_to_its_sound(write, read) -> None:
    folder = write({"a.TextGrid": LONG, "a.flac": b"x", "b.flac": b"x"})
    assert [c.path.name for c in read(folder / "a.TextGrid").candidates] == ["a.flac", "a.flac"]
    assert [c.text for c in read(folder / "a.flac").candidates] == [MARY[0][2], "ä"]
    outside = EAF.replace("./talk%20one.wav", "../../out.wav").replace("talk%20one", "gone")
    write({"../../out.wav": b"x", "x/a.eaf": outside})
    assert problems(read(folder / "x" / "a.eaf"))[0] == ("a.eaf", None, "text names a missing file")


def test_subtitles_may_name_their_language(write, read) -> None:
    reading = read(write({"talk.en-US.vtt": VTT, "talk.mp4": b"x"}))
    assert [c.path.name for c in reading.candidates] == ["talk.mp4"] * 2
    assert problems(reading) == problems(reading, "warnings") == []
