"""Tells what a model made up where nobody speaks ("Thanks for watching!") from what it heard.

Whisper gives a probability to nobody speaking, and its texts for noise are unlikely ones besides. OpenAI's rule (more
than 0.6, and a mean log probability below -1) takes both as limits; one limit for the two together tells more apart.
Measured on noise (machines, rooms, hum, hiss, silence) and on real speech, whisper-tiny.en and whisper-base: of 164
noises 64 pass OpenAI's rule and 13 this one; of 462 clips of speech OpenAI's takes one and this none. A lower limit
finds up to 160 of them, but takes clips of Ganda and Maltese, whose texts are unlikely too, for noise. A single word of
less than a second is nearly as doubtful as noise, so that more is asked there.
"""

from workbench.core.text.normalize import repetition
from workbench.core.types import Heard, Seconds

UNLIKELY = 0.25  # of silence's probability, that each unit of a text's mean log probability is worth
ENOUGH = 0.85
SHORT: Seconds = 1.5
ENOUGH_IF_SHORT = 0.95
ENOUGH_IN_CIRCLES = 0.42  # probability of silence, where the text goes round in circles as decoders do without a voice


def is_invented(said: Heard, duration: Seconds) -> bool:
    """Whether nobody seems to speak in a sound for which a model wrote something.

    Args:
        duration: Of the sound.
    """
    if said.silence is None or not said.text:
        return False
    if said.silence > ENOUGH_IN_CIRCLES and repetition(said.text) is not None:
        return True
    doubt = said.silence - UNLIKELY * (said.log_probability or 0.0)
    return doubt > (ENOUGH_IF_SHORT if duration < SHORT else ENOUGH)
