"""What a TIFF says in words is found wherever it says it, so that the proof can look for it."""

import struct
from pathlib import Path

import numpy as np
import pytest

from tests.tiling.conversions import BytesSource, convert_bytes
from tests.tiling.ndpi_files import IN_GAP, IN_JPEG, write_ndpi
from tests.tiling.svs_files import IN_ICC, Recipe, icc_profile, write_svs
from tests.tiling.tiff_files import TiffRecipe, write_tiff
from tiling.open_slide import open_slide
from tiling.tiff.inventory import gaps_between
from tiling.tiff.profile_texts import texts_of_profile
from tiling.tiff.texts import binary_texts, texts_of_jpeg_header, texts_of_spans, without_pictures


def texts(data: bytes) -> bytes:
    return b"\n".join(open_slide(BytesSource(data)).texts())


def test_of_what_nothing_refers_to_the_words_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    write_svs(path, Recipe(with_identity=False))
    whole = path.read_bytes()
    assert b"Doebury" not in texts(whole)
    assert b"Jane Doebury" in texts(whole + b"\1\2\3Jane Doebury\0")
    assert b"Jane Doebury" in texts(whole + "Jane Doebury".encode("utf-16-le"))


def test_a_profiles_words_are_listed_and_none_of_its_curves(tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    write_svs(path, Recipe())
    assert IN_ICC.encode() in texts(path.read_bytes())
    body = b"text\0\0\0\0Made for Doebury\0"
    curve = b"curv\0\0\0\0LettersThatAreNumbers"
    table = b"".join(
        struct.pack(">4sII", name, 128 + 4 + 24 + at, size)
        for name, at, size in ((b"cprt", 0, len(body)), (b"rTRC", len(body), len(curve)))
    )
    profile = bytes(128) + struct.pack(">I", 2) + table + body + curve + b"Behind Everything"
    assert list(texts_of_profile(profile)) == [b"Made for Doebury", b"Behind Everything"]


def test_letters_in_arrays_of_numbers_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    keys = struct.unpack("<8H", b"DoeburyJane00991")
    write_tiff(path, TiffRecipe(options={"extratags": [(34735, 3, 8, keys, False)]}))
    assert b"DoeburyJane00991" in texts(path.read_bytes())


def test_an_ndpis_comments_and_gaps_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.ndpi"
    write_ndpi(path)
    said = texts(path.read_bytes())
    assert IN_JPEG.encode() in said
    assert IN_GAP.encode() in said


def test_of_a_jpegs_header_only_words_are_taken() -> None:
    def segment(marker: int, body: bytes) -> bytes:
        return b"\xff" + bytes((marker,)) + struct.pack(">H", len(body) + 2) + body

    tables = segment(0xDB, b"QuantisationTableLetters") + segment(0xC4, b"HuffmanTableLetters")
    header = (
        b"\xff\xd8" + segment(0xFE, b"Comment of Doebury") + tables + segment(0xE1, b"Exif\0\0Jane Doebury")
    )
    assert list(texts_of_jpeg_header(header + b"\xff\xd9")) == [b"Comment of Doebury", b"Jane Doebury"]
    assert list(texts_of_jpeg_header(b"")) == list(texts_of_jpeg_header(header[:10])) == []


def test_a_picture_that_nothing_refers_to_any_more_does_not_speak_against_the_tiles_like_it(
    tmp_path: Path,
) -> None:
    """Of the same coder it has the same tables, and these read like words."""
    path = tmp_path / "a.svs"
    write_svs(path, Recipe(with_identity=False, quality=50))
    whole = path.read_bytes()
    start = whole.index(b"\xff\xd8\xff")
    tile = whole[start : whole.index(b"\xff\xd9", start) + 2]
    spoken = tile[:2] + b"\xff\xfe\0\x12Jane of Doebury" + tile[2:]
    grown = whole + b"Before it" + spoken + b"Behind it" + tile
    assert texts(grown) == texts(whole) + b"\nBefore it\nJane of Doebury\nBehind it"
    assert convert_bytes(grown, tmp_path / "out").l0_encoding == "carried over bit for bit"


def test_pictures_within_pictures_have_an_end() -> None:
    nested = b"Jane of Doebury"
    while len(nested) < 60_000:
        nested = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(nested) + 2) + nested
    assert any(b"Jane of Doebury" in text for text in texts_of_jpeg_header(nested))


def test_the_smallest_gaps_are_read_first_and_none_without_end() -> None:
    asked: list[tuple[int, int]] = []

    def read_at(start: int, size: int) -> bytes:
        asked.append((start, size))
        return bytes(size)

    assert list(texts_of_spans([(0, 2**40), (2**41, 2**41 + 100), (2**42, 2**42 + 3)], read_at)) == []
    assert asked == [(2**41, 100), (0, 16 * 2**20 - 100)]


def test_a_picture_in_base64_leaves_the_words_around_it() -> None:
    picture = b"/9j/4AAQSkZJRg" * 1000
    assert without_pictures(b"Doebury " + picture + b" Jane") == b"Doebury " + picture[:64] + b" Jane"
    assert without_pictures(b"just words") == b"just words"


@pytest.mark.parametrize(
    ("spans", "gaps"),
    [
        ([(0, 8)], [(8, 20)]),
        ([(4, 8), (0, 2), (6, 20)], [(2, 4)]),
        ([(0, 30)], []),
        ([(0, 5), (25, 30)], [(5, 20)]),
    ],
)
def test_gaps_are_what_spans_leave(spans: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> None:
    assert gaps_between(np.array(spans, np.int64), 20) == gaps


def test_a_colour_profile_that_nothing_refers_to_does_not_keep_the_slide_out(tmp_path: Path) -> None:
    """Its first words stand in the result's profile by right; those of its maker are looked for."""
    write_svs(tmp_path / "a.svs", Recipe(width_px=130, height_px=100))
    profile = icc_profile()
    assert b"mntrRGB XYZ " in profile
    data = (tmp_path / "a.svs").read_bytes() + profile
    convert_bytes(data, tmp_path / "out")
    assert binary_texts(b"\0\0" + b"mntrRGB XYZ " + b"Doebury\0") == [b"Doebury"]
