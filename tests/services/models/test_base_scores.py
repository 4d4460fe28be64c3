"""What a base model gets wrong on a set's confirmed clips, with the labels that began as its own draft apart."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.evaluation.scoring import evaluate
from workbench.services.clips.sets import Collecting
from workbench.services.labels.revisions import Labelling
from workbench.services.models.base_scores import Standings
from workbench.store.database import Store

LABEL = "please open the valve"
DRAFT = "please open the well"


@pytest.fixture
def clips(collecting: Collecting, make_wav: Callable[..., Path]) -> list[int]:
    files = [(make_wav(f"{i}.wav", 0.6, seed=i), f"{i}.wav") for i in range(6)]
    collecting.add_files("s", files, language="en")
    return [clip.id for clip in Labelling(collecting._store).clips("s")]


def test_labels_that_began_as_the_models_own_draft_stand_apart(
    store: Store, labelling: Labelling, clips: list[int]
) -> None:
    standings = Standings(store)
    assert standings.of_set("s").standings == {}
    labelling.save_drafts("tiny", {clips[0]: DRAFT, clips[1]: DRAFT})
    labelling.confirm([clips[0]], "ann")  # as it stood
    labelling.save(clips[1], LABEL, author="ann", confirmed=True)  # corrected
    for clip_id in clips[2:4]:
        labelling.save(clip_id, LABEL, author="ann", confirmed=True)
    labelling.save_drafts("tiny", dict.fromkeys(clips[2:4], DRAFT), draft=False)  # heard when the labels were there
    labelling.save_drafts("tiny", {clips[4]: DRAFT})  # not confirmed: counts nowhere

    found = standings.of_set("s")
    tiny = found.standings["tiny"]
    assert (found.clips, found.heard["tiny"][0]) == (4, 4)
    assert tiny.normalizer == "english"
    assert tiny.rate is not None
    assert tiny.own is not None
    assert (tiny.rate.clips, tiny.rate.errors, tiny.rate.words) == (2, 2, 8)
    assert (tiny.own.clips, tiny.own.errors) == (2, 1), "the slip that was overlooked counts as right"
    assert tiny.rate.wer == evaluate([LABEL] * 2, [DRAFT] * 2, "english").wer
    assert tiny.rate.interval is None, "two clips say nothing of how sure it is"

    # Another model has no part in these labels.
    labelling.save_drafts("base", dict.fromkeys(clips[:4], LABEL), draft=False)
    base = standings.of_set("s").standings["base"]
    assert base.own is None
    assert base.rate is not None
    assert (base.rate.clips, base.rate.errors) == (4, 1), "the label that kept a draft's slip is no truth for others"


def test_hearing_a_clip_again_does_not_hide_where_its_label_began(
    store: Store, labelling: Labelling, clips: list[int]
) -> None:
    labelling.save_drafts("tiny", {clips[0]: DRAFT})
    labelling.confirm([clips[0]], "ann")
    labelling.save_drafts("tiny", {clips[0]: "please open a valve"}, draft=False)
    labelling.save(clips[0], LABEL, author="ann", confirmed=True)
    own = Standings(store).of_set("s").standings["tiny"].own
    assert own is not None
    assert (own.clips, own.errors) == (1, 1)


def test_a_label_that_was_undone_down_to_none_began_anew(store: Store, labelling: Labelling, clips: list[int]) -> None:
    labelling.save(clips[0], LABEL, author="ann", confirmed=True)
    assert labelling.undo(clips[0], "ann") is not None
    labelling.save_drafts("tiny", {clips[0]: DRAFT})
    labelling.confirm([clips[0]], "ann")
    own = Standings(store).of_set("s").standings["tiny"].own
    assert own is not None
    assert own.errors == 0


def test_an_undone_label_says_nothing_of_other_clips(store: Store, labelling: Labelling, clips: list[int]) -> None:
    for text in (LABEL, DRAFT, LABEL):
        labelling.save(clips[1], text, author="ann", confirmed=True)
    while (left := labelling.undo(clips[1], "ann")) and left.text:
        pass
    labelling.save_drafts("tiny", {clips[0]: DRAFT})
    labelling.confirm([clips[0]], "ann")
    assert set(Standings(store).of_set("s").standings) == {"tiny"}


def test_imported_labels_began_as_nobodys_draft(
    store: Store, collecting: Collecting, make_wav: Callable[..., Path], tmp_path: Path
) -> None:
    make_wav("set/a.wav", 0.6, seed=1)
    row = {"audio_filepath": "a.wav", "text": LABEL, "pred_text": DRAFT}
    (tmp_path / "set" / "manifest.jsonl").write_text(json.dumps(row) + "\n")
    collecting.import_path(tmp_path / "set", "m", language="en")
    (standing,) = Standings(store).of_set("m").standings.values()
    assert standing.own is None
    assert standing.rate is not None
    assert standing.rate.errors == 1


def test_a_changed_label_is_scored_anew_and_a_run_is_no_base_model(
    store: Store, labelling: Labelling, clips: list[int]
) -> None:
    standings = Standings(store)
    labelling.save(clips[0], LABEL, author="ann", confirmed=True)
    labelling.save_drafts("tiny", {clips[0]: LABEL}, draft=False)
    labelling.save_drafts("run-3", {clips[0]: LABEL}, draft=False)

    def errors() -> int:
        rate = standings.of_set("s").standings["tiny"].rate
        assert rate is not None
        return rate.errors

    assert errors() == 0
    assert set(standings.of_set("s").standings) == {"tiny"}
    labelling.save(clips[0], "please shut the valve", author="ann", confirmed=True)
    assert errors() == 1


def test_enough_clips_have_an_interval(store: Store, labelling: Labelling, clips: list[int]) -> None:
    for number, clip_id in enumerate(clips):
        labelling.save(clip_id, LABEL, author="ann", confirmed=True)
        labelling.save_drafts("tiny", {clip_id: DRAFT if number % 2 else LABEL}, draft=False)
    rate = Standings(store).of_set("s").standings["tiny"].rate
    assert rate is not None
    assert rate.interval is not None
    low, high = rate.interval
    assert 0 <= low < rate.wer < high <= 0.25
