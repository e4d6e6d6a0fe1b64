"""Archives: read in place or unpacked within bounds, and never believed."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.source import FileSource
from tests.tiling.conversions import BytesSource
from tests.tiling.dicom_files import Recipe, write_set
from tiling.bundle import BundleLimits, is_zip, open_bundle
from tiling.errors import (
    CorruptSlideError,
    NotASlideError,
    SlideTooLargeError,
    TilingError,
    UnsupportedSlideError,
)
from tiling.open_slide import open_slide
from tiling.scratch import Scratch

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def packed(files: dict[str, bytes], method: int = STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def contents(data: bytes, scratch: Scratch | None = None) -> dict[str, bytes]:
    bundle = open_bundle(BytesSource(data), scratch=scratch)
    return {name: source.read_at(0, source.size_bytes) for name, source in bundle.items()}


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_files_are_what_they_were(method: int, tmp_path: Path) -> None:
    files = {"a.dcm": b"first" * 1000, "deeper/b.dcm": b"", "Müller.dcm": bytes(5000)}
    assert contents(packed(files, method)) == files
    with Scratch(tmp_path, 1 << 20) as scratch:
        assert contents(packed(files, method), scratch) == files
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_a_file_is_read_as_from_a_file() -> None:
    bundle = open_bundle(BytesSource(packed({"a": b"0123456789", "b": b"next"})))
    assert bundle["a"].read_at(7, 100) == b"789"
    assert bundle["a"].read_at(10, 5) == b"" and bundle["a"].read_at(50, 5) == b""


def test_archives_beyond_4_gib_are_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.zip"
    with path.open("wb") as file, zipfile.ZipFile(file, "w", STORED, allowZip64=True) as archive:
        archive.writestr("a", b"before")
    data = bytearray(path.read_bytes())
    # The same archive, with its directory's numbers widened by hand.
    at = data.index(b"PK\x01\x02")
    entry = bytearray(data[at : data.index(b"PK\x05\x06")])
    entry[20:28], entry[42:46] = b"\xff" * 8, b"\xff" * 4
    entry[30:32] = struct.pack("<H", 28)
    entry += struct.pack("<2H3Q", 1, 24, 6, 6, 0)
    gap = 5 << 30
    with path.open("wb") as file:
        file.write(data[:at])
        file.seek(gap)
        file.write(entry)
        file.write(struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(entry), gap))
        file.write(struct.pack("<4sIQI", b"PK\x06\x07", 0, gap + len(entry), 1))
        file.write(struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0))
    with FileSource(path) as source:
        assert open_bundle(source)["a"].read_at(0, 10) == b"before"


def test_what_file_managers_leave_behind_is_not_among_the_files() -> None:
    files = {
        "a.dcm": b"x",
        "__MACOSX/._a.dcm": b"junk",
        "._b": b"junk",
        ".DS_Store": b"junk",
        "c/Thumbs.db": b"j",
    }
    assert set(contents(packed(files))) == {"a.dcm"}
    with pytest.raises(NotASlideError):
        open_bundle(BytesSource(packed({"__MACOSX/._a.dcm": b"junk"})))


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/../../b", "C:/a", "a//b", "..\\a", "a/./b", "/" * 3]
)
def test_names_that_lead_outside_are_refused(name: str) -> None:
    data = packed({"x" * len(name): b"1"}).replace(b"x" * len(name), name.encode())
    with pytest.raises(CorruptSlideError):
        open_bundle(BytesSource(data))


def test_links_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("a")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(CorruptSlideError, match="link"):
        open_bundle(BytesSource(out.getvalue()))


def test_encrypted_archives_are_refused() -> None:
    data = bytearray(packed({"a": b"1"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnsupportedSlideError, match="encrypted"):
        open_bundle(BytesSource(bytes(data)))


def test_other_ways_of_compressing_are_refused() -> None:
    with pytest.raises(UnsupportedSlideError, match="compressed"):
        open_bundle(BytesSource(packed({"a": b"1" * 100}, zipfile.ZIP_BZIP2)))


def test_bombs_are_refused_before_a_byte_is_unpacked() -> None:
    bomb = packed({str(number): bytes(40 << 20) for number in range(8)}, DEFLATED)
    with pytest.raises(SlideTooLargeError):
        open_bundle(BytesSource(bomb))
    with pytest.raises(SlideTooLargeError):
        open_bundle(BytesSource(packed({"a": b"1", "b": b"2"})), bundle_limits=BundleLimits(members=1))
    with pytest.raises(SlideTooLargeError):
        open_bundle(
            BytesSource(packed({"a": b"12345"}, DEFLATED)), bundle_limits=BundleLimits(unpacked_bytes=4)
        )


def test_files_that_share_bytes_are_refused() -> None:
    """David Fifield, "A better zip bomb" (WOOT 2019)."""
    data = bytearray(packed({"a": b"0" * 100, "b": b"1" * 100}))
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = bytes(4)
    with pytest.raises(CorruptSlideError, match="share"):
        open_bundle(BytesSource(bytes(data)))


def test_a_file_that_unpacks_to_more_than_it_says_is_refused() -> None:
    data = bytearray(packed({"a": bytes(5000)}, DEFLATED))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 4000)
    with pytest.raises(CorruptSlideError):
        contents(bytes(data))


def test_damage_in_a_packed_file_is_noticed() -> None:
    data = bytearray(packed({"a": bytes(range(256)) * 40}, DEFLATED))
    data[60] ^= 0xFF
    with pytest.raises(CorruptSlideError, match="damaged"):
        contents(bytes(data))


def test_a_large_packed_file_needs_room() -> None:
    data = packed({"a": bytes(40 << 20)}, DEFLATED)
    with pytest.raises(UnsupportedSlideError, match="room"):
        contents(data)


@settings(max_examples=200, deadline=None)
@given(
    places=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 400),
)
def test_a_damaged_archive_is_read_or_refused(places: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(packed({"a.dcm": b"some bytes" * 4, "b/c": b"others" * 9}, DEFLATED))
    for place, value in places:
        data[place % len(data)] = value
    try:
        contents(bytes(data[: len(data) - cut % 40]))
    except TilingError:
        return


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_a_zip_of_dicom_files_is_a_slide(method: int) -> None:
    files = {f"export/IM{number}": data for number, data in enumerate(write_set(Recipe(parts=2)))}
    files["export/DICOMDIR"] = b"not to be looked at"
    data = packed(files, method)
    assert is_zip(BytesSource(data))
    slide = open_slide(BytesSource(data))
    assert slide.format_name == "dicom-wsi" and slide.grid.size.width_px == 300


def test_what_the_files_were_called_is_searched_for_in_the_result() -> None:
    files = {f"Doe Jane/{number}-Quixote.dcm": data for number, data in enumerate(write_set(Recipe()))}
    texts = open_slide(BytesSource(packed(files))).texts()
    assert {b"Doe Jane", b"2-Quixote"} <= set(texts)


def test_an_archive_in_an_archive_is_no_slide() -> None:
    data = packed({"a.zip": packed({"b": b"1"})})
    with pytest.raises((NotASlideError, UnsupportedSlideError)):
        open_slide(BytesSource(data))
