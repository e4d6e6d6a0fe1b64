"""The sample slide: a file that other people's readers take for a scanner's, with a patient to remove."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import openslide
import pytest
import tifffile
from sample_slide.anatomy import lay_out
from sample_slide.cells import populate
from sample_slide.identity import Patient
from sample_slide.paint import make_painter

COMMAND = Path(__file__).resolve().parents[2] / "scripts" / "make_sample_slide"
WIDTH_PX, HEIGHT_PX = 2300, 1500


def make(path: Path, seed: int = 7) -> Path:
    """Run the command for a small slide."""
    size = ("--width", str(WIDTH_PX), "--height", str(HEIGHT_PX), "--seed", str(seed), "--quiet")
    subprocess.run([sys.executable, COMMAND, path, *size], check=True)  # noqa: S603 - our own command
    return path


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("sample") / "sample.svs")


def test_openslide_takes_it_for_an_aperio_slide(sample: Path) -> None:
    slide = openslide.OpenSlide(sample)
    assert slide.properties["openslide.vendor"] == "aperio"
    assert slide.level_dimensions == ((WIDTH_PX, HEIGHT_PX), (WIDTH_PX // 4, HEIGHT_PX // 4))
    assert float(slide.properties["openslide.mpp-x"]) == 0.25
    assert float(slide.properties["openslide.objective-power"]) == 40
    assert set(slide.associated_images) == {"thumbnail", "label", "macro"}


def test_its_pages_come_in_the_scanners_order_and_coding(sample: Path) -> None:
    with tifffile.TiffFile(sample) as file:
        pages = list(file.pages)
        kinds = [page.description.split("\n")[1].split(" ")[0] for page in pages[-2:]]
        assert kinds == ["label", "macro"]
        assert [page.compression.name for page in pages] == ["JPEG", "JPEG", "JPEG", "LZW", "JPEG"]
        level0 = pages[0]
        assert level0.tilewidth == level0.tilelength == 256
        assert level0.photometric.name == "YCBCR"
        assert level0.jpegtables is not None
        tile = file.filehandle.read_array("u1", level0.databytecounts[0], offset=level0.dataoffsets[0])
        # An abbreviated stream: the tables stand in JPEGTables, once.
        assert b"\xff\xdb" not in tile.tobytes()[:64]


def test_the_reduced_level_is_the_average_of_level_0(sample: Path) -> None:
    slide = openslide.OpenSlide(sample)
    whole = slide.read_region((0, 0), 0, (WIDTH_PX // 4 * 4, HEIGHT_PX // 4 * 4)).convert("RGB")
    average = np.asarray(whole.reduce(4), np.float32)
    level1 = np.asarray(slide.read_region((0, 0), 1, slide.level_dimensions[1]).convert("RGB"), np.float32)
    shifted = np.roll(level1, 1, axis=1)
    assert np.abs(level1 - average).mean() < 0.5 * np.abs(shifted - average).mean()
    assert np.abs((level1 - average).mean(axis=(0, 1))).max() < 1


def test_there_is_tissue_and_there_is_glass(sample: Path) -> None:
    overview = np.asarray(openslide.OpenSlide(sample).associated_images["thumbnail"].convert("RGB"), np.int16)
    is_stained = overview[..., 1] < 200
    assert 0.2 < is_stained.mean() < 0.8
    corner = overview[:8, :8].reshape(-1, 3)
    assert (corner > 235).all()


def test_the_patient_stands_everywhere_that_a_scanner_would_put_one(sample: Path) -> None:
    words = Patient().words()
    with tifffile.TiffFile(sample) as file:
        for page in file.pages:
            assert [word for word in words if word in page.description]
    text = sample.read_bytes()
    assert [word for word in words if word.encode() not in text] == []


def test_label_and_macro_show_ink(sample: Path) -> None:
    images = openslide.OpenSlide(sample).associated_images
    for image in (images["label"], images["macro"].crop((0, 0, 360, 431))):
        dark = np.asarray(image.convert("L")) < 90
        assert dark.mean() > 0.03


@pytest.mark.slow
def test_the_same_seed_gives_the_same_slide_and_another_gives_another(sample: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "again.svs")
    other = make(tmp_path / "other.svs", seed=8)
    assert again.read_bytes() == sample.read_bytes()
    assert other.read_bytes() != sample.read_bytes()


def test_an_unfinished_slide_never_has_the_final_name(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, COMMAND, tmp_path / "small.svs", "--width", "10"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "512 to" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_bands_and_blocks_meet_without_a_seam() -> None:
    rng = np.random.default_rng(3)
    anatomy = lay_out(rng, 1536, 768)
    painter = make_painter(rng, anatomy, populate(rng, anatomy), 1536, 768)
    whole = painter.band(0, 768)
    halves = np.concatenate([painter.band(0, 384), painter.band(384, 384)])
    difference = np.abs(whole.astype(np.int16) - halves)
    assert np.mean(difference > 2) < 0.002
    # Across the border of two blocks neighbouring pixels differ no more than elsewhere.
    columns = np.abs(np.diff(whole.astype(np.int16), axis=1)).mean(axis=(0, 2))
    assert columns[1023] < np.percentile(columns[900:1150], 99) + 1
