"""Two copies of a run hear more than one, keep the same weights and write one log."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from recipes.pretrain.copies import STEPS_APART, Copies

RUN = """
import sys, torch
from pathlib import Path
from recipes.pretrain.recipe import begun
from recipes.pretrain.texts import Corpus
from recipes.pretrain.train import Plan, train

folder = Path(sys.argv[1])
plan = Plan(speech=folder / "speech", out=folder / "run", minutes=3 / 60, round_s=5.0, batch_s=4.0)
torch.manual_seed(int(__import__("os").environ["RANK"]))
trainer = train(plan, begun("ctc-en", None, Corpus(), plan.out))
torch.save((trainer.learner.module.state_dict(), trainer.progress.step), folder / f"end-{trainer.copies.rank}.pt")
"""


def test_alone_nothing_is_averaged() -> None:
    alone = Copies.met()
    assert alone == Copies(0, 1)
    assert all(alone.due(step) for step in range(1, STEPS_APART))
    assert alone.sum(2.0) == alone.longest(2.0) == 2.0


def test_several_copies_meet_every_few_steps() -> None:
    assert [step for step in range(1, 2 * STEPS_APART + 1) if Copies(1, 2).due(step)] == [STEPS_APART, 2 * STEPS_APART]


@pytest.mark.slow
def test_two_copies_end_at_the_same_step_with_the_same_weights(spoken: Callable[..., Path], tmp_path: Path) -> None:
    spoken("speech/1")
    (tmp_path / "run.py").write_text(RUN, encoding="utf-8")
    started = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    subprocess.run([*started, str(tmp_path / "run.py"), str(tmp_path)], check=True, timeout=900)
    (one, steps), (other, other_steps) = (torch.load(tmp_path / f"end-{rank}.pt") for rank in range(2))
    assert steps == other_steps
    assert steps % STEPS_APART == 0
    assert all(torch.equal(weights, other[name]) for name, weights in one.items())
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert sum("folders" in line for line in log) == 1
    assert log[-1]["heard_s"] > 0
