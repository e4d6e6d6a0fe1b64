"""Where the data set of a DICOM file stands and how it is written down (PS3.10, 7.1; PS3.5, annex A)."""

import zlib
from dataclasses import dataclass

from ground.source import ByteSource
from video.errors import CorruptVideoError, NotAVideoError, VideoError, VideoTooLargeError
from video.formats.dicom import tags
from video.formats.dicom.byte_window import BytesSource, ByteWindow
from video.formats.dicom.data_set import DataSet
from video.formats.dicom.elements import ElementReader, Layout, Span

MAGIC = b"DICM"
PREAMBLE_BYTES = 128
META_OFFSET = 132
MAX_ELEMENTS = 500_000

_MAX_INFLATED_BYTES = 512 * 2**20
_INFLATE_STEP_BYTES = 1 << 20
_META_LAYOUT = Layout(is_explicit=True)
_FIRST_GROUPS = frozenset({0x0002, 0x0008})
_KINDS = frozenset(
    {
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"OB", b"OD",
        b"OF", b"OL", b"OV", b"OW", b"PN", b"SH", b"SL", b"SQ", b"SS", b"ST", b"SV", b"TM", b"UC", b"UI",
        b"UL", b"UN", b"UR", b"US", b"UT", b"UV",
    }
)  # fmt: skip
_MOST_FIRST_BYTES = 1 << 16  # of a first element: group lengths, character sets and image types


@dataclass(frozen=True, slots=True)
class FileLayout:
    """source: what `span` counts in: the file, or its data set inflated. meta: empty where there is none.

    transfer_syntax: as stated, "" where it is not. is_cut: a deflated data set that ends too early.
    """

    source: ByteSource
    meta: Span
    span: Span
    transfer_syntax: str
    is_cut: bool = False

    @property
    def is_inflated(self) -> bool:
        return self.transfer_syntax == tags.DEFLATED


def begins_like_dicom(source: ByteSource) -> bool:
    """With the magic behind the preamble, or, as old archives wrote them, with a data set at once."""
    start = source.read_at(0, META_OFFSET + 12)
    if start[PREAMBLE_BYTES:META_OFFSET] == MAGIC:
        return True
    return _begins_data_set(start)


def _begins_data_set(start: bytes) -> bool:
    """Whether an element of a data set's first groups stands at the very beginning."""
    if len(start) < 12:
        return False
    for layout in (Layout(is_explicit=True), Layout(is_explicit=True, is_big_endian=True)):
        group, number = (int.from_bytes(start[at : at + 2], layout.order) for at in (0, 2))
        if group not in _FIRST_GROUPS or number > 0x0100:
            continue
        if start[4:6] in _KINDS:
            return True
        length = int.from_bytes(start[4:8], layout.order)
        if group == 0x0008 and length % 2 == 0 and length < _MOST_FIRST_BYTES:
            return True
    return False


def find_data_set(source: ByteSource) -> FileLayout:
    """Raises NotAVideoError, CorruptVideoError, VideoTooLargeError."""
    if not begins_like_dicom(source):
        raise NotAVideoError("the file is no DICOM file")
    meta, window = _meta(source), ByteWindow(source)
    end = meta.end
    syntax = DataSet(ElementReader(window, MAX_ELEMENTS), meta).text(tags.TRANSFER_SYNTAX)
    if syntax == tags.DEFLATED:
        data, is_cut = _inflated(source, end)
        span = Span(0, len(data), Layout(is_explicit=True))
        return FileLayout(BytesSource(data), meta, span, syntax, is_cut)
    span = Span(end, source.size_bytes, _layout_at(window, end, syntax))
    return FileLayout(source, meta, span, syntax)


def stated_kind(source: ByteSource) -> str:
    """The kind of data set (SOP class) by the meta information alone; "" where that does not tell."""
    window = ByteWindow(source)
    return DataSet(ElementReader(window, MAX_ELEMENTS), _meta(source)).text(tags.MEDIA_SOP_CLASS)


def _meta(source: ByteSource) -> Span:
    start = META_OFFSET if source.read_at(PREAMBLE_BYTES, 4) == MAGIC else 0
    return Span(start, _end_of_meta(ByteWindow(source), start), _META_LAYOUT)


def _end_of_meta(window: ByteWindow, start: int) -> int:
    """Where its group ends: the length that it states is wrong in some files."""
    end = start
    try:
        whole = Span(start, window.size_bytes, _META_LAYOUT)
        for element in ElementReader(window, MAX_ELEMENTS).elements(whole):
            if element.tag >> 16 != 0x0002:
                break
            end = element.end
    except VideoError:
        pass  # the next element is the data set's, and may be of another layout
    return end


def _layout_at(window: ByteWindow, offset: int, syntax: str) -> Layout:
    """By the first element; what the file states decides only where that leaves a choice.

    Archives rewrote files without rewriting what these say of themselves.
    """
    head = window.read(offset, 8)
    group_little, group_big = int.from_bytes(head[:2], "little"), int.from_bytes(head[:2], "big")
    is_big = group_big < group_little if group_big and group_little else syntax == tags.BIG_ENDIAN
    return Layout(is_explicit=head[4:6] in _KINDS, is_big_endian=is_big)


def _inflated(source: ByteSource, offset: int) -> tuple[bytes, bool]:
    """The data set and whether it ends too early. Raises CorruptVideoError, VideoTooLargeError."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    parts: list[bytes] = []
    total = 0
    try:
        while not inflater.eof:
            piece = inflater.unconsumed_tail
            if not piece:
                piece = source.read_at(offset, _INFLATE_STEP_BYTES)
                offset += len(piece)
                if not piece:
                    break
            part = inflater.decompress(piece, _INFLATE_STEP_BYTES)
            parts.append(part)
            total += len(part)
            if total > _MAX_INFLATED_BYTES:
                raise VideoTooLargeError(
                    f"the deflated DICOM data set has more than {_MAX_INFLATED_BYTES // 2**20} MiB"
                )
    except zlib.error as error:
        if not parts:
            raise CorruptVideoError("the deflated DICOM data set is damaged") from error
    return b"".join(parts), not inflater.eof
