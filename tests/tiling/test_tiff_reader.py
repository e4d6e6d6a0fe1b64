"""The directory reader believes nothing: whatever the bytes, it answers or says one sentence, at once."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiling.conversions import BytesSource
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError, TilingError
from tiling.limits import Limits
from tiling.tiff.reader import TiffFile


def classic(entries: list[tuple[int, int, int, int]], next_offset: int = 0, tail: bytes = b"") -> bytes:
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", next_offset) + tail


def open_bytes(data: bytes, limits: Limits | None = None) -> TiffFile:
    return TiffFile(BytesSource(data), limits or Limits())


def test_values_are_read_from_inside_and_outside_the_entry() -> None:
    at = 8 + 2 + 3 * 12 + 4
    tail = struct.pack("<3H", 8, 8, 8) + struct.pack("<II", 10_000, 3)
    data = classic([(256, 3, 1, 640), (258, 3, 3, at), (282, 5, 1, at + 6)], tail=tail)
    tiff = open_bytes(data)
    directory = tiff.directories[0]
    assert tiff.integer(directory, 256) == 640
    assert tiff.integer(directory, 999, 5) == 5
    values = tiff.integers(directory, 258)
    assert values is not None and values.tolist() == [8, 8, 8]
    assert tiff.rational(directory, 282) == (10_000, 3)
    assert tiff.rational(directory, 283) is None


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", NotASlideError),
        (b"II*\0", NotASlideError),
        (b"%PDF-1.7 and so on", NotASlideError),
        (b"II*\0" + struct.pack("<I", 0), CorruptSlideError),  # no directory
        (b"II*\0" + struct.pack("<I", 4_000), CorruptSlideError),  # outside the file
        (classic([(256, 3, 1, 1)], next_offset=8), CorruptSlideError),  # a circle
        (classic([(270, 2, 2**32 - 1, 8)]), CorruptSlideError),  # larger than the file
        (classic([(256, 3, 1, 1), (256, 3, 1, 2)]), CorruptSlideError),  # stated twice
        (b"II*\0" + struct.pack("<IH", 8, 65_535), CorruptSlideError),  # absurd count
        (b"MM\0*" + struct.pack(">I", 8) + bytes(2), CorruptSlideError),  # empty directory
    ],
)
def test_a_broken_structure_ends_in_one_of_our_errors(data: bytes, kind: type[TilingError]) -> None:
    with pytest.raises(kind):
        open_bytes(data)


def test_a_chain_longer_than_any_slide_needs_is_refused() -> None:
    link = 8
    data = b"II*\0" + struct.pack("<I", 8)
    for _ in range(20):
        link += 18
        data += struct.pack("<HHHIII", 1, 256, 3, 1, 1, link)
    with pytest.raises(SlideTooLargeError):
        open_bytes(data, Limits(directories=10))


def test_a_tag_larger_than_the_limit_is_never_read() -> None:
    data = classic([(324, 4, 1_000, 26)], tail=bytes(4_000))
    tiff = open_bytes(data, Limits(tag_bytes=100))
    with pytest.raises(SlideTooLargeError):
        tiff.integers(tiff.directories[0], 324)


@given(st.sampled_from([b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]), st.binary(max_size=400))
def test_random_bytes_after_a_header_never_raise_anything_else(head: bytes, body: bytes) -> None:
    try:
        tiff = open_bytes(head + body)
        for directory in tiff.directories:
            for tag in directory.entries:
                tiff.integers(directory, tag)
    except TilingError as error:
        assert str(error)
