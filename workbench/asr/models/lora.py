"""Low-rank adapters (LoRA, Hu et al. 2021) by peft: put beside a model's matrices, merged into them afterwards.

All matrices of a block get one, not only the queries' and values': at few clips that is what LoRA needs to match more
(Dettmers et al. 2023, arXiv 2305.14314). Scale 2 (alpha = 2 x rank) and dropout 0.05, as in peft's speech examples.
peft is imported with the first adapter: most runs have none.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

from workbench.core.types import FreezePlan, Part

if TYPE_CHECKING:
    from workbench.asr.models.backend import Backend

ALPHA_PER_RANK = 2
DROPOUT = 0.05
SEED = 0  # of the adapters' first random half; the other half starts at zero, so that the model says what it said


def add_adapters(backend: "Backend", plan: FreezePlan) -> None:
    """Put an adapter beside each matrix of the blocks that the plan names; once."""
    if any(".lora_" in name for name, _ in backend.model.named_parameters()):
        return
    chosen = {
        id(matrix)
        for modules, part in zip(backend.block_modules(), plan.parts, strict=True)
        if part == Part.LOW_RANK
        for matrix in matrices(modules)
    }
    names = [name for name, module in backend.model.named_modules() if id(module) in chosen]
    put_adapters(backend, names, rank=plan.lora_rank, alpha=ALPHA_PER_RANK * plan.lora_rank, dropout=DROPOUT)


def put_adapters(backend: "Backend", names: list[str], *, rank: int, alpha: int, dropout: float) -> None:
    """Put an adapter beside each matrix of these names; its product counts alpha / rank times."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=names)
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        inject_adapter_in_model(config, backend.model)


def merge_adapters(backend: "Backend") -> None:
    """Add the adapters' products to the matrices they stand beside; the model is then a stock one again."""
    from peft.tuners.lora import LoraLayer

    for name, module in list(backend.model.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            parent, _, child = name.rpartition(".")
            setattr(backend.model.get_submodule(parent), child, module.get_base_layer())
    if hasattr(backend.model, "peft_config"):
        del backend.model.peft_config


def remove_adapters(backend: "Backend") -> None:
    """Take the adapters away again; the matrices beside them never moved."""
    from peft.tuners.lora import LoraLayer

    for name, module in list(backend.model.named_modules()):
        if isinstance(module, LoraLayer):
            parent, _, child = name.rpartition(".")
            setattr(backend.model.get_submodule(parent), child, module.get_base_layer())
    if hasattr(backend.model, "peft_config"):
        del backend.model.peft_config


def matrices(modules: tuple[nn.Module, ...]) -> list[nn.Linear]:
    """The linear layers of a block, which an adapter can stand beside.

    WavLM's attention reads the matrices of its projections itself, past any adapter: these are left out.
    """
    parts = [part for module in modules for part in module.modules()]
    passed = {id(m) for p in parts if hasattr(p, "gru_rel_pos_const") for n, m in p.named_children() if "_proj" in n}
    return [m for m in parts if isinstance(m, nn.Linear) and id(m) not in passed]


def low_rank_size(modules: tuple[nn.Module, ...]) -> int:
    """Weights that adapters of rank 1 would add to a block: inputs plus outputs of each matrix."""
    return sum(m.in_features + m.out_features for m in matrices(modules))
