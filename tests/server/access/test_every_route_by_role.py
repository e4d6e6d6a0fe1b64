"""Every declared route, asked by every role and by nobody: the permissions are what the server does."""

import re

import pytest

from server.access import ROLE_PERMISSIONS, Permission, Role
from server.api import ALL_ROUTES
from server.api.endpoint import Endpoint, Public
from server.api.gate import SESSION_COOKIE
from tests.server.conftest import BY

PUBLIC = {
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /api/v1/openapi.json",
    "POST /api/v1/session",
    "OPTIONS /api/v1/uploads",
    "OPTIONS /api/v1/iiif/{asset_id:[0-9a-z]+}",  # a preflight: says what may be asked, never of what
    "GET /",
    "GET /login",
    "GET /intake",
    "GET /review",
    "GET /review/{asset_id}",
    "GET /admin/classes",
    "GET /admin/users",
    "GET /audit",
    "GET /slides/{asset_id}",
    "GET /videos/{asset_id}",
    "GET /static/{path:.+}",
}
"""What may be asked without signing in: a new one is added here by somebody who has thought about it."""

GUARDED = [(e, path) for e in ALL_ROUTES if isinstance(e.access, Permission) for path in (e.path, *e.aliases)]


def name_of(value: object) -> str | None:
    return value.method if isinstance(value, Endpoint) else None


def address(path: str) -> str:
    """The path with a 1 for each of its parts."""
    return re.sub(r"\{\w+(?::(?:[^{}]|\{[^{}]*\})*)?\}", "1", path)


def test_only_these_routes_are_public():
    assert {f"{e.method} {e.path}" for e in ALL_ROUTES if isinstance(e.access, Public)} == PUBLIC
    assert all(isinstance(e.access, Permission | Public) for e in ALL_ROUTES)


def test_every_permission_is_given_to_somebody_and_only_admins_have_all():
    for permission in Permission:
        assert any(permission in given for given in ROLE_PERMISSIONS.values())
    assert [role for role in Role if ROLE_PERMISSIONS[role] == set(Permission)] == [Role.ADMIN]


@pytest.mark.parametrize(("endpoint", "path"), GUARDED, ids=name_of)
async def test_nobody_is_asked_to_sign_in_whatever_he_sends(server, endpoint, path):
    for headers in ({}, {"Cookie": f"{SESSION_COOKIE}=guess"}, {"Authorization": "Bearer guess"}):
        response = await server.request(endpoint.method, address(path), headers=headers, data=b"{}")
        assert response.status == 401
        if endpoint.method != "HEAD":
            assert (await response.json(content_type=None))["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_reaches_what_it_is_given_and_nothing_else(server, authenticator, add_account, role):
    account = await add_account("anna", role)
    for endpoint, path in GUARDED:
        begun = await authenticator.sessions.renew(account.account_id)
        cookie = {"Cookie": f"{SESSION_COOKIE}={begun.token}"}
        server.session.cookie_jar.clear()
        response = await server.request(endpoint.method, address(path), headers=cookie, data=b"{}")
        what = (endpoint.method, path, role, response.status)
        if endpoint.access in ROLE_PERMISSIONS[role]:
            assert response.status not in (401, 403), what
            assert response.status < 500, what
        else:
            assert response.status == 403, what


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_not_do_by_token_what_it_may_not_do_by_session(
    server, authenticator, add_account, role
):
    account = await add_account("anna", role)
    made = await authenticator.api_tokens.create(account.account_id, "script", BY)
    headers = {"Authorization": f"Bearer {made.token}"}
    for endpoint, path in GUARDED:
        response = await server.request(endpoint.method, address(path), headers=headers, data=b"{}")
        if endpoint.access not in ROLE_PERMISSIONS[role]:
            assert response.status == 403, (endpoint.method, path, role)


async def test_an_unsafe_request_of_another_sites_page_is_refused_although_the_cookie_is_good(
    server, authenticator, add_account
):
    account = await add_account("anna", Role.ADMIN)
    for endpoint, path in GUARDED:
        begun = await authenticator.sessions.renew(account.account_id)
        headers = {"Cookie": f"{SESSION_COOKIE}={begun.token}", "Origin": "https://evil.example"}
        response = await server.request(endpoint.method, address(path), headers=headers, data=b"{}")
        if endpoint.method in ("POST", "PUT", "PATCH", "DELETE"):
            assert response.status == 403, (endpoint.method, path)
