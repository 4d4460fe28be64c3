"""A run learns from and is judged by the cuts of its start; its features, word times and card are of them."""

import json
from pathlib import Path

import pytest

from tests.asr.conftest import save_model
from tests.services.inprocess import QUICK, execute, import_tones
from workbench.services.workbench import Workbench


def test_a_run_hears_the_cuts_of_its_start(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = import_tones(bench, tmp_path / "tones", range(24), "tones", n_samples=12_900)
    monkeypatch.setattr(bench.adaptation.jobs, "launch", lambda name: None)
    spec = bench.catalog.resolve(str(save_model(tmp_path / "model", "wavlm-group")))
    before = {i: bench.labelling.clip(i).sha256 for i in ids}
    for clip_id in ids:
        bench.trimming.trim(clip_id, 0.1, 0.7, author="ann")
    heard = {i: bench.labelling.clip(i).sha256 for i in ids}
    run = bench.adaptation.start("tones", spec, "head", {**QUICK, "folds": 0, "general_set": "none"})
    for clip_id in ids:
        bench.trimming.trim(clip_id, 0.2, 0.8, author="ann")
    execute(bench, run)
    cached = {path.name[:64] for path in bench.workspace.cache.rglob("*.safetensors")}
    assert cached == set(heard.values())
    assert cached.isdisjoint(before.values())
    card = json.loads((bench.workspace.run_folder(run) / "model" / "run.json").read_text())
    assert set(card["cuts"]) == {str(i) for i in ids}
    rows = bench.transcripts.of(run)
    assert rows
    assert {row.duration for row in rows} == {0.6}
    assert bench.adaptation.view(run).status == "done"
    drafts = bench.labelling.clip(rows[0].clip)
    assert drafts.duration == pytest.approx(0.6)
    assert bench.base_models.unheard("tones", spec.name), "what the base heard is of another cut than what stands"
