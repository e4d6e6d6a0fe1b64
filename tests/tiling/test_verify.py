"""The proof notices what it is there for: each of these results was spoiled after it was written."""

import json
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import tifffile

from tests.tiling.conversions import BytesSource
from tests.tiling.svs_files import PATIENT, Recipe, write_svs
from tiling.canonical.layout import Description
from tiling.errors import TilingError, VerificationError
from tiling.limits import Limits
from tiling.model import Slide
from tiling.open_slide import open_slide
from tiling.scrub.execute import Executed, execute
from tiling.scrub.verify import Proof, check_description, verify

Spoil = Callable[[bytearray, tifffile.TiffFile], None]


@pytest.fixture
def slide(tmp_path: Path) -> Slide:
    write_svs(tmp_path / "a.svs", Recipe(width_px=400, height_px=330))
    return open_slide(BytesSource((tmp_path / "a.svs").read_bytes()), Limits())


@pytest.fixture
def executed(tmp_path: Path, slide: Slide) -> Executed:
    return write(slide, tmp_path)


def write(slide: Slide, directory: Path) -> Executed:
    return execute(slide, directory, progress=lambda *_: None, cancelled=lambda: False, workers=2)


def prove(slide: Slide, executed: Executed, directory: Path) -> Proof:
    return verify(
        slide,
        executed,
        directory,
        forbidden=(),
        progress=lambda *_: None,
        cancelled=lambda: False,
        workers=2,
    )


def spoil(path: Path, how: Spoil) -> None:
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        how(data, file)
    path.write_bytes(data)


def test_what_was_written_is_proved(tmp_path: Path, slide: Slide, executed: Executed) -> None:
    proof = prove(slide, executed, tmp_path)
    assert proof.tiles.identical == proof.tiles.tiles == 42
    assert proof.search.places_found == 0
    assert proof.search.strings_searched > 10
    assert proof.files.accounted_bytes == (tmp_path / "slide.tif").stat().st_size
    assert json.loads(json.dumps(proof.to_json())) == proof.to_json()


def change_a_scan_byte(data: bytearray, file: tifffile.TiffFile) -> None:
    page = file.pages[0]
    data[page.dataoffsets[5] + page.databytecounts[5] // 2 + 100] ^= 1


def change_a_scan_byte_of_a_later_row(data: bytearray, file: tifffile.TiffFile) -> None:
    """By then the proof knows the tiles' headers, and compares many at a time."""
    page = file.pages[0]
    data[page.dataoffsets[30] + page.databytecounts[30] - 3] ^= 1


def change_a_table_of_a_later_row(data: bytearray, file: tifffile.TiffFile) -> None:
    data[data.index(b"\xff\xdb", file.pages[0].dataoffsets[30]) + 20] ^= 1


def swap_two_tiles(data: bytearray, file: tifffile.TiffFile) -> None:
    tag = file.pages[0].tags["TileOffsets"]
    counts = file.pages[0].tags["TileByteCounts"]
    for place in (tag.valueoffset, counts.valueoffset):
        data[place : place + 16] = data[place + 8 : place + 16] + data[place : place + 8]


def move_a_border_between_two_tiles(data: bytearray, file: tifffile.TiffFile) -> None:
    """The row's bytes stay what they were; the first of a tile's are said to be its neighbour's last."""
    page = file.pages[0]
    offsets, counts = (page.tags[name].valueoffset + 8 * 16 for name in ("TileOffsets", "TileByteCounts"))
    data[counts : counts + 16] = struct.pack("<2Q", page.databytecounts[16] + 1, page.databytecounts[17] - 1)
    data[offsets + 8 : offsets + 16] = struct.pack("<Q", page.dataoffsets[17] + 1)


def write_a_name_into_a_reduced_tile(data: bytearray, file: tifffile.TiffFile) -> None:
    page = file.pages[1]
    middle = page.dataoffsets[0] + page.databytecounts[0] // 2
    data[middle : middle + len(PATIENT)] = PATIENT.encode()


def write_a_name_in_utf_16(data: bytearray, file: tifffile.TiffFile) -> None:
    page = file.pages[1]
    middle = page.dataoffsets[0] + page.databytecounts[0] // 2
    data[middle : middle + 2 * len(PATIENT)] = PATIENT.lower().encode("utf-16-le")


def put_bytes_behind_the_last_directory(data: bytearray, _file: tifffile.TiffFile) -> None:
    data += b"nobody asked for these bytes"


def make_a_tag_unknown(data: bytearray, file: tifffile.TiffFile) -> None:
    tag = file.pages[0].tags["ImageDescription"]
    data[tag.offset : tag.offset + 2] = struct.pack("<H", 65_000)


def change_the_description(data: bytearray, file: tifffile.TiffFile) -> None:
    data[file.pages[0].tags["ImageDescription"].valueoffset] ^= 1


def change_the_scale(data: bytearray, file: tifffile.TiffFile) -> None:
    data[file.pages[0].tags["XResolution"].valueoffset] ^= 1


def change_the_profile(data: bytearray, file: tifffile.TiffFile) -> None:
    data[file.pages[0].tags[34675].valueoffset + 40] ^= 1


def show_another_tile_at_a_reduced_level(data: bytearray, file: tifffile.TiffFile) -> None:
    """Every tile of a level is the same one: a complete JPEG of the right size, and the wrong picture."""
    page = file.pages[1]
    for name in ("TileOffsets", "TileByteCounts"):
        at = page.tags[name].valueoffset
        data[at : at + 8 * len(page.dataoffsets)] = bytes(data[at : at + 8]) * len(page.dataoffsets)


def drop_a_level(data: bytearray, file: tifffile.TiffFile) -> None:
    page = file.pages[-2]
    link = page.offset + 8 + 20 * len(page.tags)
    data[link : link + 8] = bytes(8)


def put_a_comment_into_a_tile(data: bytearray, file: tifffile.TiffFile) -> None:
    """The tables of a tile's header become a comment."""
    at = data.index(b"\xff\xdb", file.pages[1].dataoffsets[0])
    data[at + 1] = 0xFE


@pytest.mark.parametrize(
    "how",
    [
        change_a_scan_byte,
        swap_two_tiles,
        move_a_border_between_two_tiles,
        write_a_name_into_a_reduced_tile,
        write_a_name_in_utf_16,
        put_bytes_behind_the_last_directory,
        make_a_tag_unknown,
        change_the_description,
        change_the_scale,
        change_the_profile,
        show_another_tile_at_a_reduced_level,
        drop_a_level,
        put_a_comment_into_a_tile,
    ],
)
def test_a_spoiled_slide_tif_is_not_proved(
    tmp_path: Path, slide: Slide, executed: Executed, how: Spoil
) -> None:
    spoil(tmp_path / "slide.tif", how)
    with pytest.raises(VerificationError):
        prove(slide, executed, tmp_path)


@pytest.mark.parametrize(
    "how", [change_a_scan_byte, change_a_scan_byte_of_a_later_row, change_a_table_of_a_later_row]
)
def test_a_tile_that_is_not_the_sources_is_told_from_its_bytes(tmp_path: Path, how: Spoil) -> None:
    write_svs(tmp_path / "plain.svs", Recipe(width_px=400, height_px=330, with_identity=False))
    slide = open_slide(BytesSource((tmp_path / "plain.svs").read_bytes()), Limits())
    executed = write(slide, tmp_path)
    assert prove(slide, executed, tmp_path).tiles.identical == 42
    spoil(tmp_path / "slide.tif", how)
    with pytest.raises(VerificationError, match="a level-0 tile of the result differs"):
        prove(slide, executed, tmp_path)


@pytest.mark.parametrize("place", ["magic", "tile", "thumbnail", "index", "between", "behind"])
def test_a_spoiled_served_bin_is_not_proved(
    tmp_path: Path, slide: Slide, executed: Executed, place: str
) -> None:
    path = tmp_path / "served.bin"
    data = bytearray(path.read_bytes())
    description = executed.description
    if place == "magic":
        data[0] ^= 1
    elif place == "tile":
        data[8] ^= 1
    elif place == "thumbnail":
        data[description.thumbnail_offset] ^= 1
    elif place == "index":
        data[description.index_offset + 16 * 9] ^= 2
    elif place == "between":
        middle = description.thumbnail_offset + description.thumbnail_bytes // 2
        data[middle : middle + len(PATIENT)] = PATIENT.encode()
    else:
        data += bytes(16)
    path.write_bytes(data)
    with pytest.raises(VerificationError):
        prove(slide, executed, tmp_path)


def test_a_tile_reported_as_damaged_shows_nothing_and_no_other_may_differ(
    tmp_path: Path, slide: Slide, executed: Executed
) -> None:
    with pytest.raises(VerificationError, match="tile is damaged"):
        prove(slide, replace(executed, damaged_tiles=frozenset({5})), tmp_path)
    spoil(tmp_path / "slide.tif", change_a_scan_byte)
    with pytest.raises(VerificationError, match="differs"):
        prove(slide, executed, tmp_path)


def test_where_the_source_leaves_a_tile_out_the_result_shows_nothing(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(width_px=400, height_px=330, missing=frozenset({5, 9})))
    slide = open_slide(BytesSource((tmp_path / "a.svs").read_bytes()), Limits())
    executed = write(slide, tmp_path)
    assert prove(slide, executed, tmp_path).tiles.missing == 2

    def swap_with_the_neighbour(data: bytearray, file: tifffile.TiffFile) -> None:
        for name in ("TileOffsets", "TileByteCounts"):
            at = file.pages[0].tags[name].valueoffset + 8 * 5
            data[at : at + 16] = data[at + 8 : at + 16] + data[at : at + 8]

    spoil(tmp_path / "slide.tif", swap_with_the_neighbour)
    with pytest.raises(VerificationError, match="leaves a tile out"):
        prove(slide, executed, tmp_path)


def with_a_name(description: Description) -> bytes:
    return description.to_json().replace(b"carried over", PATIENT.encode())


def with_another_key(description: Description) -> bytes:
    return description.to_json().replace(b"{", b'{"note": 1,', 1)


def with_another_size(description: Description) -> bytes:
    return replace(description, slide_bytes=description.slide_bytes + 1).to_json()


@pytest.mark.parametrize("how", [with_a_name, with_another_key, with_another_size])
def test_a_description_that_says_more_or_other_is_not_proved(
    tmp_path: Path, slide: Slide, executed: Executed, how: Callable[[Description], bytes]
) -> None:
    path = tmp_path / "served.json"
    path.write_bytes(executed.description.to_json())
    check_description(path, executed.description, slide.texts(), ())
    path.write_bytes(how(executed.description))
    with pytest.raises(TilingError):
        check_description(path, executed.description, slide.texts(), ())
