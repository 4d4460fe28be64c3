"""Swapped labels in the sample sets, held against what a real recogniser hears."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.doctor.findings import Labelled, LabelSet
from workbench.services.workbench import Workbench

MODEL = "whisper-tiny.en"
TRIALS, SWAPPED = 10, 4  # trials a set, labels swapped in each


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clinic", "workshop", "general"])
def test_swapped_labels_are_found_and_right_ones_left_alone(
    real_model: Callable[[str], Path], kind: str, tmp_path: Path
) -> None:
    real_model(MODEL)
    bench = Workbench.open(tmp_path / "workspace")
    bench.collecting.import_samples(kind)
    bench.transcribing.hear_labelled(MODEL, kind, bench.doctor.unheard(kind, MODEL))
    report = bench.doctor.report(kind, MODEL)
    assert (report.findings, report.deaf, report.drafted) == ((), False, report.clips)
    clips, drafts, _ = bench.doctor._read(kind, MODEL)
    bench.close()
    rng, found = random.Random(0), 0
    for _ in range(TRIALS):
        texts = {c.id: c.text for c in clips}
        a, b, c, d = rng.sample(list(texts), SWAPPED)
        texts[a], texts[b], texts[c], texts[d] = texts[b], texts[a], texts[d], texts[c]
        ward = LabelSet(
            [Labelled(c.id, c.name, texts[c.id], c.duration, draft=drafts[c.id]) for c in clips], "en", MODEL
        )
        flagged = {clips[s.place].id for s in ward.held.strangers}
        assert flagged <= {a, b, c, d}, "a right label was called wrong"
        found += len(flagged)
    print(f"\n{kind}: {found} of {TRIALS * SWAPPED} swapped labels found")
    assert found >= 0.7 * TRIALS * SWAPPED
