"""A loop with a name in it: seen before and after, masked further, scrubbed again, signed for."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.conftest import Site, eventually, sign_in
from tests.journeys.test_accessibility import violations
from tests.video.overlay.loops import HEIGHT as HEIGHT_PX
from tests.video.overlay.loops import WIDTH as WIDTH_PX
from tests.video.overlay.loops import fan, text
from tests.video.overlay.loops import loop as overlay_loop

pytestmark = pytest.mark.browser
FRAMES = 24
NAME, DATE = "SORENSEN AGNETE", "1961-04-17"
# Inside the sector, where nothing but a person's box blanks anything.
BOX = (280, 200, 380, 250)


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loop") / "Sorensen_Agnete.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.options = {"crf": "16"}
        # Outside the sector the profile blanks all; what is inside has to be found.
        overlays = [text(NAME, 10, 24, 0.6), text(DATE, 10, 46, 0.6), text(NAME, 230, 330, 0.7)]
        for picture in overlay_loop(fan(), overlays, frames=FRAMES):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def awaiting(site: Site, file: Path, case: str = "Loop 3") -> str:
    (line,) = site.ingest(file, case=case)
    assert line["state"] == "awaiting_release", line
    return str(line["asset_id"])


def open_review(page: Page, asset_id: str) -> None:
    page.goto(f"/review/{asset_id}")
    wait_for_pictures(page)


def wait_for_pictures(page: Page) -> None:
    """Wait until both are there, before and after: none of this look comes later."""
    page.locator("figure").first.wait_for()
    expect(page.locator("figure[aria-busy=true]")).to_have_count(0)


def api(page: Page, path: str) -> dict[str, Any]:
    answer = page.request.get(f"/api/v1/{path}")
    assert answer.ok, answer.text()
    found: dict[str, Any] = json.loads(answer.body())
    return found


def pixels(page: Page, path: str) -> NDArray[np.uint8]:
    answer = page.request.get(path)
    assert answer.ok, answer.text()
    decoded = cv2.imdecode(np.frombuffer(answer.body(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return decoded.astype(np.uint8)


def captions(page: Page) -> Locator:
    """What stands above the picture before and above the one after."""
    return page.locator("figcaption > span:first-child")


def after_pane(page: Page) -> Locator:
    return page.locator("figure .pane").last


def place(pane: Locator, x_px: float, y_px: float) -> tuple[float, float]:
    """Where a frame pixel is on the screen while the whole frame is shown."""
    box = pane.bounding_box()
    assert box is not None
    zoom = 0.98 * min(box["width"] / WIDTH_PX, box["height"] / HEIGHT_PX)
    return (
        box["x"] + box["width"] / 2 + (x_px - WIDTH_PX / 2) * zoom,
        box["y"] + box["height"] / 2 + (y_px - HEIGHT_PX / 2) * zoom,
    )


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    pane = after_pane(page)
    page.mouse.move(*place(pane, *start))
    page.mouse.down()
    page.mouse.move(*place(pane, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*place(pane, *end))
    page.mouse.up()


def draw_box(page: Page) -> Locator:
    page.keyboard.press("b")
    drag(page, BOX[:2], BOX[2:])
    row = page.get_by_role("button", name=re.compile("Not sent yet"))
    expect(row).to_have_count(1)
    return row


def scrub_again(page: Page, profile: str | None = None) -> None:
    page.get_by_role("button", name="Scrub again…").click()
    dialog = page.get_by_role("dialog", name="Scrub again")
    if profile is not None:
        dialog.get_by_role("radio", name=re.compile(f"^{profile}")).check()
    dialog.get_by_role("button", name="Scrub again", exact=True).click()
    expect(page.get_by_role("progressbar", name="Scrub")).to_be_visible()


def signed_for_another_file(route: Route) -> None:
    """As if it had been scrubbed again since the page was read."""
    given = json.loads(route.request.post_data or "{}")
    route.continue_(post_data={**given, "canonical_sha256": "0" * 64})


def of_another_file(route: Route) -> None:
    """The asset, as if it had been scrubbed again."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "canonical_sha256": "f" * 64})


def wait_for_review(page: Page) -> None:
    wait_for_pictures(page)
    # A refused asset is shown as well, without a result.
    problem = api(page, f"assets/{page.url.rsplit('/', 1)[-1]}")["problem"]
    assert problem is None, problem


def test_a_loop_is_uploaded_reviewed_masked_further_and_released(site: Site, page: Page, loop: Path) -> None:
    sign_in(page, "ada")
    page.goto("/intake")
    page.get_by_label("Case", exact=True).fill("Loop 3")
    page.get_by_label("Scrub by").select_option("ultrasound")
    page.get_by_label("Slide and video files").set_input_files(loop)
    card = page.get_by_role("article", name="Video of Loop 3")
    expect(card).to_be_visible()
    (asset,) = api(page, "assets?state=awaiting_release")["items"]
    asset_id = asset["asset_id"]
    assert asset["profile"] == "ultrasound"

    page.get_by_role("link", name="Review 1 awaiting release").click()
    row = page.get_by_role("link", name=re.compile("Loop 3"))
    expect(row).to_contain_text("0 of 1")
    assert violations(page) == []
    row.focus()
    page.keyboard.press("Enter")
    wait_for_review(page)
    expect(page.get_by_role("heading", name="Loop 3")).to_be_visible()
    expect(captions(page).first).to_have_text("Before · frame 0")
    expect(captions(page).last).to_have_text("After · frame 0")
    assert violations(page) == []

    review = api(page, f"assets/{asset_id}/review")
    before = pixels(page, next(p for p in review["pictures"] if p["frame"] is not None)["before_url"])
    assert before[10:48, 10:200].max() > 180
    name = pixels(page, f"/api/v1/videos/{asset_id}/frames/0.jpg")[8:50, 8:220]
    assert name.max() < 60
    sector = pixels(page, f"/api/v1/videos/{asset_id}/frames/5.jpg")[BOX[1] : BOX[3], BOX[0] : BOX[2]]
    assert sector.mean() > 40

    row = draw_box(page)
    expect(row).to_contain_text("all frames")
    release = page.get_by_role("button", name="Release…")
    expect(release).to_be_disabled()
    scrub_again(page)
    wait_for_review(page)
    (box,) = api(page, f"assets/{asset_id}/review")["added"]
    assert [box["first_frame"], box["last_frame"]] == [None, None]
    assert [box["x0"], box["y0"], box["x1"], box["y1"]] == pytest.approx(BOX, abs=2)
    for number in (0, 11, FRAMES - 1):
        blank = pixels(page, f"/api/v1/videos/{asset_id}/frames/{number}.jpg")
        assert blank[BOX[1] + 4 : BOX[3] - 4, BOX[0] + 4 : BOX[2] - 4].max() < 25, number

    expect(release).to_be_enabled()
    release.click()
    dialog = page.get_by_role("dialog", name="Release it?")
    sign = dialog.get_by_role("button", name=re.compile("^Sign and release"))
    assert violations(page) == []
    page.route("**/release", signed_for_another_file, times=1)
    sign.click()
    expect(page.get_by_role("alert").filter(has_text="It was scrubbed again")).to_be_visible()
    assert api(page, f"assets/{asset_id}")["state"] == "awaiting_release"
    looked_at = api(page, f"assets/{asset_id}/review")
    release.click()
    with page.expect_request("**/release") as signing:
        sign.click()
    signed = json.loads(signing.value.post_data or "{}")
    assert signed["canonical_sha256"] == looked_at["canonical_sha256"]
    expect(page.get_by_role("heading", name="Released")).to_be_visible()
    expect(page.get_by_role("button", name="Back to the queue")).to_be_focused()
    assert violations(page) == []
    assert page.request.get(review["pictures"][0]["before_url"]).status == 404

    page.context.clear_cookies()
    sign_in(page, "ann")
    page.get_by_role("link", name=re.compile("Loop 3")).click()
    page.wait_for_url("**/videos/*")
    page.locator(".stage[aria-busy=false]").wait_for()


def test_until_somebody_signs_nobody_else_sees_anything_of_it(site: Site, page: Page, loop: Path) -> None:
    asset_id = awaiting(site, loop)
    sign_in(page, "ada")
    review = api(page, f"assets/{asset_id}/review")
    pictures = [p["before_url"] for p in review["pictures"]] + [
        p["after_url"] for p in review["pictures"] if p["after_url"]
    ]
    assert pictures
    page.context.clear_cookies()
    sign_in(page, "ann")
    expect(page.get_by_role("link", name=re.compile("^Review"))).to_have_count(0)
    assert api(page, "assets")["items"] == []
    for path in pictures:
        assert page.request.get(path).status in {403, 404}, path
    for path in ("review", "report", "report.html"):
        assert page.request.get(f"/api/v1/assets/{asset_id}/{path}").status in {403, 404}, path
    for verb, body in (
        ("release", {}),
        ("reject", {"reason": "other"}),
        ("scrub", {"add": [], "remove": []}),
    ):
        answer = page.request.post(f"/api/v1/assets/{asset_id}/{verb}", data=body)
        assert answer.status in {403, 404}, verb
    page.goto(f"/review/{asset_id}")
    expect(page.get_by_role("heading", name="This page is not open to your role")).to_be_visible()


def test_boxes_are_moved_resized_limited_to_frames_and_taken_back_by_keyboard(
    site: Site, page: Page, loop: Path
) -> None:
    asset_id = awaiting(site, loop)
    sign_in(page, "ada")
    open_review(page, asset_id)
    page.keyboard.press("Shift+B")
    row = page.get_by_role("button", name=re.compile("Not sent yet"))
    left, top, right, bottom = (
        page.get_by_label(edge, exact=True) for edge in ("Left", "Top", "Right", "Bottom")
    )
    start = [int(edge.input_value()) for edge in (left, top, right, bottom)]

    def expect_moved_by(*moved: int) -> None:
        for edge, was, by in zip((left, top, right, bottom), start, moved, strict=True):
            expect(edge).to_have_value(str(was + by))

    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Alt+ArrowRight")
    expect_moved_by(1, 10, 2, 10)
    for _ in range(3):
        page.keyboard.press("Control+z")
    expect_moved_by(0, 0, 0, 0)
    page.keyboard.press("Control+z")
    expect(row).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(row).to_have_count(1)

    for _ in range(5):
        page.keyboard.press("f")
    expect(captions(page).last).to_have_text("After · frame 5")
    page.get_by_role("radio", name="Some").check()
    expect(row).to_contain_text("frame 5")
    page.keyboard.press("d")
    expect(captions(page).last).to_have_text("After · frame 4")
    page.get_by_role("button", name="Blank frame").click()
    expect(row).to_have_count(2)
    expect(page.locator("[aria-current=true]")).to_contain_text("frame 4")
    page.keyboard.press("Control+z")
    expect(row).to_have_count(1)
    assert violations(page) == []

    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/frames/20.jpg", hold)
    page.keyboard.press("p")
    expect(captions(page).last).to_have_text("After · frame 19")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert eventually(page, lambda: held, bool), "it skips a frame that is late"
    held[0].continue_()
    expect(captions(page).last).to_have_text(f"After · frame {FRAMES - 1}")
    expect(page.get_by_role("button", name="Play the result")).to_be_visible()

    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys and mouse").wait_for()
    assert violations(page) == []
    page.keyboard.press("Escape")
    for key, compare in (("2", "swipe"), ("3", "one"), ("1", "side")):
        page.keyboard.press(key)
        expect(page.locator("[data-compare]")).to_have_attribute("data-compare", compare)
        assert violations(page) == []
    pictures = page.get_by_role("list", name="Pictures")
    pictures.get_by_role("button", name=re.compile("^Frame 0")).click()
    page.keyboard.down("v")
    expect(captions(page)).to_have_text(["Before · frame 0", "Before · frame 0"])
    page.keyboard.up("v")
    expect(captions(page)).to_have_text(["Before · frame 0", "After · frame 0"])

    # 1280×800 at 200 %.
    page.set_viewport_size({"width": 640, "height": 400})
    for name in ("Draw box", "Redo", "Next", "Keys", "Scrub again…"):
        button = page.get_by_role("button", name=name, exact=True)
        button.scroll_into_view_if_needed()
        expect(button).to_be_in_viewport(ratio=1)
    assert violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})

    page.get_by_role("link", name="Review queue").click()
    dialog = page.get_by_role("dialog", name="Leave without scrubbing again?")
    dialog.get_by_role("button", name="Stay").click()
    expect(row).to_have_count(1)
    page.get_by_role("link", name="Review queue").click()
    dialog.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("heading", name="Awaiting release")).to_be_visible()
    assert api(page, f"assets/{asset_id}/review")["added"] == []


def test_a_finding_is_left_visible_on_a_reviewers_word_and_masked_again(
    site: Site, page: Page, loop: Path
) -> None:
    asset_id = awaiting(site, loop)
    sign_in(page, "ada")
    findings = api(page, f"assets/{asset_id}/review")["findings"]
    texts = [finding for finding in findings if finding["reason"] == "text"]
    assert texts and all(finding["is_masked"] for finding in texts)
    open_review(page, asset_id)
    page.keyboard.press("]")
    selected = page.locator("[aria-current=true]")
    expect(selected).to_contain_text("Masked")
    expect(page.locator("g.selected").first).to_be_visible()
    page.keyboard.press("x")
    expect(selected).to_contain_text("left visible at the next scrub")
    page.keyboard.press("x")
    expect(page.get_by_text("Your changes are not scrubbed yet.")).to_have_count(0)


def test_what_is_rejected_is_scrubbed_again_by_a_stricter_profile_and_needs_two_signatures(
    site: Site, page: Page, loop: Path
) -> None:
    asset_id = awaiting(site, loop)
    site.add_account("ben", "privacy_officer")
    sign_in(page, "ada")
    open_review(page, asset_id)
    page.get_by_role("button", name="Reject…").click()
    dialog = page.get_by_role("dialog", name="Reject it?")
    expect(dialog.get_by_role("button", name="Reject", exact=True)).to_be_disabled()
    dialog.get_by_role("radio", name="A patient can be recognised in it").check()
    assert violations(page) == []
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(page.get_by_role("heading", name="Rejected")).to_be_visible()
    assert api(page, f"assets/{asset_id}")["state"] == "refused"
    assert not (site.data / "assets" / asset_id).exists()

    scrub_again(page, "strict")
    page.get_by_role("button", name="Cancel the scrub").click()
    expect(page.get_by_role("banner").get_by_text("Stopped")).to_be_visible()
    page.goto("/review")
    page.get_by_role("link", name=re.compile("Stopped")).click()
    scrub_again(page, "strict")
    wait_for_review(page)
    assert api(page, f"assets/{asset_id}")["profile"] == "strict"
    sign = page.get_by_role("button", name="Sign (0 of 2)…")
    sign.click()
    page.get_by_role("dialog", name="Sign for its release?").get_by_role(
        "button", name="Sign", exact=True
    ).click()
    expect(page.get_by_role("button", name="Sign (1 of 2)…")).to_be_disabled()
    expect(page.get_by_role("list", name="Signatures")).to_contain_text("ada")
    assert violations(page) == []
    assert page.request.post(f"/api/v1/assets/{asset_id}/release").status == 409
    assert api(page, f"assets/{asset_id}")["state"] == "awaiting_release"

    page.context.clear_cookies()
    sign_in(page, "ben")
    open_review(page, asset_id)
    page.get_by_role("button", name="Sign (1 of 2)…").click()
    dialog = page.get_by_role("dialog", name="Release it?")
    expect(dialog).to_contain_text("Yours is the last")
    dialog.get_by_role("button", name="Sign and release").click()
    expect(page.get_by_role("heading", name="Released")).to_be_visible()
    assert api(page, f"assets/{asset_id}")["state"] == "released"


def test_the_next_in_the_queue_comes_with_a_key_and_a_failed_picture_says_so(
    site: Site, page: Page, loop: Path
) -> None:
    first, second = awaiting(site, loop, "Loop 1"), awaiting(site, loop, "Loop 2")
    sign_in(page, "ada")
    page.route("**/review/*.jpg", lambda route: route.fulfill(status=500, body="{}"))
    open_review(page, first)
    expect(page.get_by_role("alert").filter(has_text="This picture could not be had")).to_be_visible()
    assert violations(page) == []
    page.unroute("**/review/*.jpg")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("figure img").first).to_be_visible()
    following = page.get_by_role("button", name="Next", exact=True)
    expect(following).to_be_enabled()
    page.keyboard.press("n")
    page.wait_for_url(f"**/review/{second}")
    wait_for_review(page)
    expect(following).to_be_enabled()
    page.keyboard.press("n")
    page.wait_for_url(f"**/review/{first}")


def test_somebody_who_was_first_is_told_of(site: Site, page: Page, loop: Path) -> None:
    asset_id = awaiting(site, loop)
    sign_in(page, "ada")
    open_review(page, asset_id)
    # What was looked at is not what would be signed for: the pictures are had anew.
    with page.expect_response("**/frames/0.jpg"):
        page.route(f"**/api/v1/assets/{asset_id}", of_another_file)
        expect(page.get_by_text("It was scrubbed again meanwhile")).to_be_visible()
    page.unroute(f"**/api/v1/assets/{asset_id}")

    page.get_by_role("button", name="Reject…").click()
    site.run("release", asset_id)
    dialog = page.get_by_role("dialog", name="Reject it?")
    dialog.get_by_role("radio", name="It is the wrong file").check()
    dialog.get_by_role("button", name="Reject", exact=True).click()
    expect(page.get_by_role("heading", name="It is released already")).to_be_visible()
    expect(page.get_by_text("what you decided was not done")).to_be_visible()
    expect(page.get_by_role("button", name="Back to the queue")).to_be_focused()


def test_what_has_lost_its_original_is_decided_about_as_it_is(site: Site, page: Page, loop: Path) -> None:
    asset_id = awaiting(site, loop)
    site.run("quarantine", "erase-case", "--yes", "Loop 3")
    sign_in(page, "ada")
    open_review(page, asset_id)
    expect(page.get_by_text("No picture of the original was kept.")).to_be_visible()
    expect(page.get_by_text("Its original is gone: it cannot be scrubbed again.")).to_be_visible()
    for name in ("Scrub again…", "Draw box", "Blank frame"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    page.keyboard.press("Shift+B")
    expect(page.get_by_role("button", name=re.compile("Not sent yet"))).to_have_count(0)
    assert violations(page) == []
    page.get_by_role("button", name="Reject…").click()
    dialog = page.get_by_role("dialog", name="Reject it?")
    expect(dialog).to_contain_text("Its original is gone already")
    dialog.get_by_role("button", name="Not yet").click()
    expect(page.get_by_role("button", name="Release…")).to_be_enabled()


def test_a_slide_is_reviewed_with_its_macro_and_boxes_that_take_whole_tiles(
    site: Site, page: Page, sample_slide: Path
) -> None:
    asset_id = awaiting(site, sample_slide, "Slide 7")
    sign_in(page, "ada")
    open_review(page, asset_id)
    tabs: Callable[[str], Locator] = lambda name: page.get_by_role("list", name="Pictures").get_by_role(  # noqa: E731
        "button", name=re.compile(name)
    )
    tabs("Thumbnail").click()
    expect(captions(page).first).to_have_text(re.compile("thumbnail"))
    page.keyboard.press("Shift+B")
    expect(page.get_by_text("A box on a slide blanks whole tiles")).to_be_visible()
    expect(page.get_by_text("the dashed area")).to_be_visible()
    assert violations(page) == []
    tabs("Macro").click()
    expect(page.get_by_role("button", name="Draw box")).to_be_disabled()
    scrub_again(page)
    wait_for_review(page)
    assert len(api(page, f"assets/{asset_id}/review")["added"]) == 1
