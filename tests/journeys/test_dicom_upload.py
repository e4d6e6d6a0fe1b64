"""The files of a DICOM slide are chosen together, arrive as one slide, are released and seen."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site, sign_in
from tests.tiling.dicom_files import CANARIES, Recipe, write_set

pytestmark = pytest.mark.browser

FOLDER_NAME = "Sorensen Agnete"


@pytest.fixture
def dicom_folder(tmp_path: Path) -> Path:
    folder = tmp_path / FOLDER_NAME
    folder.mkdir()
    recipe = Recipe(width_px=900, height_px=700, frame_width_px=256, frame_height_px=256, parts=2)
    for number, data in enumerate(write_set(recipe)):
        (folder / f"Agnete{number}.dcm").write_bytes(data)
    return folder


def released(page: Page) -> str:
    """Wait for the one slide, release it, and open it; its asset id."""
    release = page.get_by_role("button", name=re.compile(r"^Release$"))
    release.click()
    expect(release).to_have_count(0)
    page.goto("/")
    page.get_by_role("link", name=re.compile("Study 7")).last.click()
    page.wait_for_url("**/slides/*")
    page.locator(".stage[aria-busy=false]").wait_for()
    return page.url.split("#")[0].rsplit("/", 1)[1]


def test_the_files_of_a_dicom_slide_are_chosen_together_and_seen_as_one(
    site: Site, page: Page, dicom_folder: Path
) -> None:
    sign_in(page, "ada")
    page.goto("/intake")
    page.get_by_label("Case", exact=True).fill("Study 7")
    page.get_by_label("Slide and video files").set_input_files(sorted(dicom_folder.iterdir()))
    asset_id = released(page)
    slide = json.loads(page.request.get(f"/api/v1/slides/{asset_id}").body())
    assert (slide["width_px"], slide["height_px"]) == (900, 700)

    everything = b"".join(path.read_bytes() for path in site.data.rglob("*") if path.is_file()).lower()
    for planted in (*CANARIES, *FOLDER_NAME.split()):
        assert planted.lower().encode() not in everything, planted
    assert "Agnete" not in "".join(site.log)


def test_a_folder_is_chosen_as_a_whole(page: Page, dicom_folder: Path) -> None:
    sign_in(page, "ada")
    page.goto("/intake")
    page.get_by_label("Case", exact=True).fill("Study 7")
    page.get_by_label("A whole folder").set_input_files(dicom_folder)
    assert released(page)
