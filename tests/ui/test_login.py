"""How long a browser stays signed in, without a server and without waiting."""

import time
from http.cookies import SimpleCookie

import pytest
from starlette.requests import Request

from workbench.ui.gate import login
from workbench.ui.gate.access import Access
from workbench.ui.gate.login import SIGNED_IN_S, Login


def request(cookie: str = "") -> Request:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    return Request(
        {"type": "http", "method": "GET", "path": "/", "scheme": "http", "query_string": b"", "headers": headers}
    )


def signed(gate: Login) -> str:
    """The cookie that a browser gets."""
    ((name, morsel),) = SimpleCookie(gate._welcome(request()).headers["set-cookie"]).items()
    return f"{name}={morsel.value}"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_it_ends_hours_after_the_last_request(clock: list[float]) -> None:
    gate = Login(Access(password="a long password"), 7860)
    cookie = signed(gate)
    for _ in range(3):  # each request counts anew
        clock[0] += SIGNED_IN_S - 1
        assert gate.signed_in(request(cookie))
    clock[0] += SIGNED_IN_S + 1
    assert not gate.signed_in(request(cookie))
    assert not gate.signed_in(request())


def test_of_too_many_browsers_the_one_that_asked_longest_ago_goes(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "KEPT", 2)
    gate = Login(Access(password="a long password"), 7860)
    first, second = signed(gate), signed(gate)
    clock[0] += 1
    assert gate.signed_in(request(first))
    third = signed(gate)
    assert [gate.signed_in(request(cookie)) for cookie in (first, second, third)] == [True, False, True]
