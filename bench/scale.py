"""How time and memory grow: training from 10 to 1,000 clips, the page's questions from 100 to 20,000.

Training: the bundled CTC model with `top-1` over clips of 1 s of noise; ours and the usual way, which keeps every
clip's features in memory, take turns in processes of their own. Both hold the sounds themselves (64 kB a clip), which
the workbench reads one by one. Questions: the sets of each size take turns.

    python -m bench.scale [--smoke]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import ours, usual
from bench.report import RESULTS, machine, show, write
from bench.shapes import ROOT, noise_clips
from bench.turns import Spent, Way

MODEL, STRATEGY = ROOT / "assets" / "ctc-en", "top-1"
PAGE = 25  # clips on one page
TEXT = "the patient takes {} drops of amoxicillin every day"


def training(sizes: list[int], turns: int, steps: int, work: Path) -> list[dict[str, Any]]:
    """One row for each number of clips: the prefix, an update, and memory (MB) before and after the updates."""
    learns = ours.learning_names(MODEL, STRATEGY)
    rows = []
    for n in sizes:
        clips = noise_clips(n, 2, 1.0, 3)
        folder = work / str(n)
        mine = Way(ours.run, MODEL, clips, STRATEGY, None, folder / "ours")
        theirs = Way(usual.run, MODEL, clips, learns, True, False, 0, folder / "usual")
        try:
            prefix = mine.ask("prefix", 0, len(clips.sounds))
            before = mine.ask("memory")
            times: dict[str, list[Spent]] = {"ours": [], "usual": []}
            for way in (mine, theirs):
                way.steps(1)
            for _ in range(turns):
                times["usual"] += theirs.steps(max(1, steps // 4))
                times["ours"] += mine.steps(steps)
            rows.append(
                {
                    "clips": n,
                    "prefix_ms_a_clip": round(1000 * prefix.wall / len(clips.sounds), 2),
                    "our_step": round(statistics.median(s.wall for s in times["ours"]), 5),
                    "usual_step": round(statistics.median(s.wall for s in times["usual"]), 5),
                    "our_mb_before_updates": round(before),
                    "our_mb": round(mine.ask("memory")),
                    "usual_mb": round(theirs.ask("memory")),
                }
            )
        finally:
            mine.end()
            theirs.end()
    return rows


def questions(sizes: list[int], rounds: int, work: Path) -> list[dict[str, Any]]:
    """One row for each question: milliseconds by number of clips, medians of rounds in turns."""
    asked = {n: _questions(work / f"w{n}", n) for n in sizes}
    times: dict[str, dict[int, list[float]]] = {}
    for _ in range(rounds):
        for n, by_name in asked.items():
            for name, (before, question) in by_name.items():
                before()
                began = time.perf_counter()
                question()
                seconds = time.perf_counter() - began
                times.setdefault(name, {}).setdefault(n, []).append(seconds)
    rows = []
    for name, by_size in times.items():
        medians = {n: 1000 * statistics.median(t) for n, t in by_size.items()}
        grown = round(medians[sizes[-1]] / medians[sizes[0]], 1)
        rows.append({"question": name, **{f"{n} clips, ms": round(ms, 2) for n, ms in medians.items()}, "grown": grown})
    return rows


def _questions(root: Path, n: int) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """What the page asks about a set of `n` clips, most of them confirmed, each with what happens before."""
    from workbench.services.labels.query import Wanted
    from workbench.services.workbench import Workbench

    bench = Workbench.open(root)
    ids = fill_store(bench, n)
    browsing, labels, middle, turn = bench.browsing, bench.labelling, n // 2, [0]
    # What nobody has written to since is kept and answered at once; here somebody always has.
    waiting = ids[9::10]  # drafts that nobody has confirmed

    def changed() -> None:
        turn[0] += 1
        labels.save(ids[middle], TEXT.format(f"{turn[0]} new"), author="bench", confirmed=True)

    def after(question: Callable[[], Any]) -> tuple[Callable[[], Any], Callable[[], Any]]:
        return changed, question

    def page(number: int = 0, **wanted: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
        return after(lambda: browsing.page("big", Wanted(**wanted), number=number, size=PAGE))

    def confirm() -> None:
        labels.confirm([waiting.pop()], "bench")

    return {
        "first page": page(),
        "page in the middle": page(middle // PAGE),
        "filter by status": page(status="drafted"),
        "filter by speaker": page(speaker="speaker 3"),
        "search": page(search=f"takes {n // 3} drops"),
        "least sure first": page(order="uncertain"),
        "count": after(lambda: labels.count("big", status="confirmed")),
        "the set at a glance": after(lambda: bench.collecting.set_info("big")),
        "how it is divided": after(lambda: labels.split_of("big")),
        "save a label": (lambda: None, changed),
        "confirm a clip": (lambda: None, confirm),
    }


def fill_store(bench: Any, n: int) -> list[int]:
    """A set "big" of `n` clips of 20 speakers, nine of ten confirmed, the rest drafted; ids of the clips."""
    from sqlalchemy import insert

    from workbench.store.models import ClipRow, HypothesisRow, ReferenceRow

    set_id = bench.collecting.create_set("big", "en").id
    with bench.store.session() as session:
        clips = [
            {
                "id": i,
                "set_id": set_id,
                "sha256": f"{i:064x}",
                "name": f"clip {i}.wav",
                "original_format": "wav",
                "duration": 3.0,
                "speaker": f"speaker {i % 20}",
                "source": f"clip {i}.wav",
                "split": ("dev", "test", *["train"] * 8)[i % 20 % 10],
                "reference_id": i if i % 10 else None,
                "draft_id": i,
            }
            for i in range(1, n + 1)
        ]
        session.execute(insert(ClipRow), clips)
        texts = {i: TEXT.format(i) for i in range(1, n + 1)}
        drafts = [{"id": i, "clip_id": i, "model": "ctc-en", "text": text} for i, text in texts.items()]
        session.execute(insert(HypothesisRow), drafts)
        labels = [
            {"id": i, "clip_id": i, "revision": 1, "text": text, "confirmed": True, "author": "bench"}
            for i, text in texts.items()
            if i % 10
        ]
        session.execute(insert(ReferenceRow), labels)
    return list(texts)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="small sets: shows that it works, measures nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the results")
    given = parser.parse_args(arguments)
    about = machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        trained = training([4, 8] if given.smoke else [10, 100, 1000], 1 if given.smoke else 4, 8, Path(work))
        asked = questions([40, 80] if given.smoke else [100, 1000, 20_000], 1 if given.smoke else 7, Path(work))
    show("Training on more and more clips of 1 s (ctc-en, top-1): seconds, MB", trained)
    show("The page's questions: milliseconds", asked)
    print(write("scale", {"machine": about, "training": trained, "questions": asked}, given.out))


if __name__ == "__main__":
    main()
