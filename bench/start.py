"""Time until the page answers, against a Gradio app of one button; and until the first draft, against the pipeline.

Every measurement is a fresh process, from its start to the whole first page over HTTP, or to the text of one clip. A
second table says what opening the page costs a browser, where there is a Chromium.

    python -m bench.start [--smoke] [--opening]
"""

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz

from bench.page import chromium
from bench.page import measure as measure_page
from bench.report import RESULTS, machine, show, write
from bench.shapes import ROOT

LIMIT = 180.0  # seconds until a page must answer
ONE_BUTTON = """
import sys, gradio as gr
with gr.Blocks() as page:
    button = gr.Button("Press")
    button.click(lambda: None)
page.launch(server_port=int(sys.argv[1]), quiet=True)
"""
FIRST_DRAFT = """
import sys
from pathlib import Path
from workbench.services.workbench import Workbench
bench = Workbench.open(sys.argv[1])
bench.collecting.import_path(Path(sys.argv[2]), "one", allow_outside=True)
clip = bench.labelling.clips("one")[0]
print(bench.drafting.draft_now("one", "ctc-en", [clip.id])[clip.id])
"""
ALIKE = 95  # percent of the letters

PIPELINE = """
import sys, soundfile
from transformers import pipeline
samples, rate = soundfile.read(sys.argv[2], dtype="float32")  # a path would need the program ffmpeg
pipe = pipeline("automatic-speech-recognition", model=sys.argv[1])
print(pipe({"raw": samples, "sampling_rate": rate})["text"])
"""


def page_seconds(command: list[str], port: int, folder: Path) -> float:
    """From the start of a process to its whole first page."""
    began = time.perf_counter()
    quiet = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    with open(folder / "server.log", "w") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=quiet)
    try:
        while time.perf_counter() - began < LIMIT:
            if process.poll() is not None:
                raise RuntimeError((folder / "server.log").read_text())
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LIMIT) as answer:
                    answer.read()
                    return time.perf_counter() - began
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise RuntimeError(f"no page within {LIMIT:.0f} s")
    finally:
        process.terminate()
        process.wait(30)


def text_seconds(program: str, *arguments: str) -> tuple[float, str]:
    """Seconds of a process that writes down one clip, and its text."""
    began = time.perf_counter()
    out = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - began, out.stdout.strip().splitlines()[-1]


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def measure(rounds: int, work: Path) -> list[dict[str, Any]]:
    """Two rows: the page, the first draft."""
    button = work / "one_button.py"
    button.write_text(ONE_BUTTON)
    model = ROOT / "assets" / "ctc-en"
    clip = min((ROOT / "assets" / "clips" / "clinic" / "audio").iterdir())
    pages: tuple[list[float], list[float]] = ([], [])
    drafts: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        port = free_port()
        pages[0].append(page_seconds([sys.executable, str(button), str(port)], port, work))
        port = free_port()
        ours = [sys.executable, "app.py", "--workspace", str(work / "page"), "--port", str(port)]
        pages[1].append(page_seconds(ours, port, work))
        usual_seconds, usual = text_seconds(PIPELINE, str(model), str(clip))
        our_seconds, heard = text_seconds(FIRST_DRAFT, str(work / f"draft-{number}"), str(clip))
        drafts[0].append(usual_seconds)
        drafts[1].append(our_seconds)
        # Opus comes out of libsndfile at 16 kHz and of ffmpeg at 48: a letter may differ.
        if fuzz.ratio(" ".join(usual.split()), " ".join(heard.split())) < ALIKE:
            raise RuntimeError(f"the pipeline heard {usual!r}, the workbench {heard!r}")
    return [
        _row("first page", "Gradio app of one button", pages),
        _row("first draft", "transformers.pipeline on a file", drafts),
    ]


def measure_opening(rounds: int, work: Path) -> list[dict[str, Any]]:
    """Bytes, requests and seconds until the page can be used, in a browser; nothing where there is none."""
    if chromium() is None:
        return []
    button = work / "one_button.py"
    button.write_text(ONE_BUTTON)
    ports = [free_port(), free_port()]
    ours = [sys.executable, "app.py", "--workspace", str(work / "opened"), "--port", str(ports[1])]
    ways = {
        "theirs": ([sys.executable, str(button), str(ports[0])], ports[0], "Press"),
        "ours": (ours, ports[1], "Try it with sample clips"),
    }
    return measure_page(rounds, ways, work)


def _row(what: str, against: str, seconds: tuple[list[float], list[float]]) -> dict[str, Any]:
    other, ours = map(statistics.median, seconds)
    return {
        "what": what,
        "against": against,
        "their_seconds": round(other, 3),
        "our_seconds": round(ours, 3),
        "ours_to_theirs": round(ours / other, 3),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="one round: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--opening", action="store_true", help="only what opening the page costs a browser")
    given = parser.parse_args(arguments)
    document: dict[str, Any] = {"machine": machine()}
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        if not given.opening:
            measure(1, Path(work)) if not given.smoke else None  # once for the disk's cache
            document["rows"] = measure(1 if given.smoke else 5, Path(work))
            show("Starting: seconds from the process's start", document["rows"])
        document["opening"] = measure_opening(1 if given.smoke else 7, Path(work))
        if document["opening"]:
            show("Opening the page in a browser", document["opening"])
    print(write("opening" if given.opening else "start", document, given.out))


if __name__ == "__main__":
    main()
