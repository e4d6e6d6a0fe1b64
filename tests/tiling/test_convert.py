"""From a scanner's file to a proved canonical slide, or to one clear sentence and an empty folder."""

import random
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile

from ground.source import FileSource
from tests.tiling.conversions import BytesSource, convert_bytes, convert_file
from tests.tiling.svs_files import Recipe, decoded, tissue, write_svs
from tiling.canonical import open_canonical
from tiling.convert import Stage, convert
from tiling.errors import (
    CanonicalError,
    ConversionCancelled,
    CorruptSlideError,
    TilingError,
    UnsupportedSlideError,
    VerificationError,
)
from tiling.jpeg import scan_digest

REAL = [
    "slides/CMU-1-Small-Region.svs",
    "slides/small.svs",
    "slides/😐.svs",
    "derived/aperio-fakephi-9001x7003.svs",
]


@pytest.mark.parametrize("name", REAL)
def test_level_0_of_a_real_slide_is_carried_over_bit_for_bit(
    tmp_path: Path, shared_data: Path, name: str
) -> None:
    report = convert_file(shared_data / name, tmp_path / "out", forbidden=[Path(name).stem])
    assert report.l0_encoding == "carried over bit for bit"
    with (
        tifffile.TiffFile(shared_data / name) as source,
        tifffile.TiffFile(tmp_path / "out" / "slide.tif") as written,
    ):
        old, new = source.pages[0], written.pages[0]
        assert len(old.dataoffsets) == len(new.dataoffsets) == report.proof["tiles"]["identical"]
        old_bytes, new_bytes = (
            (shared_data / name).read_bytes(),
            (tmp_path / "out" / "slide.tif").read_bytes(),
        )
        for index in range(len(old.dataoffsets)):
            start, length = old.dataoffsets[index], old.databytecounts[index]
            at, size = new.dataoffsets[index], new.databytecounts[index]
            expected = scan_digest(old_bytes[start : start + length], old.jpegtables or b"")
            assert scan_digest(new_bytes[at : at + size]) == expected


@pytest.mark.parametrize("name", REAL)
def test_every_program_sees_what_the_scanner_wrote(tmp_path: Path, shared_data: Path, name: str) -> None:
    convert_file(shared_data / name, tmp_path / "out")
    with (
        openslide.OpenSlide(shared_data / name) as source,
        openslide.OpenSlide(tmp_path / "out" / "slide.tif") as made,
    ):
        assert made.dimensions == source.dimensions
        for key in ("openslide.mpp-x", "openslide.mpp-y"):
            assert float(made.properties[key]) == pytest.approx(float(source.properties[key]), rel=1e-6)
        assert not made.associated_images
        width, height = min(source.dimensions[0], 1500), min(source.dimensions[1], 1500)
        x, y = (source.dimensions[0] - width) // 2, (source.dimensions[1] - height) // 2
        shown = [
            np.asarray(slide.read_region((x, y), 0, (width, height)).convert("RGB"))
            for slide in (source, made)
        ]
        assert np.array_equal(shown[0], shown[1])


def test_levels_agree_with_pillow_s_own_reduction_of_level_0(tmp_path: Path, shared_data: Path) -> None:
    """Against Lanczos of the whole level: no tile shifted, no seam, and as close as the size permits.

    It is dense tissue throughout and small, so that edges and overheads take much of that.
    """
    path = shared_data / "slides" / "CMU-1-Small-Region.svs"
    convert_file(path, tmp_path / "out")
    with openslide.OpenSlide(path) as source, openslide.OpenSlide(tmp_path / "out" / "slide.tif") as made:
        # An even part of the slide, so that both reductions put their pixels in the same places.
        part = source.read_region((0, 0), 0, (2176, 2944)).convert("RGB")
        whole = source.read_region((0, 0), 0, source.dimensions).convert("RGB")
        for level, largest in ((1, 4.7), (2, 3.7), (3, 3.3), (4, 3.0)):
            # Where one tile shows everything, the whole slide is stretched over the rounded size.
            picture, size = (part, (2176 >> level, 2944 >> level)) if level < 4 else (whole, (139, 186))
            expected = np.asarray(picture.resize(size, resample=1), int)  # 1 is Lanczos
            shown = np.asarray(made.read_region((0, 0), level, size).convert("RGB"), int)
            inner = np.s_[4:-4, 4:-4]
            assert np.abs(expected - shown)[inner].mean() <= largest
            assert abs((expected - shown)[inner].mean()) <= 0.3


@pytest.mark.parametrize("coding", ["jp2k-rgb", "jp2k-ycc", "lzw", "none"])
def test_other_codings_are_encoded_once_in_the_right_colours(tmp_path: Path, coding: str) -> None:
    pixels = write_svs(tmp_path / "a.svs", Recipe(coding=coding))
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.l0_encoding == "encoded"
    assert report.levels[0].quality is not None
    with openslide.OpenSlide(tmp_path / "out" / "slide.tif") as made:
        shown = np.asarray(made.read_region((0, 0), 0, (300, 200)).convert("RGB"), int)
    assert np.abs(shown - pixels).mean() < 2


def test_jpeg_2000_with_fewer_chroma_samples_is_named_as_what_it_is(tmp_path: Path) -> None:
    """Decoders disagree about its colours; a wrong one must not be served."""
    write_svs(tmp_path / "a.svs", Recipe(coding="jp2k-ycc"))
    data = (tmp_path / "a.svs").read_bytes()
    full, halved = (b"\x00\x03\x07\x01\x01\x07" + bytes((step, 1)) for step in (1, 2))
    assert full in data
    with pytest.raises(UnsupportedSlideError):
        convert_bytes(data.replace(full, halved), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("coding", "subsampling"), [("jpeg", "444"), ("jpeg", "422"), ("jpeg", "420"), ("jpeg-rgb", "444")]
)
def test_a_tile_that_the_scanner_left_out_is_white_and_counted(
    tmp_path: Path, coding: str, subsampling: str
) -> None:
    # 0 is whole, 19 is the cropped one in the corner
    write_svs(tmp_path / "a.svs", Recipe(coding=coding, subsampling=subsampling, missing=frozenset({0, 19})))
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.proof["tiles"]["missing"] == 2
    with (
        openslide.OpenSlide(tmp_path / "out" / "slide.tif") as made,
        open_canonical(tmp_path / "out") as slide,
    ):
        for origin in ((0, 0), (256, 192)):
            assert np.asarray(made.read_region(origin, 0, (44, 8)).convert("RGB")).min() >= 254
        last = slide.info.deepzoom_level_count - 1
        assert decoded(slide.read_tile(last, 0, 0)).min() >= 254
        assert decoded(slide.read_tile(last, 4, 3)).min() >= 254
        assert decoded(slide.read_tile(last, 1, 0)).min() < 200


def test_one_damaged_tile_in_thousands_is_white_and_counted(tmp_path: Path) -> None:
    recipe = Recipe(width_px=1024, height_px=640, tile_size_px=16, spoiled=frozenset({77, 1200}))
    write_svs(tmp_path / "a.svs", recipe)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert report.proof["tiles"]["damaged"] == 2
    assert report.proof["tiles"]["identical"] == 64 * 40 - 2


def test_many_damaged_tiles_are_a_damaged_slide(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(spoiled=frozenset({3})))
    with pytest.raises(CorruptSlideError):
        convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_slide_without_any_tile_is_no_slide(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(missing=frozenset(range(20))))
    with pytest.raises(CorruptSlideError):
        convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_slide_whose_tag_and_tiles_disagree_about_colours_is_refused(tmp_path: Path) -> None:
    """libtiff goes by the tag, tifffile by the tiles: whoever is right, somebody would show wrong colours."""
    write_svs(tmp_path / "a.svs", Recipe(coding="jpeg-rgb", contradicts_colours=True))
    with pytest.raises(VerificationError):
        convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_letters_that_are_not_ascii_disturb_nobody(tmp_path: Path, shared_data: Path) -> None:
    data = (shared_data / "slides" / "small.svs").read_bytes()
    for name in ("Müll".encode(), "Mülle".encode("latin-1")):
        changed = data.replace(b"Filename = CMU-1", b"Filename = " + name)
        assert convert_bytes(changed, tmp_path / name.hex()).mpp_x == 0.499


def test_a_slide_without_a_scale_states_none(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(mpp="unknown", power=""))
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert (report.mpp_x, report.mpp_y, report.objective_power) == (None, None, None)
    with openslide.OpenSlide(tmp_path / "out" / "slide.tif") as made:
        assert "openslide.mpp-x" not in made.properties


def test_a_forbidden_string_in_the_result_stops_it(tmp_path: Path) -> None:
    """Strings that the result contains by right are no reason; any other is."""
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "one", forbidden=["canonical slide", "0.2520"])
    tile = (tmp_path / "one" / "slide.tif").read_bytes()[3_000:3_012]
    with pytest.raises(VerificationError):
        convert_file(tmp_path / "a.svs", tmp_path / "two", forbidden=[tile.decode("latin-1")])
    assert not list((tmp_path / "two").iterdir())


def test_progress_counts_up_in_two_stages(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    seen: list[tuple[Stage, int, int]] = []
    with FileSource(tmp_path / "a.svs") as source:
        (tmp_path / "out").mkdir()
        convert(source, tmp_path / "out", progress=lambda *step: seen.append(step), cancelled=lambda: False)
    for stage in (Stage.CONVERTING, Stage.VERIFYING):
        steps = [(done, total) for kind, done, total in seen if kind is stage]
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1] > 0
    assert [kind for kind, _, _ in seen] == sorted((kind for kind, _, _ in seen), key=list(Stage).index)


@pytest.mark.parametrize("asked", [1, 2, 5, 12, 24])
def test_a_cancelled_conversion_leaves_nothing_and_no_thread(tmp_path: Path, asked: int) -> None:
    write_svs(tmp_path / "a.svs", Recipe(width_px=900, height_px=700))
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls >= asked

    (tmp_path / "out").mkdir()
    with FileSource(tmp_path / "a.svs") as source, pytest.raises(ConversionCancelled):
        convert(source, tmp_path / "out", progress=lambda *_: None, cancelled=cancelled)
    assert not list((tmp_path / "out").iterdir())
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiling")]


def test_a_full_disk_is_told_as_such_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_svs(tmp_path / "a.svs")

    def fsync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(OSError, match="No space left"):
        convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_an_existing_result_is_never_overwritten(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    convert_file(tmp_path / "a.svs", tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(CanonicalError):
        convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_several_conversions_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", Recipe(width_px=500, height_px=400))
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(convert_file, tmp_path / "a.svs", tmp_path / f"out{n}") for n in range(4)]
        assert len({run.result().canonical_sha256 for run in runs}) == 1


def is_one_sentence(error: TilingError) -> bool:
    text = str(error)
    return 10 < len(text) < 160 and "\n" not in text and text.isascii()


def test_malformed_files_end_in_one_sentence_each(tmp_path: Path, shared_data: Path) -> None:
    for path in sorted((shared_data / "malformed").iterdir()):
        with pytest.raises(TilingError) as caught:
            convert_file(path, tmp_path / "out")
        assert is_one_sentence(caught.value), path.name
        assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("seed", range(4))
def test_a_real_slide_cut_or_spoiled_anywhere_is_converted_rightly_or_refused(
    tmp_path: Path, shared_data: Path, seed: int
) -> None:
    original = (shared_data / "slides" / "small.svs").read_bytes()
    rng = random.Random(seed)  # noqa: S311 - the same files every time
    for number in range(60):
        data = bytearray(original[: rng.randrange(len(original))] if number % 3 == 0 else original)
        for _ in range(rng.choice([0, 1, 4, 30])):
            if data:
                data[rng.randrange(len(data))] = rng.randrange(256)
        output = tmp_path / "out"
        try:
            report = convert_bytes(bytes(data), output)
        except TilingError as error:
            assert is_one_sentence(error)
            assert not list(output.iterdir())
        else:
            assert report.proof["tiles"]["identical"] == report.proof["tiles"]["tiles"]
        shutil.rmtree(output)


def test_a_large_real_slide_cut_anywhere_is_refused(tmp_path: Path, shared_data: Path) -> None:
    original = (shared_data / "slides" / "CMU-1-Small-Region.svs").read_bytes()
    for tenth in range(10):
        with pytest.raises((CorruptSlideError, UnsupportedSlideError)) as caught:
            convert_bytes(original[: len(original) * tenth // 10 + 100], tmp_path / "out")
        assert is_one_sentence(caught.value)


def test_a_source_that_ends_while_it_is_read_is_corrupt(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs")
    data = (tmp_path / "a.svs").read_bytes()

    class Shrinking(BytesSource):
        def read_at(self, offset: int, length: int) -> bytes:
            return super().read_at(offset, length) if length < 1_000 else b""

    (tmp_path / "out").mkdir()
    with pytest.raises(CorruptSlideError):
        convert(Shrinking(data), tmp_path / "out", progress=lambda *_: None, cancelled=lambda: False)
    assert not list((tmp_path / "out").iterdir())


def test_the_generated_tissue_has_something_to_see() -> None:
    assert tissue(300, 200).std() > 15
