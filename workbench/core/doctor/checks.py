"""The label doctor: what looks wrong with a set's confirmed labels, and the one action that mends all of it.

Each check looks at the whole set, because a style or a pace is odd only beside the others. A remedy is a list of
changes that can be read before it is applied: a new text, or a confirmation taken back so that a person listens again.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from workbench.core.doctor.findings import Change, Finding, Labelled, LabelSet, Sound, finding, relisten, rewritten
from workbench.core.doctor.similarity import near_pairs, usual_distance
from workbench.core.splits import closed_vocabulary
from workbench.core.text.characters import main_script, odd_characters, script_of
from workbench.core.text.styles import (
    case_of,
    ends_with_mark,
    has_digits,
    has_number_words,
    in_case,
    with_full_stop,
    with_number_words,
    without_marks,
)
from workbench.core.text.unspoken import unspoken, without_unspoken
from workbench.errors import UnknownNameError
from workbench.language.said import count, listing, say

ENOUGH_PACES: Final = 8  # clips; fewer have no usual pace
FASTEST: Final = 35.0  # letters a second; nobody speaks faster, whatever the set
FAST: Final = 18.0  # letters a second; less is too fast in no set, also not where most clips are single letters
MISSING: Final = 20.0  # letters that the usual pace lets expect besides; fewer are a pause, more about three words
SIGNS: Final = {"CJK": 3.0, "HANGUL": 2.5, "HIRAGANA": 2.0, "KATAKANA": 2.0, "CHEROKEE": 2.0, "ETHIOPIC": 2.0}
PACE_FACTOR: Final = 2.5  # times the set's usual pace, or a part of it
PACE_SPREADS: Final = 4.0  # robust standard deviations of its logarithm, besides


def examine(ward: LabelSet) -> tuple[Finding, ...]:
    """Everything that was found, in the order of `CHECKS`."""
    return tuple(found for check in CHECKS.values() if (found := check(ward)))


def find(ward: LabelSet, kind: str) -> Finding | None:
    """One kind of finding.

    Raises:
        UnknownNameError: No such kind; lists those that exist.
    """
    if kind not in CHECKS:
        raise UnknownNameError("kind of finding", kind, list(CHECKS))
    return CHECKS[kind](ward)


# ---- how labels are written ----


def mixed_numbers(ward: LabelSet) -> Finding | None:
    """Digits in some labels, number words in others."""
    digits = [c for c in ward.clips if has_digits(c.text)]
    words = [c for c in ward.clips if not has_digits(c.text) and has_number_words(c.text, ward.language)]
    if not digits or not words:
        return None
    return finding(
        "numbers",
        digits,
        count(
            len(digits),
            "{n:,} label writes numbers in digits, {words} as words; the model learns both and writes neither "
            "reliably.",
            "{n:,} labels write numbers in digits, {words} as words; the model learns both and writes neither "
            "reliably.",
            words=len(words),
        ),
        say("Write all numbers as words"),
        rewritten(digits, lambda text: with_number_words(text, ward.language)),
        {c.clip_id: say("digits, where other labels have number words") for c in digits},
    )


def odd_letters(ward: LabelSet) -> Finding | None:
    """Invisible characters, letters of another script, typographic quotes."""
    main = main_script(c.text for c in ward.clips)
    odd = {c.clip_id: odd_characters(c.text, main) for c in ward.clips}
    found = [c for c in ward.clips if odd[c.clip_id].reasons]
    if not found:
        return None
    kinds = Counter(reason for c in found for reason in odd[c.clip_id].reasons)
    most = kinds.most_common(1)[0][0]
    return finding(
        "characters",
        found,
        count(
            len(found),
            "{n:,} label holds characters that nobody meant to type, for instance {most}.",
            "{n:,} labels hold characters that nobody meant to type, for instance {most}.",
            most=most,
        ),
        say("Write them with plain characters"),
        [Change(c.clip_id, c.text, odd[c.clip_id].plain) for c in found if odd[c.clip_id].plain != c.text],
        {c.clip_id: listing(odd[c.clip_id].reasons[:3], "; ") for c in found},
    )


def nobody_said(ward: LabelSet) -> Finding | None:
    """Times, markup or control tokens: a file of another kind, or a program's output, taken for a text."""
    odd = {c.clip_id: what for c in ward.clips if (what := unspoken(c.text))}
    found = [c for c in ward.clips if c.clip_id in odd]
    if not found:
        return None
    changes = []
    for clip in found:
        plain = without_unspoken(clip.text)
        changes.append(Change(clip.clip_id, clip.text, None if not plain or unspoken(plain) else plain))
    return finding(
        "unspoken",
        found,
        count(
            len(found),
            "{n:,} label holds what nobody says, for instance {what}; they never train or test.",
            "{n:,} labels hold what nobody says, for instance {what}; they never train or test.",
            what=odd[found[0].clip_id][0],
        ),
        say("Take it out, or put the label on the list to listen again"),
        changes,
        {i: say("holds {kind}: {written}", kind=kind, written=written[:40]) for i, (kind, written) in odd.items()},
    )


def mixed_case(ward: LabelSet) -> Finding | None:
    """Capitals in some labels, none in others."""
    cases = {c.clip_id: case_of(c.text) for c in ward.clips}
    counts = Counter(case for case in cases.values() if case)
    if len(counts) < 2:
        return None
    most = max(counts, key=lambda case: (counts[case], case == "sentence"))
    others = [c for c in ward.clips if cases[c.clip_id] not in (None, most)]
    how = {
        "lower": say("small letters"),
        "upper": say("capitals"),
        "sentence": say("capitals as in a sentence"),
    }
    remedy = {
        "lower": say("Write them all in small letters"),
        "upper": say("Write them all in capitals"),
        "sentence": say("Begin them with a capital; check names inside"),
    }
    return finding(
        "case",
        others,
        say(
            "Most labels are written with {style}, {others} of {labels} otherwise.",
            style=how[most],
            others=len(others),
            labels=len(ward.clips),
        ),
        remedy[most],
        rewritten(others, lambda text: in_case(text, most, ward.language)),
        {
            c.clip_id: say("written with {own}, most with {most}", own=how[cases[c.clip_id] or most], most=how[most])
            for c in others
        },
    )


def mixed_punctuation(ward: LabelSet) -> Finding | None:
    """A mark at the end of some sentences, none at the end of others."""
    ends = {c.clip_id: ends_with_mark(c.text) for c in ward.clips}
    with_mark = [c for c in ward.clips if ends[c.clip_id]]
    without = [c for c in ward.clips if ends[c.clip_id] is False]
    if not with_mark or not without:
        return None
    add = len(with_mark) >= len(without)
    others = without if add else with_mark
    unlike = say("ends without a mark, unlike most") if add else say("ends with a mark, unlike most")
    return finding(
        "punctuation",
        others,
        count(
            len(with_mark),
            "{n:,} label ends with a full stop or another mark, {without} without one.",
            "{n:,} labels end with a full stop or another mark, {without} without one.",
            without=len(without),
        ),
        say("Add a full stop; check questions") if add else say("Take the punctuation off"),
        rewritten(others, with_full_stop if add else without_marks),
        dict.fromkeys((c.clip_id for c in others), unlike),
    )


# ---- labels and their sound ----


def too_fast(ward: LabelSet) -> Finding | None:
    """More letters a second than anybody says: the text of a longer clip, or a cut sound."""
    fast = [(c, pace) for c, pace, usual in _paces(ward) if pace > FASTEST or (pace > FAST and usual.above(pace))]
    return relisten(
        "too-fast",
        [c for c, _ in fast],
        count(
            len(fast),
            "{n:,} label holds more text than fits the length of the sound; it may belong to another clip, or the "
            "sound is cut.",
            "{n:,} labels hold more text than fits the length of the sound; it may belong to another clip, or the "
            "sound is cut.",
        ),
        {c.clip_id: say("{pace:.0f} letters a second", pace=pace) for c, pace in fast},
    )


def too_slow(ward: LabelSet) -> Finding | None:
    """Far fewer letters a second than in the set's other clips: something was not written down."""
    slow = [(c, pace) for c, pace, usual in _paces(ward) if usual.below(pace) and usual.missing(c, pace) > MISSING]
    return relisten(
        "too-slow",
        [c for c, _ in slow],
        count(
            len(slow),
            "{n:,} label holds far less text than the length of the sound lets expect; something may be missing.",
            "{n:,} labels hold far less text than the length of the sound lets expect; something may be missing.",
        ),
        {c.clip_id: say("{pace:.1f} letters a second", pace=pace) for c, pace in slow},
    )


@dataclass(frozen=True)
class _Pace:
    """A set's usual pace, as a logarithm; nothing is unusual in a set too small to have one."""

    middle: float
    spread: float

    def above(self, pace: float) -> bool:
        return math.log(pace) - self.middle > max(math.log(PACE_FACTOR), PACE_SPREADS * self.spread)

    def below(self, pace: float) -> bool:
        return self.middle - math.log(pace) > max(math.log(PACE_FACTOR), PACE_SPREADS * self.spread)

    def missing(self, clip: Labelled, pace: float) -> float:
        """Letters that the usual pace lets expect beyond those that are there."""
        return (math.exp(self.middle) - pace) * clip.duration


def _paces(ward: LabelSet) -> list[tuple[Labelled, float, _Pace]]:
    """Letters a second of each clip that has any, with the set's usual pace."""
    letters = [sum(map(_weight, text)) for text in ward.plain]
    paces = [(c, n / c.duration) for c, n in zip(ward.clips, letters, strict=True) if n and c.duration > 0]
    if len(paces) < ENOUGH_PACES:
        usual = _Pace(0.0, math.inf)
    else:
        usual = _Pace(*usual_distance([math.log(pace) for _, pace in paces]))
    return [(c, pace, usual) for c, pace in paces]


@cache
def _weight(character: str) -> float:
    """How many letters of an alphabet a character stands for: a syllable's or a word's sign takes longer to say."""
    if unicodedata.category(character)[0] not in "LMN":
        return 0.0
    return SIGNS.get(script_of(character), 1.0)


def poor_sound(ward: LabelSet) -> Finding | None:
    """Clipped or very quiet recordings."""
    words = {"clipped": say("too loud and distorted (clipped)"), "quiet": say("very quiet")}
    poor: dict[int, str] = {c.clip_id: words[c.sound] for c in ward.clips if c.sound}
    return relisten(
        "sound",
        [c for c in ward.clips if c.sound],
        say(
            "Of {clips} clips {poor}; a model learns the noise with the words, and is judged by it.",
            clips=len(ward.clips),
            poor=_poor(Counter(c.sound for c in ward.clips if c.sound)),
        ),
        poor,
        remedy=say("Do not use them (take the confirmation back); record them again"),
    )


def _poor(counts: Counter[Sound]) -> str:
    said: list[str] = []
    for sound, n in counts.items():
        if sound == "clipped":
            said.append(count(n, "{n} is too loud and distorted (clipped)", "{n} are too loud and distorted (clipped)"))
        else:
            said.append(count(n, "{n} is very quiet", "{n} are very quiet"))
    return say("{one} and {other}", one=said[0], other=said[1]) if len(said) > 1 else listing(said)


def far_from_draft(ward: LabelSet) -> Finding | None:
    """Labels that are far from what the model hears, beside how far they usually are."""
    found = ward.held.strangers
    notes = {}
    for s in found:
        clip = ward.clips[s.place]
        fits = None if s.fits is None else ward.clips[s.fits].name
        notes[clip.clip_id] = _heard(ward.model, clip.draft, fits)
    far = count(
        len(found),
        "{n:,} label is far from what {model} hears, beside the set's others: a slip, or the text of another clip?",
        "{n:,} labels are far from what {model} hears, beside the set's others: a slip, or the text of another clip?",
        model=ward.model,
    )
    return relisten(
        "far-from-draft",
        [ward.clips[s.place] for s in found],
        listing([far, _swapped(swapped)], " ") if (swapped := sum(s.fits is not None for s in found)) else far,
        notes,
    )


def _heard(model: str | None, draft: str | None, fits: str | None) -> str:
    if fits is None:
        return say("{model} hears “{draft}”", model=model, draft=draft)
    return say("{model} hears “{draft}”; that fits the label of {clip}", model=model, draft=draft, clip=fits)


def _swapped(n: int) -> str:
    return count(n, "{n} of them fit another clip's label better.", "{n} of them fit another clip's label better.")


# ---- labels and the split ----


def near_duplicates(ward: LabelSet) -> Finding | None:
    """Training labels that nearly repeat a test label; in folds, labels that nearly repeat each other."""
    if closed_vocabulary([c.text for c in ward.clips]):
        return None
    plain = dict(zip((c.clip_id for c in ward.clips), ward.plain, strict=True))
    judges = [c for c in ward.clips if plain[c.clip_id] and (ward.in_folds or c.split == "test")]
    learners = judges if ward.in_folds else [c for c in ward.clips if plain[c.clip_id] and c.split in ("train", "dev")]
    pairs = near_pairs([plain[c.clip_id] for c in learners], [plain[c.clip_id] for c in judges])
    twins: dict[int, Labelled] = {}
    for learner, judge in pairs:
        first, second = learners[learner], judges[judge]
        # Folds keep repeated sentences together; of those that are nearly so the first one stays.
        repeated = ward.in_folds and (plain[first.clip_id] == plain[second.clip_id] or judge >= learner)
        if not repeated and (not ward.in_folds or second.clip_id not in twins):
            twins.setdefault(first.clip_id, second)
    found = [c for c in learners if c.clip_id in twins]
    return relisten(
        "near-duplicates",
        found,
        _repeated(len(found), in_folds=ward.in_folds),
        {i: say("nearly the label of {clip}: “{text}”", clip=c.name, text=c.text) for i, c in twins.items()},
        remedy=say("Leave them out (take the confirmation back); the others stay"),
    )


def _repeated(n: int, *, in_folds: bool) -> str:
    if in_folds:
        return count(
            n,
            "{n:,} label nearly repeats another label, which folds may set apart: a leak, which makes the measured "
            "gain look too good.",
            "{n:,} labels nearly repeat another label, which folds may set apart: a leak, which makes the measured "
            "gain look too good.",
        )
    return count(
        n,
        "{n:,} label nearly repeats the label of a test clip: a leak, which makes the measured gain look too good.",
        "{n:,} labels nearly repeat the label of a test clip: a leak, which makes the measured gain look too good.",
    )


CHECKS: Final[dict[str, Callable[[LabelSet], Finding | None]]] = {
    "numbers": mixed_numbers,
    "unspoken": nobody_said,
    "characters": odd_letters,
    "case": mixed_case,
    "punctuation": mixed_punctuation,
    "too-fast": too_fast,
    "too-slow": too_slow,
    "sound": poor_sound,
    "far-from-draft": far_from_draft,
    "near-duplicates": near_duplicates,
}
TITLES: Final[dict[str, str]] = {
    "numbers": say("Digits and number words mixed"),
    "unspoken": say("Times, markup or control tokens"),
    "characters": say("Odd characters"),
    "case": say("Capitals and small letters mixed"),
    "punctuation": say("Punctuation mixed"),
    "too-fast": say("Too much text for the sound"),
    "too-slow": say("Too little text for the sound"),
    "sound": say("Poor sound"),
    "far-from-draft": say("Far from the draft"),
    "near-duplicates": say("Nearly the same label on both sides of the test (leak)"),
}
