"""Every English string of what a comparison ends with."""

from typing import Final

from workbench.language.forms import Forms
from workbench.language.pages import speak

# By form, as the table of `services.exports.take` names them: what it is called, and what is in it.
EXPORTS: Final = {
    "transformers": (
        "A folder for transformers, as a ZIP",
        "Weights, settings, model card and figures; any program that uses transformers loads it. It holds no "
        "sounds and no words of your labels.",
    ),
}
GET: Final = "Pack it"
PACKED: Final = "{size}; {proof}."
PROVEN: Final = "{clips} transcribed by plain transformers, word for word as here"
UNPROVEN: Final = "no clip was there to try it on"
A_CLIP: Final = Forms("clip")
DOWNLOAD: Final = "Download {run}-{form}.zip"
GONE_TOMORROW: Final = "It is kept here for a day; it can be packed again at any time."
BYTES: Final = "{done:.0f} of {total:.0f} MB"
SIZE: Final = "{n:,.1f} MB"
STOPPING: Final = "Stopping"
COMMAND: Final = "workbench export {run} --out FOLDER"
PUSH_COMMAND: Final = "workbench push {run}"
WORDS: Final = {
    "go": "What comes next with {run}",
    "voice": "Try it by voice",
    "take": "Take the model",
    "report": "Send the report",
    "reportHint": "The report is one file that opens without a network. It holds voices and labels of tested clips: "
    "send it only to those who may hear them. History lets you choose the clips.",
    "stop": "Stop",
    "stopLong": "Stop: {what}",
    "progress": "{what}: progress",
    "push": "Push it to a model hub",
    "pushHint": "With its card and without sounds or labels. The login is the hub's own and is never typed here: "
    "`.venv/bin/hf auth login` in a terminal, or HF_TOKEN where the workbench is started.",
    "name": "Name there, OWNER/NAME",
    "nameHint": "empty: your account, and a name made of model and run",
    "public": "Public: everybody may see it",
    "doPush": "Push, private",
    "doPushPublic": "Push, for everybody",
    "texts": "What was heard, as texts",
    "command": "The same in a terminal",
}

speak(__name__)
