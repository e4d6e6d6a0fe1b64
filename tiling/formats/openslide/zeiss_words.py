"""The words of a Zeiss CZI file: OpenSlide hands on only a part of its XML."""

import re
import struct

from ground.source import ByteSource
from tiling.errors import CorruptSlideError

MAGIC = b"ZISRAWFILE"
_METADATA_MAGIC = b"ZISRAWMETADATA"
_METADATA_POSITION_AT = 92  # in the file header segment
_XML_SIZE_AT, _XML_AT = 32, 288  # in the metadata segment
_MOST_BYTES = 64 * 2**20
_VALUES = re.compile(rb'>([^<>]{6,})<|="([^"]{6,})"')


def words(source: ByteSource) -> list[bytes]:
    """Every value in the file's XML. Raises CorruptSlideError where it cannot be found."""
    start = source.read_at(_METADATA_POSITION_AT, 8)
    if len(start) < 8:
        raise CorruptSlideError("the file ends within its header")
    (position,) = struct.unpack("<q", start)
    header = source.read_at(position, _XML_AT) if position >= 0 else b""
    if len(header) < _XML_AT or not header.startswith(_METADATA_MAGIC):
        raise CorruptSlideError("the file's description is not where its header says")
    (length,) = struct.unpack_from("<i", header, _XML_SIZE_AT)
    if not 0 <= length <= _MOST_BYTES:
        raise CorruptSlideError("the file's description has an impossible length")
    xml = source.read_at(position + _XML_AT, length)
    return [(text or attribute).strip() for text, attribute in _VALUES.findall(xml)]
