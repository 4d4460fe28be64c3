"""Each benchmark runs with tiny shapes, writes what it promises, and both of its sides hear and learn the same.

No time is asserted: on a shared machine it would say nothing.
"""

import json
from pathlib import Path

import pytest

from bench import coverage, faults, finetune, idle, real, scale, start, sweep, transcribe
from bench.page import MEASURED, chromium
from bench.report import cpu_name, matrix_rate
from bench.windowed import FROZEN, STRATEGIES

ROW = [
    "shape",
    "strategy",
    "usual_step",
    "naive_step",
    "our_step",
    "training_ratio",
    "cold_job_ratio",
    "warm_job_ratio",
]
pytestmark = [
    # What the usual way says of itself is not ours to silence.
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_the_machine_is_named() -> None:
    assert cpu_name()
    assert matrix_rate(64, 1) > 0


def test_coverage(tmp_path: Path) -> None:
    coverage.main(["--smoke", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "coverage.json").read_text())
    assert [(r["clips"], r["speakers"], r["effect"]) for r in found["cells"]] == [(16, 0, 0.0), (32, 8, 0.5)]
    for row in found["cells"]:
        assert row["holds"] >= 0.75, "forty trials; a broken interval holds in none, or in half"
        assert row["better"] <= row["better_before"]
    assert 20 <= found["provable"][0]["at_20"] <= 60


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_finetune(tmp_path: Path) -> None:
    finetune.main(["--smoke", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "finetune.json").read_text())
    assert [(r["shape"], r["strategy"]) for r in rows] == finetune.CASES
    assert all(list(r) == ROW for r in rows)
    assert all(r[name] > 0 for r in rows for name in ROW[2:])
    details = json.loads((tmp_path / "finetune-details.json").read_text())
    assert details["machine"]["cpu"]
    assert [r["prefix"] > 0 for r in details["parts"]] == [True] * 4 + [False]  # nothing is frozen in `full`
    windowed = json.loads((tmp_path / "finetune-window.json").read_text())
    assert [(r["strategy"], r["weights"]) for r in windowed] == [(s, "random") for s in STRATEGIES]
    for row in windowed:
        frozen = row["strategy"] in FROZEN
        assert all((row[clock]["healing_counted_ratio"] is not None) == frozen for clock in ("wall", "cpu"))
        assert row["cpu"]["base"] > 0
    assert details["checks"]
    for check in details["checks"]:
        assert check["our_final_loss"] == pytest.approx(check["usual_final_loss"], rel=5e-3)
        assert check["our_wer"] == pytest.approx(check["usual_wer"], abs=0.1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_real(tmp_path: Path) -> None:
    flags = "--strategy head --epochs 1 --max-updates 1 --general-set none --learning-rate 1e-9"
    for _ in range(2):  # a row of before is replaced
        real.main(["--models", "ctc-en", "--sets", "clinic", "--set-flags", flags, "--out", str(tmp_path)])
    (row,) = json.loads((tmp_path / "real.json").read_text())["rows"]
    assert (row["model"], row["set"], row["test_clips"], row["strategy"]) == ("ctc-en", "clinic", 60, "head")
    assert row["base"] == pytest.approx(0.839, abs=0.02), "as docs/figures.md says"
    assert row["cpu_s"] > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_scale(tmp_path: Path) -> None:
    scale.main(["--smoke", "--out", str(tmp_path)])
    document = json.loads((tmp_path / "scale.json").read_text())
    assert [r["clips"] for r in document["training"]] == [4, 8]
    assert {"first page", "search", "save a label"} <= {r["question"] for r in document["questions"]}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_start_and_the_first_draft_is_what_the_pipeline_hears(tmp_path: Path) -> None:
    start.main(["--smoke", "--out", str(tmp_path)])
    document = json.loads((tmp_path / "start.json").read_text())
    rows, opening = document["rows"], document["opening"]
    assert [r["what"] for r in rows] == ["first page", "first draft"]
    assert all(r["our_seconds"] > 0 for r in rows)
    if opening:  # where there is a Chromium
        assert [r["what"] for r in opening] == [*MEASURED]
        assert all(r["theirs"] > 0 and r["ours"] > 0 for r in opening)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_transcribe_hears_what_the_pipeline_hears_of_single_clips(tmp_path: Path) -> None:
    transcribe.main(["--smoke", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "transcribe.json").read_text())["rows"]
    assert [r["model"] for r in rows] == ["ctc-en", "whisper-en"]
    assert rows[0]["same_texts_as_alone"] == rows[0]["clips"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sweep(tmp_path: Path) -> None:
    sweep.main(["--smoke", "--out", str(tmp_path)])
    row = json.loads((tmp_path / "sweep.json").read_text())["rows"][0]
    assert row["arms"] == 6
    assert row["sweep_updates"] > 0
    assert row["sweep_to_full"] > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_nothing_bricked(tmp_path: Path) -> None:
    """A tenth of what `make bench-faults` does."""
    rows = faults.main(["--kills", "20", "--full", "10", "--seed", "7", "--out", str(tmp_path)])
    (total,) = [row for row in rows if row["kind"] == "all"]
    assert {name: total[name] for name in ("lost", "bricked", "raised")} == {"lost": 0, "bricked": 0, "raised": 0}
    assert total["tries"] >= 20
    assert total["broken_off"] >= 8
    assert total["acknowledged"] >= 100
    assert json.loads((tmp_path / "faults.json").read_text())["rows"] == rows


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
def test_idle(tmp_path: Path) -> None:
    idle.main(["--smoke", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "idle.json").read_text())["rows"]
    assert [row["state"] for row in rows] == ["open and idle", "following a run", "hidden, a run going on"]
    assert all(row["server_percent"] >= 0 and row["browser_percent"] >= 0 for row in rows)
