"""Words of a list that are favoured without training: rare words with a list for each clip, and lists nobody says.

    python -m bench.boost [--models whisper-tiny.en,whisper-base,ctc-en] [--clips N] [--smoke]

The field's test (Le et al. 2021): librispeech_other with 100 words a clip, of which its rare words were said. The
strengths are the families' usual ones, chosen on librispeech_dev_train, whose speakers are others. Time is of listening
and writing, in batches as drafts have them, with one list for all clips as a set has one (the first clip's); both ways
take turns batch by batch.
"""

import argparse
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.report import RESULTS, machine, show, write

SHARED: Final = Path(__file__).resolve().parent.parent.parent / "shared"
SPEECH, LISTS = SHARED / "audio" / "librispeech_other", SHARED / "text" / "librispeech_other_biasing.jsonl"
TRADES: Final = Path(__file__).resolve().parent.parent / "assets" / "clips"
MODELS = "whisper-tiny.en,whisper-base,ctc-en"
CTC_TOGETHER = 8  # clips; a decoder reads as many together as in drafts
UNSAID = (100, 1000)


@dataclass(frozen=True)
class Material:
    """The clips, what is said in them, their rare words and their lists."""

    sounds: list[np.ndarray]
    texts: list[str]
    speakers: list[str]
    rare: list[list[str]]
    lists: list[list[str]]

    @classmethod
    def read_speech(cls, n: int | None) -> "Material":
        """The field's test."""
        from workbench.audio.decode import decode_file

        rows = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text(encoding="utf-8").splitlines()][:n]
        lists = {row["audio_filepath"]: row for row in map(json.loads, LISTS.read_text(encoding="utf-8").splitlines())}
        of_clips = [lists[row["audio_filepath"]] for row in rows]
        return cls(
            [decode_file(SPEECH / row["audio_filepath"]).samples for row in rows],
            [row["text"] for row in rows],
            [row["speaker"] for row in rows],
            [of_clip["rare_words"] for of_clip in of_clips],
            [of_clip["words"] for of_clip in of_clips],
        )

    @classmethod
    def trade(cls, name: str, n: int | None) -> "Material":
        """The test clips of a bundled set with its one list; its terms are the rare words."""
        from workbench.audio.decode import decode_file

        folder = TRADES / name
        words = (folder / "words.txt").read_text(encoding="utf-8").split("\n")
        words = [word for word in words if word]
        rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
        rows = [row for row in rows if row["split"] == "test"][:n]
        return cls(
            [decode_file(folder / row["audio_filepath"]).samples for row in rows],
            [row["text"] for row in rows],
            [row["speaker"] for row in rows],
            [words] * len(rows),
            [words] * len(rows),
        )

    def unsaid(self, n: int, seed: int = 0) -> list[str]:
        """Words of all lists that nobody says in any clip."""
        said = {word for text in self.texts for word in text.lower().split()}
        pool = sorted({word for words in self.lists for word in words} - said)
        return random.Random(seed).sample(pool, min(n, len(pool)))


def heard(backend: Any, sounds: Sequence[np.ndarray]) -> list[Any]:
    """Activations where writing begins; listened to once for all ways of writing."""
    from workbench.asr.models.backend import ClipInput

    start = _start(backend)
    return [backend.encode_prefix([ClipInput(sound)], start)[0] for sound in sounds]


def _start(backend: Any) -> int:
    """Where writing begins; of a CTC model behind its last block but one."""
    return int(backend.decode_start or len(backend.blocks()) - 1)


def written(backend: Any, items: Sequence[Any], lists: Sequence[Sequence[str]], strength: float) -> list[str]:
    """Texts, with a list of its own for each clip."""
    from workbench.core.text.word_list import Term

    texts: list[str] = []
    told: Sequence[str] | None = None
    for item, words in zip(items, lists, strict=True):
        if words is not told:
            backend.set_boost([Term(word) for word in words], strength)
            told = words
        texts += backend.transcribe(backend.collate([item]), _start(backend))
    backend.set_boost([], 0.0)
    return texts


def row(material: Material, plain: list[str], texts: list[str], **what: Any) -> dict[str, Any]:
    """Both rates, and their changes with intervals over speakers."""
    from workbench.core.evaluation.part_rates import part_rates
    from workbench.core.evaluation.scoring import evaluate
    from workbench.core.evaluation.terms import score_rare_words

    before, after = (evaluate(material.texts, side, "english") for side in (plain, texts))
    rare, others = part_rates([], material.rare, before, after, material.speakers)
    alarms = score_rare_words(what.pop("lists"), before, after)
    out = dict(what)
    for name, part in (("rare", rare), ("other", others)):
        if part is not None:
            out[f"{name}_words"] = part.words
            out[f"{name}_before"], out[f"{name}_after"] = round(100 * part.base, 2), round(100 * part.adapted, 2)
            out[f"{name}_change"] = [round(100 * x, 2) for x in (part.change.low, part.change.high)]
    out["false_alarms"] = [sum(t.base.false_alarms for t in alarms), sum(t.adapted.false_alarms for t in alarms)]
    return out


def time_factor(backend: Any, material: Material, words: Sequence[str], strength: float) -> float:
    """Seconds with a list by seconds without, listening included; medians of batches that take turns."""
    from workbench.asr.models.backend import ClipInput
    from workbench.core.text.word_list import Term

    order = sorted(range(len(material.sounds)), key=lambda i: len(material.sounds[i]))
    start, spent = backend.decode_start, {False: 0.0, True: 0.0}
    together = backend.decode_batch_size or CTC_TOGETHER
    for at in range(0, len(order), together):
        batch = [ClipInput(material.sounds[i]) for i in order[at : at + together]]
        for favoured in random.Random(at).sample([False, True], 2):
            backend.set_boost([Term(word) for word in words] if favoured else [], strength)
            began = time.process_time()
            backend.transcribe(backend.collate(backend.encode_prefix(batch, start)), start)
            spent[favoured] += time.process_time() - began
    backend.set_boost([], 0.0)
    return round(spent[True] / spent[False], 3)


def loaded(name: str) -> Any:
    from workbench.asr.catalog.catalog import Catalog
    from workbench.asr.catalog.loading import load

    backend = load(Catalog().find(name))
    backend.set_language("en")
    return backend


def rows_of(name: str, material: Material) -> list[dict[str, Any]]:
    """One model and the field's test."""
    backend = loaded(name)
    items, strength = heard(backend, material.sounds), backend.usual_boost
    nothing: list[list[str]] = [[] for _ in items]
    plain = written(backend, items, nothing, 0.0)
    lists = {"own 100 words a clip": material.lists}
    lists |= {f"{n} words that nobody says": [material.unsaid(n)] * len(items) for n in UNSAID}
    found = []
    for kind, of_clips in lists.items():
        texts = written(backend, items, of_clips, strength)
        measured = row(material, plain, texts, model=name, list=kind, strength=strength, lists=of_clips)
        found.append({**measured, "time_factor": time_factor(backend, material, of_clips[0], strength)})
    return found


def trade_row(name: str, trade: str, n: int | None) -> dict[str, Any]:
    """One model and a bundled set's test clips; recall of its terms before and after."""
    from workbench.core.evaluation.scoring import evaluate
    from workbench.core.evaluation.terms import pooled, score_terms

    backend, material = loaded(name), Material.trade(trade, n)
    items, strength = heard(backend, material.sounds), backend.usual_boost
    plain = written(backend, items, [[] for _ in items], 0.0)
    texts = written(backend, items, material.lists, strength)
    found = row(material, plain, texts, model=name, list=f"{trade}, its own", strength=strength, lists=material.lists)
    before, after = (evaluate(material.texts, side, "english") for side in (plain, texts))
    all_terms = pooled(score_terms(material.lists[0], before, after))
    counts = {"terms_before": all_terms.base.hits, "terms_after": all_terms.adapted.hits}
    return {**found, **counts, "terms_said": all_terms.base.occurrences}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=MODELS, help="names, with commas")
    parser.add_argument("--clips", type=int, default=None, help="how many; all by default")
    parser.add_argument("--smoke", action="store_true", help="four clips and the bundled model: shows that it works")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    n = 4 if given.smoke else given.clips
    about, names = machine(), ["ctc-en"] if given.smoke else given.models.split(",")
    trades = [trade_row(name, trade, n) for name in names for trade in ("clinic", "workshop")]
    show("Words of the trade that are favoured", trades)
    material = Material.read_speech(n)
    rows = [row for name in names for row in rows_of(name, material)]
    show("Words that are favoured", rows)
    print(write("boost", {"machine": about, "rows": rows, "trades": trades}, given.out))


if __name__ == "__main__":
    main()
