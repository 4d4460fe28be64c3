"""Files are sent compressed and kept by browsers as long as they stay what they are."""

import brotli
import pytest
from starlette.requests import Request

from workbench.ui.delivery.files import Files

CONTENT = b"let a = 1;\n" * 200


@pytest.fixture
def files() -> Files:
    return Files({"/assets/a-1f.js": CONTENT, "/assets/b-2f.woff2": CONTENT}, {"/assets/index.js": CONTENT})


def request(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": named})


def test_text_goes_compressed_to_who_takes_that(files: Files) -> None:
    file = files.find("/assets/a-1f.js")
    assert file
    packed = file.answer(request(accept_encoding="gzip, br"))
    assert packed.headers["content-encoding"] == "br"
    assert brotli.decompress(packed.body) == CONTENT
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = file.answer(request(accept_encoding="gzip"))
    assert plain.body == CONTENT
    assert "content-encoding" not in plain.headers


def test_a_font_is_compressed_already(files: Files) -> None:
    file = files.find("/assets/b-2f.woff2")
    assert file
    answer = file.answer(request(accept_encoding="br"))
    assert answer.body == CONTENT
    assert answer.headers["content-type"] == "font/woff2"


@pytest.mark.parametrize(("path", "kept"), [("/assets/a-1f.js", "immutable"), ("/assets/index.js", "no-cache")])
def test_a_browser_keeps_what_it_may_and_asks_whether_it_is_still_so(files: Files, path: str, kept: str) -> None:
    file = files.find(path)
    assert file
    first = file.answer(request())
    assert kept in first.headers["cache-control"]
    again = file.answer(request(if_none_match=first.headers["etag"]))
    assert (again.status_code, again.body) == (304, b"")
    assert file.answer(request(if_none_match='"another"')).status_code == 200


def test_what_is_not_there_is_somebody_elses(files: Files) -> None:
    assert files.find("/assets/c.js") is None
