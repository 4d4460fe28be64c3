"""Every English string of a set's overview; what is missing of the set says the service."""

from typing import Final

from workbench.language.forms import Forms
from workbench.language.pages import speak

OVERVIEW: Final = "Overview"
LOADING: Final = "Looking at the clips …"
EMPTY: Final = "No clips yet, so there is nothing to look at."
NOTHING_MISSING: Final = "Nothing is missing, as far as it can be counted."
MISSING_MOST: Final = "Missing most: {sentence}"

FIGURES: Final = {
    "clips": "clips",
    "minutes": "minutes",
    "confirmed": "confirmed",
    "drafted": "drafts to check",
    "unlabelled": "to do",
    "train": "learned from (train)",
    "dev": "steer (dev)",
    "test": "judge (test)",
    "in_no_part": "in no part yet",
    "in_folds": "judge in turns (folds)",
    "speakers": "known speakers",
    "speaker_unknown": "by unknown speakers",
    "words": "words",
    "characters": "characters",
    "different_words": "different ones",
    "words_once": "written once",
    "without_text": "without a text",
    "with_digits": "texts with digits",
    "with_warnings": "with a warning about the sound",
}

WORDS: Final = {
    "loading": LOADING,
    "missing": "What is missing",
    "figures": "Figures",
    "show": "Show these clips",
    "duration": "Length",
    "durationHint": "clips by seconds",
    "level": "Level and length",
    "levelHint": "Each point is a clip: seconds to the right, dBFS of its loud parts upwards.",
    "levelKeys": (
        "Click a point to go to its clip; draw a box with the mouse to list those in it. With the keyboard: ← and →, "
        "then Enter."
    ),
    "levelTap": "Tap a point to go to its clip.",
    "levelTitle": "Level over length; {n} clips as points",
    "levelWaiting": "The level of {n} more clips is being measured …",
    "levelLacking": "The level of {n} clips is not known: their sound cannot be read.",
    "quiet": "very quiet",
    "pace": "Pace",
    "paceHint": "clips by characters a second; far from the others is often a wrong text",
    "error": "Errors of the model by clip",
    "errorHint": {
        "wer": "confirmed clips by words wrong (%), as {model} heard them",
        "cer": "confirmed clips by characters wrong (%), as {model} heard them",
    },
    "errorMind": "Labels that began as its own drafts make it look better.",
    "speakers": "Minutes by speaker",
    "unknown": "not known",
    "moreSpeakers": "and {n} more, {minutes} min together",
    "minutes": "{n} min",
    "vocabulary": "Words",
    "frequent": "Most frequent",
    "once": "Written once ({n}), the longest first",
    "terms": "Your words (word list)",
    "bar": "{n}: {low} to {high} {unit}",
    "barOpen": "{n}: {low} {unit} and more",
    "units": {"duration": "s", "pace": "characters a second", "error": "%"},
    "clips": {"one": "{n} clip", "other": "{n} clips"},
    "point": "{name}: {seconds} s, {level} dBFS",
    "ofWord": "{word}, {n} times: show the clips",
    "never": "never said",
}

A_CLIP: Final = Forms("clip")
ONLY: Final = "Only {n}: {which}"
NO_SUCH: Final = "No clip is like that any more."
WHICH: Final = {
    "duration": "{low} to {high} s long",
    "level": "{low} to {high} dBFS loud",
    "pace": "{low} to {high} characters a second",
    "error": "{low} to {high} % wrong",
}
WHICH_OPEN: Final = {
    "duration": "{low} s or longer",
    "level": "{low} dBFS or louder",
    "pace": "{low} characters a second or more",
    "error": "{low} % wrong or more",
}
OF_SPEAKER: Final = "spoken by {name}"
OF_UNKNOWN: Final = "by unknown speakers"
WITH_WORD: Final = "with “{word}”"

speak(__name__)
