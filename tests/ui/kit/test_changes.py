"""Pages are told of changes, and of nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from workbench.services.workbench import Workbench
from workbench.store.database import Store
from workbench.ui.kit.changes import AT_ONCE, Changes

PATIENCE_S = 30
SOON_S = 0.01


class Seen:
    """What there is to see, and how often somebody looked."""

    def __init__(self) -> None:
        self.token, self.looks = "a", 0

    def __call__(self) -> str:
        self.looks += 1
        if self.token == "broken":
            raise OSError("the disk is away")
        return self.token


def run(test: Callable[[], Awaitable[Any]]) -> None:
    """In a thread of its own: a browser that another test has opened keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as own:
        own.submit(lambda: asyncio.run(asyncio.wait_for(test(), PATIENCE_S))).result()


async def looked(seen: Seen, times: int) -> None:
    """Wait until so many more looks were taken."""
    end = seen.looks + times
    while seen.looks < end:
        await asyncio.sleep(SOON_S)


def test_a_listener_hears_what_is_and_then_each_other_token() -> None:
    async def test() -> None:
        seen = Seen()
        tokens = Changes(seen, every=SOON_S, steady=SOON_S).tokens()
        assert await anext(tokens) == "a"
        waiting = asyncio.ensure_future(anext(tokens))
        await looked(seen, 5)
        assert not waiting.done()  # nothing is told while nothing changes
        seen.token = "b"
        assert await waiting == "b"
        await tokens.aclose()

    run(test)


def test_one_look_serves_all_and_nobody_looks_for_nobody() -> None:
    async def test() -> None:
        seen = Seen()
        changes = Changes(seen, every=SOON_S, steady=SOON_S)
        tabs = [changes.tokens() for _ in range(20)]
        assert [await anext(tab) for tab in tabs] == ["a"] * 20
        assert seen.looks < 20
        seen.token = "b"
        assert [await anext(tab) for tab in tabs] == ["b"] * 20
        for tab in tabs:
            await tab.aclose()
        assert changes._watcher
        await changes._watcher
        looks = seen.looks
        await asyncio.sleep(10 * SOON_S)
        assert seen.looks == looks
        seen.token = "c"  # who comes back hears what is by then
        late = changes.tokens()
        assert await anext(late) == "c"
        await late.aclose()

    run(test)


def test_changes_without_end_are_told_ever_so_often() -> None:
    async def test() -> None:
        seen = Seen()
        tokens = Changes(seen, every=SOON_S, steady=3600.0).tokens()
        told = [await anext(tokens)]
        for number in range(AT_ONCE - 1):
            seen.token = str(number)
            told.append(await anext(tokens))
        assert told == ["a", "0", "1"]
        seen.token = "later"
        waiting = asyncio.ensure_future(anext(tokens))
        await asyncio.sleep(20 * SOON_S)
        assert not waiting.done()
        waiting.cancel()

    run(test)


def test_a_look_that_fails_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        seen = Seen()
        tokens = Changes(seen, every=SOON_S, steady=SOON_S).tokens()
        await anext(tokens)
        seen.token = "broken"
        await looked(seen, 2)
        seen.token = "b"
        assert await anext(tokens) == "b"
        await tokens.aclose()

    run(test)
    assert "looking for changes failed" in caplog.text


def test_the_token_changes_when_any_process_writes(bench: Workbench) -> None:
    before = bench.watch.token()
    assert bench.watch.token() == before
    other = Store.open(bench.workspace)
    with other.session() as session:
        from workbench.store.models import ClipSetRow

        session.add(ClipSetRow(name="elsewhere"))
    other.close()
    assert bench.watch.token() != before


def test_the_token_changes_with_a_model_that_is_fetched(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.services.jobs.background import JobView

    before = bench.watch.token()
    monkeypatch.setitem(bench.getting._going._views, "whisper-tiny.en", JobView("coming"))
    assert bench.watch.token() != before
