"""How far the numbers of a model's small files may go: what makes something grow, or is divided by, has bounds.

The bounds are far beyond any model that there is; a number within them may still not fit the weights.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.asr.weights.headers import FETCH_AGAIN
from workbench.core.types import SAMPLE_RATE
from workbench.files import FileProblem
from workbench.language.said import say

MOST_TOKENS = 500_000  # a vocabulary's ids are places in a list
LAYERS, WIDTH, HEADS, STEP, POSITIONS = (1, 200), (1, 100_000), (1, 4096), (1, 16_384), (1, 1_000_000)
# Least and most of each number that makes something grow, or that something is divided by.
CONFIG_NUMBERS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("num_hidden_layers", "encoder_layers", "decoder_layers"), LAYERS),
    **dict.fromkeys(("encoder_num_hidden_layers", "decoder_num_hidden_layers"), LAYERS),
    **dict.fromkeys(("hidden_size", "d_model", "intermediate_size", "output_hidden_size"), WIDTH),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim", "num_mel_bins", "feature_projection_input_dim"), WIDTH),
    **dict.fromkeys(("adapter_attn_dim", "subsampling_conv_channels"), WIDTH),
    **dict.fromkeys(("num_attention_heads", "encoder_attention_heads", "decoder_attention_heads"), HEADS),
    **dict.fromkeys(("num_key_value_heads", "encoder_num_attention_heads", "decoder_num_attention_heads"), HEADS),
    **dict.fromkeys(("encoder_num_key_value_heads", "decoder_num_key_value_heads"), HEADS),
    **dict.fromkeys(("conv_depthwise_kernel_size", "conv_kernel_size", "conv_pos_kernel_size"), STEP),
    **dict.fromkeys(("num_conv_pos_embeddings", "num_conv_pos_embedding_groups", "num_buckets"), STEP),
    **dict.fromkeys(("subsampling_conv_kernel_size", "subsampling_conv_stride"), STEP),
    **dict.fromkeys(("mask_time_length", "mask_feature_length"), POSITIONS),
    **dict.fromkeys(("max_source_positions", "max_target_positions", "max_position_embeddings"), POSITIONS),
    **dict.fromkeys(("left_max_position_embeddings", "right_max_position_embeddings"), (0, 1_000_000)),
    "max_bucket_distance": POSITIONS,
    "num_adapter_layers": (0, 100),
    "adapter_kernel_size": (1, 1000),
    "adapter_stride": (1, 1000),
    "subsampling_factor": (1, 64),
    "vocab_size": (1, MOST_TOKENS),
}
EXTRACTOR_NUMBERS: Mapping[str, tuple[int, int]] = {
    "sampling_rate": (SAMPLE_RATE, SAMPLE_RATE),
    "feature_size": (1, 1024),
    "num_mel_bins": (1, 1024),
    "stride": (1, 100),
    "hop_length": STEP,
    "n_fft": STEP,
    "win_length": STEP,
    "chunk_length": (1, 600),  # seconds
}
ADAPTER_NUMBERS = ("num_adapter_layers", "adapter_kernel_size", "adapter_stride")
SUBSAMPLING = ("subsampling_factor", "subsampling_conv_kernel_size", "subsampling_conv_stride")
CONVOLUTIONS = {"conv_dim": WIDTH, "conv_kernel": STEP, "conv_stride": STEP}
MOST_CONVOLUTIONS = 64
SHARE = re.compile(r"dropout|layerdrop|_prob$")
TOKEN_LISTS = ("suppress_tokens", "begin_suppress_tokens")
TOKEN_MAPS = ("lang_to_id", "task_to_id")


def check_numbers(file: Path, numbers: Mapping[str, Any], bounds: Mapping[str, tuple[int, int]]) -> None:
    """Hold the numbers of a JSON object against their bounds; what is null or not there is left to transformers.

    Raises:
        FileProblem: One is no whole number, or beyond its bounds.
    """
    for name, least_and_most in bounds.items():
        check_number(file, name, numbers.get(name), least_and_most)


def check_number(file: Path, name: str, value: Any, bounds: tuple[int, int]) -> None:
    """As `check_numbers`, for one."""
    least, most = bounds
    if value is not None and (type(value) is not int or not least <= value <= most):
        reason = _beyond(name, str(value)[:40], least, most)
        raise FileProblem(file, reason, FETCH_AGAIN)


def _beyond(name: str, value: str, least: int, most: int) -> str:
    if least < most:
        return say(
            "says that {name} is {value}, where only a whole number from {least:,} to {most:,} will do",
            name=name,
            value=value,
            least=least,
            most=most,
        )
    return say(
        "says that {name} is {value}, where only a whole number of {most:,} will do", name=name, value=value, most=most
    )


def check_shares(file: Path, config: Mapping[str, Any]) -> None:
    """What is dropped or masked is a share from 0 to 1; torch says so in the middle of a run."""
    for name, value in config.items():
        if SHARE.search(name) and isinstance(value, int | float) and not 0 <= value <= 1:
            raise FileProblem(
                file,
                say("says that {name} is {value}, where a share from 0 to 1 belongs", name=name, value=str(value)[:40]),
                FETCH_AGAIN,
            )


def check_convolutions(file: Path, numbers: Mapping[str, Any], *, needed: bool) -> None:
    """Hold the lists of a feature encoder's convolutions against their bounds and one another.

    Args:
        needed: Whether the model has such convolutions; else they may be missing.
    """
    for name in CONVOLUTIONS:
        if needed or numbers.get(name) is not None:
            _check_list(file, name, numbers.get(name))
    if needed and len({len(numbers[name]) for name in CONVOLUTIONS}) > 1:
        raise FileProblem(
            file,
            say("has lists of unequal length in {names}", names=", ".join(CONVOLUTIONS)),
            FETCH_AGAIN,
        )


def _check_list(file: Path, name: str, values: Any) -> None:
    if not isinstance(values, list) or not 0 < len(values) <= MOST_CONVOLUTIONS:
        raise FileProblem(
            file,
            say(
                "says of {name} what is no list of up to {most} numbers",
                name=name,
                most=MOST_CONVOLUTIONS,
            ),
            FETCH_AGAIN,
        )
    for value in values:
        check_number(file, name, "null" if value is None else value, CONVOLUTIONS[name])


def check_generation(file: Path, numbers: Mapping[str, Any], n_tokens: int) -> None:
    """Hold a generation_config.json against the number of tokens that the model can write.

    Raises:
        FileProblem: What should be tokens is none, or beyond them; or there are languages and no way to transcribe.
    """
    for name in TOKEN_LISTS:
        for token in _listed(file, name, numbers.get(name)):
            check_number(file, name, "null" if token is None else token, (-1, n_tokens - 1))  # -1 stands for none
    for name in TOKEN_MAPS:
        if not isinstance(numbers.get(name) or {}, dict):
            raise FileProblem(file, say("says of {name} what is no object", name=name), FETCH_AGAIN)
        for token in (numbers.get(name) or {}).values():
            check_number(file, name, "null" if token is None else token, (0, n_tokens - 1))
    if numbers.get("lang_to_id") and "transcribe" not in (numbers.get("task_to_id") or {}):
        raise FileProblem(file, say("has languages and does not say how to transcribe them (task_to_id)"), FETCH_AGAIN)
    ends = numbers.get("eos_token_id")
    for token in ends if isinstance(ends, list) and ends else [ends]:
        check_number(file, "eos_token_id", token, (0, n_tokens - 1))
    check_number(file, "no_timestamps_token_id", numbers.get("no_timestamps_token_id"), (0, n_tokens - 1))
    check_number(file, "max_length", numbers.get("max_length"), POSITIONS)


def _listed(file: Path, name: str, values: Any) -> list[Any]:
    if not isinstance(values, list | None):
        raise FileProblem(file, say("says of {name} what is no list of tokens", name=name), FETCH_AGAIN)
    return values or []
