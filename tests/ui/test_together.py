"""Nobody waits for another's click: no event of the page is done one by one."""

import inspect

from workbench.services.workbench import Workbench
from workbench.ui.page import build

PEOPLE = 4  # who may do the same at once, at the least; a model that listens for somebody takes a core


def test_every_event_may_be_handled_for_several_people_at_once(bench: Workbench) -> None:
    blocks = build(bench)
    usual = blocks._queue.default_concurrency_limit
    handled = [fn for fn in blocks.fns.values() if fn.fn is not None]
    assert len(handled) > 30
    for fn in handled:
        limit = usual if fn.concurrency_limit == "default" else fn.concurrency_limit
        assert limit is None or limit >= PEOPLE, f"{fn.name} lets {limit} people in at once"
        # A coroutine that computes would hold everybody's event loop; a plain function has a thread.
        assert not inspect.iscoroutinefunction(fn.fn), fn.name


def test_events_that_share_a_limit_are_not_one_by_one(bench: Workbench) -> None:
    blocks = build(bench)
    shared = {fn.concurrency_id for fn in blocks.fns.values() if fn.fn is not None}
    assert len(shared) > 10, "one slow handler would fill the place of all others"


def test_there_are_threads_for_them(bench: Workbench) -> None:
    assert build(bench).max_threads >= 4 * PEOPLE
