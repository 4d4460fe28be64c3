"""Every English string of the model fields."""

from typing import Final

from workbench.language.forms import Forms
from workbench.language.pages import speak

CHOOSE: Final = "Base model"
GROUPS: Final = {
    "runs": "Adapted here",
    "here": "On this machine",
    "fetchable": "One click away",
    "hub": "From the hub, downloaded at first use",
    "demo": "Demo models, trained on synthetic voices",
}
HUB_OFF: Final = "From the hub, which is switched off ({name})"
ANOTHER: Final = "another one of the hub …"
IN_USE: Final = "in use"
TO_GET: Final = "{size} to get"

AMONG_MANY: Final = "{n} languages, {code} among them"
KNOWS: Final = {
    "made for it": "{codes}",
    "among many": AMONG_MANY,
    "not it, but many": "{n} languages; not {code}, which it can learn",
    "not it": "{codes}, not {code}",
}

STANDING: Final = "On this set {wer} of the words wrong (WER){interval}: on {clips}, by the “{normalizer}” text rules."
OWN_TOO: Final = "Apart: {labels} that began as its own draft, {wer} wrong; that flatters it."
OWN_ONLY: Final = (
    "On this set {wer} of the words wrong (WER){interval}, by the “{normalizer}” text rules: on {labels} that all "
    "began as its own draft, which flatters it."
)
INTERVAL: Final = ", 95 % interval {low} to {high}"
UNHEARD: Final = "How well it hears this set is not known yet."
NO_LABELS: Final = "Once labels are confirmed, it can be told how well it hears this set."
HEAR: Final = "Let it hear {clips}"
HEAR_MORE: Final = "Let it hear {clips} more"
HEAR_TIME: Final = " ({time})"
A_CONFIRMED_CLIP: Final = Forms("confirmed clip")

GET: Final = "Get {model} ({size}, {licence})"
GET_AGAIN: Final = "Try again: get {model} ({size}, {licence})"
STOPPING: Final = "Stopping"
BYTES: Final = "{done:.0f} of {total:.0f} MB"
MEGABYTES: Final = "{n:,.0f} MB"
ADVICE_DEMO: Final = (
    "Only demo models are on this machine. They were trained on synthetic voices and get most words of real people "
    "wrong; a real recogniser is one click away."
)
ADVICE_LANGUAGE: Final = (
    "No recogniser that is here knows {language}. One that knows many languages has the best chance to learn it."
)
THIS_LANGUAGE: Final = "this set's language"

WORDS: Final = {
    "all": "Compare all models",
    "use": "Use it",
    "useLong": "Use {model}",
    "stop": "Stop",
    "stopLong": "Stop getting {model}",
    "rest": "Stop listening",
    "inUse": IN_USE,
    "id": "Id of a model in the hub (OWNER/NAME)",
    "idUse": "Use this id",
    "another": ANOTHER,
    "progress": "How much of {model} is here",
    "hearing": "How much of the set the model has heard",
}

speak(__name__)
