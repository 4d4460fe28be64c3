"""Blended weights as a model: its ends are base and adapted, an adapter's product is what is scaled, new rows stay."""

import torch
from torch import Tensor

from workbench.asr.training.blending import blended


def state(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return {
        "layer.weight": torch.randn(3, 4),
        "layer.lora_A.default.weight": torch.randn(2, 4),
        "layer.lora_B.default.weight": torch.randn(3, 2),
        "lm_head.weight": torch.randn(5, 3),
        "lm_head.bias": torch.randn(5),
    }


def started() -> dict[str, Tensor]:
    start = state(0)
    start["layer.lora_B.default.weight"].zero_()
    return start


def product(weights: dict[str, Tensor]) -> Tensor:
    return weights["layer.lora_B.default.weight"] @ weights["layer.lora_A.default.weight"]


def test_the_ends_are_base_and_adapted() -> None:
    start, adapted = started(), state(1)
    whole = blended(start, adapted, 1.0)
    assert all(torch.allclose(whole[name], adapted[name]) for name in adapted)
    none = blended(start, adapted, 0.0)
    assert torch.equal(none["layer.weight"], start["layer.weight"])
    assert not product(none).any()


def test_a_half_is_the_mean_and_half_of_the_adapters_product() -> None:
    start, adapted = started(), state(1)
    half = blended(start, adapted, 0.5)
    assert torch.allclose(half["layer.weight"], (start["layer.weight"] + adapted["layer.weight"]) / 2)
    assert torch.allclose(product(half), product(adapted) / 2)


def test_new_characters_keep_what_they_learned() -> None:
    start, adapted = started(), state(1)
    for name in ("lm_head.weight", "lm_head.bias"):
        kept = blended(start, adapted, 0.25, new_rows=2)[name]
        assert torch.equal(kept[-2:], adapted[name][-2:])
        assert torch.allclose(kept[:3], 0.75 * start[name][:3] + 0.25 * adapted[name][:3])


def test_the_ends_are_exact() -> None:
    start, adapted = started(), state(1)
    for share, end in ((0.0, start), (1.0, adapted)):
        found = blended(start, adapted, share, new_rows=1)
        assert all(torch.equal(found[name], end[name]) for name in end)


def test_the_states_that_it_is_made_of_stay_as_they_are() -> None:
    start, adapted = started(), state(1)
    before = [{n: v.clone() for n, v in s.items()} for s in (start, adapted)]
    blended(start, adapted, 0.5, new_rows=2)
    assert all(torch.equal(old[n], s[n]) for old, s in zip(before, (start, adapted), strict=True) for n in old)
