"""Lets a loaded model write down sounds: in batches, long ones piece by piece, without what nobody said."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.asr.training.batch_plan import padded_batches
from workbench.audio.decode import check, decode_file, is_silent
from workbench.audio.segment import split_at_silences
from workbench.core.evaluation.invented import is_invented
from workbench.core.text.word_list import Favoured
from workbench.core.types import SAMPLE_RATE, Heard, Seconds
from workbench.errors import AudioError, WorkbenchError
from workbench.language.said import say

if TYPE_CHECKING:
    import numpy as np

    from workbench.asr.models.backend import Backend

CHUNK_SECONDS: Seconds = 80.0  # of sound, between two looks at the Stop button


def favour(backend: "Backend", words: Favoured | None) -> "Backend":
    """The same model, which favours these words from now on; it was told none before (see `LoadedModels`)."""
    if words is not None:
        backend.set_boost(words.terms, backend.usual_boost if words.strength is None else words.strength)
    return backend


def hear_sounds(backend: "Backend", sounds: "Sequence[np.ndarray]") -> list[tuple[Heard, Seconds]]:
    """Greedy texts in batches of similar length; the time of a batch is shared out by length.

    A sound longer than the model's window is heard piece by piece, split where it is quiet. Where nobody speaks in a
    sound or a piece, what the model wrote there is left out (see `core.invented`).
    """
    from workbench.asr.models.backend import ClipInput

    longest = backend.window or float("inf")
    pieces: list[tuple[int, np.ndarray]] = []  # the sound's number and a part of it
    for number, sound in enumerate(sounds):
        spans = [(0, len(sound))]
        if len(sound) > longest * SAMPLE_RATE:
            spans = split_at_silences(sound, longest=longest)
        pieces += [(number, sound[start:stop]) for start, stop in spans]
    audible = [i for i, (_, piece) in enumerate(pieces) if not is_silent(piece)]
    order = sorted(audible, key=lambda i: len(pieces[i][1]))
    texts, seconds = [Heard("")] * len(pieces), [0.0] * len(sounds)
    costs = [max(len(p), backend.padded_to) for _, p in pieces]
    n, start = backend.decode_batch_size, backend.decode_start

    def within(numbers: Sequence[int]) -> list[list[int]]:
        return padded_batches(numbers, [costs[i] for i in numbers], CHUNK_SECONDS * SAMPLE_RATE)

    groups = [order[i : i + n] for i in range(0, len(order), n)] if n else within(order)
    for batch in groups:
        began = time.monotonic()
        # Listening costs by the second; a step of writing costs hardly more for many clips than for one.
        listened = (backend.encode_prefix([ClipInput(pieces[i][1]) for i in b], start) for b in within(batch))
        heard = backend.transcribe_with_confidence(
            backend.collate([item for items in listened for item in items]), start
        )
        spent = time.monotonic() - began
        whole = sum(len(pieces[i][1]) for i in batch)
        for i, said in zip(batch, heard, strict=True):
            texts[i] = Heard("") if is_invented(said, len(pieces[i][1]) / SAMPLE_RATE) else said
            seconds[pieces[i][0]] += spent * len(pieces[i][1]) / whole
    parts: list[list[Heard]] = [[] for _ in sounds]
    for (number, _), said in zip(pieces, texts, strict=True):
        parts[number].append(said)
    return [(_joined(p), s) for p, s in zip(parts, seconds, strict=True)]


def usable(path: Path) -> tuple["np.ndarray", tuple[str, ...]]:
    """The sound of a file, (n_samples,) float32 at 16 kHz, and remarks about it; a silent one too: nobody speaks in it.

    Raises:
        WorkbenchError: It is missing, or cannot be used; names it.
    """
    if not path.is_file():
        if path.is_dir():
            raise WorkbenchError(
                say(
                    "{path} is a folder; name the sound files in it, or import it as a set and "
                    "transcribe that with --set.",
                    path=path,
                )
            )
        raise WorkbenchError(say("There is no file {path}; check the path.", path=path))
    try:
        sound = decode_file(path)
        remarks = sound.remarks if is_silent(sound.samples) else check(sound)
    except AudioError as e:
        raise WorkbenchError(f"{path}: {e}") from e
    return sound.samples, remarks


def _joined(parts: Sequence[Heard]) -> Heard:
    """What was heard of one sound; without confidences where a part has none."""
    said = [part for part in parts if part.text]
    known = all(part.confidences for part in said)
    return Heard(
        " ".join(part.text for part in said), tuple(c for part in said for c in part.confidences) if known else ()
    )


def document_of(
    file: str, clip: int | None, said: Heard, audio: Seconds, seconds: Seconds, warnings: Sequence[str] = ()
) -> dict[str, Any]:
    """What `transcribe --json` says of one sound; "no_speech" where nobody speaks, "warnings" where there are some."""
    document: dict[str, Any] = {"file": file, "clip": clip, "text": said.text}
    document |= {"audio_seconds": round(audio, 3), "seconds": round(seconds, 4)}
    document |= {"warnings": list(warnings)} if warnings else {}
    return document | ({} if said.text else {"no_speech": True})
