"""The watched dev clips: always the same ones, the base's text kept through checks, reloads and resumes."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import execute, import_tones, prepare, result_of
from tests.ui.conftest import HOSTILE
from tests.ui.kit.test_html import assert_harmless
from workbench.services.runs.clips import RunClip, run_clips
from workbench.services.runs.dev_samples import Watching, chosen
from workbench.services.runs.progress import Progress
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run
from workbench.ui.adapt.progress import panel


@pytest.fixture
def run(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stored run with folds over eight tones."""
    import_tones(bench, tmp_path / "own", range(8), "own")
    spec = bench.catalog.resolve(str(save_model(tmp_path / "tiny", "wav2vec2-layer")))
    return prepare(bench, monkeypatch, spec, "own", folds=2, general_set="none")


def clips_of(bench: Workbench, run: str) -> list[RunClip]:
    with bench.store.session() as session:
        return list(run_clips(session, find_run(session, run)).values())


def number(run: str) -> int:
    return int(run.removeprefix("run-"))


def test_middling_to_many_errors_are_watched_and_always_the_same_clips() -> None:
    clips = [RunClip(i, str(i), f"{i}.wav", 16_000, None, "a b c d") for i in range(9)]
    texts = [" ".join("abcd"[: 4 - i // 2]) for i in range(9)]  # the later, the worse
    assert [c.id for c in chosen(clips, texts, "marks")] == [4, 6, 8]
    assert chosen(clips[::-1], texts[::-1], "marks") == chosen(clips, texts, "marks")
    assert len(chosen(clips[:2], texts[:2], "marks")) == 2
    assert chosen([], [], "marks") == []


def test_the_base_stays_and_the_newest_text_follows_also_after_a_resume(bench: Workbench, run: str) -> None:
    clips = clips_of(bench, run)
    first = Watching(bench.store, number(run), "marks")
    first.begin(0, fresh=True)
    first.see(clips, ["base"] * 8)
    first.see(clips, ["later"] * 8)
    seen = bench.adaptation.watched(run)
    assert [(w.base, w.now, w.fold) for w in seen] == [("base", "later", 0)] * 3
    # A second process goes on with the same training: another reader sees the base's text still.
    resumed = Watching(bench.store, number(run), "marks")
    resumed.begin(0, fresh=False)
    resumed.see(clips, ["resumed"] * 8)
    again = bench.adaptation.watched(run)
    assert [(w.clip_id, w.base, w.now) for w in again] == [(w.clip_id, "base", "resumed") for w in seen]
    # The next fold chooses anew among its own dev clips.
    resumed.begin(1, fresh=True)
    resumed.see(clips[:2], ["x", "y"])
    assert {(w.clip_id, w.fold) for w in bench.adaptation.watched(run)} == {(c.id, 1) for c in clips[:2]}


def test_deleted_clips_are_not_shown_and_erased_ones_are_gone(bench: Workbench, run: str) -> None:
    clips = clips_of(bench, run)
    watching = Watching(bench.store, number(run), "marks")
    watching.begin(None, fresh=True)
    bench.collecting.erase(clip_ids=[clips[0].id])
    watching.see(clips[:3], ["a", "b", "c"])  # the run had read its clips before
    assert {w.clip_id for w in bench.adaptation.watched(run)} == {clips[1].id, clips[2].id}
    bench.collecting.delete_clips([clips[1].id])
    assert [w.clip_id for w in bench.adaptation.watched(run)] == [clips[2].id]


def test_a_run_shows_three_dev_clips_of_its_fold_while_it_learns(
    bench: Workbench, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[int, str]] = []

    def update(self: Progress, step: int, planned: int, loss: Any, checks: Any) -> None:
        original(self, step, planned, loss, checks)
        self.write()
        view = bench.adaptation.view(run)  # what a page that is opened now would see
        drawn.append((view.progress["fold"], panel(view, bench.adaptation.watched(run))))

    original = Progress.update
    monkeypatch.setattr(Progress, "update", update)
    execute(bench, run)
    assert {0, 1} <= {fold for fold, _ in drawn}
    dev = result_of(bench, run).trainings[0].checks
    assert dev[0]["step"] == 0
    fold_2 = next(html for fold, html in drawn if fold == 1)
    assert "While it learns: the same steering (dev) clips at every check · fold 2 of 2" in fold_2
    assert "Now (update 0)" in fold_2
    watched = bench.adaptation.watched(run)
    assert 1 <= len(watched) <= 3
    assert {w.fold for w in watched} == {1}
    hostile = dataclasses.replace(watched[0], name=HOSTILE, reference=HOSTILE, base=HOSTILE, now=HOSTILE)
    folded = panel(bench.adaptation.view(run), [hostile])
    assert "<details><summary>The last training" in folded
    assert_harmless(folded)
