"""Sentences come back as sentences from documents of JSON, from other processes and from errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import AudioError, WorkbenchError
from workbench.language.documents import kept, read
from workbench.language.said import Said, count, english, say, sentence
from workbench.services.inference import server
from workbench.services.jobs.beside import work_beside

SAID = say("There is no clip {clip} in {name}.", clip=7, name=say("the ward"))
GERMAN = "In die Station gibt es keinen Clip 7."

BESIDE = """
from workbench.errors import WorkbenchError
from workbench.language.said import count, say
from workbench.services.jobs.beside import report

def work(tell, stopped):
    tell({"message": say("There is no clip {clip} in {name}.", clip=7, name=say("the ward")), "done": 1})
    if stopped():
        return {}
    raise WorkbenchError(count(1200, "{n:,} clip", "{n:,} clips"))

report(work)
"""


def test_a_sentence_comes_back_from_json_wherever_it_stands(in_german: None) -> None:
    document = {"message": SAID, "notes": (SAID, "plain"), "more": [{"n": 3, "none": None, "said": SAID}]}
    back = read(json.loads(json.dumps(kept(document))))
    assert back["message"] == SAID
    assert [str(back["message"]), str(back["notes"][0]), str(back["more"][0]["said"])] == [GERMAN] * 3
    assert back["notes"][1] == "plain"
    assert back["more"][0]["n"] == 3


def test_a_document_without_sentences_is_written_as_it_was() -> None:
    document = {"a": [1, 2.5, None, True, "There is no clip"], "b": {}}
    assert kept(document) == document
    assert read(document) == document


@pytest.mark.parametrize("damaged", ["\x02say", "\x02say{", '\x02say{"say": "{a}", "values": {}}', "\x02say[1]"])
def test_a_damaged_sentence_is_a_text(damaged: str) -> None:
    assert read({"message": damaged}) == {"message": damaged}


def test_json_for_programs_is_english(in_german: None) -> None:
    assert json.loads(json.dumps({"message": SAID})) == {"message": "There is no clip 7 in the ward."}


def test_an_error_gives_its_sentence(in_german: None) -> None:
    said = sentence(WorkbenchError(SAID))
    assert isinstance(said, Said)
    assert str(said) == GERMAN
    assert str(sentence(AudioError(SAID, "stop"))) == f"{GERMAN}; stop"
    assert sentence(ValueError("as it is")) == "as it is"


def test_steps_and_errors_come_as_sentences_from_a_process_beside(
    in_german: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "says_something.py").write_text(BESIDE, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    steps: list[str] = []
    with pytest.raises(WorkbenchError) as caught:
        work_beside("says_something", [], lambda step: steps.append(step["message"]), lambda: False)
    assert [english(step) for step in steps] == ["There is no clip 7 in the ward."]
    assert str(steps[0]) == GERMAN
    assert str(caught.value) == "1.200 Aufnahmen"


def test_errors_come_as_sentences_from_the_process_of_the_models(in_german: None) -> None:
    def handle(request: dict[str, object]) -> dict[str, object]:
        raise WorkbenchError(SAID)

    answer = read(json.loads(json.dumps(kept(server._answer(handle, {})))))
    assert str(answer["error"]) == GERMAN


def test_a_pickled_sentence_is_one_in_another_process(in_german: None) -> None:
    program = (
        "import pickle, sys\nfrom workbench.language.said import count\n"
        "sys.stdout.buffer.write(pickle.dumps(count(2, '{n:,} clip', '{n:,} clips')))"
    )
    import pickle

    out = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    back = pickle.loads(out)
    assert back == count(2, "{n:,} clip", "{n:,} clips")
    assert str(back) == "2 Aufnahmen"
