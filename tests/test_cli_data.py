"""The command line for clips and texts: documents on stdout, sentences on stderr, exit codes as agreed."""

import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from tests.conftest import speechlike
from workbench.cli import main


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self):
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def cli(tmp_path, capsys, monkeypatch) -> Callable[..., Result]:
    """Runs a verb in this process, on a workspace of its own."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / "home"))

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        try:
            main([str(a) for a in arguments])
            code = 0
        except SystemExit as e:
            code = int(e.code or 0)
        return Result(code, *capsys.readouterr())

    return run


def one_sentence(result: Result) -> bool:
    return result.code == 1 and result.out == "" and result.err.count("\n") == 1 and "Traceback" not in result.err


def test_an_import_that_took_nothing_is_a_failure(cli, tmp_path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    result = cli("import", tmp_path / "noise.wav", "--set", "s")
    assert result.code == 1
    assert "every file was rejected" in result.err
    assert "noise.wav" in result.out


def test_import_reports_and_exits_0_with_rejected_files(cli, make_wav, tmp_path) -> None:
    make_wav("data/a.wav")
    (tmp_path / "data" / "a.txt").write_text("hello")
    (tmp_path / "data" / "b.wav").write_bytes(b"")
    document = cli("import", tmp_path / "data", "--set", "s", "--json").document
    assert document == {
        "set": "s",
        "added": 1,
        "duplicates": 0,
        "rejected": [
            {
                "file": "b.wav",
                "line": None,
                "reason": "empty (the file has no bytes)",
                "remedy": "record or copy it again",
            }
        ],
        "warnings": [],
    }
    again = cli("import", tmp_path / "data", "--set", "s")
    assert again.code == 0
    assert "0 clips added, 1 there already" in again.out
    assert "b.wav: empty" in again.out


def test_the_workspace_is_accepted_before_and_after_the_verb(cli, make_wav, tmp_path) -> None:
    path = make_wav("a.wav")
    cli("--workspace", tmp_path / "one", "import", path, "--set", "s", "--json")
    cli("import", path, "--set", "t", "--workspace", tmp_path / "two", "--json")
    assert [s["name"] for s in cli("sets", "--json", "--workspace", tmp_path / "one").document] == ["s"]
    assert [s["name"] for s in cli("--workspace", tmp_path / "two", "sets", "--json").document] == ["t"]
    assert "is no workspace" in cli("sets", "--json").err


def test_sets_and_words(cli, make_wav, tmp_path) -> None:
    make_wav("data/a.wav")
    (tmp_path / "data" / "a.txt").write_text("hello")
    cli("import", tmp_path / "data", "--set", "s", "--language", "de")
    words = tmp_path / "words.txt"
    words.write_bytes("\ufeffIbuprofen\r\n\r\nzwei Wörter\r\n".encode())
    assert cli("words", "--set", "s", words, "--json").document == {
        "set": "s",
        "count": 2,
        "words": ["Ibuprofen", "zwei Wörter"],
    }
    (info,) = cli("sets", "--json").document
    assert (info["name"], info["language"], info["clips"], info["confirmed"]) == ("s", "de", 1, 1)
    assert info["words"] == ["Ibuprofen", "zwei Wörter"]
    assert "confirmed" in cli("sets").out


def test_failures_are_one_sentence_and_wrong_usage_is_2(cli, tmp_path, make_wav) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff")
    cli("import", make_wav("a.wav"), "--set", "s")
    for arguments in (
        ("import", tmp_path / "none", "--set", "s"),
        ("import", make_wav("a.wav"), "--set", "s", "--language", "!"),
        ("import", make_wav("a.wav"), "--set", " "),
        ("words", "--set", "s", bad),
        ("words", "--set", "s", tmp_path / "none.txt"),
        ("words", "--set", "none", make_wav("a.wav").parent / "bad.txt"),
        ("export", "none", "--format", "dataset", "--out", tmp_path / "out"),
        ("delete", "none"),
        ("delete", "s", "--clip", "99"),
        ("delete", "s", "--speaker", "nobody"),
        ("undelete", "s"),
        ("erase", "none", "--yes"),
        ("sets", "--workspace", bad),
    ):
        assert one_sentence(cli(*arguments)), arguments
    for arguments in (
        ("import", tmp_path),
        ("import", tmp_path, "--set"),
        ("export", "s", "--format", "zip", "--out", tmp_path / "out"),
        ("score", bad, "--reference", "r", "--base", "b", "--adapted", "a", "--normalizer", "french"),
        ("dance",),
        ("sets", "--colour"),
    ):
        result = cli(*arguments)
        assert (result.code, result.out) == (2, ""), arguments


def test_what_goes_wrong_inside_is_one_sentence_too(cli, tmp_path, monkeypatch) -> None:
    def broken(self: object) -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr("workbench.services.clips.sets.Collecting.sets", broken)
    (tmp_path / "home" / "clips").mkdir(parents=True)
    assert one_sentence(cli("sets"))
    monkeypatch.setenv("WORKBENCH_DEBUG", "1")
    with pytest.raises(KeyError):
        cli("sets")


def test_export_reads_back(cli, make_wav, tmp_path) -> None:
    make_wav("data/a.wav")
    (tmp_path / "data" / "a.txt").write_text("{{hello}} ${x} <script>")
    cli("import", tmp_path / "data", "--set", "s")
    out = tmp_path / "out"
    document = cli("export", "s", "--format", "dataset", "--out", out, "--json").document
    assert (document["clips"], document["confirmed"]) == (1, 1)
    assert cli("import", out, "--set", "t", "--json").document["added"] == 1
    assert one_sentence(cli("export", "s", "--format", "dataset", "--out", out))


GRID = '"ooTextFile" "TextGrid" 0 2 <exists> 2 "IntervalTier" "Ann" 0 2 2 0 1 "one" 1 2 "two" '
GRID += '"IntervalTier" "Bob" 0 2 1 0 2 "three"'


def test_formats_tiers_and_texts(cli, make_wav, tmp_path) -> None:
    make_wav("data/a.wav", 2.0)
    (tmp_path / "data" / "a.TextGrid").write_text(GRID)
    asked = cli("import", tmp_path / "data", "--set", "s")
    assert one_sentence(asked)
    assert "a.TextGrid has several tiers with text ('Ann', 'Bob'); name those that are meant with --tier." in asked.err
    assert cli("sets", "--json").document == []
    document = cli("import", tmp_path / "data", "--set", "s", "--tier", "Ann", "--json").document
    assert (document["added"], document["rejected"]) == (2, [])
    assert (
        cli("import", tmp_path / "data", "--set", "t", "--tier", "Ann", "--tier", "Bob", "--json").document["added"]
        == 3
    )
    assert cli("import", tmp_path / "data", "--set", "u", "--format", "txt", "--json").document["added"] == 1
    assert one_sentence(cli("import", tmp_path / "data", "--set", "s", "--format", "kaldi"))
    assert one_sentence(cli("import", tmp_path / "data", "--set", "s", "--longest", "31"))
    assert cli("import", tmp_path / "data", "--set", "s", "--format", "mp3").code == 2
    out = tmp_path / "out"
    assert cli("export", "s", "--format", "textgrid", "--out", out, "--json").document == {
        "of": "s",
        "format": "textgrid",
        "out": str(out),
        "clips": 2,
        "without_text": 0,
        "files": 1,
    }
    assert 'text = "two"' in (out / "a.TextGrid").read_text()
    assert cli("export", "t", "--format", "srt", "--out", tmp_path / "t.srt").code == 0
    assert (tmp_path / "t.srt").read_text().startswith("1\n00:00:00,000 --> 00:00:01,000\none\n")
    assert one_sentence(cli("export", "s", "--format", "csv", "--text", "base", "--out", tmp_path / "s.csv"))


def test_long_recordings_and_channels(cli, make_wav, tmp_path) -> None:
    voice = np.stack([speechlike(65, seed=1), speechlike(65, seed=2)], axis=1)
    path = make_wav("call.wav", samples=voice)
    report = cli("import", path, "--set", "s", "--longest", "10")
    assert report.code == 0
    assert "call.wav: lasts 65.0 s: cut in its pauses into" in report.out
    document = cli("import", path, "--set", "t", "--channels", "--json").document
    (info,) = [i for i in cli("sets", "--json").document if i["name"] == "t"]
    assert (info["speakers"], info["clips"]) == (2, document["added"])
    with zipfile.ZipFile(tmp_path / "call.zip", "w") as packed:
        packed.write(path, "deep/call.wav")
    assert cli("import", tmp_path / "call.zip", "--set", "u", "--json").document["added"] >= 3


def test_delete_undelete_erase(cli, make_wav, tmp_path) -> None:
    rows = []
    for seed in range(4):
        make_wav(f"data/{seed}.wav", 0.3, seed=seed)
        rows.append({"audio_filepath": f"{seed}.wav", "text": f"text {seed}", "speaker": "ab"[seed % 2]})
    (tmp_path / "data" / "manifest.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    cli("import", tmp_path / "data", "--set", "s")

    def clips() -> int:
        return sum(info["clips"] for info in cli("sets", "--json").document)

    assert cli("delete", "s", "--clip", "1", "--json").document == {"set": "s", "deleted": 1}
    assert cli("delete", "s", "--speaker", "b", "--json").document["deleted"] == 2
    assert clips() == 1
    assert cli("undelete", "s", "--clip", "1", "--json").document == {"set": "s", "restored": 1}
    assert cli("undelete", "s", "--json").document["restored"] == 2
    assert cli("erase", "s", "--speaker", "a", "--yes", "--json").document["clips"] == 2
    assert clips() == 2
    cli("delete", "s")
    assert clips() == 0
    assert cli("undelete", "s", "--json").document["restored"] == 2
    cli("delete", "s")
    document = cli("erase", "s", "--yes", "--json").document
    assert (document["clips"], document["sounds"], document["complete"]) == (2, 2, True)
    assert one_sentence(cli("undelete", "s"))


def test_erase_asks(cli, make_wav, monkeypatch) -> None:
    import io

    cli("import", make_wav("a.wav"), "--set", "s")
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    assert cli("erase", "s").code == 1
    assert cli("sets", "--json").document[0]["clips"] == 1


# Score


def manifest(path: Path, n: int, *, seed: int = 0) -> Path:
    """Lines of two recognisers, of which the adapted one makes fewer mistakes."""
    rng = random.Random(seed)
    words = ["the", "patient", "takes", "ten", "milligrams", "of", "zolpidem", "every", "night", "before", "sleep"]
    with path.open("w") as file:
        for line in range(n):
            reference = rng.choices(words, k=8)
            heard = [[w if rng.random() > p else "um" for w in reference] for p in (0.4, 0.2)]
            row = {"ref": " ".join(reference), "old": " ".join(heard[0]), "new": " ".join(heard[1])}
            file.write(json.dumps(row | {"who": f"s{line % 10}", "rare": ["zolpidem"]}) + "\n")
    return path


FIELDS = ("--reference", "ref", "--base", "old", "--adapted", "new")


def test_score(cli, tmp_path) -> None:
    path = manifest(tmp_path / "m.jsonl", 200)
    result = cli("score", path, *FIELDS, "--speaker", "who", "--rare-words", "rare", "--json")
    document = result.document
    assert (document["verdict"], document["test_clips"], document["normalizer"]) == ("better", 200, "english")
    assert document["adapted"]["wer"] < document["base"]["wer"]
    change = document["wer_change"]
    assert change["low"] < change["estimate"] < change["high"] < 0
    assert change["over"] == "speakers"
    assert document["terms"]
    assert cli("score", path, *FIELDS, "--normalizer", "marks", "--json").document["normalizer"] == "marks"
    assert cli("score", path, *FIELDS, "--language", "de", "--json").document["normalizer"] == "marks"
    assert cli("score", path, *FIELDS, "--json").document["terms"] == []
    assert "Better" in cli("score", path, *FIELDS).out


def test_thousands_of_lines_are_scored(cli, tmp_path) -> None:
    path = manifest(tmp_path / "m.jsonl", 5_000)  # about 3 s alone on two cores
    assert cli("score", path, *FIELDS, "--speaker", "who", "--json").document["test_clips"] == 5_000


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{broken", "line 3: not valid JSON"),
        ('{"ref": "a", "old": "b"}', "line 3: there is no field 'new'; the fields are: ref, old"),
        ('{"ref": "a", "old": "b", "new": null}', "line 3: the field 'new' is no text"),
        ('{"ref": 1, "old": "b", "new": "c"}', "line 3: the field 'ref' is no text"),
        ("7", "line 3: not a JSON object"),
    ],
)
def test_score_names_the_broken_line(cli, tmp_path, line, message) -> None:
    path = manifest(tmp_path / "m.jsonl", 2)
    path.write_text(path.read_text() + line + "\n")
    result = cli("score", path, *FIELDS, "--json")
    assert one_sentence(result)
    assert message in result.err


def test_score_of_nothing(cli, tmp_path) -> None:
    (tmp_path / "m.jsonl").write_text("\n\n")
    assert one_sentence(cli("score", tmp_path / "m.jsonl", *FIELDS))
    assert one_sentence(cli("score", tmp_path / "none.jsonl", *FIELDS))


def test_score_of_hostile_and_empty_texts(cli, tmp_path) -> None:
    rows = [
        {"ref": "<script>", "old": "${x}", "new": "{{x}}"},
        {"ref": "", "old": "", "new": "a"},
        {"ref": "b", "old": "", "new": "b"},
    ]
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(r) + "\r\n" for r in rows))
    assert cli("score", tmp_path / "m.jsonl", *FIELDS, "--json").document["test_clips"] == 3


# The program itself


def run_program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom workbench.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print([m for m in ('torch', 'gradio', 'transformers', 'sqlalchemy', 'numpy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"
    for verb in ("import", "words", "sets", "score", "export", "delete", "undelete", "erase"):
        assert verb in result.stdout


def test_stdout_holds_one_document_and_nothing_else(tmp_path, make_wav) -> None:
    make_wav("data/ü.wav")
    home = str(tmp_path / "home")
    result = run_program("import", str(tmp_path / "data"), "--set", "ünï", "--json", WORKBENCH_HOME=home, LC_ALL="C")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["set"] == "ünï"
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "flags", "base", "adapted", "verdict", "normalizer"),
    [
        ("hi2", (), 2 / 3, 0.0, "better", "marks"),
        ("th2", (), 0.75, 0.0, "better", "characters"),
        ("de", (), 1.0, 0.0, "better", "marks"),
        ("tr", ("--language", "tr"), 0.0, 0.0, "no proof", "turkic"),
        ("tr", (), 0.0, 0.0, "no proof", "turkic"),
        ("curly2", (), 0.0, 0.0, "no proof", "english"),
        ("allempty", (), 1.0, 0.0, "no proof", "marks"),
    ],
)
def test_scores_that_were_wrong_for_whole_languages(
    cli,
    shared_cases: Path,
    name: str,
    flags: tuple[str, ...],
    base: float,
    adapted: float,
    verdict: str,
    normalizer: str,
) -> None:
    fields = ("--reference", "text", "--base", "base", "--adapted", "adapted")
    found = cli("score", shared_cases / "score" / f"{name}.jsonl", *fields, *flags, "--json").document
    assert (found["base"]["wer"], found["adapted"]["wer"]) == (pytest.approx(base), pytest.approx(adapted))
    assert (found["verdict"], found["normalizer"]) == (verdict, normalizer)
    assert found["normalizer_reason"].endswith(".")
