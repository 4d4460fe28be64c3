"""Makes a trained model deeper without changing what it says.

A new layer is a copy of the one before it whose two outputs are zero, so that nothing is added to what flows by; it
begins to say something with the first updates. So a model that has become too small for what it hears goes on from
where it was (network growing: Net2Net, Chen et al. 2016; zero outputs: Fixup, Zhang et al. 2019).
"""

from collections.abc import Sequence
from copy import deepcopy

import torch


def deepened(layers: torch.nn.ModuleList, total: int, *, last: Sequence[str]) -> torch.nn.ModuleList:
    """`total` layers, the new ones spread evenly behind the old ones.

    Args:
        layers: Pre-norm layers, each adding what its parts say to what it is given.
        total: As many as there are, or more.
        last: The names of the linear maps in a layer whose outputs are added.

    Raises:
        ValueError: Fewer layers were asked for than there are.
    """
    if total < len(layers):
        raise ValueError(f"The model has {len(layers)} layers; a deeper one has more, not {total}.")
    grown = torch.nn.ModuleList()
    for i, layer in enumerate(layers):
        grown.append(layer)
        for _ in range((i + 1) * total // len(layers) - i * total // len(layers) - 1):
            silent = deepcopy(layer)
            for name in last:
                torch.nn.init.zeros_(silent.get_submodule(name).weight)
                torch.nn.init.zeros_(silent.get_submodule(name).bias)
            grown.append(silent)
    return grown
