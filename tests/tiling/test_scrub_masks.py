"""A masked place is white in every level, and nothing else is touched: of every carriage, for any boxes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.finding import Box
from tests.tiling.conversions import BytesSource
from tests.tiling.finders import FakeBlindFinder
from tests.tiling.ndpi_files import Recipe as NdpiRecipe
from tests.tiling.ndpi_files import write_ndpi
from tests.tiling.svs_files import Recipe, decoded, write_svs
from tiling.canonical import open_canonical
from tiling.convert import convert
from tiling.errors import VerificationError
from tiling.geometry import Size, TileGrid
from tiling.jpeg import scan_digest
from tiling.model import Carriage, Slide
from tiling.open_slide import open_slide
from tiling.pixels import L0_CODING, encode_jpeg
from tiling.scrub.execute import Executed, execute
from tiling.scrub.masks import is_removed, tiles_of
from tiling.scrub.rules import MacroRule, ScrubRules
from tiling.scrub.verify import verify
from tiling.scrub.verify_masks import check_masks

NO_MACRO = ScrubRules(macro=MacroRule.DROP)
WRITERS: dict[str, Callable[[Path], object]] = {
    "carried": lambda path: write_svs(path, Recipe(with_images=False)),
    "carried, RGB": lambda path: write_svs(path, Recipe(coding="jpeg-rgb", with_images=False)),
    "cut": lambda path: write_ndpi(path, NdpiRecipe(width_px=560, height_px=300)),
    "encoded": lambda path: write_svs(path, Recipe(coding="lzw", with_images=False)),
}


@dataclass(frozen=True)
class Source:
    """plain: level-0 tiles as they are without any mask."""

    data: bytes
    plain: tuple[bytes, ...]


@pytest.fixture(scope="module", params=WRITERS)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("slides")
    WRITERS[request.param](folder / "a.slide")
    data = (folder / "a.slide").read_bytes()
    run(data, folder / "plain", [])
    return Source(data, tuple(stored(folder / "plain")))


def stored(folder: Path) -> list[bytes]:
    with tifffile.TiffFile(folder / "slide.tif") as file:
        page, handle = file.pages[0], file.filehandle
        tiles = []
        for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
            handle.seek(offset)
            tiles.append(handle.read(length))
    return tiles


def run(source: bytes, folder: Path, added: list[Box]) -> int:
    """Returns how many tiles the proof calls masked."""
    folder.mkdir()
    report = convert(
        BytesSource(source),
        folder,
        progress=lambda *_: None,
        cancelled=lambda: False,
        rules=NO_MACRO,
        finder=FakeBlindFinder(),
        added=added,
    )
    stated = report.proof["tiles"]
    ways = ("identical", "cut", "encoded", "missing", "damaged", "masked")
    assert sum(stated[way] for way in ways) == stated["tiles"]
    if report.l0_encoding == Carriage.CARRIED:
        assert stated["identical"] == stated["tiles"] - stated["masked"]
    return int(stated["masked"])


boxes = st.builds(
    lambda x, y, w, h: Box(x, y, x + w, y + h),
    st.integers(-20, 320),
    st.integers(-20, 220),
    st.integers(1, 150),
    st.integers(1, 150),
)


@settings(max_examples=3, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=3))
def test_masked_tiles_are_white_and_all_others_bit_identical(
    source: Source, tmp_path_factory: pytest.TempPathFactory, drawn: list[Box]
) -> None:
    folder = tmp_path_factory.mktemp("masked")
    count = run(source.data, folder / "masked", drawn)
    slide = open_slide(BytesSource(source.data))
    masked = tiles_of(drawn, slide.grid)
    assert count == len(masked)
    for index, (one, other) in enumerate(zip(source.plain, stored(folder / "masked"), strict=True)):
        if index in masked:
            assert (decoded(other) == 255).all()
        else:
            assert one == other
    with open_canonical(folder / "masked") as canonical:
        top = canonical.info.deepzoom_level_count - 1
        for index in masked:
            shown = decoded(canonical.read_tile(top, index % slide.grid.cols, index // slide.grid.cols))
            assert (shown == 255).all()


def test_a_slide_may_be_masked_as_a_whole(source: Source, tmp_path: Path) -> None:
    grid = open_slide(BytesSource(source.data)).grid
    whole = Box(0, 0, grid.size.width_px, grid.size.height_px)
    assert run(source.data, tmp_path / "out", [whole]) == grid.count
    with open_canonical(tmp_path / "out") as slide:
        for level in range(slide.info.deepzoom_level_count):
            assert (decoded(slide.read_tile(level, 0, 0)) >= 250).all()
        assert (decoded(slide.thumbnail()) >= 250).all()


def test_tiles_are_those_that_a_box_touches() -> None:
    grid = TileGrid(Size(300, 200), 64)
    assert tiles_of([Box(63, 0, 64, 1)], grid) == {0}
    assert tiles_of([Box(63, 63, 65, 65)], grid) == {0, 1, 5, 6}
    assert tiles_of([Box(64, 64, 128, 128)], grid) == {6}
    assert tiles_of([Box(-50, -50, 0, 0), Box(300, 200, 900, 900)], grid) == set()
    assert tiles_of([Box(299, 199, 9_000, 9_000)], grid) == {19}


def test_a_place_is_removed_if_nearly_all_of_it_is() -> None:
    drawn = [Box(100, 100, 200, 200)]
    assert is_removed(Box(100, 100, 200, 200), drawn)
    assert is_removed(Box(95, 105, 195, 195), drawn)
    assert not is_removed(Box(80, 100, 180, 200), drawn)
    assert not is_removed(Box(0, 0, 300, 300), drawn)


def executed_with_mask(tmp_path: Path) -> tuple[Slide, Executed]:
    write_svs(tmp_path / "a.svs", Recipe(width_px=600, height_px=500, with_images=False))
    slide = open_slide(BytesSource((tmp_path / "a.svs").read_bytes()))
    masked = tiles_of([Box(0, 0, 330, 330)], slide.grid)
    return slide, execute(
        slide, tmp_path, progress=lambda *_: None, cancelled=lambda: False, workers=1, masked_tiles=masked
    )


def prove(slide: Slide, executed: Executed, folder: Path) -> None:
    verify(
        slide,
        executed,
        folder,
        forbidden=(),
        progress=lambda *_: None,
        cancelled=lambda: False,
        workers=1,
    )


def swap_tiles(path: Path, level: int, one: int, other: int) -> None:
    """Let the table name two tiles of a level for each other."""
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        for name in ("TileOffsets", "TileByteCounts"):
            first = file.pages[level].tags[name].valueoffset
            here, there = first + 8 * one, first + 8 * other
            data[here : here + 8], data[there : there + 8] = data[there : there + 8], data[here : here + 8]
    path.write_bytes(data)


def test_a_masked_tile_that_is_not_white_is_noticed(tmp_path: Path) -> None:
    slide, executed = executed_with_mask(tmp_path)
    prove(slide, executed, tmp_path)
    swap_tiles(tmp_path / "slide.tif", 0, 0, 60)
    with pytest.raises(VerificationError, match="masked tile"):
        prove(slide, executed, tmp_path)


def test_a_level_that_still_shows_what_is_masked_is_noticed(tmp_path: Path) -> None:
    _slide, executed = executed_with_mask(tmp_path)
    swap_tiles(tmp_path / "slide.tif", 1, 0, 19)
    with tifffile.TiffFile(tmp_path / "slide.tif") as file:
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
        sources = [BytesSource((tmp_path / name).read_bytes()) for name in ("slide.tif", "served.bin")]
        with pytest.raises(VerificationError, match="reduced level"):
            check_masks(pages, *sources, executed.description, executed.masked_tiles)


def test_a_thumbnail_that_still_shows_what_is_masked_is_noticed(tmp_path: Path) -> None:
    _slide, executed = executed_with_mask(tmp_path)
    served = bytearray((tmp_path / "served.bin").read_bytes())
    stated = executed.description
    dark = encode_jpeg(np.full((427, 512, 3), 90, np.uint8), L0_CODING)
    assert len(dark) <= stated.thumbnail_bytes
    start = stated.thumbnail_offset
    served[start : start + stated.thumbnail_bytes] = dark.ljust(stated.thumbnail_bytes, b"\0")
    with tifffile.TiffFile(tmp_path / "slide.tif") as file:
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
        slide_file = BytesSource((tmp_path / "slide.tif").read_bytes())
        with pytest.raises(VerificationError, match="thumbnail"):
            check_masks(pages, slide_file, BytesSource(bytes(served)), stated, executed.masked_tiles)


def test_the_source_s_own_scans_stay_what_they_were(tmp_path: Path) -> None:
    slide, executed = executed_with_mask(tmp_path)
    tiles = stored(tmp_path)
    with slide.witness() as witness:
        for index in range(slide.grid.count):
            if index not in executed.masked_tiles:
                original = witness.stored_tile(index)
                assert original is not None
                assert scan_digest(tiles[index], b"") == scan_digest(original, witness.jpeg_tables)
    assert np.all(np.diff(sorted(executed.masked_tiles)) >= 1)
