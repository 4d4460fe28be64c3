"""What can be taken of a run, as plain data that take.js draws."""

from typing import Any
from urllib.parse import urlencode

from workbench.services.exports.forms import FORMS
from workbench.services.exports.take import Taken
from workbench.services.jobs.background import JobView
from workbench.services.workbench import Workbench
from workbench.ui import text as page_text
from workbench.ui.kit.html import fill, plural, span
from workbench.ui.take import text

MB = 1e6


def take_view(bench: Workbench, run: str) -> dict[str, Any]:
    """Of a run: its exports, the hub, its texts and its report; nothing where none is compared."""
    if not run:
        return {}
    return {
        "run": run,
        "exports": [_export(bench, run, form) for form in bench.taking.forms],
        "push": _push(bench, run),
        "texts": [[about.title, f"texts/{form}?{urlencode({'of': run})}"] for form, about in FORMS.items()],
        "report": f"reports/{run}",
        "commands": [text.COMMAND.format(run=run), text.PUSH_COMMAND.format(run=run)],
    }


def _export(bench: Workbench, run: str, form: str) -> dict[str, Any]:
    title, holds = text.EXPORTS[form]
    hindrance, view = bench.taking.hindrance(run, form), bench.taking.view(run, form)
    busy = bool(view and view.active)
    found = None if hindrance or busy else bench.taking.taken(run, form)
    return {
        "form": form,
        "title": title,
        "holds": holds,
        "hindrance": hindrance,
        "get": "" if hindrance or busy or found else text.GET,
        "ready": _ready(found, run, form) if found else None,
        **standing(view),
    }


def _ready(found: Taken, run: str, form: str) -> dict[str, Any]:
    clips = found.proof_clips
    proof = text.PROVEN.format(clips=plural(clips, text.A_CLIP)) if clips else text.UNPROVEN
    said = text.PACKED.format(size=fill(text.SIZE, n=found.size / MB), proof=proof)
    return {
        "said": f"{said} {text.GONE_TOMORROW}",
        "href": f"models/{run}.zip?{urlencode({'form': form})}",
        "link": text.DOWNLOAD.format(run=run, form=form),
    }


def _push(bench: Workbench, run: str) -> dict[str, Any]:
    view = bench.pushing.view(run)
    return {
        "hindrance": bench.pushing.hindrance(run),
        "notPublic": bench.pushing.hindrance(run, public=True),
        "said": view.message if view and not view.active and not view.failed else "",
        "url": view.url if view else "",
        **standing(view),
    }


def standing(view: JobView | None) -> dict[str, Any]:
    """What goes on, or why it ended without anything."""
    if view is None or not view.active:
        return {"busy": None, "failed": view.message if view and view.failed else ""}
    size = fill(text.BYTES, done=view.done / MB, total=view.total / MB) if view.total else ""
    left = page_text.LEFT.format(time=span(view.seconds_left)) if view.seconds_left is not None else ""
    said = (text.STOPPING,) if view.stopping else (view.message, size, left)
    share = view.done / view.total if view.total else None
    return {
        "busy": {"text": " · ".join(map(str, filter(None, said))), "share": share, "stopping": view.stopping},
        "failed": "",
    }
