"""The elements of a DICOM data set, one after the other, as they stand in the file (PS3.5, chapter 7).

Nothing is interpreted that is not asked for, nothing is kept: a data set of a million elements takes no
more memory than one of ten. Sequences are entered on demand; their end is found by walking where it is not
stated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.formats.dicom.byte_window import ByteWindow

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
PIXEL_DATA = 0x7FE00010

_UNDEFINED = 0xFFFFFFFF
_MAX_DEPTH = 16
_LONG_FORM = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_ITEM_BYTES = ITEM.to_bytes(4, "big")[1::-1] + b"\x00\xe0"


@dataclass(frozen=True, slots=True)
class Element:
    """One element. vr: b"" where the file does not state it; offset, end: of its value in the file.

    Of a sequence of undefined length, end is behind the delimiter. is_explicit: how its items are coded.
    is_encapsulated: consists of fragments; then end is not known, and is the end of the file.
    """

    tag: int
    vr: bytes
    offset: int
    end: int
    is_sequence: bool
    is_explicit: bool
    is_encapsulated: bool = False

    @property
    def byte_count(self) -> int:
        return self.end - self.offset


@dataclass(frozen=True, slots=True)
class Span:
    """Where a data set's elements stand. An item of undefined length ends with a delimiter before `end`."""

    start: int
    end: int
    is_explicit: bool
    is_delimited: bool = False


class ElementReader:
    """Walks data sets in little-endian order. Raises CorruptSlideError, SlideTooLargeError.

    max_elements: that are looked at in all; it bounds the time that a hostile file can take.
    """

    def __init__(self, window: ByteWindow, max_elements: int) -> None:
        self._window = window
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
            tag, length = self._item_header(offset)
            if tag == SEQUENCE_END:
                return
            if tag != ITEM:
                raise CorruptSlideError("a DICOM sequence holds something else than items")
            offset += 8
            if length == _UNDEFINED:
                span = Span(offset, sequence.end, sequence.is_explicit, is_delimited=True)
                end = self._end_of(span, depth + 1)
            else:
                end = offset + length
                if end > sequence.end:
                    raise CorruptSlideError("an item of a DICOM sequence is longer than the sequence")
                span = Span(offset, end, sequence.is_explicit)
            yield span
            offset = end

    def value(self, element: Element, max_bytes: int) -> bytes:
        if element.byte_count > max_bytes:
            raise SlideTooLargeError("a DICOM element is larger than any slide needs")
        return self._window.read(element.offset, element.byte_count)

    def fragments_end(self, element: Element) -> int:
        """Behind the delimiter of encapsulated data; its fragments are stepped over (PS3.5, A.4)."""
        offset = element.offset
        while True:
            tag, length = self._item_header(offset)
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM or length == _UNDEFINED or offset + length > element.end:
                raise CorruptSlideError(
                    "the DICOM pixel data does not consist of fragments; it may be cut short"
                )
            offset += length

    def closed(self, element: Element) -> Element:
        """The same element with its true end, where it is encapsulated."""
        if not element.is_encapsulated:
            return element
        return replace(element, end=self.fragments_end(element))

    def is_item(self, offset: int) -> bool:
        """Whether an item of a sequence begins here."""
        return self._window.read(offset, 4) == _ITEM_BYTES

    def _end_of(self, span: Span, depth: int) -> int:
        """Behind the delimiter of an item of undefined length."""
        for element in self._walk(span, depth):
            if element.tag == ITEM_END:
                return element.end
        raise CorruptSlideError("an item of a DICOM sequence does not end")

    def _walk(self, span: Span, depth: int) -> Iterator[Element]:
        if depth > _MAX_DEPTH:
            raise CorruptSlideError("the DICOM sequences are nested deeper than any slide needs")
        offset = span.start
        while offset < span.end:
            self._left -= 1
            if self._left < 0:
                raise SlideTooLargeError("the DICOM file has more elements than any slide needs")
            element = self._element(offset, span, depth)
            if element.tag == ITEM_END and not span.is_delimited:
                raise CorruptSlideError("a DICOM data set ends where no item began")
            yield element
            if element.tag == ITEM_END:
                return
            offset = self.fragments_end(element) if element.is_encapsulated else element.end

    def _element(self, offset: int, span: Span, depth: int) -> Element:
        tag, length = self._item_header(offset)
        if tag >> 16 == 0xFFFE:
            if tag != ITEM_END or length:
                raise CorruptSlideError("a delimiter stands in a DICOM data set where none belongs")
            return Element(tag, b"", offset + 8, offset + 8, is_sequence=False, is_explicit=span.is_explicit)
        vr, start = b"", offset + 8
        if span.is_explicit:
            vr = length.to_bytes(4, "little")[:2]
            if not (vr.isalpha() and vr.isupper()):
                raise CorruptSlideError("a DICOM element is of no known kind; the file may be damaged")
            if vr in _LONG_FORM:
                length = int.from_bytes(self._window.read(offset + 8, 4), "little")
                start += 4
            else:
                length >>= 16
        # Items of an unknown sequence are coded without kinds even in a file that states them (PS3.5, 6.2.2).
        items_are_explicit = span.is_explicit and vr != b"UN"
        if length == _UNDEFINED:
            if tag == PIXEL_DATA or vr in (b"OB", b"OW"):
                return Element(tag, vr, start, span.end, False, items_are_explicit, is_encapsulated=True)
            end = self._end_of_sequence(start, span.end, depth, is_explicit=items_are_explicit)
            return Element(tag, vr, start, end, is_sequence=True, is_explicit=items_are_explicit)
        end = start + length
        if end > span.end:
            raise CorruptSlideError(
                "a DICOM element is longer than what it stands in; the file may be cut short"
            )
        is_sequence = vr == b"SQ" or (vr in (b"", b"UN") and length >= 8 and self.is_item(start))
        return Element(tag, vr, start, end, is_sequence=is_sequence, is_explicit=items_are_explicit)

    def _end_of_sequence(self, start: int, limit: int, depth: int, *, is_explicit: bool) -> int:
        offset = start
        while True:
            tag, length = self._item_header(offset)
            offset += 8
            if tag == SEQUENCE_END:
                return offset
            if tag != ITEM:
                raise CorruptSlideError("a DICOM sequence holds something else than items")
            if length == _UNDEFINED:
                span = Span(offset, limit, is_explicit, is_delimited=True)
                offset = self._end_of(span, depth + 1)
            else:
                offset += length
            if offset > limit:
                raise CorruptSlideError("an item of a DICOM sequence is longer than the sequence")

    def _item_header(self, offset: int) -> tuple[int, int]:
        """Tag and the next four bytes, as a length."""
        head = self._window.read(offset, 8)
        group, element = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
        return group << 16 | element, int.from_bytes(head[4:], "little")
