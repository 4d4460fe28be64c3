"""The sweep's result: the recommendation, both pictures, every arm, the taken one marked, all text escaped."""

import re
from typing import Any

from workbench.ui.charts.sweep import sweep


def arm(name: str, weights: int, seconds: float, wer: float, *, full: bool = True) -> dict[str, Any]:
    change = {"estimate": wer - 0.5, "low": wer - 0.55, "high": wer - 0.42, "over": "clips", "groups": 20}
    return {
        "arm": name,
        "strategy": name.split()[0],
        "learning_rate": 1e-3,
        "trainable_parameters": weights,
        "updates": 120,
        "seconds": seconds,
        "wer": wer,
        "change": change,
        "full": full,
    }


RESULT = {
    "arms": [arm("top-2 at 0.001", 900_000, 40, 0.3), arm("head <b> at 0.1", 5000, 2, 0.45, full=False)],
    "base_wer": 0.5,
    "dev_clips": 20,
    "best": "top-2 at 0.001",
    "chosen": "top-2 at 0.001",
    "recommendation": "Take top-2 at 0.001 & rest.",
}


def test_nothing_without_a_sweep() -> None:
    assert sweep(None) == ""


def test_every_arm_is_drawn_twice_and_listed_once() -> None:
    html = sweep(RESULT)
    assert html.count("<svg") == 2
    assert html.count("<circle") == 4
    assert html.count("class='arm chosen'") == 2
    assert html.count("<tr><th scope='row'>") == 2
    assert "Take top-2 at 0.001 &amp; rest." in html
    assert "<b> at" not in html
    assert "head &lt;b&gt; at 0.1" in html
    assert html.count("(taken)") == 1
    assert html.count("then dropped") == 1
    assert "on the 20 steering (dev) clips" in html


def test_every_mark_lies_within_its_picture() -> None:
    for result in (RESULT, RESULT | {"arms": RESULT["arms"][:1]}, RESULT | {"base_wer": 0.0}):
        html = sweep(result)
        for _, width, height in re.findall(r"viewBox='(0 0) (\d+) (\d+)'", html):
            assert all(0 <= float(v) <= float(width) for v in re.findall(r" c?x[12]?='([\d.-]+)'", html))
            assert all(0 <= float(v) <= float(height) for v in re.findall(r" c?y[12]?='([\d.-]+)'", html))
