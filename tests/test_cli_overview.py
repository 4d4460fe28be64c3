"""`workbench overview`: the page's numbers for people and as JSON, levels measured first."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.test_cli_models import Terminal, terminal  # noqa: F401 - a fixture


def test_a_set_is_told_to_people_and_to_programs(
    terminal: Terminal,  # noqa: F811 - the fixture
    make_wav: Callable[..., Path],
    tmp_path: Path,
) -> None:
    rows = []
    for i, text in enumerate(["take the pills", "take them", ""]):
        make_wav(f"{i}.wav", 1.5, seed=i)
        rows.append(json.dumps({"audio_filepath": f"{i}.wav", "text": text, "speaker": f"s{i % 2}"}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "words.txt").write_text("pills\nmetoprolol\n")
    terminal.json("import", str(tmp_path / "manifest.jsonl"), "--set", "s", "--language", "en")
    terminal.json("words", "--set", "s", str(tmp_path / "words.txt"))
    said = terminal.json("overview", "s")
    assert (said["set"], said["clips"], said["confirmed"], said["words"]) == ("s", 3, 2, 5)
    assert said["levels_known"] == 3
    assert -40 < said["level_median_db"] < 0
    assert said["terms_never_said"] == ["metoprolol"]
    assert [gap["kind"] for gap in said["missing"]] == ["terms", "unlabelled"]
    shown = terminal.run("overview", "s").stdout
    assert shown.startswith("1 of 2 words of your list is never said: metoprolol.\n")
    assert "3, 0.1 min" in shown
    assert "take 2, " in shown


def test_an_unknown_set_is_said(
    terminal: Terminal,  # noqa: F811 - the fixture
    make_wav: Callable[..., Path],
) -> None:
    terminal.run("import", str(make_wav("a.wav", 0.6)), "--set", "s")
    failed = terminal.run("overview", "nowhere", status=1)
    assert "nowhere" in failed.stderr
