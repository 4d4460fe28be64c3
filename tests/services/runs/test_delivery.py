"""A run whose best state is the base says so wherever it is spoken of, and in the same words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.finished import finished_run
from workbench.core.run_result import RunResult
from workbench.services.exports.model import model_card
from workbench.services.runs.delivery import kept_base, what_would_help
from workbench.services.workbench import Workbench
from workbench.store.runs import find_run
from workbench.ui.compare.results import overall
from workbench.ui.report.page import report_html


def trained(*best: int, **more: Any) -> dict[str, Any]:
    return {"trainings": [{"steps": 40, "best_step": step, "checks": []} for step in best], **more}


@pytest.mark.parametrize(
    ("result", "status", "why"),
    [
        (trained(0), "done", "no state of it did better"),
        (trained(0), "stopped", "it was stopped before any state of it did better"),
        (trained(0, 0, 20), "done", "too few of the folds"),
        (trained(0, sweep={"chosen": "base"}), "done", "the sweep found nothing that beats the base"),
        (trained(0, 20, base_delivered=True, sweep={"chosen": "head"}), "done", "too few of the folds"),
    ],
)
def test_the_unchanged_base_is_said_with_its_reason(result: dict[str, Any], status: str, why: str) -> None:
    said = kept_base(RunResult.from_json(result), status)
    assert said.startswith(f"Nothing of the training was kept: {why}")
    assert said.endswith("This is the unchanged base model.")


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (trained(20), "done"),
        (trained(0, 20, 20), "done"),
        (trained(0, 20), "stopped"),
        (trained(0, 0, base_delivered=False), "done"),
        (trained(0), "failed"),
        (trained(), "done"),
        ({}, "stopped"),
    ],
)
def test_what_has_learned_or_has_no_result_is_not_called_unchanged(result: dict[str, Any], status: str) -> None:
    assert kept_base(RunResult.from_json(result), status) == ""


def test_page_terminal_report_and_export_say_the_same(
    tmp_path: Path, make_wav: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Workbench.open(tmp_path / "workspace")
    sounds = [(make_wav(f"{i}.wav", 0.4, seed=i), f"{i}.wav") for i in range(12)]
    bench.collecting.add_files("s", sounds, language="en")
    for clip in bench.labelling.clips("s"):
        bench.labelling.save(clip.id, f"alpha beta {clip.id}", author="ada", confirmed=True)
    run = finished_run(bench, monkeypatch, "s", lambda _, label: ("x beta", "x beta"))
    with bench.store.session() as session:
        row = find_run(session, run)
        row.result = {**row.result, **trained(0), "train_clips": 0}
    view, result, document = bench.adaptation.view(run), bench.comparing.of_run(run), bench.comparing.document(run)
    (entry,) = bench.history.entries("s")
    why = kept_base(RunResult.from_json(trained(0)), "done")
    assert view.message == view.kept_base == entry.message == document["kept_base"] == why
    assert entry.figures is not None
    assert entry.figures.outcome == document["outcome"] == "nothing kept"
    card = model_card(
        document,
        {"model": {"name": "ctc-en", "source": "bundled", "licence": "MIT"}, "config": {}, "versions": {}},
    )
    report = report_html(bench.reporting.of(run, ()))
    for said in (document["summary"], overall(result), card, report):
        assert why in said
        assert "No proof" not in said
        assert "0.0 to 0.0" not in said
    assert "# ctc-en, unchanged" in card
    assert "weights\nlearned" not in card
    bench.close()


def test_what_would_help_names_what_stands_in_the_way() -> None:
    good = what_would_help(errors=2, words=57, steering_errors=1, updates=12, effort="quick")
    assert "good at these clips already: 2 of 57 words" in good
    assert "about 1 of the base's errors" in good
    assert "12 updates" in good
    for effort, next_one in (("quick", "choose usual, or "), ("usual", "choose thorough, or "), ("thorough", "")):
        few = what_would_help(errors=30, words=100, steering_errors=40, updates=12, effort=effort)
        assert few == f"Training made 12 updates at most; {next_one}confirm more clips."
    other = what_would_help(errors=30, words=100, steering_errors=40, updates=200, effort="usual")
    assert "sweep" in other
    assert "updates" not in other
