"""What tries of `faults.py` share: workspaces to begin with, processes that act, and what has to hold afterwards."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.shapes import ROOT
from workbench.assets import assets_root
from workbench.services.workbench import Workbench
from workbench.store.database import Store
from workbench.store.upgrade import run_migrations
from workbench.workspace import Workspace

SET = "faults"
N_CLIPS = 12
EARLIER = ("0001", "0002", "0003", "0004", "0005", "0006")
PATIENCE_S = 300.0  # a process that has not ended by then hangs
_TAKES: dict[str, float] = {}  # kind of process -> seconds that it takes unbroken


@dataclass
class Outcome:
    """What became of one try.

    Attributes:
        broken_off: Whether the process was still at work when it was killed.
        acknowledged: Acts that were said to be done.
        refused_in_words: Acts that were refused in a sentence.
        lost: Acknowledged acts that had not been done, as found afterwards.
        bricked: Whether the workspace could not be opened again.
        raised: Errors without a sentence for the user.
        faults: Each of these, in words.
    """

    kind: str
    seed: int
    broken_off: bool = False
    acknowledged: int = 0
    refused_in_words: int = 0
    lost: int = 0
    bricked: bool = False
    raised: int = 0
    faults: list[str] = field(default_factory=list)

    def lose(self, what: str) -> None:
        self.lost += 1
        self.faults.append(f"lost: {what}")

    def brick(self, why: str) -> None:
        self.bricked = True
        self.faults.append(f"bricked: {why}")

    def note(self, lines: list[dict[str, Any]]) -> None:
        """Count what a process said."""
        self.acknowledged += sum("done" in line for line in lines)
        self.refused_in_words += sum("refused" in line for line in lines)
        for line in lines:
            if "raised" in line:
                self.raised += 1
                self.faults.append(f"raised: {line['what']}: {line['raised']}")


@dataclass
class Try:
    """One try: what kind, its seed, workspaces to copy, and a folder of its own."""

    kind: str
    seed: int
    prepared: dict[str, Path]
    folder: Path

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.outcome = Outcome(self.kind, self.seed)

    def workspace(self, kind: str = "labelled") -> Path:
        """A copy of a prepared workspace."""
        return Path(shutil.copytree(self.prepared[kind], self.folder / "workspace"))

    def moment(self, longest: float) -> float:
        """When to kill: seconds after the start."""
        return self.chance.uniform(0.0, longest)


def make_workspaces(folder: Path) -> dict[str, Path]:
    """A workspace with labelled clips, one of each earlier schema, and clips to import."""
    labelled = folder / "labelled"
    bench = Workbench.open(labelled)
    source = folder / "clips"
    write_clips(source)
    bench.collecting.import_path(source, SET)
    bench.close()
    made = {"labelled": labelled, "clips": source}
    for revision in EARLIER:
        made[revision] = folder / revision
        _make_earlier(made[revision], revision)
    return made


def write_clips(folder: Path) -> None:
    """Some clips of the clinic sample set, with their labels."""
    samples = assets_root() / "clips" / "clinic"
    lines = (samples / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[:N_CLIPS]
    (folder / "audio").mkdir(parents=True)
    for line in lines:
        name = json.loads(line)["audio_filepath"]
        shutil.copy(samples / name, folder / name)
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _make_earlier(root: Path, revision: str) -> None:
    workspace = Workspace.open(root)
    store = Store(workspace.database_url)
    with store.engine.begin() as connection:
        run_migrations(connection, revision)
    store.close()
    day = "'2026-01-01 00:00:00.000000'"
    with closing(sqlite3.connect(workspace.database)) as db:
        db.execute(f"INSERT INTO clip_set (id, name, words, created_at) VALUES (1, '{SET}', '[]', {day})")
        for i in range(1, N_CLIPS + 1):
            db.execute(
                "INSERT INTO clip (id, set_id, sha256, name, original_format, duration, split_fixed, warnings, "
                f"reference_id, added_at) VALUES ({i}, 1, '{i:064x}', '{i}.wav', 'wav', 1.5, 0, '[]', {i}, {day})"
            )
            db.execute(
                "INSERT INTO reference (id, clip_id, revision, text, confirmed, author, created_at) "
                f"VALUES ({i}, {i}, 1, 'old label {i}', 1, 'f', {day})"
            )
        db.commit()


def start(role: str, workspace: Path, seed: int) -> "subprocess.Popen[str]":
    """A process of `faulty.py`."""
    return run(["-m", "bench.faulty", role, str(workspace), str(seed)])


def run(arguments: list[str], **options: Any) -> "subprocess.Popen[str]":
    """A Python process whose output is read when it has ended."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, **pipes)


def kill_after(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Whether it was still at work then, and was killed."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        return True
    return False


def kill_at_line(process: "subprocess.Popen[str]", line: int, after_s: float) -> tuple[bool, list[dict[str, Any]]]:
    """Kill a process some time after it has written so many lines; whether it was at work, and all that it wrote."""
    assert process.stdout is not None
    written = []
    for text in process.stdout:
        written.append(text)
        if len(written) == line:
            time.sleep(after_s)
            break
    broken_off = process.poll() is None
    process.kill()
    rest, _ = process.communicate()
    return broken_off, _parsed("".join(written) + rest)


def timed(kind: str, process: "subprocess.Popen[str]") -> float:
    """Seconds that a kind of process takes unbroken, measured when this one is the first; else what was measured."""
    if kind not in _TAKES:
        began = time.monotonic()
        process.wait(PATIENCE_S)
        _TAKES[kind] = time.monotonic() - began
    return _TAKES[kind]


def said(process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    """The lines that a process wrote; the last one may be cut off."""
    try:
        out, _ = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        return [*_parsed(out), {"raised": f"it hung for {PATIENCE_S:.0f} s", "what": "a process"}]
    return _parsed(out)


def _parsed(out: str) -> list[dict[str, Any]]:
    found = []
    for line in out.splitlines():
        try:
            document = json.loads(line)
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(document)
    return found


def look(workspace: Path, outcome: Outcome) -> dict[str, Any] | None:
    """How the workspace stands, seen by a new process; None where it cannot be opened, which is noted."""
    lines = said(start("look", workspace, 0))
    found = next((line for line in lines if line.get("done") == "look"), None)
    if found is None:
        outcome.brick(json.dumps(lines)[:300])
        return None
    if not found["whole"]:
        outcome.brick("the database is damaged")
    return found


def check_acts(workspace: Path, lines: list[dict[str, Any]], outcome: Outcome) -> None:
    """Hold what was acknowledged against how the workspace stands."""
    found = look(workspace, outcome)
    if found is None:
        return
    here = {clip["id"]: clip for clip in found["clips"]}
    last: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        if line.get("clip") is not None:
            last.setdefault(line["clip"], []).append(line)
    for clip, acts in last.items():
        for each in acts:
            if each.get("done") == "label" and each["text"] not in here.get(clip, {"history": []})["history"]:
                outcome.lose(f"the label of clip {clip}")
        _check_bin(workspace, clip, acts, here, found["deleted"], outcome)
    for clip in here.values():
        if not clip["sound"] and len(clip["history"]) and not clip["name"].endswith(".wav"):
            outcome.lose(f"the sound of {clip['name']}")


def _check_bin(
    workspace: Path,
    clip: int,
    acts: list[dict[str, Any]],
    here: dict[int, Any],
    deleted: list[int],
    outcome: Outcome,
) -> None:
    """The last acknowledged of these holds, unless another had begun after it."""
    moves = [a for a in acts if {a.get("done"), a.get("begun")} & {"delete", "restore", "erase"}]
    if not moves or "begun" in moves[-1]:
        return
    state = moves[-1]["done"]
    if state == "delete" and clip not in deleted:
        outcome.lose(f"clip {clip}, which was in the bin")
    if state == "restore" and clip not in here:
        outcome.lose(f"clip {clip}, which was brought back")
    if state == "erase" and (clip in here or clip in deleted or _is_left(workspace, moves[-1])):
        outcome.lose(f"the erasing of clip {clip}")


def _is_left(workspace: Path, erased: dict[str, Any]) -> bool:
    """Whether anything of an erased clip is in any file of the workspace."""
    text, sha256 = erased["text"].encode(), erased["sha256"]
    for path in workspace.rglob("*"):
        if sha256 in path.name or (path.is_file() and text and text in path.read_bytes()):
            return True
    return False


def wait_until(true: Any, seconds: float = PATIENCE_S) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
