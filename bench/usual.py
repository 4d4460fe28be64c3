"""The usual way: `transformers.Trainer` as in the speech examples (examples/pytorch/speech-recognition).

Features are prepared once, the collators pad as there, greedy evaluation by `Trainer.evaluate` with the word error
rate. "usual" calls `freeze_feature_encoder()` or `freeze_encoder()`, as the examples do; "naive" leaves that call out
and freezes the same weights by `requires_grad` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import torch
from transformers import (
    AutoModelForCTC,
    AutoModelForSpeechSeq2Seq,
    AutoProcessor,
    PrinterCallback,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from bench.shapes import SAMPLE_RATE, Clips
from bench.turns import Turn

Rows = list[dict[str, Any]]


@dataclass
class Collator:
    """Pads inputs and labels apart, as the examples' collators do."""

    processor: Any
    input_name: str
    start_token: int | None = None  # Whisper's, which the model puts in front of the labels by itself

    def __call__(self, rows: Rows) -> dict[str, torch.Tensor]:
        inputs = [{self.input_name: row[self.input_name]} for row in rows]
        batch = self.processor.feature_extractor.pad(inputs, padding=True, return_tensors="pt")
        labels = self.processor.tokenizer.pad([{"input_ids": row["labels"]} for row in rows], return_tensors="pt")
        ids = labels["input_ids"].masked_fill(labels["attention_mask"].ne(1), -100)
        if self.start_token is not None and bool((ids[:, 0] == self.start_token).all()):
            ids = ids[:, 1:]
        batch["labels"] = ids
        return dict(batch)


class _Pause(TrainerCallback):
    def __init__(self, turn: Turn) -> None:
        self.turn = turn

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        control.should_training_stop = self.turn.step_done() or control.should_training_stop


class Usual:
    """One model and its trainer.

    Args:
        folder: Model and processor.
        learns: Names of the weights that learn.
        freeze: Whether to call the model's own freezing of what listens.
        quiet: No dropout and no masks, for comparing losses.
        batches: Numbers of the clips of each batch, in order; else the trainer's own random ones.
        arguments: More of TrainingArguments.
    """

    def __init__(
        self,
        folder: Path,
        clips: Clips,
        learns: set[str],
        *,
        freeze: bool,
        seq2seq: bool,
        work: Path,
        quiet: bool = False,
        batches: Sequence[Sequence[int]] | None = None,
        most_tokens: int | None = None,
        **arguments: Any,
    ) -> None:
        auto: Any = AutoModelForSpeechSeq2Seq if seq2seq else AutoModelForCTC
        self.model = auto.from_pretrained(folder, dtype=torch.float32)
        self.processor = AutoProcessor.from_pretrained(folder)
        self.seq2seq = seq2seq
        if quiet:
            silence(self.model)
        if freeze:
            (self.model.freeze_encoder if seq2seq else self.model.freeze_feature_encoder)()
        for name, weight in self.model.named_parameters():
            weight.requires_grad_(name in learns)
        name = self.processor.feature_extractor.model_input_names[0]
        rows = [self._row(sound, text, name) for sound, text in zip(clips.sounds, clips.texts, strict=True)]
        common = {
            "output_dir": str(work),
            "per_device_train_batch_size": 4,
            "save_strategy": "no",
            "report_to": "none",
            "disable_tqdm": True,
            "remove_unused_columns": False,
            "dataloader_pin_memory": False,
            **arguments,
        }
        if seq2seq:
            kinds: tuple[Any, Any] = (Seq2SeqTrainer, Seq2SeqTrainingArguments)
            common |= {"predict_with_generate": True, "generation_max_length": most_tokens}
        else:
            kinds = (Trainer, TrainingArguments)
        trainer_class, arguments_class = kinds
        start = self.model.config.decoder_start_token_id if seq2seq else None
        self.trainer = (_dealt(trainer_class, batches) if batches else trainer_class)(
            model=self.model,
            args=arguments_class(**common),
            train_dataset=[rows[i] for i in clips.train],
            eval_dataset=[rows[i] for i in clips.further],
            data_collator=Collator(self.processor, name, start),
            compute_metrics=self._wer,
            preprocess_logits_for_metrics=None if seq2seq else lambda logits, labels: logits.argmax(-1),
        )
        self.trainer.remove_callback(PrinterCallback)

    def _row(self, sound: np.ndarray, text: str, name: str) -> dict[str, Any]:
        features = self.processor.feature_extractor(sound, sampling_rate=SAMPLE_RATE)
        return {name: features[name][0], "labels": self.processor.tokenizer(text).input_ids}

    def _wer(self, prediction: Any) -> dict[str, float]:
        tokenizer = self.processor.tokenizer
        labels = np.where(prediction.label_ids == -100, tokenizer.pad_token_id, prediction.label_ids)
        ids = np.where(prediction.predictions == -100, tokenizer.pad_token_id, prediction.predictions)
        if self.seq2seq:
            heard = tokenizer.batch_decode(ids, skip_special_tokens=True)
            said = tokenizer.batch_decode(labels, skip_special_tokens=True)
        else:
            heard = tokenizer.batch_decode(ids)
            said = tokenizer.batch_decode(labels, group_tokens=False)
        self.heard = [" ".join(text.split()) for text in heard]
        return {"wer": jiwer.wer([" ".join(text.split()) for text in said], self.heard)}

    def evaluate(self) -> None:
        """Write down the further clips; their texts are in `heard`."""
        self.trainer.evaluate()


def silence(model: Any) -> None:
    """Nothing random in training: no dropout, no masks."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
        for name in ("dropout", "activation_dropout", "attention_dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    model.config.apply_spec_augment = False


def _dealt(trainer: Any, batches: Sequence[Sequence[int]]) -> Any:
    """The trainer with batches that were dealt before."""

    class Dealt(trainer):
        def get_train_dataloader(self) -> Any:
            return torch.utils.data.DataLoader(
                self.train_dataset, batch_sampler=list(batches), collate_fn=self.data_collator
            )

    return Dealt


def run(
    turn: Turn, folder: Path, clips: Clips, learns: set[str], freeze: bool, seq2seq: bool, most_tokens: int, work: Path
) -> None:
    """A process of the usual way, see `turns`."""
    usual = Usual(
        folder,
        clips,
        learns,
        freeze=freeze,
        seq2seq=seq2seq,
        most_tokens=most_tokens,
        work=work,
        max_steps=100_000,
        learning_rate=1e-5,
    )
    usual.trainer.add_callback(_Pause(turn))
    turn.handlers["evaluate"] = usual.evaluate
    turn.wait()
    usual.trainer.train()
    turn.wait()
