"""What a Whisper file may lack: the tokenizer that its vocabulary's size tells, and which tokens are no speech.

OpenAI's program never lets a model write brackets, notes and the like that stand for no spoken word; the rule is that
of `whisper/tokenizer.py`, `non_speech_tokens`. Other engines keep the list with the model, OpenAI's own files do not.
"""

from pathlib import Path
from typing import Any

from workbench.asr.catalog.kept_models import kept_folders
from workbench.asr.catalog.model_folder import CONFIG, LARGE, SMALL
from workbench.files import FileProblem, read_object
from workbench.language.said import say

TOKENIZER = "tokenizer.json"
OWNERS = {51_864: "whisper-tiny.en", 51_865: "whisper-base"}  # models to fetch, by the size of their vocabulary
NOTES = "♩♪♫♬♭♮♯"
SINGLE = '"#()*+/:;<=>@[\\]^_`{|}~「」『』'
SEVERAL = "<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪"
SIGNS = (*SINGLE, *SEVERAL.split(), *NOTES)
HYPHENS = (" -", " '")  # within words they may stand, at their beginning not
MARKS = ("translate", "transcribe", "startoftranscript", "startoflm", "startofprev", "nospeech", "nocaptions")


def tokenizer_for(n_tokens: int, whose: Path, beside: Path | None = None) -> Path:
    """The tokenizer.json of a Whisper model with a vocabulary of this size.

    Args:
        whose: The model's file or folder, for the message.
        beside: Where its own may be.

    Raises:
        FileProblem: There is none on this machine.
    """
    if beside is not None and beside.is_file():
        return beside
    for folder in kept_folders():
        config = read_object(folder / CONFIG, most=SMALL)
        same = config.get("model_type") == "whisper" and config.get("vocab_size") == n_tokens and n_tokens in OWNERS
        if same and (folder / TOKENIZER).is_file():
            return folder / TOKENIZER
    owner = OWNERS.get(n_tokens)
    if owner:
        remedy = say("run `workbench fetch {model}`, which has the same one, and then this again", model=owner)
    else:
        remedy = say("put its {file} beside it", file=TOKENIZER)
    raise FileProblem(whose, say("comes without its tokenizer"), remedy)


def no_speech_tokens(file: Path) -> tuple[list[int], list[int]]:
    """Ids that are never written, and ids that no text begins with, by OpenAI's rule.

    Raises:
        FileProblem: No tokenizer.
    """
    tokenizer = _read(file)

    def ids(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    never = {ids(text)[0] for text in HYPHENS if ids(text)}
    for sign in SIGNS:
        for found in (ids(sign), ids(f" {sign}")):
            if found and (len(found) == 1 or sign in NOTES):
                never.add(found[0])
    marks = (tokenizer.token_to_id(f"<|{mark}|>") for mark in MARKS)
    first = [*ids(" "), tokenizer.token_to_id("<|endoftext|>")]
    return sorted(never | {mark for mark in marks if mark is not None}), [i for i in first if i is not None]


def _read(file: Path) -> Any:
    from tokenizers import Tokenizer

    from workbench.asr.catalog.outline import is_failure

    read_object(file, most=LARGE)
    try:
        return Tokenizer.from_file(str(file))
    except BaseException as e:
        if not is_failure(e):
            raise
        raise FileProblem(file, say("is no tokenizer ({why})", why=str(e)[:100])) from e
