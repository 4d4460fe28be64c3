"""The kinds of processes that `faults.py` kills, and how each is brought to an end afterwards."""

import io
import json
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import psutil
import soundfile

from bench.faulting import (
    N_CLIPS,
    SET,
    Outcome,
    Try,
    check_acts,
    kill_after,
    kill_at_line,
    look,
    run,
    said,
    start,
    timed,
    wait_until,
)

CLI: Final = ["-c", "from workbench.cli import main; main()"]
MOST_LINES: Final = 400  # that a process may write before it is killed
BETWEEN_S: Final = 0.01  # about what one act takes
SERVING_S: Final = 5.0  # since the page is open
STARTING_S: Final = 5.0
LEARNING_S: Final = 25.0


def labels_try(this: Try) -> Outcome:
    """Labels are saved, or clips deleted and erased, by the process that is killed."""
    workspace = this.workspace()
    process = start(this.kind, workspace, this.seed)
    n_lines = this.chance.randint(1, MOST_LINES if this.kind == "labels" else 3 * N_CLIPS)
    this.outcome.broken_off, lines = kill_at_line(process, n_lines, this.moment(BETWEEN_S))
    this.outcome.note(lines)
    check_acts(workspace, lines, this.outcome)
    return this.outcome


def upgrade_try(this: Try) -> Outcome:
    """A workspace of an earlier schema is opened."""
    revision = this.chance.choice([kind for kind in this.prepared if kind.isdigit()])
    workspace = this.workspace(revision)
    process = start("open", workspace, this.seed)
    this.outcome.broken_off = kill_after(process, this.moment(timed("open", process)))
    this.outcome.note(said(process))
    found = look(workspace, this.outcome)
    if found is not None:
        kept = {clip["id"] for clip in found["clips"] if clip["text"] == f"old label {clip['id']}"}
        for clip in set(range(1, N_CLIPS + 1)) - kept:
            this.outcome.lose(f"the label of clip {clip}")
    return this.outcome


def import_try(this: Try) -> Outcome:
    """The command line imports; the same import again adds what is missing, and nothing twice."""
    workspace = this.folder / "workspace"
    this.folder.mkdir(parents=True)
    command = [*CLI, "import", str(this.prepared["clips"]), "--set", "again", "--workspace", str(workspace), "--json"]
    process = run(command)
    this.outcome.broken_off = kill_after(process, this.moment(timed("import", process)))
    this.outcome.acknowledged += sum("added" in line for line in said(process))
    again = said(run(command))
    if not any("added" in line for line in again):
        this.outcome.brick("the second import failed")
    found = look(workspace, this.outcome)
    if found is not None and (missing := N_CLIPS - sum(bool(c["text"]) and c["sound"] for c in found["clips"])):
        this.outcome.lose(f"{missing} clips after importing twice")
    return this.outcome


def transcribe_try(this: Try) -> Outcome:
    """A model hears the clips; no label may change by it."""
    workspace = this.workspace()
    before = look(workspace, this.outcome)
    process = run([*CLI, "transcribe", "--set", SET, "--model", "ctc-en", "--workspace", str(workspace), "--json"])
    this.outcome.broken_off = kill_after(process, this.moment(timed("transcribe", process)))
    said(process)
    after = look(workspace, this.outcome)
    if before and after and before["clips"] != after["clips"]:
        this.outcome.lose("labels, by transcribing")
    return this.outcome


def worker_try(this: Try) -> Outcome:
    """The worker of a run is killed; the run is resumed and comes to its end."""
    workspace = this.workspace()
    where = ["--workspace", str(workspace), "--json"]
    begun = [*CLI, "adapt", "--set", SET, "--model", "ctc-en", "--strategy", "head", "--epochs", "2", *where]
    process = run(begun)
    wait_until(lambda: process.poll() is not None or _workers(workspace), 60)
    this.outcome.broken_off = not wait_until(lambda: process.poll() is not None, this.moment(LEARNING_S))
    for worker in _workers(workspace):
        worker.send_signal(signal.SIGKILL)
    said(process)
    found = look(workspace, this.outcome)
    if found is None or not found["runs"]:
        return this.outcome
    this.outcome.acknowledged += 1
    if found["runs"]["run-1"] != "done":
        said(run([*CLI, "resume", "run-1", *where]))
        found = look(workspace, this.outcome)
    if found is not None and found["runs"]["run-1"] != "done":
        this.outcome.lose(f"run-1, which is {found['runs']['run-1']} after it was resumed")
    return this.outcome


def _workers(workspace: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "workbench.services.worker" in words and str(workspace) in words:
            found.append(process)
    return found


def server_try(this: Try) -> Outcome:
    """Takes arrive over HTTP while the server is killed; each that was answered is a clip with its text."""
    workspace = this.workspace()
    process = run(["app.py", "--workspace", str(workspace), "--port", "0"])
    taken: dict[int, str] = {}
    sender = threading.Thread(target=_send_takes, args=(process, taken, this), daemon=True)
    sender.start()
    opened = this.chance.random() < 0.8 and wait_until(lambda: getattr(sender, "opened", False), 60)
    this.outcome.broken_off = kill_after(process, this.moment(SERVING_S if opened else STARTING_S))
    sender.join(60)
    process.communicate()
    this.outcome.acknowledged += len(taken)
    found = look(workspace, this.outcome)
    if found is not None:
        here = {clip["id"]: clip for clip in found["clips"]}
        for clip, text in taken.items():
            if clip not in here or text not in here[clip]["history"] or not here[clip]["sound"]:
                this.outcome.lose(f"take {clip}")
    return this.outcome


def _send_takes(process: Any, taken: dict[int, str], this: Try) -> None:
    """One take after another, until the server is gone."""
    address = ""
    for line in process.stdout:
        if found := re.search(r"is open at (http://\S+)", line):
            address = found[1]
            break
    if not address:
        return
    threading.current_thread().opened = True  # type: ignore[attr-defined]
    for number in range(10_000):
        text = f"take {number} of {this.seed}"
        try:
            if number == 0:
                page = urllib.request.urlopen(f"{address}/", timeout=60).read().decode()
                token = re.search(r'x-page-token", "([^"]+)"', page)
            about = quote(json.dumps({"set": SET, "text": text, "confirmed": True, "speaker": "f"}))
            headers = {"Content-Type": "audio/wav", "X-Take": about, "X-Page-Token": token[1] if token else ""}
            request = urllib.request.Request(f"{address}/takes", _spoken(this.seed + number), headers)
            with urllib.request.urlopen(request, timeout=60) as answer:
                taken[json.loads(answer.read())["id"]] = text
        except urllib.error.HTTPError as e:
            this.outcome.raised += 1
            this.outcome.faults.append(f"raised: a take was answered {e.code}: {e.read()[:200]!r}")
            return
        except (OSError, ValueError):
            return  # killed
        time.sleep(0.01)


def _spoken(seed: int) -> bytes:
    """A WAV that is judged to be speech: a buzz in syllables, between pauses."""
    rng = np.random.default_rng(seed)
    times = np.arange(20_000) / 16_000
    pitch = 2 * np.pi * np.cumsum(120 + 30 * rng.random() + 20 * np.sin(5 * times)) / 16_000
    buzz = sum(np.sin(k * pitch) / k for k in range(1, 12)) * np.clip(np.sin(2 * np.pi * 3 * times), 0, 1)
    sound = np.concatenate([np.zeros(3_000), 0.2 * buzz, np.zeros(3_000)]) + 1e-4 * rng.standard_normal(26_000)
    file = io.BytesIO()
    soundfile.write(file, sound.astype(np.float32), 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


KILLS: Final[dict[str, Callable[[Try], Outcome]]] = {
    "labels": labels_try,
    "bin": labels_try,
    "upgrade": upgrade_try,
    "import": import_try,
    "server": server_try,
    "transcribe": transcribe_try,
    "worker": worker_try,
}
