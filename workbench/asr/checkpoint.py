"""What a run learned, kept small: the weights that moved and run.json; loading checks that the base is the same."""

import json
import os
from pathlib import Path
from typing import Any

from workbench.asr import loading
from workbench.asr.backend import Backend
from workbench.asr.freezing import apply_plan, plan_for_blocks
from workbench.asr.lora import merge_adapters
from workbench.asr.training import load_state, save_state
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan, ModelSpec
from workbench.errors import ModelError

LEARNED = "learned.safetensors"


def save_run_model(backend: Backend, plan: FreezePlan, folder: Path, *, run: dict[str, Any]) -> None:
    """Write what learned, and the run's description beside it.

    Args:
        run: Must hold "model" (the base's spec with its fingerprint), "strategy", "config" and "new_characters";
            "language" where the model was told one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_state(backend, folder / LEARNED)
    temporary = folder / "run.tmp"
    temporary.write_text(json.dumps(run, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(temporary, folder / "run.json")


def load_run_model(folder: Path) -> tuple[Backend, dict[str, Any]]:
    """The adapted model of a run's model folder, and its run.json.

    Raises:
        ModelError: The run has no model yet, or its base has changed since.
    """
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise ModelError(f"The run in {folder.parent.name} has no finished model; let it finish, or resume it.") from e
    spec = ModelSpec.from_json(run["model"])
    backend = loading.load(spec)
    if backend.fingerprint != run["model"]["fingerprint"]:
        raise ModelError(
            f"The base model {spec.name} is not the one that {folder.parent.name} was trained on (its files have "
            "changed); restore the old files, or adapt again."
        )
    backend.set_language(run.get("language"), run.get("config", {}).get("task", "transcribe"))
    backend.extend(run["new_characters"])
    plan = plan_for_blocks(backend.blocks(), run["strategy"], TrainingConfig.from_json(run.get("config", {})))
    apply_plan(backend, plan)
    load_state(backend, folder / LEARNED)
    if plan.lora_rank:
        merge_adapters(backend)
    backend.model.eval()
    return backend, run
