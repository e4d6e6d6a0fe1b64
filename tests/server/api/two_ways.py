"""The same data folder served in both ways: with the fast lane, and by aiohttp alone."""

import asyncio
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from server.api import fast_lane
from server.api.services import SERVICES, Services

LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""Ends an exchange: whatever came before, the server closes the connection after this."""
_VARIES = re.compile(rb'Date: [^\r]*\r\n|"reference": ?"[0-9a-f]*"')


@dataclass
class Way:
    """One of the two servers; ``by_lane`` counts what its fast lane has answered."""

    port: int
    services: Services
    runner: web.AppRunner
    by_lane: int = 0

    async def exchange(self, pieces: Iterable[bytes], *, pause_s: float = 0.02) -> bytes:
        """Send the pieces, each as a packet of its own, and everything that came back."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for number, piece in enumerate(pieces):
                if number:
                    await asyncio.sleep(pause_s)
                writer.write(piece)
            writer.write(LAST)
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            return b"connection lost"
        finally:
            writer.close()


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
