"""Signing in and out over HTTP: the cookie, the refusals, the tokens."""

import pytest
import structlog

from server.access import ROLE_PERMISSIONS, Role
from server.app import create_app
from server.config import Settings
from tests.server.conftest import PASSWORD, Person

SESSION = "/api/v1/session"


async def test_signing_in_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(nobody, add_account):
    account = await add_account("anna", Role.REVIEWER)
    response = await nobody.ask("POST", SESSION, json={"username": "Anna", "password": PASSWORD})
    assert response.status == 200
    cookie = response.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={12 * 3600}"):
        assert part in cookie
    assert "Secure" not in cookie
    assert response.headers["Cache-Control"] == "no-store"
    assert await response.json() == {
        "user": {
            "account_id": account.account_id,
            "username": "anna",
            "role": "reviewer",
            "permissions": sorted(ROLE_PERMISSIONS[Role.REVIEWER]),
        }
    }
    # The test client keeps cookies, as a browser does.
    assert (await nobody.json("GET", SESSION))["user"]["username"] == "anna"


async def test_behind_an_https_proxy_the_cookie_is_secure(
    aiohttp_client, settings, database, ambient, add_account
):
    behind = Settings(data=settings.data, public_origin="https://slides.example.org")
    client = Person(await aiohttp_client(create_app(behind, database, ambient, run_jobs=False)), None, {})
    await add_account("anna")
    response = await client.ask("POST", SESSION, json={"username": "anna", "password": PASSWORD})
    assert "Secure" in response.headers["Set-Cookie"]


async def test_signing_out_ends_the_session_at_once_and_removes_the_cookie(sign_in):
    anna = await sign_in()
    await anna.json("GET", SESSION)
    response = await anna.ask("DELETE", SESSION)
    assert response.status == 204
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    await anna.problem("GET", SESSION, status=401, kind="unauthenticated")


async def test_signing_in_anew_ends_the_session_that_the_browser_had(sign_in):
    anna = await sign_in(username="anna")
    response = await anna.ask("POST", SESSION, json={"username": "anna", "password": PASSWORD})
    assert response.status == 200
    await anna.problem("GET", SESSION, status=401, kind="unauthenticated")


async def test_wrong_passwords_are_refused_and_then_slowed_down(nobody, add_account):
    await add_account("anna")
    wrong = {"username": "anna", "password": "wrong password"}
    for _ in range(3):
        problem = await nobody.problem("POST", SESSION, json=wrong, status=401, kind="unauthenticated")
        assert "anna" not in problem["detail"]
    response = await nobody.ask("POST", SESSION, json={"username": "anna", "password": PASSWORD})
    assert response.status == 429
    assert response.headers["Retry-After"] == "61"


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b'{"username":"anna","password":"x"}', "text/plain", 415),
        (b"username=anna&password=x", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"username":"anna"}', "application/json", 422),
        (b'{"username":1,"password":"x"}', "application/json", 422),
        (b'{"username":"anna","password":"x","admin":true}', "application/json", 422),
        (b'{"username":"\xff","password":"x"}', "application/json", 422),
        (b'{"username":"anna","password":"' + b"x" * 20_000 + b'"}', "application/json", 413),
        (b"[" * 10_000, "application/json", 422),
    ],
    ids=["text", "form", "cut", "list", "missing", "number", "more", "bytes", "large", "deep"],
)
async def test_what_is_no_sign_in_is_refused_with_a_sentence(nobody, body, media_type, status):
    response = await nobody.ask("POST", SESSION, data=body, headers={"Content-Type": media_type})
    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert "xxxx" not in await response.text()


async def test_no_password_and_no_name_is_logged(nobody, add_account):
    await add_account("anna")
    with structlog.testing.capture_logs() as logs:
        for username in ("anna", "a-secret-typed-as-a-name"):
            body = {"username": username, "password": "a-secret-password"}
            await nobody.problem("POST", SESSION, json=body, status=401, kind="unauthenticated")
        await nobody.ask(
            "POST",
            SESSION,
            data=b'{"password": "a-secret-password"',
            headers={"Content-Type": "application/json"},
        )
        await nobody.json("POST", SESSION, json={"username": "anna", "password": PASSWORD})
    assert logs
    for word in ("secret", "anna", PASSWORD):
        assert word not in repr(logs)


async def test_another_sites_page_cannot_sign_in_or_out(nobody, sign_in, add_account):
    foreign = {"Origin": "https://evil.example"}
    await add_account("anna")
    credentials = {"username": "anna", "password": PASSWORD}
    await nobody.problem("POST", SESSION, json=credentials, headers=foreign, status=403, kind="forbidden")
    bert = await sign_in(username="bert")
    await bert.problem("DELETE", SESSION, headers=foreign, status=403, kind="forbidden")
    await bert.json("GET", SESSION)


@pytest.mark.parametrize("origin", ["http://[", "null", "//", "https://evil.example:99999999"])
async def test_an_origin_that_is_no_address_is_a_foreign_one(nobody, origin):
    body = {"username": "anna", "password": PASSWORD}
    headers = {"Origin": origin}
    await nobody.problem("POST", SESSION, json=body, headers=headers, status=403, kind="forbidden")


async def test_ones_own_password_is_changed_and_this_session_goes_on_under_a_new_cookie(sign_in):
    anna = await sign_in(Role.ANNOTATOR, "anna")
    body = {"current": PASSWORD, "new": "another horse battery"}
    response = await anna.ask("PUT", SESSION + "/password", json=body)
    assert response.status == 200
    await anna.problem("GET", SESSION, status=401, kind="unauthenticated")
    token = response.cookies["slidereel_session"].value
    again = Person(anna.client, anna.account, {"Cookie": f"slidereel_session={token}"})
    assert (await again.json("GET", SESSION))["user"]["username"] == "anna"
    wrong = {"current": PASSWORD, "new": "yet another battery"}
    await again.problem("PUT", SESSION + "/password", json=wrong, status=403, kind="forbidden")


async def test_a_token_made_here_works_as_bearer_until_it_is_revoked(sign_in):
    anna = await sign_in(Role.ANNOTATOR, "anna")
    made = await anna.json("POST", "/api/v1/tokens", json={"name": "notebook"}, status=201)
    listed = (await anna.json("GET", "/api/v1/tokens"))["items"]
    assert [entry["token_id"] for entry in listed] == [made["token_id"]]
    assert "token" not in listed[0]
    program = Person(anna.client, anna.account, {"Authorization": f"Bearer {made['token']}"})
    assert (await program.json("GET", SESSION))["user"]["username"] == "anna"
    await anna.json("DELETE", f"/api/v1/tokens/{made['token_id']}", status=204)
    await program.problem("GET", SESSION, status=401, kind="unauthenticated")
    await anna.problem("DELETE", f"/api/v1/tokens/{made['token_id']}", status=404, kind="not-found")


async def test_a_token_cannot_make_tokens_or_change_the_password(sign_in):
    anna = await sign_in(username="anna")
    made = await anna.json("POST", "/api/v1/tokens", json={"name": "notebook"}, status=201)
    program = Person(anna.client, anna.account, {"Authorization": f"Bearer {made['token']}"})
    await program.problem("POST", "/api/v1/tokens", json={"name": "more"}, status=403, kind="forbidden")
    body = {"current": PASSWORD, "new": "another horse battery"}
    await program.problem("PUT", SESSION + "/password", json=body, status=403, kind="forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cookie": "slidereel_session="},
        {"Cookie": "slidereel_session=" + "x" * 43},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "x" * 43},
        {"Authorization": "Basic YW5uYTp4"},
    ],
)
async def test_whoever_is_not_known_is_asked_to_sign_in(nobody, headers):
    response = await nobody.ask("GET", SESSION, headers=headers)
    assert response.status == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
