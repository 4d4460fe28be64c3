"""The run that a set goes by: the starred one, else the one that has proven best; and which run a page shows."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.services.finished import Heard, finished_run, waiting_run
from workbench.assets import assets_root
from workbench.errors import WorkbenchError
from workbench.services.results.best import shown
from workbench.services.runs.service import RunView
from workbench.services.workbench import Workbench
from workbench.store.models import CURVE, FINE_TUNE, SWEEP
from workbench.store.runs import find_run

SET = "clinic"
Run = Callable[..., str]


@pytest.fixture
def few(bench: Workbench) -> Workbench:
    bench.collecting.import_path(assets_root() / "clips" / SET, SET, language="en")
    return bench


@pytest.fixture
def run(few: Workbench, monkeypatch) -> Run:
    """run(wrong=…): a run that is done and gets every so many-th clip wrong where the base gets all wrong."""

    def make(wrong: int = 3, kind: str = FINE_TUNE, hear: Heard | None = None) -> str:
        def heard(clip_id: int, label: str) -> tuple[str, str]:
            without = " ".join(["x", *label.split()[1:]])
            return without, without if clip_id % wrong == 0 else label

        name = finished_run(few, monkeypatch, SET, hear or heard, folds=4)
        with few.store.session() as session:
            row = find_run(session, name)
            row.kind = kind
            if kind == SWEEP:
                row.config = {**row.config, SWEEP: {"arms": [{"strategy": "head", "settings": row.config}]}}
        return name

    return make


def nothing(clip_id: int, label: str) -> tuple[str, str]:
    return label, label


def test_without_a_run_that_is_better_a_set_goes_by_its_base(few: Workbench, run: Run) -> None:
    assert few.best_runs.of(SET) is None
    assert few.base_models.drafter(SET) == few.base_models.of_set(SET).name
    run(hear=nothing)
    assert few.best_runs.of(SET) is None
    assert not any(view.best for view in few.best_runs.runs(SET))


def test_the_best_run_has_the_fewest_errors_and_of_equal_ones_is_the_newest(few: Workbench, run: Run) -> None:
    run(3)
    best = run(9)
    run(4)
    assert few.best_runs.of(SET).id == best  # type: ignore[union-attr]
    assert [view.id for view in few.best_runs.runs(SET) if view.best] == [best]
    assert few.base_models.drafter(SET) == best
    equal = run(9)
    assert few.base_models.drafter(SET) == equal


@pytest.mark.parametrize("kind", [SWEEP, CURVE])
def test_a_sweep_or_a_curve_pushes_nothing_aside(few: Workbench, run: Run, kind: str) -> None:
    best = run(5)
    run(100, kind)
    assert few.base_models.drafter(SET) == best


def test_runs_that_were_judged_by_other_clips_are_not_held_against_each_other(few: Workbench, run: Run) -> None:
    run(100)
    few.collecting.delete_clips([few.labelling.clips(SET)[0].id])
    extra = few.labelling.clips(SET)[-1]
    few.labelling.save(extra.id, extra.text, author="ann", confirmed=True)
    few.collecting.import_path(next((assets_root() / "clips" / "workshop" / "audio").iterdir()), SET)
    new = few.labelling.clips(SET)[-1]
    few.labelling.save(new.id, "a sentence of its own", author="ann", confirmed=True)
    later = run(4)
    assert few.base_models.drafter(SET) == later


def test_a_star_overrides_and_its_base_is_the_sets(few: Workbench, run: Run) -> None:
    starred, best = run(3), run(9)
    assert few.best_runs.star(starred) == "ctc-en"
    assert few.base_models.drafter(SET) == starred
    assert [(v.id, v.starred, v.best) for v in few.best_runs.runs(SET)] == [(best, False, False), (starred, True, True)]
    assert few.base_models.chosen(SET) == "ctc-en"
    few.base_models.choose(SET, "whisper-en")  # later, and by name
    assert few.base_models.of_set(SET).name == "whisper-en"
    few.best_runs.star(best)
    assert [v.id for v in few.best_runs.runs(SET) if v.starred] == [best]
    few.best_runs.star(starred)
    assert few.best_runs.unstar(starred)
    assert not few.best_runs.unstar(starred)
    assert few.base_models.drafter(SET) == best


def test_a_starred_run_in_the_bin_is_gone_by_no_more(few: Workbench, run: Run) -> None:
    starred, best = run(3), run(9)
    few.best_runs.star(starred)
    few.history.delete(starred)
    assert few.base_models.drafter(SET) == best
    few.history.undelete(starred)
    assert few.base_models.drafter(SET) == starred


def test_only_a_run_with_a_model_of_its_own_can_be_starred(few: Workbench, run: Run, monkeypatch) -> None:
    with pytest.raises(WorkbenchError, match="is queued and has no model yet"):
        few.best_runs.star(waiting_run(few, monkeypatch, SET, folds=4))
    kept = run()
    with few.store.session() as session:
        row = find_run(session, kept)
        row.result = {**row.result, "base_delivered": True, "trainings": [{"steps": 3, "best_step": 0}]}
    with pytest.raises(WorkbenchError, match="unchanged base"):
        few.best_runs.star(kept)
    with pytest.raises(WorkbenchError):
        few.best_runs.star("run-99")


def test_without_a_choice_the_base_is_that_of_the_best_run(few: Workbench, run: Run) -> None:
    best = run(9)
    with few.store.session() as session:
        row = find_run(session, best)
        row.model = {**row.model, "name": "whisper-en"}
    assert few.base_models.of_set(SET).name == "whisper-en"


# ---- which run is shown ----


def view(few: Workbench, name: str, **changes: object) -> RunView:
    return replace(few.adaptation.view(name), **changes)  # type: ignore[arg-type]


def test_a_page_follows_the_newest_run_unless_an_older_one_was_chosen(few: Workbench, run: Run) -> None:
    one = run()
    runs = [view(few, one, id=f"run-{n}", status="running" if n == 3 else "done") for n in (3, 2, 1)]
    assert shown([], "run-1", "") is None
    assert shown(runs, "", "").id == "run-3"  # type: ignore[union-attr]
    assert shown(runs, "run-2", "['run-2', 'run-1']").id == "run-3"  # type: ignore[union-attr]
    assert shown(runs, "run-1", "['run-2', 'run-1']").id == "run-1"  # type: ignore[union-attr]
    assert shown(runs, "run-9", "").id == "run-3"  # type: ignore[union-attr]


def test_a_page_without_a_choice_shows_the_best_run_else_the_newest_single_one(few: Workbench, run: Run) -> None:
    one = run()
    sweep, single, best = (
        view(few, one, id=name, kind=kind)
        for name, kind in (("run-3", SWEEP), ("run-2", FINE_TUNE), ("run-1", FINE_TUNE))
    )
    assert shown([sweep, single, best], "", "") == single
    assert shown([sweep], "", "") == sweep
    best = view(few, one, id="run-1", best=True)
    assert shown([sweep, single, best], "", "") == best
    at_work = view(few, one, id="run-4", status="running", kind=SWEEP)
    assert shown([at_work, sweep, single, best], "", "") == at_work


def test_a_sweep_that_another_tab_began_pushes_nothing_aside(few: Workbench, run: Run) -> None:
    one = run()
    best, sweep = view(few, one, id="run-1", best=True), view(few, one, id="run-2", kind=SWEEP)
    assert shown([sweep, best], "run-1", repr(["run-1"])) == best
    assert shown([sweep, best], "run-2", repr(["run-2", "run-1"])) == sweep  # chosen
    newer = view(few, one, id="run-3", status="running")
    assert shown([newer, sweep, best], "run-1", repr(["run-2", "run-1"])) == newer


def test_a_trial_that_was_watched_until_it_ended_gives_way_to_the_best_run(few: Workbench, run: Run) -> None:
    one = run()
    best, sweep = view(few, one, id="run-1", best=True), view(few, one, id="run-2", kind=SWEEP)
    known = repr(["run-2", "run-1"])
    at_work = replace(sweep, status="running")
    assert shown([at_work, best], "run-2", known, "run-2") == at_work
    assert shown([sweep, best], "run-2", known, "run-2") == best
    assert shown([sweep, best], "run-2", known, "") == sweep  # chosen after it had ended
    assert shown([sweep, replace(best, best=False)], "run-2", known, "run-2") == sweep  # nothing to give way to
    single = replace(sweep, kind=FINE_TUNE)
    assert shown([single, best], "run-2", known, "run-2") == single
