"""Whether weights are what their model needs: shapes before memory is asked for, numbers before anything runs."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from workbench.asr.weights.headers import FETCH_AGAIN, Shapes
from workbench.core.types import ModelSpec
from workbench.errors import ModelError
from workbench.language.said import say

SPARE_WEIGHTS = 2**24  # that a model may have besides those in its files, until it is refused as incomplete


def check_shapes(spec: ModelSpec, auto: Any, config: Any, shapes: Shapes) -> None:
    """Hold the model that config.json describes, built without memory, against the headers of its files.

    Args:
        auto: The class of transformers that builds it.
        shapes: Of each tensor in its files. Those under names of their own (parametrised weights, tied ones) are left
            to the loading, which knows how they are renamed.

    Raises:
        ModelError: A tensor has another shape, or far more weights are needed than there are.
    """
    with torch.device("meta"):
        skeleton = auto.from_config(config, trust_remote_code=False)
    needed = {name: tuple(t.shape) for name, t in skeleton.state_dict().items()}
    odd = sorted(name for name in needed.keys() & shapes.keys() if needed[name] != shapes[name])
    if odd:
        first = odd[0]
        more = f", and {len(odd) - 1} more are like it" if len(odd) > 1 else ""
        raise ModelError(
            say(
                "The model {name} does not fit its config.json: {first} has the shape {shape} in its "
                "files where config.json asks for {shape2}{more}; {fetch_again}.",
                name=spec.name,
                first=first,
                shape=_shape(shapes[first]),
                shape2=_shape(needed[first]),
                more=more,
                fetch_again=FETCH_AGAIN,
            )
        )
    weights = [*skeleton.named_parameters(), *skeleton.named_buffers()]  # tied ones once
    lacking = sum(t.numel() for name, t in weights if name not in shapes)
    held = sum(map(math.prod, shapes.values()))
    if lacking > held + SPARE_WEIGHTS:
        raise ModelError(
            say(
                "The model {name} is not complete: its config.json asks for {lacking:,} weights that "
                "its files do not hold; {fetch_again}.",
                name=spec.name,
                lacking=lacking,
                fetch_again=FETCH_AGAIN,
            )
        )


def check_finite(whose: str, weights: Mapping[str, Tensor], remedy: str = f"{FETCH_AGAIN}, or choose another") -> None:
    """Refuse weights that are no numbers: one NaN makes every text empty, and every loss NaN.

    Args:
        whose: Begins the sentence, such as "The model whisper-tiny".
        remedy: Ends it: what to do.

    Raises:
        ModelError: Names the first such tensor.
    """
    odd = [name for name, weight in weights.items() if weight.is_floating_point() and not _finite(weight)]
    if odd:
        n_values = sum(int((~weights[name].isfinite()).sum()) for name in odd)
        more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        raise ModelError(
            say(
                "{whose} has weights that are no numbers (NaN or infinite), {n_values:,} of them in "
                "{odd}{more}: its training went wrong, or its file is damaged; {remedy}.",
                whose=whose,
                n_values=n_values,
                odd=odd[0],
                more=more,
                remedy=remedy,
            )
        )


def _finite(weight: Tensor) -> bool:
    # A sum is infinite or NaN where one of its numbers is, and takes no memory; one that overflowed is looked at again.
    return math.isfinite(weight.detach().sum()) or bool(weight.isfinite().all())


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or "of one number"
