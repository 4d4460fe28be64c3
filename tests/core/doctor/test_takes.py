"""A take is another prompt's only where that fits clearly better; the words of the list never count."""

import pytest

from workbench.core.doctor.takes import nearer_prompt

PROMPTS = (
    "Start metoprolol this evening and check her pulse.",
    "Start zolpidem this evening and check her pulse.",
    "She stopped taking the tablets because they made her tired.",
    "edema",
)
WORDS = ("metoprolol", "zolpidem", "edema", "atrial fibrillation")


@pytest.mark.parametrize(
    ("heard", "own", "found"),
    [
        ("start metal roll this evening and check her pulse", 0, None),
        ("she stopped taking the tablet because they made her tired", 0, 2),
        ("start met a pro loll this evening and check her pulls", 2, 0),
        ("", 0, None),
        ("the weather is fine and nobody was to read that at all", 0, None),
        ("she stopped taking", 3, None),
    ],
    ids=["misheard", "another", "another, misheard", "nothing", "neither", "a short one"],
)
def test_the_prompt_that_fits_clearly_better(heard: str, own: int, found: int | None) -> None:
    nearest = nearer_prompt(heard, PROMPTS[own], PROMPTS, WORDS)
    assert nearest == (None if found is None else PROMPTS[found])


def test_prompts_that_differ_in_words_of_the_list_are_one() -> None:
    heard = "start zolpidem this evening and check her pulse"
    assert nearer_prompt(heard, PROMPTS[0], PROMPTS, WORDS) is None
    assert nearer_prompt("give zolpidem", "give met", ["give met", "give zolpidem"], ()) is None  # too short to tell


def test_a_word_of_the_list_that_was_heard_counts_for_nobody() -> None:
    prompts = ("atrial fibrillation was seen on the strip", "the strip was lost on the way to us")
    assert nearer_prompt("atrial fibrillation was seen on this strip", prompts[0], prompts, WORDS) is None
    assert nearer_prompt("atrial fibrillation the strip was lost on the way", prompts[0], prompts, WORDS) == prompts[1]
