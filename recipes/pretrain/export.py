"""Writes a trained model as the folder that the workbench ships: half precision, with the start model's tokenizer.

Half precision halves the download and costs nothing measurable; load it in float32 to train.
"""

import shutil
from pathlib import Path

import torch
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

AVERAGE_PREFIX = "module."  # of AveragedModel
TOKENIZER_FILES = ("vocab.json", "tokenizer_config.json", "processor_config.json")
DROPOUT = 0.05  # for whoever adapts the model to an hour of speech; the training itself used none


def averaged_model(checkpoint: Path, start_from: Path) -> Wav2Vec2ForCTC:
    """The moving average of the weights of a checkpoint, float32, in the architecture of the start model."""
    config = Wav2Vec2Config.from_pretrained(
        start_from, hidden_dropout=DROPOUT, attention_dropout=DROPOUT, final_dropout=DROPOUT, mask_time_prob=0.05
    )
    model = Wav2Vec2ForCTC(config)
    state = torch.load(checkpoint, weights_only=True)["averaged"]
    model.load_state_dict(
        {name.removeprefix(AVERAGE_PREFIX): value for name, value in state.items() if name.startswith(AVERAGE_PREFIX)}
    )
    return model.eval()


def export(checkpoint: Path, start_from: Path, out: Path) -> None:
    """Write the model of a checkpoint into a folder that `from_pretrained` loads."""
    averaged_model(checkpoint, start_from).half().save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # the library writes it for the owner alone
    for name in TOKENIZER_FILES:
        shutil.copyfile(start_from / name, out / name)
