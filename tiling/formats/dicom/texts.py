"""What a DICOM file says in words, wherever it says it: in standard and private elements, however nested.

Numbers are left out, and so are the codes and identifiers that the standard itself defines: they say nothing
about a patient, and a large slide repeats them for every frame.
"""

import re
from collections.abc import Iterator

from ground.source import ByteSource
from tiling.errors import TilingError
from tiling.formats.dicom import tags
from tiling.formats.dicom.byte_window import ByteWindow
from tiling.formats.dicom.elements import PIXEL_DATA, Element, ElementReader, Span
from tiling.formats.dicom.instances import MAX_ELEMENTS, META_OFFSET, PREAMBLE_BYTES, data_set_span, is_dicom
from tiling.limits import Limits
from tiling.tiff.profile_texts import texts_of_profile
from tiling.tiff.texts import texts_of_jpeg_header

_MIN_BYTES = 6
_TEXT_KINDS = frozenset(
    {
        b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"LT",
        b"PN", b"SH", b"ST", b"TM", b"UC", b"UI", b"UR", b"UT",
    }
)  # fmt: skip
_UNKNOWN_KINDS = frozenset({b"", b"OB", b"OW", b"UN", b"OL", b"OV", b"OD", b"OF"})
_STANDARD_UID = b"1.2.840.10008."
_PRINTABLE = re.compile(rb"[\x20-\x7e\x80-\xff]{6,}")
_PRINTABLE_ASCII = re.compile(rb"[\x20-\x7e]{6,}")
_PRINTABLE_UTF16 = re.compile(rb"(?:[\x20-\x7e]\0){6,}")
_DECIMAL = re.compile(rb"[ +-]?[0-9.]{1,24}([eE][+-]?\d{1,3})? *")
_SEPARATORS = re.compile(rb"[\\=]")
_PIXEL_DATA_TAG = b"\xe0\x7f\x10\x00"
_FOREIGN_BYTES = 1 << 20
_HEADER_BYTES = 1 << 16
_NUMBERS_OF_IMAGES = frozenset({0x0018, 0x0020, 0x0022, 0x0028, 0x0040, 0x0048, 0x5200, 0x7FE0})
# Python's names of the character sets of PS3.3, C.12.1.1.2; what is not here reads as Latin-1 or UTF-8.
_CODECS = {
    b"ISO_IR 101": "latin2",
    b"ISO_IR 109": "iso8859_3",
    b"ISO_IR 110": "iso8859_4",
    b"ISO_IR 144": "iso8859_5",
    b"ISO_IR 127": "iso8859_6",
    b"ISO_IR 126": "iso8859_7",
    b"ISO_IR 138": "iso8859_8",
    b"ISO_IR 148": "iso8859_9",
    b"ISO_IR 203": "iso8859_15",
    b"ISO_IR 13": "shift_jis",
    b"ISO_IR 166": "iso8859_11",
    b"ISO 2022 IR 13": "shift_jis",
    b"ISO 2022 IR 87": "iso2022_jp_2",
    b"ISO 2022 IR 159": "iso2022_jp_2",
    b"ISO 2022 IR 149": "euc_kr",
    b"ISO 2022 IR 58": "gb2312",
    b"GB18030": "gb18030",
    b"GBK": "gbk",
}


def texts_of(source: ByteSource, limits: Limits) -> Iterator[bytes]:
    """Texts of at least six bytes, as they stand in the file and, where that differs, in UTF-8."""
    if not is_dicom(source):
        yield from _of_foreign(source.read_at(0, _FOREIGN_BYTES))
        return
    yield from _runs(source.read_at(0, PREAMBLE_BYTES))
    yield from _texts_of_data_set(source, limits)


def _of_foreign(data: bytes) -> Iterator[bytes]:
    """The lines of a text, what reads like text in anything else."""
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError:
        lines = []
    if lines and all(line.isprintable() for line in lines):
        yield from (line.encode() for line in lines if len(line.encode()) >= _MIN_BYTES)
    else:
        yield from _runs(data)


def _texts_of_data_set(source: ByteSource, limits: Limits) -> Iterator[bytes]:
    """Element by element; of what follows the last one that can be read, whatever reads like text."""
    reader = ElementReader(ByteWindow(source), MAX_ELEMENTS)
    end = META_OFFSET
    codecs: list[str] = []
    try:
        span, _ = data_set_span(reader, source)
        for part in (Span(META_OFFSET, span.start, is_explicit=True), span):
            for element in reader.elements(part):
                if element.tag == tags.CHARACTER_SET:
                    codecs = _codecs(reader.value(element, limits.text_bytes))
                if element.tag == PIXEL_DATA:
                    whole = reader.closed(element)
                    if element.is_encapsulated:
                        size = min(_HEADER_BYTES, whole.byte_count)
                        yield from _of_first_frame(source.read_at(element.offset, size))
                    end = whole.end
                else:
                    yield from _texts_in(reader, element, codecs, limits, 0)
                    end = element.end
    except TilingError:
        pass  # what cannot be walked follows below
    rest = source.read_at(end, min(_FOREIGN_BYTES, source.size_bytes - end))
    # Image data reads like text in places, too, and may be that of level 0.
    yield from _runs(rest.partition(_PIXEL_DATA_TAG)[0])


def _codecs(character_sets: bytes) -> list[str]:
    names = (name.strip(b" \0") for name in character_sets.split(b"\\"))
    return [_CODECS[name] for name in names if name in _CODECS]


def _texts_in(
    reader: ElementReader, element: Element, codecs: list[str], limits: Limits, depth: int
) -> Iterator[bytes]:
    if element.is_sequence:
        for item in reader.items(element, depth):
            for inner in reader.elements(item, depth + 1):
                yield from _texts_in(reader, inner, codecs, limits, depth + 1)
        return
    if element.byte_count < _MIN_BYTES:
        return
    if element.vr in _TEXT_KINDS:
        value = reader.value(element, max(limits.text_bytes, element.byte_count))
        yield from _of_text(value, element, codecs)
    elif element.tag == tags.ICC_PROFILE:
        yield from texts_of_profile(reader.value(element, max(limits.tag_bytes, element.byte_count)))
    elif element.vr in _UNKNOWN_KINDS:
        yield from _of_unknown(
            reader.value(element, max(limits.tag_bytes, element.byte_count)), element, codecs
        )


def _of_text(value: bytes, element: Element, codecs: list[str]) -> Iterator[bytes]:
    is_number = element.vr in (b"DS", b"IS") and element.tag >> 16 in _NUMBERS_OF_IMAGES
    for part in {value, *_SEPARATORS.split(value)}:
        text = part.strip(b" \0")
        if len(text) < _MIN_BYTES or (element.vr == b"UI" and text.startswith(_STANDARD_UID)):
            continue
        if is_number and all(_DECIMAL.fullmatch(number) for number in text.split(b"\\")):
            continue
        yield text
        for codec in codecs:
            decoded = text.decode(codec, "ignore").encode()
            if decoded != text and len(decoded) >= _MIN_BYTES:
                yield decoded


def _of_unknown(value: bytes, element: Element, codecs: list[str]) -> Iterator[bytes]:
    """A value of a kind that is not stated: a text if it reads like one, otherwise what in it does."""
    text = value.rstrip(b" \0")
    if _PRINTABLE.fullmatch(text) or b"\x1b" in text:
        yield from _of_text(text, element, codecs)
    else:
        yield from _runs(value)


def _of_first_frame(data: bytes) -> Iterator[bytes]:
    at = data.find(b"\xff\xd8", 8)
    return texts_of_jpeg_header(data[at:] if at >= 0 else b"")


def _runs(data: bytes) -> Iterator[bytes]:
    yield from _PRINTABLE_ASCII.findall(data)
    yield from (run[::2] for run in _PRINTABLE_UTF16.findall(data))
