"""The shelf of open slides: who may see an asset's pixels, and where they lie.

A viewer asks for hundreds of tiles a second, so a tile costs neither SQL nor a file opened: the asset's state
is remembered for a moment, its canonical file stays open, and bytes that the kernel has in memory are handed
over without leaving the event loop.
"""

import asyncio
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from server.catalog import State
from server.db import Database
from server.db.notices import Notices
from server.db.schema import asset
from server.errors import NotFoundError
from server.imagery.openings import RecentOpenings
from tiling.canonical import CanonicalSlide, TileLocation, open_canonical

REMEMBERED_S = 2.0
"""How long a change of state by a command beside the server may go unnoticed."""
OPEN_SLIDES = 128
REMEMBERED_ASSETS = 4096


class OpenSlide:
    """A slide on the shelf.

    It is closed when the last reader lets go of it, not when it leaves the shelf: a file descriptor that is
    closed under a reader would give him another file's bytes.
    """

    __slots__ = ("etag", "slide")

    def __init__(self, slide: CanonicalSlide) -> None:
        self.slide = slide
        self.etag = slide.info.digest[:16]

    def __del__(self) -> None:
        self.slide.close()


@dataclass(frozen=True, slots=True)
class _Remembered:
    state: State
    until_s: float


class SlideShelf:
    """The slides of one data folder; thread-safe."""

    def __init__(
        self,
        assets_dir: Path,
        database: Database,
        monotonic_s: Callable[[], float] = time.monotonic,
        notices: Notices | None = None,
    ) -> None:
        self._assets_dir = assets_dir
        self._database = database
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._open: OrderedDict[str, OpenSlide] = OrderedDict()
        self._states: dict[str, _Remembered] = {}
        self._notices = notices or Notices()
        self._heard = self._notices.heard()
        self.openings = RecentOpenings()

    def remembered(self, asset_id: str, *, preview: bool) -> OpenSlide | None:
        """The slide, if it is open and its state was looked up a moment ago; None: use :meth:`slide`.

        With ``preview`` an asset that awaits its release may be seen too.
        """
        if (heard := self._notices.heard()) != self._heard:
            with self._lock:
                self._states.clear()
                self._heard = heard
        known = self._states.get(asset_id)
        if known is None or known.until_s < self._monotonic_s() or not _may_see(known.state, preview):
            return None
        return self._open.get(asset_id)

    async def slide(self, asset_id: str, *, preview: bool) -> OpenSlide:
        """The slide. Raises :class:`NotFoundError` if there is none, or none that may be seen."""
        if (ready := self.remembered(asset_id, preview=preview)) is not None:
            return ready
        return await asyncio.get_running_loop().run_in_executor(None, self.slide_now, asset_id, preview)

    def slide_now(self, asset_id: str, preview: bool) -> OpenSlide:
        """:meth:`slide` on this thread."""
        heard = self._notices.heard()
        state = self._database.read_now(
            lambda c: c.execute(
                sa.select(asset.c.state).where(asset.c.asset_id == asset_id)
            ).scalar_one_or_none()
        )
        if state is None or not _may_see(State(state), preview):
            self._drop(asset_id)
            raise NotFoundError("There is no such slide.")
        with self._lock:
            if len(self._states) >= REMEMBERED_ASSETS:
                self._states.clear()
            if heard == self._notices.heard():
                # Otherwise something changed while the database was asked, and this may be the older answer.
                self._states[asset_id] = _Remembered(State(state), self._monotonic_s() + REMEMBERED_S)
            if (ready := self._open.get(asset_id)) is not None:
                self._open.move_to_end(asset_id)
                return ready
        opened = OpenSlide(open_canonical(self._assets_dir / asset_id))
        with self._lock:
            # Two threads may have opened it at once: one of the two is used, the other closes itself.
            ready = self._open.setdefault(asset_id, opened)
            while len(self._open) > OPEN_SLIDES:
                self._open.popitem(last=False)
            return ready

    def forget(self, asset_id: str) -> None:
        """The asset has changed: look again next time, in every process of the server."""
        self._drop(asset_id)
        self._notices.tell()

    def _drop(self, asset_id: str) -> None:
        with self._lock:
            self._states.pop(asset_id, None)
            self._open.pop(asset_id, None)

    def close(self) -> None:
        """Let go of every slide."""
        with self._lock:
            self._states.clear()
            self._open.clear()


def _may_see(state: State, preview: bool) -> bool:
    return state is State.RELEASED or (preview and state is State.AWAITING_RELEASE)


def read_if_in_memory(place: TileLocation, head: bytes) -> bytearray | None:
    """``head`` and the tile's bytes behind it in one buffer, if the kernel has them in memory; else None.

    A thread reads what would have to come from the disk, so that the event loop never waits for it.
    """
    start = len(head)
    buffer = bytearray(start + place.length)
    buffer[:start] = head
    try:
        read = os.preadv(place.file, (memoryview(buffer)[start:],), place.offset, os.RWF_NOWAIT)
    except OSError:
        # EAGAIN: not in memory. EOPNOTSUPP: a file system without the flag.
        return None
    return buffer if read == place.length else None
