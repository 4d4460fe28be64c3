"""How far a set is, by the rules that runs follow."""

import json

import pytest
import soundfile

from tests.conftest import speechlike
from workbench.core.evaluation.sample_size import FEWEST_ERRORS, FEWEST_TEST_CLIPS
from workbench.services.runs.labelled import MIN_CONFIRMED
from workbench.services.runs.readiness import Guiding


@pytest.fixture
def guiding(store, collecting, labelling) -> Guiding:
    collecting.create_set("s", "en")
    return Guiding(store, collecting, labelling, lambda _: "ctc-en")


@pytest.fixture
def add(collecting):
    """add(n, …): n confirmed clips with sentences of their own."""

    def put(n: int, *, first: int = 0, speaker: str | None = None) -> None:
        for i in range(first, first + n):
            sound = speechlike(0.3, seed=900 + i)
            collecting.add_recording("s", 16_000, sound, text=f"sentence number {i}", name=f"{i}.wav", speaker=speaker)

    return put


def test_an_empty_set_needs_everything(guiding) -> None:
    found = guiding.readiness("s")
    assert (found.to_start, found.enough.tested, found.enough.more_labelled) == (MIN_CONFIRMED, 0, FEWEST_TEST_CLIPS)


def test_few_labels_are_tested_in_folds_so_each_new_one_counts(guiding, add) -> None:
    add(6)
    found = guiding.readiness("s")
    assert (found.to_start, found.enough.tested, found.enough.more_labelled) == (0, 6, FEWEST_TEST_CLIPS - 6)
    assert found.obstacle == ""


def test_unconfirmed_labels_do_not_count(guiding, add, collecting) -> None:
    add(2)
    collecting.add_recording("s", 16_000, speechlike(0.3, seed=1))
    found = guiding.readiness("s")
    assert (found.info.clips, found.enough.tested, found.to_start) == (3, 2, MIN_CONFIRMED - 2)


def test_a_base_that_errs_rarely_asks_for_more_clips(guiding, add, labelling) -> None:
    add(6)
    drafts = {clip.id: clip.text for clip in labelling.clips("s")}
    drafts[min(drafts)] = "sentence number"  # one word missing in six clips
    labelling.save_drafts("ctc-en", drafts)
    labelling.save_drafts("run-1", dict.fromkeys(drafts, "everything wrong here"))
    assert guiding.readiness("s").enough.needed == 6 * FEWEST_ERRORS  # one error in six clips


def test_clips_that_cannot_test_each_other_are_said(guiding, write, collecting) -> None:
    """Two recordings of which each says a sentence of the other hang together as one."""
    rows = [("a", "one two"), ("a", "three four"), ("b", "three four"), ("b", "five six"), ("a", "seven")]
    folder = write({})
    lines = []
    for i, (source, text) in enumerate(rows):
        soundfile.write(folder / f"{i}.wav", speechlike(0.3, seed=i), 16_000)
        lines.append(json.dumps({"audio_filepath": f"{i}.wav", "text": text, "source": source}))
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    collecting.import_path(folder, "s")
    found = guiding.readiness("s")
    assert found.enough.tested == 5
    assert "another source recording" in found.obstacle
