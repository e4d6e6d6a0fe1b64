"""A pathologist turns a slide, corrects its colours, compares two, goes to a place, takes a picture."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.journeys.conftest import Site, eventually, sign_in, wait_for_revision, wait_until_saved
from tests.journeys.test_accessibility import violations

pytestmark = pytest.mark.browser
LUT_SIDE = 33
# What is on the screen: the image itself, and the same through the colour pass.
PIXELS = """() => {
  const read = (canvas) => {
    const copy = document.createElement('canvas');
    copy.width = canvas.width; copy.height = canvas.height;
    const context = copy.getContext('2d');
    context.drawImage(canvas, 0, 0);
    return Array.from(context.getImageData(300, 150, 120, 90).data);
  };
  const colours = document.querySelector('canvas.colours');
  return { stored: read(document.querySelector('.image .openseadragon-canvas canvas')),
           shown: read(colours), isShown: !colours.hidden };
}"""


def open_slide(page: Page, asset_id: str, rest: str = "") -> None:
    page.goto(f"/slides/{asset_id}{rest}")
    page.locator(".stage[aria-busy=false]").first.wait_for()
    wait_until_saved(page)


def place_of(page: Page) -> list[float]:
    """x, y, zoom, degrees, as the address has them; x and y rounded."""
    found = re.search(r"#at=([^&]+)", page.url)
    if found is None:
        return []
    x, y, zoom, *degrees = (float(number) for number in found.group(1).split(","))
    return [round(x), round(y), zoom, *(degrees or [0.0])]


def assert_comes_to(page: Page, x: float, y: float, zoom: float, degrees: float = 0.0) -> None:
    """The view comes to rest there: on its way no zoom and no angle is exactly that of its end."""
    place = [x, y, zoom, degrees]
    assert eventually(page, lambda: place_of(page), lambda seen: seen == place) == place


def pixels(page: Page) -> tuple[NDArray[Any], NDArray[Any], bool]:
    found = page.evaluate(PIXELS)
    stored, shown = (np.array(found[name], np.uint8).reshape(-1, 4)[:, :3] for name in ("stored", "shown"))
    return stored, shown, found["isShown"]


def assert_shown_as(page: Page, expected: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    """Once what was asked for is drawn, each pixel is the stored one as it is expected to look."""

    def furthest_off() -> float:
        stored, shown, is_shown = pixels(page)
        return float(np.abs(shown - expected(stored)).max()) if is_shown else np.inf

    assert eventually(page, furthest_off, lambda off: off <= 1.5) <= 1.5


def assert_shown_as_stored(page: Page) -> None:
    """Nothing lies above the image."""
    expect(page.locator("canvas.colours")).to_be_hidden()


def go_to(page: Page, place: str) -> None:
    page.keyboard.press("Shift+G")
    page.get_by_role("dialog").get_by_label("Place").fill(place)
    page.keyboard.press("Enter")


def tetrahedral(colours: NDArray[np.uint8], table: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The table read between its entries, along the three largest steps from dark to light."""
    at = colours / 255 * (LUT_SIDE - 1)
    low = np.minimum(np.floor(at).astype(int), LUT_SIDE - 2)
    part = at - low
    order = np.argsort(-part, axis=1, kind="stable")
    rows = np.arange(len(colours))
    corner = low.copy()

    def cell(where: NDArray[Any]) -> NDArray[Any]:
        return table[where[:, 2], where[:, 1], where[:, 0]].astype(float)

    result = cell(corner)
    for step in range(3):
        channel = order[:, step]
        after = corner.copy()
        after[rows, channel] += 1
        result += (cell(after) - cell(corner)) * part[rows, channel][:, None]
        corner = after
    return result


def test_a_turned_slide_is_drawn_on_where_one_sees_it(site: Site, page: Page, sample_slide: Path) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id, "#at=1500,1100,0.5")
    page.get_by_role("button", name="Turn right by 90°").click()
    assert_comes_to(page, 1500, 1100, 0.5, 90)
    box = page.locator(".openseadragon-container").first.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.press("r")
    page.mouse.move(middle[0] - 100, middle[1] - 50)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 30, steps=4)
    page.mouse.up()
    wait_for_revision(page, 1)
    answer = page.request.get(f"/api/v1/assets/{asset_id}/annotations")
    (feature,) = json.loads(answer.body())["features"]
    corners = np.array(feature["geometry"]["coordinates"][0])
    # Turned clockwise by 90°, right on the screen is up on the slide, and down is right.
    assert np.allclose(corners.min(axis=0), (1500 - 100, 1100 - 120), atol=3)
    assert np.allclose(corners.max(axis=0), (1500 + 60, 1100 + 200), atol=3)
    page.keyboard.press("Shift+U")
    assert_comes_to(page, 1500, 1100, 0.5)


def test_the_profile_s_colours_are_shown_as_its_table_says_and_can_be_switched_off(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id, "#at=1500,1100,1")
    answer = page.request.get(f"/api/v1/slides/{asset_id}/colour-lut")
    assert answer.ok, answer.status
    table = np.frombuffer(answer.body(), np.uint8).reshape(LUT_SIDE, LUT_SIDE, LUT_SIDE, 3)
    assert_shown_as(page, lambda stored: tetrahedral(stored, table))
    # After a reset of the graphics driver: first as stored, then corrected again.
    page.evaluate(
        "() => { const gl = document.querySelector('canvas.colours').getContext('webgl2');"
        " window.lost = gl.getExtension('WEBGL_lose_context'); window.lost.loseContext(); }"
    )
    assert_shown_as_stored(page)
    page.evaluate("() => window.lost.restoreContext()")
    page.keyboard.press("+")
    assert_shown_as(page, lambda stored: tetrahedral(stored, table))
    page.keyboard.press("Shift+C")
    page.get_by_label("Scanner’s colour profile").uncheck()
    assert_shown_as_stored(page)
    page.get_by_role("slider", name="Gamma").fill("2")
    assert_shown_as(page, lambda stored: 255 * np.sqrt(stored / 255))
    expect(page.get_by_text("Display adjusted")).to_be_visible()
    assert violations(page) == []
    page.reload()
    page.locator(".stage[aria-busy=false]").first.wait_for()
    expect(page.get_by_text("Display adjusted")).to_be_visible()
    page.keyboard.press("Shift+C")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("Display adjusted")).to_be_hidden()


def test_a_place_in_words_is_gone_to_and_nonsense_is_answered(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    page.keyboard.press("Shift+G")
    field = page.get_by_role("dialog").get_by_label("Place")
    expect(field).to_be_focused()
    field.fill("over there")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Write two numbers")).to_be_visible()
    field.fill("900, 700 @ 20x")
    page.keyboard.press("Enter")
    power = json.loads(page.request.get(f"/api/v1/slides/{asset_id}").body())["objective_power"]
    assert_comes_to(page, 900, 700, float(f"{20 / power:.6g}"))
    seen = page.get_by_text(re.compile(r"Seen \d+%"))
    expect(seen).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(seen).to_be_hidden()


def test_two_slides_move_together_once_they_are_linked(site: Site, page: Page, sample_slide: Path) -> None:
    first, other = site.released(sample_slide), site.released(sample_slide, case="Study 8")
    sign_in(page, "ann")
    open_slide(page, first, "#at=1500,1100,0.5")
    page.keyboard.press("Shift+B")
    page.get_by_label("Find a slide").fill("study 8")
    page.get_by_role("dialog").get_by_role("button", name=re.compile("Study 8")).click()
    second = page.get_by_role("region", name="Second slide")
    second.locator(".stage[aria-busy=false]").wait_for()
    page.get_by_role("button", name="Same scale").click()
    page.get_by_role("button", name="Linked").click()

    bars = page.locator(".scale").first, second.get_by_role("img", name=re.compile("Scale bar"))
    before = bars[1].get_attribute("aria-label")
    page.mouse.move(300, 400)

    def zoomed() -> str | None:
        page.mouse.wheel(0, -240)
        return bars[1].get_attribute("aria-label")

    assert eventually(page, zoomed, lambda label: label != before) != before

    def scales() -> set[str | None]:
        return {bar.get_attribute("aria-label") for bar in bars}

    assert len(eventually(page, scales, lambda labels: len(labels) == 1)) == 1
    page.mouse.move(320, 420)
    expect(page.locator(".crosshair")).to_be_visible()
    assert violations(page) == []
    assert f"beside={other}" in page.url
    page.reload()
    page.get_by_role("region", name="Second slide").locator(".stage[aria-busy=false]").wait_for()
    page.get_by_role("button", name="Close the second slide").click()
    expect(page.get_by_role("region", name="Second slide")).to_have_count(0)


def test_a_picture_has_the_view_and_a_scale_bar_and_no_name(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id, "#at=1500,1100,1")
    page.keyboard.press("Shift+C")
    page.get_by_label("Scanner’s colour profile").uncheck()
    assert_shown_as_stored(page)

    def on_screen_and_taken() -> tuple[NDArray[Any], NDArray[Any]]:
        with page.expect_download() as download:
            page.get_by_role("button", name="Picture with scale bar").click()
        assert download.value.suggested_filename == "slide-view.png"
        with Image.open(io.BytesIO(Path(download.value.path()).read_bytes())) as image:
            assert not image.info
            return pixels(page)[0], np.asarray(image.convert("RGB"))

    def part(picture: NDArray[Any]) -> NDArray[Any]:
        return picture[150:240, 300:420].reshape(-1, 3)

    # While tiles arrive, the screen may be a step further than the picture.
    stored, picture = eventually(
        page, on_screen_and_taken, lambda both: np.array_equal(both[0], part(both[1]))
    )
    np.testing.assert_array_equal(part(picture), stored)
    box = page.locator(".openseadragon-container").first.bounding_box()
    assert box is not None
    assert picture.shape[:2] == (round(box["height"]), round(box["width"]))
    corner = picture[-60:, :260].astype(int).sum(axis=2)
    assert (corner < 30).sum() > 300, "no scale bar in the lower left corner"


def test_how_each_level_came_into_the_file_is_said(site: Site, page: Page, sample_slide: Path) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id)
    page.keyboard.press("Shift+I")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Aperio SVS")).to_be_visible()
    expect(dialog.get_by_role("cell", name="carried over bit for bit")).to_be_visible()
    expect(dialog.get_by_role("cell", name=re.compile("encoded, quality")).first).to_be_visible()
    assert violations(page) == []


def test_tiles_that_nobody_waits_for_any_more_are_called_off(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = site.released(sample_slide)
    sign_in(page, "ann")
    open_slide(page, asset_id, "#at=300,300,2")
    failed: list[str] = []
    finished: list[str] = []

    def is_tile(url: str) -> bool:
        return "_files/" in url

    page.on("requestfailed", lambda request: failed.append(request.url) if is_tile(request.url) else None)
    page.on("requestfinished", lambda request: finished.append(request.url) if is_tile(request.url) else None)

    held: list[Route] = []
    is_slow = True

    def answer(route: Route) -> None:
        if is_slow:
            held.append(route)
        else:
            route.continue_()

    page.route("**/*_files/**", answer)
    for x, y in ((1200, 900), (2600, 1900), (300, 1900), (2600, 300)):
        count = len(held)
        go_to(page, f"{x}, {y}")
        assert_comes_to(page, x, y, 2)
        assert eventually(page, lambda: len(held), lambda now, count=count: now > count) > count
    called_off, is_slow = set(failed), False
    assert called_off, "nothing was called off while the server was slow"
    for route in held:
        if route.request.url not in called_off:
            route.continue_()
    go_to(page, "1200, 900")
    # Called off is not given up: where one returns to, they are asked for again.
    assert eventually(page, lambda: called_off & set(finished), bool)
    expect(page.get_by_text("Parts of the image could not be loaded")).to_be_hidden()
