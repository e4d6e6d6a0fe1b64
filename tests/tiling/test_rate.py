"""How finely a slide's reduced levels are coded, and that the whole keeps its size."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import openslide
import pytest
import simplejpeg

from ground.source import FileSource
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs
from tiling.canonical.bands import reduced
from tiling.canonical.coder import Coder, Thrift
from tiling.canonical.entropy import Frequencies
from tiling.canonical.rate import LARGEST_RATIO, Codings, choose_codings, quality, quantisation, steps
from tiling.open_slide import open_slide

DENSE = Recipe(width_px=2400, height_px=1800, tile_size_px=240, with_images=False, with_reduced=False)


def made_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def chosen(path: Path, workers: int) -> Codings:
    with FileSource(path) as source, ThreadPoolExecutor(workers) as pool:
        return choose_codings(open_slide(source), pool, lambda: None)


@pytest.mark.parametrize(
    "recipe",
    [
        DENSE,
        Recipe(
            width_px=3000, height_px=2500, tile_size_px=256, coding="jpeg-rgb", quality=60, with_images=False
        ),
    ],
    ids=["ycbcr", "rgb"],
)
def test_everything_together_stays_within_the_bar(tmp_path: Path, recipe: Recipe) -> None:
    write_svs(tmp_path / "a.svs", recipe)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    assert made_bytes(tmp_path / "out") <= LARGEST_RATIO * report.source_l0_bytes


def test_real_slides_stay_within_the_bar(tmp_path: Path, shared_data: Path) -> None:
    for number, name in enumerate(("slides/CMU-1-Small-Region.svs", "derived/aperio-fakephi-9001x7003.svs")):
        report = convert_file(shared_data / name, tmp_path / str(number))
        ratio = made_bytes(tmp_path / str(number)) / report.source_l0_bytes
        # Not less either: what may be spent is spent on the picture.
        assert LARGEST_RATIO - 0.05 <= ratio <= LARGEST_RATIO


def test_slides_of_a_few_tiles_are_never_coarser_than_the_coarsest(tmp_path: Path) -> None:
    """There cropped edge tiles, headers and the thumbnail take what others have for their pixels."""
    write_svs(tmp_path / "a.svs", Recipe(width_px=300, height_px=200, quality=30))
    assert [coder.quantisation.step for coder in chosen(tmp_path / "a.svs", 2).levels] == list(steps(64))


@pytest.mark.parametrize("recipe", [Recipe(coding="none"), Recipe(quality=100, subsampling="444")])
def test_where_there_is_room_the_finest_codings_are_taken(tmp_path: Path, recipe: Recipe) -> None:
    write_svs(tmp_path / "a.svs", replace(recipe, width_px=1200, height_px=960, tile_size_px=240))
    coders = chosen(tmp_path / "a.svs", 2).levels
    assert [coder.quantisation.step for coder in coders] == list(steps(7))


def test_the_finest_codings_keep_within_2_grey_levels_of_pillow_s_reduction(shared_data: Path) -> None:
    with openslide.OpenSlide(shared_data / "slides" / "CMU-1-Small-Region.svs") as slide:
        picture = slide.read_region((0, 0), 0, (2176, 2944)).convert("RGB")
    pixels = np.asarray(picture)
    for level, step in enumerate(steps(7)[:2], start=1):
        pixels = reduced(pixels)
        thrift = Thrift.to_begin_with(quantisation(step))
        shown = simplejpeg.decode_jpeg(Coder(thrift, Frequencies.none()).encode(pixels), "RGB")
        expected = np.asarray(picture.resize((2176 >> level, 2944 >> level), resample=1), int)  # 1 is Lanczos
        assert np.abs(expected - shown)[4:-4, 4:-4].mean() <= 2.0


def test_the_choice_does_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    pixels = write_svs(tmp_path / "a.svs", DENSE)[:240, :240]
    one, four = (chosen(tmp_path / "a.svs", workers) for workers in (1, 4))
    pairs: list[tuple[Coder, Coder]] = list(zip(one.levels, four.levels, strict=True))
    for left, right in [*pairs, (one.thumbnail, four.thumbnail)]:
        assert left.quantisation == right.quantisation
        assert left.encode(pixels) == right.encode(pixels)


def test_the_record_states_the_quality_of_each_level(tmp_path: Path) -> None:
    write_svs(tmp_path / "a.svs", DENSE)
    report = convert_file(tmp_path / "a.svs", tmp_path / "out")
    stated = json.loads((tmp_path / "out" / "served.json").read_bytes())["reduced_qualities"]
    assert [level.quality for level in report.levels][:4] == [None, *stated]
    assert stated == sorted(stated)
    assert stated[0] == quality(chosen(tmp_path / "a.svs", 2).levels[0].quantisation.step)


def test_coarser_steps_are_of_lower_quality_and_deeper_levels_never_coarser() -> None:
    qualities = [quality(step) for step in range(2, 65)]
    assert qualities == sorted(qualities, reverse=True)
    for step in range(7, 65):
        assert list(steps(step)) == sorted(steps(step), reverse=True)


def test_a_slide_with_nothing_to_sample_is_still_coded(tmp_path: Path) -> None:
    recipe = Recipe(width_px=480, height_px=480, tile_size_px=240, missing=frozenset((0, 1, 2)))
    write_svs(tmp_path / "a.svs", recipe)
    convert_file(tmp_path / "a.svs", tmp_path / "out")
