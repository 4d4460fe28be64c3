"""Real weights on real recordings, base → adapted, through the command line as its user sees it.

The recordings lie beside the project (`../shared/audio`), and the sample sets in natural synthetic voices in it. A set
that brings no test part of its own is divided as the product divides it. Times are the processors', of all of a run,
beside what a matrix product took in the same minute; whoever compares machines divides by that.

    python -m bench.real [--models whisper-tiny.en,whisper-base] [--sets coffee_commands,clinic] [--take N]
        [--effort quick] [--set-flags="--learning-rate 1e-4"]
"""

import argparse
import json
import os
import random
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from bench.report import RESULTS, machine, matrix_rate, show, write
from workbench.core.evaluation.comparison import ComparisonRow, compare

AUDIO = Path(__file__).resolve().parents[1].parent / "shared" / "audio"
SAMPLES = ("clinic", "workshop")
SETS = {
    "coffee_commands": "en",
    "english_alphanumeric": "en",
    "an4_spelling": "en",
    "commonvoice_upper_sorbian": "hsb",
    "commonvoice_maltese": "mt",
    **dict.fromkeys(SAMPLES, "en"),
}
LOOK_S = 1.0  # between two looks at the worker
ENDING_S = 60.0  # that a worker may take to end after its run
ENGLISH_ONLY = "whisper-tiny.en"


def _workbench(arguments: list[str], home: Path) -> dict[str, Any]:
    """What a verb says as JSON."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", *arguments, "--json"]
    environment = {**os.environ, "WORKBENCH_HOME": str(home)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{shlex.join(command)} ended with {done.returncode}.")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _some(folder: Path, n: int, into: Path) -> Path:
    """A folder with so many of a set's clips, drawn at random."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    into.mkdir(parents=True)
    (into / "audio").symlink_to(folder / "audio")
    chosen = random.Random(0).sample(rows, n)
    (into / "manifest.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in chosen))
    return into


def _bring(name: str, take: int | None, work: Path) -> None:
    if name in SAMPLES:
        _workbench(["import", str(_samples() / name), "--set", name, "--language", "en"], work)
        return
    folder = _some(AUDIO / name, take, work / "some" / name) if take else AUDIO / name
    _workbench(["import", str(folder), "--set", name, "--language", SETS[name]], work)


def _samples() -> Path:
    from workbench.assets import assets_root

    return assets_root() / "clips"


class Processors:
    """The processors' seconds of a workspace's worker, which is a process of its own and outlives the command."""

    def __init__(self, home: Path) -> None:
        self.seconds, self._home, self._ended = 0.0, str(home), threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Processors":
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watching.join()
        psutil.wait_procs(self._workers(), timeout=ENDING_S)  # it writes to the workspace until then

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            for process in self._workers():
                times = process.info["cpu_times"]
                self.seconds = max(self.seconds, times.user + times.system if times else 0.0)

    def _workers(self) -> list[psutil.Process]:
        running = psutil.process_iter(["cmdline", "cpu_times"])
        told = ((process, process.info["cmdline"] or []) for process in running)
        return [process for process, line in told if "workbench.services.worker" in line and self._home in line]


def _apart(home: Path, run: str, name: str) -> dict[str, Any] | None:
    """Test clips whose sentence the training part holds too, apart from the others."""
    rows = [json.loads(line) for line in (AUDIO / name / "manifest.jsonl").read_text().splitlines()]
    learned = {row["text"] for row in rows if row.get("split") == "train"}
    tested = [row for row in rows if row.get("split") == "test"]
    if not any(row["text"] in learned for row in tested):
        return None
    clips = _workbench(["compare", run], home)
    found: dict[str, list[ComparisonRow]] = {"known": [], "new": []}
    for clip in clips["clips"]:
        which = "known" if clip["reference"] in learned else "new"
        found[which].append(ComparisonRow(clip["name"], clip["reference"], clip["base"], clip["adapted"]))
    return {w: _figures(compare(c, normalizer=clips["normalizer"]).to_json()) for w, c in found.items()}


def _beside(home: Path, other: str, run: str, flags: list[str]) -> dict[str, Any]:
    """How a run does against another one: base is the other."""
    return {"flags": flags, **_figures(_workbench(["compare", other, run], home))}


def _figures(document: dict[str, Any]) -> dict[str, Any]:
    change = document["wer_change"]
    return {
        "test_clips": document["test_clips"],
        "base": round(document["base"]["wer"], 4),
        "adapted": round(document["adapted"]["wer"], 4),
        "low": round(change["low"], 4),
        "high": round(change["high"], 4),
        "verdict": document["verdict"],
    }


def measure(
    model: str,
    name: str,
    effort: str,
    flags: list[str],
    take: int | None,
    beside: list[str],
    keep: Path | None = None,
) -> dict[str, Any]:
    """One run in a workspace of its own, which stays where `keep` says so; `beside` are further flags of a second."""
    with tempfile.TemporaryDirectory(prefix="bench-real-") as home:
        work = keep / f"{name}-{model}-{effort}" if keep else Path(home)
        _bring(name, take, work)
        rate, load = matrix_rate(), os.getloadavg()[0]
        began = time.monotonic()
        with Processors(work) as processors:
            said = _workbench(["adapt", "--set", name, "--model", model, "--effort", effort, *flags], work)
        wall = time.monotonic() - began
        row = {
            "model": model,
            "set": name,
            "effort": effort,
            "strategy": said["strategy"],
            "window": said["window"],
            "train_clips": said["train_clips"],
            "folds": said["folds"],
            "normalizer": said["normalizer"],
            **_figures(said),
            "kept_base": bool(said["kept_base"]),
            "base_errors": _errors(said["base"]),
            "terms": said["term_recall"],
            "general": said["general"],
            "cpu_s": round(processors.seconds),
            "wall_s": round(wall),
            "gflops": rate,
            "load": round(load, 1),
            "seconds": said["seconds"],
            "notes": said["notes"],
            "flags": flags,
            "take": take,
        }
        if beside:
            with Processors(work):
                other = _workbench(
                    ["adapt", "--set", name, "--model", model, "--effort", effort, *flags, *beside], work
                )
            row["beside"] = _beside(work, other["run"], said["run"], beside)
        if name not in SAMPLES and not take:
            row["apart"] = _apart(work, said["run"], name)
    return row


def _errors(side: dict[str, Any]) -> int:
    return int(side["substitutions"] + side["deletions"] + side["insertions"])


SHOWN = ("model", "set", "train_clips", "test_clips", "base", "adapted", "low", "high", "verdict", "cpu_s", "wall_s")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default="whisper-tiny.en,whisper-base", help="names from `workbench models`")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--effort", default="usual")
    parser.add_argument("--take", type=int, help="so many clips of each set of recordings")
    parser.add_argument("--set-flags", default="", help="further flags of adapt")
    parser.add_argument("--beside", default="", help="flags of a second run, which the first is compared with")
    parser.add_argument("--keep", type=Path, help="folder in which the workspaces stay")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results, which are added to")
    parser.add_argument("--name", default="real", help="of the file of results")
    given = parser.parse_args(arguments)
    file = given.out / f"{given.name}.json"
    document: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"machine": machine(), "rows": []}
    names = [n for n in given.sets.split(",") if n]
    missing = [n for n in names if n not in SAMPLES and not (AUDIO / n).is_dir()]
    if missing:
        print(f"Left out, not in {AUDIO}: {', '.join(missing)}.")
    rows = []
    for model in given.models.split(","):
        for name in names:
            if name in missing or (model == ENGLISH_ONLY and SETS[name] != "en"):
                continue
            row = measure(
                model,
                name,
                given.effort,
                shlex.split(given.set_flags),
                given.take,
                shlex.split(given.beside),
                given.keep,
            )
            rows.append(row)
            print({k: v for k, v in row.items() if k not in ("notes", "seconds")}, flush=True)
            document["rows"] = [r for r in document["rows"] if _key(r) != _key(row)] + [row]
            write(given.name, document, given.out)
    if rows:
        show("Real weights, base → adapted", [{k: row[k] for k in SHOWN} for row in rows])


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(json.dumps(row.get(k)) for k in ("model", "set", "effort", "flags", "take"))


if __name__ == "__main__":
    main()
