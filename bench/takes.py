"""Takes held back wrongly: `python -m bench.takes MODEL FOLDER …`, folders of sounds with a manifest.jsonl.

Each clip is a take of its own text, and all texts of its folder are the prompts: what the rule holds back of these is
held back wrongly. Then each is taken for a take of the next text, which the rule has to find.
"""

import json
import sys
import tempfile
from pathlib import Path

from workbench.audio.decode import decode_file
from workbench.core.doctor.takes import nearer_prompt
from workbench.services.workbench import Workbench

MOST = 40  # clips of each folder
LONGEST = 15.0  # seconds; prompts are short


def measure(bench: Workbench, model: str, folder: Path) -> tuple[int, int, int, int]:
    """Takes, how many were held back wrongly, how many exchanged ones were found, how many were blank."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row.get("text") and row.get("split", "test") == "test"]
    rows = list({row["text"]: row for row in rows if row.get("duration", 0) <= LONGEST}.values())[:MOST]
    file = folder / "words.txt"
    words = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    sounds = [decode_file(folder / row["audio_filepath"]).samples for row in rows]
    heard = [text for text, _ in bench.transcribing.hear(model, sounds, "en")]
    texts = [row["text"] for row in rows]
    wrong = sum(nearer_prompt(said, own, texts, words) is not None for said, own in zip(heard, texts, strict=True))
    exchanged = zip(heard, [*texts[1:], texts[0]], strict=True)
    found = sum(nearer_prompt(said, own, texts, words) is not None for said, own in exchanged)
    blank = sum(not said.strip() for said in heard)
    return len(texts), wrong, found, blank


def main(model: str, folders: list[Path]) -> None:
    """Print one table."""
    print(
        "| model | folder | takes | held back wrongly | exchanged, found | nothing heard |\n|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as root:
        bench = Workbench.open(root)
        for folder in folders:
            takes, wrong, found, blank = measure(bench, model, folder)
            print(f"| `{model}` | {folder.name} | {takes} | {wrong} | {found} | {blank} |", flush=True)
        bench.close()


if __name__ == "__main__":
    main(sys.argv[1], [Path(folder) for folder in sys.argv[2:]])
