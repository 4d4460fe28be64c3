"""Says when the words of a run's tested clips were said, as soon as the run has finished; needs torch."""

import time
from typing import TYPE_CHECKING, Final

from workbench.asr.catalog import loading
from workbench.asr.models.backend import ClipInput
from workbench.asr.training.feature_cache import CacheItem, FeatureCache
from workbench.audio.decode import read_clip
from workbench.core.types import ModelSpec
from workbench.services.inference.aligner import ModelAtBoundary, clip_times
from workbench.services.runs.clips import RunClip
from workbench.services.storage.word_times import ClipTimes, add_times
from workbench.store.runs import evaluations, find_run
from workbench.workspace import Workspace

if TYPE_CHECKING:
    from workbench.services.runs.execute import RunExecution

WORKER_SECONDS: Final = 120.0  # a run's worker does not hold up the next run for longer; the page asks for the rest
CLIPS_A_WRITE: Final = 10


def place_run(execution: "RunExecution") -> None:
    """Place the words of a run that has just finished, from what the frozen prefix heard.

    Raises:
        WorkbenchError: The base cannot be loaded a second time, for lack of memory for instance.
    """
    began, arm = time.monotonic(), execution.arm
    with execution.store.session() as session:
        row = find_run(session, execution.name)
        measured = evaluations(session, row.id)
    if not measured or arm is None:
        return
    base = loading.load(ModelSpec.from_json(row.model))
    base.set_language(execution.language, execution.config.task)
    base_hearing = FeatureCache(execution.workspace.cache, base, execution.base_hearing.boundary)
    found: dict[int, ClipTimes] = {}
    for e, clip in measured:
        run_clip = execution.clips.get(clip.id)
        if run_clip is None:
            continue
        if time.monotonic() - began > WORKER_SECONDS:
            break
        item = _item(execution.workspace, run_clip)
        after = ModelAtBoundary(execution.backend, arm.hearing.fetch(item), arm.hearing.boundary)
        before = ModelAtBoundary(base, base_hearing.fetch(item), base_hearing.boundary)
        samples = item.load().samples
        found[clip.id] = clip_times(before, after, e, samples, row.config.get("language"))
        if len(found) == CLIPS_A_WRITE:
            add_times(execution.folder, found)
            found = {}
    add_times(execution.folder, found)


def _item(workspace: Workspace, clip: RunClip) -> CacheItem:
    path = clip.path or workspace.sound_path(clip.sha256)
    return CacheItem(clip.sha256, "", lambda: ClipInput(read_clip(path)), clip.n_samples)
