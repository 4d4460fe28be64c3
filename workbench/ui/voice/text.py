"""Every English string of "Try it by voice"."""

from typing import Final

from workbench.language.pages import speak
from workbench.ui.text import ADAPTED, BASE, NO_MICROPHONE, RECORDER_WORDS

OPEN: Final = "Try it by voice"
OPEN_SHORT: Final = "Try it"
TITLE: Final = "Try it by voice"
ADDED: Final = "Added to the set {name} as a clip {labelled}."
WITH_LABEL: Final = "with its label"
WITH_DRAFT: Final = "with the text as a draft to check"
KNOWN: Final = "This sound is in the set {name} already; nothing was added."
NO_SOUND_SENT: Final = "No sound came along; speak or choose a file again."
NOT_USABLE: Final = "What was sent of this sound cannot be used; speak again."
SPOKEN: Final = "spoken"

WORDS: Final = {
    **{name: RECORDER_WORDS[name] for name in ("level", "levels", "refused", "missing", "busy", "gone", "between")},
    "noAnswer": "The workbench does not answer; see whether it still runs, then try again.",
    "insecure": NO_MICROPHONE,
    "title": TITLE,
    "close": "Close (Esc)",
    "record": "Speak",
    "stop": "Stop",
    "opening": "One moment …",
    "left": "{n} s left",
    "who": "Who hears",
    "pair": "base and {run}",
    "alone": "base model alone",
    "titles": {"base": BASE, "adapted": ADAPTED},
    "getReady": "The models are being loaded …",
    "ready": "Ready. Press Speak and talk; each pause brings what was heard.",
    "listening": "Listening: each pause brings what was heard.",
    "hearing": "Writing down what was heard …",
    "behind": "The models need longer than you speak: {n} pieces wait.",
    "atWork": "{run} is at work on this machine, so the texts take longer and may have to wait.",
    "noSet": "There is no set yet, so the best base model at hand hears alone, and nothing can be added.",
    "noRun": "No finished run yet: the base model hears alone. Adapt it, and both stand here side by side.",
    "nobody": "Nothing was heard. Speak nearer to the microphone, then try again.",
    "log": "What was heard",
    "nothing": "nothing",
    "unlikeHint": "Underlined: where the two differ.",
    "play": "▶ Play",
    "pause": "❚❚ Pause",
    "overTime": "Show over time",
    "placing": "Finding out when each word was said …",
    "add": "Add to the set",
    "adding": "Adding …",
    "said": "What was said, to see the errors",
    "saidExample": "type it, then press Enter",
    "judging": "Marking the errors …",
    "judged": {"wrong": "instead of {said}", "missing": "missing", "extra": "extra"},
    "key": "struck: was said and not written · underlined: written and not said · pairs: said, then written",
    "upload": "Or choose a sound file",
    "dropped": "drop it here",
    "uploading": "{name} is being heard …",
    "uploaded": "{name}, {seconds} s.",
    "spoke": "You spoke {seconds} s.",
    "tooLarge": "{name} is too large; a sound to try may have {mb} MB and last 30 s.",
    "spokenName": SPOKEN,
}

speak(__name__)
