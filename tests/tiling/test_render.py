"""Views: a slide's own pixels where they can be, and in the right place where they are made."""

import io
import itertools
from pathlib import Path

import numpy as np
import openslide
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, tissue, write_svs
from tiling.canonical import CanonicalSlide, open_canonical
from tiling.canonical.layout import CanonicalInfo, CanonicalLevel
from tiling.geometry import Size, TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.render import Picture, RenderCancelled, View, encode, render

WIDTH, HEIGHT = 701, 533
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> CanonicalSlide:
    """A slide of odd sides and 64 px tiles, as an Aperio scanner writes them."""
    folder = tmp_path_factory.mktemp("render")
    write_svs(folder / "x.svs", Recipe(width_px=WIDTH, height_px=HEIGHT, quality=95))
    convert_file(folder / "x.svs", folder / "canonical")
    return open_canonical(folder / "canonical")


@pytest.fixture(scope="module")
def native(slide: CanonicalSlide, tmp_path_factory: pytest.TempPathFactory) -> Pixels:
    """The whole slide as OpenSlide reads it from slide.tif."""
    path = next(tmp_path_factory.getbasetemp().glob("render*/canonical/slide.tif"))
    with openslide.OpenSlide(path) as opened:
        return np.asarray(opened.read_region((0, 0), 0, (WIDTH, HEIGHT)).convert("RGB"))


class Ramp:
    """A slide that is drawn: red says x, green says y, a quarter of a grey level a pixel.

    What is out of place is seen at once, and no level is spoiled by coding.
    """

    def __init__(self) -> None:
        width, height, side = 1_000, 961, 256
        sizes = pyramid_sizes(Size(width, height), side)
        grids = [TileGrid(size, side) for size in sizes]
        levels = tuple(
            CanonicalLevel(n, g.size.width_px, g.size.height_px, 2**n, g.cols, g.rows, "encoded", 100)
            for n, g in enumerate(grids)
        )
        count = len(deepzoom_sizes(sizes[0]))
        self.info = CanonicalInfo(
            width, height, side, None, None, None, levels, count, "ramp", "drawn", (), False
        )
        self._grids = grids

    def read_tile(self, deepzoom_level: int, col: int, row: int) -> bytes:
        level = self.info.deepzoom_level_count - 1 - deepzoom_level
        part, size = self._grids[level].region(col, row), self._grids[level].size
        is_stretched = level == len(self._grids) - 1
        steps = (1_000 / size.width_px, 961 / size.height_px) if is_stretched else (2.0**level,) * 2
        x = (part.origin.x + np.arange(part.size.width_px) + 0.5) * steps[0] / 4
        y = (part.origin.y + np.arange(part.size.height_px) + 0.5) * steps[1] / 4
        pixels = np.full((len(y), len(x), 3), 128.0)
        pixels[..., 0], pixels[..., 1] = x, y[:, None]
        # Rounded now up, now down, so that a line's mean is true.
        rounded = pixels + np.random.default_rng(level).random(pixels.shape)
        return simplejpeg.encode_jpeg(rounded.astype(np.uint8), 100, "RGB", "444")


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.integers(-100, WIDTH + 50), st.integers(-100, HEIGHT + 50), st.integers(1, 300), st.integers(1, 300)
)
def test_at_full_size_a_view_is_what_openslide_reads_and_white_around_it(
    slide: CanonicalSlide, native: Pixels, x: int, y: int, width: int, height: int
) -> None:
    around = np.full((HEIGHT + 600, WIDTH + 600, 3), 255, np.uint8)
    around[150 : 150 + HEIGHT, 150 : 150 + WIDTH] = native
    expected = around[y + 150 : y + 150 + height, x + 150 : x + 150 + width]
    assert np.array_equal(render(slide, View(x, y, width, height, width, height)), expected)


@pytest.mark.parametrize("subsampling", ["444", "422", "420"])
@pytest.mark.parametrize(("width", "height"), [(300, 200), (64, 128), (50, 40), (70, 30)])
def test_the_last_column_and_row_are_the_scanner_s_too(
    tmp_path: Path, subsampling: str, width: int, height: int
) -> None:
    """Where colour has half the resolution, a cropped tile's border decodes to other shades."""
    write_svs(tmp_path / "x.svs", Recipe(width_px=width, height_px=height, subsampling=subsampling))
    convert_file(tmp_path / "x.svs", tmp_path / "canonical")
    with openslide.OpenSlide(tmp_path / "canonical" / "slide.tif") as opened:
        expected = np.asarray(opened.read_region((0, 0), 0, (width, height)).convert("RGB"))
    with open_canonical(tmp_path / "canonical") as slide:
        found = render(slide, View(0, 0, width, height, width, height))
    inner = (slice(None), slice(None))
    if min(width, height) < 64:  # no whole tile, so that only Deep Zoom's cropped ones are at hand
        inner = (slice(0, height - 1), slice(0, width - 1))
    assert np.array_equal(found[inner], expected[inner])


def test_at_a_level_s_own_scale_a_view_is_its_stored_tiles(slide: CanonicalSlide) -> None:
    for level in slide.info.levels[1:-1]:
        stored = np.empty((level.height_px, level.width_px, 3), np.uint8)
        deepzoom = slide.info.deepzoom_level_count - 1 - level.level
        for col, row in itertools.product(range(level.cols), range(level.rows)):
            tile = np.asarray(Image.open(io.BytesIO(slide.read_tile(deepzoom, col, row))))
            stored[row * 64 :, col * 64 :][: tile.shape[0], : tile.shape[1]] = tile
        factor, left, top = level.downsample, 3, 5
        width, height = min(40, level.width_px - left), min(50, level.height_px - top)
        view = View(left * factor, top * factor, width * factor, height * factor, width, height)
        assert np.array_equal(render(slide, view), stored[top : top + height, left : left + width])


@pytest.mark.parametrize(("x", "y", "scale"), [(10.5, 20.25, 1.0), (33.3, 44.4, 1.9), (100.2, 7.0, 0.4)])
def test_between_pixels_a_view_is_lanczos_of_the_slide(
    slide: CanonicalSlide, native: Pixels, x: float, y: float, scale: float
) -> None:
    """Finer than half size the source is level 0, so that Pillow alone must come to the same."""
    size = (180, 120)
    width, height = size[0] * scale, size[1] * scale
    expected = Image.fromarray(native).resize(
        size, Image.Resampling.LANCZOS, box=(x, y, x + width, y + height)
    )
    found = render(slide, View(x, y, width, height, *size))
    assert np.abs(found.astype(int) - np.asarray(expected)).max() <= 1


@pytest.mark.parametrize("downsample", [0.3, 1.0, 1.7, 2.0, 3.1, 4.0, 5.5, 13.7, 16.0, 40.0])
@pytest.mark.parametrize("start", [0.0, 37.4])
def test_at_every_scale_things_are_where_they_belong(
    downsample: float, start: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away from the slide's border, where filters have nothing to look at beyond it."""
    monkeypatch.setattr("tiling.render.levels.read_padded_tile", lambda *_: None)
    length = int(min(900 - start, 120 * downsample))
    count = max(1, round(length / downsample))
    view = View(start, start, length, length, count, count)
    found = render(Ramp(), view).astype(float)
    middles = start + (np.arange(count) + 0.5) * length / count
    inside = (middles > 4 * downsample) & (middles < 960 - 4 * downsample)
    assert inside.any()
    across, down = found[..., 0].mean(axis=0), found[..., 1].mean(axis=1)
    for line in (across, down):
        error_px = (line - middles / 4)[inside] * 4
        assert np.abs(error_px).max() < 2 + 0.1 * downsample
        # A tenth of a grey level is JPEG's own; half a pixel of the view would be 0.5 × downsample.
        assert abs(error_px.mean()) < 0.35 + 0.05 * downsample


def test_neighbouring_views_fit_without_a_seam(slide: CanonicalSlide) -> None:
    whole = render(slide, View(64, 64, 480, 360, 320, 240))
    parts = [
        [render(slide, View(64 + x * 240, 64 + y * 180, 240, 180, 160, 120)) for x in range(2)]
        for y in range(2)
    ]
    joined = np.concatenate([np.concatenate(row, axis=1) for row in parts])
    assert np.abs(whole.astype(int) - joined).max() <= 1


def test_a_tall_view_made_in_bands_is_the_same_as_in_one(
    slide: CanonicalSlide, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = View(-20.5, -30.5, 760, 600, 500, 400)
    at_once = render(slide, view)
    monkeypatch.setattr("tiling.render.rendering._BAND_PX", 20_000)
    assert np.array_equal(render(slide, view), at_once)


def test_outside_of_the_slide_all_is_white_and_nothing_is_read(
    slide: CanonicalSlide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CanonicalSlide, "read_tile", None)
    for x, y in ((-500, 0), (WIDTH, 0), (0, HEIGHT + 1e8), (-1e9, -1e9)):
        assert (render(slide, View(x, y, 400, 300, 40, 30)) == 255).all()


def test_the_slide_ends_where_it_ends_at_every_scale(slide: CanonicalSlide) -> None:
    """No fringe of white is filtered in, and no border is smeared out."""
    for downsample in (1.5, 2, 3, 8):
        count = 60
        start = WIDTH - 30 * downsample
        found = render(slide, View(start, 100, count * downsample, 100, count, 20))
        assert (found[:, 31:] == 255).all()
        assert found[:, 28:30].mean() < 240


def test_views_of_any_shape_read_a_bounded_number_of_tiles(
    slide: CanonicalSlide, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []

    def counted(self: CanonicalSlide, level: int, col: int, row: int) -> bytes:
        read.append((level, col, row))
        return original(self, level, col, row)

    original = CanonicalSlide.read_tile
    monkeypatch.setattr(CanonicalSlide, "read_tile", counted)
    monkeypatch.setattr("tiling.render.rendering.MOST_SOURCE_PX", 20_000)
    assert render(slide, View(0, 0, WIDTH, HEIGHT, WIDTH, 2)).shape == (2, WIDTH, 3)
    # 20,000 px² are 10 tiles' worth; with those at the border and what the filter sees, fewer than 40.
    assert 0 < len(read) < 40
    read.clear()
    assert render(slide, View(-1e8, -1e8, 2e8, 2e8, 3, 3)).shape == (3, 3, 3)
    assert len(read) <= 2


@pytest.mark.parametrize("downsample", [1.0, 1.5])
def test_a_view_that_nobody_wants_any_more_stops_between_tiles(
    slide: CanonicalSlide, downsample: float
) -> None:
    asked = itertools.count(1)
    with pytest.raises(RenderCancelled):
        render(slide, View(0, 0, 600, 500, int(600 / downsample), 300), lambda: next(asked) > 3)
    assert next(asked) == 5


@pytest.mark.parametrize(
    "numbers", [(0, 0, 0, 5, 1, 1), (0, 0, 5, -1, 1, 1), (0, 0, 5, 5, 0, 1), (float("nan"), 0, 5, 5, 1, 1)]
)
def test_a_view_of_nothing_is_no_view(numbers: tuple[float, float, float, float, int, int]) -> None:
    with pytest.raises(ValueError, match="a view has"):
        View(*numbers)


def test_pictures_decode_to_what_was_encoded(tmp_path: Path) -> None:
    pixels = tissue(90, 70)
    png = Image.open(io.BytesIO(encode(pixels, Picture.PNG, 90)))
    assert np.array_equal(np.asarray(png), pixels)
    grey = np.ascontiguousarray(pixels[..., 0])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode(grey, Picture.PNG, 90)))), grey)
    for picture in (pixels, grey):
        jpeg = Image.open(io.BytesIO(encode(picture, Picture.JPEG, 95)))
        assert np.abs(np.asarray(jpeg).astype(int) - picture).mean() < 3
