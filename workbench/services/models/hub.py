"""The model hub as a source: files of one commit over plain HTTP, gone on with where a download was cut off.

huggingface_hub itself cannot be stopped within a file, and asks a hub that is not there for half a minute.
"""

import os
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO

from workbench.asr.catalog.offers import Offer, WeightFile
from workbench.language.said import say
from workbench.services.jobs.steps import Watch
from workbench.services.models.source import PIECE, SourceProblem, check_file

USUAL_HUB = "https://huggingface.co"
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
SILENCE = 8.0  # seconds without an answer, or without a byte of it
WHENCE = say("the model hub")


def fetch_from_hub(offer: Offer, folder: Path, watch: Watch) -> None:
    """Bring an offer's files into a folder, each checked by its hash. What is here already is not fetched again.

    Args:
        folder: Keeps what has come, also of a file that was cut off, for the next try.

    Raises:
        SourceProblem: The hub is switched off, cannot be reached, or gives other files.
        StopRequested: The user has asked to stop.
    """
    if off := switched_off():
        raise SourceProblem(say("{whence} is switched off ({off})", whence=WHENCE, off=off))
    for number, wanted in enumerate(offer.files):
        before = sum(file.size for file in offer.files[:number])
        part = folder / f"{wanted.name}.part"
        if (folder / wanted.name).is_file():  # from an earlier try
            os.replace(folder / wanted.name, part)
        _bring(offer, wanted, part, before, watch)
        try:
            check_file(wanted, part, WHENCE)
        except SourceProblem:
            part.unlink(missing_ok=True)
            raise
        os.replace(part, folder / wanted.name)


def switched_off() -> str:
    """The variable that switches the hub off; empty where none does."""
    return next((name for name in OFFLINE if os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE")), "")


def _bring(offer: Offer, wanted: WeightFile, part: Path, before: int, watch: Watch) -> None:
    have = part.stat().st_size if part.is_file() else 0
    if have >= wanted.size:  # whole already, or too long to be right: its hash will tell
        return
    hub = os.environ.get("HF_ENDPOINT", "").rstrip("/") or USUAL_HUB
    url = f"{hub}/{offer.hub}/resolve/{offer.revision}/{wanted.name}"
    request = urllib.request.Request(url, headers={"User-Agent": "speech-workbench"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with urllib.request.urlopen(request, timeout=SILENCE) as answer:
            goes_on = answer.status == 206
            with part.open("ab" if goes_on else "wb") as file:
                _copy(answer, file, wanted.size, before, offer, watch)
    except urllib.error.HTTPError as e:
        reason = say("{whence} answers {code} for {file}", whence=WHENCE, code=e.code, file=wanted.name)
        raise SourceProblem(reason) from e
    except urllib.error.URLError as e:
        raise SourceProblem(say("{whence} cannot be reached ({why})", whence=WHENCE, why=_reason(e))) from e
    except (TimeoutError, ConnectionError, HTTPException, ValueError) as e:
        kind = type(e).__name__
        raise SourceProblem(say("the connection to {whence} broke off ({why})", whence=WHENCE, why=kind)) from e
    if part.stat().st_size < wanted.size:
        raise SourceProblem(say("the connection to {whence} broke off within {file}", whence=WHENCE, file=wanted.name))


def _copy(answer: HTTPResponse, file: IO[bytes], most: int, before: int, offer: Offer, watch: Watch) -> None:
    """Write what comes, never more than the file has; bytes are counted over the whole offer."""
    done = file.tell()
    watch.bytes(say("Fetching {model} from {whence}", model=offer.name, whence=WHENCE), before + done, offer.size)
    while done <= most and (piece := answer.read(min(PIECE, most + 1 - done))):
        file.write(piece)
        done += len(piece)
        watch.bytes(say("Fetching {model} from {whence}", model=offer.name, whence=WHENCE), before + done, offer.size)


def _reason(error: urllib.error.URLError) -> str:
    said = error.reason
    return str(said.strerror or said) if isinstance(said, OSError) else str(said)
