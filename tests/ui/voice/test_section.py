"""What is spoken or uploaded to try models: who hears it, what comes back of it, and what becomes of it."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr
import pytest
from fastapi import FastAPI

from tests.services.clips.test_prompts import take
from tests.services.finished import finished_run, waiting_run
from tests.services.inprocess import import_tones
from tests.ui.conftest import HOSTILE
from workbench.audio.decode import decode_file, write_flac
from workbench.errors import DataError
from workbench.services.inference.try_out import KEPT, Piece, Try
from workbench.services.jobs.startup import LAUNCHED
from workbench.services.workbench import Workbench
from workbench.ui import text as page_text
from workbench.ui.compare.timeline import tried_timeline
from workbench.ui.voice import voice_routes
from workbench.ui.voice.section import Voice
from workbench.ui.voice.voice_routes import add_voice_routes

TIMES = {"spans": [[0.0, 0.1], [0.1, 0.2]], "why": ""}


class Models:
    """Answers as the process beside the page does; what models hear is tested in `test_drafting` and the browser."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.behind: list[bool] = []

    def ask(self, request: dict[str, Any], *, behind: bool = False) -> dict[str, Any]:
        self.asked.append(request)
        self.behind.append(behind)
        if request["do"] == "try":
            write_flac(Path(request["sound"]), decode_file(request["upload"]).samples)
            return {
                "texts": ["clothes valve", "close valve"][: len(request["models"])],
                "duration": 0.6,
                "warnings": ["very quiet"],
            }
        if request["do"] == "place":
            return {"times": TIMES}
        adapted = request.get("model", {}).get("adapted")
        return {"text": "close valve" if adapted else "clothes valve", "seconds": 0.5}


@pytest.fixture
def models(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Models:
    answering = Models()
    monkeypatch.setattr(bench.models, "ask", answering.ask)
    return answering


@pytest.fixture
def run(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run whose model can be asked for."""
    import_tones(bench, tmp_path / "tones", range(12), "tones")
    return done(bench, monkeypatch)


def done(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> str:
    name = finished_run(bench, monkeypatch, "tones", folds=2)
    folder = bench.workspace.run_folder(name)
    (folder / LAUNCHED).unlink()  # as its worker would
    (folder / "model" / "run.json").write_text("{}")
    return name


@pytest.fixture
def client(bench: Workbench) -> Iterator[Any]:
    from starlette.testclient import TestClient

    app = FastAPI()
    add_voice_routes(app, bench)
    with TestClient(app) as opened:
        yield opened


def send(client: Any, path: str, body: bytes, about: dict[str, Any], media_type: str = "audio/wav") -> Any:
    return client.post(path, content=body, headers={"Content-Type": media_type, "X-Take": quote(json.dumps(about))})


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


# ---- who hears ----


def test_a_run_is_heard_beside_its_base_and_a_set_without_one_by_its_base_alone(
    bench: Workbench, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = bench.listening.listeners("tones")
    assert [(one.role, one.name) for one in who.models] == [("base", "ctc-en"), ("adapted", run)]
    assert bench.listening.listeners("tones", "").models[0].name == bench.base_models.of_set("tones").name
    assert len(bench.listening.listeners("tones", "").models) == 1
    newer = done(bench, monkeypatch)
    assert bench.listening.listeners("tones").run == newer
    assert bench.listening.listeners("tones", run).run == run
    waiting = waiting_run(bench, monkeypatch, "tones", folds=2)
    assert bench.listening.listeners("tones", waiting).run == newer, "it has no model yet"
    assert waiting not in dict(bench.listening.listeners("tones").runs)
    (alone,) = bench.listening.listeners("no such set").models
    assert alone.role == "base"


def test_models_are_named_before_they_are_loaded(client: Any, run: str, models: Models) -> None:
    named, ready = lines(client.post("/voice/models", json={"set": "tones", "run": None}))
    assert named == {
        "models": [{"role": "base", "name": "ctc-en"}, {"role": "adapted", "name": run}],
        "run": run,
        "runs": [{"id": run, "title": ""}],
        "atWork": "",
    }
    assert ready == {"ready": True}
    assert [request["do"] for request in models.asked] == ["load"]


# ---- pieces ----


def test_a_piece_is_heard_by_the_adapted_model_first_and_lies_on_no_disk(
    client: Any, bench: Workbench, run: str, models: Models
) -> None:
    before = sorted(bench.workspace.temporary.rglob("*"))
    answer = send(client, "/voice/pieces", take(1.0), {"set": "tones", "run": run})
    adapted, base, both = lines(answer)
    assert (adapted["role"], adapted["text"], base["role"], base["text"]) == (
        "adapted",
        "close valve",
        "base",
        "clothes valve",
    )
    assert [word["kind"] for word in both["sides"]["base"]["words"]] == ["unlike", ""]
    assert [word["text"] for word in both["sides"]["adapted"]["words"]] == ["close", "valve"]
    assert sorted(bench.workspace.temporary.rglob("*")) == before
    assert models.behind == [False, True], "a piece that nobody has heard goes before the second text of this one"


def test_what_goes_wrong_while_models_hear_is_the_last_line(
    client: Any, bench: Workbench, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("a stack trace")

    monkeypatch.setattr(bench.models, "ask", lost)
    (last,) = lines(send(client, "/voice/pieces", take(1.0), {"set": "tones"}))
    assert last == {"error": page_text.UNEXPECTED}


def test_what_is_no_piece_is_refused_in_one_sentence(
    client: Any, run: str, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(client, "/voice/pieces", b"no sound", {"set": "tones"}).status_code == 422
    assert send(client, "/voice/pieces", take(16.0), {"set": "tones"}).status_code == 422
    assert send(client, "/voice/pieces", take(), {"set": "tones"}, "text/plain").status_code == 415
    assert client.post("/voice/pieces", content=take(), headers={"Content-Type": "audio/wav"}).status_code == 400
    monkeypatch.setattr(voice_routes, "LARGEST_PIECE", 1_000)
    assert send(client, "/voice/pieces", take(), {"set": "tones"}).status_code == 413
    assert models.asked == []


# ---- a sound as a whole ----


def spoken(set_name: str = "tones", **more: Any) -> dict[str, Any]:
    pieces = [
        {"from": 0.0, "to": 0.3, "texts": ["clothes valve", "close valve"]},
        {"from": 0.4, "to": 0.6, "texts": ["", "three"]},
    ]
    return {"set": set_name, "run": None, "pieces": pieces, "wav": base64.b64encode(take(0.8)).decode(), **more}


def test_what_was_spoken_joins_the_set_once_with_the_adapted_models_draft(
    client: Any, bench: Workbench, run: str, models: Models
) -> None:
    token = client.post("/voice/sounds", json=spoken()).json()["token"]
    assert bench.trying.find(token).texts == ("clothes valve", "close valve three")
    assert len(bench.labelling.clips("tones")) == 12, "not unless asked"
    told = client.post("/voice/added", json={"token": token, "set": "tones"}).json()["told"]
    assert told == "Added to the set tones as a clip with the text as a draft to check."
    clip = bench.labelling.clips("tones")[-1]
    assert (clip.text, clip.status) == ("close valve three", "drafted")
    assert "already" in client.post("/voice/added", json={"token": token, "set": "tones"}).json()["told"]
    bench.trying.sound(token).unlink()
    answer = client.post("/voice/added", json={"token": token, "set": "tones"})
    assert answer.status_code == 422
    assert "forgotten" in answer.json()["error"]


def test_a_file_is_heard_and_its_errors_are_marked_once_it_is_known_what_was_said(
    client: Any, bench: Workbench, run: str, models: Models
) -> None:
    about = {"set": "tones", "run": run, "name": f"../../{HOSTILE}.wav"}
    answer = send(client, "/voice/files", take(0.6), about, "application/octet-stream")
    heard = answer.json()
    assert heard["texts"] == {"base": "clothes valve", "adapted": "close valve"}
    assert heard["warnings"] == ["Very quiet."]
    assert list(bench.workspace.temporary.rglob("*.upload")) == []
    said = client.post("/voice/said", json={"token": heard["token"], "said": " close  valve "}).json()["sides"]
    assert said["base"]["words"][0] == {"text": "clothes", "kind": "wrong", "said": "close"}
    assert said["base"]["score"] == "50.0 % WER"
    assert [word["kind"] for word in said["adapted"]["words"]] == ["", ""]
    assert client.post("/voice/said", json={"token": heard["token"], "said": ""}).json() == {"sides": {}}
    client.post("/voice/said", json={"token": heard["token"], "said": "close valve"})
    told = client.post("/voice/added", json={"token": heard["token"], "set": "tones"}).json()
    assert told == {"told": "Added to the set tones as a clip with its label."}
    clip = bench.labelling.clips("tones")[-1]
    assert (clip.text, clip.status) == ("close valve", "confirmed")


@pytest.mark.parametrize(
    "wrong",
    [
        {"wav": "§"},
        {"wav": ""},
        {"pieces": []},
        {"pieces": [1]},
        {"pieces": [{"from": 1, "to": 0, "texts": ["a", "b"]}]},
    ],
)
def test_a_sound_that_makes_no_sense_is_refused(client: Any, run: str, models: Models, wrong: dict[str, Any]) -> None:
    answer = client.post("/voice/sounds", json=spoken(**wrong))
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")


def test_only_the_newest_sounds_are_kept(client: Any, bench: Workbench, run: str, models: Models) -> None:
    tokens = [client.post("/voice/sounds", json=spoken()).json()["token"] for _ in range(KEPT + 1)]
    assert len(list(bench.workspace.temporary.rglob("*.flac"))) == KEPT
    assert client.post("/voice/said", json={"token": tokens[0], "said": "x"}).status_code == 422


def test_a_sound_is_drawn_over_time_when_that_is_asked(client: Any, bench: Workbench, run: str, models: Models) -> None:
    token = client.post("/voice/sounds", json=spoken()).json()["token"]
    assert [request["do"] for request in models.asked] == [], "nothing is placed in time before that"
    section = Voice(bench)
    drawn, value = section.over_time(gr.EventData(None, {"token": token, "turn": 2}), "tones", run)
    assert value == {"set": "tones", "run": run, "placed": token, "turn": 2, "problem": ""}
    assert [lane["role"] for lane in drawn["lanes"]] == ["base", "adapted"]
    asked = [(r["model"]["adapted"], r["pieces"]) for r in models.asked]
    assert asked == [
        (False, [(0.0, 0.3, "clothes valve"), (0.4, 0.6, "")]),
        (True, [(0.0, 0.3, "close valve"), (0.4, 0.6, "three")]),
    ]
    gone, value = section.over_time(gr.EventData(None, {"token": "nobody's", "turn": 3}), "tones", run)
    assert gone == {}
    assert "forgotten" in value["problem"]


def test_what_was_said_has_its_times_from_the_base_where_the_adapted_model_hears_too_little_at_once(
    client: Any, bench: Workbench, run: str, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = client.post("/voice/sounds", json=spoken()).json()["token"]
    client.post("/voice/said", json={"token": token, "said": "close valve"})
    assert bench.trying.place(token).placed_by == run
    client.post("/voice/said", json={"token": token, "said": "close valve three"})
    short = {"spans": [], "why": "Longer than the 10 s that this model hears at once."}
    monkeypatch.setattr(
        bench.models, "ask", lambda request, **_: {"times": short if request["model"]["adapted"] else TIMES}
    )
    placed = bench.trying.place(token)
    assert placed.placed_by == "ctc-en"
    assert placed.said_times is not None
    assert placed.said_times.spans


def test_what_is_typed_while_models_place_words_is_kept(
    client: Any, bench: Workbench, run: str, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = client.post("/voice/sounds", json=spoken()).json()["token"]
    bench.trying.say(token, "close valve")

    def typed_meanwhile(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        bench.trying.say(token, "close valve three")
        return {"times": TIMES}

    monkeypatch.setattr(bench.models, "ask", typed_meanwhile)
    placed = bench.trying.place(token)
    assert (placed.said, placed.said_times) == ("close valve three", None), "those were of other words"
    assert placed.times
    assert bench.trying.find(token) == placed


def test_a_sound_that_was_dropped_while_models_place_its_words_stays_dropped(
    client: Any, bench: Workbench, run: str, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = client.post("/voice/sounds", json=spoken()).json()["token"]
    newer = [client.post("/voice/sounds", json=spoken()).json()["token"] for _ in range(KEPT - 1)]

    def pushed_out(request: dict[str, Any], **_: Any) -> dict[str, Any]:
        bench.trying.keep(take(0.8), "a", bench.listening.listeners("tones"), bench.trying.find(newer[0]).pieces)
        return {"times": TIMES}

    monkeypatch.setattr(bench.models, "ask", pushed_out)
    with pytest.raises(DataError, match="forgotten"):
        bench.trying.place(token)
    bench.trying.sound(newer[1])  # its place was not taken by one without a sound


def test_a_tried_sound_shows_plain_texts_until_it_is_known_what_was_said(bench: Workbench, run: str) -> None:
    from workbench.core.word_times import WordTimes

    times = WordTimes(((0.0, 0.5), (0.5, 1.0)))
    who = bench.listening.listeners("tones")
    pieces = (Piece(0.0, 1.0, ("clothes valve", "close valve")),)
    tried = Try("t", "a.wav", 1.0, who.models, "marks", pieces, (times, WordTimes()))
    names = [("Base", "b"), ("Adapted", "run-1")]
    plain = tried_timeline(tried, names, "marks")
    assert [[w["kind"] for w in lane["words"]] for lane in plain["lanes"]] == [["said", "said"]] * 2
    assert [w["from"] for w in plain["lanes"][1]["words"]] == [None, None]
    said = Try("t", "a.wav", 1.0, who.models, "marks", pieces, (times, WordTimes()), "close valve", times)
    marked = tried_timeline(said, names, "marks")
    assert [w["kind"] for w in marked["lanes"][1]["words"]] == ["wrong", "right"]
    assert marked["lanes"][0]["title"] == page_text.LANE_SAID
