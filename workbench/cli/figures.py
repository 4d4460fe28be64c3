"""A comparison's and a sweep's figures as tables for a terminal."""

from typing import Any

from rich.console import Console

from workbench.cli.common import plain_table


def show_figures(console: Console, document: dict[str, Any]) -> None:
    """Both sides of a comparison, with its sentence; the curve or sweep that it came from before them."""
    for note in document["notes"]:
        console.print(note)
    if document.get("curve"):
        points = zip(document["curve"]["sizes"], document["curve"]["means"], strict=True)
        console.print(plain_table(("clips", "WER"), [(str(n), f"{wer:.1%}") for n, wer in points]))
        console.print(document["curve"]["sentence"])
    if document.get("sweep"):
        show_sweep(console, document["sweep"])
    heads = ("", "WER", "CER", "wrong", "missing", "extra")
    rows = []
    for side in ("base", "adapted"):
        d = document[side]
        rows.append(
            (
                side,
                f"{d['wer']:.1%}",
                f"{d['cer']:.1%}",
                str(d["substitutions"]),
                str(d["deletions"]),
                str(d["insertions"]),
            )
        )
    console.print(plain_table(heads, rows))
    console.print(document["summary"])
    if document["general"]:
        console.print(document["general"]["summary"])
    console.print(f"{document['run']}: {document['seconds']['total']:.0f} s in all.")


def show_sweep(console: Console, document: dict[str, Any]) -> None:
    """All arms, then the recommendation."""
    rows = [
        (
            arm["arm"],
            f"{arm['trainable_parameters']:,}",
            str(arm["updates"]) + ("" if arm["full"] else " (dropped)"),
            f"{arm['seconds']:.0f}",
            f"{arm['wer']:.1%}",
            f"{100 * arm['change']['low']:+.1f} … {100 * arm['change']['high']:+.1f}",
        )
        for arm in document["arms"]
    ]
    rows.append(("base", "0", "0", "0", f"{document['base_wer']:.1%}", ""))
    heads = ("arm", "weights", "updates", "s", "dev WER", "change, 95 %")
    console.print(plain_table(heads, rows, folds=("arm", "updates")))
    console.print(document["recommendation"])
