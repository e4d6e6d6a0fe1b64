"""Frames of videos as pictures: decoded on two threads, kept in so many bytes, made once for all who ask."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from server.imagery.cache import RenderCache
from server.imagery.newest_first import NewestFirst
from server.imagery.shelf import OpenVideo

if TYPE_CHECKING:
    from video.canonical import FrameDecoder

THREADS = 2
MOST_WAITING = 128
DECODERS_A_THREAD = 3
"""Each holds two or three frames. People who scrub stay with their video, and there are few of them."""
QUALITY = 92


class Frames:
    """The frames of one server process. For one event loop."""

    def __init__(self, cache_bytes: int) -> None:
        self.cache = RenderCache(cache_bytes)
        self._pool = NewestFirst(THREADS, MOST_WAITING, "frames")
        self._own = threading.local()

    def made(self, opened: OpenVideo, number: int, quality: int) -> bytes | None:
        """A frame's JPEG, if it was made a moment ago."""
        return self.cache.get((opened.etag, number, quality))

    async def jpeg(
        self, opened: OpenVideo, number: int, quality: int = QUALITY, owner: Hashable = None
    ) -> bytes:
        """Frame ``number``, exactly, in the turn of ``owner``.

        Raises FrameNotFoundError, CanonicalVideoError, OverloadedError.
        """
        return await self._once(
            (opened.etag, number, quality), lambda: self._decoded(opened, number, quality, None), owner
        )

    async def strip(
        self,
        opened: OpenVideo,
        numbers: Sequence[int],
        height_px: int,
        owner: Hashable = None,
        *,
        exact: bool,
    ) -> bytes:
        """Small pictures of these frames side by side, or of the nearest of which there are any."""
        key = (opened.etag, "strip", tuple(numbers), height_px, exact)
        return await self._once(key, lambda: self._strip(opened, numbers, height_px, exact=exact), owner)

    async def _once(self, key: Hashable, work: Callable[[], bytes], owner: Hashable) -> bytes:
        async def make(_stop: threading.Event) -> bytes:
            # Cancelled, it is taken out of the line.
            return await asyncio.wrap_future(self._pool.submit(work, owner))

        return await self.cache.get_or_make(key, make)

    def _decoded(self, opened: OpenVideo, number: int, quality: int, height_px: int | None) -> bytes:
        video = opened.video
        first = video.key_frame_at(number)
        samples = video.read(first, number - first + 1)
        return self._decoder(opened).jpeg(samples, quality, height_px)

    def _decoder(self, opened: OpenVideo) -> "FrameDecoder":
        # Here, because with it come decoders, which a process that only serves slides never needs.
        from video.canonical import FrameDecoder  # noqa: PLC0415

        known: OrderedDict[str, FrameDecoder] | None = getattr(self._own, "decoders", None)
        if known is None:
            known = self._own.decoders = OrderedDict()
        decoder = known.pop(opened.etag, None) or FrameDecoder(opened.video.info)
        known[opened.etag] = decoder
        while len(known) > DECODERS_A_THREAD:
            known.popitem(last=False)
        return decoder

    def _strip(self, opened: OpenVideo, numbers: Sequence[int], height_px: int, *, exact: bool) -> bytes:
        from video.canonical.sheet import contact_sheet  # noqa: PLC0415 - as above

        if exact:
            pictures = [self._decoded(opened, number, QUALITY, height_px) for number in numbers]
        else:
            pictures = [opened.video.strip_thumbnail(number)[1] for number in numbers]
        return contact_sheet(pictures, opened.video.info, height_px)

    def close(self) -> None:
        """Decode no more."""
        self._pool.close()
