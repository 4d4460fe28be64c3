"""A label that could not be saved stays in its field, is marked there, and is sent again by itself until it is kept."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.browser.conftest import settled, until, write_samples
from tests.small_disk import fill, small_disk
from workbench.disk import Reserve
from workbench.services.workbench import Workbench
from workbench.ui.launch import Server

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
NOT_SAVED = "The label was not saved, because the disk is full; make at least"


class Full:
    """A store whose disk is full while `on`, for appending a revision; `refused` are the texts it had no room for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from workbench.services.labels import revisions as labelling

        self.on, self.append, self.refused = True, labelling._append, list[str]()
        monkeypatch.setattr(labelling, "_append", self)

    def __call__(self, *args: Any) -> Any:
        if self.on:
            self.refused.append(args[2].text)
            raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))
        return self.append(*args)


def kept(page: Any, bench: Workbench, clip_id: int, text: str, status: str = "drafted") -> None:
    """Wait until the server has kept a text."""

    def is_kept() -> bool:
        clip = bench.labelling.clip(clip_id)
        return (clip.text, clip.status) == (text, status)

    until(page, is_kept)


def remembered(page: Any, *texts: str) -> None:
    """Wait until the tab remembers these texts, which nobody has answered."""
    page.wait_for_function(
        "(texts) => texts.every((text) => JSON.stringify({ ...sessionStorage }).includes(text))", arg=list(texts)
    )


def unmarked(page: Any) -> None:
    page.wait_for_function("![...document.querySelectorAll('.unsaved')].some((node) => !node.hidden)")


@pytest.mark.slow
def test_on_a_full_disk_the_text_stays_marked_and_is_saved_when_there_is_room(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "fullness", n=2), "fullness")
    first, second = bench.labelling.clips("fullness")
    full = Full(monkeypatch)
    page = open_page("fullness")
    box = page.locator("li.clip textarea").first
    box.fill("typed on a full disk")
    box.blur()
    alert = page.locator("li.clip .unsaved").first
    alert.get_by_text(NOT_SAVED).wait_for()
    alert.get_by_text("Your text stays here and is sent again by itself").wait_for()
    assert box.input_value() == "typed on a full disk"
    assert box.get_attribute("aria-invalid") == "true"
    assert alert.get_attribute("id") in str(box.get_attribute("aria-describedby")).split()
    assert alert.get_attribute("role") == "alert"
    confirmed = page.locator("li.clip textarea").nth(1)
    confirmed.fill("to be confirmed")
    confirmed.press("Enter")
    page.locator("li.clip .unsaved").nth(1).get_by_text(NOT_SAVED).wait_for()
    assert bench.labelling.clip(first.id).text == first.text
    tries = full.refused.count("typed on a full disk")
    until(page, lambda: full.refused.count("typed on a full disk") > tries)  # it fails again; nothing is overwritten
    settled(page)
    assert box.input_value() == "typed on a full disk"
    full.on = False
    kept(page, bench, first.id, "typed on a full disk")
    kept(page, bench, second.id, "to be confirmed", "confirmed")
    unmarked(page)
    assert box.get_attribute("aria-invalid") is None
    assert [r.text for r in bench.labelling.history(first.id)].count("typed on a full disk") == 1


@pytest.mark.slow
def test_it_is_sent_at_once_when_typing_goes_on_and_also_from_another_page(
    open_page: OpenPage, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.ui.label.clip_rows.PAGE_SIZE", 1)
    bench.collecting.import_path(write_samples(tmp_path / "left", n=2), "left")
    first = bench.labelling.clips("left")[0]
    full = Full(monkeypatch)
    page = open_page("left")
    page.get_by_text("1 to 1 of 2").wait_for()
    box = page.locator("li.clip textarea")
    box.fill("typed")
    box.blur()
    page.locator("li.clip .unsaved").get_by_text(NOT_SAVED).wait_for()
    box.press("End")
    box.type(" and more")
    until(page, lambda: "typed and more" in full.refused)
    settled(page)
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("2 to 2 of 2").wait_for()
    page.get_by_text(f"Not saved yet, and sent again by themselves: labels of {first.name}.").wait_for()
    page.get_by_role("button", name="Previous page").click()
    page.get_by_text("1 to 1 of 2").wait_for()
    assert page.locator("li.clip textarea").input_value() == "typed and more"
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("2 to 2 of 2").wait_for()
    full.on = False
    kept(page, bench, first.id, "typed and more")
    page.get_by_text("Not saved yet, and sent again").wait_for(state="detached")


@pytest.mark.slow
def test_a_real_full_disk_is_told_and_survived(open_page: OpenPage, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as disk:
        bench = Workbench.open(disk / "ws")
        bench.collecting.import_path(write_samples(tmp_path / "sounds", n=2), "real")
        clip = bench.labelling.clips("real")[0]
        with Server(bench) as server:
            page = open_page("real", url=server.url)
            Reserve(disk / "ws").give()
            (disk / "ws" / ".reserve").mkdir()  # nothing is held back any more
            filler = fill(disk)
            long = "words that need room " * 40
            for number in range(60):  # the log may still have room for some
                bench_text = f"{number} {long}".strip()
                box = page.locator("li.clip textarea").first
                box.fill(bench_text)
                box.blur()
                settled(page)
                if page.locator("li.clip .unsaved").first.is_visible():
                    break
            page.locator("li.clip .unsaved").first.get_by_text("not saved, because the disk is full").wait_for()
            assert page.locator("li.clip textarea").first.input_value() == bench_text
            filler.unlink()
            kept(page, bench, clip.id, bench_text)
            unmarked(page)
        bench.close()


@pytest.mark.slow
def test_what_was_typed_while_the_server_was_away_is_saved_when_it_is_back(
    open_page: OpenPage, own_bench: Workbench, tmp_path: Path
) -> None:
    own_bench.collecting.import_path(write_samples(tmp_path / "sounds", n=2), "away")
    clips = own_bench.labelling.clips("away")
    first = Server(own_bench)
    port = first.port
    with first:
        page = open_page("away", url=first.url)
        page.locator("li.clip").nth(1).wait_for()
    box = page.locator("li.clip textarea").first
    box.fill("typed to nobody")
    box.blur()
    page.locator("li.clip textarea").nth(1).fill("confirmed by nobody")
    page.locator("li.clip textarea").nth(1).press("Enter")
    remembered(page, "typed to nobody", "confirmed by nobody")
    assert box.input_value() == "typed to nobody"
    with Server(own_bench, port=port):
        kept(page, own_bench, clips[1].id, "confirmed by nobody", "confirmed")
        kept(page, own_bench, clips[0].id, "typed to nobody")  # either may arrive first
        page.locator("li.clip").nth(1).wait_for()
        assert page.locator("li.clip textarea").first.input_value() == "typed to nobody"


@pytest.mark.slow
def test_an_answer_that_was_lost_is_asked_for_again(open_page: OpenPage, bench: Workbench, tmp_path: Path) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "lost", n=1), "lost")
    (clip,) = bench.labelling.clips("lost")
    page = open_page("lost")
    page.locator("li.clip").wait_for()
    page.route("**/queue/join*", lambda route: route.abort())
    box = page.locator("li.clip textarea")
    with page.expect_event("requestfailed", lambda request: "/queue/join" in request.url):
        box.fill("sent into the void")
        box.blur()
    remembered(page, "sent into the void")
    page.unroute("**/queue/join*")
    kept(page, bench, clip.id, "sent into the void")
    assert page.locator("li.clip textarea").input_value() == "sent into the void"


@pytest.mark.slow
def test_a_text_that_is_refused_stays_and_is_not_sent_again(
    open_page: OpenPage, bench: Workbench, tmp_path: Path
) -> None:
    bench.collecting.import_path(write_samples(tmp_path / "refused", n=1), "refused")
    (clip,) = bench.labelling.clips("refused")
    page = open_page("refused")
    page.clock.install()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    box = page.locator("li.clip textarea")
    box.fill("endless " * 800)
    box.blur()
    page.locator("li.clip .unsaved").get_by_text("characters; a clip of 30 s has at most").wait_for()
    page.clock.fast_forward(120_000)  # longer than any pause before a text is sent again
    settled(page)
    assert sum("endless" in data for data in sent) == 1
    assert len(box.input_value()) == 6400
    assert bench.labelling.clip(clip.id).text == clip.text
    box.fill("short")
    box.blur()
    kept(page, bench, clip.id, "short")
    unmarked(page)


def words_of(page: Any, bench: Workbench, set_name: str, words: tuple[str, ...]) -> None:
    until(page, lambda: bench.collecting.set_info(set_name).words == words)


@pytest.mark.slow
def test_a_word_list_is_sent_until_it_is_kept(
    open_page: OpenPage, own_bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_bench.collecting.create_set("wordy")
    first = Server(own_bench)
    port = first.port
    with first:
        page = open_page("wordy", url=first.url)
        page.get_by_role("button", name="words").first.click()
        field = page.locator("#words textarea")
        full = True
        real = type(own_bench.collecting).set_words

        def set_words(self: Any, *args: Any) -> Any:
            if full:
                raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database or disk is full"))
            return real(self, *args)

        monkeypatch.setattr(type(own_bench.collecting), "set_words", set_words)
        field.fill("metoprolol\nwarfarin")
        page.locator(".unsaved-words").get_by_text("the disk is full").wait_for()
        assert field.input_value() == "metoprolol\nwarfarin"
        assert own_bench.collecting.set_info("wordy").words == ()
        full = False
        words_of(page, own_bench, "wordy", ("metoprolol", "warfarin"))
        page.locator(".unsaved-words").wait_for(state="hidden")
    field.fill("metoprolol\nwarfarin\nedema")  # to nobody
    remembered(page, "edema")
    with Server(own_bench, port=port):
        words_of(page, own_bench, "wordy", ("metoprolol", "warfarin", "edema"))
