"""The canonical slide: what other programs see, what Deep Zoom gets, and what damage is noticed."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openslide
import pytest
import tifffile

from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, decoded, write_svs
from tiling.canonical import open_canonical
from tiling.errors import CanonicalError, TileNotFoundError
from tiling.geometry import Size as SlideSize
from tiling.geometry import TileGrid, deepzoom_sizes

SHAPES = [
    Recipe(width_px=300, height_px=200),
    Recipe(width_px=64, height_px=64),
    Recipe(width_px=1, height_px=1, with_reduced=False, with_images=False),
    Recipe(width_px=16, height_px=16, tile_size_px=240, with_reduced=False),
    Recipe(width_px=1025, height_px=70, tile_size_px=128),
    Recipe(width_px=65, height_px=1000, tile_size_px=32, coding="jpeg-rgb"),
    Recipe(width_px=129, height_px=127, tile_size_px=16, subsampling="420"),
    Recipe(width_px=515, height_px=513, tile_size_px=256, coding="lzw"),
]


@pytest.mark.parametrize("recipe", SHAPES, ids=lambda recipe: f"{recipe.width_px}x{recipe.height_px}")
def test_every_deep_zoom_tile_is_there_in_its_size_and_shows_its_part(tmp_path: Path, recipe: Recipe) -> None:
    write_svs(tmp_path / "a.svs", recipe)
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    with (
        openslide.OpenSlide(tmp_path / "out" / "slide.tif") as seen,
        open_canonical(tmp_path / "out") as slide,
    ):
        sizes = deepzoom_sizes(SlideSize(recipe.width_px, recipe.height_px))
        assert slide.info.deepzoom_level_count == len(sizes)
        for dz_level, size in enumerate(sizes):
            grid = TileGrid(size, recipe.tile_size_px)
            whole = np.zeros((size.height_px, size.width_px, 3), np.uint8)
            for place in grid:
                region = grid.region(place.x, place.y)
                pixels = decoded(slide.read_tile(dz_level, place.x, place.y))
                assert pixels.shape == (region.size.height_px, region.size.width_px, 3)
                x, y = region.origin.x, region.origin.y
                whole[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
            level = len(sizes) - 1 - dz_level
            if level < seen.level_count:
                dimensions = seen.level_dimensions[level]
                assert dimensions == (size.width_px, size.height_px)
                shown = np.asarray(seen.read_region((0, 0), level, dimensions).convert("RGB"))
                # A cropped tile's edge is coded on its own, so a decoder may round it differently.
                assert np.abs(shown.astype(int) - whole).mean() < 1.5
            with pytest.raises(TileNotFoundError):
                slide.locate(dz_level, grid.cols, 0)
            with pytest.raises(TileNotFoundError):
                slide.locate(dz_level, 0, -1)
        with pytest.raises(TileNotFoundError):
            slide.locate(len(sizes), 0, 0)
        with pytest.raises(TileNotFoundError):
            slide.locate(-1, 0, 0)


@pytest.mark.parametrize("recipe", SHAPES, ids=lambda recipe: f"{recipe.width_px}x{recipe.height_px}")
def test_the_thumbnail_keeps_the_proportions_within_512_px(tmp_path: Path, recipe: Recipe) -> None:
    write_svs(tmp_path / "a.svs", recipe)
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    with open_canonical(tmp_path / "out") as slide:
        height, width, _ = decoded(slide.thumbnail()).shape
    longest = max(recipe.width_px, recipe.height_px)
    assert max(width, height) == min(512, longest)
    expected = min(recipe.width_px, recipe.height_px) * min(1, 512 / longest)
    assert abs(min(width, height) - expected) <= 1


def test_other_programs_read_the_same_tiff(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(width_px=700, height_px=500))
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    path = tmp_path / "out" / "slide.tif"
    with openslide.OpenSlide(path) as seen:
        assert seen.properties["openslide.vendor"] == "generic-tiff"
        assert float(seen.properties["openslide.mpp-x"]) == pytest.approx(0.252, rel=1e-6)
        assert seen.color_profile is not None
        level_0 = np.asarray(seen.read_region((0, 0), 0, (700, 500)).convert("RGB"))
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff
        assert [page.shape for page in file.pages] == [
            (500, 700, 3),
            (250, 350, 3),
            (125, 175, 3),
            (63, 88, 3),
            (32, 44, 3),
        ]
        assert [page.is_reduced for page in file.pages] == [False, True, True, True, True]
        assert np.array_equal(file.pages[0].asarray(), level_0)


def test_the_deep_zoom_descriptor_states_size_and_tiles(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    with open_canonical(tmp_path / "out") as slide:
        image = ElementTree.fromstring(slide.dzi())  # noqa: S314 - our own text
    assert image.attrib == {"Format": "jpeg", "Overlap": "0", "TileSize": "64"}
    assert image[0].attrib == {"Width": "300", "Height": "200"}


def test_many_threads_read_what_one_reads(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    with open_canonical(tmp_path / "out") as slide, ThreadPoolExecutor(8) as pool:
        last = slide.info.deepzoom_level_count - 1
        places = [(last, col, row) for col in range(5) for row in range(4)] * 20
        read = list(pool.map(lambda place: slide.read_tile(*place), places))
        assert read == [slide.read_tile(*place) for place in places]


def test_opening_and_closing_leaves_no_file_open(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        open_canonical(tmp_path / "out").close()
    (tmp_path / "out" / "slide.tif").unlink()
    for _ in range(20):
        with pytest.raises(CanonicalError):
            open_canonical(tmp_path / "out")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("version", 3),
        ("version", True),
        ("l0_encoding", "somehow"),
        ("remarks", None),
        ("format", "something else"),
        ("width_px", 3000),
        ("width_px", "300"),
        ("width_px", 0),
        ("tile_size_px", True),
        ("index_offset", -8),
        ("index_offset", 8),
        ("slide", {"byte_count": 7, "sha256": ""}),
        ("thumbnail", None),
    ],
)
def test_a_description_that_does_not_fit_its_files_is_refused(
    tmp_path: Path, key: str, value: object
) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    path = tmp_path / "out" / "served.json"
    stated = json.loads(path.read_bytes())
    stated[key] = value
    path.write_text(json.dumps(stated))
    with pytest.raises(CanonicalError):
        open_canonical(tmp_path / "out")


def test_a_slide_of_the_first_version_is_still_read(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    path = tmp_path / "out" / "served.json"
    stated = json.loads(path.read_bytes())
    new = ("source_format", "remarks", "has_icc_profile")
    path.write_text(json.dumps({key: stated[key] for key in stated if key not in new} | {"version": 1}))
    with open_canonical(tmp_path / "out") as slide:
        assert slide.info.source_format == "aperio-svs"
        assert slide.info.remarks == ()
        assert slide.info.has_icc_profile == (slide.icc_profile() is not None)


@pytest.mark.parametrize("name", ["slide.tif", "served.bin", "served.json"])
def test_a_file_that_was_cut_or_is_gone_is_noticed_at_opening(tmp_path: Path, name: str) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    path = tmp_path / "out" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CanonicalError):
        open_canonical(tmp_path / "out")
    path.unlink()
    with pytest.raises(CanonicalError):
        open_canonical(tmp_path / "out")
