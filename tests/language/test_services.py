"""What services say in the background, and of a workspace, is still a sentence when a page asks for it."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from workbench.core.word_times import WordTimes
from workbench.errors import WorkbenchError
from workbench.language.said import Said, english, listing, say
from workbench.services.jobs.background import Background
from workbench.services.jobs.steps import Step, Watch
from workbench.services.storage.word_times import add_times, read_times
from workbench.services.workbench import Workbench

SAID = say("There is no clip {clip} in {name}.", clip=7, name=say("the ward"))
GERMAN = "In die Station gibt es keinen Clip 7."


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with closing(Workbench.open(tmp_path / "workspace")) as opened:
        yield opened


def test_work_in_the_background_ends_with_the_sentence_of_its_error(in_german: None) -> None:
    told = threading.Event()

    def work(watch: Watch) -> tuple[str, str]:
        watch.tell(Step(SAID))
        told.wait(5)
        raise WorkbenchError(SAID)

    going: Background[str] = Background(stopped=lambda key: "", failed=lambda key: "")
    going.start("a", work)
    while (view := going.view("a")) is None or view.message != SAID:
        time.sleep(0.01)
    assert str(view.message) == GERMAN
    told.set()
    while (view := going.view("a")) is None or view.active:
        time.sleep(0.01)
    assert view.failed
    assert str(view.message) == GERMAN


def test_notices_lose_the_folder_and_stay_sentences(bench: Workbench) -> None:
    copy = bench.workspace.backups / "a.db"
    kept = say("The database as it was before is kept in {copy}.", copy=copy)
    bench.upkeep._notices += [kept, listing([kept, "plain"], " "), f"{copy} is plain"]
    single, listed, plain = bench.upkeep.notices
    assert isinstance(single, Said)
    assert english(single) == "The database as it was before is kept in backups/a.db."
    assert english(listed) == f"{english(single)} plain"
    assert plain == "backups/a.db is plain"


def test_why_words_have_no_times_is_kept_in_the_file_of_times(tmp_path: Path, in_german: None) -> None:
    add_times(tmp_path, {1: {"reference": WordTimes(why=SAID), "base": WordTimes(((0.0, 1.0),))}})
    found = read_times(tmp_path)[1]
    assert str(found["reference"].why) == GERMAN
    assert found["base"].why == ""
