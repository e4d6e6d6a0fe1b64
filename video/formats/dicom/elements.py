"""The elements of a DICOM data set, one after the other, as they stand in the file (PS3.5, chapter 7).

Nothing is interpreted that is not asked for. Sequences are entered on demand; their end is found by walking
where it is not stated. However damaged or hostile a file is, the walk ends: each step goes forward, the
number of steps and the depth are bounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from video.errors import CorruptVideoError, VideoTooLargeError
from video.formats.dicom.byte_window import ByteWindow
from video.formats.dicom.tags import PIXEL_DATA

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF

_MAX_DEPTH = 16
# Kinds with a length of two bytes; all that came later, and all that will, have four (PS3.5, 7.1.2).
_SHORT_FORM = frozenset(
    {
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO",
        b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How a data set is written down."""

    is_explicit: bool
    is_big_endian: bool = False

    @property
    def order(self) -> Literal["little", "big"]:
        return "big" if self.is_big_endian else "little"


@dataclass(frozen=True, slots=True)
class Element:
    """One element. vr: b"" where the file does not state it; start, offset, end: of the whole element, of its
    value, and behind it.

    is_encapsulated: consists of fragments; then `end` is the end of what it stands in. is_cut: the file
    ends before the value does; only ever pixel data.
    """

    tag: int
    vr: bytes
    start: int
    offset: int
    end: int
    layout: Layout
    is_sequence: bool = False
    is_encapsulated: bool = False
    is_cut: bool = False

    @property
    def byte_count(self) -> int:
        return self.end - self.offset


@dataclass(frozen=True, slots=True)
class Span:
    """Where a data set's elements stand. An item of undefined length ends with a delimiter before `end`."""

    start: int
    end: int
    layout: Layout
    is_delimited: bool = False


class ElementReader:
    """Walks data sets. Raises CorruptVideoError, VideoTooLargeError.

    max_elements: that are looked at in all; it bounds the time that a hostile file can take.
    """

    def __init__(self, window: ByteWindow, max_elements: int) -> None:
        self.window = window
        self._left = max_elements

    def elements(self, span: Span, depth: int = 0) -> Iterator[Element]:
        """The elements of a data set; those of its sequences are not among them."""
        for element in self._walk(span, depth):
            if element.tag != ITEM_END:
                yield element

    def items(self, sequence: Element, depth: int) -> Iterator[Span]:
        """The data sets of a sequence. depth: how many sequences this one stands in."""
        offset = sequence.offset
        while offset + 8 <= sequence.end:
            tag, length = self.item_header(offset, sequence.layout)
            if tag == SEQUENCE_END:
                return
            if tag != ITEM:
                raise CorruptVideoError("a DICOM sequence holds something else than items")
            offset += 8
            if length == UNDEFINED:
                span = Span(offset, sequence.end, sequence.layout, is_delimited=True)
                end = self._end_of(span, depth + 1)
            else:
                end = offset + length
                if end > sequence.end:
                    raise CorruptVideoError("an item of a DICOM sequence is longer than the sequence")
                span = Span(offset, end, sequence.layout)
            yield span
            offset = end

    def item_header(self, offset: int, layout: Layout) -> tuple[int, int]:
        """Tag and the next four bytes, as a length."""
        head = self.window.read(offset, 8)
        order = layout.order
        group, number = int.from_bytes(head[:2], order), int.from_bytes(head[2:4], order)
        return group << 16 | number, int.from_bytes(head[4:], order)

    def fragments_end(self, element: Element) -> int:
        """Behind the delimiter of encapsulated data, or the end of the file where it has none."""
        offset = element.offset
        while offset + 8 <= element.end:
            tag, length = self.item_header(offset, element.layout)
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM or length == UNDEFINED or offset + length > element.end:
                break
            offset += length
        return element.end

    def _end_of(self, span: Span, depth: int) -> int:
        """Behind the delimiter of an item of undefined length."""
        for element in self._walk(span, depth):
            if element.tag == ITEM_END:
                return element.end
        raise CorruptVideoError("an item of a DICOM sequence does not end")

    def _walk(self, span: Span, depth: int) -> Iterator[Element]:
        if depth > _MAX_DEPTH:
            raise VideoTooLargeError("the DICOM sequences are nested deeper than any picture needs")
        offset = span.start
        while offset < span.end:
            self._left -= 1
            if self._left < 0:
                raise VideoTooLargeError("the DICOM file has more elements than any picture needs")
            element = self._element(offset, span, depth)
            if element.tag == ITEM_END and not span.is_delimited:
                raise CorruptVideoError("a DICOM data set ends where no item began")
            yield element
            if element.tag == ITEM_END:
                return
            offset = self.fragments_end(element) if element.is_encapsulated else element.end

    def _element(self, start: int, span: Span, depth: int) -> Element:
        layout = span.layout
        tag, length = self.item_header(start, layout)
        if tag >> 16 == 0xFFFE:
            if tag != ITEM_END or length:
                raise CorruptVideoError("a delimiter stands in a DICOM data set where none belongs")
            return Element(tag, b"", start, start + 8, start + 8, layout)
        vr, offset = b"", start + 8
        if layout.is_explicit:
            letters = self.window.read(start + 4, 2)
            # Some writers leave kinds out in the middle of a data set that states them.
            if letters.isalpha() and letters.isupper():
                vr = letters
        if vr in _SHORT_FORM:
            length = int.from_bytes(self.window.read(start + 6, 2), layout.order)
        elif vr:
            length = int.from_bytes(self.window.read(start + 8, 4), layout.order)
            offset = start + 12
        # Items of an unknown sequence are coded without kinds even in a file that states them (PS3.5, 6.2.2).
        inner = Layout(layout.is_explicit and vr != b"UN", layout.is_big_endian)
        if length == UNDEFINED:
            if tag == PIXEL_DATA or vr in (b"OB", b"OW"):
                return Element(tag, vr, start, offset, span.end, layout, is_encapsulated=True)
            end = self._end_of_sequence(offset, span.end, depth, inner)
            return Element(tag, vr, start, offset, end, inner, is_sequence=True)
        end = offset + length
        if end > span.end:
            if tag == PIXEL_DATA and depth == 0:
                return Element(tag, vr, start, offset, span.end, layout, is_cut=True)
            raise CorruptVideoError(
                "a DICOM element is longer than what it stands in; the file may be cut short"
            )
        is_sequence = vr == b"SQ" or (vr in (b"", b"UN") and length >= 8 and self._is_item(offset, layout))
        return Element(tag, vr, start, offset, end, inner, is_sequence=is_sequence)

    def _is_item(self, offset: int, layout: Layout) -> bool:
        return self.item_header(offset, layout)[0] == ITEM

    def _end_of_sequence(self, start: int, limit: int, depth: int, layout: Layout) -> int:
        offset = start
        while True:
            tag, length = self.item_header(offset, layout)
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM:
                raise CorruptVideoError("a DICOM sequence holds something else than items")
            if length == UNDEFINED:
                offset = self._end_of(Span(offset, limit, layout, is_delimited=True), depth + 1)
            else:
                offset += length
            if offset > limit:
                raise CorruptVideoError("an item of a DICOM sequence is longer than the sequence")
