"""The fast lane: tiles answered where their request arrives, before aiohttp parses it.

A connection is aiohttp's own :class:`RequestHandler`, with one look at the bytes in front. Where they are
nothing but plain requests for tiles, the connection is idle, the caller and the slide were looked up a moment
ago and the tile is in memory, each is one ``transport.write``. Everything else goes on to aiohttp as it
came. What a tile needs (who may see it, which bytes, which head) is asked of the same functions by both ways.
"""

import asyncio
import socket
import time
from typing import Final

from aiohttp import web

from server.api.fast_request import TILE_LINE, credentials_of, owed_after
from server.api.gate import SESSION_COOKIE, route_name
from server.api.metrics import Tally
from server.api.services import Services
from server.api.tiles import TILE_ENDPOINT, answer_at_once

AT_ONCE = 32
"""Pipelined requests answered in a row before others have their turn; aiohttp queues as many."""
END_OF_HEAD: Final = b"\r\n\r\n"


class Lane:
    """What the connections of one server have in common."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.tally = Tally(route_name(TILE_ENDPOINT))


class LaneConnection(web.RequestHandler):
    """A connection. ``_owed_bytes``: of a body, see :func:`owed_after`."""

    __slots__ = ("_credentials", "_headers", "_lane", "_owed_bytes")

    def __init__(self, manager: web.Server, lane: Lane, *, loop: asyncio.AbstractEventLoop) -> None:
        # None is how aiohttp's own runner turns the access log off; its annotation does not say so.
        super().__init__(manager, loop=loop, access_log=None)  # type: ignore[arg-type]
        self._lane = lane
        self._owed_bytes: int | None = 0
        # A viewer's requests differ in their first line: the rest is understood once. Not trusted once: what
        # it names is asked for each time.
        self._headers = b""
        self._credentials: str | None = None

    def data_received(self, data: bytes) -> None:
        """Answer what can be answered at once, hand the rest to aiohttp."""
        # (aiohttp calls this itself with nothing in hand, to go on with what it has kept.)
        if self._owed_bytes == 0 and data and self._is_idle():
            answered = self._answer(data)
            if answered == len(data):
                return
            if answered:
                data = data[answered:]
        if data and self._owed_bytes is not None:
            self._owed_bytes = owed_after(data, self._owed_bytes)
        super().data_received(data)

    def _is_idle(self) -> bool:
        """Whether aiohttp waits for a request, has kept no bytes, and the client takes what it is sent."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
            and not self._messages
            and not self._close
            and not self._force_close
            and not self._paused
            and not self._reading_paused
            and not self._buffer_paused
            and not self._upgraded
            and self._payload_parser is None
        )

    def _answer(self, data: bytes) -> int:
        """Answer tile requests from the start of ``data``; how many bytes of it that were."""
        lane, transport = self._lane, self.transport
        at = 0
        for _ in range(AT_ONCE):
            started = time.perf_counter()
            line = TILE_LINE.match(data, at)
            if line is None:
                break
            start = line.end()
            end = data.find(END_OF_HEAD, start - 2)
            if end < 0:
                break
            headers = data[start : end + 2]
            if headers != self._headers:
                self._credentials = credentials_of(headers, SESSION_COOKIE)
                self._headers = headers if self._credentials else b""
            if self._credentials is None or transport is None or transport.is_closing():
                break
            try:
                message = answer_at_once(lane.services, self._credentials, *line.groups())
            except Exception:  # noqa: BLE001 - aiohttp's way meets it again, and answers with a number
                message = None
            if message is None:
                break
            transport.write(message)
            at = end + 4
            lane.tally.count(lane.services.metrics, 200, time.perf_counter() - started)
            if at == len(data) or self._paused:
                break
        if at:
            # As aiohttp does after an answer: the wait for the next request begins anew.
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        return at


class LaneSite(web.BaseSite):
    """An aiohttp site on a bound socket whose connections have the fast lane."""

    def __init__(self, runner: web.AppRunner, lane: Lane, sock: socket.socket, backlog: int) -> None:
        super().__init__(runner, backlog=backlog)
        self._lane = lane
        self._socket = sock

    @property
    def name(self) -> str:
        """The address, as aiohttp names its sites."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    async def start(self) -> None:
        """Begin to accept connections. Raises OSError."""
        await super().start()
        manager, loop = self._runner.server, asyncio.get_running_loop()
        assert manager is not None  # noqa: S101 - the base class has checked it

        def connection() -> LaneConnection:
            return LaneConnection(manager, self._lane, loop=loop)

        self._server = await loop.create_server(connection, sock=self._socket, backlog=self._backlog)
