"""Every text that stands in a TIFF, for the verify step, which looks for them in the result."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from tiling.tiff import tags
from tiling.tiff.inventory import Listed, unreferenced_spans
from tiling.tiff.profile_texts import texts_of_profile
from tiling.tiff.reader import Entry, TiffFile
from tiling.tiff.tags import FieldType

_MIN_TEXT_BYTES = 6
_MAX_SEARCHED_BYTES = 16 * 2**20
_SMALL_BLOCK_BYTES = 64 * 2**10
_PRINTABLE, _PRINTABLE_IN_LARGE_BLOCKS = (
    (re.compile(rb"[\x20-\x7e]{%d,}" % least), re.compile(rb"(?:[\x20-\x7e]\0){%d,}" % least))
    for least in (6, 12)
)
# Device class, colours and connection space stand side by side in every colour profile, our own ones too.
_HEAD_OF_PROFILE = re.compile(rb"(?:scnr|mntr|prtr|spac)(?:RGB |GRAY|CMYK)(?:XYZ |Lab )")
_LOOKS_LIKE_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[?!a-zA-Z]")
# Attributes in either kind of quotes, texts between elements, comments.
_XML_VALUES = re.compile(rb"\"([^\"<>]{6,})\"|'([^'<>]{6,})'|>([^<>]{6,})<|<!--(.{6,}?)-->", re.DOTALL)
_PICTURE_IN_WORDS = re.compile(rb"[A-Za-z0-9+/\r\n]{4096,}={0,2}")  # Philips, OME: in base64
_BEGINNING_BYTES = 64
# Where the image lies and how it is coded: numbers, of which some read like letters by chance.
_NUMBERS = frozenset(
    {
        tags.IMAGE_WIDTH, tags.IMAGE_LENGTH, tags.BITS_PER_SAMPLE, tags.TILE_OFFSETS, tags.TILE_BYTE_COUNTS,
        tags.STRIP_OFFSETS, tags.STRIP_BYTE_COUNTS, tags.SUB_IFDS, tags.COLOR_MAP,
    }
)  # fmt: skip
_JPEG, _EOI, _SOS = b"\xff\xd8\xff", b"\xff\xd9", 0xDA
_DEEPEST = 3  # an Exif block's thumbnail, and what may be in that one's
_WORDS_OF_JPEG = frozenset({*range(0xE0, 0xF0), 0xFE})


def list_texts(tiff: TiffFile, listed: Sequence[Listed]) -> list[bytes]:
    """Each text once: text tags as they stand; of other tags, and of what nothing refers to, the runs that
    read like text.

    Of a text in XML the values alone: its names are the schema's.
    """
    texts: dict[bytes, None] = {}
    for one in listed:
        for entry in one.directory.entries.values():
            if entry.byte_count >= _MIN_TEXT_BYTES and entry.tag not in _NUMBERS:
                texts |= dict.fromkeys(_of_entry(tiff, entry))
    texts |= dict.fromkeys(texts_of_spans(unreferenced_spans(tiff, listed), tiff.bytes_at))
    return list(texts)


def _of_entry(tiff: TiffFile, entry: Entry) -> Iterable[bytes]:
    value = tiff.bytes_at(entry.value_offset, min(entry.byte_count, _MAX_SEARCHED_BYTES))
    if entry.tag == tags.ICC_PROFILE:
        return texts_of_profile(value)
    if entry.tag == tags.JPEG_TABLES:
        return texts_of_jpeg_header(value)
    return _text_values(value) if entry.field_type is FieldType.ASCII else binary_texts(value)


def _text_values(text: bytes) -> list[bytes]:
    text = without_pictures(text)
    if not _LOOKS_LIKE_XML.match(text):
        return [text]
    return [value for groups in _XML_VALUES.findall(text) for value in groups if value] or [text]


def without_pictures(text: bytes) -> bytes:
    """A text in which of whole pictures in base64 the beginnings stand: no word of theirs can be told."""
    return _PICTURE_IN_WORDS.sub(lambda match: match.group()[:_BEGINNING_BYTES], text)


def binary_texts(value: bytes, depth: int = 0) -> list[bytes]:
    """What reads like text, in UTF-16 too, as Windows writes it into XPTitle and its like.

    Of a JPEG within it, such as a picture that nothing refers to any more, the words alone: its tables read
    like text in places, and may by right be those of the tiles that are kept.
    """
    if _LOOKS_LIKE_XML.match(value):
        return _text_values(value)
    texts: list[bytes] = []
    at = 0
    while depth < _DEEPEST and (start := value.find(_JPEG, at)) >= 0:
        texts += _runs(value[at:start])
        at = _end_of_header(value, start)
        texts += texts_of_jpeg_header(value[start:at], depth + 1)
        end = value.find(_EOI, at)
        at = end + len(_EOI) if end >= 0 else len(value)
    return texts + _runs(value[at:])


def _runs(value: bytes) -> list[bytes]:
    # In a large block of numbers short runs of letters stand by chance; they would crowd out the real texts.
    plain, utf16 = _PRINTABLE if len(value) <= _SMALL_BLOCK_BYTES else _PRINTABLE_IN_LARGE_BLOCKS
    texts = [without_pictures(run) for run in plain.findall(_HEAD_OF_PROFILE.sub(b"\0", value))]
    return texts + [run[::2] for run in utf16.findall(value)]


def texts_of_jpeg_header(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """Of comments and application data; the rest of a header reads like text in places, and is none."""
    for marker, start, end in _segments(data, 0):
        if marker in _WORDS_OF_JPEG:
            yield from binary_texts(data[start:end], depth)


def _end_of_header(data: bytes, start: int) -> int:
    return max((end for _, _, end in _segments(data, start)), default=start + 2)


def _segments(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of what each segment of a JPEG that begins there says, up to its scan."""
    at += 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _SOS:
        end = at + 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        yield data[at + 1], at + 4, end
        at = end


def texts_of_spans(spans: Sequence[tuple[int, int]], read_at: Callable[[int, int], bytes]) -> Iterator[bytes]:
    """Of bytes that nothing refers to. The smallest first: words stand in gaps, the large are old images."""
    left = _MAX_SEARCHED_BYTES
    for start, end in sorted(spans, key=lambda span: span[1] - span[0]):
        size = min(end - start, left)
        if size < _MIN_TEXT_BYTES:
            continue
        left -= size
        yield from binary_texts(read_at(start, size))
