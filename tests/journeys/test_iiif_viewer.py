"""Somebody else's viewer: OpenSeadragon's own IIIF client, on another site's page, with a token."""

import functools
import http.cookiejar
import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.conftest import HANG_MS, PASSWORD, Site, eventually, fresh_profile
from tests.tiling.svs_files import Recipe, write_svs

OPENSEADRAGON = Path(__file__).resolve().parents[2] / "static/node_modules/openseadragon/build/openseadragon"
PAGE = """<!doctype html><div id="viewer" style="width:900px;height:600px"></div>
<script src="openseadragon.min.js"></script><script>
window.failed = [];
window.open_slide = (address, token) => {
  const viewer = window.viewer = OpenSeadragon({
    id: "viewer", drawer: "canvas", showNavigator: false, showNavigationControl: false, immediateRender: true,
    tileSources: address, loadTilesWithAjax: true, ajaxWithCredentials: false, crossOriginPolicy: "Anonymous",
    ajaxHeaders: { Authorization: "Bearer " + token } });
  viewer.addHandler("tile-load-failed", (event) => window.failed.push(event.message));
  viewer.addHandler("open-failed", (event) => window.failed.push(event.message));
};
window.is_drawn = () => {
  const image = window.viewer.world.getItemAt(0);
  return Boolean(image && image.getFullyLoaded()) || window.failed.length > 0;
};
window.middle = () => {
  const canvas = window.viewer.drawer.canvas;
  return Array.from(canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data);
};
</script>"""


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[str]:
    """Another origin, with a page that has OpenSeadragon."""
    if not OPENSEADRAGON.is_dir():
        pytest.skip("OpenSeadragon is not installed: npm ci in static/")
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "openseadragon.min.js").symlink_to(OPENSEADRAGON / "openseadragon.min.js")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()


def token_of(site: Site, username: str) -> str:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def post(path: str, body: dict[str, str]) -> dict[str, str]:
        request = urllib.request.Request(  # noqa: S310
            site.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with opener.open(request, timeout=HANG_MS / 1000) as answer:
            return dict(json.load(answer))

    post("/api/v1/session", {"username": username, "password": PASSWORD})
    return post("/api/v1/tokens", {"name": "other viewer"})["token"]


@pytest.mark.browser
def test_openseadragon_s_iiif_client_shows_a_slide_on_another_site(
    browser: Browser, site: Site, other_site: str, tmp_path: Path
) -> None:
    pixels = write_svs(tmp_path / "x.svs", Recipe(width_px=1500, height_px=1100, tile_size_px=256))
    asset_id = site.released(tmp_path / "x.svs")
    context = fresh_profile(browser, site)
    page = context.new_page()
    asked: list[tuple[int, str]] = []
    page.on("response", lambda response: asked.append((response.status, response.url)))
    page.goto(other_site)
    page.evaluate(
        "([address, token]) => open_slide(address, token)",
        [f"{site.address}/api/v1/iiif/{asset_id}/info.json", token_of(site, "ann")],
    )
    page.wait_for_function("window.viewer?.world.getItemCount() && window.is_drawn()")
    page.evaluate("viewer.viewport.zoomTo(viewer.viewport.imageToViewportZoom(1), null, true)")

    def whole_tiles() -> list[str]:
        return [url for status, url in asked if status == 200 and "/256,256/" in url]

    assert eventually(page, whole_tiles, bool), asked
    page.wait_for_function("window.is_drawn()")
    assert page.evaluate("window.failed") == []
    size = page.evaluate("(({x, y}) => [x, y])(viewer.world.getItemAt(0).getContentSize())")
    assert size == [1500, 1100]
    assert all(url.endswith("/default.jpg") for url in whole_tiles())
    assert {status for status, url in asked if "/iiif/" in url} == {200}
    red, green, blue, alpha = page.evaluate("window.middle()")
    expected = pixels[546:554, 746:754].reshape(-1, 3).mean(axis=0)
    assert alpha == 255
    assert abs(red - expected[0]) + abs(green - expected[1]) + abs(blue - expected[2]) < 120
    context.close()
