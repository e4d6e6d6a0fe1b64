"""What a slide's outermost tiles hold beyond the slide goes nowhere, and what they show of it stays exact."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import simplejpeg
import tifffile
from PIL import Image

from tests.tiling import dicom_files, svs_files
from tests.tiling.conversions import convert_bytes, convert_file
from tests.tiling.svs_files import Pixels, Recipe, write_svs
from tiling.convert import ConversionReport

GREEN = (0, 255, 0)
"""No tissue is."""
SIDE_PX = 64


def is_green(rgb: Pixels) -> np.ndarray:
    wide = rgb.astype(int)
    return (wide[..., 1] > 200) & (wide[..., 0] < 80) & (wide[..., 2] < 80)


def is_uneven(rgb: Pixels) -> np.ndarray:
    """Of each block of 8 × 8 pixels whether it shows more than one colour."""
    blocks = rgb.reshape(rgb.shape[0] // 8, 8, rgb.shape[1] // 8, 8, 3)
    return (np.ptp(blocks, axis=(1, 3)) > 0).any(axis=2)


def filled_tiles(pixels: Pixels, recipe: Recipe, *, is_base: bool) -> Iterator[bytes]:
    """Tiles that are green, with a name, wherever they are not the slide."""
    side = recipe.tile_size_px
    for number, (top, left) in enumerate(
        (top, left) for top in range(0, pixels.shape[0], side) for left in range(0, pixels.shape[1], side)
    ):
        part = pixels[top : top + side, left : left + side]
        tile = np.full((side, side, 3), GREEN, np.uint8)
        cv2.putText(tile, "DOE", (2, side - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
        tile[: part.shape[0], : part.shape[1]] = part
        yield b"" if number in recipe.missing else svs_files._encode(tile, recipe)


def convert_filled(
    folder: Path, recipe: Recipe, encode: Callable[[Pixels, Recipe], bytes] | None = None
) -> ConversionReport:
    with (
        patch.object(svs_files, "_tiles", filled_tiles),
        patch.object(svs_files, "_encode", encode or svs_files._encode),
    ):
        write_svs(folder / "source.svs", recipe)
    return convert_file(folder / "source.svs", folder / "out")


def tiles_of(page: tifffile.TiffPage) -> list[Pixels]:
    """By libjpeg, chroma samples repeated: a pixel is its own blocks' matter alone."""
    found = []
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        page.parent.filehandle.seek(offset)
        data = page.parent.filehandle.read(length)
        stream = data[:2] + (page.jpegtables or b"\0\0\0\0")[2:-2] + data[2:]
        found.append(simplejpeg.decode_jpeg(stream, colorspace="RGB", fastupsample=True) if length else None)
    return found


def require_nothing_beyond(folder: Path) -> None:
    """No letter in level 0, but for the units that the slide ends in, and no colour in the levels above."""
    with (
        tifffile.TiffFile(folder / "source.svs") as source,
        tifffile.TiffFile(folder / "out/slide.tif") as out,
    ):
        base = out.pages[0]
        width_px, height_px = base.imagewidth, base.imagelength
        across = -(-width_px // SIDE_PX)
        pairs = zip(tiles_of(source.pages[0]), tiles_of(base), strict=True)
        seen = 0
        for number, (was, now) in enumerate(pairs):
            if was is None:
                continue
            right = min(SIDE_PX, width_px - number % across * SIDE_PX)
            lower = min(SIDE_PX, height_px - number // across * SIDE_PX)
            np.testing.assert_array_equal(now[:lower, :right], was[:lower, :right])
            seen += int(is_green(was).sum())
            uneven = is_uneven(now)
            uneven[: -(-lower // 16) * 2, : -(-right // 16) * 2] = False
            assert not uneven.any(), number
        assert seen > 1000, "there was something to be seen"
        for level in out.pages[1:]:
            assert not any(is_green(tile).any() for tile in tiles_of(level) if tile is not None)


@pytest.mark.parametrize(
    ("coding", "subsampling"), [("jpeg", "422"), ("jpeg", "420"), ("jpeg", "444"), ("jpeg-rgb", "444")]
)
@pytest.mark.parametrize("size_px", [(300, 200), (256, 200), (300, 192), (272, 208)])
def test_nothing_beyond_the_slide_is_carried_over(
    tmp_path: Path, coding: str, subsampling: str, size_px: tuple[int, int]
) -> None:
    recipe = Recipe(*size_px, coding=coding, subsampling=subsampling)
    report = convert_filled(tmp_path, recipe)
    assert report.l0_encoding == "carried over bit for bit"
    require_nothing_beyond(tmp_path)


def test_tiles_left_out_at_the_edge_stay_left_out(tmp_path: Path) -> None:
    report = convert_filled(tmp_path, Recipe(missing=frozenset({4, 16, 19})))
    assert report.proof["tiles"]["missing"] == 3
    require_nothing_beyond(tmp_path)


def test_tiles_with_tables_of_their_own_are_cut_one_by_one(tmp_path: Path) -> None:
    def optimised(tile: Pixels, recipe: Recipe) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(tile).save(buffer, "JPEG", quality=80, optimize=True, subsampling=1)
        return buffer.getvalue()

    report = convert_filled(tmp_path, Recipe(), optimised)
    assert report.l0_encoding == "carried over bit for bit"
    require_nothing_beyond(tmp_path)


def test_tiles_with_restart_markers_are_cut_too(tmp_path: Path) -> None:
    def restarting(tile: Pixels, recipe: Recipe) -> bytes:
        options = (cv2.IMWRITE_JPEG_RST_INTERVAL, 3)
        return bytes(cv2.imencode(".jpg", tile[..., ::-1], [*options, cv2.IMWRITE_JPEG_QUALITY, 85])[1])

    report = convert_filled(tmp_path, Recipe(subsampling="420"), restarting)
    assert report.l0_encoding == "carried over bit for bit"
    require_nothing_beyond(tmp_path)


def progressive(tile: Pixels, recipe: Recipe) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(tile).save(buffer, "JPEG", quality=90, progressive=True, subsampling=1)
    return buffer.getvalue()


def test_what_cannot_be_cut_is_encoded_anew_unless_the_tiles_end_with_the_slide(tmp_path: Path) -> None:
    for name, size_px, carriage in (
        ("ragged", (300, 200), "encoded"),
        ("even", (256, 192), "carried over bit for bit"),
    ):
        (folder := tmp_path / name).mkdir()
        report = convert_filled(folder, Recipe(*size_px), progressive)
        assert report.l0_encoding == carriage
        with tifffile.TiffFile(folder / "out/slide.tif") as out:
            assert not any(is_green(tile).any() for page in out.pages for tile in tiles_of(page))


def test_a_dicom_slide_s_frames_end_with_the_slide(tmp_path: Path) -> None:
    plain_encode = dicom_files.encode

    def lettered(frame: Pixels, recipe: dicom_files.Recipe) -> bytes:
        filled = frame.copy()
        cv2.putText(filled, "DOE", (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 0.6, GREEN)
        return plain_encode(np.where(frame == 255, filled, frame), recipe)

    with patch.object(dicom_files, "encode", lettered):
        (data,) = dicom_files.write_dicom(dicom_files.Recipe())
    report = convert_bytes(data, tmp_path / "out")
    assert report.l0_encoding == "carried over bit for bit"
    with tifffile.TiffFile(tmp_path / "out/slide.tif") as out:
        lower_row = tiles_of(out.pages[0])[-5:]
    assert not any(is_uneven(tile)[2:].any() for tile in lower_row)
