"""Frames as they stand in the file, whether packed in fragments or laid end to end (PS3.5, 8.2 and A.4)."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ground.source import ByteSource
from video.errors import CorruptVideoError, VideoTooLargeError
from video.formats.dicom import tags
from video.formats.dicom.byte_window import ByteWindow
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.elements import ITEM, SEQUENCE_END, UNDEFINED, ElementReader, Layout
from video.formats.dicom.frame_header import begins_frame, ends_image
from video.formats.dicom.image import YBR_FULL_422, Image
from video.limits import Limits

_LITTLE_ENDIAN = Layout(is_explicit=True)
_FRAGMENTS_A_FRAME = 64
_ITEM = b"\xfe\xff\x00\xe0"
_LONGEST_START = 12
_LONGEST_END = 16


class FrameBytes(Protocol):
    """The frames of a file by number. Raises CorruptVideoError, VideoTooLargeError."""

    @property
    def frame_count(self) -> int:
        """Of the frames that are there in full."""
        ...

    def read(self, number: int) -> bytes: ...


class NativeFrames:
    """Uncompressed frames, one behind the other; of less than 8 bits they need not begin on a byte.

    is_subsampled: chroma has half of luma's samples across, as YBR_FULL_422 says; where the data are too
    long for that, they are not.
    """

    def __init__(self, image: Image, source: ByteSource) -> None:
        self._source = source
        self._start = image.pixels.offset
        available = image.pixels.byte_count
        pixels = image.width_px * image.height_px
        full_bits = pixels * image.samples * image.bits_allocated
        half_bits = (image.width_px + image.width_px % 2) * image.height_px * 2 * image.bits_allocated
        count = image.frame_count or 1
        self.is_subsampled = image.photometric in (YBR_FULL_422, "YBR_PARTIAL_422") and (
            8 * available < count * full_bits or image.pixels.is_cut
        )
        self.frame_bits = half_bits if self.is_subsampled else full_bits
        there = 8 * available // self.frame_bits
        self.frame_count = min(there, image.frame_count) if image.frame_count is not None else there
        if image.frame_count is None and there * self.frame_bits + 8 < 8 * available:
            # Without a number of frames only data that are nothing else than frames are several of them.
            self.frame_count = min(1, there)
        element = image.pixels
        is_wide = image.bits_allocated > 8
        self._swaps = element.layout.is_big_endian and not is_wide and element.vr == b"OW"

    def read(self, number: int) -> bytes:
        """Of less than 8 bits: the bytes in which the frame lies; `first_bit` says where it begins."""
        begin, end = number * self.frame_bits // 8, -((number + 1) * self.frame_bits // -8)
        if not self._swaps:
            return _exactly(self._source, self._start + begin, end - begin)
        # Bytes in words, and the words turned round (PS3.5, 8.1.1 and annex D).
        aligned = begin - begin % 2
        words = self._source.read_at(self._start + aligned, end + end % 2 - aligned)
        turned = np.frombuffer(words[: len(words) // 2 * 2], ">u2").astype("<u2").tobytes()
        return turned[begin - aligned : end - aligned]

    def first_bit(self, number: int) -> int:
        return number * self.frame_bits % 8


@dataclass(frozen=True, slots=True)
class Fragments:
    """offsets: of what the items hold, in the file; byte_counts: of that.

    is_complete: the delimiter behind the last one is there. cut: offset and size of what there is of a
    fragment that the file's end cuts off.
    """

    offsets: NDArray[np.int64]
    byte_counts: NDArray[np.int64]
    table: NDArray[np.int64]
    is_complete: bool
    cut: tuple[int, int] | None = None


class EncapsulatedFrames:
    """Compressed frames, each in one or several fragments.

    Which fragments make a frame is said by the extended or the basic offset table. A table that cannot be
    true (a basic one is 32 bits wide, and wraps in large files) is not used: then each fragment that begins
    like a picture begins a frame, or else fragments are counted.
    """

    def __init__(self, image: Image, source: ByteSource, fragments: Fragments, limits: Limits) -> None:
        self._source = source
        self._fragments = fragments
        pixels = image.width_px * image.height_px * max(3, image.samples)
        self._most_bytes = 2 * pixels * max(1, image.bits_allocated // 8) + 2**20
        if len(fragments.offsets) > _FRAGMENTS_A_FRAME * limits.frames:
            raise VideoTooLargeError("the DICOM pixel data has more fragments than any clip needs")
        firsts = _first_fragments(source, fragments, image.frame_count)
        self._firsts = np.append(firsts, len(fragments.offsets))
        count = len(firsts)
        # The last frame may go on in what is cut off.
        is_whole = fragments.is_complete or not count or self._ends(count - 1)
        self.frame_count = count if is_whole else count - 1

    def _ends(self, number: int) -> bool:
        """By its last bytes; run-length coded frames have no end that shows, and are one fragment each."""
        begin, last = int(self._firsts[number]), int(self._firsts[number + 1]) - 1
        offsets, counts = self._fragments.offsets, self._fragments.byte_counts
        if not _begins(self._source, self._fragments, np.array([begin]))[0]:
            return bool((np.diff(self._firsts) == 1).all())
        size = min(_LONGEST_END, int(counts[last]))
        tail = self._source.read_at(int(offsets[last] + counts[last]) - size, size)
        return ends_image(tail)

    def read(self, number: int) -> bytes:
        first, behind = int(self._firsts[number]), int(self._firsts[number + 1])
        offsets, counts = self._fragments.offsets[first:behind], self._fragments.byte_counts[first:behind]
        if int(counts.sum()) > self._most_bytes:
            raise CorruptVideoError("a frame is larger in the file than it would be without compression")
        return b"".join(
            _exactly(self._source, int(offset), int(count))
            for offset, count in zip(offsets, counts, strict=True)
        )


def is_encapsulated(image: Image, source: ByteSource) -> bool:
    """By the data: there are fragments of a stated length, and compressed codings without fragments."""
    if image.pixels.is_encapsulated:
        return True
    return image.transfer_syntax not in tags.NATIVE and source.read_at(image.pixels.offset, 4) == _ITEM


def read_fragments(image: Image, data_set: DataSet, source: ByteSource, limits: Limits) -> Fragments:
    """All fragments that are there in full. Raises CorruptVideoError, VideoTooLargeError."""
    reader = ElementReader(ByteWindow(source), 1)
    offset, end = image.pixels.offset, image.pixels.end
    offsets: list[int] = []
    counts: list[int] = []
    cut: tuple[int, int] | None = None
    is_complete = False
    while offset + 8 <= end:
        tag, length = reader.item_header(offset, _LITTLE_ENDIAN)
        offset += 8
        if tag == SEQUENCE_END:
            is_complete = True
            break
        if tag != ITEM or length == UNDEFINED:
            break
        if offset + length > end:
            cut = (offset, end - offset)
            break
        if len(offsets) > _FRAGMENTS_A_FRAME * limits.frames:
            raise VideoTooLargeError("the DICOM pixel data has more fragments than any clip needs")
        offsets.append(offset)
        counts.append(length)
        offset += length
    if not offsets:
        raise CorruptVideoError("the DICOM pixel data does not consist of fragments; it may be cut short")
    is_complete |= not image.pixels.is_encapsulated and offset == end
    table_bytes = source.read_at(offsets[0], min(counts[0] - counts[0] % 4, 8 * limits.frames))
    table = np.frombuffer(table_bytes, "<u4").astype(np.int64)
    extended = data_set.array(tags.EXTENDED_OFFSETS, "u8", 8 * limits.frames)
    if extended.dtype.itemsize == 8 and len(extended):
        table = extended.astype(np.int64)
    first = offsets[0] + counts[0] + 8
    return Fragments(
        np.array(offsets[1:], np.int64), np.array(counts[1:], np.int64), table + first, is_complete, cut
    )


def _first_fragments(source: ByteSource, fragments: Fragments, frame_count: int | None) -> NDArray[np.int64]:
    """The number of each frame's first fragment."""
    total = len(fragments.offsets)
    if not total:
        return np.zeros(0, np.int64)
    begins = _begins(source, fragments, np.arange(total))
    by_table = _by_table(fragments, begins)
    if by_table is not None:
        return by_table
    if total != frame_count and begins[0]:
        return np.flatnonzero(begins).astype(np.int64)
    if total != frame_count and frame_count in (None, 1) and fragments.is_complete:
        return np.zeros(1, np.int64)
    return np.arange(total, dtype=np.int64)


def _by_table(fragments: Fragments, begins: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    table, offsets = fragments.table, fragments.offsets
    if not fragments.is_complete:
        table = table[table <= offsets[-1]]
    if not len(table):
        return None
    at = np.searchsorted(offsets, table).clip(max=len(offsets) - 1)
    if (offsets[at] != table).any() or at[0] != 0 or (np.diff(at) <= 0).any():
        return None
    # A table that speaks of the first frame only, in a file of many, is a common lie.
    if begins[0] and (not begins[at].all() or begins.sum() > len(at)):
        return None
    return at.astype(np.int64)


def _begins(source: ByteSource, fragments: Fragments, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    starts = ((int(fragments.offsets[n]), int(fragments.byte_counts[n])) for n in numbers)
    return np.array([begins_frame(source.read_at(o, min(_LONGEST_START, count))) for o, count in starts])


def _exactly(source: ByteSource, offset: int, length: int) -> bytes:
    data = source.read_at(offset, length)
    if len(data) != length:
        raise CorruptVideoError("the file ended while it was being read")
    return data
