"""`workbench doctor`: findings as JSON, a remedy announced before it is applied, and taken back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_cli_models import Terminal, terminal  # noqa: F401 - a fixture


def test_a_set_is_examined_mended_and_restored(
    terminal: Terminal,  # noqa: F811 - the fixture
    make_wav: Callable[..., Path],
    tmp_path: Path,
) -> None:
    rows = []
    for i, text in enumerate(["take 5 tablets", "take two tablets", "take three tablets", "open the door"]):
        make_wav(f"{i}.wav", 1.5, seed=i)
        rows.append(json.dumps({"audio_filepath": f"{i}.wav", "text": text}))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows) + "\n")
    terminal.json("import", str(tmp_path / "manifest.jsonl"), "--set", "s", "--language", "en")
    report = terminal.json("doctor", "--set", "s")
    assert {
        "set",
        "clips",
        "model",
        "drafted",
        "drafts_tell_nothing",
        "findings",
        "applied",
        "undone",
        "can_be_undone",
    } == set(report)
    assert [(f["kind"], len(f["clips"]), f["changes"]) for f in report["findings"]] == [("numbers", 1, 1)]
    said = terminal.run("doctor", "--set", "s", "--apply", "numbers")
    assert "0.wav: “take 5 tablets” → “take five tablets”" in said.stderr, "said before it is done"
    assert "Nothing looks wrong" in said.stdout
    assert "--undo numbers brings back 1 of the labels" in said.stdout
    undone = terminal.json("doctor", "--set", "s", "--undo", "numbers")
    assert undone["undone"] == {"kind": "numbers", "clips": 1}
    assert [f["kind"] for f in undone["findings"]] == ["numbers"]
    terminal.run("doctor", "--set", "s", "--apply", "numbers", "--undo", "numbers", status=2)
    assert "no kind of finding called 'x'" in terminal.run("doctor", "--set", "s", "--apply", "x", status=1).stderr


@pytest.mark.slow
def test_a_model_listens_first(terminal: Terminal) -> None:  # noqa: F811 - the fixture
    general = Path(__file__).parent.parent / "assets" / "clips" / "general"
    terminal.json("import", str(general), "--set", "g")
    report = terminal.json("doctor", "--set", "g", "--model", "ctc-en")
    assert (report["model"], report["drafted"]) == ("ctc-en", 60)
    assert all(f["kind"] != "far-from-draft" for f in report["findings"])
