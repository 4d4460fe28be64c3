"""Says when the words of a run's tested clips were said, as soon as the run has finished; needs torch."""

import time
from typing import TYPE_CHECKING, Final

from workbench.asr.catalog import loading
from workbench.asr.training.feature_cache import FeatureCache
from workbench.core.types import ModelSpec
from workbench.services.inference.aligner import ModelAtBoundary, clip_times
from workbench.services.storage.word_times import ClipTimes, add_times
from workbench.store.runs import evaluations, find_run

if TYPE_CHECKING:
    from workbench.services.runs.execute import Executed

WORKER_SECONDS: Final = 120.0  # a run's worker does not hold up the next run for longer; the page asks for the rest
CLIPS_A_WRITE: Final = 10


def place_run(executed: "Executed") -> None:
    """Place the words of a run that has just finished, from what the frozen prefix heard.

    Raises:
        WorkbenchError: The base cannot be loaded a second time, for lack of memory for instance.
    """
    began, context, hearing = time.monotonic(), executed.context, executed.arm.hearing
    run = context.run
    with run.store.session() as session:
        row = find_run(session, run.name)
        measured = evaluations(session, row.id)
    if not measured:
        return
    base = loading.load(ModelSpec.from_json(row.model))
    base.set_language(run.language, run.config.task)
    base_hearing = FeatureCache(run.workspace.cache, base, context.base_hearing.boundary)
    found: dict[int, ClipTimes] = {}
    for e, clip in measured:
        run_clip = run.clips.get(clip.id)
        if run_clip is None:
            continue
        if time.monotonic() - began > WORKER_SECONDS:
            break
        item = run.model.item(run_clip)
        after = ModelAtBoundary(run.backend, hearing.fetch(item), hearing.boundary)
        before = ModelAtBoundary(base, base_hearing.fetch(item), base_hearing.boundary)
        samples = item.load().samples
        found[clip.id] = clip_times(before, after, e, samples, row.config.get("language"))
        if len(found) == CLIPS_A_WRITE:
            add_times(run.folder, found)
            found = {}
    add_times(run.folder, found)
