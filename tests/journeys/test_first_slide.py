"""A scanner's file goes in, an outline is drawn, the tab is closed, the outline is found again."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import (
    PATIENT_IN_FILE_NAME,
    Site,
    sign_in,
    wait_for_revision,
    wait_until_saved,
)

pytestmark = pytest.mark.browser

# Of scripts/sample_slide/identity.py and of the file's own name.
PLANTED = ("Quillfeather", "Tessaly", "00731964", "S26-04417", "Sorensen", "Agnete", "H26-4711")
CORNERS = ((0.35, 0.35), (0.6, 0.38), (0.55, 0.65), (0.38, 0.6))


def canvas(page: Page) -> tuple[float, float, float, float]:
    """Left, top, width, height of the picture on the screen."""
    box = page.locator(".openseadragon-container").first.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def draw_polygon(page: Page, corners: tuple[tuple[float, float], ...] = CORNERS) -> None:
    """Press P, click the corners, close with Enter."""
    left, top, width, height = canvas(page)
    page.keyboard.press("p")
    for x, y in corners:
        page.mouse.click(left + width * x, top + height * y)
    page.keyboard.press("Enter")


def open_slide(page: Page, asset_id: str) -> None:
    page.goto(f"/slides/{asset_id}")
    wait_until_shown(page)


def wait_until_shown(page: Page) -> None:
    """Wait until the slide is on the screen, and its labels are known."""
    page.locator(".stage[aria-busy=false]").wait_for()
    wait_until_saved(page)


def stored(page: Page, asset_id: str) -> list[dict[str, object]]:
    answer = page.request.get(f"/api/v1/assets/{asset_id}/annotations")
    assert answer.ok
    features: list[dict[str, object]] = json.loads(answer.body())["features"]
    return features


def test_a_pathologist_uploads_releases_outlines_and_finds_the_outline_again(
    site: Site, page: Page, sample_slide: Path
) -> None:
    sign_in(page, "ada")
    page.goto("/intake")
    page.get_by_label("Case", exact=True).fill("Study 7")
    page.get_by_label("Slide and video files").set_input_files(sample_slide)
    release = page.get_by_role("button", name=re.compile(r"^Release$"))
    release.click()
    expect(release).to_have_count(0)
    page.goto("/")
    page.get_by_role("link", name=re.compile("Study 7")).last.click()
    page.wait_for_url("**/slides/*")
    asset_id = page.url.split("#")[0].rsplit("/", 1)[1]
    wait_until_shown(page)

    page.keyboard.press("1")
    draw_polygon(page)
    wait_for_revision(page, 1)
    (drawn,) = stored(page, asset_id)
    assert drawn["geometry"]["type"] == "Polygon"  # type: ignore[index]
    assert len(drawn["geometry"]["coordinates"][0]) == len(CORNERS) + 1  # type: ignore[index]
    assert drawn["properties"]["class_id"] is not None  # type: ignore[index]

    page.close()
    again = page.context.new_page()
    open_slide(again, asset_id)
    assert stored(again, asset_id) == [drawn]
    expect(again.get_by_role("heading", name="Annotations")).to_be_visible()
    expect(again.get_by_text("Tumour").nth(1)).to_be_visible()

    everything = b"".join(path.read_bytes() for path in site.data.rglob("*") if path.is_file())
    lowered = everything.lower()
    for planted in (*PLANTED, PATIENT_IN_FILE_NAME):
        assert planted.lower().encode() not in lowered, planted
        assert planted.encode("utf-16-le") not in everything, planted
    assert PATIENT_IN_FILE_NAME not in "".join(site.log)


def test_undo_and_redo_travel_as_changes_like_any_other(site: Site, page: Page, sample_slide: Path) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    draw_polygon(page)
    wait_for_revision(page, 1)
    assert len(stored(page, asset_id)) == 1
    page.keyboard.press("Control+z")
    wait_for_revision(page, 2)
    assert stored(page, asset_id) == []
    page.keyboard.press("Control+Shift+z")
    wait_for_revision(page, 3)
    assert len(stored(page, asset_id)) == 1


def test_what_is_drawn_while_the_server_is_down_survives_a_reload_and_is_saved_when_it_is_back(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    page.route("**/annotations/changes*", lambda route: route.abort())
    draw_polygon(page)
    expect(page.locator("[data-save-state]")).to_have_attribute("data-save-state", "offline")
    expect(page.locator("[data-save-state]")).to_contain_text("1 waiting")
    assert stored(page, asset_id) == []
    page.unroute("**/annotations/changes*")
    page.reload()
    wait_for_revision(page, 1)
    assert len(stored(page, asset_id)) == 1


def test_a_change_that_came_in_between_does_not_cost_the_drawing(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    colleague = {
        "change_id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
        "created": [
            {
                "type": "Feature",
                "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                "geometry": {"type": "Polygon", "coordinates": [[[1, 1], [50, 1], [50, 50], [1, 1]]]},
                "properties": {
                    "class_id": None,
                    "layer": "default",
                    "name": "",
                    "is_locked": False,
                    "extra": {},
                },
            }
        ],
        "updated": [],
        "deleted": [],
    }
    answer = page.request.post(
        f"/api/v1/assets/{asset_id}/annotations/changes", data=colleague, headers={"If-Match": '"0"'}
    )
    assert answer.ok, answer.text()
    draw_polygon(page)
    wait_for_revision(page, 2)
    assert len(stored(page, asset_id)) == 2


def test_an_annotator_does_not_see_what_is_not_released(site: Site, page: Page, sample_slide: Path) -> None:
    (line,) = site.ingest(sample_slide)
    sign_in(page, "ann")
    expect(page.get_by_role("main")).to_contain_text("released")
    for path in (
        f"/api/v1/assets/{line['asset_id']}",
        f"/api/v1/slides/{line['asset_id']}",
        f"/api/v1/slides/{line['asset_id']}.dzi",
        f"/api/v1/slides/{line['asset_id']}_files/12/0_0.jpeg",
        f"/api/v1/slides/{line['asset_id']}/thumbnail.jpg",
        f"/api/v1/assets/{line['asset_id']}/annotations",
    ):
        assert page.request.get(path).status == 404, path
    assert page.request.get("/api/v1/assets").json()["items"] == []


def test_export_and_import_round_trip_through_the_page(
    site: Site, page: Page, sample_slide: Path, tmp_path: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    page.keyboard.press("2")
    draw_polygon(page)
    wait_for_revision(page, 1)
    (before,) = stored(page, asset_id)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").or_(page.get_by_role("button", name="Export")).click()
    file = tmp_path / "outlines.geojson"
    download.value.save_as(file)
    (exported,) = json.loads(file.read_bytes())["features"]
    assert exported["geometry"] == before["geometry"]
    assert exported["properties"]["classification"]["color"]
    page.keyboard.press("Control+z")
    wait_for_revision(page, 2)
    site.run("import", asset_id, "--format", "qupath-geojson", str(file))
    (after,) = stored(page, asset_id)
    assert after["geometry"] == before["geometry"]
    assert after["properties"]["class_id"] == before["properties"]["class_id"]  # type: ignore[index]
