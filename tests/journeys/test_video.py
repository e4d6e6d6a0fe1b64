"""A clip goes in; each frame on the screen is the one it is said to be, and what is drawn on it moves."""

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import (
    Site,
    eventually,
    fresh_profile,
    sign_in,
    wait_for_revision,
    wait_until_saved,
)
from tests.journeys.test_accessibility import violations
from tests.video.clips import Recipe, read_code, write_clip

pytestmark = pytest.mark.browser
FRAMES = 240
WIDTH_PX, HEIGHT_PX = 320, 240
CELL_PX = 20
# The levels in the middle of the code's 4 × 10 cells as they are on the screen, and the number beside it.
CODE_ON_SCREEN = """([width, height]) => {
  const canvas = document.querySelector('.image canvas.frame');
  const zoom = Math.min(canvas.width / width, canvas.height / height);
  const left = (canvas.width - width * zoom) / 2, top = (canvas.height - height * zoom) / 2;
  const copy = document.createElement('canvas');
  copy.width = canvas.width; copy.height = canvas.height;
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  const levels = [];
  for (let row = 0; row < 4; row += 1) for (let column = 0; column < 10; column += 1) {
    const x = left + width * zoom * (column + 0.5) / 10, y = top + height * zoom * (row + 0.5) / 12;
    levels.push(context.getImageData(Math.floor(x), Math.floor(y), 1, 1).data[1]);
  }
  const shown = Number(document.querySelector('.image').dataset.frame);
  return { levels, shown, status: document.querySelector('footer').innerText };
}"""

# The left edge of what is drawn over the frame, in frame px, and the frame that is under it.
EDGE_ON_SCREEN = """([width, height]) => {
  const frame = document.querySelector('.image canvas.frame');
  const shapes = document.querySelector('canvas.shapes');
  const zoom = Math.min(frame.width / width, frame.height / height);
  const left = (frame.width - width * zoom) / 2, top = (frame.height - height * zoom) / 2;
  const first = Math.round(top + 125 * zoom), rows = Math.round(30 * zoom);
  const { data } = shapes.getContext('2d').getImageData(0, first, shapes.width, rows);
  const column = (x) => Array.from({ length: rows }, (_, y) => data[4 * (y * shapes.width + x) + 3]);
  const isPainted = (x) => column(x).some((alpha) => alpha > 40);
  const edge = Array.from({ length: shapes.width }, (_, x) => x).find(isPainted);
  return { edge: (edge + 2 * window.devicePixelRatio - left) / zoom };
}"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """240 frames with B-frames, each with its number as a picture code."""
    data = write_clip(
        Recipe("mp4", "libx264", codes=range(FRAMES), width_px=WIDTH_PX, height_px=HEIGHT_PX, b_frames=2)
    )
    path = tmp_path_factory.mktemp("clip") / "Sorensen_Agnete.mp4"
    path.write_bytes(data)
    return path


def open_video(page: Page, asset_id: str, rest: str = "") -> None:
    page.goto(f"/videos/{asset_id}{rest}")
    page.locator(".stage[aria-busy=false]").wait_for()
    wait_until_saved(page)


def code_on_screen(page: Page) -> tuple[int, int]:
    """The number in the picture, and the number that the page says it shows."""
    found = page.evaluate(CODE_ON_SCREEN, [WIDTH_PX, HEIGHT_PX])
    cells = np.kron(np.array(found["levels"], np.uint8).reshape(4, 10), np.ones((CELL_PX, CELL_PX), np.uint8))
    picture = np.vstack([cells, np.zeros((2 * len(cells), cells.shape[1]), np.uint8)])
    assert f"Frame {found['shown']} " in found["status"]
    return read_code(picture), found["shown"]


def wait_for_frame(page: Page, frame: int) -> None:
    expect(page.locator(".image")).to_have_attribute("data-frame", str(frame))


def go_to(page: Page, frame: int) -> None:
    field = page.get_by_role("textbox", name="Frame", exact=True)
    field.fill(str(frame))
    field.press("Enter")
    wait_for_frame(page, frame)
    page.locator(".image").focus()


def stored(page: Page, asset_id: str, frame: int | None = None) -> list[dict[str, Any]]:
    """The labels as the server has them, or as they are on one of the frames."""
    rest = "" if frame is None else f"?frame={frame}"
    answer = page.request.get(f"/api/v1/assets/{asset_id}/annotations{rest}")
    assert answer.ok
    features: list[dict[str, Any]] = json.loads(answer.body())["features"]
    return features


def at(page: Page, x_px: float, y_px: float) -> tuple[float, float]:
    """Where a frame pixel is on the page while the whole frame is shown."""
    box = page.locator(".image").bounding_box()
    assert box is not None
    zoom = min(box["width"] / WIDTH_PX, box["height"] / HEIGHT_PX)
    left = box["x"] + (box["width"] - WIDTH_PX * zoom) / 2
    top = box["y"] + (box["height"] - HEIGHT_PX * zoom) / 2
    return left + x_px * zoom, top + y_px * zoom


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Frame px to frame px, slow enough to be no double click."""
    page.wait_for_timeout(450)
    page.mouse.move(*at(page, *start))
    page.mouse.down()
    page.mouse.move(*at(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*at(page, *end))
    page.mouse.up()


def draw_box(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.keyboard.press("b")
    drag(page, start, end)
    wait_until_saved(page)


def bounds(feature: dict[str, Any]) -> tuple[float, float, float, float]:
    ring = np.array(feature["geometry"]["coordinates"][0])
    return (*ring.min(axis=0), *ring.max(axis=0))


def test_a_clip_is_uploaded_released_and_found_among_the_cases(site: Site, page: Page, clip: Path) -> None:
    sign_in(page, "ada")
    page.goto("/intake")
    page.get_by_label("Case", exact=True).fill("Loop 3")
    page.get_by_label("Slide and video files").set_input_files(clip)
    release = page.get_by_role("button", name=re.compile(r"^Release$"))
    release.wait_for()
    expect(page.get_by_role("article", name="Video of Loop 3")).to_contain_text("240 frames")
    release.click()
    expect(release).to_have_count(0)
    page.goto("/")
    card = page.get_by_role("link", name=re.compile("Loop 3"))
    expect(card).to_contain_text("240 frames")
    expect(card).to_contain_text("Video")
    assert violations(page) == []
    card.click()
    page.wait_for_url("**/videos/*")
    page.locator(".stage[aria-busy=false]").wait_for()
    assert code_on_screen(page) == (0, 0)
    assert violations(page) == []
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


def test_the_frame_on_the_screen_is_the_frame_that_is_named(site: Site, page: Page, clip: Path) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    chance = random.Random(7)  # noqa: S311 - the same frames at each run
    for frame in [chance.randrange(FRAMES) for _ in range(25)]:
        go_to(page, frame)
        assert code_on_screen(page) == (frame, frame)
    go_to(page, 100)
    for key, frame in (
        ("f", 101),
        ("d", 100),
        ("v", 110),
        ("c", 100),
        ("ArrowRight", 101),
        ("End", FRAMES - 1),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        wait_for_frame(page, frame)
        assert code_on_screen(page) == (frame, frame)
    page.keyboard.press("Space")
    seen = []

    def played() -> int:
        code, shown = code_on_screen(page)
        assert code == shown
        seen.append(code)
        return len(set(seen))

    assert eventually(page, played, lambda count: count > 8) > 8
    assert seen == sorted(seen)
    page.keyboard.press("Space")
    field = page.get_by_role("textbox", name="Frame", exact=True)
    field.fill("0:02")
    field.press("Enter")
    wait_for_frame(page, 50)
    page.reload()  # at once: nothing may wait to be remembered
    wait_for_frame(page, 50)


def test_a_box_moves_between_its_key_frames_and_is_there_after_a_reload(
    site: Site, page: Page, clip: Path
) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id, "#frame=20")
    wait_for_frame(page, 20)
    page.keyboard.press("1")
    draw_box(page, (60, 120), (120, 180))
    wait_for_revision(page, 1)
    go_to(page, 40)
    page.keyboard.press("s")
    drag(page, (90, 150), (190, 170))
    wait_for_revision(page, 2)
    (track,) = stored(page, asset_id)
    assert track["geometry"] is None
    assert [k["frame"] for k in track["properties"]["track"]["keyframes"]] == [20, 40]
    (half,) = stored(page, asset_id, frame=30)
    assert bounds(half) == pytest.approx((110, 130, 170, 190), abs=1.5)
    assert stored(page, asset_id, frame=19) == []

    page.reload()
    page.locator(".stage[aria-busy=false]").wait_for()
    wait_until_saved(page)
    wait_for_frame(page, 40)
    go_to(page, 30)
    # Half-way it stands half-way on the screen, too: taken hold of there, it gets a third key frame.
    page.keyboard.press("s")
    drag(page, (140, 160), (140, 150))
    wait_for_revision(page, 3)
    (track,) = stored(page, asset_id)
    assert [k["frame"] for k in track["properties"]["track"]["keyframes"]] == [20, 30, 40]
    page.keyboard.press("Control+z")
    wait_for_revision(page, 4)
    (track,) = stored(page, asset_id)
    assert [k["frame"] for k in track["properties"]["track"]["keyframes"]] == [20, 40]


def test_while_playing_a_shape_is_drawn_with_the_very_frame_it_belongs_to(
    site: Site, page: Page, clip: Path
) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    draw_box(page, (20, 120), (60, 160))
    go_to(page, 200)
    page.keyboard.press("s")
    drag(page, (40, 140), (240, 140))
    wait_for_revision(page, 2)
    start, end = (bounds(stored(page, asset_id, frame=frame)[0])[0] for frame in (0, 200))
    go_to(page, 0)
    page.keyboard.press("Escape")
    page.keyboard.press("Space")
    both = f"(size) => ({{ ...({CODE_ON_SCREEN})(size), ...({EDGE_ON_SCREEN})(size) }})"
    frames: set[int] = set()

    def played() -> int:
        found = page.evaluate(both, [WIDTH_PX, HEIGHT_PX])
        # A frame is one pixel of its way, which ends at frame 200: one frame off would show.
        on_its_way = min(found["shown"], 200) / 200
        assert found["edge"] == pytest.approx(start + (end - start) * on_its_way, abs=0.6)
        frames.add(found["shown"])
        return len(frames)

    assert eventually(page, played, lambda count: count > 8) > 8


def test_a_track_is_hidden_occluded_ended_split_and_taken_back(site: Site, page: Page, clip: Path) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    draw_box(page, (60, 120), (120, 180))
    revision = 1

    def press(key: str) -> dict[str, Any]:
        nonlocal revision
        page.keyboard.press(key)
        revision += 1
        wait_for_revision(page, revision)
        first: dict[str, Any] = stored(page, asset_id)[0]["properties"]["track"]
        return first

    go_to(page, 50)
    assert [(k["frame"], k["is_outside"]) for k in press("o")["keyframes"]] == [(0, False), (50, True)]
    assert stored(page, asset_id, frame=60) == []
    assert len(stored(page, asset_id, frame=49)) == 1
    go_to(page, 80)
    press("o")
    assert len(stored(page, asset_id, frame=80)) == 1
    go_to(page, 90)
    assert press("q")["keyframes"][-1]["is_occluded"]
    go_to(page, 120)
    assert press("x")["ended_frame"] == 121
    assert stored(page, asset_id, frame=121) == []
    page.keyboard.press("e")
    wait_for_frame(page, 90)
    page.keyboard.press("e")
    wait_for_frame(page, 80)
    page.keyboard.press("Alt+m")
    revision += 1
    wait_for_revision(page, revision)
    assert len(stored(page, asset_id)) == 2
    for _ in range(6):
        page.keyboard.press("Control+z")
    wait_for_revision(page, revision + 6)
    assert stored(page, asset_id) == []


def test_a_polygon_and_a_line_follow_and_a_shape_can_be_of_one_frame_only(
    site: Site, page: Page, clip: Path
) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    for revision, key in enumerate(("p", "Shift+p"), start=1):
        page.keyboard.press(key)
        for x, y in ((80, 110), (160, 120), (150, 200), (70, 190)):
            page.mouse.click(*at(page, x, y))
        page.keyboard.press("Enter")
        wait_for_revision(page, revision)
    assert [f["properties"]["track"]["shape"] for f in stored(page, asset_id)] == ["polygon", "polyline"]
    page.get_by_role("button", name="Track", exact=True).click()
    go_to(page, 10)
    draw_box(page, (200, 120), (260, 180))
    wait_for_revision(page, 3)
    box = stored(page, asset_id)[2]["properties"]["track"]
    assert (box["shape"], box["keyframes"][0]["frame"], box["ended_frame"]) == ("box", 10, 11)
    assert len(stored(page, asset_id, frame=11)) == 2


def test_phases_are_marked_with_keys_and_overlaps_stand_in_rows_of_their_own(
    site: Site, page: Page, clip: Path
) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    page.get_by_label("Tier").fill("phase")
    for revision, (first, last) in enumerate(((10, 60), (50, 90)), start=1):
        go_to(page, first)
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+s")
        go_to(page, last)
        page.keyboard.press("Shift+e")
        wait_for_revision(page, revision)
    page.get_by_role("button", name="Whole video").click()
    wait_for_revision(page, 3)
    segments = [f["properties"]["segment"] for f in stored(page, asset_id)]
    assert [(s["start_frame"], s["end_frame"], s["tier"]) for s in segments] == [
        (10, 60, "phase"),
        (50, 90, "phase"),
        (0, None, "phase"),
    ]
    go_to(page, 55)
    expect(page.get_by_role("list", name="Segments on this frame").get_by_role("button")).to_have_count(3)
    page.keyboard.press("Control+z")
    wait_for_revision(page, 4)
    assert len(stored(page, asset_id)) == 2


def test_without_webcodecs_the_same_frames_come_as_pictures(site: Site, browser: Browser, clip: Path) -> None:
    asset_id = site.released(clip)
    context = fresh_profile(browser, site)
    context.add_init_script("delete window.VideoDecoder; delete window.EncodedVideoChunk;")
    page = context.new_page()
    sign_in(page, "ann")
    open_video(page, asset_id)
    expect(page.get_by_text("Single pictures")).to_be_visible()
    for frame in (0, 200, 37, 38, 239):
        go_to(page, frame)
        assert code_on_screen(page) == (frame, frame)
    context.close()


def test_the_keyboard_alone_steps_chooses_marks_and_takes_back(site: Site, page: Page, clip: Path) -> None:
    asset_id = site.released(clip)
    sign_in(page, "ann")
    open_video(page, asset_id)
    draw_box(page, (60, 120), (120, 180))
    page.reload()
    page.locator(".stage[aria-busy=false]").wait_for()
    wait_until_saved(page)
    for frame in range(1, 8):
        page.keyboard.press("f")
        wait_for_frame(page, frame)
    page.keyboard.press("k")
    expect(page.get_by_text("Select a track first.")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("1 selected", exact=True)).to_be_visible()
    page.keyboard.press("Control+2")
    wait_for_revision(page, 2)
    page.keyboard.press("k")
    wait_for_revision(page, 3)
    page.keyboard.press("e")
    wait_for_frame(page, 0)
    page.keyboard.press("r")
    wait_for_frame(page, 7)
    (track,) = stored(page, asset_id)
    assert [k["frame"] for k in track["properties"]["track"]["keyframes"]] == [0, 7]
    assert track["properties"]["class_id"] is not None
    page.keyboard.press("Control+z")
    wait_for_revision(page, 4)
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Show annotations")).to_have_attribute("aria-pressed", "false")


def test_losses_are_read_and_confirmed_before_a_release(site: Site, page: Page, tmp_path: Path) -> None:
    whole = write_clip(Recipe("matroska", "libx264", width_px=WIDTH_PX, height_px=HEIGHT_PX))
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole[: len(whole) * 6 // 10])
    (line,) = site.ingest(cut, case="Cut short")
    assert line["state"] == "awaiting_release", line
    sign_in(page, "ada")
    page.goto("/intake")
    card = page.get_by_role("article", name="Video of Cut short")
    expect(card.get_by_role("list", name="Losses").get_by_role("listitem")).not_to_have_count(0)
    card.get_by_role("button", name="Release", exact=True).click()
    dialog = page.get_by_role("dialog", name="Release it with its losses?")
    expect(dialog.get_by_role("list", name="Losses")).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Not yet").click()
    assert json.loads(page.request.get(f"/api/v1/assets/{line['asset_id']}").body())["state"] != "released"
    card.get_by_role("button", name="Release", exact=True).click()
    dialog.get_by_role("button", name="Release with losses").click()
    expect(card).to_have_count(0)
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("Cut short"))).to_contain_text("loss")
