"""Every English sentence of the report; words that it shares with the page come from `text`."""

from typing import Final

from workbench.language.pages import speak
from workbench.ui import text

TITLE: Final = "Report on {run}"
MADE: Final = "Made {when} with Speech Workbench {version}. It opens without network and without scripts."
SECTIONS: Final = {
    "verdict": "Verdict",
    "figures": "Errors",
    "terms": "Your words (terms)",
    "forgetting": text.FORGETTING,
    "clips": "Clips to hear",
    "card": "Run card",
    "settings": "Settings",
    "all": "All tested clips",
    "how": "How it was measured",
}
COLUMNS: Final = {
    "model": "Model",
    "wer": "Word errors (WER)",
    "cer": "Letter errors (CER)",
    "wrong": "Wrong (substitutions)",
    "missing": "Missing (deletions)",
    "extra": "Extra (insertions)",
    "raw": "WER as written (raw)",
    "term": "Term",
    "alarms": "Written where not said (false alarms)",
    "train": "In training",
    "clip": "Clip",
    "speaker": "Speaker",
    "said": "Said (reference)",
    "change": "Change",
}
FIGURES: Final = (
    "{words} words in {clips}; {fixed} clips improved, {broken} got worse. Compared with the “{normalizer}” "
    "normalizer; the last column with case and punctuation as written."
)
TERMS: Final = (
    "Heard right, of how often it was said, with the 95 % interval (Wilson) of that share. All together: {base} "
    "before, {adapted} after."
)
SILENT: Final = "In no tested clip: {terms}."
RULE: Final = (
    "Chosen by rule: four clips that lost most word errors, three that gained most, three of the others with most "
    "left; free places go on in this order, last to clips heard right."
)
CHOSEN: Final = "Chosen by hand."
GROUPS: Final = {
    "improved": "Improved",
    "broken": "Got worse",
    "wrong": "Still wrong",
    "right": "Heard right by both",
    "chosen": "Chosen",
}
CARD: Final = {
    "run": "Run",
    "set": text.SET,
    "model": text.BASE_MODEL,
    "licence": "Licence of the base",
    "print": "Base's fingerprint",
    "strategy": text.STRATEGY,
    "weights": "Weights that learned",
    "clips": "Clips",
    "split": "How they were divided (split)",
    "labels": "Labels as the run saw them",
    "seed": "Seed",
    "normalizer": "Text normalizer for scores",
    "took": "Took",
    "when": "Started",
    "versions": "Versions",
    "note": "Note",
    "command": text.COMMAND,
}
CLIPS: Final = "{train} learn (train), {dev} steer (dev), {test} judge (test)"
FOLDS: Final = "{test} in {folds} folds, each judged by a model that had not heard it"
LABELS: Final = "{n} labels, the newest of {when} (UTC); fingerprint of their revisions {print}"
WEIGHTS: Final = "{learn} of {all}"
HOW: Final = (
    "Base and adapted heard the same clips, with the same normalizer and the same decoding settings. No tested clip "
    "trained the model that was tested on it, chose its best state or ended its training.",
    "WER is the number of wrong, missing and extra words per word that was said; CER the same for characters.",
    "The interval is of the change in WER, by a paired bootstrap over {over} (95 %; at each end the farther one of the "
    "studentised and of the percentile interval widened for few clips). Better or worse means that all of it lies on "
    "one side of zero, and that at least {least} of them have another number of errors than before.",
)
NORMALIZERS: Final = {
    "english": "“english” is Whisper's normalizer: case, punctuation, number words and spellings do not count.",
    "marks": "“marks”: case and punctuation do not count, accents and other marks do.",
    "none": "“none”: everything counts as it is written.",
}
SHORTENED: Final = "The {n} clips that changed most; {left} more were tested."
REVISION: Final = "label revision {n}"
NO_SOUND: Final = "The sound was deleted since."
TOOK: Final = "{total}: listening once {prefix}, learning {training}, testing {evaluation}"
YES: Final = "yes"
NO: Final = "no"

speak(__name__)
