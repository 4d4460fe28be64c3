"""Fetching from the page: a thread whose state every page sees, stopped, gone on with, and chosen for who asked."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.models.test_fetch import Hub, files, hub, left, offer  # noqa: F401 - fixtures
from workbench.asr.catalog.catalog import state_of
from workbench.asr.catalog.offers import Offer
from workbench.errors import DataError
from workbench.services.models import service as getting
from workbench.services.models.progress import Watch
from workbench.services.models.service import GetView
from workbench.services.workbench import Workbench

PATIENCE_S = 60


@pytest.fixture
def bench(offer: Offer, tmp_path: Path) -> Iterator[Workbench]:  # noqa: F811 - the fixture
    opened = Workbench.open(tmp_path / "workspace")
    opened.collecting.create_set("asks", "en")
    opened.collecting.create_set("other", "en")
    yield opened
    opened.close()


def ended(bench: Workbench, model: str) -> GetView:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        view = bench.getting.view(model)
        if view is not None and not view.active:
            return view
        time.sleep(0.02)
    raise AssertionError("the fetch did not end")


def test_a_model_comes_is_seen_by_everybody_and_chosen_for_who_asked(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
) -> None:
    assert state_of(bench.catalog.find(offer.name)) == "fetchable"
    before = bench.catalog.look()
    bench.getting.start(offer.name, "asks")
    bench.getting.start(offer.name)  # another page asks too: the same fetch
    view = ended(bench, offer.name)
    assert (view.failed, view.message) == (False, f"{offer.name} is here.")
    assert bench.catalog.look() != before
    assert state_of(bench.transcribing.catalog.find(offer.name)) == "here"
    assert bench.base_models.of_set("asks").name == offer.name
    assert bench.base_models.chosen("other") is None
    assert len([path for path, _ in hub.asked if path.endswith("model.bin")]) == 1
    with pytest.raises(DataError, match="nothing to fetch"):
        bench.getting.start(offer.name)


def test_stop_keeps_what_has_come_and_get_goes_on(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch, seen = getting.fetch_model, []

    def slowly(name: str, watch: Watch) -> object:
        def tell(step: object) -> None:
            watch.tell(step)  # type: ignore[arg-type]
            view = bench.getting.view(name)
            assert view is not None
            seen.append(view)
            if view.done > 2000 and view.total:
                bench.getting.stop(name)

        return fetch(name, Watch(tell, watch.stopped))

    monkeypatch.setattr(getting, "fetch_model", slowly)
    bench.getting.start(offer.name, "asks")
    view = ended(bench, offer.name)
    assert view.failed
    assert view.message.startswith("Stopped")
    assert any(v.total == offer.size for v in seen)
    assert left() == set()
    assert bench.base_models.chosen("asks") is None
    monkeypatch.setattr(getting, "fetch_model", fetch)
    bench.getting.start(offer.name, "asks")
    assert not ended(bench, offer.name).failed
    assert bench.base_models.of_set("asks").name == offer.name


def test_without_a_network_it_is_one_sentence(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench.getting.start(offer.name)
    view = ended(bench, offer.name)
    assert view.failed
    assert "could not be fetched" in view.message
    assert "Traceback" not in caplog.text
    assert bench.catalog.find(offer.name).source == "fetched"


def test_a_model_that_another_process_brought_is_noticed(
    bench: Workbench,
    offer: Offer,  # noqa: F811
    hub: Hub,  # noqa: F811
) -> None:
    from workbench.services.models.fetch import fetch_model

    before = bench.catalog.look()
    fetch_model(offer.name)
    assert bench.catalog.look() != before
    assert state_of(bench.catalog.find(offer.name)) == "here"


def test_only_what_can_be_fetched_is(bench: Workbench) -> None:
    for name in ("ctc-en", "facebook/wav2vec2-base"):
        with pytest.raises(DataError, match="nothing to fetch"):
            bench.getting.start(name)
