"""Aperio slides, real and generated, behind the seam that all formats share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest
import tifffile

from ground.source import FileSource
from tests.contracts.slide_source import SlideContract
from tests.tiling.conversions import BytesSource, convert_file
from tests.tiling.svs_files import Recipe, tissue, write_svs
from tiling.errors import CorruptSlideError, NotASlideError, SlideTooLargeError
from tiling.geometry import Mpp, Size
from tiling.limits import Limits
from tiling.model import ImageRole, Slide
from tiling.open_slide import open_slide


class TestRealAperioSlide(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        with FileSource(shared_data / "slides" / "CMU-1-Small-Region.svs") as source:
            yield open_slide(source)

    def test_it_is_what_openslide_says_it_is(self, slide: Slide) -> None:
        assert slide.format_name == "aperio-svs"
        assert slide.grid.size == Size(2220, 2967)
        assert slide.mpp == Mpp(0.499, 0.499)
        assert slide.objective_power == 20
        assert slide.is_rgb
        assert [(image.role, image.size) for image in slide.associated_images] == [
            (ImageRole.THUMBNAIL, Size(574, 768)),
            (ImageRole.LABEL, Size(387, 463)),
            (ImageRole.MACRO, Size(1280, 431)),
        ]


class TestAperioSlideWithAPyramid(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        with FileSource(shared_data / "derived" / "aperio-fakephi-9001x7003.svs") as source:
            yield open_slide(source)

    def test_its_pyramid_is_recognised_by_geometry(self, slide: Slide) -> None:
        assert [level.size.width_px for level in slide.levels] == [9001, 2250, 562]


CODINGS = ["jpeg", "jpeg-rgb", "jp2k-rgb", "jp2k-ycc", "jp2k-422", "jp2k-420", "lzw", "none"]


@pytest.mark.parametrize("coding", CODINGS)
class TestGeneratedAperioSlide(SlideContract):
    @pytest.fixture
    def slide(self, tmp_path: Path, coding: str) -> Iterator[Slide]:
        write_svs(tmp_path / "slide.svs", Recipe(coding=coding, missing=frozenset({3})))
        with FileSource(tmp_path / "slide.svs") as source:
            yield open_slide(source)


@pytest.mark.parametrize("coding", ["jp2k-rgb", "jp2k-ycc", "jp2k-422", "jp2k-420"])
def test_jpeg_2000_has_the_colours_that_openslide_shows(tmp_path: Path, coding: str) -> None:
    slide = opened(tmp_path / "a.svs", Recipe(coding=coding))
    with openslide.OpenSlide(tmp_path / "a.svs") as seen:
        for place in slide.grid:
            region = slide.grid.region(place.x, place.y)
            size = (region.size.width_px, region.size.height_px)
            expected = seen.read_region((region.origin.x, region.origin.y), 0, size).convert("RGB")
            pixels = slide.read_tile(place.x, place.y).pixels
            assert pixels is not None
            difference = np.abs(np.asarray(expected).astype(int) - pixels[: size[1], : size[0]])
            assert difference.max() <= 1


def test_tiles_that_are_not_square_are_read_all_the_same(tmp_path: Path) -> None:
    pixels = tissue(300, 200)
    options: dict[str, Any] = {
        "description": "Aperio\r\n300x200|MPP = 0.25",
        "metadata": None,
        "software": False,
    }
    options |= {"description": "Aperio\r\n300x200|MPP = 0.25", "tile": (64, 48), "compression": "lzw"}
    tifffile.imwrite(tmp_path / "a.svs", pixels, **options)
    slide = open_slide(BytesSource((tmp_path / "a.svs").read_bytes()))
    assert slide.grid.tile_size_px == 256
    first = slide.read_tile(0, 0).pixels
    assert first is not None
    np.testing.assert_array_equal(first[:200], pixels[:, :256])


def test_level_0_is_the_largest_image_wherever_it_stands(tmp_path: Path) -> None:
    pixels = tissue(300, 200)
    with tifffile.TiffWriter(tmp_path / "a.svs") as writer:
        for image in (pixels[::4, ::4], pixels):
            writer.write(
                image,
                photometric="rgb",
                tile=(64, 64),
                description="Aperio\r\n300x200|MPP = 0.25",
                metadata=None,
                software=False,
            )
    slide = open_slide(BytesSource((tmp_path / "a.svs").read_bytes()))
    assert slide.grid.size == Size(300, 200)
    assert [level.size.width_px for level in slide.levels] == [300, 75]
    with slide.witness() as witness:
        assert witness.grid == slide.grid
    assert "directory 1 (level 0), image tiles" in {place.name for place in slide.places()}


def opened(path: Path, recipe: Recipe, limits: Limits | None = None) -> Slide:
    write_svs(path, recipe)
    return open_slide(BytesSource(path.read_bytes()), limits)


@pytest.mark.parametrize(("bigtiff", "byteorder"), [(False, "<"), (True, "<"), (False, ">"), (True, ">")])
def test_every_kind_of_tiff_is_read(tmp_path: Path, bigtiff: bool, byteorder: str) -> None:
    slide = opened(tmp_path / "a.svs", Recipe(bigtiff=bigtiff, byteorder=byteorder))
    assert slide.grid.size == Size(300, 200)
    assert slide.mpp == Mpp(0.252, 0.252)


def test_a_tile_that_the_scanner_left_out_is_neither_jpeg_nor_pixels(tmp_path: Path) -> None:
    tile = opened(tmp_path / "a.svs", Recipe(missing=frozenset({0}))).read_tile(0, 0)
    assert tile.jpeg is None and tile.pixels is None


def test_a_tiled_picture_of_other_proportions_is_no_level(tmp_path: Path) -> None:
    """ImageDePHI takes any tiled directory for the slide, so a tiled label would stay."""
    recipe = Recipe(with_images=False)
    write_svs(tmp_path / "a.svs", recipe)
    data = bytearray((tmp_path / "a.svs").read_bytes())
    second = open_slide(BytesSource(bytes(data)))
    assert len(second.levels) == 2
    slide = open_slide(BytesSource(_with_height(bytes(data), directory=1, height_px=64)))
    assert len(slide.levels) == 1
    assert [image.role for image in slide.associated_images] == [ImageRole.UNKNOWN]


def _with_height(data: bytes, directory: int, height_px: int) -> bytes:
    """The same little-endian TIFF, another ImageLength in one directory."""
    at = int.from_bytes(data[4:8], "little")
    changed = bytearray(data)
    for number in range(directory + 1):
        count = int.from_bytes(data[at : at + 2], "little")
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            if number == directory and data[entry : entry + 2] == (257).to_bytes(2, "little"):
                width = 2 if data[entry + 2] == 3 else 4
                changed[entry + 8 : entry + 8 + width] = height_px.to_bytes(width, "little")
        at = int.from_bytes(data[at + 2 + 12 * count : at + 6 + 12 * count], "little")
    return bytes(changed)


@pytest.mark.parametrize("limits", [Limits(pixels=10_000), Limits(tiles=10), Limits(tile_bytes=100)])
def test_a_slide_beyond_a_limit_is_refused_before_anything_is_decoded(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(SlideTooLargeError):
        opened(tmp_path / "a.svs", Recipe(), limits)


def test_what_is_no_slide_of_any_kind_is_named_so(shared_data: Path) -> None:
    with FileSource(shared_data / "malformed" / "bomb.png") as source, pytest.raises(NotASlideError):
        open_slide(source)


def test_a_file_that_was_cut_is_corrupt(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    data = (tmp_path / "a.svs").read_bytes()
    with pytest.raises(CorruptSlideError):
        open_slide(BytesSource(data[: len(data) // 2]))


@pytest.mark.parametrize("coding", ["jpeg", "jpeg-rgb", "jp2k-rgb"])
def test_a_few_damaged_tiles_on_the_edge_are_white_and_said(tmp_path: Path, coding: str) -> None:
    """5 columns, 4 rows: the last of a row, and one of the last row."""
    write_svs(tmp_path / "a.svs", Recipe(coding=coding, spoiled=frozenset({9, 17})))
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.remarks == ("2 tiles at the edge are damaged in the source and left white.",)
    assert report.proof["tiles"]["missing"] == 2
    assert report.proof["tiles"]["damaged"] == 0
    with openslide.OpenSlide(tmp_path / "out" / "slide.tif") as seen:
        assert np.asarray(seen.read_region((270, 70), 0, (30, 50)))[:, :, :3].min() > 250


@pytest.mark.parametrize("spoiled", [{6}, set(range(4, 20, 5)) | set(range(15, 20)) | {6}])
def test_damage_inside_or_in_numbers_is_no_matter_of_the_edge(tmp_path: Path, spoiled: set[int]) -> None:
    write_svs(tmp_path / "a.svs", Recipe(spoiled=frozenset(spoiled)))
    with pytest.raises(CorruptSlideError):
        convert_file(tmp_path / "a.svs", tmp_path / "out")


def test_jpeg_tiles_that_are_not_square_are_cut_without_loss(tmp_path: Path) -> None:
    pixels = tissue(300, 200)
    options: dict[str, Any] = {"metadata": None, "software": False, "photometric": "ycbcr"}
    options |= {"description": "Aperio\r\n300x200|MPP = 0.25", "tile": (48, 80), "compression": "jpeg"}
    tifffile.imwrite(tmp_path / "a.svs", pixels, **options)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.l0_encoding == "cut losslessly"
    assert report.proof["tiles"]["cut"] == 2
