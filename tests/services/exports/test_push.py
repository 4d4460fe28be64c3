"""Pushing to a hub account, held against a hub on this machine: private, by one commit, and no token anywhere."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.services.exports.hub_stand_in import TOKEN, Repo, StandIn, serving
from workbench.cli import main
from workbench.errors import DataError, WorkbenchError
from workbench.services.exports import push, pushing
from workbench.services.exports.hub import COMMITTING, HubAccount, may_be_there
from workbench.services.exports.push import Wish, check_push, find_target, push_run
from workbench.services.jobs.background import JobView
from workbench.services.jobs.steps import Step, Watch
from workbench.services.jobs.stop import StopRequested
from workbench.services.workbench import Workbench
from workbench.store.models import RunRow

PATIENCE_S = 120
# The hub's library calls its HTTP client by a name that is going.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    with serving() as found:
        monkeypatch.setenv("HF_ENDPOINT", found.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HUGGING_FACE_HUB_TOKEN"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no login"))
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # between its tries
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder, as far as a hub is concerned."""
    path = tmp_path / "model"
    path.mkdir()
    (path / "README.md").write_text("---\nlanguage: en\n---\n# A model\n")
    (path / "config.json").write_text("{}")
    (path / "model.safetensors").write_bytes(bytes(range(256)) * 4000)
    return path


@pytest.fixture
def ours(trained: tuple[Workbench, str]) -> Iterator[tuple[Workbench, str]]:
    bench, run = trained
    bench.collecting.set_licence("tones", "CC0-1.0")
    yield bench, run
    bench.collecting.set_licence("tones", "")


def refused(act: Callable[[], Any]) -> str:
    """The one sentence, or two, that is said; no token in it."""
    with pytest.raises(WorkbenchError) as caught:
        act()
    said = str(caught.value)
    assert "\n" not in said
    assert "hf_" not in said
    return said


def put(folder: Path, repo: str = "ada/words", *, public: bool = False, watch: Watch | None = None) -> str:
    account = HubAccount("run-1")
    account.make(repo, public=public, again=True)
    return account.upload(repo, folder, "a message", watch or Watch())


def test_it_is_private_unless_asked_and_appears_by_one_commit(hub: StandIn, folder: Path) -> None:
    put(folder)
    put(folder, "ada/open", public=True)
    assert [repo.private for repo in hub.repos.values()] == [True, False]
    sent = {path.name: path.read_bytes() for path in folder.iterdir()}
    for repo in hub.repos.values():
        assert {name: repo.files[name] for name in sent} == sent
        assert repo.commits == ["a message"]


def test_bytes_are_counted_to_the_end_and_never_beyond(hub: StandIn, folder: Path) -> None:
    steps: list[Step] = []
    put(folder, watch=Watch(steps.append))
    total = sum(path.stat().st_size for path in folder.iterdir())
    assert {step.total for step in steps} == {total}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == total


def test_stop_within_a_file_leaves_nothing_to_be_seen(hub: StandIn, folder: Path) -> None:
    steps: list[Step] = []
    with pytest.raises(StopRequested):
        put(folder, watch=Watch(steps.append, lambda: len(steps) >= 2))
    assert set(hub.repos["ada/words"].files) == {".gitattributes"}
    put(folder)
    assert len(hub.repos["ada/words"].commits) == 1


def test_a_connection_that_breaks_off_leaves_nothing_and_goes_on_later(hub: StandIn, folder: Path) -> None:
    hub.refuse["/lfs/"] = 0
    assert "connection broke off" in refused(lambda: put(folder))
    assert hub.repos["ada/words"].commits == []
    hub.refuse.clear()
    put(folder)
    assert hub.repos["ada/words"].files["model.safetensors"] == (folder / "model.safetensors").read_bytes()


def test_a_stop_while_the_commit_is_on_its_way_does_not_hide_it(hub: StandIn, folder: Path) -> None:
    """It is asked for as soon as that step is told."""
    steps: list[Step] = []
    watch = Watch(steps.append, lambda: bool(steps) and steps[-1].message.startswith(COMMITTING))
    assert put(folder, watch=watch).startswith(hub.url)
    assert steps[-1].message == f"{COMMITTING}{hub.url}/ada/words"
    assert len(hub.repos["ada/words"].commits) == 1


def test_a_commit_that_is_not_answered_may_be_there(hub: StandIn, folder: Path) -> None:
    hub.refuse["/api/models/ada/words/commit"] = 0
    for stopped in (False, True):
        steps: list[Step] = []
        watch = Watch(
            steps.append, lambda now=stopped, told=steps: now and bool(told) and told[-1].message.startswith(COMMITTING)
        )
        said = refused(partial(put, folder, watch=watch))
        assert said == may_be_there(f"{hub.url}/ada/words")


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), 9)", "sys.stdin.read(); os._exit(1)"])
def test_a_process_that_is_killed_during_the_commit_may_have_put_it_there(
    ending: str, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the system, and by the user's stop; before that step nothing is there."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(push, "PROCESS", "ending")
    url = "https://hub/ada/words"
    for message, kind in ((f"{COMMITTING}{url}", WorkbenchError), ("Sending", (StopRequested, RuntimeError))):
        line = json.dumps({"step": {"message": message}})
        (tmp_path / "ending.py").write_text(f"import os, sys\nprint({line!r}, flush=True)\n{ending}\n")
        steps: list[Step] = []
        with pytest.raises(kind) as caught:
            push.push_beside(bench.workspace, Wish("run-1"), Watch(steps.append, lambda told=steps: bool(told)))
        assert str(caught.value) == may_be_there(url) or kind is not WorkbenchError


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/api/whoami-v2", 401, "does not know the login.*hf auth login"),
        ("/api/whoami-v2", 503, "answered 503"),
        ("/api/repos/create", 403, "may not write to ada/words.*--to"),
        ("/api/repos/create", 409, "name ada/words is taken"),
        ("/api/models/ada/words/commit", 500, "answered 500"),
        ("/api/models/ada/words/preupload", 403, "may not write"),
    ],
)
def test_each_refusal_is_a_sentence_without_the_token(
    path: str, status: int, words: str, hub: StandIn, folder: Path
) -> None:
    hub.refuse[path] = status
    said = refused(lambda: (HubAccount("run-1").name(), put(folder)))
    assert re.search(words, said)


def test_another_accounts_name_and_a_login_for_reading_only(
    hub: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "may not write to bob/words" in refused(lambda: put(folder, "bob/words"))
    monkeypatch.setenv("HF_TOKEN", "hf_readOnly")
    assert "may not write to ada/words" in refused(lambda: put(folder))
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "does not know the login" in refused(lambda: HubAccount("run-1").name())


def test_nobody_logged_in_and_no_network(hub: StandIn, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached" in refused(lambda: HubAccount("run-1").name())
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "switched off (HF_HUB_OFFLINE)" in refused(lambda: HubAccount("run-1"))
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("HF_TOKEN")
    said = refused(lambda: HubAccount("run-1"))
    assert "Nobody is logged in" in said
    assert "hf auth login" in said
    assert "HF_TOKEN" in said
    assert hub.asked == []


def test_what_is_there_is_not_written_over_by_a_slip(hub: StandIn, folder: Path) -> None:
    hub.repos["ada/open"] = Repo(private=False)
    hub.repos["ada/full"] = Repo(private=True, files={"model.safetensors": b"another"})
    account = HubAccount("run-1")
    assert "is there and public" in refused(lambda: account.make("ada/open", public=False, again=True))
    assert "is there and private" in refused(lambda: account.make("ada/full", public=True, again=True))
    assert "holds a model already" in refused(lambda: account.make("ada/full", public=False, again=False))
    account.make("ada/full", public=False, again=True)
    assert hub.created == []


# A whole run


def test_a_run_of_a_copy_is_held_to_what_is_known_of_the_set(
    ours: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is turned over to each copy, as one that had learned from it."""
    bench, run = ours

    def said_of_a_copy(name: str, *, public: bool) -> str:
        with bench.store.session() as session:
            own = session.scalars(select(RunRow)).one().set_id
            session.scalars(select(RunRow)).one().set_id = bench.shelf.copy("tones", name).id
        try:
            return bench.pushing.hindrance(run, public=public)
        finally:
            with bench.store.session() as session:
                session.scalars(select(RunRow)).one().set_id = own
            bench.collecting.erase(set_id=bench.collecting.set_info(name).id)

    assert said_of_a_copy("free", public=True) == ""
    bench.collecting.set_licence("tones", "All rights reserved")
    assert "may not be passed on" in said_of_a_copy("kept back", public=False)
    bench.collecting.set_licence("tones", "")
    assert "nothing says under which licence" in said_of_a_copy("unknown", public=True)


@pytest.mark.slow
def test_a_run_is_pushed_with_its_card_and_without_words_of_its_labels(
    hub: StandIn, ours: tuple[Workbench, str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """In its own process, from the command line; a second time it needs to be told so."""
    bench, run = ours
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SystemExit, match="0"):
        main(["--workspace", str(bench.workspace.root), "push", run, "--yes", "--json"])
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    assert (document["repo"], document["public"]) == (f"ada/tiny-{run}", False)
    assert document["url"] == f"{hub.url}/ada/tiny-{run}"
    repo = hub.repos[document["repo"]]
    assert repo.private
    assert len(repo.commits) == 1
    card = repo.files["README.md"].decode()
    front = card.split("---\n")[1]
    for line in ("language: en", "library_name: transformers", "base_model: tiny", "- speech-workbench", "type: wer"):
        assert line in front
    assert re.search(r"low: -?\d", front)
    assert "Licence of the clips that it learned from: CC0-1.0." in card
    figures = json.loads(repo.files["metrics.json"])
    assert not {"terms", "missed_words", "confusions", "notes", "general"} & set(figures)
    texts = b" ".join(repo.files[name] for name in ("README.md", "metrics.json"))
    assert not [word for word in (b"kiwi", b"lemon", b"tones") if word in texts]
    assert "model.safetensors" in repo.files
    said = printed.out + printed.err + caplog.text
    assert TOKEN not in said
    for path in bench.workspace.root.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    assert list(bench.workspace.temporary.glob("push-*")) == []
    assert "holds a model already" in refused(lambda: push_run(bench.workspace, bench.store, Wish(run), Watch()))
    push_run(bench.workspace, bench.store, Wish(run, to=document["repo"]), Watch())
    assert len(repo.commits) == 2


def test_the_page_follows_a_push_and_stops_it(
    hub: StandIn, ours: tuple[Workbench, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench, run = ours

    def pushed(workspace: Any, wish: Wish, watch: Watch) -> dict[str, Any]:
        """In this process, as far as the hub; the rest is another test's."""
        watch.bytes("Sending", 1, 2)
        while wish.to.endswith("slow"):
            watch.check()
            time.sleep(0.01)
        if wish.to.endswith("broken"):
            raise OSError(TOKEN)
        return {"url": f"{hub.url}/ada/x"}

    def ended() -> JobView:
        deadline = time.monotonic() + PATIENCE_S
        while (view := bench.pushing.view(run)) is None or view.active:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return view

    monkeypatch.setattr(pushing, "push_beside", pushed)
    assert bench.pushing.view(run) is None
    assert bench.pushing.hindrance(run) == ""
    bench.pushing.start(run)
    assert (ended().url, ended().failed) == (f"{hub.url}/ada/x", False)
    bench.pushing.start(run, "ada/slow")
    bench.pushing.stop(run)
    assert (ended().failed, ended().message) == (True, pushing.STOPPED)
    bench.pushing.start(run, "ada/broken")
    assert (ended().failed, ended().message) == (True, pushing.FAILED)
    with pytest.raises(DataError, match="names no repository"):
        bench.pushing.start(run, "no repository")


@pytest.mark.parametrize(
    ("licence", "private", "public"),
    [
        ("CC0-1.0", "", ""),
        ("CC-BY-SA-4.0", "", ""),
        ("own recordings, everybody agreed", "", ""),
        ("Inc. magazine's, free", "", ""),
        ("", "", "nothing says under which licence"),
        ("CC-BY-NC-4.0", "", "no commercial use"),
        ("for research use only", "", "no commercial use"),
        ("CC BY-NC-ND 4.0", "", "allows nothing that is made of them"),
        ("All rights reserved", "may not be passed on", "may not be passed on"),
        ("no redistribution", "may not be passed on", "may not be passed on"),
        ("confidential: patients", "may not be passed on", "may not be passed on"),
    ],
)
def test_the_licence_of_the_clips_decides(
    licence: str, private: str, public: str, trained: tuple[Workbench, str], hub: StandIn
) -> None:
    bench, run = trained
    bench.collecting.set_licence("tones", licence)
    for words, wish in ((private, Wish(run)), (public, Wish(run, public=True))):
        said = bench.pushing.hindrance(run, public=wish.public)
        assert bool(said) == bool(words)
        assert words in said
        if words:
            assert "workbench licence" in said
            assert refused(partial(find_target, bench.workspace, bench.store, wish)) == said
    bench.collecting.set_licence("tones", "")


def test_an_unchanged_base_and_one_that_allows_no_derivatives_are_not_pushed(ours: tuple[Workbench, str]) -> None:
    bench, run = ours
    with bench.store.session() as session:
        row = session.scalars(select(RunRow)).one()
        model, result = row.model, row.result
        row.model = {**model, "licence": "CC-BY-ND-4.0"}
    assert "base model comes under 'CC-BY-ND-4.0'" in bench.pushing.hindrance(run, public=True)
    assert bench.pushing.hindrance(run) == ""
    with bench.store.session() as session:
        row = session.scalars(select(RunRow)).one()
        row.model, row.result = model, {**result, "base_delivered": True}
    assert "unchanged base model" in refused(lambda: check_push(bench.workspace, bench.store, Wish(run)))
    with bench.store.session() as session:
        session.scalars(select(RunRow)).one().result = result


def test_what_imports_say_of_their_clips_is_kept_and_one_that_says_nothing_counts(
    bench: Workbench, make_wav: Callable[..., Path]
) -> None:
    from workbench.services.storage.licences import licences_of

    def known() -> list[str]:
        with bench.store.session() as session:
            return licences_of(bench.workspace, session, bench.collecting.set_info("s").id)

    bench.collecting.import_samples("general", "s")
    assert known() == ["CC0-1.0"]
    bench.collecting.import_samples("general", "s")
    assert known() == ["CC0-1.0"]
    bench.collecting.import_path(make_wav("mine/a.wav").parent, "s")
    assert known() == ["CC0-1.0", ""]
    bench.collecting.set_licence("s", "CC-BY-4.0")
    bench.collecting.import_path(make_wav("more/b.wav", seed=3).parent, "s")
    assert known() == ["CC-BY-4.0"]
    bench.collecting.set_licence("s", "")
    assert known() == ["CC0-1.0", ""]
    bench.collecting.erase(set_id=bench.collecting.set_info("s").id)
    bench.collecting.create_set("s")
    assert known() == []
