"""Accounts over HTTP."""

from server.access import Role
from tests.server.conftest import PASSWORD

USERS = "/api/v1/users"


async def test_an_admin_adds_lists_and_changes_accounts(sign_in):
    admin = await sign_in()
    added = await admin.json(
        "POST", USERS, json={"username": "Bert", "role": "annotator", "password": PASSWORD}, status=201
    )
    assert (added["username"], added["role"], added["disabled_at"]) == ("bert", "annotator", None)
    path = f"{USERS}/{added['account_id']}"
    assert (await admin.json("PATCH", path, json={"role": "reviewer"}))["role"] == "reviewer"
    assert (await admin.json("PATCH", path, json={"disabled": True}))["disabled_at"] is not None
    listed = await admin.json("GET", USERS)
    assert [account["username"] for account in listed["items"]] == ["admin", "bert"]
    assert listed["next_cursor"] is None
    assert "password" not in str(listed)


async def test_the_list_is_paged(sign_in, add_account):
    admin = await sign_in()
    for name in "edcb":
        await add_account(name, Role.ANNOTATOR)
    names, cursor = [], ""
    while cursor is not None:
        page = await admin.json("GET", f"{USERS}?limit=2&cursor={cursor}")
        assert len(page["items"]) <= 2
        names += [account["username"] for account in page["items"]]
        cursor = page["next_cursor"]
    assert names == ["admin", "b", "c", "d", "e"]
    await admin.problem("GET", f"{USERS}?limit=0", status=422, kind="invalid-input")


async def test_disabling_signs_out_at_once(sign_in):
    admin, bert = await sign_in(), await sign_in(Role.ANNOTATOR)
    await bert.json("GET", "/api/v1/session")
    await admin.json("PATCH", f"{USERS}/{bert.account.account_id}", json={"disabled": True})
    await bert.problem("GET", "/api/v1/session", status=401, kind="unauthenticated")


async def test_a_new_role_counts_at_once(sign_in):
    admin, bert = await sign_in(), await sign_in(Role.ADMIN, "bert")
    await bert.json("GET", USERS)
    await admin.json("PATCH", f"{USERS}/{bert.account.account_id}", json={"role": "annotator"})
    await bert.problem("GET", USERS, status=403, kind="forbidden")


async def test_what_cannot_be_is_refused(sign_in):
    admin = await sign_in()
    good = {"username": "bert", "role": "annotator", "password": PASSWORD}
    for change in ({"username": "a b"}, {"role": "root"}, {"password": "short"}, {"more": 1}):
        await admin.problem("POST", USERS, json={**good, **change}, status=422, kind="invalid-input")
    await admin.json("POST", USERS, json=good, status=201)
    await admin.problem("POST", USERS, json=good, status=409, kind="conflict")
    await admin.problem("PATCH", f"{USERS}/none", json={"role": "admin"}, status=404, kind="not-found")
    own = f"{USERS}/{admin.account.account_id}"
    await admin.problem("PATCH", own, json={"disabled": True}, status=409, kind="conflict")
    await admin.problem("PATCH", own, json={"disabled": "yes"}, status=422, kind="invalid-input")
