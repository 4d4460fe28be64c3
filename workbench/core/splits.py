"""Train, dev and test without leaks: what hangs together never straddles.

Clips hang together by speaker (where at least three are known), by source recording, and by sentence. In a closed
vocabulary (most texts are repeated, as with digits) the sentence rule would tie everything together and is dropped.
Where speakers share some of their sentences, so that all would hang together, speakers and recordings are dealt and
repeated sentences left out. Where all clips come from one recording they test each other, and the rule says so. The
same prompts in train and test fake a gain: 1.17 against 3.88 % WER on ATCOSIM (docs/recipes.md, "Splits"). An
assignment belongs to the clip set: it never changes, new clips join it as they come.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

from workbench.core.grouping import hang_together
from workbench.core.split_sentences import KINDS, Kind, described, leak, remedy, stands, together
from workbench.core.text.normalize import normalize_marks
from workbench.core.types import SPLIT_NAMES, Split, SplitName
from workbench.errors import TrainingError
from workbench.language.said import count, listing, say

TARGET_TENTHS: dict[SplitName, int] = {"train": 7, "dev": 1, "test": 2}  # of the clips
MIN_SPEAKERS = 3  # fewer cannot fill train, dev and test
DEV_SHARE = 6  # a fold's dev slice is about one in six of the clips outside the fold
_PREFERRED: tuple[SplitName, ...] = ("test", "dev", "train")  # who wins a tie

Key = tuple[Kind, str]


@dataclass(frozen=True)
class SplitCandidate:
    """A clip as the split sees it.

    Attributes:
        text: The confirmed text.
        split: The assignment the set already has; None for a new clip.
        fixed: Whether that assignment came with the import.
    """

    clip_id: int
    text: str
    speaker: str | None = None
    source: str | None = None
    split: SplitName | None = None
    fixed: bool = False

    @cached_property
    def sentence(self) -> str:
        """The text as sentences are compared; empty where nothing of it is spoken."""
        return _sentence_of(self.text)


@dataclass(frozen=True)
class Assignment:
    """Where each clip of a set stands.

    Attributes:
        splits: Clip id -> split, None for a clip that is left out.
        rule: The rules in use, one sentence for the page.
        closed_vocabulary: Whether the sentence rule was dropped.
        by_speaker: Whether the speaker rule is in use.
        left_out: Clip id -> reason, one sentence.
    """

    splits: dict[int, SplitName | None]
    rule: str
    closed_vocabulary: bool
    by_speaker: bool
    left_out: dict[int, str]


def closed_vocabulary(texts: Sequence[str], normalise: Callable[[str], str] = normalize_marks) -> bool:
    """Whether more than half of the clips have a text that occurs more than once; empty texts do not count."""
    return _mostly_repeated(map(normalise, texts))


# A set is divided anew with each clip that is confirmed first, and nearly all of its labels are as they were.
_sentence_of = lru_cache(maxsize=50_000)(normalize_marks)


def _mostly_repeated(sentences: Iterable[str]) -> bool:
    said = [sentence for sentence in sentences if sentence]
    repeated = sum(count for count in Counter(said).values() if count > 1)
    return 2 * repeated > len(said)


def assign(candidates: Sequence[SplitCandidate], *, seed: int = 0) -> Assignment:
    """Deal new clips to train, dev and test, 70, 10 and 20 % of the clips; existing assignments never change.

    A new clip whose group already has a split joins it. Where a group would link two different splits, the clips that
    link them are left out, as few as possible. Other groups are dealt whole, larger first, each to the split furthest
    below its target; each split gets at least one group where there are three.
    """
    clips = sorted(candidates, key=lambda clip: clip.clip_id)
    rules = _Rules.of(clips)
    splits: dict[int, SplitName | None] = {clip.clip_id: clip.split for clip in clips}
    held = _splits_by_key((clip for clip in clips if clip.split), rules)
    new = [clip for clip in clips if clip.split is None]
    left_out = {clip.clip_id: _straddles(clip, held, rules) for clip in new if len(_touched([clip], held, rules)) > 1}
    to_deal = []
    for group in _groups([clip for clip in new if clip.clip_id not in left_out], rules):
        touched = _touched(group, held, rules)
        if not touched:
            to_deal.append(group)
            continue
        joined = max(SPLIT_NAMES, key=lambda name: sum(name in _touched([clip], held, rules) for clip in group))
        for clip in group:
            if _touched([clip], held, rules) <= {joined}:
                splits[clip.clip_id] = joined
            else:
                left_out[clip.clip_id] = _links(clip, joined, held, rules)
    _deal(to_deal, splits, n_clips=len(clips) - len(left_out), seed=seed)
    if rules.sentence_rule == "leave out":
        _leave_out_repeated(new, splits, left_out)
    rule = described(rules, fixed=any(clip.fixed for clip in clips))
    return Assignment(splits, rule, rules.closed_vocabulary, rules.by_speaker, left_out)


def leaks(candidates: Sequence[SplitCandidate]) -> list[str]:
    """Say what stands in both train and test of the splits that came with an import; empty where nothing does."""
    fixed = [clip for clip in candidates if clip.fixed and clip.split]
    rules = _Rules.of(fixed)
    both = Counter(kind for (kind, _), names in _splits_by_key(fixed, rules).items() if {"train", "test"} <= names)
    return [leak(kind, both[kind]) for kind in KINDS if both[kind]]


def folds(candidates: Sequence[SplitCandidate], k: int = 5, *, seed: int = 0) -> tuple[Split, ...]:
    """Cut clips into at most k folds by the same grouping; each clip is tested exactly once.

    Of the clips outside a fold a grouped slice of about one in six is its dev set (empty where only one group is
    left), the rest trains. Existing assignments play no part.

    Raises:
        TrainingError: All clips hang together, so that no part can test another.
    """
    clips = sorted(candidates, key=lambda clip: clip.clip_id)
    rules = _Rules.of(clips)
    groups = _shuffled_large_first(_groups(clips, rules), seed)
    if len(groups) < 2 or k < 2:
        raise TrainingError(
            count(
                len(groups),
                "{clips} clips form {n} independent group, too few to test what was learned: add clips {remedy} (two "
                "groups are needed, three with a dev set).",
                "{clips} clips form {n} independent groups, too few to test what was learned: add clips {remedy} (two "
                "groups are needed, three with a dev set).",
                clips=len(clips),
                remedy=remedy(rules),
            )
        )
    dealt: list[list[list[SplitCandidate]]] = [[] for _ in range(min(k, len(groups)))]
    sizes = [0] * len(dealt)
    for group in groups:
        smallest = sizes.index(min(sizes))
        dealt[smallest].append(group)
        sizes[smallest] += len(group)
    return tuple(_fold(dealt, number, rules, seed) for number in range(len(dealt)))


@dataclass(frozen=True)
class _Rules:
    """Which properties tie clips together in this set.

    Attributes:
        free_sources: Recordings whose clips may stand in several splits: the only one of a set, and one that was that
            when its clips were dealt.
        sentence_rule: "tie" keeps a sentence in one split; "leave out" deals by speaker and recording alone and leaves
            out what repeats a sentence of another split; "free" in a closed vocabulary.
    """

    by_speaker: bool
    sentence_rule: Literal["tie", "leave out", "free"]
    free_sources: frozenset[str] = frozenset()

    @classmethod
    def of(cls, clips: Sequence[SplitCandidate]) -> "_Rules":
        by_speaker = len({clip.speaker for clip in clips if clip.speaker}) >= MIN_SPEAKERS
        free = _free_sources(clips)
        if _mostly_repeated(clip.sentence for clip in clips):
            return cls(by_speaker, "free", free)
        tied, untied = cls(by_speaker, "tie", free), cls(by_speaker, "leave out", free)
        stuck = not _can_be_cut(_groups(clips, tied)) and _can_be_cut(_groups(clips, untied))
        return untied if stuck else tied

    @property
    def closed_vocabulary(self) -> bool:
        return self.sentence_rule == "free"

    def ties(self, clip: SplitCandidate) -> list[Key]:
        """What keeps a clip together with others."""
        keys: list[Key] = []
        if self.by_speaker and clip.speaker:
            keys.append(("speaker", clip.speaker))
        if clip.source and clip.source not in self.free_sources:
            keys.append(("source", clip.source))
        return [*keys, *_sentence(clip)] if self.sentence_rule == "tie" else keys

    def keys(self, clip: SplitCandidate) -> list[Key]:
        """What must not stand in two splits."""
        return [*self.ties(clip), *_sentence(clip)] if self.sentence_rule == "leave out" else self.ties(clip)


def _free_sources(clips: Sequence[SplitCandidate]) -> frozenset[str]:
    """The recordings that cannot be kept in one split: the only one there is, and those already dealt as such."""
    sources = {clip.source for clip in clips}
    only = {source for source in sources if source} if len(sources) == 1 and len(clips) > 1 else set()
    dealt: dict[str, set[SplitName]] = {}
    for clip in clips:
        if clip.source and clip.split and not clip.fixed:
            dealt.setdefault(clip.source, set()).add(clip.split)
    return frozenset(only | {source for source, names in dealt.items() if len(names) > 1})


def _sentence(clip: SplitCandidate) -> list[Key]:
    return [("sentence", clip.sentence)] if clip.sentence else []


def _can_be_cut(groups: Sequence[list[SplitCandidate]]) -> bool:
    """Whether groups can fill three splits: three of them, none larger than what train should hold."""
    return len(groups) >= len(SPLIT_NAMES) and 10 * max(map(len, groups)) <= TARGET_TENTHS["train"] * _n_clips(groups)


def _groups(clips: Sequence[SplitCandidate], rules: _Rules) -> list[list[SplitCandidate]]:
    """Clips that share a tie, directly or through others, in order of their first clip."""
    return [[clips[place] for place in group] for group in hang_together([rules.ties(clip) for clip in clips])]


def _splits_by_key(clips: Iterable[SplitCandidate], rules: _Rules) -> dict[Key, set[SplitName]]:
    held: dict[Key, set[SplitName]] = {}
    for clip in clips:
        for key in rules.keys(clip):
            if clip.split:
                held.setdefault(key, set()).add(clip.split)
    return held


def _touched(group: Iterable[SplitCandidate], held: dict[Key, set[SplitName]], rules: _Rules) -> set[SplitName]:
    """The splits in which something of a group already stands."""
    return {name for clip in group for key in rules.keys(clip) for name in held.get(key, ())}


def _deal(groups: list[list[SplitCandidate]], splits: dict[int, SplitName | None], *, n_clips: int, seed: int) -> None:
    counts = Counter(name for name in splits.values() if name)
    ordered = _shuffled_large_first(groups, seed)
    for place, group in enumerate(ordered):
        empty = [name for name in _PREFERRED if not counts[name]]
        open_to = empty if len(ordered) - place <= len(empty) else _PREFERRED
        chosen = max(open_to, key=lambda name: TARGET_TENTHS[name] * n_clips - 10 * counts[name])
        counts[chosen] += len(group)
        splits.update((clip.clip_id, chosen) for clip in group)


def _leave_out_repeated(
    clips: Sequence[SplitCandidate],
    splits: dict[int, SplitName | None],
    left_out: dict[int, str],
) -> None:
    """Take clips out of train and dev whose sentence a new clip brings to test as well; then out of train for dev."""
    for keeps in ("test", "dev"):
        kept = {key for clip in clips if splits[clip.clip_id] == keeps for key in _sentence(clip)}
        for clip in clips:
            if splits[clip.clip_id] not in (None, "test", keeps) and not kept.isdisjoint(_sentence(clip)):
                splits[clip.clip_id] = None
                left_out[clip.clip_id] = say("Left out because its sentence stands in {split} too.", split=keeps)


def _shuffled_large_first(groups: Iterable[list[SplitCandidate]], seed: int) -> list[list[SplitCandidate]]:
    shuffled = list(groups)
    random.Random(seed).shuffle(shuffled)
    return sorted(shuffled, key=len, reverse=True)


def _fold(dealt: Sequence[list[list[SplitCandidate]]], number: int, rules: _Rules, seed: int) -> Split:
    tested = [clip for group in dealt[number] for clip in group]
    rest = [group for other, part in enumerate(dealt) if other != number for group in part]
    steering = [clip for group in _dev_slice(_shuffled_large_first(rest, seed + number + 1)) for clip in group]
    ids = {clip.clip_id for clip in steering}
    training = [clip for group in rest for clip in group if clip.clip_id not in ids]
    if rules.sentence_rule == "leave out":
        steering = _without(steering, tested)
        training = _without(training, [*tested, *steering])
    return Split(
        train=tuple(sorted(clip.clip_id for clip in training)),
        dev=tuple(sorted(clip.clip_id for clip in steering)),
        test=tuple(sorted(clip.clip_id for clip in tested)),
        rule=say("Fold {number} of {folds}. {rule}.", number=number + 1, folds=len(dealt), rule=together(rules)),
        seed=seed,
    )


def _without(clips: Iterable[SplitCandidate], others: Iterable[SplitCandidate]) -> list[SplitCandidate]:
    """The clips whose sentence none of the others says."""
    said = {key for clip in others for key in _sentence(clip)}
    return [clip for clip in clips if said.isdisjoint(_sentence(clip))]


def _dev_slice(groups: Sequence[list[SplitCandidate]]) -> list[list[SplitCandidate]]:
    """Groups, larger first, as they fit into one in six clips; the smallest where none fits; none where one is left."""
    if len(groups) < 2:
        return []
    room = _n_clips(groups) / DEV_SHARE
    chosen: list[list[SplitCandidate]] = []
    for group in groups:
        if len(group) <= room:
            chosen.append(group)
            room -= len(group)
    return chosen or [groups[-1]]


def _n_clips(groups: Iterable[list[SplitCandidate]]) -> int:
    return sum(map(len, groups))


def _straddles(clip: SplitCandidate, held: dict[Key, set[SplitName]], rules: _Rules) -> str:
    where = {kind: sorted(held.get((kind, value), ())) for kind, value in rules.keys(clip)}
    parts = listing(stands(kind, listing(names, say(" and "))) for kind, names in where.items() if names)
    return say("Left out because it would link two splits: {parts}.", parts=parts)


def _links(clip: SplitCandidate, joined: SplitName, held: dict[Key, set[SplitName]], rules: _Rules) -> str:
    return say(
        "Left out because it would link two splits: it belongs to {own}, but most clips of its group to {joined}.",
        own=listing(sorted(_touched([clip], held, rules)), say(" and ")),
        joined=joined,
    )
