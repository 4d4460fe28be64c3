"""Whether weights are what their model needs: shapes before memory is asked for, numbers before anything runs."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from workbench.asr.weights.headers import FETCH_AGAIN, Shapes
from workbench.core.types import ModelSpec
from workbench.errors import ModelError
from workbench.language.said import count, say

SPARE_WEIGHTS = 2**24  # that a model may have besides those in its files, until it is refused as incomplete
OR_ANOTHER = say("{remedy}, or choose another", remedy=FETCH_AGAIN)


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
        facts = {"name": spec.name, "weights": first, "shape": _shape(shapes[first]), "wanted": _shape(needed[first])}
        raise ModelError(_misfit(len(odd) - 1, facts))
    weights = [*skeleton.named_parameters(), *skeleton.named_buffers()]  # tied ones once
    lacking = sum(t.numel() for name, t in weights if name not in shapes)
    held = sum(map(math.prod, shapes.values()))
    if lacking > held + SPARE_WEIGHTS:
        raise ModelError(
            say(
                "The model {name} is not complete: its config.json asks for {lacking:,} weights that "
                "its files do not hold; {remedy}.",
                name=spec.name,
                lacking=lacking,
                remedy=FETCH_AGAIN,
            )
        )


def check_finite(whose: str, weights: Mapping[str, Tensor], remedy: str = OR_ANOTHER) -> None:
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
        raise ModelError(
            say(
                "{whose} has weights that are no numbers (NaN or infinite), {values:,} of them in {weights}: its "
                "training went wrong, or its file is damaged; {remedy}.",
                whose=whose,
                values=n_values,
                weights=_named(odd),
                remedy=remedy,
            )
        )


def _named(weights: Sequence[str]) -> str:
    more = len(weights) - 1
    return count(more, "{first} and {n} more", "{first} and {n} more", first=weights[0]) if more else weights[0]


def _misfit(others: int, facts: Mapping[str, str]) -> str:
    if not others:
        return say(
            "The model {name} does not fit its config.json: {weights} has the shape {shape} in its files where "
            "config.json asks for {wanted}; {remedy}.",
            **facts,
            remedy=FETCH_AGAIN,
        )
    return count(
        others,
        "The model {name} does not fit its config.json: {weights} has the shape {shape} in its files where config.json "
        "asks for {wanted}, and {n} more are like it; {remedy}.",
        "The model {name} does not fit its config.json: {weights} has the shape {shape} in its files where config.json "
        "asks for {wanted}, and {n} more are like it; {remedy}.",
        **facts,
        remedy=FETCH_AGAIN,
    )


def _finite(weight: Tensor) -> bool:
    # A sum is infinite or NaN where one of its numbers is, and takes no memory; one that overflowed is looked at again.
    return math.isfinite(weight.detach().sum()) or bool(weight.isfinite().all())


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape)) or say("of one number")
