"""What a run learned, kept small: the weights that moved and run.json; loading checks that the base is the same."""

from pathlib import Path
from typing import Any

from workbench.asr.catalog import loading
from workbench.asr.catalog.healed import read_healed
from workbench.asr.models.backend import Backend
from workbench.asr.models.lora import merge_adapters
from workbench.asr.training.freezing import apply_plan, plan_for_blocks, trainable_state
from workbench.asr.training.trainer import load_state, save_state
from workbench.asr.weights.headers import tensor_shapes
from workbench.asr.weights.soundness import check_finite
from workbench.atomic import write_json
from workbench.core.config import TrainingConfig
from workbench.core.types import FreezePlan, ModelSpec
from workbench.errors import ModelError
from workbench.files import FileProblem, read_object
from workbench.language.said import say

LEARNED = "learned.safetensors"
HEALED = "healed.safetensors"  # what healed the encoder for a shorter window, where something did
MOST_RUN = 32 * 2**20  # bytes of run.json
AGAIN = say("restore the run's folder from a copy, or adapt again")


def save_run_model(backend: Backend, plan: FreezePlan, folder: Path, *, run: dict[str, Any]) -> None:
    """Write what learned, and the run's description beside it.

    Args:
        run: Must hold "model" (the base's spec with its fingerprint), "strategy", "config" and "new_characters";
            "language" where the model was told one; "window" and "healed" (its hash) where it hears in a shorter one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_state(backend, folder / LEARNED)
    write_json(folder / "run.json", run, indent=1)


def load_run_model(folder: Path) -> tuple[Backend, dict[str, Any]]:
    """The adapted model of a run's model folder, and its run.json.

    Raises:
        ModelError: The run has no model yet, its base has changed since, or what it learned cannot be read.
    """
    name = folder.parent.name
    if not (folder / "run.json").exists():
        raise ModelError(say("The run in {name} has no finished model; let it finish, or resume it.", name=name))
    try:
        run = read_object(folder / "run.json", most=MOST_RUN)
        shapes = tensor_shapes(folder / LEARNED)
    except FileProblem as e:
        raise ModelError(
            say(
                "What {name} learned cannot be read: its {name2} {reason}; {again}.",
                name=name,
                name2=e.path.name,
                reason=e.reason,
                again=AGAIN,
            )
        ) from e
    spec = ModelSpec.from_json(run["model"])
    backend = loading.load(spec)
    if backend.fingerprint != run["model"]["fingerprint"]:
        raise ModelError(
            say(
                "The base model {name} is not the one that {name2} was trained on (its files have "
                "changed); restore the old files, or adapt again.",
                name=spec.name,
                name2=folder.parent.name,
            )
        )
    backend.set_language(run.get("language"), run.get("config", {}).get("task", "transcribe"))
    backend.extend(run["new_characters"])
    _enter_window(backend, run, folder)
    plan = plan_for_blocks(backend.blocks(), run["strategy"], TrainingConfig.from_json(run.get("config", {})))
    apply_plan(backend, plan)
    needed = {weight: tuple(value.shape) for weight, value in trainable_state(backend).items()}
    odd = sorted(weight for weight, shape in shapes.items() if needed.get(weight) != shape)
    if odd:
        raise ModelError(
            say(
                "What {run} learned does not fit its base model {base} ({weights}); {remedy}.",
                run=name,
                base=spec.name,
                weights=odd[0],
                remedy=AGAIN,
            )
        )
    load_state(backend, folder / LEARNED)
    check_finite(say("The adapted model of {run}", run=name), trainable_state(backend), AGAIN)
    if plan.lora_rank:
        merge_adapters(backend)
    backend.model.eval()
    return backend, run


def _enter_window(backend: Backend, run: dict[str, Any], folder: Path) -> None:
    """Let the base hear as it did in the run, where that was in a shorter window.

    Raises:
        ModelError: What healed its encoder is not here, or another one.
    """
    if not run.get("window"):
        return
    if run.get("healed"):
        try:
            healed = read_healed(folder / HEALED)
        except FileProblem as e:
            raise ModelError(
                say(
                    "What healed the encoder of {name} {reason}; {again}.",
                    name=folder.parent.name,
                    reason=e.reason,
                    again=AGAIN,
                )
            ) from e
        if healed.sha256 != run["healed"]:
            raise ModelError(
                say("What healed the encoder of {name} has changed; {again}.", name=folder.parent.name, again=AGAIN)
            )
        from workbench.asr.training.healing import HealedWeights

        HealedWeights(backend, healed)  # type: ignore[arg-type]
    backend.set_window(float(run["window"]))
