"""Hamamatsu slides, real and generated, behind the seam that all formats share."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import openslide
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.source import FileSource
from tests.contracts.slide_source import SlideContract
from tests.tiling.conversions import BytesSource, convert_file
from tests.tiling.jpeg_coefficients import coefficients
from tests.tiling.ndpi_files import CANARIES, IN_JPEG, Recipe, write_ndpi
from tests.tiling.svs_files import disguises
from tiling.errors import (
    CorruptSlideError,
    MalformedJpegError,
    SlideTooLargeError,
    TilingError,
    UnsupportedSlideError,
    VerificationError,
)
from tiling.formats.ndpi import NdpiSlide, is_ndpi
from tiling.geometry import Mpp, Size
from tiling.jpeg.grid import Segments
from tiling.jpeg.resync import ScanIndex
from tiling.limits import Limits
from tiling.model import Action, Carriage, ImageRole, Slide
from tiling.open_slide import open_slide

DAPI = "test3-DAPI-2-(387).ndpi"


class TestRealFluorescenceSlide(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        with FileSource(shared_data / "slides" / DAPI) as source:
            yield open_slide(source)

    def test_it_is_what_openslide_says_it_is(self, slide: Slide) -> None:
        assert slide.format_name == "hamamatsu-ndpi"
        assert slide.grid.size == Size(3968, 4864)
        assert slide.mpp == Mpp(0.2281750559028887, 0.2281750559028887)
        assert slide.objective_power == 40
        assert [level.size.width_px for level in slide.levels] == [3968, 1984, 992, 496]
        assert [(image.role, image.size) for image in slide.associated_images] == [
            (ImageRole.MACRO, Size(1188, 406)),
            (ImageRole.UNKNOWN, Size(594, 203)),
        ]
        assert slide.remarks == (
            "One fluorescence channel (emission at 455 nm) is shown in the colours that the scanner gave it.",
        )


class TestBrightFieldSlide(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        with FileSource(shared_data / "derived" / "ndpi-synthetic-HE.ndpi") as source:
            yield open_slide(source)

    def test_it_is_what_openslide_says_it_is(self, slide: Slide) -> None:
        assert slide.grid.size == Size(11520, 7680)
        assert slide.mpp == Mpp(0.2281750559028887, 0.2281750559028887)
        assert slide.carriage is Carriage.CUT
        assert slide.remarks == ()


RECIPES = {
    "4:4:4": Recipe(sampling="4:4:4"),
    "4:2:2, segments that do not end with rows": Recipe(sampling="4:2:2", interval_mcu=10),
    "4:2:0, a segment a row": Recipe(interval_mcu=144),
    "4:2:0, several rows a segment": Recipe(interval_mcu=432),
    "4:4:0": Recipe(sampling="4:4:0"),
    "optimised tables": Recipe(optimised=True),
    "without restart markers": Recipe(interval_mcu=0),
    "no table of segments": Recipe(starts="missing"),
    "a wrong table of segments": Recipe(starts="wrong"),
    "a short table of segments": Recipe(starts="short"),
    "a size too large to be stated": Recipe(states_size=False),
    "bytes behind the images": Recipe(trailing=b"\xff\xd9" + bytes(7)),
    "images without an end": Recipe(trailing=b""),
    "bytes behind unmarked images": Recipe(interval_mcu=0, trailing=b"\xff\xd9" + bytes(7)),
    "grey": Recipe(kind="grey", interval_mcu=24),
    "three focal planes": Recipe(planes_nm=(-1000, 0, 1000)),
}


@pytest.mark.parametrize(
    "kind",
    [
        "4:4:4",
        "4:2:2, segments that do not end with rows",
        "4:2:0, several rows a segment",
        "without restart markers",
        "a size too large to be stated",
        "grey",
        "three focal planes",
    ],
)
class TestGeneratedSlide(SlideContract):
    @pytest.fixture
    def slide(self, tmp_path: Path, kind: str) -> Iterator[Slide]:
        write_ndpi(tmp_path / "slide.ndpi", RECIPES[kind])
        with FileSource(tmp_path / "slide.ndpi") as source:
            yield open_slide(source)


def opened(path: Path, recipe: Recipe, limits: Limits | None = None) -> NdpiSlide:
    write_ndpi(path, recipe)
    return NdpiSlide(BytesSource(path.read_bytes()), limits or Limits())


def level_0_jpeg(path: Path, slide: Slide) -> bytes:
    """The first strip of a generated file."""
    data = path.read_bytes()
    start = data.index(b"\xff\xd8\xff")
    return data[start : start + slide.l0_bytes]


@pytest.mark.parametrize("kind", [name for name in RECIPES if name not in ("grey", "three focal planes")])
def test_no_coefficient_of_level_0_changes(tmp_path: Path, kind: str) -> None:
    slide = opened(tmp_path / "a.ndpi", RECIPES[kind])
    jpeg = level_0_jpeg(tmp_path / "a.ndpi", slide)
    if not RECIPES[kind].states_size:
        at = jpeg.index(b"\xff\xc0") + 5
        size = (300).to_bytes(2, "big") + (2300).to_bytes(2, "big")
        jpeg = jpeg[:at] + size + jpeg[at + 4 :]
    source = coefficients(jpeg)
    for place in slide.grid:
        tile = slide.read_tile(place.x, place.y).jpeg
        assert tile is not None
        found = coefficients(tile)
        top, left = place.y * found.shape[0], place.x * found.shape[1]
        expected = source[top : top + found.shape[0], left : left + found.shape[1]]
        np.testing.assert_array_equal(found[: expected.shape[0], : expected.shape[1]], expected)
    with slide.witness() as witness:
        jpeg_of_last = slide.read_tile(slide.grid.cols - 1, slide.grid.rows - 1).jpeg
        assert jpeg_of_last is not None
        shown = simplejpeg.decode_jpeg(jpeg_of_last, fastupsample=True)[:44, :252]
        np.testing.assert_array_equal(shown, witness.plain_pixels(slide.grid.count - 1)[:44, :252])


def test_openslide_sees_the_same_slide(tmp_path: Path) -> None:
    slide = opened(tmp_path / "a.ndpi", Recipe(width_px=2304, height_px=304, levels=1, sampling="4:2:2"))
    with openslide.OpenSlide(tmp_path / "a.ndpi") as seen:
        assert seen.dimensions == (slide.grid.size.width_px, slide.grid.size.height_px)
        assert slide.mpp is not None
        assert float(seen.properties["openslide.mpp-x"]) == slide.mpp.x_um
        assert float(seen.properties["openslide.objective-power"]) == slide.objective_power
        for place in slide.grid:
            shown = slide.grid.region(place.x, place.y)
            size = (shown.size.width_px, shown.size.height_px)
            expected = np.asarray(seen.read_region((shown.origin.x, shown.origin.y), 0, size).convert("RGB"))
            jpeg = slide.read_tile(place.x, place.y).jpeg
            assert jpeg is not None
            ours = simplejpeg.decode_jpeg(jpeg)[: size[1], : size[0]]
            # Chroma is interpolated beyond our tiles' borders there, and beyond its segments' nowhere.
            assert np.abs(ours.astype(int) - expected).mean() < 0.5


def test_the_focal_plane_nearest_to_zero_is_shown_and_said(tmp_path: Path) -> None:
    slide = opened(tmp_path / "a.ndpi", Recipe(planes_nm=(-2000, 800, -600)))
    assert slide.remarks == (
        "Focal plane 2 of 3 (−0.60 µm) is shown: it is the one nearest to the plane that the scanner calls "
        "zero.",
    )
    expected = write_ndpi(tmp_path / "b.ndpi", Recipe(planes_nm=(-2000, 800, -600)))
    jpeg = slide.read_tile(0, 0).jpeg
    assert jpeg is not None
    assert np.abs(simplejpeg.decode_jpeg(jpeg).astype(int) - expected[:256, :256]).mean() < 8
    assert [level.downsample for level in slide.levels] == [1, 2300 / 1150]


def test_a_file_beyond_four_gigabytes_is_read_where_openslide_gives_up(tmp_path: Path) -> None:
    """A hole of 5 GiB before the first image takes no room on disk; all offsets need their high halves."""
    path = tmp_path / "large.ndpi"
    write_ndpi(path, Recipe(gap_bytes=5 << 30))
    write_ndpi(tmp_path / "small.ndpi", Recipe())
    assert path.stat().st_size > 5 << 30
    assert path.stat().st_blocks * 512 < 64 << 20
    with FileSource(path) as source, FileSource(tmp_path / "small.ndpi") as small_source:
        slide, small = open_slide(source), open_slide(small_source)
        assert slide.grid == small.grid
        with slide.witness() as witness:
            for index, place in enumerate(slide.grid):
                tile = slide.read_tile(place.x, place.y)
                assert tile == small.read_tile(place.x, place.y)
                assert tile.jpeg is not None
                shown = slide.grid.region(place.x, place.y).size
                here = np.s_[: shown.height_px, : shown.width_px]
                ours = simplejpeg.decode_jpeg(tile.jpeg, fastupsample=True)
                np.testing.assert_array_equal(ours[here], witness.plain_pixels(index)[here])
        unreferenced = next(p for p in slide.places() if p.name == "bytes that nothing refers to")
        assert unreferenced.byte_count >= 5 << 30


def test_a_lost_restart_marker_spoils_only_the_tiles_around_it(tmp_path: Path) -> None:
    write_ndpi(tmp_path / "a.ndpi", Recipe())
    data = bytearray((tmp_path / "a.ndpi").read_bytes())
    whole = NdpiSlide(BytesSource(bytes(data)), Limits())
    first_jpeg = data.index(b"\xff\xd8\xff")
    at = first_jpeg
    for _ in range(40):  # a marker of row 5 of MCUs
        at = next(i for i in range(at + 2, len(data)) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7)
    data[at : at + 2] = b"\0\0"
    slide = NdpiSlide(BytesSource(bytes(data)), Limits())
    damaged = []
    for place in slide.grid:
        try:
            assert slide.read_tile(place.x, place.y) == whole.read_tile(place.x, place.y)
        except CorruptSlideError:
            damaged.append(place)
    assert 1 <= len(damaged) <= 3
    assert {place.y for place in damaged} == {0}


def test_damage_is_told_for_its_tiles_and_the_others_are_still_proved(tmp_path: Path) -> None:
    jpeg = level_0_jpeg(tmp_path / "a.ndpi", opened(tmp_path / "a.ndpi", Recipe(height_px=600)))
    data = bytearray((tmp_path / "a.ndpi").read_bytes())
    middle = data.index(jpeg) + len(jpeg) // 2
    data[middle : middle + 20] = b"\xff\0" * 10
    slide = NdpiSlide(BytesSource(bytes(data)), Limits())
    intact = 0
    with slide.witness() as witness:
        for index, place in enumerate(slide.grid):
            try:
                tile = slide.read_tile(place.x, place.y).jpeg
            except CorruptSlideError:
                continue
            assert tile is not None
            shown = slide.grid.region(place.x, place.y).size
            here = np.s_[: shown.height_px, : shown.width_px]
            ours = simplejpeg.decode_jpeg(tile, fastupsample=True)
            np.testing.assert_array_equal(ours[here], witness.plain_pixels(index)[here])
            intact += 1
    assert slide.grid.count - 3 <= intact < slide.grid.count
    (tmp_path / "a.ndpi").write_bytes(data)
    with pytest.raises(CorruptSlideError, match="too many"):
        convert_file(tmp_path / "a.ndpi", tmp_path / "out")


@pytest.mark.parametrize("kind", ["4:2:0, a segment a row", "without restart markers", "grey", "4:4:4"])
def test_no_canary_is_left_in_any_file(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "source.ndpi"
    write_ndpi(source, RECIPES[kind])
    planted = source.read_bytes()
    assert all(text.encode() in planted for text in CANARIES)
    report = convert_file(source, tmp_path / "out")
    assert report.l0_encoding == ("encoded" if kind == "grey" else "cut losslessly")
    for path in (tmp_path / "out").iterdir():
        data = path.read_bytes()
        for text in CANARIES:
            for form in disguises(text):
                assert form not in data and form.lower() not in data.lower(), path.name
    assert not [text for text in CANARIES if text in repr(report.to_json())]


def test_the_canonical_slide_shows_openslide_what_the_source_shows(tmp_path: Path) -> None:
    source = tmp_path / "source.ndpi"
    write_ndpi(source, Recipe(width_px=2304, height_px=304, levels=1, sampling="4:4:4"))
    convert_file(source, tmp_path / "out")
    with openslide.OpenSlide(source) as one, openslide.OpenSlide(tmp_path / "out" / "slide.tif") as other:
        assert one.dimensions == other.dimensions
        pixels = [np.asarray(s.read_region((0, 0), 0, s.dimensions).convert("RGB")) for s in (one, other)]
        np.testing.assert_array_equal(*pixels)


def test_every_place_is_named_and_only_level_0_is_kept(tmp_path: Path) -> None:
    slide = opened(tmp_path / "a.ndpi", Recipe(planes_nm=(0, 500)))
    places = {place.name: place for place in slide.places()}
    assert [p.name for p in places.values() if p.action is Action.KEPT] == [
        "directory 0 (level 0), image strip"
    ]
    assert places["directory 0 (level 0), Reference"].action is Action.DROPPED
    assert places["directory 2 (level of a focal plane), image strip"].action is Action.DROPPED
    assert places["directory 4 (macro), image strip"].action is Action.DROPPED
    assert places["directory 5 (map or unknown), image strip"].action is Action.DROPPED
    texts = b"\n".join(slide.texts())
    assert all(text.encode() in texts for text in CANARIES if text not in (IN_JPEG, "TrailerOfPatient"))


def test_a_progressive_slide_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedSlideError, match="sequential"):
        opened(tmp_path / "a.ndpi", Recipe(kind="progressive", interval_mcu=0))


@pytest.mark.parametrize("limits", [Limits(pixels=10_000), Limits(tiles=10), Limits(directories=2)])
def test_a_slide_beyond_a_limit_is_refused(tmp_path: Path, limits: Limits) -> None:
    with pytest.raises(SlideTooLargeError):
        opened(tmp_path / "a.ndpi", Recipe(), limits)


def test_other_files_are_not_taken_for_ndpi(shared_data: Path) -> None:
    for name in ("CMU-1-Small-Region.svs", "boxes.tiff", "cells-2z.ome.tif", "cytomine-wsi.zip"):
        with FileSource(shared_data / "slides" / name) as source:
            assert not is_ndpi(source, Limits())
    assert not is_ndpi(BytesSource(b""), Limits())


def test_a_level_0_without_lens_or_strip_is_corrupt(tmp_path: Path) -> None:
    write_ndpi(tmp_path / "a.ndpi", Recipe(levels=1))
    data = (tmp_path / "a.ndpi").read_bytes()
    for tag in (65421, 273, 279):
        at = data.index(tag.to_bytes(2, "little") + (11 if tag == 65421 else 4).to_bytes(2, "little"))
        spoiled = data[:at] + (65534).to_bytes(2, "little") + data[at + 2 :]
        with pytest.raises(TilingError):
            NdpiSlide(BytesSource(spoiled), Limits()).read_tile(0, 0)


@pytest.mark.parametrize("is_optimised", [False, True])
@pytest.mark.parametrize("sampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_a_large_image_without_restart_markers_is_proved_stripe_by_stripe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampling: str, is_optimised: bool
) -> None:
    """Each stripe begins where our own index says; the row in which two overlap must be the same in both."""
    recipe = Recipe(height_px=1100, interval_mcu=0, sampling=sampling, optimised=is_optimised)
    slide = opened(tmp_path / "a.ndpi", recipe)
    with slide.witness() as witness:
        whole = [witness.plain_pixels(index) for index in range(slide.grid.count)]
    monkeypatch.setattr("tiling.formats.ndpi.witness.LARGEST_WHOLE_PX", 1000)
    with slide.witness() as witness:
        for index in reversed(range(slide.grid.count)):
            shown = slide.grid.region(index % slide.grid.cols, index // slide.grid.cols).size
            here = np.s_[: shown.height_px, : shown.width_px]
            np.testing.assert_array_equal(witness.plain_pixels(index)[here], whole[index][here])
            assert np.abs(witness.tile_pixels(index)[here].astype(int) - whole[index][here]).mean() < 2
    right = ScanIndex.segments

    def shifted(index: ScanIndex, first_mcu: int, end_mcu: int) -> Segments:
        found = right(index, first_mcu, end_mcu)
        return replace(found, predictors=found.predictors + (1 if first_mcu else 0))

    monkeypatch.setattr(ScanIndex, "segments", shifted)
    with slide.witness() as witness, pytest.raises(VerificationError, match="do not meet"):
        for index in range(slide.grid.count):
            witness.plain_pixels(index)


def test_two_sizes_for_one_image_are_told(tmp_path: Path) -> None:
    write_ndpi(tmp_path / "a.ndpi", Recipe())
    data = bytearray((tmp_path / "a.ndpi").read_bytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = (310).to_bytes(2, "big")
    with pytest.raises(CorruptSlideError, match="another size"):
        NdpiSlide(BytesSource(bytes(data)), Limits())


def test_directories_in_a_circle_end(tmp_path: Path) -> None:
    write_ndpi(tmp_path / "a.ndpi", Recipe(levels=1))
    data = bytearray((tmp_path / "a.ndpi").read_bytes())
    first = int.from_bytes(data[4:12], "little")
    count = int.from_bytes(data[first : first + 2], "little")
    link = first + 2 + 12 * count
    data[link : link + 8] = first.to_bytes(8, "little")
    with pytest.raises(CorruptSlideError, match="circle"):
        NdpiSlide(BytesSource(bytes(data)), Limits())


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_spoiled_or_cut_file_gives_tiles_or_one_plain_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoiled.ndpi"
    recipe = Recipe(width_px=300, height_px=280, interval_mcu=data.draw(st.sampled_from([0, 3, 19])))
    write_ndpi(path, recipe)
    spoiled = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        spoiled[data.draw(st.integers(0, len(spoiled) - 1))] = data.draw(st.integers(0, 255))
    del spoiled[data.draw(st.integers(len(spoiled) // 2, len(spoiled))) :]
    try:
        slide = NdpiSlide(BytesSource(bytes(spoiled)), Limits(tiles=1000))
        slide.places()
        slide.texts()
    except TilingError:
        return
    for place in slide.grid:
        try:
            tile = slide.read_tile(place.x, place.y)
        except (CorruptSlideError, MalformedJpegError):
            continue
        if tile.jpeg is not None:
            assert cv2.imdecode(np.frombuffer(tile.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (256, 256, 3)
