"""The pages, addresses where nothing is, and what the server says about itself."""

import json
import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from yarl import URL

from server.api import ALL_ROUTES, pages
from server.app import UndeclaredRouteError, refuse_undeclared


@pytest.fixture
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built front end of two files."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Slidereel</title>")
    (folder / "assets" / "index-1a2b.js").write_text("1;")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr("server.app.FRONT_END", folder)
    return folder


async def test_every_page_has_a_strict_content_security_policy(front_end: Path, server: TestClient) -> None:
    for path in pages.PAGES:
        answer = await server.get(path.replace("{asset_id}", "abc"))
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe-eval" not in answer.headers["Content-Security-Policy"]


async def test_hashed_files_are_kept_for_ever_and_the_page_is_not(
    front_end: Path, server: TestClient
) -> None:
    script = await server.get("/static/assets/index-1a2b.js")
    assert "immutable" in script.headers["Cache-Control"]
    assert (await server.get("/")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "..%2fsecret.txt", "assets/../../secret.txt", "%00", "a" * 5000]
)
async def test_no_path_leads_out_of_the_front_ends_folder(
    front_end: Path, server: TestClient, path: str
) -> None:
    answer = await server.get("/static/" + path)
    assert answer.status == 404
    assert b"secret" not in await answer.read()


async def test_an_unknown_address_is_a_page_for_a_person_and_a_problem_for_a_program(
    front_end: Path, server: TestClient
) -> None:
    page = await server.get("/no/such/page", headers={"Accept": "text/html"})
    assert (page.status, page.content_type) == (404, "text/html")
    problem = await server.get("/api/v1/nothing")
    assert (problem.status, problem.content_type) == (404, "application/problem+json")
    assert re.fullmatch(r"[0-9a-f]{8}", (await problem.json(content_type=None))["reference"])


async def test_an_unknown_address_with_a_line_end_in_it_is_a_numbered_problem_too(server: TestClient) -> None:
    for path in ("/a%0Ab", "/api/v1/slides/a1_files/%0A/0_0.jpeg", "/static/%0A"):
        response = await server.get(URL(path, encoded=True))
        assert response.status == 404
        assert response.content_type == "application/problem+json"
        assert (await response.json(content_type=None))["reference"]


async def test_a_wrong_method_names_the_right_ones(server: TestClient) -> None:
    answer = await server.delete("/api/v1/assets")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.fixture
def no_front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.app.FRONT_END", tmp_path / "nothing")


async def test_without_a_built_front_end_the_page_says_what_to_do(
    no_front_end: None, server: TestClient
) -> None:
    answer = await server.get("/")
    assert answer.status == 503
    assert "scripts/setup" in await answer.text()


def test_an_application_with_an_undeclared_route_does_not_start() -> None:
    async def forgotten(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/api/v1/forgotten", forgotten)
    with pytest.raises(UndeclaredRouteError, match="forgotten"):
        refuse_undeclared(app)


async def test_the_description_of_the_interface_has_every_route_and_its_permission(
    server: TestClient,
) -> None:
    document = json.loads(await (await server.get("/api/v1/openapi.json")).read())
    assert document["openapi"].startswith("3.1")
    operations = [o for path in document["paths"].values() for o in path.values()]
    declared = [e for e in ALL_ROUTES if e.path not in pages.PAGES for _ in (e.path, *e.aliases)]
    assert len(operations) == len(declared)
    assert len({o["operationId"] for o in operations}) == len(operations)
    assert all(o["summary"] for o in operations)


async def test_health_readiness_and_metrics_answer_without_a_session_and_hold_no_ids(
    server: TestClient,
) -> None:
    assert await (await server.get("/healthz")).text() == "ok\n"
    ready = await server.get("/readyz")
    assert (ready.status, (await ready.json())["ready"]) == (200, True)
    text = await (await server.get("/metrics")).text()
    assert 'slidereel_requests_total{route="/readyz",status="200"} 1.0' in text
