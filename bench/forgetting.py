"""What a fine-tune forgets of general speech, by settings: domains × settings × seeds, each a run as its user sees it.

General speech is read English of many people, from `../shared/audio`, that no run learns from: by default from the
`_train` sets, on which settings may be tuned; `--last` takes the test sets instead, for one last figure. Base and
adapted hear it as files are transcribed, the base in its own window. Runs of one domain share a workspace, in which the
base has heard everything once.

    python -m bench.forgetting [--sets clinic,coffee_commands] [--settings "usual;rehearsal=0.5;pull=0.01"]
        [--seeds 0,1,2] [--keep FOLDER] [--last]
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.real import AUDIO, SAMPLES
from bench.report import RESULTS, machine, show, write
from workbench.core.evaluation.comparison import Comparison, ComparisonRow, compare
from workbench.core.evaluation.intervals import paired_bootstrap
from workbench.core.types import Seconds

TUNING = ("librispeech_dev_train", "commonvoice_english_train")
LAST = ("librispeech_other", "librispeech_dev_test", "commonvoice_english_test")
LONGEST: Seconds = 5.0  # of a clip of general speech: what the shortest of the windows hears at once
CLIPS = 120  # of each of these sets
USUAL = "usual"  # settings as suggested


@dataclass(frozen=True)
class Spoken:
    """A clip of general speech."""

    path: Path
    text: str
    speaker: str


def general_speech(names: Sequence[str], clips: int, longest: Seconds) -> list[Spoken]:
    """The same clips each time: speaker by speaker in turns, so that as many people as there are have a say."""
    found: list[Spoken] = []
    for name in names:
        rows = [json.loads(line) for line in (AUDIO / name / "manifest.jsonl").read_text().splitlines()]
        turns: dict[str, int] = {}
        ordered = []
        for row in rows:
            if row["duration"] <= longest:
                turn = turns[row["speaker"]] = turns.get(row["speaker"], 0) + 1
                ordered.append((turn, row["audio_filepath"], row))
        some = [row for _, _, row in sorted(ordered, key=lambda o: o[:2])[:clips]]
        found += [Spoken(AUDIO / name / row["audio_filepath"], row["text"], row["speaker"]) for row in some]
    return found


class Domain:
    """A set in a workspace of its own, and what the base hears in general speech."""

    def __init__(self, name: str, model: str, folder: Path, speech: Sequence[Spoken]) -> None:
        from workbench.assets import assets_root
        from workbench.services.workbench import Workbench

        self.name, self.model, self.speech = name, model, speech
        self.bench = Workbench.open(folder)
        self.bench.adaptation.jobs.launch = lambda run: None  # type: ignore[method-assign]
        if name not in [s.name for s in self.bench.collecting.sets()]:
            source = assets_root() / "clips" / name if name in SAMPLES else AUDIO / name
            self.bench.collecting.import_path(source, name, language="en")
        self.kept = folder / f"general-{model}-{len(speech)}.json"

    def base_texts(self) -> list[str]:
        """What the base writes, in its own window; heard once."""
        if not self.kept.is_file():
            self.kept.write_text(json.dumps(self._written(self.bench.catalog.find(self.model))))
        texts: list[str] = json.loads(self.kept.read_text())
        return texts

    def _written(self, model: Any) -> list[str]:
        from workbench.audio.decode import decode_file
        from workbench.services.inference.loaded import LoadedModels
        from workbench.services.inference.long_form import hear_sounds

        backend = LoadedModels(self.bench.workspace, self.bench.store).find(model, "en")
        return [heard.text for heard, _ in hear_sounds(backend, [decode_file(s.path).samples for s in self.speech])]

    def cell(self, settings: str, strategy: str, seed: int) -> dict[str, Any]:
        """One run: the domain's figures, those of general speech, and what it took."""
        from workbench.services.runs.execute import execute

        base, began = self.base_texts(), time.monotonic()
        run = self.bench.adaptation.start(self.name, self.model, strategy, {**parse(settings), "seed": seed})
        execute(self.bench.workspace, self.bench.store, run)
        seconds, said = time.monotonic() - began, self.bench.comparing.document(run)
        rows = [
            ComparisonRow(s.path.name, s.text, before, after, speaker=s.speaker)
            for s, before, after in zip(self.speech, base, self._written(run), strict=True)
        ]
        compared = compare(rows, normalizer="english", language="en", scheme="given")
        general = compared.to_json()
        return {
            "model": self.model,
            "set": self.name,
            "settings": settings,
            "strategy": strategy,
            "seed": seed,
            "window": said["window"],
            "base": round(said["base"]["wer"], 4),
            "adapted": round(said["adapted"]["wer"], 4),
            "dev": list(_dev(self.bench, run)),
            "terms": said["term_recall"],
            "bundled": [round(said["general"][side]["wer"], 4) for side in ("base", "adapted")],
            "general_base": round(general["base"]["wer"], 4),
            "general": round(general["adapted"]["wer"], 4),
            "forgotten": [round(general["wer_change"][k], 4) for k in ("estimate", "low", "high")],
            "speakers": _by_speaker(rows, compared),
            "rehearsal": self._rehearsal(run),
            "seconds": round(seconds),
            "training": round(said["seconds"]["training"]),
        }

    def _rehearsal(self, run: str) -> dict[str, Any] | None:
        card = json.loads((self.bench.workspace.run_folder(run) / "model" / "run.json").read_text())
        found: dict[str, Any] | None = card.get("rehearsal")
        return found


def _dev(bench: Any, run: str) -> Iterator[dict[str, Any]]:
    """Of each training: the best check on the dev clips, by which settings may be chosen, and that of the base."""
    for folder in sorted(bench.workspace.run_folder(run).glob("*/checks.json")):
        checks = json.loads(folder.read_text())
        best = min(checks, key=lambda c: (c["wer"], c["cer"], c["step"]))
        yield {"base": round(checks[0]["wer"], 4), "best": round(best["wer"], 4), "step": best["step"]}


def _by_speaker(rows: Sequence[ComparisonRow], compared: Comparison) -> dict[str, list[int]]:
    """Words of each speaker, and how many of them base and adapted got wrong."""
    found: dict[str, list[int]] = {}
    for row, base, adapted in zip(rows, compared.base.clips, compared.adapted.clips, strict=True):
        counted = found.setdefault(str(row.speaker), [0, 0, 0])
        for i, n in enumerate((base.reference_words, base.errors, adapted.errors)):
            counted[i] += n
    return found


def pooled(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What each of the settings forgot, over all domains and seeds that every one of them has; intervals by speaker."""
    cells = {(row["settings"], row["set"], row["seed"]): row for row in rows if row.get("speakers")}
    names = list(dict.fromkeys(name for name, *_ in cells))
    shared = [cell[1:] for cell in cells if cell[0] == names[0] and all((n, *cell[1:]) in cells for n in names)]
    found = []
    for name in names if shared else ():
        own, first = ([cells[(n, *cell)] for cell in shared] for n in (name, names[0]))
        words, base, adapted = _sums(own)
        forgotten, beside = (paired_bootstrap(errors, adapted, words) for errors in (base, _sums(first)[2]))
        found.append(
            {
                "settings": name,
                "cells": len(shared),
                "domain": round(sum(row["adapted"] for row in own) / len(own), 4),
                "forgotten": [round(x, 4) for x in (forgotten.estimate, forgotten.low, forgotten.high)],
                f"against {names[0]}": [round(x, 4) for x in (beside.estimate, beside.low, beside.high)],
            }
        )
    return found


def _sums(rows: Sequence[dict[str, Any]]) -> tuple[list[int], list[int], list[int]]:
    """Words, the base's errors and the adapted models' errors of each speaker."""
    counted = [[sum(row["speakers"][who][i] for row in rows) for who in rows[0]["speakers"]] for i in range(3)]
    return counted[0], counted[1], counted[2]


def parse(settings: str) -> dict[str, Any]:
    """Settings of a run from "name=value,name=value"; none from USUAL."""
    from workbench.core.config import TrainingConfig

    plain = TrainingConfig(
        language="en", normalizer="english", general_set="general", dropout=0.0, window=30.0, blend=1.0
    )
    found: dict[str, Any] = {}
    for part in settings.split(",") if settings != USUAL else ():
        name, _, value = part.partition("=")
        kind = type(getattr(plain, name))
        found[name] = kind(float(value)) if kind is int else kind(value)
    return found


SHOWN = ("set", "settings", "seed", "base", "adapted", "general_base", "general", "forgotten", "bundled", "seconds")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="whisper-tiny.en")
    parser.add_argument("--sets", default="clinic,coffee_commands")
    parser.add_argument("--settings", default="usual;rehearsal=0.25;rehearsal=0.5", help="divided by semicolons")
    parser.add_argument("--strategy", default="encoder", help="for the default model the one that the page begins with")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--clips", type=int, default=CLIPS, help="of each set of general speech")
    parser.add_argument("--last", action="store_true", help="the general speech that nothing is tuned on")
    parser.add_argument("--keep", type=Path, help="folder in which the workspaces stay")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results, which are added to")
    given = parser.parse_args(arguments)
    speech = general_speech(LAST if given.last else TUNING, given.clips, LONGEST)
    file = given.out / "forgetting.json"
    document: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {"machine": machine(), "rows": []}
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-forgetting-") as work:
        for name in given.sets.split(","):
            domain = Domain(name, given.model, (given.keep or Path(work)) / name, speech)
            for seed in given.seeds.split(","):
                for settings in given.settings.split(";"):
                    row = {"last": given.last, "clips": len(speech)} | domain.cell(settings, given.strategy, int(seed))
                    rows.append(row)
                    print(row, flush=True)
                    document["rows"] = [r for r in document["rows"] if _key(r) != _key(row)] + [row]
                    write("forgetting", document, given.out)
            domain.bench.close()
    show("What is forgotten of general speech", [{k: row[k] for k in SHOWN} for row in rows])
    if summary := pooled(rows):
        show("Over all domains and seeds", summary)


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[k] for k in ("model", "set", "settings", "strategy", "seed", "last", "clips"))


if __name__ == "__main__":
    main()
