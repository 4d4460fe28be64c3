"""Splits: nothing that hangs together straddles, nothing assigned moves."""

import dataclasses
import random
from collections import Counter

import pytest

from workbench.core.splits import Assignment, SplitCandidate, assign, closed_vocabulary, folds, leaks
from workbench.core.text.normalize import normalize_marks
from workbench.core.types import SplitName
from workbench.errors import TrainingError


def random_set(rng: random.Random) -> list[SplitCandidate]:
    """A set of random size, with or without speakers, recordings of several clips, and repeated sentences."""
    n_clips = rng.randrange(1, 80)
    n_speakers, n_sources = rng.choice([0, 2, 3, 8, 40]), rng.choice([0, 10, 80])
    n_sentences = rng.choice([3, n_clips, 5 * n_clips])
    return [
        SplitCandidate(
            clip_id,
            text=f"Sentence {rng.randrange(n_sentences)}.",
            speaker=f"s{rng.randrange(n_speakers)}" if n_speakers and rng.random() < 0.9 else None,
            source=f"r{rng.randrange(n_sources)}" if n_sources else None,
        )
        for clip_id in rng.sample(range(1000), n_clips)
    ]


def applied(candidates: list[SplitCandidate], assignment: Assignment) -> list[SplitCandidate]:
    return [dataclasses.replace(clip, split=assignment.splits[clip.clip_id]) for clip in candidates]


def straddlers(clips: list[SplitCandidate], assignment: Assignment) -> list[tuple[str, str]]:
    """What stands in several splits although a rule in force forbids it."""
    kinds = [("source", lambda clip: clip.source)]
    if assignment.by_speaker:
        kinds.append(("speaker", lambda clip: clip.speaker))
    if not assignment.closed_vocabulary:
        kinds.append(("sentence", lambda clip: normalize_marks(clip.text)))
    held: dict[tuple[str, str], set[SplitName]] = {}
    for clip in clips:
        for kind, value_of in kinds:
            value = value_of(clip)
            if value and clip.split:
                held.setdefault((kind, value), set()).add(clip.split)
    return [key for key, names in held.items() if len(names) > 1]


@pytest.mark.parametrize("seed", range(150))
def test_nothing_straddles(seed: int) -> None:
    candidates = random_set(random.Random(seed))
    assignment = assign(candidates, seed=seed)
    assert straddlers(applied(candidates, assignment), assignment) == []
    assert assignment.splits.keys() == {clip.clip_id for clip in candidates}
    assert {clip_id for clip_id, name in assignment.splits.items() if name is None} == set(assignment.left_out)
    assert all(reason.endswith(".") for reason in assignment.left_out.values())


@pytest.mark.parametrize("seed", range(50))
def test_assignments_are_stable_as_clips_come(seed: int) -> None:
    rng = random.Random(seed)
    candidates = random_set(rng)
    held: list[SplitCandidate] = []
    while candidates:
        arriving = [candidates.pop() for _ in range(min(len(candidates), rng.randrange(1, 10)))]
        before = {clip.clip_id: clip.split for clip in held if clip.split}
        already = straddlers(held, assign([*held, *arriving]))  # a rule may come into force later
        assignment = assign([*held, *arriving], seed=seed)
        held = applied([*held, *arriving], assignment)
        assert before.items() <= assignment.splits.items()
        assert set(straddlers(held, assignment)) <= set(already)


def test_order_does_not_matter_but_the_seed_does() -> None:
    candidates = [SplitCandidate(number, f"sentence number {number}") for number in range(100)]
    assert assign(candidates).splits == assign(candidates[::-1]).splits
    assert assign(candidates).splits != assign(candidates, seed=1).splits


def test_targets() -> None:
    candidates = [SplitCandidate(number, f"sentence number {number}") for number in range(100)]
    assert Counter(assign(candidates).splits.values()) == {"train": 70, "dev": 10, "test": 20}


def test_six_speakers_of_digits() -> None:
    """A closed vocabulary: the sentence rule goes, the speakers stay apart, one of them is kept for the test."""
    digits = ["zero", "one", "two", "three"]
    candidates = [SplitCandidate(n, digits[n % 4], speaker=f"s{n % 6}") for n in range(480)]
    assignment = assign(candidates)
    assert (assignment.closed_vocabulary, assignment.by_speaker) == (True, True)
    assert "closed vocabulary" in assignment.rule
    by_split = {name: {clip.speaker for clip in applied(candidates, assignment) if clip.split == name} for name in
                ("train", "dev", "test")}  # fmt: skip
    assert {name: len(speakers) for name, speakers in by_split.items()} == {"train": 4, "dev": 1, "test": 1}


@pytest.mark.parametrize(("groups", "filled"), [(2, {"train", "test"}), (3, {"train", "dev", "test"})])
def test_few_groups(groups: int, filled: set[str]) -> None:
    candidates = [SplitCandidate(n, f"text {n}", source=f"recording {n % groups}") for n in range(30)]
    assert set(assign(candidates).splits.values()) == filled


def test_no_clips() -> None:
    assert assign([]).splits == {}
    assert leaks([]) == []


def test_two_speakers_are_no_speaker_rule() -> None:
    assignment = assign([SplitCandidate(n, f"text {n}", speaker=f"s{n % 2}") for n in range(20)])
    assert not assignment.by_speaker
    assert set(assignment.splits.values()) == {"train", "dev", "test"}


def test_a_new_clip_joins_its_group() -> None:
    old = [
        SplitCandidate(1, "one text", split="test"),
        *(SplitCandidate(n, f"t {n}", split="train") for n in range(2, 9)),
    ]
    assert assign([*old, SplitCandidate(9, "One text!")]).splits[9] == "test"


def test_a_clip_that_links_two_splits_is_left_out_with_the_reason() -> None:
    old = [
        SplitCandidate(1, "first text", source="a", split="train"),
        SplitCandidate(2, "second text", source="b", split="test"),
        SplitCandidate(3, "third text", source="c", split="dev"),
    ]
    assignment = assign([*old, SplitCandidate(4, "second text", source="a"), SplitCandidate(5, "new", source="b")])
    assert assignment.splits == {1: "train", 2: "test", 3: "dev", 4: None, 5: "test"}
    assert assignment.left_out == {
        4: "Left out because it would link two splits: its source recording stands in train,"
        " its sentence stands in test."
    }


def test_shared_prompts_do_not_swallow_the_test_set() -> None:
    """Ten speakers share a third of their sentences: everything hangs together, so repeats are left out instead."""
    rng = random.Random(0)
    candidates = [
        SplitCandidate(n, f"shared {rng.randrange(60)}" if rng.random() < 0.3 else f"own {n}", speaker=f"s{n % 10}")
        for n in range(300)
    ]
    assignment = assign(candidates)
    counts = Counter(assignment.splits.values())
    assert not assignment.closed_vocabulary
    assert straddlers(applied(candidates, assignment), assignment) == []
    assert counts["test"] >= 50
    assert counts["train"] >= 120
    assert "left out" in assignment.rule
    for fold in folds(candidates):
        assert 20 <= len(fold.test) <= 90


@pytest.mark.parametrize(
    ("texts", "closed"),
    [
        ([], False),
        (["a"], False),
        (["yes", "Yes.", "no"], True),
        (["yes", "yes", "no", "maybe"], False),  # half is not more than half
        (["", "", "", "a"], False),
    ],
)
def test_closed_vocabulary(texts: list[str], closed: bool) -> None:
    assert closed_vocabulary(texts) is closed


def test_leaks_of_an_import() -> None:
    clips = [
        SplitCandidate(n, f"text {n}", speaker=f"s{n % 5}", source=f"r{n}", split="train", fixed=True)
        for n in range(20)
    ]
    assert leaks(clips) == []
    clips += [
        SplitCandidate(20, "text 3", speaker="s3", source="r4", split="test", fixed=True),
        SplitCandidate(21, "text 5", speaker="new", source="r21", split="test", fixed=True),
        SplitCandidate(22, "text 6", speaker="s1", source="r22", split="test", fixed=False),  # not the import's doing
    ]
    assert leaks(clips) == [
        "1 speaker stands in both train and test; the measured gain may be too good.",
        "1 source recording stands in both train and test; the measured gain may be too good.",
        "2 sentences stand in both train and test; the measured gain may be too good.",
    ]
    assert assign(clips).splits[20] == "test"  # an import's splits are honoured all the same


@pytest.mark.parametrize("seed", range(60))
def test_folds_pool_every_clip_exactly_once(seed: int) -> None:
    candidates = random_set(random.Random(seed))
    try:
        made = folds(candidates, seed=seed)
    except TrainingError:
        return
    ids = sorted(clip.clip_id for clip in candidates)
    assert sorted(clip_id for fold in made for clip_id in fold.test) == ids
    assert 2 <= len(made) <= 5
    rules = assign(candidates)
    for fold in made:
        names: dict[int, SplitName] = {
            **dict.fromkeys(fold.train, "train"), **dict.fromkeys(fold.dev, "dev"), **dict.fromkeys(fold.test, "test"),
        }  # fmt: skip
        assert len(names) == len(fold.train) + len(fold.dev) + len(fold.test)
        placed = [dataclasses.replace(clip, split=names.get(clip.clip_id)) for clip in candidates]
        assert straddlers(placed, rules) == []


def test_fold_sizes() -> None:
    made = folds([SplitCandidate(n, f"text {n}") for n in range(60)])
    assert [(len(fold.train), len(fold.dev), len(fold.test)) for fold in made] == [(40, 8, 12)] * 5
    assert made == folds([SplitCandidate(n, f"text {n}") for n in reversed(range(60))])


def test_folds_with_few_groups() -> None:
    three = [SplitCandidate(n, f"text {n}", source=f"r{n % 3}") for n in range(30)]
    assert [(len(fold.train), len(fold.dev), len(fold.test)) for fold in folds(three)] == [(10, 10, 10)] * 3
    two = [SplitCandidate(n, f"text {n}", source=f"r{n % 2}") for n in range(30)]
    assert [(len(fold.train), len(fold.dev), len(fold.test)) for fold in folds(two)] == [(15, 0, 15)] * 2
    one = [SplitCandidate(n, "the same", source="r") for n in range(3)] + [SplitCandidate(4, "other", source="s")]
    assert len(folds(one)) == 2
    one = [SplitCandidate(n, f"text {n}", source="r", speaker="abc"[n % 3]) for n in range(1)]
    with pytest.raises(TrainingError, match="1 clips form 1 independent group, too few"):
        folds(one)
    with pytest.raises(TrainingError):
        folds([])


def test_the_clips_of_an_only_recording_test_each_other_and_the_rule_says_so() -> None:
    clips = [SplitCandidate(n, f"text {n // 2}", source="interview") for n in range(40)]
    assignment = assign(clips)
    assert set(assignment.splits.values()) == {"train", "dev", "test"}
    assert "the figures hold for this voice and recording" in assignment.rule
    by_sentence: dict[str, set[str | None]] = {}
    for clip in clips:
        by_sentence.setdefault(clip.text, set()).add(assignment.splits[clip.clip_id])
    assert assignment.closed_vocabulary or all(len(names) == 1 for names in by_sentence.values())
    cut = folds(clips)
    assert sorted(i for fold in cut for i in fold.test) == list(range(40))
    assert "recording" in cut[0].rule


def test_an_only_recording_stays_free_when_others_come() -> None:
    first = [SplitCandidate(n, f"text {n}", source="interview") for n in range(30)]
    dealt = assign(first).splits
    old = [SplitCandidate(c.clip_id, c.text, source=c.source, split=dealt[c.clip_id]) for c in first]
    more = [SplitCandidate(100 + n, f"more {n}", source="interview") for n in range(4)]
    other = [SplitCandidate(200 + n, f"other {n}", source="second") for n in range(8)]
    assignment = assign([*old, *more, *other])
    assert not assignment.left_out
    assert all(assignment.splits[c.clip_id] == dealt[c.clip_id] for c in first)
    assert len({assignment.splits[c.clip_id] for c in other}) == 1  # the new recording stays whole
