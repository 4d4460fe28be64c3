"""Adapters as PEFT's own `save_pretrained` writes them, for a model folder; their weights are random, not zero."""

import json
import warnings
from pathlib import Path
from typing import Any

import peft
import torch
from transformers import AutoModelForSpeechSeq2Seq

KINDS: dict[str, Any] = {
    "lora": lambda: peft.LoraConfig(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"]),
    "dora": lambda: peft.LoraConfig(r=2, lora_alpha=4, use_dora=True, target_modules=["q_proj", "v_proj"]),
    "rslora": lambda: peft.LoraConfig(r=2, use_rslora=True, target_modules=r".*decoder.*\.(q_proj|fc2)"),
    "adalora": lambda: peft.AdaLoraConfig(init_r=4, target_r=2, total_step=10, target_modules=["q_proj", "v_proj"]),
    "loha": lambda: peft.LoHaConfig(r=2, alpha=4, target_modules=["q_proj", "v_proj"]),
    "ia3": lambda: peft.IA3Config(target_modules=["k_proj", "v_proj", "fc2"], feedforward_modules=["fc2"]),
    "output": lambda: peft.LoraConfig(r=2, target_modules=["q_proj"], modules_to_save=["proj_out"]),
}


def plain(folder: Path) -> Any:
    return AutoModelForSpeechSeq2Seq.from_pretrained(folder, dtype=torch.float32).eval()


def beside(base: Path, kind: str = "lora", *, strength: float = 0.05) -> Any:
    """PEFT's model of a folder, its adapter's weights moved by random numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = peft.get_peft_model(plain(base), KINDS[kind]())
    torch.manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += strength * torch.randn_like(parameter)
    return model.eval()


def read_by_peft(base: Path, adapter: Path) -> Any:
    """The base with a saved adapter beside it, as PEFT itself reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return peft.PeftModel.from_pretrained(plain(base), str(adapter)).eval()


def save_adapter(base: Path, folder: Path, kind: str = "lora", *, named: str | None = None, safe: bool = True) -> Path:
    """Write the adapter alone, as PEFT does; `named` is what it calls its base."""
    model = beside(base, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save_pretrained(folder, safe_serialization=safe)
    file = folder / "adapter_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps(settings | {"base_model_name_or_path": named or str(base)}))
    return folder


def spoil_config(folder: Path, **changes: object) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
