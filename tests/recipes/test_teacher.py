"""A teacher's letters lie under the pupil's frames, pull the pupil towards them, and leave no trace in its folder."""

from pathlib import Path

import numpy as np
import pytest
import torch

from recipes.pretrain.clips import Clip
from recipes.pretrain.ctc import TEACHER_UNTIL, Ctc
from recipes.pretrain.learner import padded
from recipes.pretrain.recipe import Order, learner_of
from recipes.pretrain.teacher import SLOT, Teacher, disagreement
from recipes.pretrain.texts import Corpus
from recipes.pretrain.whisper import LETTERS_FILE
from tests.conftest import speechlike


@pytest.fixture(scope="module")
def taught_by(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a whisper-en with random weights."""
    folder = tmp_path_factory.mktemp("teacher")
    learner = learner_of("whisper-en", None, Corpus())
    learner.save(learner.module, folder)
    return folder


def clips() -> list[Clip]:
    sounds = [(speechlike(seconds, seed=i) * 32767).astype(np.int16) for i, seconds in enumerate((0.8, 1.5))]
    return [Clip((sound,), label) for sound, label in zip(sounds, ("yes", "the red door"), strict=True)]


def test_a_teacher_names_a_letter_for_every_20_ms(taught_by: Path) -> None:
    teacher = Teacher(taught_by)
    sounds, _ = padded([clip.sound() for clip in clips()])
    scores = teacher.scores(teacher.frames(sounds))
    assert scores.shape[0] == 2
    assert scores.shape[1] * SLOT >= sounds.shape[1]
    assert torch.allclose(scores.exp().sum(-1), torch.ones(scores.shape[:2]), atol=1e-4)
    too_long = teacher.scores(teacher.frames(torch.zeros(1, 20 * 16_000)))
    assert too_long.shape[1] * SLOT == 15 * 16_000


def test_who_says_the_same_at_the_same_time_agrees() -> None:
    torch.manual_seed(0)
    taught = torch.randn(2, 12, 5).log_softmax(-1)
    n_frames, n_letters = torch.tensor([10, 6]), torch.tensor([4, 2])
    said = taught[:, 2:] * 1.0
    assert disagreement(said, taught, n_frames, n_letters, shift=2).item() == pytest.approx(0.0, abs=1e-6)
    assert disagreement(said, taught, n_frames, n_letters, shift=1).item() > 0.1
    said[1, 6:] = 0.0  # behind the end of the second clip
    assert disagreement(said, taught, n_frames, n_letters, shift=2).item() == pytest.approx(0.0, abs=1e-6)
    said[1, 5] = 100.0 * torch.eye(5)[0]
    assert disagreement(said, taught, n_frames, n_letters, shift=2).item() > 1.0


def test_a_pupil_comes_nearer_to_its_teacher_until_its_time_is_over(taught_by: Path) -> None:
    torch.manual_seed(0)
    pupil, alone = Ctc(None, teacher=taught_by), Ctc(None)
    alone.module = pupil.module.eval()
    sounds, n_samples = padded([clip.sound() for clip in clips()])
    targets = pupil.targets([clip.label for clip in clips()], np.random.default_rng(0))

    def taught(part: float) -> torch.Tensor:
        said = pupil.core(*pupil.given(sounds, n_samples, targets))
        return pupil.loss(said, n_samples, targets, part) - alone.loss(said, n_samples, targets, part)

    first = taught(0.0).item()
    assert first > 0
    assert 0 < taught(TEACHER_UNTIL / 2).item() < first
    assert taught(TEACHER_UNTIL).item() == pytest.approx(0.0, abs=1e-6)
    optimizer = torch.optim.AdamW(pupil.module.parameters(), lr=3e-4)
    for _ in range(8):
        optimizer.zero_grad()
        taught(0.0).backward()
        optimizer.step()
    assert taught(0.0).item() < 0.8 * first


def test_what_cannot_teach_is_refused_in_a_sentence(tmp_path: Path, taught_by: Path) -> None:
    with pytest.raises(ValueError, match=LETTERS_FILE):
        Teacher(tmp_path)
    with pytest.raises(ValueError, match="can teach ctc-en only"):
        Order(model="whisper-en", minutes=1, work=tmp_path, out=tmp_path, teacher=taught_by)
