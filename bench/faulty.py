"""What `faults.py` kills: a process that changes a workspace and says of each change that it was done.

    python -m bench.faulty labels|flood|bin|open|look WORKSPACE SEED

Each act is announced and acknowledged by a line of JSON. A refusal in words is one too; anything else that is raised is
told as it is, since no user may meet it.
"""

import json
import random
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench

ACTS = 2_000  # of one process, if it lives so long
REFUSALS = 5  # in a row end it


def tell(**said: Any) -> None:
    """One line, out of this process before it goes on."""
    print(json.dumps(said), flush=True)


def act(what: str, clip: int | None, do: Callable[[], Any], **more: Any) -> bool:
    """Announce, do, acknowledge; whether it was done."""
    tell(begun=what, clip=clip, **more)
    try:
        do()
    except WorkbenchError as e:
        tell(refused=str(e), what=what, clip=clip, **more)
    except BaseException as e:
        tell(raised=f"{type(e).__name__}: {str(e)[:200]}", what=what, clip=clip)
    else:
        tell(done=what, clip=clip, **more)
        return True
    return False


def labels(bench: Workbench, chance: random.Random, longer: str = "") -> None:
    """Save label after label."""
    ids, refused = [clip.id for clip in bench.labelling.clips("faults")], 0
    for number in range(ACTS):
        clip, text = chance.choice(ids), f"label {number} of {chance.random()}{longer}"
        confirmed = chance.random() < 0.5
        save = lambda c=clip, t=text, y=confirmed: bench.labelling.save(c, t, author="f", confirmed=y)  # noqa: E731
        refused = 0 if act("label", clip, save, text=text) else refused + 1
        if refused == REFUSALS:
            return


def flood(bench: Workbench, chance: random.Random) -> None:
    """The same with long labels, until nothing fits any more, what is held back included."""
    labels(bench, chance, " and so on" * 480)


def bin_(bench: Workbench, chance: random.Random) -> None:
    """Delete, bring back and erase clips, each of them once or twice, and look after the workspace between."""
    ids = [clip.id for clip in bench.labelling.clips("faults")]
    chance.shuffle(ids)
    for clip in ids:
        text, sha256 = bench.labelling.clip(clip).text, bench.labelling.clip(clip).sha256
        act("delete", clip, lambda c=clip: bench.collecting.delete_clips([c]))
        if chance.random() < 0.4:
            act("restore", clip, lambda c=clip: bench.collecting.undo_delete(clip_ids=[c]))
        elif chance.random() < 0.5:
            act("erase", clip, lambda c=clip: bench.collecting.erase(clip_ids=[c]), text=text, sha256=sha256)
        if chance.random() < 0.2:
            act("look", None, bench.upkeep.look)


def open_(bench: Workbench, chance: random.Random) -> None:
    """Opening has been the act; then the first look."""
    del chance
    tell(done="open", clip=None)
    act("look", None, bench.upkeep.look)


def look(bench: Workbench, chance: random.Random) -> None:
    """Say how the workspace stands: every clip with its texts, what is in the bin, whether sounds can be read."""
    del chance
    from workbench.audio.decode import read_clip

    clips = []
    for info in bench.collecting.sets():
        for clip in bench.labelling.clips(info.name):
            history = [revision.text for revision in bench.labelling.history(clip.id)]
            sound = False
            with suppress(WorkbenchError, OSError):
                sound = len(read_clip(bench.workspace.sound_path(clip.sha256))) > 0
            clips.append({"id": clip.id, "name": clip.name, "text": clip.text, "history": history, "sound": sound})
    with bench.store.engine.connect() as connection:
        whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        foreign = connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
    deleted = [gone.id for gone in bench.collecting.deleted() if gone.kind == "clip"]
    runs = {run.id: run.status for run in bench.adaptation.runs()}
    tell(done="look", clips=clips, deleted=deleted, whole=whole and foreign, runs=runs)


ROLES: dict[str, Callable[[Workbench, random.Random], None]] = {
    "labels": labels,
    "flood": flood,
    "bin": bin_,
    "open": open_,
    "look": look,
}


def main(role: str, workspace: Path, seed: int) -> None:
    """Open the workspace and play a role."""
    try:
        bench = Workbench.open(workspace)
    except WorkbenchError as e:
        tell(refused=str(e), what="opening", clip=None)
        return
    except BaseException as e:
        tell(raised=f"{type(e).__name__}: {str(e)[:200]}", what="opening", clip=None)
        return
    tell(opened=True)
    try:
        ROLES[role](bench, random.Random(seed))
    finally:
        bench.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
