"""Slides that only OpenSlide reads: their layout, ground and words, and the whole way to the result."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile

from ground.source import ByteSource
from tests.contracts.slide_source import SlideContract
from tests.tiling import openslide_files as files
from tests.tiling.conversions import BytesSource
from tests.tiling.svs_files import MRN, PATIENT, USER, disguises
from tiling.convert import convert
from tiling.errors import CorruptSlideError, NotASlideError, TilingError, UnsupportedSlideError
from tiling.formats.openslide import OpenSlideSlide, open_with_openslide
from tiling.geometry import Mpp
from tiling.limits import Limits
from tiling.model import Action, Carriage, Slide
from tiling.scratch import Scratch

MISSING = frozenset({0, 1, 5, 6, 13})  # of the Philips slide's tiles; four of them make one of ours

SINGLE_FILES: Mapping[str, Callable[[Path], files.Pixels]] = {
    "philips-tiff": lambda path: files.write_philips(path, MISSING),
    "trestle-tiff": files.write_trestle,
    "leica-scn": files.write_leica,
    "ventana-bif": files.write_ventana,
    "zeiss-czi": files.write_czi,
}
KINDS = [*SINGLE_FILES, "3dhistech-mrxs"]


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    folder = tmp_path / "scratch"
    folder.mkdir()
    with Scratch(folder, 1 << 30) as scratch:
        yield scratch
    assert list(folder.iterdir()) == []


def written(kind: str, folder: Path) -> tuple[Mapping[str, ByteSource] | ByteSource, files.Pixels]:
    if kind == "3dhistech-mrxs":
        pixels = files.write_mirax(folder / "mirax", stem=PATIENT)
        return members(folder / "mirax"), pixels
    path = folder / "slide"
    pixels = SINGLE_FILES[kind](path)
    return BytesSource(path.read_bytes()), pixels


def members(folder: Path) -> dict[str, ByteSource]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): BytesSource(path.read_bytes()) for path in paths}


def shown(slide: Slide) -> files.Pixels:
    side, size = slide.grid.tile_size_px, slide.grid.size
    whole = np.full((slide.grid.rows * side, slide.grid.cols * side, 3), 255, np.uint8)
    for place in slide.grid:
        pixels = slide.read_tile(place.x, place.y).pixels
        if pixels is not None:
            whole[place.y * side : (place.y + 1) * side, place.x * side : (place.x + 1) * side] = pixels
    return whole[: size.height_px, : size.width_px]


class TestEveryKind(SlideContract):
    @pytest.fixture(params=[*SINGLE_FILES, "philips-jpeg"])
    def slide(self, request: pytest.FixtureRequest, tmp_path: Path, scratch: Scratch) -> Slide:
        if request.param == "philips-jpeg":
            return philips_jpeg(tmp_path, scratch)
        source, _ = written(request.param, tmp_path)
        return open_with_openslide(source, Limits(), scratch)


def philips_jpeg(folder: Path, scratch: Scratch) -> OpenSlideSlide:
    files.write_philips(folder / "slide", MISSING, compression="jpeg")
    return open_with_openslide(BytesSource((folder / "slide").read_bytes()), Limits(), scratch)


def test_jpeg_tiles_that_lie_side_by_side_are_carried_over(tmp_path: Path, scratch: Scratch) -> None:
    slide = philips_jpeg(tmp_path, scratch)
    assert slide.carriage is Carriage.CARRIED
    assert slide.grid.tile_size_px == files.TILE_PX
    assert not any("encoded" in remark for remark in slide.remarks)
    output = tmp_path / "output"
    output.mkdir()
    source = BytesSource((tmp_path / "slide").read_bytes())
    report = convert(source, output, progress=lambda *_: None, cancelled=lambda: False, scratch=scratch)
    assert report.l0_encoding == Carriage.CARRIED.value
    assert report.proof["tiles"]["missing"] == len(MISSING)
    assert report.proof["tiles"]["identical"] == slide.grid.count - len(MISSING)


@pytest.mark.parametrize("kind", KINDS)
def test_it_shows_the_very_pixels_that_were_written(kind: str, tmp_path: Path, scratch: Scratch) -> None:
    source, pixels = written(kind, tmp_path)
    slide = open_with_openslide(source, Limits(), scratch)
    assert slide.format_name == kind
    np.testing.assert_array_equal(shown(slide), pixels)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "trestle-tiff"])
def test_its_scale_is_stated(kind: str, tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written(kind, tmp_path)
    assert open_with_openslide(source, Limits(), scratch).mpp == Mpp(files.UM_PER_PX, files.UM_PER_PX)


@pytest.mark.parametrize("kind", SINGLE_FILES)
def test_the_whole_way_leaves_a_proved_slide_and_no_word_of_the_source(kind: str, tmp_path: Path) -> None:
    source, pixels = written(kind, tmp_path)
    assert not isinstance(source, Mapping)
    output, room = tmp_path / "output", tmp_path / "scratch"
    output.mkdir()
    room.mkdir()
    with Scratch(room, 1 << 30) as scratch:
        report = convert(
            source,
            output,
            progress=lambda *_: None,
            cancelled=lambda: False,
            scratch=scratch,
        )
        assert list(room.iterdir()) == []
    assert report.source_format == kind
    assert report.l0_encoding == "encoded"
    assert any("decoded and encoded once" in remark for remark in report.remarks)
    everything = b"\n".join(path.read_bytes() for path in output.iterdir())
    for text in (PATIENT, MRN, USER):
        assert not [form for form in disguises(text) if form in everything]
    with openslide.OpenSlide(output / "slide.tif") as result:
        seen = np.asarray(result.read_region((0, 0), 0, result.dimensions).convert("RGB"))
    assert seen.shape == pixels.shape
    assert np.abs(seen.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize("kind", KINDS)
def test_its_words_are_looked_for_and_never_name_a_place(kind: str, tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written(kind, tmp_path)
    slide = open_with_openslide(source, Limits(), scratch)
    words = b"\n".join(slide.texts())
    assert PATIENT.encode() in words
    assert max(map(len, slide.texts())) <= 4_096
    names = "\n".join(place.name for place in slide.places())
    assert not [text for text in (PATIENT, MRN, USER) if text in names + " ".join(slide.remarks)]
    assert any(place.action is Action.DROPPED for place in slide.places())


def test_what_was_not_scanned_is_left_out_where_the_ground_is_glass(tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written("philips-tiff", tmp_path)
    slide = open_with_openslide(source, Limits(), scratch)
    with slide.witness() as witness:
        left_out = [witness.stored_tile(index) is None for index in range(slide.grid.count)]
    assert left_out == [slide.read_tile(place.x, place.y).pixels is None for place in slide.grid]
    assert left_out[0] and not all(left_out)


def test_on_another_ground_it_has_that_colour(tmp_path: Path, scratch: Scratch) -> None:
    pixels = files.write_mirax(tmp_path / "dark", background=0x102030)
    slide = open_with_openslide(members(tmp_path / "dark"), Limits(), scratch)
    np.testing.assert_array_equal(shown(slide), pixels)
    assert tuple(pixels[-1, -1]) == (0x30, 0x20, 0x10)


def test_where_the_scanned_area_begins_is_said_in_a_remark(tmp_path: Path, scratch: Scratch) -> None:
    files.write_leica(tmp_path / "slide", offset_px=(200, 70))
    slide = open_with_openslide(BytesSource((tmp_path / "slide").read_bytes()), Limits(), scratch)
    (remark,) = [remark for remark in slide.remarks if "begins" in remark]
    assert "384 × 256" in remark and "x 200, y 70" in remark


@pytest.mark.parametrize(("kind", "is_apart"), [("philips-tiff", True), ("leica-scn", False)])
def test_it_says_so_where_no_other_library_can_check(
    kind: str, is_apart: bool, tmp_path: Path, scratch: Scratch
) -> None:
    source, _ = written(kind, tmp_path)
    slide = open_with_openslide(source, Limits(), scratch)
    assert any("second reader was OpenSlide again" in remark for remark in slide.remarks) is not is_apart


def test_people_s_names_for_files_are_not_repeated_on_the_disk(tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written("3dhistech-mrxs", tmp_path)
    open_with_openslide(source, Limits(), scratch)
    names = [path.name for path in (tmp_path / "scratch").rglob("*")]
    assert "slide.mrxs" in names
    assert not [name for name in names if PATIENT in name]


def test_a_mirax_index_without_its_folder_is_refused(tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written("3dhistech-mrxs", tmp_path)
    assert isinstance(source, Mapping)
    alone = {name: one for name, one in source.items() if name.endswith(".mrxs")}
    with pytest.raises(UnsupportedSlideError, match="folder that belongs"):
        open_with_openslide(alone, Limits(), scratch)


@pytest.mark.parametrize(
    "name", ["../slide.vms", "/slide.vms", "a/../../slide.vms", "..\\slide.vms", "a\0.vms"]
)
def test_names_that_lead_out_of_the_folder_are_refused(name: str, tmp_path: Path, scratch: Scratch) -> None:
    with pytest.raises(NotASlideError):
        open_with_openslide({name: BytesSource(b"x"), "b": BytesSource(b"y")}, Limits(), scratch)
    assert list((tmp_path / "scratch").rglob("*.vms")) == []


@pytest.mark.parametrize("kind", SINGLE_FILES)
def test_a_file_that_was_cut_is_refused_or_its_loss_is_seen(
    kind: str, tmp_path: Path, scratch: Scratch
) -> None:
    source, pixels = written(kind, tmp_path)
    assert isinstance(source, BytesSource)
    for share in range(1, 20):
        cut = BytesSource(source.data[: len(source.data) * share // 20])
        try:
            slide = open_with_openslide(cut, Limits(), scratch)
            seen = shown(slide)
        except TilingError as error:
            assert PATIENT not in str(error)
            continue
        np.testing.assert_array_equal(seen, pixels)


def test_a_slide_larger_than_allowed_is_refused_before_its_pixels_are_read(
    tmp_path: Path, scratch: Scratch
) -> None:
    source, _ = written("leica-scn", tmp_path)
    with pytest.raises(TilingError, match="more pixels"):
        open_with_openslide(source, Limits(pixels=1_000), scratch)


def test_the_library_s_own_words_never_reach_a_person(tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written("zeiss-czi", tmp_path)
    assert isinstance(source, BytesSource)
    spoiled = BytesSource(source.data.replace(b"ZISRAWDIRECTORY", PATIENT.encode()[:15]))
    with pytest.raises(CorruptSlideError) as refusal:
        open_with_openslide(spoiled, Limits(), scratch)
    assert PATIENT[:10] not in str(refusal.value)


def test_an_opened_slide_is_of_this_kind(tmp_path: Path, scratch: Scratch) -> None:
    source, _ = written("zeiss-czi", tmp_path)
    assert isinstance(open_with_openslide(source, Limits(), scratch), OpenSlideSlide)


def test_a_damaged_tile_spoils_no_other(tmp_path: Path, scratch: Scratch) -> None:
    source, pixels = written("leica-scn", tmp_path)
    assert isinstance(source, BytesSource)
    offset = damage_one_tile(tmp_path / "slide")
    assert offset
    slide = open_with_openslide(BytesSource((tmp_path / "slide").read_bytes()), Limits(), scratch)
    side, damaged = slide.grid.tile_size_px, []
    with slide.witness() as witness:
        for index, place in enumerate(slide.grid):
            want = pixels[place.y * side : (place.y + 1) * side, place.x * side : (place.x + 1) * side]
            try:
                tile = slide.read_tile(place.x, place.y)
            except CorruptSlideError:
                damaged.append(place)
                assert witness.stored_tile(index) == b""
                continue
            got = (
                np.full_like(want, 255) if tile.pixels is None else tile.pixels[: len(want), : want.shape[1]]
            )
            np.testing.assert_array_equal(got, want)
    assert 0 < len(damaged) <= 4 < slide.grid.count  # one of the source's tiles touches four of ours at most


def damage_one_tile(path: Path) -> int:
    """Spoil the last tile of level 0; answers where it lies."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[1]
        assert isinstance(page, tifffile.TiffPage)
        offset, length = page.dataoffsets[-1], page.databytecounts[-1]
    with path.open("r+b") as opened:
        opened.seek(offset)
        opened.write(b"\xee" * length)
    return int(offset)


def test_several_slides_at_once_are_not_taken_for_one(tmp_path: Path, scratch: Scratch) -> None:
    files.write_czi(tmp_path / "a.czi")
    files.write_leica(tmp_path / "b.scn")
    with pytest.raises(UnsupportedSlideError, match="by itself"):
        open_with_openslide(members(tmp_path), Limits(), scratch)


@pytest.mark.parametrize("name", ["../../other/Data0000.dat", "/etc/passwd", "..\\Data0000.dat", "a/../../b"])
def test_an_index_that_names_files_elsewhere_is_refused(name: str, tmp_path: Path, scratch: Scratch) -> None:
    folder = tmp_path / "mirax"
    files.write_mirax(folder)
    index = folder / "slide" / "Slidedat.ini"
    index.write_text(index.read_text("utf-8").replace("FILE_0 = Data0000.dat", f"FILE_0 = {name}"), "utf-8")
    with pytest.raises(CorruptSlideError, match="outside its folder"):
        open_with_openslide(members(folder), Limits(), scratch)
