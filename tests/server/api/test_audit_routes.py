"""The audit log over HTTP."""

from server.access import Role

AUDIT = "/api/v1/audit"


async def test_the_newest_events_come_first_in_pages(sign_in, add_account):
    auditor = await sign_in(Role.AUDITOR)
    for name in ("anna", "bert", "carl"):
        await add_account(name)
    first = await auditor.json("GET", AUDIT + "?limit=3")
    rest = await auditor.json("GET", f"{AUDIT}?limit=3&cursor={first['next_cursor']}")
    sequences = [event["sequence"] for event in first["items"] + rest["items"]]
    assert sequences == [4, 3, 2, 1]
    assert rest["next_cursor"] is None


async def test_events_about_one_subject_are_found(sign_in, add_account):
    auditor = await sign_in(Role.AUDITOR)
    account = await add_account("anna")
    page = await auditor.json("GET", f"{AUDIT}?subject_id={account.account_id}")
    assert [event["action"] for event in page["items"]] == ["account.add"]
    assert page["items"][0]["actor"] == "command line"


async def test_a_cursor_or_limit_that_is_none_is_refused(sign_in):
    auditor = await sign_in(Role.AUDITOR)
    for query in ("cursor=x", "cursor=-1", "cursor=1;DROP", "limit=0", "limit=1001", "limit=x"):
        await auditor.problem("GET", f"{AUDIT}?{query}", status=422, kind="invalid-input")
