"""Drops connections that ask for nothing: each takes a place, and there are only so many."""

import asyncio
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT_S: Final = 60.0  # a connection that is open for so long has to have asked for something


class Impatient(H11Protocol):
    """One connection; the server's own patience begins only after the first answer.

    Browsers connect ahead of time, and a laptop that is shut or a phone that leaves the network says no goodbye, so
    such connections would gather until nobody else is answered. It is h11 and not httptools, whose headers have no
    limit.
    """

    _silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_request()  # a request's head that comes byte by byte is no request

    def connection_lost(self, exc: Exception | None) -> None:
        if self._silence is not None:
            self._silence.cancel()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        if self._silence is None and self._waits():
            self._silence = self.loop.call_later(SILENT_S, self._end_silence)
        elif self._silence is not None and not self._waits():
            self._silence.cancel()
            self._silence = None

    def _waits(self) -> bool:
        """Whether no request has begun; one whose head is there is the gate's."""
        return self.conn.their_state is h11.IDLE

    def _end_silence(self) -> None:
        self._silence = None
        if self._waits():
            self.transport.close()
