"""Drafts through the process beside the page: told by the store, stopped, broken off, gone on with.

A process that answers by itself is enough for all that needs no model; what a model hears in the end is read from the
bundled one, in a server's process that is shown to have loaded no torch.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.services.inprocess import execute, import_tones, prepare
from workbench.core.types import ModelSpec
from workbench.errors import ModelError, WorkbenchError
from workbench.services.inference import drafting
from workbench.services.inference.draft_progress import DraftView
from workbench.services.inference.process import CLOSING, ENDED, ProcessEndedError
from workbench.services.workbench import Workbench
from workbench.store.models import ClipRow, ClipSetRow, DraftingRow, HypothesisRow

ROOT = Path(__file__).resolve().parents[3]
N_CLIPS = 6
PATIENCE_S = 30


class Answering:
    """A model process that hears its own way, one clip at a time where it is told to wait."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[int], bool]] = []
        self.languages: list[str | None] = []
        self.let, self.error, self.closed = threading.Semaphore(0), None, threading.Event()
        self.error: Exception | None

    def ask(self, request: dict[str, Any], *, behind: bool = False) -> dict[str, Any]:
        assert request["do"] == "hear"
        self.asked.append((request["clips"], behind))
        self.languages.append(request["language"])
        while behind and not self.let.acquire(timeout=0.05):
            if self.closed.is_set():
                raise WorkbenchError(CLOSING)
        if self.error:
            raise self.error
        heard = {str(i): [f"text {i}", [0.5, 0.9]] for i in request["clips"]}
        # So slow that it is asked for clip after clip; it does not say what it heard.
        return {"heard": heard, "sounds": {}, "broken": [], "seconds": 100.0}

    def close(self) -> None:
        self.closed.set()

    def asked_for(self) -> list[int]:
        return [i for clips, behind in self.asked if behind for i in clips]


def opened(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Workbench, Answering]:
    bench, process = Workbench.open(root), Answering()
    monkeypatch.setattr(bench.drafting, "_process", process)
    return bench, process


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Workbench, Answering, list[int]]]:
    """A workbench with a set that nobody has labelled."""
    monkeypatch.setattr(drafting, "FIRST_SECONDS", 0.1)
    bench, process = opened(tmp_path / "workspace", monkeypatch)
    ids = import_tones(bench, tmp_path / "tones", range(N_CLIPS), "tones")
    with bench.store.session() as session:
        session.execute(update(ClipRow).values(reference_id=None))
    yield bench, process, ids
    bench.close()


def wait_for(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def let(bench: Workbench, process: Answering, n: int) -> None:
    """Let it hear so many clips more, and wait until the store says so."""
    done = bench.drafting.draft_view("tones").done + n
    for _ in range(n):
        process.let.release()
    wait_for(lambda: bench.drafting.draft_view("tones").done == done)


def ended(bench: Workbench) -> DraftView:
    wait_for(lambda: not bench.drafting.draft_view("tones").active)
    return bench.drafting.draft_view("tones")


def drafts(bench: Workbench) -> int:
    return sum(bool(c.text) for c in bench.labelling.clips("tones"))


def test_every_process_sees_how_far_it_is_and_any_may_stop_it(workshop: Any, monkeypatch: Any) -> None:
    bench, process, _ = workshop
    assert bench.drafting.draft_view("tones").message == ""
    bench.drafting.start_drafts("tones", "ctc-en")
    assert bench.drafting.draft_view("tones") == DraftView("tones", "ctc-en", 0, 6, None, True, "Getting ready")
    let(bench, process, 2)
    other, _ = opened(bench.workspace.root, monkeypatch)
    view = other.drafting.draft_view("tones")
    assert (view.done, view.total, view.active, view.message) == (2, 6, True, "Drafting")
    assert view.seconds_left is not None
    assert view == bench.drafting.draft_view("tones")
    assert drafts(other) == 2
    for either in (bench, other):
        with pytest.raises(WorkbenchError, match="The set tones is being drafted already"):
            either.drafting.start_drafts("tones", "ctc-en")
    other.drafting.stop_drafts("tones")
    process.let.release()
    assert ended(other).message == "Stopped after 3 of 6 clips; start again to go on."
    assert drafts(bench) == 3
    other.close()


def test_after_stop_it_goes_on(workshop: Any) -> None:
    bench, process, ids = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 2)
    bench.drafting.stop_drafts("tones")
    process.let.release()
    assert ended(bench).message == "Stopped after 3 of 6 clips; start again to go on."
    process.asked.clear()
    for _ in range(N_CLIPS):
        process.let.release()
    bench.drafting.start_drafts("tones", "ctc-en")
    assert ended(bench).message == "6 clips drafted by ctc-en."
    assert process.asked_for() == ids[3:], "the first three are there"


@pytest.mark.parametrize("orderly", [True, False])
def test_a_server_that_ended_is_told_and_gone_on_with(workshop: Any, monkeypatch: Any, orderly: bool) -> None:
    bench, process, ids = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 2)
    if orderly:
        bench.close()
    else:  # as a kill leaves it: the row says that it goes on, and nobody holds the lock
        bench.drafting.stop_drafts("tones")
        process.let.release()
        ended(bench)
        with bench.store.session() as session:
            session.execute(update(DraftingRow).values(state="working", message="Drafting", stop_requested=False))
        bench.close()
    after, process = opened(bench.workspace.root, monkeypatch)
    done = 2 if orderly else 3
    view = after.drafting.draft_view("tones")
    assert view.message == f"{done} of 6 clips drafted before the server ended; start again to go on."
    assert (view.active, view.seconds_left, view.model) == (False, None, "ctc-en")
    assert drafts(after) == done
    for _ in range(N_CLIPS):
        process.let.release()
    after.drafting.start_drafts("tones", "ctc-en")
    assert ended(after).message == "6 clips drafted by ctc-en."
    assert process.asked_for() == ids[done:]
    after.close()


@pytest.mark.parametrize("changed", ["model", "language"])
def test_another_model_or_language_begins_anew(workshop: Any, monkeypatch: Any, changed: str) -> None:
    bench, process, ids = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 2)
    bench.close()
    after, process = opened(bench.workspace.root, monkeypatch)
    if changed == "language":
        with after.store.session() as session:
            session.execute(update(ClipSetRow).values(language="en-GB"))
    for _ in range(N_CLIPS):
        process.let.release()
    after.drafting.start_drafts("tones", "whisper-en" if changed == "model" else "ctc-en")
    ended(after)
    assert process.asked_for() == ids
    after.close()


def test_a_process_that_dies_over_a_clip_ends_it_in_one_sentence(workshop: Any) -> None:
    bench, process, ids = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 2)
    process.error = ProcessEndedError(ENDED)
    process.let.release()
    view = ended(bench)
    assert view.message.startswith("After 2 of 6 clips the process that runs the models ended without a word")
    assert view.message.count(". ") == 0
    assert drafts(bench) == 2
    process.error = None
    for _ in range(N_CLIPS):
        process.let.release()
    bench.drafting.start_drafts("tones", "ctc-en")
    assert ended(bench).message == "6 clips drafted by ctc-en."
    assert process.asked_for()[-4:] == ids[2:]


def test_a_recording_need_not_wait_for_a_set(workshop: Any) -> None:
    bench, process, ids = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 1)
    assert bench.drafting.draft_now("tones", "ctc-en", ids[-2:]) == {i: f"text {i}" for i in ids[-2:]}
    assert bench.drafting.draft_view("tones").active
    assert [behind for _, behind in process.asked] == [True, True, False, False]
    assert set(process.languages) == {"en"}
    bench.drafting.stop_drafts("tones")
    process.let.release()
    ended(bench)


def test_the_faster_a_model_the_more_it_is_asked_for_at_once(workshop: Any, monkeypatch: Any) -> None:
    bench, process, ids = workshop
    ask = process.ask

    def fast(request: dict[str, Any], *, behind: bool) -> dict[str, Any]:
        return {**ask(request, behind=behind), "seconds": 0.01}

    monkeypatch.setattr(process, "ask", fast)
    for _ in range(N_CLIPS):
        process.let.release()
    bench.drafting.start_drafts("tones", "ctc-en")
    ended(bench)
    assert [clips for clips, _ in process.asked] == [ids[:1], ids[1:]]


def test_hearing_leaves_no_drafts(workshop: Any) -> None:
    bench, process, _ = workshop
    for _ in range(N_CLIPS):
        process.let.release()
    bench.drafting.start_hearing("tones", "ctc-en", bench.labelling.clips("tones"))
    assert ended(bench).message == "6 clips heard by ctc-en."
    assert drafts(bench) == 0
    with bench.store.session() as session:
        assert len(session.scalars(select(HypothesisRow.text)).all()) == N_CLIPS


@pytest.mark.parametrize("erased", [False, True])
def test_a_set_that_goes_takes_its_drafting_along(workshop: Any, erased: bool) -> None:
    bench, process, _ = workshop
    bench.drafting.start_drafts("tones", "ctc-en")
    let(bench, process, 1)
    set_id = bench.collecting.set_info("tones").id
    if erased:
        bench.collecting.erase(set_id=set_id)
    else:
        bench.collecting.delete_set("tones")
    process.let.release()
    wait_for(lambda: not bench.drafting._own)
    with bench.store.session() as session:
        assert session.scalars(select(DraftingRow)).all() == []
    assert len(process.asked) == 2
    if not erased:
        bench.collecting.undo_delete(set_id=set_id)
    assert bench.drafting.draft_view("tones").message == ""


def test_the_server_drafts_and_tries_out_without_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real services and the bundled model, as the page's handlers use them, and what was loaded on the way."""
    before = Workbench.open(tmp_path / "workspace")
    import_tones(before, tmp_path / "tones", range(12), "tones")
    execute(before, prepare(before, monkeypatch, before.catalog.find("ctc-en"), "tones", folds=0, general_set="none"))
    before.close()
    program = """
import json, sys, time
from pathlib import Path
from workbench.services.workbench import Workbench
from workbench.ui.launch import make_app

bench = Workbench.open(sys.argv[1])
make_app(bench)
audio = sorted(Path(sys.argv[2]).glob("audio/*"))[:4]
bench.collecting.add_files("clinic", [(path, path.name) for path in audio], language="en")
ids = [clip.id for clip in bench.labelling.clips("clinic")]
fresh = bench.drafting.draft_now("clinic", "ctc-en", ids[:1])
bench.drafting.start_drafts("clinic", "ctc-en")
while bench.drafting.draft_view("clinic").active:
    time.sleep(0.05)
said = bench.drafting.draft_view("clinic").message
pid = bench.models._process.pid
bench.drafting.start_hearing("clinic", "whisper-en", bench.labelling.clips("clinic"))
tried = bench.trying.hear(audio[0].read_bytes(), audio[0].name, bench.listening.listeners("tones"))
tried = bench.trying.place(bench.trying.say(tried.token, "what was said").token)
while bench.drafting.draft_view("clinic").active:
    time.sleep(0.05)
document = {
    "fresh": list(fresh.values()),
    "drafts": [clip.text for clip in bench.labelling.clips("clinic")],
    "said": [said, bench.drafting.draft_view("clinic").message],
    "tried": [tried.texts[0], bool(tried.times[0].spans), bool(tried.said_times.spans)],
    "one process": bench.models._process.pid == pid,
    "loaded": [m for m in ("torch", "torchaudio", "transformers") if m in sys.modules],
}
bench.close()
print(json.dumps(document))
"""
    arguments = [str(tmp_path / "workspace"), str(ROOT / "assets" / "clips" / "clinic")]
    out = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT, timeout=200
    )
    assert out.returncode == 0, out.stderr
    found = json.loads(out.stdout.splitlines()[-1])
    assert found["loaded"] == []
    assert found["said"] == ["4 clips drafted by ctc-en.", "4 clips heard by whisper-en."]
    assert all(found["drafts"])
    assert found["fresh"] == found["drafts"][:1]
    assert found["tried"] == [found["drafts"][0], True, True], "the run's base is the model that drafted"
    assert found["one process"]


def test_a_text_of_a_clip_that_is_trimmed_meanwhile_is_of_what_was_heard(
    workshop: tuple[Workbench, Answering, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, process, ids = workshop
    ask, clip = process.ask, bench.labelling.clip(ids[0])

    def slow(request: dict[str, Any], *, behind: bool = False) -> dict[str, Any]:
        answer = ask(request, behind=behind)
        bench.trimming.trim(clip.id, 0.1, clip.duration, author="ann")
        return {**answer, "sounds": {str(clip.id): clip.sha256}}

    monkeypatch.setattr(process, "ask", slow)
    bench.drafting.draft_now("tones", "ctc-en", [clip.id])
    assert bench.labelling.clip(clip.id).stale
    monkeypatch.setattr(process, "ask", ask)
    bench.drafting.draft_now("tones", "ctc-en", [clip.id])
    assert not bench.labelling.clip(clip.id).stale


def test_the_last_word_names_no_clip_that_was_erased_meanwhile(
    workshop: tuple[Workbench, Answering, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, process, ids = workshop
    names = [bench.labelling.clip(i).name for i in ids]
    ask = process.ask

    def damaged(request: dict[str, Any], *, behind: bool = False) -> dict[str, Any]:
        answer = ask(request, behind=behind)
        answer["broken"] = [int(i) for i in list(answer["heard"]) if int(i) in ids[:2]]
        for i in answer["broken"]:
            del answer["heard"][str(i)]
        return answer

    monkeypatch.setattr(process, "ask", damaged)
    bench.drafting.start_drafts("tones", "ctc-en")
    for _ in range(3):
        process.let.release()
    wait_for(lambda: bench.drafting.draft_view("tones").done >= 1)
    bench.collecting.erase(clip_ids=ids[:1])
    for _ in range(N_CLIPS):
        process.let.release()
    view = ended(bench)
    assert names[1] in view.message
    assert names[0] not in view.message


def test_a_model_of_the_hub_is_fetched_before_anybody_has_to_wait_for_it(
    workshop: tuple[Workbench, Answering, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, process, ids = workshop

    def unreachable(spec: ModelSpec) -> Path:
        raise ModelError(f"The model hub cannot be reached and {spec.location} is not on this machine yet.")

    monkeypatch.setattr("workbench.asr.catalog.fetch.fetch", unreachable)
    bench.drafting.start_drafts("tones", "ctc-en")
    assert "cannot be reached" in ended(bench).message
    with pytest.raises(ModelError, match="cannot be reached"):
        bench.drafting.draft_now("tones", "ctc-en", ids[:1])
    assert process.asked == []
