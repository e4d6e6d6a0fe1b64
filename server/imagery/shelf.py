"""The shelves of open slides and videos: who may see an asset's pixels, and where they lie.

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
from typing import TYPE_CHECKING, Generic, TypeVar

import sqlalchemy as sa

from server.catalog import AssetKind, State
from server.db import Database
from server.db.notices import Notices
from server.db.schema import asset
from server.errors import NotFoundError
from server.imagery.openings import RecentOpenings
from tiling.canonical import CanonicalSlide, TileLocation, open_canonical

if TYPE_CHECKING:
    from video.canonical import CanonicalVideo

REMEMBERED_S = 2.0
"""How long a change of state by a command beside the server may go unnoticed."""
OPEN_SLIDES = 128
REMEMBERED_ASSETS = 4096


class OpenSlide:
    """A slide on the shelf.

    It is closed when the last reader lets go of it, not when it leaves the shelf: a file descriptor that is
    closed under a reader would give him another file's bytes.
    """

    __slots__ = ("etag", "is_final", "slide")

    def __init__(self, slide: CanonicalSlide, *, is_final: bool) -> None:
        self.slide = slide
        self.etag = slide.info.digest[:16]
        self.is_final = is_final
        """Released: what it shows stays so. Before that, another scrub may put other pixels in its place."""

    def __del__(self) -> None:
        self.slide.close()


@dataclass(frozen=True, slots=True)
class _Remembered:
    state: State
    until_s: float


@dataclass(frozen=True, slots=True)
class _Version:
    """Which of an asset's results is open: another scrub makes another file under the same id."""

    state: State
    canonical_sha256: str | None
    updated_at: str | None
    """Until the release: another scrub may change no more than what lies beside the same pixels."""


class OpenVideo:
    """A video on the shelf; closed like a slide."""

    __slots__ = ("etag", "is_final", "video")

    def __init__(self, video: "CanonicalVideo", *, is_final: bool) -> None:
        self.video = video
        self.etag = video.info.digest[:16]
        self.is_final = is_final
        """As of a slide."""

    def read_coded(self, offset: int, length: int) -> bytes:
        """Bytes of video.mp4, of a range that :meth:`CanonicalVideo.locate` gave."""
        return os.pread(self.video.locate(0).file, length, offset)

    def __del__(self) -> None:
        self.video.close()


Opened = TypeVar("Opened")


class Shelf(Generic[Opened]):
    """The assets of one kind in one data folder; thread-safe."""

    kind: AssetKind
    missing: str
    """What is said where there is none."""

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
        self._open: OrderedDict[str, tuple[_Version, Opened]] = OrderedDict()
        self._states: dict[str, _Remembered] = {}
        self._notices = notices or Notices()
        self._heard = self._notices.heard()
        self.openings = RecentOpenings()

    def _open_folder(self, folder: Path, *, is_final: bool) -> Opened:
        raise NotImplementedError

    def remembered(self, asset_id: str, *, preview: bool) -> Opened | None:
        """The asset, if it is open and its state was looked up a moment ago; None: use :meth:`opened`.

        With ``preview`` an asset that awaits its release may be seen too.
        """
        if (heard := self._notices.heard()) != self._heard:
            with self._lock:
                self._states.clear()
                self._heard = heard
        known = self._states.get(asset_id)
        if known is None or known.until_s < self._monotonic_s() or not _may_see(known.state, preview):
            return None
        entry = self._open.get(asset_id)
        return entry[1] if entry is not None else None

    async def opened(self, asset_id: str, *, preview: bool) -> Opened:
        """The asset. Raises :class:`NotFoundError` if there is none, or none that may be seen."""
        if (ready := self.remembered(asset_id, preview=preview)) is not None:
            return ready
        return await asyncio.get_running_loop().run_in_executor(None, self.opened_now, asset_id, preview)

    def opened_now(self, asset_id: str, preview: bool) -> Opened:
        """:meth:`opened` on this thread."""
        heard = self._notices.heard()
        query = sa.select(asset.c.state, asset.c.canonical_sha256, asset.c.updated_at).where(
            asset.c.asset_id == asset_id, asset.c.kind == self.kind
        )
        row = self._database.read_now(lambda c: c.execute(query).one_or_none())
        if row is None or not _may_see(State(row.state), preview):
            self._drop(asset_id)
            raise NotFoundError(self.missing)
        state = State(row.state)
        is_final = state is State.RELEASED
        version = _Version(state, row.canonical_sha256, None if is_final else row.updated_at)
        with self._lock:
            if len(self._states) >= REMEMBERED_ASSETS:
                self._states.clear()
            ready = self._open.get(asset_id)
            if ready is not None and ready[0] != version:
                del self._open[asset_id]
                ready = None
            if heard == self._notices.heard():
                # Otherwise something changed while the database was asked, and this may be the older answer.
                until_s = self._monotonic_s() + REMEMBERED_S
                self._states[asset_id] = _Remembered(version.state, until_s)
            if ready is not None:
                self._open.move_to_end(asset_id)
                return ready[1]
        opened = self._open_folder(self._assets_dir / asset_id, is_final=is_final)
        with self._lock:
            # Two threads may have opened it at once: one of the two is used, the other closes itself.
            ready = self._open.get(asset_id)
            if ready is None or ready[0] != version:
                ready = self._open[asset_id] = (version, opened)
            while len(self._open) > OPEN_SLIDES:
                self._open.popitem(last=False)
            return ready[1]

    def forget(self, asset_id: str) -> None:
        """The asset has changed: look again next time, in every process of the server."""
        self._drop(asset_id)
        self._notices.tell()

    def _drop(self, asset_id: str) -> None:
        with self._lock:
            self._states.pop(asset_id, None)
            self._open.pop(asset_id, None)

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._states.clear()
            self._open.clear()


class SlideShelf(Shelf[OpenSlide]):
    """The slides of one data folder; thread-safe."""

    kind = AssetKind.SLIDE
    missing = "There is no such slide."

    def _open_folder(self, folder: Path, *, is_final: bool) -> OpenSlide:
        return OpenSlide(open_canonical(folder), is_final=is_final)


class VideoShelf(Shelf[OpenVideo]):
    """The videos and loops of one data folder; thread-safe."""

    kind = AssetKind.VIDEO
    missing = "There is no such video."

    def _open_folder(self, folder: Path, *, is_final: bool) -> OpenVideo:
        # Here, because with it come decoders, which a process that only serves slides never needs.
        from video.canonical import open_canonical_video  # noqa: PLC0415

        return OpenVideo(open_canonical_video(folder), is_final=is_final)


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
