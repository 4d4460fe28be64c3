"""What a page fetches beside itself: a clip's sound and picture by its id, a set's or run's texts by its name.

A path never comes from the browser.
"""

from typing import Literal
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import FileResponse

from workbench.errors import WorkbenchError
from workbench.services.workbench import Workbench

# Patients' voices: not kept by browsers or proxies, not to be embedded by other sites.
HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_routes(app: FastAPI, workbench: Workbench) -> None:
    """Serve /sounds/ID, /pictures/ID-light.png and /texts/csv?of=NAME; what was deleted is not found any more."""

    @app.get("/sounds/{clip_id}")
    def sound(clip_id: int) -> FileResponse:
        try:
            path = workbench.picturing.sound(clip_id)
        except WorkbenchError as e:
            raise HTTPException(404, "no such clip") from e
        return FileResponse(path, media_type="audio/flac", headers=HEADERS)

    @app.get("/pictures/{clip_id}-{theme}.png")
    def picture(clip_id: int, theme: Literal["light", "dark"]) -> FileResponse:
        try:
            path = workbench.picturing.spectrogram(clip_id, dark=theme == "dark")
        except WorkbenchError as e:
            raise HTTPException(404, "no such clip") from e
        return FileResponse(path, media_type="image/png", headers=HEADERS)

    @app.get("/texts/{form}")
    def texts(form: str, of: str) -> Response:
        try:
            download = workbench.transcripts.download(of, form)
        except WorkbenchError as e:
            raise HTTPException(404, "no such texts") from e
        saved_as = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(download.name)}"}
        return Response(download.content, media_type=download.media_type, headers={**HEADERS, **saved_as})
