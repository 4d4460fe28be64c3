"""General speech in three parts: nothing is shared, all is dealt, and the order that it came in does not count."""

import random

from workbench.core.general_division import FEWEST, MOST_STEERING, Spoken, divide, divide_own


def spoken(speakers: int, each: int, words: int = 8) -> list[Spoken]:
    """So many clips by each of so many speakers, each in a sentence of its own."""
    return [
        Spoken(f"{s}-{n}", f"speaker {s}", f"sentence {s} {n}", words) for s in range(speakers) for n in range(each)
    ]


def words_of(clips: list[Spoken], parts: list[str]) -> dict[str, int]:
    return {part: sum(c.words for c, p in zip(clips, parts, strict=True) if p == part) for part in FEWEST}


def test_no_part_shares_a_speaker_or_a_sentence_with_another() -> None:
    clips = spoken(12, 10)
    clips += [Spoken(f"again {n}", f"speaker {n}", "what two speakers say", 5) for n in (3, 4)]
    parts = divide_own(clips)
    assert parts
    for of in (lambda c: c.speaker, lambda c: c.sentence):
        where: dict[str, set[str]] = {}
        for clip, part in zip(clips, parts, strict=True):
            where.setdefault(of(clip), set()).add(part)
        assert all(len(found) == 1 for found in where.values())
    told = words_of(clips, parts)
    assert told["report"] > told["rehearse"] > told["steer"] >= FEWEST["steer"]


def test_the_division_follows_from_the_clips_and_not_from_their_order() -> None:
    clips = spoken(9, 14)
    parts = divide_own(clips)
    assert parts
    mixed = list(zip(clips, parts, strict=True))
    random.Random(1).shuffle(mixed)
    assert divide_own([clip for clip, _ in mixed]) == [part for _, part in mixed]


def test_a_set_that_is_too_small_or_has_too_few_speakers_is_not_divided() -> None:
    assert divide_own([]) is None
    assert divide_own(spoken(12, 5)) is None  # 480 words
    assert divide_own(spoken(2, 100)) is None  # nobody is left to rehearse with
    everybody_says_it = [Spoken(f"{n}", f"speaker {n % 20}", "one two three", 3) for n in range(600)]
    assert divide_own(everybody_says_it) is None


def test_clips_of_unknown_speakers_stand_by_themselves() -> None:
    clips = [Spoken(f"{n}", None, f"sentence {n}", 8) for n in range(150)]
    parts = divide_own(clips)
    assert parts
    assert set(parts) == {"rehearse", "steer", "report"}


def test_a_large_set_steers_by_no_more_than_can_be_heard_after_each_training() -> None:
    clips = spoken(60, 20)
    told = words_of(clips, divide_own(clips) or [])
    assert told["steer"] <= MOST_STEERING + 160  # a speaker more
    assert told["rehearse"] > 2 * told["steer"]


def test_shares_say_how_much_of_the_words_each_part_gets() -> None:
    told = words_of(clips := spoken(16, 9), divide(clips, {"rehearse": 5 / 7, "steer": 2 / 7}))
    assert told["report"] == 0
    assert 0.2 <= told["steer"] / (told["steer"] + told["rehearse"]) <= 0.4
