"""DICOM slides: every arrangement of frames, real sets, and what is refused."""

import json
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import openslide
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ground.source import FileSource
from tests.contracts.slide_source import SlideContract
from tests.tiling.conversions import BytesSource, convert_file
from tests.tiling.dicom_files import CANARIES, Recipe, picture, write_dicom, write_set
from tiling.errors import (
    CorruptSlideError,
    NotASlideError,
    SlideTooLargeError,
    TilingError,
    UnsupportedSlideError,
)
from tiling.formats.dicom import DicomSlide, open_dicom, tags
from tiling.geometry import Mpp, Size
from tiling.jpeg import scan_digest
from tiling.limits import Limits
from tiling.model import Carriage, ImageRole, Pixels, Slide
from tiling.pixels import decode_jpeg


def opened(recipe: Recipe, limits: Limits | None = None) -> DicomSlide:
    return open_dicom([BytesSource(data) for data in write_dicom(recipe)], limits)


def shown(slide: Slide) -> Pixels:
    """The whole of level 0; what was left out is white."""
    side = slide.grid.tile_size_px
    out = np.full((slide.grid.rows * side, slide.grid.cols * side, 3), 255, np.uint8)
    for place in slide.grid:
        tile = slide.read_tile(place.x, place.y)
        pixels = tile.pixels if tile.jpeg is None else decode_jpeg(tile.jpeg, side, side)
        if pixels is not None:
            out[place.y * side :, place.x * side :][:side, :side] = pixels
    return out[: slide.grid.size.height_px, : slide.grid.size.width_px]


class TestRealSet(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        paths = sorted((shared_data / "slides" / "cytomine-dicom-wsi").iterdir())
        sources = [FileSource(path) for path in paths]
        yield open_dicom(sources)
        for source in sources:
            source.close()

    def test_it_is_what_openslide_says_it_is(self, slide: Slide, shared_data: Path) -> None:
        path = next((shared_data / "slides" / "cytomine-dicom-wsi").iterdir())
        with openslide.OpenSlide(path) as seen:
            assert (slide.grid.size.width_px, slide.grid.size.height_px) == seen.dimensions
            assert slide.mpp == Mpp(
                pytest.approx(float(seen.properties["openslide.mpp-x"])),  # type: ignore[arg-type]
                pytest.approx(float(seen.properties["openslide.mpp-y"])),  # type: ignore[arg-type]
            )
            assert slide.carriage is Carriage.CARRIED and slide.grid.tile_size_px == 240
            for col, row in ((2, 3), (5, 7), (8, 11)):
                jpeg = slide.read_tile(col, row).jpeg
                assert jpeg is not None
                theirs = np.asarray(seen.read_region((col * 240, row * 240), 0, (240, 240)).convert("RGB"))
                assert np.abs(decode_jpeg(jpeg, 240, 240).astype(int) - theirs).mean() < 1

    def test_label_overview_and_thumbnail_are_recognised(self, slide: Slide) -> None:
        assert {image.role for image in slide.associated_images} == {
            ImageRole.LABEL,
            ImageRole.MACRO,
            ImageRole.THUMBNAIL,
        }


class TestRealFluorescence(SlideContract):
    @pytest.fixture
    def slide(self, shared_data: Path) -> Iterator[Slide]:
        sources = [
            FileSource(path) for path in sorted((shared_data / "slides" / "BPAEC-dicom-wsi").iterdir())
        ]
        yield open_dicom(sources)
        for source in sources:
            source.close()

    def test_its_optical_paths_are_shown_together_in_the_file_s_colours(self, slide: Slide) -> None:
        assert slide.grid.size == Size(3072, 2304)
        assert slide.remarks == ("3 of 3 optical paths are shown together, windows 0–255, 0–255, 0–255.",)
        assert [level.size.width_px for level in slide.levels] == [3072, 768, 96, 24]
        pixels = slide.read_tile(5, 4).pixels
        assert pixels is not None and (pixels.std(axis=(0, 1)) > 1).all()


RECIPES = {
    "jpeg": Recipe(),
    "jpeg 4:2:0": Recipe(subsampling="420"),
    "jpeg rgb": Recipe(photometric="RGB"),
    "implicit": Recipe(syntax=tags.IMPLICIT_VR, photometric="RGB"),
    "explicit": Recipe(syntax=tags.EXPLICIT_VR, photometric="RGB"),
    "planar": Recipe(syntax=tags.EXPLICIT_VR, photometric="RGB", planar=1),
    "jpeg 2000": Recipe(syntax=tags.JPEG_2000_LOSSLESS, photometric="YBR_RCT"),
    "htj2k": Recipe(syntax=tags.HTJ2K_LOSSLESS, photometric="RGB"),
    "jpeg-ls": Recipe(syntax=tags.JPEG_LS, photometric="RGB"),
    "rle": Recipe(syntax=tags.RLE, photometric="RGB"),
    "sparse": Recipe(organization="TILED_SPARSE", missing=frozenset({(0, 0), (3, 2)})),
    "places without a kind": Recipe(organization=None),
    "sparse between the grid's lines": Recipe(organization="TILED_SPARSE", jitter_px=10),
    "concatenation": Recipe(parts=3),
    "sparse concatenation": Recipe(parts=2, organization="TILED_SPARSE", missing=frozenset({(1, 1)})),
    "extended table": Recipe(table="extended"),
    "no table": Recipe(table="none"),
    "fragments": Recipe(fragments=3),
    "fragments without a table": Recipe(fragments=3, table="none"),
    "defined lengths": Recipe(undefined=False, organization="TILED_SPARSE"),
    # The contract looks at the first eight tiles, whole ones: what a cut tile shows beyond is nobody's.
    "oblong frames": Recipe(2100, 272, frame_width_px=80, frame_height_px=48),
    "oblong rgb frames": Recipe(2100, 272, frame_width_px=80, frame_height_px=48, photometric="RGB"),
    "oblong frames with some missing": Recipe(
        frame_width_px=80,
        frame_height_px=48,
        organization="TILED_SPARSE",
        missing=frozenset({(1, 1)}),
    ),
    "frames that do not end with a coded unit": Recipe(frame_width_px=100, frame_height_px=50),
    "focal planes": Recipe(planes=3),
    "sparse focal planes": Recipe(planes=3, organization="TILED_SPARSE"),
    "grey": Recipe(samples=1, photometric="MONOCHROME2", subsampling="Gray"),
    "grey of 16 bits": Recipe(samples=1, photometric="MONOCHROME2", bits=16, syntax=tags.EXPLICIT_VR),
    "grey of 16 bits, rle": Recipe(samples=1, photometric="MONOCHROME2", bits=16, syntax=tags.RLE),
    "optical paths": Recipe(samples=1, photometric="MONOCHROME2", paths=3),
    "sparse optical paths": Recipe(
        samples=1, photometric="MONOCHROME2", paths=2, organization="TILED_SPARSE"
    ),
}


@pytest.mark.parametrize("name", RECIPES)
class TestGeneratedSlide(SlideContract):
    @pytest.fixture
    def slide(self, name: str) -> Slide:
        return open_dicom([BytesSource(data) for data in write_set(RECIPES[name])])

    def test_its_level_its_scale_and_its_power_are_read(self, slide: Slide, name: str) -> None:
        width_px, height_px = RECIPES[name].width_px, RECIPES[name].height_px
        assert slide.grid.size == Size(width_px, height_px)
        assert slide.mpp == Mpp(0.25, 0.25)
        assert slide.objective_power == 40
        smaller = Size(width_px // 2, height_px // 2)
        assert [level.size for level in slide.levels] == [slide.grid.size, smaller]
        assert {image.role for image in slide.associated_images} == {ImageRole.LABEL, ImageRole.MACRO}


@pytest.mark.parametrize(
    "name", [name for name, recipe in RECIPES.items() if recipe.samples == 3 and not recipe.missing]
)
def test_level_0_shows_what_was_scanned(name: str) -> None:
    recipe = RECIPES[name]
    expected = picture(recipe)
    if recipe.jitter_px:
        expected = expected[64:128, 10:]
    seen = shown(opened(recipe))
    seen = seen[64:128, 10:] if recipe.jitter_px else seen
    assert np.abs(seen.astype(int) - expected).mean() < 4


def test_a_carried_frame_has_the_source_s_scan_bit_for_bit() -> None:
    slide = opened(Recipe())
    with slide.witness() as witness:
        for index, place in enumerate(slide.grid):
            jpeg, stored = slide.read_tile(place.x, place.y).jpeg, witness.stored_tile(index)
            assert jpeg is not None and stored is not None
            assert scan_digest(jpeg) == scan_digest(stored)
            assert b"CommentInFrame" in stored and b"CommentInFrame" not in jpeg


def test_frames_that_the_scanner_left_out_are_neither_jpeg_nor_pixels() -> None:
    slide = opened(RECIPES["sparse"])
    tile = slide.read_tile(3, 2)
    assert tile.jpeg is None and tile.pixels is None


def test_the_sharpest_focal_plane_is_shown_and_said() -> None:
    slide = opened(RECIPES["focal planes"])
    assert slide.remarks == ("Focal plane 1 of 3 is shown: its images hold the most detail.",)
    assert np.abs(shown(slide).astype(int) - picture(RECIPES["focal planes"])).mean() < 4


def test_frames_that_say_ycbcr_but_hold_rgb_are_read_by_their_markers() -> None:
    recipe = Recipe(with_adobe=0)
    slide = opened(recipe)
    assert slide.is_rgb
    assert np.abs(shown(slide).astype(int) - picture(recipe)).mean() < 4


def test_the_order_of_the_files_does_not_matter_and_foreign_ones_are_passed_over() -> None:
    files = write_set(Recipe(parts=3))
    foreign = [b"Read me first", b"", b"\0" * 4096]
    one = open_dicom([BytesSource(data) for data in [*files, *foreign]])
    other = open_dicom([BytesSource(data) for data in [*foreign, *reversed(files)]])
    np.testing.assert_array_equal(shown(one), shown(other))


def test_the_same_instance_twice_is_one() -> None:
    files = write_dicom(Recipe())
    assert open_dicom([BytesSource(data) for data in files * 2]).grid.size == Size(300, 200)


def test_several_slides_at_once_are_refused() -> None:
    one = write_dicom(Recipe())
    other = write_dicom(Recipe(width_px=310, frame_of_reference="1.2.3.4", series="1.2.3.5"))
    with pytest.raises(UnsupportedSlideError, match="several slides"):
        open_dicom([BytesSource(data) for data in one + other])


def test_a_concatenation_of_which_a_part_is_missing_is_refused() -> None:
    files = write_dicom(Recipe(parts=3))
    with pytest.raises(CorruptSlideError, match="concatenated"):
        open_dicom([BytesSource(data) for data in (files[0], files[2])])


@pytest.mark.parametrize(
    ("recipe", "kind", "words"),
    [
        (Recipe(sop_class="1.2.840.10008.5.1.4.1.1.6.1"), UnsupportedSlideError, "ultrasound"),
        (Recipe(sop_class="1.2.840.10008.5.1.4.1.1.2"), NotASlideError, "not a whole-slide"),
        (Recipe(syntax=tags.DEFLATED), UnsupportedSlideError, "compressed as a whole"),
        (Recipe(syntax="1.2.840.10008.1.2.4.100"), UnsupportedSlideError, "compressed in a way"),
        (Recipe(role="LABEL"), UnsupportedSlideError, "no image of a slide"),
    ],
)
def test_what_is_no_slide_is_refused_in_one_clear_sentence(
    recipe: Recipe, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        opened(recipe)


def test_a_slide_without_a_scale_or_a_power_has_none() -> None:
    slide = opened(Recipe(spacing_mm=None, power=None))
    assert slide.mpp is None and slide.objective_power is None


def test_limits_hold() -> None:
    with pytest.raises(SlideTooLargeError):
        opened(Recipe(), Limits(pixels=1000))
    with pytest.raises(SlideTooLargeError):
        opened(Recipe(), Limits(tiles=3))
    with pytest.raises(SlideTooLargeError):
        opened(Recipe(), Limits(tag_bytes=16))


def test_malformed_dicom_files_are_refused(shared_data: Path) -> None:
    for path in sorted((shared_data / "malformed").glob("*.dcm")):
        with (
            FileSource(path) as source,
            pytest.raises((NotASlideError, CorruptSlideError, UnsupportedSlideError)),
        ):
            open_dicom([source])


def test_a_file_cut_short_anywhere_is_refused_or_is_what_it_was() -> None:
    data = write_dicom(Recipe(frame_width_px=160, frame_height_px=160, parts=1))[0]
    whole = len(data) - len("TrailerOfPatient")
    for length in range(0, len(data), 97):
        try:
            slide = open_dicom([BytesSource(data[:length])])
        except (NotASlideError, CorruptSlideError, UnsupportedSlideError):
            continue
        assert length >= whole
        assert slide.grid.size == Size(300, 200)


def test_a_single_frame_without_tiling_is_a_slide() -> None:
    recipe = replace(Recipe(), width_px=96, height_px=64, frame_width_px=96, organization=None)
    assert opened(recipe).grid.size == Size(96, 64)


@pytest.mark.parametrize(
    ("name", "carriage"),
    [
        ("jpeg", Carriage.CARRIED),
        ("sparse", Carriage.CARRIED),
        ("concatenation", Carriage.CARRIED),
        ("oblong frames", Carriage.CUT),
        ("oblong rgb frames", Carriage.CUT),
        ("oblong frames with some missing", Carriage.ENCODED),
        ("frames that do not end with a coded unit", Carriage.ENCODED),
        ("sparse between the grid's lines", Carriage.ENCODED),
        ("jpeg 2000", Carriage.ENCODED),
    ],
)
def test_what_can_be_kept_without_loss_is(name: str, carriage: Carriage) -> None:
    assert opened(RECIPES[name]).carriage is carriage


@pytest.mark.parametrize(
    "name", ["jpeg", "sparse concatenation", "oblong frames", "implicit", "optical paths"]
)
def test_a_conversion_is_proved_and_holds_nothing_of_the_patient(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "slide.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for number, data in enumerate(write_set(RECIPES[name])):
            file.writestr(f"{number}.dcm", data)
    report = convert_file(archive, tmp_path / "out")
    assert report.source_format == "dicom-wsi"
    assert report.proof["search"]["places_found"] == 0
    made = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir())
    said = json.dumps(report.to_json()).encode()
    for canary in CANARIES:
        assert canary.encode() not in made + said, canary


def test_everything_that_a_file_says_is_among_its_texts() -> None:
    texts = b"\n".join(open_dicom([BytesSource(data) for data in write_set(Recipe())]).texts())
    for canary in CANARIES:
        assert canary.encode() in texts, canary


def test_run_lengths_that_point_elsewhere_are_damage() -> None:
    """imagecodecs' own reader of these tables reads outside the frame, and ends the process."""
    recipe = RECIPES["rle"]
    data = bytearray(write_dicom(recipe)[0])
    at = data.index(struct.pack("<II", 3, 64))
    data[at + 4 : at + 16] = b"\xff\xff\xff\x7f" * 3
    slide = open_dicom([BytesSource(bytes(data))])
    with pytest.raises(CorruptSlideError):
        slide.read_tile(0, 0)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["jpeg", "sparse", "implicit", "rle", "jpeg-ls", "extended table", "optical paths"]),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from([b"\0", b"\xff", b"\x7f", b"\xff" * 4, b"\0" * 4, b"SQ"])),
        min_size=1,
        max_size=4,
    ),
)
def test_a_damaged_file_is_read_or_refused(name: str, changes: list[tuple[float, bytes]]) -> None:
    recipe = replace(RECIPES[name], width_px=100, height_px=80, missing=frozenset({(0, 0)}))
    if recipe.organization == "TILED_FULL":
        recipe = replace(recipe, missing=frozenset())
    data = bytearray(write_dicom(recipe)[0])
    # Most of a file is image data; headers are what a reader believes.
    headers_bytes = min(len(data), data.index(b"\xe0\x7f\x10\x00") + 200)
    for share, change in changes:
        place = int(share * headers_bytes)
        data[place : place + len(change)] = change
    try:
        slide = open_dicom([BytesSource(bytes(data))])
        slide.places()
        slide.texts()
    except TilingError:
        return
    for place in islice(slide.grid, 4):
        with suppress(TilingError):
            slide.read_tile(place.x, place.y)
