"""Regions over HTTP: the slide's own pixels, at any size, for whoever may see the slide."""

import io
from pathlib import Path

import numpy as np
import openslide
import pytest
from PIL import Image

from server.db import Database
from tests.server.conftest import Person, SignIn, add_asset
from tests.tiling.conversions import convert_file
from tests.tiling.svs_files import Recipe, write_svs

REGION = "/api/v1/slides/a1/region"


@pytest.fixture
def canonical(tmp_path: Path, settings, database: Database) -> Path:
    """A released slide ``a1`` of 300 × 200 px, and one that awaits its release, ``a2``."""
    write_svs(tmp_path / "x.svs", Recipe())
    folder = settings.data / "assets" / "a1"
    folder.mkdir(parents=True)
    convert_file(tmp_path / "x.svs", folder)
    add_asset(database, "a1")
    add_asset(database, "a2", "awaiting_release")
    (folder.parent / "a2").symlink_to(folder)
    return folder


async def pixels_of(person: Person, path: str, status: int = 200) -> np.ndarray:
    answer = await person.ask("GET", path)
    body = await answer.read()
    assert answer.status == status, body
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


async def test_a_region_is_a_jpeg_of_full_size_unless_asked_otherwise(
    canonical: Path, sign_in: SignIn
) -> None:
    anna = await sign_in("annotator")
    answer = await anna.ask("GET", f"{REGION}?x=10&y=20&w=100&h=50")
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["Slidereel-Mpp"] == "0.252, 0.252"
    assert Image.open(io.BytesIO(await answer.read())).size == (100, 50)


async def test_a_png_region_is_what_openslide_reads_from_the_file(canonical: Path, sign_in: SignIn) -> None:
    anna = await sign_in("annotator")
    with openslide.OpenSlide(canonical / "slide.tif") as slide:
        expected = np.asarray(slide.read_region((0, 0), 0, (300, 200)).convert("RGB"))
    found = await pixels_of(anna, f"{REGION}?x=37&y=5&w=150&h=121&format=png")
    assert np.array_equal(found, expected[5:126, 37:187])
