"""Receives the files that a page sends: into its own folder, within limits of size, number and free disk."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final

from starlette.requests import ClientDisconnect, Request

from workbench.services.clips.uploads import Uploads
from workbench.ui import text
from workbench.ui.gate.hosts import Refusal
from workbench.ui.gate.pages import Page
from workbench.ui.gate.payload import Refused
from workbench.ui.kit.html import fill

LARGEST_FILE: Final = 500 * 2**20  # bytes
LARGEST_REQUEST: Final = 4 * 2**30  # bytes; a folder of recordings is sent at once
LARGEST_PAGE: Final = 16 * 2**30  # bytes, of all that one page sends while it is open
MOST_FILES: Final = 5_000  # of one request
SPARE_DISK: Final = 256 * 2**20  # bytes that stay free
LOOK_EVERY: Final = 16 * 2**20  # bytes between two looks at the disk
LONGEST_ID: Final = 64  # characters of the name that progress is asked by

MANY, LARGE = "files", "size"  # words by which what Gradio's parser says is told

NOT_FILES: Final = Refusal(400, lambda: text.NOT_AN_UPLOAD)
DISK_FULL: Final = Refusal(507, lambda: text.UPLOAD_DISK_FULL)
TOO_MUCH: Final = Refusal(413, lambda: text.UPLOAD_TOO_MUCH.format(gb=LARGEST_REQUEST // 2**30))
PAGE_FULL: Final = Refusal(413, lambda: text.PAGE_FULL)
FILE_TOO_LARGE: Final = Refusal(413, lambda: text.FILE_TOO_LARGE.format(mb=LARGEST_FILE // 2**20))
TOO_MANY_FILES: Final = Refusal(413, lambda: fill(text.TOO_MANY_FILES, n=MOST_FILES))


async def receive(request: Request, page: Page, uploads: Uploads) -> list[str]:
    """The handles of the files in a request, in their order.

    Raises:
        Refused: They are too large or too many, the disk is full, or this is no upload.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refused(NOT_FILES)
    _check_announced(request, uploads.root)
    folder = uploads.folder(page.id)
    try:
        received = await _parse(request, page, folder)
        # Beside the loop that answers everybody: there may be thousands of files.
        kept = await asyncio.to_thread(uploads.keep, page.id, folder, received)
        return [upload.handle for upload in kept]
    except BaseException as e:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if isinstance(e, OSError) and e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(DISK_FULL) from e
        raise


async def _parse(request: Request, page: Page, folder: Path) -> list[tuple[Path, str]]:
    from gradio.route_utils import GradioMultiPartParser, GradioUploadFile
    from gradio.routes import file_upload_statuses
    from starlette.formparsers import MultiPartException

    name = request.query_params.get("upload_id", "")[:LONGEST_ID] or None
    if name:
        file_upload_statuses.track(name)
    parser = GradioMultiPartParser(
        request.headers,
        _bounded(request, page, folder),
        max_files=MOST_FILES,
        max_fields=10,
        upload_dir=folder,
        upload_id=name,
        upload_progress=file_upload_statuses if name else None,
        max_file_size=LARGEST_FILE,
    )
    try:
        form = await parser.parse()
    except MultiPartException as e:
        raise Refused(_why(e.message)) from e
    except ClientDisconnect as e:
        raise Refused(NOT_FILES) from e
    finally:
        if name:
            file_upload_statuses.set_done(name)
    received = []
    for each in form.getlist("files"):
        if not isinstance(each, GradioUploadFile):
            raise Refused(NOT_FILES)
        each.file.close()
        received.append((Path(str(each.file.name)), each.filename or "unnamed"))
    return received


async def _bounded(request: Request, page: Page, folder: Path) -> AsyncGenerator[bytes, None]:
    """The request's body, as far as it may go."""
    size = looked = 0
    async for part in request.stream():
        size += len(part)
        page.uploaded += len(part)
        if size > LARGEST_REQUEST:
            raise Refused(TOO_MUCH)
        if page.uploaded > LARGEST_PAGE:
            raise Refused(PAGE_FULL)
        if size - looked > LOOK_EVERY:
            looked = size
            if _free(folder) < SPARE_DISK:
                raise Refused(DISK_FULL)
        yield part


def _check_announced(request: Request, root: Path) -> None:
    """Refuse what cannot fit before any of it has come."""
    try:
        announced = int(request.headers.get("content-length", "0"))
    except ValueError as e:
        raise Refused(NOT_FILES) from e
    if announced > LARGEST_REQUEST:
        raise Refused(TOO_MUCH)
    spare = min(SPARE_DISK, shutil.disk_usage(root).total // 10)  # a small disk has no room to spare
    if announced > max(0, _free(root) - spare):
        raise Refused(DISK_FULL)


def _free(folder: Path) -> int:
    state = os.statvfs(folder) if hasattr(os, "statvfs") else None
    return state.f_bavail * state.f_frsize if state else shutil.disk_usage(folder).free


def _why(message: str) -> Refusal:
    if MANY in message:
        return TOO_MANY_FILES
    return FILE_TOO_LARGE if LARGE in message else NOT_FILES
