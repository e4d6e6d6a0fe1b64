"""Tiles cut from JPEG segments hold the source's coefficients, wherever the segments' borders are."""

import io

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.tiling.jpeg_coefficients import coefficients
from tests.tiling.ndpi_files import SAMPLINGS
from tests.tiling.test_jpeg_crop import encode, picture
from tiling.errors import MalformedJpegError, UncroppableJpegError
from tiling.jpeg.grid import McuGrid, Segments, TileRange
from tiling.jpeg.regrid import Regridder
from tiling.jpeg.resync import ScanIndex
from tiling.jpeg.segments import parse_stream


def segments_of(jpeg: bytes, regridder: Regridder, grid: McuGrid) -> Segments:
    scan = parse_stream(jpeg).scans[0]
    data = jpeg[scan.entropy_start : scan.entropy_end]
    octets = np.frombuffer(data, np.uint8)
    markers = np.flatnonzero((octets[:-1] == 0xFF) & (octets[1:] & 0xF8 == 0xD0)).astype(np.int64)
    starts, ends = np.append(0, markers + 2), np.append(markers, len(data))
    return Segments.of_scan(
        data, starts, ends, regridder.restart_interval_mcu or grid.columns * grid.rows, grid
    )


def size_of(jpeg: bytes) -> tuple[int, int]:
    frame = parse_stream(jpeg).frame
    return frame.width_px, frame.height_px


def cut(jpeg: bytes, side_px: int) -> tuple[list[bytes | None], int]:
    """All tiles, and how many there are across."""
    regridder = Regridder(jpeg, tile_side_px=side_px)
    width_px, height_px = size_of(jpeg)
    grid = regridder.mcu_grid(width_px, height_px)
    tiles = TileRange(0, 0, -(-width_px // side_px), -(-height_px // side_px))
    return regridder.cut(segments_of(jpeg, regridder, grid), grid, tiles), tiles.cols


def cut_unmarked(jpeg: bytes, side_px: int, rows_at_once: int) -> tuple[list[bytes | None], int]:
    """The same of a stream without restart markers, some rows at a time."""
    regridder = Regridder(jpeg, tile_side_px=side_px)
    width_px, height_px = size_of(jpeg)
    grid = regridder.mcu_grid(width_px, height_px)
    scan = parse_stream(jpeg).scans[0]
    index = ScanIndex(
        regridder.blocks, grid, lambda at, length: jpeg[at : at + length], scan.entropy_start, len(jpeg)
    )
    cols, rows = -(-width_px // side_px), -(-height_px // side_px)
    mcus_per_row = grid.columns * side_px // regridder.mcu_height_px
    tiles: list[bytes | None] = []
    for first in range(0, rows, rows_at_once):
        count = min(rows_at_once, rows - first)
        end = min((first + count) * mcus_per_row, grid.columns * grid.rows)
        tiles += regridder.cut(
            index.segments(first * mcus_per_row, end), grid, TileRange(0, first, cols, count)
        )
    return tiles, cols


def assert_same_coefficients(jpeg: bytes, tiles: list[bytes | None], cols: int) -> None:
    """Each unit of the source is in its tile; what a tile has beyond is flat."""
    source = coefficients(jpeg)
    for number, tile in enumerate(tiles):
        assert tile is not None
        found = coefficients(tile)
        top, left = number // cols * found.shape[0], number % cols * found.shape[1]
        expected = source[top : top + found.shape[0], left : left + found.shape[1]]
        here = np.s_[: expected.shape[0], : expected.shape[1]]
        np.testing.assert_array_equal(found[here], expected)
        is_beyond = np.ones(found.shape[:2], np.bool_)
        is_beyond[here] = False
        assert not found[is_beyond][..., 1:].any()


def assert_same_pixels(jpeg: bytes, tiles: list[bytes | None], cols: int, side_px: int) -> None:
    for colours in ("GRAY", "RGB"):
        source = simplejpeg.decode_jpeg(jpeg, colorspace=colours, fastupsample=True)
        for number, tile in enumerate(tiles):
            assert tile is not None
            shown = simplejpeg.decode_jpeg(tile, colorspace=colours, fastupsample=True)
            assert shown.shape[:2] == (side_px, side_px)
            top, left = number // cols * side_px, number % cols * side_px
            expected = source[top : top + side_px, left : left + side_px]
            np.testing.assert_array_equal(shown[: expected.shape[0], : expected.shape[1]], expected)


def draw_jpeg(data: st.DataObject, largest_px: int, intervals: tuple[int, ...]) -> bytes:
    size = data.draw(st.integers(1, largest_px)), data.draw(st.integers(1, largest_px))
    pixels = picture(*size, data.draw(st.integers(0, 1000)), data.draw(st.integers(1, 20)))
    return encode(
        pixels if data.draw(st.integers(0, 4)) else pixels[..., 0],
        data.draw(st.sampled_from(sorted(SAMPLINGS))),
        data.draw(st.integers(2, 100)),
        data.draw(st.booleans()),
        data.draw(st.sampled_from(intervals)),
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_no_coefficient_changes(data: st.DataObject) -> None:
    jpeg = draw_jpeg(data, 90, (0, 1, 2, 3, 5, 7, 20, 1000))
    tiles, cols = cut(jpeg, data.draw(st.sampled_from([32, 64])))
    assert_same_coefficients(jpeg, tiles, cols)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_pixel_changes(data: st.DataObject) -> None:
    jpeg = draw_jpeg(data, 400, (0, 1, 2, 3, 5, 7, 20, 45, 1000))
    side_px = data.draw(st.sampled_from([32, 64, 96, 256]))
    tiles, cols = cut(jpeg, side_px)
    assert_same_pixels(jpeg, tiles, cols, side_px)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_scan_without_restart_markers_is_cut_from_places_found_in_it(data: st.DataObject) -> None:
    jpeg = draw_jpeg(data, 700, (0,))
    side_px = data.draw(st.sampled_from([64, 256]))
    tiles, cols = cut_unmarked(jpeg, side_px, data.draw(st.integers(1, 4)))
    assert_same_pixels(jpeg, tiles, cols, side_px)


def test_flat_regions_do_not_hide_where_units_begin() -> None:
    """In a flat region the same few bits come again and again; a wrong guess could be right for long."""
    pixels = picture(3000, 3000, 5)
    pixels[400:2600, 300:2900] = (243, 240, 245)
    for sampling in ("4:2:0", "4:2:2", "4:4:4"):
        for is_optimised in (False, True):
            jpeg = encode(pixels, sampling, 80, is_optimised)
            tiles, cols = cut_unmarked(jpeg, 256, 5)
            assert_same_pixels(jpeg, tiles, cols, 256)


def test_a_flat_picture_is_cut_too() -> None:
    """With tables of its own it is nothing but zero bits: units could begin anywhere."""
    jpeg = encode(np.full((2600, 2600, 3), 200, np.uint8), "4:4:4", 80, optimised=True)
    tiles, cols = cut_unmarked(jpeg, 256, 8)
    assert_same_pixels(jpeg, tiles, cols, 256)


def test_only_the_tiles_asked_for_are_cut() -> None:
    jpeg = encode(picture(300, 200, 1), "4:2:0", restart_interval_mcu=5)
    regridder = Regridder(jpeg, tile_side_px=64)
    grid = regridder.mcu_grid(300, 200)
    segments = segments_of(jpeg, regridder, grid)
    everything = regridder.cut(segments, grid, TileRange(0, 0, 5, 4))
    middle = regridder.cut(segments, grid, TileRange(1, 1, 3, 2))
    assert middle == everything[6:9] + everything[11:14]
    assert regridder.cut(segments, grid, TileRange(5, 4, 1, 1)) == [None]


def strips(pixels: NDArray[np.uint8], rows_px: int, sampling: str) -> list[bytes]:
    return [encode(pixels[y : y + rows_px], sampling) for y in range(0, len(pixels), rows_px)]


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_strips_of_a_tiff_are_cut_into_tiles(sampling: str) -> None:
    pixels = picture(300, 192, 4)
    parts = strips(pixels, 32, sampling)
    regridder = Regridder(parts[0], tile_side_px=64)
    grid = regridder.mcu_grid(300, 192)
    each = McuGrid(grid.columns, 32 // regridder.mcu_height_px)
    tiles = regridder.cut(joined(parts, each, [(0, row) for row in range(6)]), grid, TileRange(0, 0, 5, 3))
    for index, tile in enumerate(tiles):
        assert tile is not None
        found = coefficients(tile)
        y, x = index // 5, index % 5
        source = np.concatenate([coefficients(parts[2 * y]), coefficients(parts[2 * y + 1])])
        expected = source[:, x * found.shape[1] : (x + 1) * found.shape[1]]
        np.testing.assert_array_equal(found[:, : expected.shape[1]], expected)


def test_tiles_of_a_tiff_are_cut_into_other_tiles() -> None:
    """Tiles of 96 × 48 px, padded beyond a level of 260 × 130 px."""
    pixels = picture(288, 144, 4)
    parts = [
        encode(pixels[y : y + 48, x : x + 96], "4:2:0") for y in range(0, 144, 48) for x in range(0, 288, 96)
    ]
    regridder = Regridder(parts[0], tile_side_px=64)
    grid = regridder.mcu_grid(260, 130)
    segments = joined(parts, McuGrid(6, 3), [(col, row) for row in range(3) for col in range(3)])
    tiles = regridder.cut(segments, grid, TileRange(0, 0, 5, 3))
    rows = [np.concatenate([coefficients(part) for part in parts[y : y + 3]], axis=1) for y in (0, 3, 6)]
    source = np.concatenate(rows)[: grid.rows, : grid.columns]
    for index, tile in enumerate(tiles):
        assert tile is not None
        y, x = index // 5 * 4, index % 5 * 4
        expected = source[y : y + 4, x : x + 4]
        found = coefficients(tile)
        np.testing.assert_array_equal(found[: expected.shape[0], : expected.shape[1]], expected)


def joined(parts: list[bytes], each: McuGrid, places: list[tuple[int, int]]) -> Segments:
    scans = [parse_stream(part).scans[0] for part in parts]
    pieces = [part[s.entropy_start : s.entropy_end] for part, s in zip(parts, scans, strict=True)]
    ends = np.cumsum([len(piece) for piece in pieces]).astype(np.int64)
    starts = np.append(0, ends[:-1])
    at = np.array(places, np.int64)
    return Segments.of_rectangles(
        b"".join(pieces), starts, ends, at[:, 0] * each.columns, at[:, 1] * each.rows, each
    )


def test_a_tile_that_lacks_a_segment_is_none_and_the_others_are_whole() -> None:
    jpeg = encode(picture(256, 256, 2), "4:2:0", restart_interval_mcu=4)
    regridder = Regridder(jpeg, tile_side_px=64)
    grid = regridder.mcu_grid(256, 256)
    whole = segments_of(jpeg, regridder, grid)
    kept = np.arange(len(whole.starts)) != 5  # MCUs 20–23: row 1, columns 4–7
    fewer = Segments(whole.data, *(getattr(whole, name)[kept] for name in Segments.__slots__[1:]))
    tiles = regridder.cut(fewer, grid, TileRange(0, 0, 4, 4))
    expected = regridder.cut(whole, grid, TileRange(0, 0, 4, 4))
    assert [index for index, tile in enumerate(tiles) if tile is None] == [1]
    assert [tile for tile in tiles if tile] == expected[:1] + expected[2:]


def test_a_damaged_segment_spoils_only_the_tiles_that_need_it() -> None:
    jpeg = encode(picture(256, 256, 2), "4:2:0", restart_interval_mcu=4)
    regridder = Regridder(jpeg, tile_side_px=64)
    grid = regridder.mcu_grid(256, 256)
    whole = segments_of(jpeg, regridder, grid)
    data = bytearray(whole.data)
    for at in range(int(whole.starts[5]), int(whole.ends[5]), 2):
        data[at : at + 2] = b"\xff\0"  # ones: a code that no table has
    damaged = Segments(bytes(data), *(getattr(whole, name) for name in Segments.__slots__[1:]))
    tiles = regridder.cut(damaged, grid, TileRange(0, 0, 4, 4))
    assert [index for index, tile in enumerate(tiles) if tile is None] == [1]


def test_a_difference_without_a_code_gets_one_behind_the_table() -> None:
    # Brightness runs like a snake, so that neighbours are alike in coding order but not below each other.
    ramp = np.repeat(np.linspace(0, 255, 64), 8)
    pixels = np.repeat(np.stack([ramp, ramp[::-1], ramp, ramp[::-1]]), 8, axis=0).astype(np.uint8)
    jpeg = encode(pixels, quality=100, optimised=True)
    tiles, cols = cut(jpeg, 32)
    assert_same_coefficients(jpeg, tiles, cols)


def test_tables_split_over_several_segments_are_put_together() -> None:
    jpeg = encode(picture(100, 100, 1), "4:2:0")
    assert jpeg.count(b"\xff\xc4") == 4
    tiles, cols = cut(jpeg, 64)
    assert_same_coefficients(jpeg, tiles, cols)


def test_bytes_behind_the_image_data_do_not_matter() -> None:
    jpeg = encode(picture(200, 100, 1), "4:2:2", restart_interval_mcu=3)
    expected = cut(jpeg, 64)
    assert cut(jpeg + b"trailing bytes \xff\xd0\xff", 64) == expected
    # Bytes between the last coded unit and EOI: decoders call them extraneous.
    assert cut(jpeg[:-2] + b"\0\0\0\0" + jpeg[-2:], 64) == expected


@pytest.mark.parametrize("options", [{"progressive": True}, {"keep_rgb": True, "subsampling": "4:4:4"}])
def test_what_cannot_be_cut_is_said_and_rgb_is_cut(options: dict[str, object]) -> None:
    out = io.BytesIO()
    Image.fromarray(picture(64, 64, 1)).save(out, "JPEG", **options)
    if "progressive" in options:
        with pytest.raises(UncroppableJpegError):
            Regridder(out.getvalue())
        return
    regridder = Regridder(out.getvalue(), tile_side_px=32, is_rgb=True)
    grid = regridder.mcu_grid(64, 64)
    tile = regridder.cut(segments_of(out.getvalue(), regridder, grid), grid, TileRange(1, 0, 1, 1))[0]
    assert tile is not None
    expected = np.asarray(Image.open(out))[:32, 32:]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(tile))), expected)


def test_twelve_bit_and_arithmetic_streams_are_refused() -> None:
    jpeg = encode(picture(64, 64, 1))
    for marker in (b"\xff\xc9", b"\xff\xc3"):
        with pytest.raises((UncroppableJpegError, MalformedJpegError)):
            Regridder(jpeg.replace(b"\xff\xc0", marker))
    at = jpeg.index(b"\xff\xc0") + 4
    with pytest.raises(UncroppableJpegError):
        Regridder(jpeg[: at - 4] + b"\xff\xc1" + jpeg[at - 2 : at] + b"\x0c" + jpeg[at + 1 :])


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_data_gives_whole_tiles_or_none_but_never_a_crash(data: st.DataObject) -> None:
    interval_mcu = data.draw(st.sampled_from([0, 2, 9]))
    sampling = data.draw(st.sampled_from(sorted(SAMPLINGS)))
    jpeg = encode(picture(200, 150, data.draw(st.integers(0, 3)), 2), sampling, 90, False, interval_mcu)
    start = parse_stream(jpeg).scans[0].entropy_start
    spoiled = bytearray(jpeg)
    for _ in range(data.draw(st.integers(1, 8))):
        spoiled[data.draw(st.integers(start, len(jpeg) - 3))] = data.draw(st.integers(0, 255))
    del spoiled[data.draw(st.integers(start + 10, len(jpeg))) :]
    regridder = Regridder(jpeg, tile_side_px=64)
    grid = regridder.mcu_grid(200, 150)
    try:
        if interval_mcu:
            segments = segments_of(bytes(spoiled), regridder, grid)
        else:
            index = ScanIndex(
                regridder.blocks, grid, lambda at, n: bytes(spoiled[at : at + n]), start, len(spoiled)
            )
            segments = index.segments(0, grid.columns * grid.rows)
    except MalformedJpegError:
        return
    for tile in regridder.cut(segments, grid, TileRange(0, 0, 4, 3)):
        if tile is not None:
            assert coefficients(tile).shape[0] * regridder.mcu_height_px == 64
