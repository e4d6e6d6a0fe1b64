"""JPEG data in TIFFs that is cut rather than coded again, and what is done where it cannot be cut."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.contracts.slide_source import SlideContract
from tests.tiling.conversions import BytesSource, convert_file
from tests.tiling.svs_files import tissue
from tests.tiling.test_tiff import open_tiff
from tiling.errors import CorruptSlideError
from tiling.formats.tiff import TiffSlide
from tiling.model import Carriage, Slide

WIDTH, HEIGHT = 64, 32


def tiled(path: Path, *, missing: int = -1, **options: Any) -> TiffSlide:
    """Tiles of 64×32 pixels, each coded by Pillow; `options` may state one value or a list in turn."""
    pixels = tissue(2_176, 640)
    places = [(y, x) for y in range(0, 640, HEIGHT) for x in range(0, 2_176, WIDTH)]

    def coded() -> Iterator[bytes]:
        for number, (y, x) in enumerate(places):
            chosen = {k: v[number % len(v)] if isinstance(v, list) else v for k, v in options.items()}
            file = io.BytesIO()
            tile = Image.fromarray(pixels[y : y + HEIGHT, x : x + WIDTH])
            tile.save(file, "JPEG", **({"quality": 85, "subsampling": "4:2:2"} | chosen))
            yield b"" if number == missing else file.getvalue()

    tifffile.imwrite(
        path,
        coded(),
        shape=pixels.shape,
        dtype="uint8",
        tile=(HEIGHT, WIDTH),
        compression=7,
        photometric="ycbcr",
        subsampling=(2, 1),
        description="a text of some length",
        metadata=None,
        software=False,
    )
    return open_tiff(BytesSource(path.read_bytes()))


@pytest.mark.parametrize("restart_blocks", [0, 3])
class TestCutTiles(SlideContract):
    @pytest.fixture
    def slide(self, tmp_path: Path, restart_blocks: int) -> Slide:
        return tiled(tmp_path / "a.tif", restart_marker_blocks=restart_blocks)

    def test_nothing_is_decoded(self, slide: Slide) -> None:
        assert slide.carriage is Carriage.CUT
        assert slide.remarks == ()


def test_a_conversion_proves_every_pixel_of_the_cut_tiles(tmp_path: Path) -> None:
    tiled(tmp_path / "a.tif")
    report = convert_file(tmp_path / "a.tif", tmp_path / "out")
    assert report.l0_encoding == "cut losslessly"
    assert report.proof["tiles"]["cut"] == report.proof["tiles"]["tiles"] == 27
    assert report.proof["pixels"]["l0_worst_difference"] < 1


@pytest.mark.parametrize(
    "options", [{"quality": [85, 60]}, {"progressive": True}, {"optimize": [True, False]}]
)
def test_what_cannot_be_cut_is_coded_once_and_said(tmp_path: Path, options: dict[str, Any]) -> None:
    slide = tiled(tmp_path / "a.tif", **options)
    assert slide.carriage is Carriage.ENCODED
    assert slide.remarks == (
        "The slide's JPEG data cannot be cut into tiles without loss; it is decoded and encoded once.",
    )
    expected = tifffile.imread(tmp_path / "a.tif")
    pixels = slide.read_tile(1, 1).pixels
    assert pixels is not None
    assert np.abs(pixels.astype(int) - expected[256:512, 256:512]).mean() < 1


def test_a_tile_that_is_partly_left_out_is_damaged_and_no_other(tmp_path: Path) -> None:
    slide = tiled(tmp_path / "a.tif", missing=0)
    with pytest.raises(CorruptSlideError):
        slide.read_tile(0, 0)
    assert slide.read_tile(1, 0).jpeg is not None


def test_a_grey_jpeg_is_coded_once_in_colour_and_said(tmp_path: Path) -> None:
    grey = tissue(300, 200)[:, :, 1]
    options: dict[str, Any] = {"photometric": "minisblack", "compression": "jpeg", "metadata": None}
    tifffile.imwrite(tmp_path / "a.tif", grey, tile=(64, 64), **options)
    slide = open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))
    assert slide.carriage is Carriage.ENCODED
    assert len(slide.remarks) == 1
    first = slide.read_tile(0, 0).pixels
    assert first is not None and np.ptp(first.astype(int), axis=2).max() == 0
