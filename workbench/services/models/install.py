"""Puts a model in its place among the kept ones: made aside, tried on bundled clips, then there by one rename."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from workbench.asr.catalog.catalog import folder_spec, kept_spec
from workbench.asr.catalog.kept_models import CARD, models_root
from workbench.asr.catalog.model_folder import BadModelError
from workbench.core.evaluation.scoring import evaluate
from workbench.core.types import ModelSpec
from workbench.disk import DiskFullError, is_full, spare
from workbench.errors import ModelError, WorkbenchError
from workbench.language.said import say
from workbench.services.jobs.steps import Step, Watch

MOST_WRONG: Final = 0.5  # of the words of the bundled clips; real models get at most a third wrong
STAGED: Final = ".new-"


@contextmanager
def place_for(name: str, watch: Watch) -> Iterator[Path]:
    """The folder of kept models, made where it is missing, with the sole right to put a model of this name there.

    Raises:
        WorkbenchError: It cannot be written.
        StopRequested: The user has asked to stop while another process had that right.
        DiskFullError: Something in the block found no room.
    """
    root = models_root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / f".{name}.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.2)
            except Timeout:
                watch.say(say("Waiting for another process that brings {model}", model=name))
    except OSError as e:
        raise WorkbenchError(
            say(
                "The folder of models {root} cannot be written ({why}); choose another with WORKBENCH_MODELS.",
                root=root,
                why=e.strerror,
            )
        ) from e
    try:
        for left in root.glob(f"{STAGED}{name}-*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        yield root
    except Exception as e:  # the libraries that write say in many ways that the disk is full
        if is_full(e, root) and not isinstance(e, DiskFullError):
            raise DiskFullError(say("The model {name} was not kept", name=name), root) from e
        raise
    finally:
        lock.release()


def check_room(name: str, root: Path, needed: int) -> None:
    """Refuse what the disk cannot hold before anything is brought.

    Args:
        needed: Bytes, while it is made.

    Raises:
        WorkbenchError: There is less room.
    """
    room = spare(root)
    if room < needed:
        raise WorkbenchError(
            say(
                "The model {name} needs {needed:,.1f} MB on the disk that holds {root} while it is "
                "made, and it may use {room:,.1f} MB there; make room, or choose another folder with "
                "WORKBENCH_MODELS.",
                name=name,
                needed=needed / 1000000.0,
                root=root,
                room=room / 1000000.0,
            )
        )


def install(
    name: str,
    root: Path,
    make: Callable[[Path], Mapping[str, Any]],
    card: Mapping[str, Any],
    watch: Watch,
    *,
    known: bool = True,
) -> ModelSpec:
    """Make a model aside, try it, and put it in its place.

    Args:
        root: Of the kept models; see `place_for`.
        make: Writes a model folder into an empty folder, and returns what its card says of it besides.
        card: What is known of it: "source", "from", "licence", "languages", "good_for", "files".
        known: Whether it is known to hear English; see `try_out`.

    Raises:
        WorkbenchError: It cannot be made or loaded, or writes what nobody said.
        StopRequested: The user has asked to stop. Nothing is left then, as after any error.
    """
    staged = Path(tempfile.mkdtemp(prefix=f"{STAGED}{name}-", dir=root))
    try:
        watch.say(say("Converting {model}", model=name))
        card = {**card, **make(staged)}
        (staged / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        (staged / "README.md").write_text(_page(name, card), encoding="utf-8")
        watch.say(say("Trying {model} on a few clips", model=name))
        watch.tell(Step(try_out(name, staged, known=known)))
        watch.check()
        staged.chmod(0o755)
        _put(staged, root / name)
    except BadModelError as e:  # it would name the folder that is gone in a moment
        raise ModelError(say("The model {name} cannot be used: {reason}.", name=name, reason=e.reason)) from e
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return kept_spec(root / name)


def try_out(name: str, folder: Path, *, known: bool) -> str:
    """Let a model write down bundled clips, which are English.

    Args:
        known: Whether it must get most words right; else it may be for another language, and must only write something,
            and not the same for every sound.

    Returns:
        What it wrote, a sentence.

    Raises:
        ModelError: It cannot be loaded, or writes what it must not.
    """
    from workbench.asr.catalog.loading import load
    from workbench.asr.conversion.proof import texts_of

    said, heard = texts_of(load(replace(folder_spec(folder), name=name)))
    if not said:
        return say("No bundled clip is as short as what {model} hears at once, so it was not tried.", model=name)
    wrong = evaluate(said, heard, "english").wer
    if not known:
        _check_lively(name, heard)
    elif wrong > MOST_WRONG:
        raise ModelError(
            say(
                "The model {name} writes what nobody said ({wrong:.0%} of the words of the bundled "
                "clips are wrong, such as '{heard}' for '{said}'): its files do not belong together, "
                "so it was not kept.",
                name=name,
                wrong=min(wrong, 1),
                heard=heard[0][:60],
                said=said[0],
            )
        )
    return say("{model} writes '{heard}' for '{said}'", model=name, heard=heard[0][:80], said=said[0])


def _check_lively(name: str, texts: Sequence[str]) -> None:
    if not any(texts) or (len(texts) > 1 and len(set(texts)) == 1):
        wrote = say("always '{text}'", text=texts[0][:60]) if any(texts) else say("nothing")
        raise ModelError(
            say(
                "The model {name} writes {wrote} for the bundled clips, so a part of it is missing "
                "or wrong, such as its tokenizer or its generation settings; it was not kept.",
                name=name,
                wrote=wrote,
            )
        )


def _put(staged: Path, place: Path) -> None:
    """One rename; a folder that is no model any more makes way for it."""
    if place.exists():
        aside = Path(tempfile.mkdtemp(prefix=f"{STAGED}{place.name}-", dir=place.parent))
        os.replace(place, aside / "old")
        os.replace(staged, place)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.replace(staged, place)


def _page(name: str, card: Mapping[str, Any]) -> str:
    hashes = "".join(f"- `{file}` {digest}\n" for file, digest in dict(card.get("files") or {}).items())
    return (
        f"# {name}\n\n{card.get('good_for', '')}\n\n- **Licence of the weights:** {card.get('licence', 'unknown')}\n"
        f"- **Published as:** {card.get('original') or 'unknown'}\n- **Came from:** {card.get('from')}\n\n"
        f"Made by the Speech Workbench of these files (SHA-256):\n\n{hashes}"
    )
