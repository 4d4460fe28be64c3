"""Prompted recording: what there is to read, and what becomes of a take."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import speechlike
from workbench.core.text.carrier_sentences import carriers
from workbench.errors import AudioError, DataError, UnknownNameError
from workbench.services.clips.prompts import LONGEST_PROMPT, Prompting

RATE = 48_000


@pytest.fixture
def prompting(store, collecting) -> Prompting:
    collecting.create_set("s", "en")
    return Prompting(store, collecting)


def wav(samples: np.ndarray, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def take(seconds: float = 1.6, *, level: float = 0.3, before: float = 0.8, after: float = 0.8, seed: int = 0) -> bytes:
    """Speech between pauses in a quiet room, as a browser sends it."""
    said = speechlike(seconds, rate=RATE, seed=seed, level=level)
    padded = np.concatenate([np.zeros(round(before * RATE)), said, np.zeros(round(after * RATE))])
    noise = 3e-4 * np.random.default_rng(seed).standard_normal(len(padded))
    return wav(np.clip(padded + noise, -1, 1))


TONE = 0.2 * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
ROOM = 3e-4 * np.random.default_rng(0).standard_normal(RATE)

# ---- what there is to read ----


def texts(prompting: Prompting, lines: str, **wishes: object) -> list[str]:
    return [p.text for p in prompting.prompts("s", lines, **wishes).prompts]  # type: ignore[arg-type]


def test_lines_are_read_as_they_are_without_numbers_bullets_and_repetitions(prompting) -> None:
    lines = "1. Stop the press.\n\n- Open valve two.\n2) Stop the press\n  • 3 turns left\n"
    found = prompting.prompts("s", lines)
    assert [p.text for p in found.prompts] == ["Stop the press.", "Open valve two.", "3 turns left"]
    assert found.notes == ("1 repeated line was left out.",)


def test_a_pasted_paragraph_is_read_sentence_by_sentence(prompting) -> None:
    first, second = "The first sentence goes on for a good while, " * 3 + "and ends.", "The second is short."
    assert texts(prompting, f"{first} {second}") == [first, second]
    with pytest.raises(DataError, match=f"Line 2 has a sentence of .* at most {LONGEST_PROMPT}"):
        prompting.prompts("s", "short\n" + "word " * 100)


def test_words_are_put_into_sentences_of_the_sets_language(prompting, collecting) -> None:
    sentences = texts(prompting, "metoprolol\nedema", in_sentences=True, per_term=3)
    assert len(sentences) == 6
    assert sum("edema" in s.lower() for s in sentences) == 3
    collecting.create_set("tsalagi", "chr")
    found = prompting.prompts("tsalagi", "ᎣᏏᏲ", in_sentences=True, per_term=3)
    assert [p.text for p in found.prompts] == ["ᎣᏏᏲ"]
    assert "language (chr)" in found.notes[0]
    assert len(texts(prompting, "edema", in_sentences=True, per_term=99)) <= len(carriers("en"))


@pytest.mark.parametrize("lines", ["", " \n\n", "- \n"])
def test_an_empty_list_says_what_to_do(prompting, lines: str) -> None:
    with pytest.raises(DataError, match="write words or sentences"):
        prompting.prompts("s", lines)


def test_what_a_speaker_has_read_is_known_after_a_reload(prompting) -> None:
    prompting.keep("s", take(seed=1), text="Stop the press!", speaker="ada")
    prompting.keep("s", take(seed=2), text="open valve two", speaker="ada", confirmed=False)
    lines = "Stop the press.\nOpen valve two\nClose it"
    by_ada = prompting.prompts("s", lines, speaker=" ada ")
    assert [p.read for p in by_ada.prompts] == [True, True, False]
    assert [p.read for p in prompting.prompts("s", lines, speaker="ben").prompts] == [False] * 3


# ---- takes ----


def test_a_take_is_trimmed_and_kept_with_its_prompt_as_a_confirmed_label(prompting, labelling) -> None:
    kept = prompting.keep("s", take(1.6, before=1.0, after=1.5), text="Start metoprolol.", speaker="ada")
    (clip,) = labelling.clips("s")  # nothing is learned from distortion unseen
    assert clip.id == kept.clip_id
    assert (clip.text, clip.status, clip.speaker) == ("Start metoprolol.", "confirmed", "ada")
    assert clip.split is not None
    assert 1.6 < clip.duration < 2.4
    assert kept.remark == ""


def test_a_prompt_can_be_kept_as_a_draft_and_free_speech_has_no_label(prompting, labelling) -> None:
    prompting.keep("s", take(seed=1), text="check this", confirmed=False)
    prompting.keep("s", take(seed=2))
    assert [(c.text, c.status, c.speaker) for c in labelling.clips("s")] == [
        ("check this", "drafted", None),
        ("", "unlabelled", None),
    ]
    assert [c.name.split()[0] for c in labelling.clips("s")] == ["read", "recording"]


def test_a_second_reading_replaces_the_first_once_it_is_kept(prompting, collecting, labelling) -> None:
    first = prompting.keep("s", take(seed=1), text="edema").clip_id
    with pytest.raises(AudioError):
        prompting.keep("s", wav(np.zeros(RATE)), text="edema", replaces=first)
    assert [c.id for c in labelling.clips("s")] == [first]
    second = prompting.keep("s", take(seed=2), text="edema", replaces=first).clip_id
    assert [c.id for c in labelling.clips("s")] == [second]
    assert [d.id for d in collecting.deleted()] == [first]  # it can be brought back


def test_no_take_touches_another_set(prompting, collecting, labelling) -> None:
    collecting.create_set("other")
    mine = prompting.keep("other", take(seed=1), text="mine").clip_id
    prompting.keep("s", take(seed=2), text="theirs", replaces=mine)
    assert [c.id for c in labelling.clips("other")] == [mine]
    with pytest.raises(UnknownNameError):
        prompting.keep("deleted meanwhile", take())
    assert sorted(info.name for info in collecting.sets()) == ["other", "s"]


@pytest.mark.parametrize(
    ("sound", "text", "said"),
    [
        (wav(np.zeros(2 * RATE)), "anything", "nothing was heard; check that the right microphone"),
        (take(0.15), "", "too short"),
        (take(0.6), "a sentence that nobody can say in half a second, however fast", "too short"),
        (b"no sound", "", "record it again"),
    ],
    ids=["silent", "short", "hurried", "broken"],
)
def test_a_take_with_nothing_in_it_is_refused_and_not_kept(prompting, labelling, sound, text, said) -> None:
    with pytest.raises(AudioError, match=said):
        prompting.keep("s", sound, text=text)
    assert labelling.clips("s") == []


@pytest.mark.parametrize(
    ("sound", "said"),
    [
        (take(level=4.0), "distorted"),
        (take(level=0.008), "closer to the microphone"),
        (wav(0.05 * np.random.default_rng(0).standard_normal(2 * RATE)), "louder than the room"),
        (wav(np.concatenate([TONE, ROOM])), "beginning may be missing"),
        (wav(np.concatenate([ROOM, TONE])), "end may be missing"),
    ],
    ids=["clipped", "quiet", "noisy", "cut in", "cut off"],
)
def test_a_poor_take_is_kept_and_the_remark_says_what_to_do(prompting, labelling, sound, said) -> None:
    assert said in prompting.keep("s", sound, text="ok").remark
    (clip,) = labelling.clips("s")
    assert clip.status == ("drafted" if "missing" in said else "confirmed")


@pytest.mark.parametrize(
    ("heard", "held"),
    [
        ("start the pump and wait for the gren light", ""),
        ("open valve two before you leaf the hall", "open valve two before you leave the hall"),
        ("", ""),
        ("something else that nobody was to read", ""),
    ],
    ids=["its own", "another", "nobody heard", "neither"],
)
def test_a_take_is_held_back_where_another_prompt_fits_better(store, collecting, labelling, heard, held) -> None:
    collecting.create_set("s", "en")
    prompting = Prompting(store, collecting, lambda set_name, clip_id: heard)
    prompts = ["Start the pump and wait for the green light", "open valve two before you leave the hall"]
    kept = prompting.keep("s", take(seed=1), text=prompts[0])
    said = prompting.check("s", kept.clip_id, prompts, author="ada")
    clip = labelling.clip(kept.clip_id)
    assert clip.text == prompts[0]
    assert (held in said if held else said == "", clip.status) == (True, "drafted" if held else "confirmed")
    labelling.confirm([kept.clip_id], "ada")
    assert labelling.clip(kept.clip_id).status == "confirmed"


def test_what_is_no_confirmed_take_is_not_heard(store, collecting, labelling) -> None:
    collecting.create_set("s", "en")
    prompting = Prompting(store, collecting, lambda set_name, clip_id: pytest.fail("nobody asked to listen"))
    kept = prompting.keep("s", take(seed=1), text="a draft of a sentence", confirmed=False)
    assert prompting.check("s", kept.clip_id, ["another sentence"], author="ada") == ""


def test_real_speech_is_kept_without_a_remark(prompting, shared_audio: Path) -> None:
    from workbench.audio.decode import decode_file

    path = next((shared_audio / "english_misc" / "audio").iterdir())
    speech = decode_file(path).samples[: 16_000 * 6]
    pause = 2e-4 * np.random.default_rng(0).standard_normal(16_000)
    kept = prompting.keep("s", wav(np.concatenate([pause, speech, pause]), 16_000), text="a few words")
    assert kept.remark == ""
    assert kept.duration < len(speech) / 16_000 + 0.7
