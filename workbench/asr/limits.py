"""How far the numbers of a model's small files may go: what makes something grow, or is divided by, has bounds.

The bounds are far beyond any model that there is; a number within them may still not fit the weights.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.asr.headers import FETCH_AGAIN
from workbench.core.types import SAMPLE_RATE
from workbench.files import FileProblem

MOST_TOKENS = 1_000_000  # a vocabulary's ids are places in a list
LAYERS, WIDTH, HEADS, STEP, POSITIONS = (1, 1000), (1, 100_000), (1, 4096), (1, 16_384), (1, 1_000_000)
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
        said = f"from {least:,} to {most:,}" if least < most else f"of {most:,}"
        reason = f"says that {name} is {str(value)[:40]}, where only a whole number {said} will do"
        raise FileProblem(file, reason, FETCH_AGAIN)


def check_convolutions(file: Path, numbers: Mapping[str, Any], *, needed: bool) -> None:
    """Hold the lists of a feature encoder's convolutions against their bounds and one another.

    Args:
        needed: Whether the model has such convolutions; else they may be missing.
    """
    for name in CONVOLUTIONS:
        if needed or numbers.get(name) is not None:
            _check_list(file, name, numbers.get(name))
    if needed and len({len(numbers[name]) for name in CONVOLUTIONS}) > 1:
        raise FileProblem(file, f"has lists of unequal length in {', '.join(CONVOLUTIONS)}", FETCH_AGAIN)


def _check_list(file: Path, name: str, values: Any) -> None:
    if not isinstance(values, list) or not 0 < len(values) <= MOST_CONVOLUTIONS:
        raise FileProblem(file, f"says of {name} what is no list of up to {MOST_CONVOLUTIONS} numbers", FETCH_AGAIN)
    for value in values:
        check_number(file, name, 0 if value is None else value, CONVOLUTIONS[name])
