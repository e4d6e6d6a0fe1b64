"""Who may not see the intake gets, of whatever is not released, the very answer that nothing at all gets."""

import asyncio
import itertools
import re
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient

from server.access import ROLE_PERMISSIONS, Permission, Role
from server.api import ALL_ROUTES
from server.api.services import SERVICES
from server.catalog import State
from server.ingest.intake import Intake
from tests.server.api.test_assets_routes import convert_next
from tests.server.conftest import BY, Person, SignIn, change_set, feature
from tests.server.ingest.slides import svs

NOWHERE = "0123456789abcdef"
PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
PARTS = {
    "annotation_id": "7b0d4d0c-2f5b-4c4e-9a51-000000000001",
    "name": "thumbnail",
    "level": "0", "column": "0", "row": "0", "x": "0", "y": "0",
    "region": "full", "size": "max", "rotation": "0", "quality": "default", "format": "jpg",
    "number": "0", "frame": "0", "tail": "1",
}  # fmt: skip
BODIES = (None, b"{}", msgspec.json.encode(change_set(created=[feature()])))
CASE = "CASE 7 OF NOBODY"
OUTSIDERS = [role for role in Role if Permission.ASSET_INTAKE not in ROLE_PERMISSIONS[role]]
ABOUT_ASSETS = [
    (endpoint, path)
    for endpoint in ALL_ROUTES
    if isinstance(endpoint.access, Permission)
    for path in (endpoint.path, *endpoint.aliases)
    if "{asset_id" in path
]


def address(path: str, asset_id: str) -> str:
    return PART.sub(lambda part: asset_id if part[1] == "asset_id" else PARTS.get(part[1], "1"), path)


@pytest.fixture
def intake(server: TestClient) -> Intake:
    return server.app[SERVICES].intake


@pytest.fixture
async def hidden(intake: Intake, tmp_path: Path) -> dict[str, str]:
    """An asset in each state in which nobody outside may know of it, by what is the matter with it."""
    by_what: dict[str, str] = {}
    (tmp_path / "bad.svs").write_bytes(b"no slide")
    slide = svs(tmp_path / "scanner")
    for what in ("awaiting", "rejected"):
        by_what[what] = intake.take_file(slide, CASE, BY).asset_id
        await convert_next(intake)
    by_what["failed"] = intake.take_file(tmp_path / "bad.svs", CASE, BY).asset_id
    await convert_next(intake)
    for what in ("quarantined", "discarded"):
        by_what[what] = intake.take_file(slide, CASE, BY).asset_id
    await asyncio.to_thread(intake.reject, by_what["rejected"], "identity-visible", BY)
    await asyncio.to_thread(intake.discard, by_what["discarded"], BY)
    states = {what: intake.asset(asset_id).state for what, asset_id in by_what.items()}
    assert states == {
        "awaiting": State.AWAITING_RELEASE,
        "rejected": State.REFUSED,
        "discarded": State.DISCARDED,
        "failed": State.REFUSED,
        "quarantined": State.QUARANTINED,
    }
    return by_what


async def answer(
    person: Person, method: str, path: str, asset_id: str, body: bytes | None
) -> tuple[object, ...]:
    """All of an answer but its number, and the names that the question had."""
    headers = {"Content-Type": "application/json", "If-Match": '"0"'}
    response = await person.ask(method, address(path, asset_id), headers=headers, data=body)
    text = (await response.read()).decode("utf-8", "replace").replace(asset_id, NOWHERE)
    text = re.sub(r'"reference": ?"\w+"', "", text)
    named = {
        name: value for name, value in response.headers.items() if name not in ("Date", "Content-Length")
    }
    return response.status, sorted(named.items()), text


@pytest.mark.slow
async def test_no_route_and_no_list_tells_an_unreleased_asset_from_none(
    hidden: dict[str, str], sign_in: SignIn
) -> None:
    """An auditor sees the intake; of routes that he may not use he learns as little as anybody."""
    for role in (*OUTSIDERS, Role.AUDITOR):
        person = await sign_in(role)
        for (endpoint, path), body in itertools.product(ABOUT_ASSETS, BODIES):
            if role is Role.AUDITOR and endpoint.access in ROLE_PERMISSIONS[role]:
                continue
            asked = (role, endpoint.method, path)
            nothing = await answer(person, endpoint.method, path, NOWHERE, body)
            assert nothing[0] in (403, 404, 415, 422, 428), (asked, nothing[0])
            for what, asset_id in hidden.items():
                assert await answer(person, endpoint.method, path, asset_id, body) == nothing, (asked, what)
        if role is not Role.AUDITOR:
            await assert_no_list_names_one(person, hidden)


async def assert_no_list_names_one(person: Person, hidden: dict[str, str]) -> None:
    whole = [
        endpoint.path for endpoint in ALL_ROUTES if endpoint.method == "GET" and "{" not in endpoint.path
    ]
    for path in (*whole, *(f"/api/v1/assets?state={state}" for state in State)):
        text = await (await person.ask("GET", path)).text()
        assert not [what for what, asset_id in hidden.items() if asset_id in text], path
        assert CASE not in text, path


def test_all_routes_about_an_asset_are_asked() -> None:
    assert len(ABOUT_ASSETS) > 30
    assert {"ASSET_RELEASE", "ASSET_INTAKE", "ASSET_INGEST", "ASSET_VIEW"} <= {
        endpoint.access.name for endpoint, _ in ABOUT_ASSETS if isinstance(endpoint.access, Permission)
    }
