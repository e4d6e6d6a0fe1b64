"""The same data folder served in both ways: with the fast lane, and by aiohttp alone."""

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from server.api import fast_lane
from server.api.services import SERVICES, Services

LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Ends an exchange: whatever came before, the server closes the connection after this."""
SETTLE_S = 2.0
_VARIES = re.compile(rb'Date: [^\r]*\r\n|"reference": ?"[0-9a-f]*"')


@dataclass
class Way:
    """One of the two servers; ``by_lane`` counts what its fast lane has answered."""

    port: int
    services: Services
    runner: web.AppRunner
    by_lane: int = 0

    async def exchange(self, pieces: Iterable[bytes]) -> bytes:
        """Send the pieces, each when the server has done what it can with the last; all that came back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for number, piece in enumerate(pieces):
                if number:
                    await self._settle()
                writer.write(piece)
            writer.write(LAST)
            return await asyncio.wait_for(reader.read(), 60)
        except ConnectionError:
            return b"connection lost"
        finally:
            writer.close()

    async def _settle(self) -> None:
        """Wait until every connection waits for bytes: for a request, or for the rest of one's body.

        Not for ever: a request that was refused before its body had come keeps its connection, too.
        """
        for _ in range(4):  # what was written is in the kernel; the server's turn to read it comes first
            await asyncio.sleep(0.001)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                while any(self._is_busy(connection) for connection in self.runner.server.connections):
                    await asyncio.sleep(0.005)

    @staticmethod
    def _is_busy(connection: web.RequestHandler) -> bool:
        request = connection._current_request
        if request is not None:
            return request.content.is_eof()
        waits = connection._waiter is not None and not connection._waiter.done()
        return connection.transport is not None and not waits


def without_what_varies(answer: bytes) -> bytes:
    """The answer without its date and its problems' reference numbers."""
    return _VARIES.sub(b"", answer)


async def begin(app: web.Application, *, with_lane: bool, closing: list[web.AppRunner]) -> Way:
    """Serve the application; the runner is added to ``closing``."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    closing.append(runner)
    await runner.setup()
    services = app[SERVICES]
    if with_lane:
        sock = socket.create_server(("127.0.0.1", 0))
        await fast_lane.LaneSite(runner, fast_lane.Lane(services), sock, 16).start()
    else:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    return Way(runner.addresses[0][1], services, runner)
