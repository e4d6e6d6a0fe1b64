"""The processes of one server: what they share, and what they ask each other.

Made once, before the processes are forked; each then stands at its place. A server of one process is the same
thing with nobody else in it.
"""

import asyncio
import contextlib
import mmap
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from server.accounts.unknown_names import SharedFailures
from server.db.notices import Notices, board_bytes

ANSWER_WAIT_S = 1.0
ANSWER_LIMIT_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Shared:
    """What all processes of a server have in common. Keep it open in the process that forks them.

    ``listeners``: where each process answers the others; held here too, so that the successor of a lost
    process answers at the same address.
    """

    sessions: mmap.mmap
    assets: mmap.mmap
    failures: SharedFailures
    listeners: tuple[socket.socket, ...]

    @classmethod
    def among(cls, count: int) -> "Shared":
        """For that many processes."""
        # An abstract address has no file that could be left behind. What is said there is what /metrics says.
        name = f"\0slidereel-{secrets.token_hex(8)}-"
        listeners = []
        for place in range(count if count > 1 else 0):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(f"{name}{place}")
            listener.listen(16)
            listeners.append(listener)
        boards = [mmap.mmap(-1, board_bytes(count)) for _ in range(2)]
        return cls(boards[0], boards[1], SharedFailures(), tuple(listeners))


class Siblings:
    """A server's processes as the one at ``place`` sees them."""

    def __init__(self, shared: Shared | None = None, place: int = 0) -> None:
        shared = shared or Shared.among(1)
        self.place = place
        self.session_notices = Notices(shared.sessions, place)
        self.asset_notices = Notices(shared.assets, place)
        self.failures = shared.failures
        self._listeners = shared.listeners

    @property
    def is_alone(self) -> bool:
        """Whether this is the only process."""
        return len(self._listeners) < 2

    @property
    def is_first(self) -> bool:
        """Whether this process does what only one may: ingest, recovery, housekeeping."""
        return self.place == 0

    @contextlib.asynccontextmanager
    async def answering(self, render: Callable[[], bytes]) -> AsyncIterator[None]:
        """While the context lasts, tell the other processes who ask what this one has counted."""
        if self.is_alone:
            yield
            return

        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                writer.write(render())
                await writer.drain()
            except ConnectionError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_unix_server(answer, sock=self._listeners[self.place].dup())
        try:
            yield
        finally:
            server.close()

    async def render_all(self, own: bytes) -> bytes:
        """The metrics of all processes that answer in time, each with its place as the label ``process``."""
        if self.is_alone:
            return own
        others = [place for place in range(len(self._listeners)) if place != self.place]
        answers = await asyncio.gather(*(self._ask(place) for place in others))
        found = {self.place: own, **{p: a for p, a in zip(others, answers, strict=True) if a is not None}}
        registry = CollectorRegistry()
        registry.register(_Joined(found))
        return generate_latest(registry)

    async def _ask(self, place: int) -> bytes | None:
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_WAIT_S):
                # The socket is connected here, because uvloop cannot find an abstract address.
                with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                    sock.setblocking(False)
                    address = self._listeners[place].getsockname()
                    await asyncio.get_running_loop().sock_connect(sock, address)
                    reader, writer = await asyncio.open_unix_connection(sock=sock.dup())
                try:
                    # To the end: a part of it would look like counters that went backwards.
                    return await _read_to_end(reader)
                finally:
                    writer.close()
        return None


async def _read_to_end(reader: asyncio.StreamReader) -> bytes | None:
    parts, size = [], 0
    while part := await reader.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > ANSWER_LIMIT_BYTES:
            return None
    return b"".join(parts)


class _Joined(Collector):
    """Several processes' metrics in one: their samples side by side under their common names."""

    def __init__(self, texts: dict[int, bytes]) -> None:
        self._texts = texts

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for place, text in sorted(self._texts.items()):
            for family in text_string_to_metric_families(text.decode()):
                joined = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, "process": str(place)}
                    joined.add_sample(sample.name, labels, sample.value)
        answering = Metric("slidereel_processes", "Processes whose counts are here", "gauge")
        answering.add_sample("slidereel_processes", {}, len(self._texts))
        yield from (*families.values(), answering)
