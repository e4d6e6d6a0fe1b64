"""Frames as they stand in the file, whether packed in fragments or laid end to end (PS3.5, A.4)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.formats.dicom import tags
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import Element
from tiling.formats.dicom.instances import Instance
from tiling.limits import Limits

_ITEM = b"\xfe\xff\x00\xe0"
_END = b"\xfe\xff\xdd\xe0"
_STARTS = (b"\xff\xd8", b"\xff\x4f\xff\x51")  # of a JPEG or JPEG-LS image, of a JPEG 2000 codestream


class Frames(Protocol):
    """The frames of one file by number. Thread-safe; raises CorruptSlideError."""

    @property
    def total_bytes(self) -> int: ...

    @property
    def byte_counts(self) -> NDArray[np.int64]: ...

    def read(self, number: int) -> bytes: ...


def open_frames(instance: Instance, limits: Limits) -> Frames:
    """Raises CorruptSlideError where the frames cannot all be found, SlideTooLargeError."""
    if instance.pixels is None:
        raise CorruptSlideError("a DICOM image has no pixel data")
    if instance.transfer_syntax in tags.NATIVE:
        return NativeFrames(instance, instance.pixels)
    return EncapsulatedFrames(instance, instance.pixels, limits)


class NativeFrames:
    """Uncompressed frames, one behind the other."""

    def __init__(self, instance: Instance, pixels: Element) -> None:
        size = instance.frame_size
        pixel_bits = instance.samples * instance.bits_allocated
        if pixel_bits % 8:
            raise CorruptSlideError("the DICOM samples do not fill bytes")
        self._frame_bytes = size.pixel_count * pixel_bits // 8
        self._source = instance.source
        self._start = pixels.offset
        self.total_bytes = self._frame_bytes * instance.frame_count
        self.byte_counts = np.full(instance.frame_count, self._frame_bytes, np.int64)
        if self.total_bytes > pixels.byte_count:
            raise CorruptSlideError("the DICOM pixel data is shorter than its frames")

    def read(self, number: int) -> bytes:
        return _exactly(self._source, self._start + number * self._frame_bytes, self._frame_bytes)


@dataclass(frozen=True, slots=True)
class _Fragments:
    """offsets: of the items, in the file; byte_counts: of what they hold."""

    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]


class EncapsulatedFrames:
    """Compressed frames, each in one or several fragments.

    Which fragments make a frame is said by the extended or the basic offset table. A table that cannot be
    true (a basic one is 32 bits wide, and wraps in large files) is not used: then fragments are counted.
    """

    def __init__(self, instance: Instance, pixels: Element, limits: Limits) -> None:
        self._source = instance.source
        self._limits = limits
        window = ByteWindow(instance.source)
        start = pixels.offset
        head = window.read(start, 8)
        table_bytes = int.from_bytes(head[4:], "little")
        if table_bytes > limits.tag_bytes:
            raise SlideTooLargeError("the table of the DICOM frames is larger than any slide needs")
        if head[:4] != _ITEM:
            raise CorruptSlideError("the DICOM pixel data does not begin with a table of its frames")
        table = np.frombuffer(window.read(start + 8, table_bytes - table_bytes % 4), "<u4").astype(np.int64)
        first = start + 8 + table_bytes
        if instance.extended_offsets is not None:
            table = instance.extended_offsets.astype(np.int64)
        fragments = _walk(instance.source, first, limits)
        firsts = _first_fragments(window, fragments, table + first, instance.frame_count)
        self._items = fragments.offsets
        self._firsts = np.append(firsts, len(fragments.offsets))
        sums = np.append(0, np.cumsum(fragments.byte_counts))
        self.byte_counts = np.diff(sums[self._firsts])
        self.total_bytes = int(sums[-1])
        self._ends = fragments.offsets + 8 + fragments.byte_counts

    def read(self, number: int) -> bytes:
        first, behind = int(self._firsts[number]), int(self._firsts[number + 1])
        if self.byte_counts[number] > self._limits.tile_bytes:
            raise CorruptSlideError("a frame of the slide is larger than any frame needs to be")
        parts = [
            _exactly(self._source, int(self._items[item]) + 8, int(self._ends[item] - self._items[item]) - 8)
            for item in range(first, behind)
        ]
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _walk(source: ByteSource, offset: int, limits: Limits) -> _Fragments:
    offsets: list[int] = []
    counts: list[int] = []
    while (head := _exactly(source, offset, 8))[:4] != _END:
        length = int.from_bytes(head[4:], "little")
        if head[:4] != _ITEM or offset + 8 + length > source.size_bytes:
            raise CorruptSlideError("the DICOM pixel data does not consist of fragments; it may be cut short")
        if len(offsets) == 4 * limits.tiles:
            raise SlideTooLargeError("the DICOM pixel data has more fragments than any slide needs")
        offsets.append(offset)
        counts.append(length)
        offset += 8 + length
    return _Fragments(np.array(offsets, np.int64), np.array(counts, np.int64))


def _first_fragments(
    window: ByteWindow, fragments: _Fragments, table: NDArray[np.int64], frame_count: int
) -> NDArray[np.int64]:
    """The number of each frame's first fragment."""
    if len(table) == frame_count and len(fragments.offsets):
        at = np.searchsorted(fragments.offsets, table).clip(max=len(fragments.offsets) - 1)
        if (fragments.offsets[at] == table).all() and at[0] == 0 and (np.diff(at) > 0).all():
            return at.astype(np.int64)
    if len(fragments.offsets) == frame_count:
        return np.arange(frame_count, dtype=np.int64)
    if frame_count == 1 and len(fragments.offsets):
        return np.zeros(1, np.int64)
    begins = [
        number
        for number, (offset, count) in enumerate(zip(fragments.offsets, fragments.byte_counts, strict=True))
        if window.read(int(offset) + 8, min(4, int(count))).startswith(_STARTS)
    ]
    if len(begins) != frame_count or begins[0] != 0:
        raise CorruptSlideError("the DICOM pixel data does not have as many frames as it should")
    return np.array(begins, np.int64)


def _exactly(source: ByteSource, offset: int, length: int) -> bytes:
    data = source.read_at(offset, length)
    if len(data) != length:
        raise CorruptSlideError("the file ended while it was being read")
    return data
