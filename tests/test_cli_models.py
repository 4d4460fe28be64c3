"""The verbs about models and runs, as a script uses them: one JSON document on stdout, one sentence on stderr."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import soundfile
import typer

from workbench.asr.training.freezing import STRATEGIES
from workbench.audio.decode import read_clip
from workbench.audio.resampling import CUT_OFF
from workbench.cli import load_verbs, main
from workbench.cli.common import app
from workbench.core.types import SAMPLE_RATE

ROOT = Path(__file__).parent.parent
CLINIC = ROOT / "assets" / "clips" / "clinic"


@dataclass
class Done:
    """What a verb printed."""

    stdout: str
    stderr: str


@dataclass
class Terminal:
    """Runs verbs on one workspace, in this process: torch is loaded once."""

    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, status: int = 0) -> Done:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        printed = self.capture.readouterr()
        assert (ended.value.code or 0) == status, printed.err
        assert "Traceback" not in printed.err
        return Done(printed.out, printed.err)

    def json(self, *words: str) -> Any:
        return json.loads(self.run(*words, "--json").stdout)


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "workspace"))
    return Terminal(capsys)


def test_the_whole_job_from_the_command_line(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.json("import", str(CLINIC), "--set", "clinic")["rejected"] == []
    terminal.json("words", "--set", "clinic", str(CLINIC / "words.txt"))
    document = terminal.json(
        "adapt", "--set", "clinic", "--model", "ctc-en", "--strategy", "head", "--epochs", "2", "--augment-copies", "0"
    )
    assert {
        "run", "status", "strategy", "trainable_parameters", "total_parameters", "normalizer", "train_clips",
        "test_clips", "base", "adapted", "wer_change", "verdict", "terms", "seconds",
    } <= set(document)  # fmt: skip
    assert (document["status"], document["strategy"], document["normalizer"]) == ("done", "head", "english")
    assert document["verdict"] in ("better", "no proof", "worse")
    assert set(document["wer_change"]) >= {"estimate", "low", "high", "over"}
    assert set(document["seconds"]) == {"prefix", "training", "evaluation", "total"}
    for side in ("base", "adapted"):
        assert 0 <= document[side]["wer"] < 3
        assert isinstance(document[side]["substitutions"], int)
    assert isinstance(document["trainable_parameters"], int)
    assert 0 < document["trainable_parameters"] < document["total_parameters"]
    general = document["general"]
    assert (general["set"], general["clips"], general["red_line"], general["left_out"]) == ("general", 60, 0.03, 0)
    assert general["version"] == (ROOT / "assets" / "clips" / "general" / "version.txt").read_text().strip()
    assert general["verdict"] in ("forgot", "maybe forgot", "within", "cannot tell")
    run = document["run"]
    compared = terminal.json("compare", run, "--normalizer", "none")
    assert compared["normalizer"] == "none"
    assert compared["base"]["wer"] == document["base"]["raw"]["wer"]
    assert len(compared["clips"]) == document["test_clips"]
    assert {"reference", "base", "adapted", "base_wer", "adapted_wer"} <= set(compared["clips"][0])
    listed = terminal.json("runs", "--set", "clinic")
    assert [r["run"] for r in listed] == [run]
    assert listed[0]["adapted_wer"] == document["adapted"]["wer"]
    assert listed[0]["forgetting"] == general["verdict"]
    assert listed[0]["general"] == {"set": "general", "version": general["version"]}
    assert listed[0]["command"].startswith("workbench adapt --set clinic --model ctc-en --strategy head ")
    assert " --epochs 2 " in listed[0]["command"]
    sound = tmp_path / "some.wav"  # 16 bits, which every reader reads alike
    soundfile.write(sound, read_clip(min((CLINIC / "audio").iterdir())), SAMPLE_RATE, subtype="PCM_16")
    heard = terminal.json("transcribe", "--model", run, str(sound))
    assert set(heard[0]) == {"file", "clip", "text", "audio_seconds", "seconds"}
    assert terminal.run("compare", run).stdout.strip().endswith(document["summary"])
    out = tmp_path / "model"
    assert terminal.json("export", run, "--format", "hf", "--out", str(out))["verified_clips"] == 3
    # Plain transformers in a fresh process, with no trace of this package.
    program = (
        "import json, sys, soundfile\nfrom transformers import pipeline\n"
        f"r = pipeline('automatic-speech-recognition', model={str(out)!r})\n"
        f"x, sr = soundfile.read({str(sound)!r}, dtype='float32')\n"
        "print(json.dumps(r({'raw': x, 'sampling_rate': sr})['text']))\n"
        "assert not any(m.startswith('workbench') for m in sys.modules)"
    )
    fresh = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert json.loads(fresh.stdout.splitlines()[-1]) == heard[0]["text"]


def test_models_are_listed_with_their_facts(terminal: Terminal) -> None:
    listed = terminal.json("models")
    assert listed[0]["name"] == "ctc-en"
    assert {"name", "family", "parameters", "languages", "licence", "size_mb", "learning_rates"} <= set(listed[0])
    assert any(m["source"] == "hub" for m in listed)


def test_lists_are_read_on_80_columns(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    known = terminal.json("models")
    lines = terminal.run("models").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 4 * len(known), "sentences run over the width, not down a narrow column"
    assert {m["name"] for m in known} <= set(lines)
    assert all(m["good_for"] in " ".join(map(str.strip, lines)) for m in known)
    verbs = terminal.run("--help").stdout.partition("Commands:")[2].strip().splitlines()
    assert len(verbs) == len(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert [line for line in verbs if not line.endswith(".") or line.endswith("...")] == [], "each in a whole sentence"


def test_failures_are_one_sentence_and_wrong_usage_is_two(terminal: Terminal, make_wav: Callable[..., Path]) -> None:
    terminal.run("import", str(make_wav("a.wav", 0.6)), "--set", "s")
    failed = terminal.run("adapt", "--set", "none", "--model", "ctc-en", "--strategy", "head", status=1)
    assert failed.stdout == ""
    assert "none" in failed.stderr
    assert len(failed.stderr.strip().splitlines()) == 1
    assert "no run called 'run-9'" in terminal.run("compare", "run-9", status=1).stderr
    assert "no base model called 'x'" in terminal.run("transcribe", "--model", "x", "a.wav", status=1).stderr
    unparted = ("sweep", "--set", "none", "--model", "ctc-en", "--strategies", "head top-1")
    assert "--strategies head,top-1" in terminal.run(*unparted, status=1).stderr
    terminal.run("transcribe", "--model", "ctc-en", status=2)
    terminal.run("adapt", "--model", "ctc-en", status=2)
    terminal.run("adapt", "--set", "a", "--model", "ctc-en", "--strategy", "head", "--epochs", "many", status=2)


def test_a_missing_or_broken_file_is_named(terminal: Terminal, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    for file in (broken, tmp_path / "missing.wav"):
        failed = terminal.run("transcribe", "--model", "ctc-en", str(file), status=1)
        assert str(file) in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1
    assert "is a folder" in terminal.run("transcribe", "--model", "ctc-en", str(tmp_path), status=1).stderr
    sound = next((CLINIC / "audio").iterdir())
    missing = tmp_path / "missing.wav"
    partly = terminal.run("transcribe", "--model", "ctc-en", str(broken), str(sound), str(missing), status=1)
    assert [line.split()[0] for line in partly.stdout.splitlines()] == [str(sound)]
    assert str(broken) in partly.stderr
    assert str(missing) in partly.stderr


def test_what_could_not_be_heard_is_told(terminal: Terminal, tmp_path: Path) -> None:
    sound = tmp_path / "cut.wav"
    sound_file = next((CLINIC / "audio").iterdir())
    soundfile.write(sound, *soundfile.read(sound_file))
    content = sound.read_bytes()
    sound.write_bytes(content[: len(content) // 2])
    (row,) = json.loads((done := terminal.run("transcribe", "--model", "ctc-en", str(sound), "--json")).stdout)
    assert row["warnings"] == [CUT_OFF]
    assert done.stderr.strip() == f"{sound}: {CUT_OFF}"
    (row,) = terminal.json("transcribe", "--model", "ctc-en", str(sound_file))
    assert "warnings" not in row


def test_the_help_names_every_strategy() -> None:
    load_verbs()
    help_text = next(
        option.help
        for option in typer.main.get_command(app).commands["adapt"].params  # type: ignore[attr-defined]
        if option.name == "strategy"
    )
    assert all(re.search(rf"\b{name}\b", help_text) for name in STRATEGIES)


def test_the_command_line_begins_with_the_sets_model(terminal: Terminal, tmp_path: Path) -> None:
    """Without --model; nothing is adapted here, since the set is empty."""
    from workbench.services.workbench import Workbench

    bench = Workbench.open(tmp_path / "workspace")
    bench.collecting.create_set("s", "en")
    for verb in ("adapt", "sweep", "curve"):
        assert "Base model: ctc-en. Another one: --model." in terminal.run(verb, "--set", "s", status=1).stderr
    bench.base_models.choose("s", "whisper-base")
    said = terminal.run("adapt", "--set", "s", status=1).stderr
    assert "Base model: whisper-base." in said
    assert "`workbench fetch whisper-base`" in said
    assert "no clip set called 'none'" in terminal.run("adapt", "--set", "none", status=1).stderr
    assert terminal.json("doctor", "--set", "s")["model"] is None, "nobody listens unless asked to"
    bench.close()
