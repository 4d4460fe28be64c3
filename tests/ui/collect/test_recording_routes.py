"""What the recorder's requests may do, and what they may not."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI

from tests.services.clips.test_prompts import take
from workbench.services.workbench import Workbench
from workbench.ui.collect import recording_routes as recordings
from workbench.ui.collect.recording_routes import add_recording_routes


@pytest.fixture
def client(bench: Workbench) -> Iterator[Any]:
    from starlette.testclient import TestClient

    bench.collecting.create_set("s", "en")
    app = FastAPI()
    add_recording_routes(app, bench)
    with TestClient(app) as opened:
        yield opened


def send(client: Any, body: bytes, about: dict[str, Any], *, media_type: str = "audio/wav") -> Any:
    headers = {"Content-Type": media_type, "X-Take": quote(json.dumps(about))}
    return client.post("/takes", content=body, headers=headers)


def test_a_take_becomes_a_clip_of_its_set_with_its_prompt(client: Any, bench: Workbench) -> None:
    about = {"set": "s", "text": "ᎣᏏᏲ <b>&", "speaker": " ada ", "confirmed": True, "replaces": None}
    answer = send(client, take(), about)
    assert answer.status_code == 200
    (clip,) = bench.labelling.clips("s")
    assert answer.json() == {"id": clip.id, "name": clip.name, "duration": clip.duration, "remark": ""}
    assert (clip.text, clip.status, clip.speaker) == ("ᎣᏏᏲ <b>&", "confirmed", "ada")
    assert list(bench.workspace.temporary.rglob("*.wav")) == []


def test_what_cannot_be_kept_is_said_in_one_sentence(client: Any, bench: Workbench) -> None:
    answer = send(client, take(0.15), {"set": "s"})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("That was too short")
    assert answer.json()["error"].endswith("press again.")
    assert "There is no clip set called 'nobody'" in send(client, take(), {"set": "nobody"}).json()["error"]
    assert [info.name for info in bench.collecting.sets()] == ["s"]


def test_a_take_for_which_there_is_no_room_is_to_be_sent_again(
    client: Any, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("workbench.services.clips.ingest.write_flac", full)
        answer = send(client, take(), {"set": "s"})
    assert answer.status_code == 507
    assert answer.json()["error"].startswith("The recording was not saved, because the disk is full; make at least")
    assert send(client, take(), {"set": "s"}).status_code == 200


def test_other_sites_cannot_send_takes_from_a_visitors_browser(client: Any, bench: Workbench) -> None:
    """A type that browsers send to other sites without asking first is refused."""
    for simple in ("text/plain", "multipart/form-data", "application/x-www-form-urlencoded"):
        assert send(client, take(), {"set": "s"}, media_type=simple).status_code == 415
    assert client.options("/takes").status_code == 405  # nobody is told that they may
    assert bench.labelling.clips("s") == []


def test_a_body_without_end_is_not_read(client: Any, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "LARGEST_TAKE", 1_000)
    answer = send(client, take(), {"set": "s"})
    assert answer.status_code == 413
    assert bench.labelling.clips("s") == []


@pytest.mark.parametrize("about", ["", "no json", "[]", "%7B%22set%22%3A%5B%5D%7D"])
def test_nonsense_about_a_take_is_refused(client: Any, about: str) -> None:
    answer = client.post("/takes", content=take(), headers={"Content-Type": "audio/wav", "X-Take": about})
    assert answer.status_code in (400, 422)
    assert "Traceback" not in answer.text


def test_prompts_come_with_what_was_read(client: Any) -> None:
    asked = {"set": "s", "lines": "metoprolol\nedema", "in_sentences": True, "per_term": 2, "speaker": "ada"}
    found = client.post("/prompts", json=asked).json()
    assert len(found["prompts"]) == 4
    send(client, take(), {"set": "s", "text": found["prompts"][0]["text"], "speaker": "ada"})
    assert [p["read"] for p in client.post("/prompts", json=asked).json()["prompts"]] == [True, False, False, False]
    assert client.post("/prompts", json={"set": "s", "lines": ""}).status_code == 422
    assert client.post("/prompts", json=[]).status_code == 400


def test_the_unexpected_shows_no_trace(client: Any, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(bench.prompting, "prompts", burst)
    answer = client.post("/prompts", json={"set": "s", "lines": "x"})
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_take_that_sounds_like_another_prompt_is_told_and_held_back(
    client: Any, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench.prompting, "_hear", lambda set_name, clip_id: "open valve two before you leaf the hall")
    prompts = ["Start the pump and wait for the green light", "open valve two before you leave the hall"]
    clip_id = send(client, take(), {"set": "s", "text": prompts[0], "confirmed": True}).json()["id"]
    asked = {"set": "s", "clip": clip_id, "prompts": [*prompts, 7, None], "author": " ada "}
    answer = client.post("/prompts/check", json=asked)
    assert answer.status_code == 200
    assert prompts[1] in answer.json()["remark"]
    clip = bench.labelling.clip(clip_id)
    assert (clip.text, clip.status) == (prompts[0], "drafted")
    assert bench.labelling.history(clip_id)[-1].author == "ada"
    assert client.post("/prompts/check", json=asked).json() == {"remark": ""}, "a draft is held back already"


def test_what_cannot_be_checked_is_one_sentence(client: Any) -> None:
    for asked in ({"set": "s", "clip": 99, "prompts": ["one"]}, {"set": "s", "clip": "x", "prompts": "y"}):
        answer = client.post("/prompts/check", json=asked)
        assert answer.status_code == 422
        assert answer.json()["error"]
    assert client.post("/prompts/check", content=b"[]", headers={"Content-Type": "text/plain"}).status_code == 415
