"""The label doctor: each finding on a set that has it, none on one that has not, and remedies that cure."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from workbench.core.doctor.checks import CHECKS, TITLES, examine, find
from workbench.core.doctor.findings import Finding, Labelled, LabelSet
from workbench.core.doctor.similarity import DraftMatch, hold_against, near_pairs
from workbench.core.text.characters import main_script, odd_characters
from workbench.core.text.styles import in_case, with_number_words
from workbench.errors import UnknownNameError
from workbench.language.said import Said

SENTENCES = (
    "Close the second valve before you start.", "The spindle runs at full speed now.", "Please check the oil pressure.",
    "Nobody touched the red lever today.", "Her pulse was steady all morning.", "We changed the filter on Monday.",
    "The patient sleeps well at night.", "Bring the long wrench over here.", "This gauge shows the wrong value.",
    "Give him water after the meal.", "The door of the cabinet is stuck.", "All samples arrived in good order.",
)  # fmt: skip


def ward(texts: Sequence[str], *, language: str | None = "en", in_folds: bool = False, **fields: Any) -> LabelSet:
    """Clips of twelve letters a second, all in training; a field's list gives each clip its own value."""
    clips = [
        Labelled(
            i + 1,
            f"{i}.wav",
            text,
            **{"duration": max(0.5, len(text) / 12), "split": "train"} | {n: v[i] for n, v in fields.items()},
        )
        for i, text in enumerate(texts)
    ]
    return LabelSet(clips, language, "ctc-en", in_folds)


def found(ward: LabelSet, kind: str) -> Finding:
    finding = find(ward, kind)
    assert finding is not None
    assert set(finding.notes) == set(finding.clips)
    assert finding.sentence.endswith((".", "?"))
    said = [finding.sentence, *finding.notes.values(), *([finding.remedy] if finding.remedy else [])]
    assert all(isinstance(text, Said) for text in said), "the page cannot word it in another language"
    return finding


def cured(ward: LabelSet, finding: Finding) -> LabelSet:
    """The set after the remedy: new texts, or no confirmation any more."""
    after = {c.clip_id: c.after for c in finding.changes}
    return LabelSet(
        [
            Labelled(**{**vars(c), "text": after.get(c.clip_id, c.text)})
            for c in ward.clips
            if after.get(c.clip_id, c.text) is not None
        ],
        ward.language,
        ward.model,
        ward.in_folds,
    )


def test_a_healthy_set_has_nothing() -> None:
    assert examine(ward(SENTENCES)) == ()
    assert examine(ward([])) == ()
    assert set(TITLES) == set(CHECKS)
    with pytest.raises(UnknownNameError, match="numbers, unspoken, characters"):
        find(ward(SENTENCES), "digits")


def test_digits_against_number_words() -> None:
    sick = ward([*SENTENCES, "Take 5 tablets of B12.", "Take two tablets at 8:30.", "Take three tablets."])
    finding = found(sick, "numbers")
    assert [(c.before, c.after) for c in finding.changes] == [
        ("Take 5 tablets of B12.", "Take five tablets of B twelve."),
        ("Take two tablets at 8:30.", "Take two tablets at eight thirty."),
    ]
    assert "2 labels write numbers in digits, 1 as words" in finding.sentence
    assert find(cured(sick, finding), "numbers") is None
    assert find(ward(["Take 5 tablets.", "No one knows."]), "numbers") is None, "one is often no number"
    assert find(ward(["The axle is EN24T.", "Take two M8 bolts."]), "numbers") is None, "a name is no number"
    assert find(ward(["Take 5mg now.", "Take two now.", "他有3只猫"]), "numbers") is not None
    german = found(ward(["Nimm 5 Tropfen", "Nimm zwei Tropfen"], language="de"), "numbers")
    assert german.changes[0].after == "Nimm fünf Tropfen"
    unspellable = find(ward(["Nimm 5 Tropfen", "Nimm zwei Tropfen"], language="chr"), "numbers")
    assert unspellable is None


@pytest.mark.parametrize(
    ("typed", "plain", "reason"),
    [
        ("\u0441lose the v\u0430lve", "close the valve", "“\u0441” in “\u0441lose” is a Cyrillic letter"),
        ("the \u0441\u043e\u0440 came", "the cop came", "is a Cyrillic letter"),  # a whole word of look-alikes
        ("clo\u00adse", "close", "a soft hyphen, which cannot be seen"),
        ("clo\u200bse", "close", "a character that cannot be seen"),
        ("don\u2019t \u201cgo\u201d", 'don\'t "go"', "a typographic apostrophe; a typographic quotation mark"),
        ("\ufb01ne", "fine", "one character for “fi”"),
        ("ｆull", "full", "one character for “f”"),
        ("caf\ufffd", "caf\ufffd", "a replacement mark where a character was lost"),
    ],
)
def test_odd_characters_are_named_and_made_plain(typed: str, plain: str, reason: str) -> None:
    sick = ward([*SENTENCES, typed])
    finding = found(sick, "characters")
    assert finding.clips == (13,)
    assert reason in finding.notes[13]
    if typed == plain:  # what was lost cannot be known
        assert (finding.changes, finding.remedy) == ((), "")
    else:
        assert [c.after for c in finding.changes] == [plain]
        assert find(cured(sick, finding), "characters") is None


@pytest.mark.parametrize(
    "text",
    [
        "50 \u00b5g",
        "10 \u03bcg a day",
        "„Guten Tag“, sagte er",
        "می\u200cخواهم",
        "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
        "привет мир",
        "naïve café",
    ],
)
def test_what_belongs_to_a_language_is_not_odd(text: str) -> None:
    assert odd_characters(text, "LATIN").reasons == ()


def test_a_mixed_word_goes_to_the_script_it_was_meant_in() -> None:
    assert odd_characters("пpивeт", "CYRILLIC").plain == "привет"
    assert main_script(["привет мир", "ok"]) is None
    assert main_script(["привет большой мир и всем", "a"]) == "CYRILLIC"


def test_what_nobody_says_is_taken_out_or_heard_again() -> None:
    sick = ward([*SENTENCES, "<|en|> Open the window.<|endoftext|>", "<i>Stop</i> the press.", "[00:12] Close it."])
    finding = found(sick, "unspoken")
    assert finding.clips == (13, 14, 15)
    assert [c.after for c in finding.changes] == ["Open the window.", "Stop the press.", None]
    assert "never train or test" in finding.sentence
    assert find(cured(sick, finding), "unspoken") is None


def test_capitals_and_small_letters_mixed() -> None:
    sick = ward([*SENTENCES, "open the window.", "STOP THE PRESS."])
    finding = found(sick, "case")
    assert [c.after for c in finding.changes] == ["Open the window.", "Stop the press."]
    assert find(cured(sick, finding), "case") is None
    small = ward([*(s.lower() for s in SENTENCES), "Open the Window"])
    assert [c.after for c in found(small, "case").changes] == ["open the window"]
    turkish = ward(["bir iki üç", "dört beş", "IŞIK İYİ"], language="tr")
    assert found(turkish, "case").changes[0].after == "ışık iyi"


def test_punctuation_goes_the_way_of_the_most() -> None:
    sick = ward([*SENTENCES, "open the window"])
    finding = found(sick, "punctuation")
    assert [c.after for c in finding.changes] == ["open the window."]
    assert find(cured(sick, finding), "punctuation") is None
    bare = ward([*(s.rstrip(".") for s in SENTENCES), "Dr. Who, it's 3.5 mg; really?"])
    assert [c.after for c in found(bare, "punctuation").changes] == ["Dr Who it's 3.5 mg really"]
    assert find(ward([*SENTENCES, "zoo", 'He said "stop."']), "punctuation") is None


def test_too_much_and_too_little_text_for_the_sound() -> None:
    durations = [len(s) / 12 for s in SENTENCES]
    sick = ward(SENTENCES, duration=[0.6, 20.0, *durations[2:]])
    fast, slow = found(sick, "too-fast"), found(sick, "too-slow")
    assert (fast.clips, slow.clips) == ((1,), (2,))
    assert fast.changes[0].after is None
    assert "letters a second" in fast.notes[1]
    healthy = cured(cured(sick, fast), slow)
    assert find(healthy, "too-fast") is None
    assert find(healthy, "too-slow") is None
    # A set of three has no usual pace: only what nobody can say is found.
    assert find(ward(SENTENCES[:3], duration=[1.5, 9.0, 3.0]), "too-slow") is None
    assert found(ward(SENTENCES[:3], duration=[0.5, 9.0, 3.0]), "too-fast").clips == (1,)


def test_single_letters_and_short_answers_are_no_matter_of_pace() -> None:
    letters = ["a", "b", "c", "i"] * 4
    assert find(ward([*letters, "eight", "seven"], duration=[1.0] * 18), "too-fast") is None
    assert find(ward([*SENTENCES, "Yes."], duration=[len(s) / 12 for s in SENTENCES] + [2.0]), "too-slow") is None
    chinese = ["今天天气很好", "请把门关上好吗", "我们明天再见"] * 4
    durations = [len(s) / 5 for s in chinese]
    assert find(ward(chinese, language="zh", duration=durations), "too-fast") is None
    assert found(ward(chinese, language="zh", duration=[0.4, *durations[1:]]), "too-fast").clips == (1,)


def test_poor_sound_is_not_to_be_used() -> None:
    sick = ward(SENTENCES, sound=["clipped", "quiet", "quiet", *[None] * 9])
    finding = found(sick, "sound")
    assert finding.clips == (1, 2, 3)
    assert "1 is too loud and distorted (clipped) and 2 are very quiet" in finding.sentence
    assert all(c.after is None for c in finding.changes)
    assert find(cured(sick, finding), "sound") is None


def blurred(text: str, share: float, seed: int) -> str:
    """What a weak model might hear: some letters are others."""
    rng = random.Random(seed)
    return "".join(rng.choice("aeioustn") if c.isalpha() and rng.random() < share else c for c in text.lower())


@pytest.mark.parametrize("share", [0.05, 0.45])
def test_swapped_labels_are_found_even_with_a_weak_model(share: float) -> None:
    drafts: list[str | None] = [blurred(s, share, i) for i, s in enumerate(SENTENCES)]
    assert find(ward(SENTENCES, draft=drafts), "far-from-draft") is None
    swapped = [SENTENCES[3], *SENTENCES[1:3], SENTENCES[0], *SENTENCES[4:]]
    finding = found(ward(swapped, draft=drafts), "far-from-draft")
    assert finding.clips == (1, 4)
    assert "fits the label of 3.wav" in finding.notes[1]
    assert all(c.after is None for c in finding.changes)


def test_a_text_of_another_recording_is_far_and_a_weak_draft_is_not() -> None:
    drafts: list[str | None] = [blurred(s, 0.1, i) for i, s in enumerate(SENTENCES)]
    foreign = ["Entirely other words that nobody said here.", *SENTENCES[1:]]
    assert found(ward(foreign, draft=drafts), "far-from-draft").clips == (1,)
    hopeless: list[str | None] = [blurred(s, 0.95, i) for i, s in enumerate(SENTENCES)]
    assert find(ward(SENTENCES, draft=hopeless), "far-from-draft") is None
    assert ward(SENTENCES, draft=hopeless).held.tells_apart is False, "which is said"
    assert ward(SENTENCES, draft=drafts).held.tells_apart is True
    letters = hold_against(list("abcdefghijkl"), list("hbcdhfghaykl"))
    assert letters == DraftMatch(), "a letter is another's by one mistake"
    three = hold_against(["some label"] * 3, ["quite other"] * 3)
    assert (three.strangers, three.tells_apart) == ((), None), "three drafts have no usual distance"


def test_one_bad_draft_of_a_good_model_is_its_own_labels_and_a_label_that_goes_on_elsewhere_is_far() -> None:
    drafts: list[str | None] = [blurred(s, 0.03, i) for i, s in enumerate(SENTENCES)]
    drafts[0] = blurred(SENTENCES[0], 0.55, 0)
    held = ward(SENTENCES, draft=drafts).held
    assert held.strangers == (), "its words tell whose it is"
    going_on = [
        *SENTENCES[:4],
        SENTENCES[4] + " Nothing of what follows here was ever said in this one recording.",
        *SENTENCES[5:],
    ]
    assert [s.place for s in ward(going_on, draft=drafts).held.strangers] == [4]


def test_near_duplicates_across_the_split() -> None:
    texts = [*SENTENCES, "Close the second valve before you start", "Close a second valve before you start."]
    splits = [*["train"] * 12, "test", "test"]
    sick = ward(texts, split=splits)
    finding = found(sick, "near-duplicates")
    assert finding.clips == (1,), "the learning clip goes, the test clips stay"
    assert finding.changes[0].after is None
    assert find(cured(sick, finding), "near-duplicates") is None
    assert find(ward(texts, split=["train"] * 14), "near-duplicates") is None
    digits = ward(["one", "two"] * 10, split=["train", "test"] * 10)
    assert find(digits, "near-duplicates") is None, "a closed vocabulary repeats itself"


def test_in_folds_the_first_of_near_duplicates_stays() -> None:
    near = ["Close the second valve before you start.", "Close a second valve before you start.",
            "Close the second valve before we start."]  # fmt: skip
    sick = ward([*SENTENCES[1:], *near], in_folds=True, split=[None] * 14)
    finding = found(sick, "near-duplicates")
    assert finding.clips == (13, 14)
    assert find(cured(sick, finding), "near-duplicates") is None
    same = ward([*SENTENCES, SENTENCES[0]], in_folds=True)
    assert find(same, "near-duplicates") is None, "folds keep the same sentence together"


def test_short_texts_are_near_only_where_they_are_equal() -> None:
    assert near_pairs(["fig", "figs a b c"], ["fig", "figs a b d", "pig"]) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Get me a 12-ounce cup - now", "Get me a twelve-ounce cup - now"),
        ("at 3:30, 2 cups.", "at three thirty, two cups."),
        ("from 5 to 6", "from five to six"),
    ],
)
def test_spelled_numbers_keep_what_they_were_joined_to(text: str, spelled: str) -> None:
    assert with_number_words(text, "en") == spelled


def test_the_english_i_is_a_capital_in_a_sentence() -> None:
    assert in_case("can i have what i'd like, i.e. tea", "sentence", "en-GB") == "Can I have what I'd like, i.e. tea"
    assert in_case("chleb i masło", "sentence", "pl") == "Chleb i masło"
    assert in_case("chleb i masło", "sentence", None) == "Chleb i masło"
