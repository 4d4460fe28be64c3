"""How far word times are from where words begin: single words joined with known pauses and with none, models in turn.

    python -m bench.words [--models whisper-tiny.en,whisper-base,ctc-en] [--take CLIPS] [--smoke]

`--take` says how many clips of each kind count. The even ones chose how words are placed, so the odd ones are reported.
Kokoro's words need its voices (`python -m recipes.kokoro`), the people's the recordings beside the project.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bench.report import RESULTS, machine, show, write
from bench.word_sounds import PAUSES, JoinedWords, joined, recorded_words, spoken_words
from recipes.kokoro import missing

MODELS = "whisper-tiny.en,whisper-base,ctc-en"
NEAR_S = 0.15


def material(smoke: bool) -> dict[str, list[JoinedWords]]:
    """Clips by their kind; a source that is not here gives none."""
    sources = {"people": recorded_words()}
    if not missing() and not smoke:
        sources["Kokoro"] = spoken_words()
    ways = {"pauses": PAUSES, "no pauses": None}
    return {f"{source}, {way}": joined(w, p)[1::2] for source, w in sources.items() if w for way, p in ways.items()}


def errors(backend: Any, clips: list[JoinedWords]) -> np.ndarray:
    """(n_words,) seconds from where a word begins to where it is placed."""
    from workbench.asr.models.alignment import place_words
    from workbench.asr.models.backend import ClipInput

    found: list[float] = []
    for clip in clips:
        item = backend.encode_prefix([ClipInput(clip.samples)], 0)[0]
        spans = place_words(backend, item, 0, [clip.text], samples=clip.samples, language="en")[0].spans
        found += [span[0] - begin for span, begin in zip(spans, clip.begins, strict=True) if span is not None]
    return np.array(found)


def row(model: str, kind: str, off: np.ndarray) -> dict[str, Any]:
    return {
        "model": model,
        "words joined": kind,
        "n": len(off),
        "shift_ms": round(1000 * float(np.median(off)), 1),
        "median_ms": round(1000 * float(np.median(np.abs(off))), 1),
        "p90_ms": round(1000 * float(np.percentile(np.abs(off), 90)), 1),
        "within_150_ms": round(float(np.mean(np.abs(off) <= NEAR_S)), 3),
    }


def main(arguments: list[str] | None = None) -> None:
    from workbench.asr.catalog.catalog import Catalog
    from workbench.asr.catalog.loading import load

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=MODELS, help="names, with commas")
    parser.add_argument("--take", type=int, default=None, help="clips of each kind")
    parser.add_argument("--smoke", action="store_true", help="two clips by people: shows that it works")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    about, clips, rows = machine(), material(given.smoke), []
    for model in given.models.split(","):
        backend = load(Catalog().find(model))
        backend.set_language("en")
        found = {kind: errors(backend, some[: 2 if given.smoke else given.take]) for kind, some in clips.items()}
        rows += [row(model, kind, off) for kind, off in found.items()]
        rows.append(row(model, "all", np.concatenate(list(found.values()))))
    show("Where words begin", rows)
    print(write("words", {"machine": about, "rows": rows}, given.out))


if __name__ == "__main__":
    main()
