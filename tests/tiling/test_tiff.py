"""TIFF slides of no scanner in particular, real and generated, behind the seam that all formats share."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile

from ground.source import ByteSource, FileSource
from tests.contracts.slide_source import SlideContract
from tests.tiling.conversions import BytesSource
from tests.tiling.tiff_files import Pixels, TiffRecipe, write_tiff
from tiling.errors import CorruptSlideError, SlideTooLargeError
from tiling.formats.tiff import TiffSlide, is_generic_tiff
from tiling.geometry import Size
from tiling.limits import Limits
from tiling.model import Carriage, Slide
from tiling.pixels import decode_jpeg
from tiling.tiff.chunk_cache import ChunkCache
from tiling.tiff.reader import TiffFile


def open_tiff(source: ByteSource, limits: Limits | None = None) -> TiffSlide:
    limits = limits or Limits()
    tiff = TiffFile(source, limits)
    assert is_generic_tiff(tiff, limits)
    return TiffSlide(source, tiff, limits)


def opened(path: Path, recipe: TiffRecipe, pixels: Pixels | None = None) -> tuple[TiffSlide, Pixels]:
    written = write_tiff(path, recipe, pixels)
    return open_tiff(BytesSource(path.read_bytes())), written


def whole(slide: Slide) -> Pixels:
    """Level 0, put together from its tiles."""
    side = slide.grid.tile_size_px
    out = np.zeros((slide.grid.rows * side, slide.grid.cols * side, 3), np.uint8)
    for place in slide.grid:
        tile = slide.read_tile(place.x, place.y)
        pixels = tile.pixels if tile.jpeg is None else decode_jpeg(tile.jpeg, side, side)
        assert pixels is not None
        out[place.y * side : (place.y + 1) * side, place.x * side : (place.x + 1) * side] = pixels
    return out[: slide.grid.size.height_px, : slide.grid.size.width_px]


YCBCR = {"photometric": "ycbcr", "subsampling": (2, 2)}
JPEG_RGB = {"compressionargs": {"outcolorspace": "rgb"}}
WIDE: dict[str, Any] = {"width_px": 2_100, "compression": "jpeg"}
KINDS = {
    "tiles": TiffRecipe(),
    "strips": TiffRecipe(tile=None),
    "one strip": TiffRecipe(tile=None, rows_per_strip=None),
    "lzw": TiffRecipe(compression="lzw", options={"predictor": True}),
    "deflate in strips": TiffRecipe(tile=None, compression="zlib", rows_per_strip=64),
    "zstd, tiles of no use": TiffRecipe(tile=(48, 80), compression="zstd"),
    "jpeg": TiffRecipe(compression="jpeg", options=YCBCR | {"subsampling": (2, 1)}),
    "jpeg of rgb": TiffRecipe(compression="jpeg", options=JPEG_RGB),
    "jpeg strips": TiffRecipe(**WIDE, tile=None, rows_per_strip=16, options=YCBCR),
    "jpeg strips of rgb": TiffRecipe(**WIDE, tile=None, rows_per_strip=8, options=JPEG_RGB),
    "jpeg, one strip": TiffRecipe(**WIDE, tile=None, rows_per_strip=330, options=YCBCR),
    "jpeg, not square": TiffRecipe(**WIDE, tile=(48, 80), options=YCBCR),
    "jpeg in planes": TiffRecipe(compression="jpeg", options={"planarconfig": "separate"}),
    "deflate's old number": TiffRecipe(compression="deflate", options={"predictor": True}),
    "sub-directories": TiffRecipe(compression="lzw", sub_ifds=True, levels=2),
    "jpeg 2000": TiffRecipe(compression="jpeg2000", options={"compressionargs": {"level": 0}}),
    "webp": TiffRecipe(compression="webp", options={"compressionargs": {"lossless": True}}),
    "packbits": TiffRecipe(compression="packbits"),
    "planar": TiffRecipe(compression="lzw", options={"planarconfig": "separate"}),
    "big, big-endian": TiffRecipe(bigtiff=True, byteorder=">"),
}


@pytest.mark.parametrize("kind", KINDS)
class TestGeneratedTiff(SlideContract):
    @pytest.fixture
    def slide(self, tmp_path: Path, kind: str) -> Iterator[Slide]:
        write_tiff(tmp_path / "slide.tif", KINDS[kind])
        with FileSource(tmp_path / "slide.tif") as source:
            yield open_tiff(source)

    def test_its_pixels_are_those_that_tifffile_reads(self, slide: Slide, tmp_path: Path) -> None:
        read = tifffile.imread(tmp_path / "slide.tif", key=0)
        expected = np.moveaxis(read, 0, 2) if read.shape[0] == 3 else read
        difference = np.abs(whole(slide).astype(int) - expected)
        # Where a cut tile ends, chroma is smoothed without its neighbour.
        assert difference.mean() < (1 if slide.carriage is Carriage.CUT else 1e-9)

    def test_jpeg_data_is_not_coded_again_where_it_can_be_cut(self, slide: Slide, kind: str) -> None:
        expected = Carriage.ENCODED
        if "jpeg" in kind and kind not in ("jpeg 2000", "jpeg in planes"):
            expected = Carriage.CARRIED if kind in ("jpeg", "jpeg of rgb") else Carriage.CUT
        assert slide.carriage is expected
        assert bool(slide.remarks) == (kind == "jpeg in planes")


class TestRealOmeTiff(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        with FileSource(shared_data / "slides" / "OS-2-ndpi.ome.tif") as source:
            yield open_tiff(source)

    def test_its_jpeg_tiles_are_carried_as_the_ycbcr_that_they_are(self, slide: Slide) -> None:
        assert slide.carriage is Carriage.CARRIED
        assert not slide.is_rgb
        assert slide.grid.size == Size(2202, 2202)


@pytest.mark.parametrize("name", ["boxes.tiff", "yb10kx5k.zstd.tiff"])
def test_real_tiffs_have_the_pixels_that_openslide_shows(shared_data: Path, name: str) -> None:
    path = shared_data / "slides" / name
    with FileSource(path) as source, openslide.OpenSlide(path) as seen:
        slide = open_tiff(source)
        sizes = tuple((level.size.width_px, level.size.height_px) for level in slide.levels)
        assert sizes == seen.level_dimensions
        # Both state 353 µm, 72 dots an inch: what programs write that know no scale.
        assert slide.mpp is None
        for place in [place for number, place in enumerate(slide.grid) if number % 40 in (0, 19)]:
            region = slide.grid.region(place.x, place.y)
            size = (region.size.width_px, region.size.height_px)
            expected = seen.read_region((region.origin.x, region.origin.y), 0, size).convert("RGB")
            pixels = slide.read_tile(place.x, place.y).pixels
            assert pixels is not None
            np.testing.assert_array_equal(pixels[: size[1], : size[0]], expected)


def test_a_strip_that_would_fill_the_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    options: dict[str, Any] = {"shape": (30_000, 30_000, 3), "dtype": "uint8", "photometric": "rgb"}
    options |= {"compression": "zlib", "rowsperstrip": 30_000, "metadata": None}
    tifffile.imwrite(tmp_path / "a.tif", iter([b"x" * 100]), **options)
    with pytest.raises(SlideTooLargeError):
        open_tiff(BytesSource((tmp_path / "a.tif").read_bytes()))


def test_one_raw_strip_for_everything_is_read_in_bands(tmp_path: Path) -> None:
    """A gigabyte in one strip: what many programs write."""
    path = tmp_path / "a.tif"
    options: dict[str, Any] = {"shape": (20_000, 20_000, 3), "dtype": "uint8", "photometric": "rgb"}
    tifffile.imwrite(path, rowsperstrip=20_000, metadata=None, **options)
    with path.open("r+b") as file, tifffile.TiffFile(path) as written:
        offset = written.pages[0].dataoffsets[0]
        file.seek(offset + (19_999 * 20_000 + 19_998) * 3)
        file.write(bytes((1, 2, 3)))
    with FileSource(path) as source:
        slide = open_tiff(source)
        last = slide.read_tile(slide.grid.cols - 1, slide.grid.rows - 1).pixels
    shown = slide.grid.region(slide.grid.cols - 1, slide.grid.rows - 1).size
    assert last is not None
    assert last[shown.height_px - 1, shown.width_px - 2].tolist() == [1, 2, 3]
    assert int(last[: shown.height_px, : shown.width_px].astype(int).sum()) == 6


def test_a_reader_waits_for_a_piece_that_another_one_is_decoding() -> None:
    cache: ChunkCache[bytes] = ChunkCache(100)
    started, allowed = threading.Event(), threading.Event()
    made = []

    def slowly() -> bytes:
        made.append(1)
        started.set()
        allowed.wait(60)
        return b"piece"

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", 60, slowly)
        assert started.wait(60)
        second = pool.submit(cache.get, "a", 60, slowly)
        allowed.set()
        assert (first.result(), second.result()) == (b"piece", b"piece")
    assert len(made) == 1
    cache.get("b", 60, lambda: b"other")
    assert cache.get("a", 60, lambda: b"made again") == b"made again"


def test_an_error_is_given_to_all_who_wait_and_not_kept() -> None:
    cache: ChunkCache[bytes] = ChunkCache(100)

    def fails() -> bytes:
        raise CorruptSlideError("broken")

    with pytest.raises(CorruptSlideError):
        cache.get("a", 10, fails)
    assert cache.get("a", 10, lambda: b"whole") == b"whole"
