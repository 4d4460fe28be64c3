"""What a page fetches beside itself: sounds and pictures by a clip's id, texts and reports by a set's or run's name.

A path never comes from the browser.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final, Literal
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Path, Query, Response
from fastapi.responses import FileResponse
from pydantic import Field

from workbench.errors import WorkbenchError
from workbench.services.clips.media import PEAKS, spectrum_bytes
from workbench.services.workbench import Workbench
from workbench.ui.report.page import report_html, report_name

# Patients' voices: not kept by browsers or proxies, not to be embedded by other sites.
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

LARGEST_ID: Final = 2**63 - 1  # what a database's whole numbers hold
ClipId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
ClipNumber = Annotated[int, Field(ge=1, le=LARGEST_ID)]
Name = Annotated[str, Query(max_length=200)]
Heard = Annotated[str, Query(max_length=20)]
Bars = Annotated[int, Query(ge=1, le=400)]
HeardBy = Annotated[str, Path(max_length=20)]
MOST_CLIPS: Final = 1_000  # of one report


@contextmanager
def _found(what: str) -> Iterator[None]:
    """Answer 404 where there is none, without a word about why."""
    try:
        yield
    except (WorkbenchError, UnicodeEncodeError) as e:  # half a character in a name is no name either
        raise HTTPException(404, f"no such {what}") from e


def add_routes(app: FastAPI, workbench: Workbench) -> None:
    """Serve /sounds/ID, /pictures/ID-light.png, /texts/csv?of=NAME, /reports/RUN, /models/RUN.zip, of what is there.

    Of a trimmed clip, ?of=whole gives the sound as it came, ?of=RUN the cut that a run heard; /spectra/RUN/ID-mel too.
    """

    @app.get("/sounds/{clip_id}")
    def sound(clip_id: ClipId, of: Heard = "") -> FileResponse:
        with _found("clip"):
            path = workbench.picturing.sound(clip_id, of)
        return FileResponse(path, media_type="audio/flac", headers=HEADERS)

    @app.get("/waves/{clip_id}")
    def wave(clip_id: ClipId, of: Heard = "", n: Bars = PEAKS) -> Response:
        with _found("clip"):
            heights = workbench.picturing.peaks_of(clip_id, of, n)
        return Response(json.dumps(heights), media_type="application/json", headers=HEADERS)

    @app.get("/pictures/{clip_id}-{theme}.png")
    def picture(clip_id: ClipId, theme: Literal["light", "dark"]) -> FileResponse:
        with _found("clip"):
            path = workbench.picturing.spectrogram(clip_id, dark=theme == "dark")
        return FileResponse(path, media_type="image/png", headers=HEADERS)

    @app.get("/spectra/{clip_id}-{scale}")
    def spectrum(clip_id: ClipId, scale: Literal["mel", "linear"], of: Heard = "") -> Response:
        with _found("clip"):
            content = workbench.picturing.spectrum(clip_id, scale, of)
        return Response(content, media_type="application/octet-stream", headers=HEADERS)

    @app.get("/spectra/{of}/{clip_id}-{scale}")
    def spectrum_of(of: HeardBy, clip_id: ClipId, scale: Literal["mel", "linear"]) -> Response:
        return spectrum(clip_id, scale, of)

    @app.get("/tries/{token}")
    def tried(token: str) -> FileResponse:
        with _found("sound"):
            path = workbench.trying.sound(token)
        return FileResponse(path, media_type="audio/flac", headers=HEADERS)

    @app.get("/tries/{token}/{scale}")
    def tried_spectrum(token: str, scale: Literal["mel", "linear"]) -> Response:
        with _found("sound"):
            content = spectrum_bytes(workbench.trying.sound(token), scale)
        return Response(content, media_type="application/octet-stream", headers=HEADERS)

    @app.get("/texts/{form}")
    def texts(form: str, of: Name) -> Response:
        with _found("texts"):
            download = workbench.transcripts.download(of, form)
        saved_as = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(download.name)}"}
        return Response(download.content, media_type=download.media_type, headers={**HEADERS, **saved_as})

    @app.get("/reports/{run}")
    def report(run: str, clip: Annotated[list[ClipNumber], Query(max_length=MOST_CLIPS)] = []) -> Response:  # noqa: B006 (FastAPI copies it)
        with _found("report"):
            found = workbench.reporting.of(run, clip)
        saved_as = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(report_name(found))}"}
        return Response(report_html(found), media_type="text/html; charset=utf-8", headers={**HEADERS, **saved_as})

    @app.get("/models/{run}.zip")
    def model(run: HeardBy, form: Heard = "transformers") -> FileResponse:
        with _found("packed model"):
            path = workbench.taking.file(run, form)
        return FileResponse(path, media_type="application/zip", headers=HEADERS, filename=f"{run}-{form}.zip")
