"""The two things a page fetches by a clip's id: its sound and its picture. A path never comes from the browser."""

from typing import Literal

from fastapi import FastAPI, HTTPException
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
    """Serve /sounds/ID and /pictures/ID-light.png; a deleted clip is not found any more."""

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
