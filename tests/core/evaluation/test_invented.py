"""What a model made up where nobody speaks; figures as whisper-tiny.en and whisper-base gave them for real sounds."""

import pytest

from workbench.core.evaluation.invented import is_invented
from workbench.core.types import Heard

NOISES = (  # text, silence, mean log probability, seconds
    ("I'm going to go to the next one.", 0.877, -1.67, 5.0),  # a helicopter
    ("you", 0.948, -0.38, 2.0),  # digital silence
    ("1.5 km", 0.558, -2.07, 5.0),  # a helicopter, whisper-base
    ("you", 0.906, -0.98, 0.5),  # a room's echo of a bang
    ("AHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH", 0.601, -0.69, 5.0),  # a chainsaw, whisper-base
)
SPEECH = (
    ("It's", 0.502, -1.76, 0.3),  # "eight"
    ("Bye.", 0.670, -0.90, 0.4),  # "five"
    ("Zesegiusa hugenda vuiru kokola kwa guri", 0.570, -0.97, 8.0),  # Ganda, which whisper-base does not know
    ("D", 0.490, -0.86, 1.0),
    ("give see, ah give a nod", 0.050, -1.65, 2.4),  # Cherokee
    ("I'd like a double shot ice moco with a b", 0.261, -0.12, 7.6),
)


@pytest.mark.parametrize(("text", "silence", "likely", "seconds"), NOISES)
def test_noise_has_no_text(text: str, silence: float, likely: float, seconds: float) -> None:
    assert is_invented(Heard(text, (), silence, likely), seconds)


@pytest.mark.parametrize(("text", "silence", "likely", "seconds"), SPEECH)
def test_speech_keeps_its_text(text: str, silence: float, likely: float, seconds: float) -> None:
    assert not is_invented(Heard(text, (), silence, likely), seconds)


def test_a_model_that_cannot_say_so_is_believed() -> None:
    assert not is_invented(Heard("you"), 2.0)
    assert not is_invented(Heard("na " * 30), 2.0)
    assert not is_invented(Heard("", (), 0.99, -3.0), 2.0)
