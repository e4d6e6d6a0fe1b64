"""tifffile, as the second and independent reader of TIFF files: only proofs use it, never a conversion."""

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tifffile

from ground.source import ByteSource
from tiling.errors import VerificationError

# What tifffile raises on files that it does not understand.
LIBRARY_ERRORS = (
    tifffile.TiffFileError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    struct.error,
    OSError,
)

# What its codecs raise on tiles that are damaged: each of imagecodecs' many errors is a RuntimeError.
CODEC_ERRORS = (RuntimeError, MemoryError)

# It logs the tags that it finds odd, values included; a log must never hold a patient's.
tifffile.logger().disabled = True


class _SourceFile(io.RawIOBase):
    """A byte source as a read-only, seekable file object. Has a cursor, so it is not thread-safe."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size_bytes}[whence]
        if start + offset < 0:
            raise ValueError("a file has no negative positions")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self._source.read_at(self._position, len(view))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


@contextmanager
def open_tifffile(source: ByteSource) -> Iterator[tuple[tifffile.TiffPage, ...]]:
    """All directories of the main chain. Raises VerificationError where tifffile cannot read them."""
    try:
        file = tifffile.TiffFile(io.BufferedReader(_SourceFile(source)))
        file.pages.useframes = False  # frames share their first page's tags instead of reading their own
        pages = tuple(page for page in file.pages if isinstance(page, tifffile.TiffPage))
    except LIBRARY_ERRORS as error:
        raise VerificationError("an independent library could not read the file a second time") from error
    with file:
        yield pages
