"""What a DICOM file says in words, wherever it says it: in standard and private elements, however nested.

Numbers are left out where they describe pictures, and so are the identifiers that the standard itself
defines: they say nothing about a patient.
"""

import re
from collections.abc import Iterator

from ground.source import ByteSource
from video.errors import VideoError, VideoTooLargeError
from video.formats.dicom import tags
from video.formats.dicom.contents import Leaf, Walk
from video.formats.dicom.file_layout import META_OFFSET, PREAMBLE_BYTES, FileLayout
from video.formats.dicom.frame_bytes import FrameBytes
from video.formats.dicom.segments import segments_of
from video.limits import Limits

_MIN_BYTES = 4
_MIN_RUN_BYTES = 6
_MIN_LETTERS = 4
_MOST_TEXTS = 100_000
_MOST_TEXT_BYTES = 64 * 2**20
_REST_BYTES = 1 << 20
_OPAQUE_BYTES = 1 << 24
_TEXT_KINDS = frozenset(
    {
        b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"LT",
        b"PN", b"SH", b"ST", b"TM", b"UC", b"UI", b"UR", b"UT",
    }
)  # fmt: skip
_UNKNOWN_KINDS = frozenset({b"", b"OB", b"OW", b"UN", b"OL", b"OV", b"OD", b"OF"})
_SAMPLES = frozenset({tags.PIXEL_DATA, tags.LUT_DATA, *tags.PALETTES, *tags.SEGMENTED_PALETTES})
_NUMBERS_OF_PICTURES = frozenset({0x0018, 0x0020, 0x0028, 0x3002, 0x5200, 0x6000, 0x7FE0})
_STANDARD_UID = b"1.2.840.10008."
_PRINTABLE = re.compile(rb"[\x20-\x7e\x80-\xff]{4,}")
_PRINTABLE_ASCII = re.compile(rb"[\x20-\x7e]{6,}")
_PRINTABLE_UTF16 = re.compile(rb"(?:[\x20-\x7e]\0){6,}")
_PRINTABLE_UTF16_BIG = re.compile(rb"(?:\0[\x20-\x7e]){6,}")
_DECIMAL = re.compile(rb"[ +-]?[0-9.]{1,24}([eE][+-]?\d{1,3})? *")
_PUNCTUATION = frozenset(b" .,:;-_/+*")
_SEPARATORS = re.compile(rb"[\\=]")
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
    b"ISO_IR 100": "latin1",
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


def list_texts(
    source: ByteSource, layout: FileLayout, frames: FrameBytes | None, limits: Limits
) -> list[bytes]:
    """Each text once, as it stands in the file and, where that differs, in UTF-8.

    frames: None where there is no room for words in them. Raises VideoTooLargeError where there are more
    than can be looked for: to look for some would prove nothing of the others.
    """
    found: dict[bytes, None] = {}
    total = 0
    for text in _texts(source, layout, frames, limits):
        if text not in found:
            found[text] = None
            total += len(text)
        if len(found) > _MOST_TEXTS or total > _MOST_TEXT_BYTES:
            raise VideoTooLargeError("the file holds more texts than the result can be searched for")
    return list(found)


def _texts(
    source: ByteSource, layout: FileLayout, frames: FrameBytes | None, limits: Limits
) -> Iterator[bytes]:
    if layout.meta.start == META_OFFSET:
        yield from _runs(source.read_at(0, PREAMBLE_BYTES))
    if layout.is_inflated:
        yield from _runs(source.read_at(layout.meta.start, layout.meta.end - layout.meta.start))
    walk = Walk(layout)
    codecs: list[str] = []
    for leaf in walk.leaves():
        element = leaf.element
        if leaf.is_opaque:
            yield from _runs(layout.source.read_at(element.offset, min(leaf.byte_count, _OPAQUE_BYTES)))
        is_picture = leaf.tag in _SAMPLES and not leaf.path
        if element.is_sequence or is_picture or element.byte_count < _MIN_BYTES:
            continue
        if element.vr not in _TEXT_KINDS and element.vr not in _UNKNOWN_KINDS:
            continue
        size = min(element.byte_count, 16 * limits.text_bytes)
        value = layout.source.read_at(element.offset, size)
        if leaf.tag == tags.CHARACTER_SET:
            codecs = _codecs(value)
        if element.vr in _TEXT_KINDS:
            yield from _of_text(value, leaf, codecs)
        else:
            yield from _of_unknown(value, leaf, codecs)
    yield from _runs(layout.source.read_at(walk.rest, _REST_BYTES))
    if frames is not None:
        yield from _of_frames(frames)


def _of_frames(frames: FrameBytes) -> Iterator[bytes]:
    for number in range(frames.frame_count):
        try:
            data = frames.read(number)
        except VideoError:
            continue
        for segment in segments_of(data):
            yield from _runs(segment.data)


def _codecs(character_sets: bytes) -> list[str]:
    names = (name.strip(b" \0") for name in character_sets.split(b"\\"))
    return [_CODECS[name] for name in names if name in _CODECS]


def _of_text(value: bytes, leaf: Leaf, codecs: list[str]) -> Iterator[bytes]:
    describes_pictures = leaf.tag >> 16 in _NUMBERS_OF_PICTURES and leaf.element.vr in (b"DS", b"IS", b"")
    for part in {value: None, **dict.fromkeys(_SEPARATORS.split(value))}:
        text = part.strip(b" \0")
        if len(text) < _MIN_BYTES or text.startswith(_STANDARD_UID):
            continue
        if len(set(text) - _PUNCTUATION) < 2:
            continue  # midnight, a number of nothing but zeros: it names nobody, and stands in many numbers
        if describes_pictures and all(_DECIMAL.fullmatch(number) for number in text.split(b"\\")):
            continue
        yield text
        for codec in codecs:
            decoded = text.decode(codec, "ignore").encode()
            if decoded != text and len(decoded) >= _MIN_BYTES:
                yield decoded


def _of_unknown(value: bytes, leaf: Leaf, codecs: list[str]) -> Iterator[bytes]:
    """A value of a kind that is not stated: a text if it reads like one, otherwise what in it does."""
    text = value.rstrip(b" \0")
    if _PRINTABLE.fullmatch(text) or b"\x1b" in text:
        yield from _of_text(text, leaf, codecs)
    else:
        yield from _runs(value)


def _runs(data: bytes) -> Iterator[bytes]:
    for pattern, step in ((_PRINTABLE_ASCII, None), (_PRINTABLE_UTF16, 0), (_PRINTABLE_UTF16_BIG, 1)):
        for run in pattern.findall(data):
            text = (run if step is None else run[step::2]).strip()
            # Samples of an even shade read like a letter, many times over.
            if len(text) >= _MIN_RUN_BYTES and len(set(text)) >= _MIN_LETTERS:
                yield text
