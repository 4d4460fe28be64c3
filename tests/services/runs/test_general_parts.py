"""Bundled and own general speech in its parts: who is where, what a run may not use, what is said of a small set."""

from dataclasses import replace

from workbench.core.text.normalize import normalize_marks
from workbench.services.runs.clips import RunClip
from workbench.services.runs.forgetting import version_of
from workbench.services.runs.general_parts import GeneralParts, bundled_clips, bundled_parts, learn_clips, own_parts


def clip(number: int, speaker: str | None = None, text: str = "") -> RunClip:
    said = text or f"sentence number {number} says something of its own here"
    return RunClip(number, f"{number:064}", f"{number}.wav", 16_000, speaker, said)


def everything(parts: GeneralParts) -> list[tuple[RunClip, ...]]:
    return [parts.rehearse, parts.steer, parts.report]


def test_the_bundled_parts_share_no_voice_and_no_sentence_and_lose_no_clip() -> None:
    parts = bundled_parts()
    assert parts.report == bundled_clips()
    assert {*parts.rehearse, *parts.steer} == {*learn_clips()}
    assert (90 <= len(parts.rehearse) <= 110, 30 <= len(parts.steer) <= 50, parts.note) == (True, True, "")
    for of in (lambda c: c.speaker, lambda c: normalize_marks(c.text), lambda c: c.sha256, lambda c: c.id):
        first, second, third = ({of(c) for c in clips} for clips in everything(parts))
        assert not first & second
        assert not (first | second) & third


def test_a_set_of_ones_own_is_divided_and_its_version_is_that_of_what_is_reported() -> None:
    clips = [clip(n, f"speaker {n % 10}") for n in range(1, 151)]
    parts = own_parts("everyday", clips, "en", "en")
    assert parts.note == ""
    assert sum(len(part) for part in everything(parts)) == len(clips)
    assert all(everything(parts))
    assert own_parts("everyday", clips[::-1], "en", "en").each(lambda c: tuple(sorted(c, key=lambda x: x.id))) == parts
    corrected = replace(parts.report[0], text="another label")
    relabelled = [corrected if c is parts.report[0] else c for c in clips]
    assert version_of(own_parts("everyday", relabelled, "en", "en").report) != version_of(parts.report)


def test_a_small_set_is_reported_whole_and_says_so() -> None:
    clips = [clip(n, f"speaker {n % 3}") for n in range(1, 13)]
    english, german = own_parts("everyday", clips, "en", None), own_parts("everyday", clips, "de", "de")
    assert english.report == german.report == tuple(clips)
    assert (english.steer, english.rehearse) == (bundled_parts().steer, bundled_parts().rehearse)
    assert (german.steer, german.rehearse) == ((), ())
    assert "everyday is too small" in english.note
    assert "bundled" in english.note
    assert "nothing steers" in german.note


def test_what_a_run_learns_from_does_not_steer_it_and_what_judges_it_is_not_rehearsed() -> None:
    parts = bundled_parts()
    learned, judging = [replace(parts.steer[0], id=1)], [clip(2, text=parts.rehearse[0].text.upper())]
    left = parts.unlike(learned, judging)
    assert (left.steer, left.rehearse, left.report) == (parts.steer[1:], parts.rehearse[1:], parts.report)
