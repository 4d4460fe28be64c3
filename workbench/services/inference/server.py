"""The process that runs models for the page: `python -m workbench.services.inference.server ROOT`.

Reads one JSON request a line and answers each with one line: {"do": "hear", "model", "clips", "language"} writes clips
down, {"do": "times", "run", "clips"} places the words of tested clips, {"do": "load", "models"} gets ready for
{"do": "piece", …}, some seconds that were just spoken; {"do": "try", …} lets models write down a file,
{"do": "place", …} places texts in it. What it answers is kept by whoever asked; it writes nothing but the sound on
trial.
"""

import json
import os
import select
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from workbench.disk import DiskFullError, is_full
from workbench.errors import WorkbenchError
from workbench.language.documents import kept
from workbench.language.said import say, sentence
from workbench.services.jobs.niceness import LISTENING, stand_back
from workbench.store.database import Store
from workbench.workspace import Workspace

IDLE_SECONDS: Final = 600.0
UNEXPECTED: Final = say("Something unexpected went wrong; tmp/models.log in the workspace's folder has the details.")


def main(root: str) -> None:
    """Answer until the input ends or nothing has come for a while."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not among the answers
    workspace = Workspace.open(root)
    store = Store.open(workspace)
    try:
        from workbench.services.inference.models import Models

        models = Models(workspace, store)
        for line in _lines(sys.stdin.buffer):
            answers.write(json.dumps(kept(_answer(models.answer, json.loads(line)))) + "\n")
            answers.flush()
    finally:
        store.close()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while select.select([stream], [], [], IDLE_SECONDS)[0]:
        line = stream.readline()
        if not line:
            return
        yield line


def _answer(handle: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    try:
        return handle(request)
    except WorkbenchError as e:
        return {"error": sentence(e)}
    except MemoryError:
        return {"error": say("The machine ran out of memory; close other programs, or choose a smaller model.")}
    except Exception as e:  # the process's boundary: logged here, said on the page
        traceback.print_exc()
        return {"error": sentence(DiskFullError(say("This was not done or kept"))) if is_full(e) else UNEXPECTED}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    stand_back(LISTENING)
    main(sys.argv[1])
