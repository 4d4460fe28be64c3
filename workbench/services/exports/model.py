"""Writes a run's adapted model as a folder that plain transformers loads, and proves it before it says done."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workbench.asr.catalog.kept_models import CARD
from workbench.asr.catalog.languages import is_foreign
from workbench.asr.catalog.offers import OFFERS
from workbench.audio.decode import read_clip
from workbench.core.text.normalize import repetition
from workbench.core.text.numbers import language_code
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, WorkbenchError
from workbench.language.said import say
from workbench.services.exports.figures import keep_figures, without_sets
from workbench.services.jobs.steps import Watch
from workbench.services.results.comparison import Comparing
from workbench.services.storage.sound_files import sound_problem
from workbench.store.database import Store
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np

    from workbench.asr.models.backend import Backend

PROOF_CLIPS = 3  # transcribed by the written folder and compared
TASK: Final = "automatic-speech-recognition"
KNOWN_LICENCES: Final = ("Apache-2.0", "MIT", "CC0-1.0", "CC-BY-4.0", "CC-BY-NC-4.0")
ORIGINALS: Final = {offer.name: offer.original for offer in OFFERS}


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        verified_clips: How many clips it transcribes word for word as the run's own model does.
        kept_base: Why it is the unchanged base; see `delivery.kept_base`.
    """

    verified_clips: int
    kept_base: str


def export_run(workspace: Workspace, store: Store, name: str, out: Path, *, away: bool = False) -> dict[str, Any]:
    """Write model, processor, model card and figures; the folder appears whole or not at all.

    Args:
        away: As for `write_run`.

    Returns:
        {"run", "folder", "files", "size_mb", "verified_clips", "kept_base"}; see `delivery.kept_base` for the last.

    Raises:
        WorkbenchError: No such run, no finished model, a folder in use, or what was written does not say the same.
    """
    with store.session() as session:
        find_run(session, name)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WorkbenchError(say("{out} is not an empty folder; name a new one with --out.", out=out))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".export-") as temporary:
        folder = Path(temporary) / "model"
        folder.mkdir()
        written = write_run(workspace, store, name, folder, away=away)
        if out.exists():
            out.rmdir()
        shutil.copytree(folder, out)
    files = sorted(p.name for p in out.iterdir())
    size = sum(os.path.getsize(out / f) for f in files) / 1e6
    return {
        "run": name,
        "folder": str(out),
        "files": files,
        "size_mb": round(size, 1),
        "verified_clips": written.verified_clips,
        "kept_base": written.kept_base,
    }


def write_run(
    workspace: Workspace, store: Store, name: str, folder: Path, watch: Watch | None = None, *, away: bool = False
) -> Written:
    """Write a finished run into an empty folder, and prove it there.

    Args:
        watch: Told of the steps.
        away: Whether it is to leave the machine: without words of labels, and names of clips and of sets.

    Raises:
        WorkbenchError: No such run, no finished model, or what was written does not say the same.
        StopRequested: The user has asked to stop.
    """
    watch = watch or Watch()
    watch.say(say("Loading the model"))
    from workbench.asr.training.checkpoint import load_run_model

    backend, run = load_run_model(workspace.run_folder(name) / "model")
    watch.say(say("Writing the model"))
    backend.save(folder)
    document = Comparing(store).document(name)
    (folder / "README.md").write_text(
        model_card(*(without_sets(document, run) if away else (document, run))), encoding="utf-8"
    )
    if languages := _languages(run):
        (folder / CARD).write_text(json.dumps({"languages": languages}), encoding="utf-8")
    (folder / "metrics.json").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    if away:
        keep_figures(folder / "metrics.json")
    watch.say(say("Trying it on {n} clips", n=PROOF_CLIPS))
    return Written(_prove(folder, _proof(workspace, store, name, backend)), document["kept_base"])


def _languages(run: dict[str, Any]) -> list[str]:
    """What an exported model knows, where its base is limited to some languages and it has learned another one.

    Its files alone would say that it is of those languages still, and it would be refused the one that it has learned.
    """
    known, learned = run["model"].get("languages") or (), run["config"].get("language")
    spec = ModelSpec.from_json(run["model"])
    return [*known, language_code(learned)] if known and is_foreign(spec, learned) else []


def _proof(workspace: Workspace, store: Store, name: str, backend: "Backend") -> list[tuple[Path, str]]:
    """A few sounds and what the run's own model says of them now."""
    from workbench.asr.models.backend import ClipInput

    with store.session() as session:
        tested = [clip.sha256 for _, clip in evaluations(session, find_run(session, name).id)]
    # A damaged sound proves nothing of the model.
    whole = (path for sha256 in tested if not sound_problem(path := workspace.sound_path(sha256), sha256))
    out = []
    for path in islice(whole, PROOF_CLIPS):
        items = backend.encode_prefix([ClipInput(read_clip(path))], 0)
        out.append((path, backend.transcribe(backend.collate(items), 0)[0]))
    return out


def _prove(folder: Path, expected: Sequence[tuple[Path, str]]) -> int:
    """Load the folder as anyone would, with transformers.pipeline, and hold its texts against the run's own.

    Raises:
        ModelError: A text differs.
    """
    import transformers

    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it has no annotations
    try:
        recogniser: Any = transformers.pipeline(TASK, model=str(folder), device="cpu")
        for path, text in expected:
            said = _text(recogniser({"raw": read_clip(path), "sampling_rate": 16_000})["text"])
            if said != text and recogniser.model.main_input_name == "input_features" and recogniser.type == "ctc":
                said = _of_whole_frames(recogniser, read_clip(path))
            endless = repetition(text) is not None  # ours stops where a text goes round in circles, theirs goes on
            if said != text and not (endless and said.startswith(text)):
                raise ModelError(
                    say(
                        "The written model says '{said}' where the run's own says '{expected}'; nothing was exported. "
                        "Please report this.",
                        said=said[:200],
                        expected=text[:200],
                    )
                )
    finally:
        transformers.logging.set_verbosity(level)
    return len(expected)


def _of_whole_frames(recogniser: Any, sound: "np.ndarray") -> str:
    """What plain transformers says of the frames that sound fills (w2v-BERT, Parakeet).

    The pipeline also reads out a last frame that its own mask rules out.
    """
    import torch

    heard = recogniser.feature_extractor(sound, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True)
    with torch.no_grad():
        logits = recogniser.model(heard["input_features"][:, : int(heard["attention_mask"].sum())]).logits
    return _text(recogniser.tokenizer.decode(logits[0].argmax(-1).tolist()))


def _text(heard: str) -> str:
    """Without special tokens such as <s>, which transformers spells out and which are no text."""
    return " ".join(re.sub(r"<[^<> ]+>", "", heard).split())


def model_card(document: dict[str, Any], run: dict[str, Any]) -> str:
    """README.md of an exported model: what it is, on which clips it was measured, and how to load it."""
    spec, config = run["model"], run["config"]
    base, adapted, change = document["base"], document["adapted"], document["wer_change"]
    how = "out-of-fold clips" if document["folds"] else "held-out test clips"
    return f"""---
{_front_matter(document, run)}
---
# {spec["name"]}, {"unchanged" if document["kept_base"] else "adapted"} ({document["run"]})

{_origin(document, spec)}

| on {document["test_clips"]} {how}, normalizer `{document["normalizer"]}` | base | adapted |
|---|---|---|
| WER | {base["wer"]:.1%} | {adapted["wer"]:.1%} |
| CER | {base["cer"]:.1%} | {adapted["cer"]:.1%} |

{document["summary"]}
{_general(document["general"])}{_window(run)}
{"" if document["outcome"] == "nothing kept" else _change(change, document["verdict"])}

```python
import soundfile
from transformers import pipeline

recogniser = pipeline("automatic-speech-recognition", model="THIS_FOLDER")
sound, rate = soundfile.read("clip.wav", dtype="float32")  # mono; other rates need torchaudio
print(recogniser({{"raw": sound, "sampling_rate": rate}})["text"])
```

Settings: {json.dumps(config)}. Versions: {json.dumps(run["versions"])}.
"""


def _origin(document: dict[str, Any], spec: dict[str, Any]) -> str:
    """What learned, or why nothing did."""
    if document["kept_base"]:
        base = f"**{spec['name']}** (licence of the base: {spec['licence']})"
        return f"{document['kept_base']} It is {base}, written by the Speech Workbench."
    return (
        f"Fine-tuned with the Speech Workbench from **{spec['name']}** (licence of the base: {spec['licence']}) with "
        f"the freezing\nstrategy **{document['strategy']}**: {document['trainable_parameters']:,} of "
        f"{document['total_parameters']:,} weights\nlearned, on {document['train_clips']} clips."
        f"{rehearsed(document.get('rehearsal'))}{_blend(document['blend'])}"
    )


def rehearsed(kept: dict[str, Any] | None) -> str:
    """What general speech was heard beside them, as a sentence of a card; empty where none was."""
    if not kept or not kept["clips"]:
        return ""
    texts = "in the base's own texts" if kept["texts"] == "base" else "by their labels"
    return f" {kept['share']:.0%} of each update was general speech: {kept['clips']} clips, {texts}."


def _blend(share: float | None) -> str:
    """How much of that is kept, where it is not all of it."""
    return "" if share in (None, 1) else f" Of what they learned {share:.0%} is kept: the weights lie between."


def _change(change: dict[str, Any], verdict: str) -> str:
    return (
        f"Change in WER {100 * change['estimate']:+.1f} points, 95 % interval {100 * change['low']:+.1f} to\n"
        f"{100 * change['high']:+.1f}, by paired\nbootstrap over {change['over']}. Verdict: **{verdict}**."
    )


def _general(general: dict[str, Any] | None) -> str:
    """What was forgotten of general speech, as a paragraph."""
    return f"\nGeneral speech: {general['summary']}\n" if general else ""


def _window(run: dict[str, Any]) -> str:
    """In how much sound it hears, where that is less than its base does, as a paragraph."""
    if not run.get("window"):
        return ""
    healed = " Its encoder began healed for that." if run.get("healed") else ""
    return (
        f"\nIt was adapted to hear {run['window']} s at once; the base was measured in its own window.{healed}\n"
        "Cut longer sounds in pauses, as the workbench does.\n"
    )


def _front_matter(document: dict[str, Any], run: dict[str, Any]) -> str:
    """What a hub reads of the card: rates in per cent, of the base and with the interval of the change beside them."""
    from huggingface_hub import EvalResult, ModelCardData

    spec, change = run["model"], document["wer_change"]
    interval = {name: round(100 * change[name], 2) for name in ("estimate", "low", "high")}
    results = [
        EvalResult(
            task_type=TASK,
            dataset_type="own-clips",
            dataset_name=f"{document['test_clips']} clips of the user's own, never trained on",
            metric_type=rate,
            metric_name=f"{rate.upper()} (%), normalizer {document['normalizer']}",
            metric_value=round(100 * document["adapted"][rate], 2),
            metric_args={"base": round(100 * document["base"][rate], 2)}
            | ({"change_95_percent": interval} if rate == "wer" else {}),
        )
        for rate in ("wer", "cer")
    ]
    card = ModelCardData(
        language=run["config"].get("language") or "en",
        license=_licence_id(spec["licence"]),
        library_name="transformers",
        pipeline_tag=TASK,
        base_model=_base_id(spec),
        tags=["speech-workbench", "asr", document["strategy"]],
        model_name=f"{spec['name']} {document['run']}",
        eval_results=results,
    )
    return str(card.to_yaml())


def _base_id(spec: dict[str, Any]) -> str:
    """The hub's id of the base model, where it has one; else its name here."""
    return str(spec["location"] if spec["source"] == "hub" else ORIGINALS.get(spec["name"], spec["name"]))


def _licence_id(licence: str) -> str:
    """As hubs write it; "other" for what they have no name for."""
    return licence.lower() if licence in KNOWN_LICENCES else "other"
