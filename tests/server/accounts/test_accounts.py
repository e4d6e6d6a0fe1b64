"""Accounts: who may be added and changed, and that the last admin stays one."""

import pytest

from server import audit
from server.access import Role
from server.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from tests.server.conftest import BY, PASSWORD

OTHER_PASSWORD = "a different battery horse"


async def test_a_username_is_one_however_it_is_spelt(authenticator, add_account):
    account = await add_account("  Zoë ")
    assert account.username == "zoë"
    assert (await authenticator.accounts.named("ZOË")).account_id == account.account_id
    with pytest.raises(ConflictError):
        await add_account("Zoe\N{COMBINING DIAERESIS}")


@pytest.mark.parametrize("name", ["", " ", "a b", "<b>", "a/b", "x" * 65, "a\nb", "a\0b", "“anna”"])
async def test_a_name_that_cannot_be_used_is_refused(add_account, name):
    with pytest.raises(InvalidInputError):
        await add_account(name)


async def test_an_unknown_role_is_refused(add_account):
    with pytest.raises(InvalidInputError):
        await add_account(role="root")


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 1025])
async def test_a_password_too_short_or_too_long_is_refused_without_being_repeated(authenticator, password):
    with pytest.raises(InvalidInputError) as refused:
        await authenticator.accounts.add("anna", Role.ADMIN, password, BY)
    assert not password or password not in str(refused.value)


async def test_the_list_comes_in_pages_by_name(authenticator, add_account):
    for name in ("carl", "anna", "bert"):
        await add_account(name)
    accounts = authenticator.accounts
    first = await accounts.list_page(limit=2)
    rest = await accounts.list_page(after=first[-1].username, limit=2)
    assert [account.username for account in first + rest] == ["anna", "bert", "carl"]


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": Role.ANNOTATOR}])
async def test_the_last_admin_who_can_sign_in_stays_one(authenticator, add_account, change):
    admin = await add_account("anna")
    disabled = await add_account("bert")
    await authenticator.accounts.change(disabled.account_id, BY, disabled=True)
    with pytest.raises(ConflictError):
        await authenticator.accounts.change(admin.account_id, BY, **change)
    assert (await authenticator.sessions.sign_in("anna", PASSWORD, "test")).account.role == Role.ADMIN


async def test_of_a_refused_change_nothing_is_done(authenticator, add_account):
    admin = await add_account()
    with pytest.raises(ConflictError):
        await authenticator.accounts.change(admin.account_id, BY, role=Role.AUDITOR, password=OTHER_PASSWORD)
    assert await authenticator.sessions.sign_in("anna", PASSWORD, "test")


async def test_an_admin_may_go_when_there_is_another_one(authenticator, add_account):
    admin = await add_account("anna")
    await add_account("bert")
    changed = await authenticator.accounts.change(admin.account_id, BY, disabled=True)
    assert changed.disabled_at is not None


async def test_an_account_that_does_not_exist_cannot_be_changed(authenticator):
    with pytest.raises(NotFoundError):
        await authenticator.accounts.change("none", BY, role=Role.ADMIN)
    with pytest.raises(NotFoundError):
        await authenticator.accounts.change("none", BY, password=OTHER_PASSWORD)


async def test_a_new_password_ends_all_sessions_and_the_old_one_is_refused(authenticator, add_account):
    account = await add_account()
    begun = await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    await authenticator.accounts.change(account.account_id, BY, password=OTHER_PASSWORD)
    assert await authenticator.sessions.find(begun.token) is None
    with pytest.raises(UnauthenticatedError):
        await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    assert await authenticator.sessions.sign_in("anna", OTHER_PASSWORD, "test")


async def test_disabling_ends_sessions_and_tokens_and_enabling_does_not_bring_them_back(
    authenticator, add_account
):
    await add_account("root")
    account = await add_account("anna")
    begun = await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    key = await authenticator.api_tokens.create(account.account_id, "script", BY)
    await authenticator.accounts.change(account.account_id, BY, disabled=True)
    with pytest.raises(UnauthenticatedError):
        await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    await authenticator.accounts.change(account.account_id, BY, disabled=False)
    assert await authenticator.sessions.find(begun.token) is None
    assert await authenticator.api_tokens.find(key.token) is None
    assert await authenticator.sessions.sign_in("anna", PASSWORD, "test")


async def test_every_change_is_in_the_audit_log_and_no_password_is(authenticator, add_account, database):
    account = await add_account("anna")
    await add_account("bert")
    for change in (
        {"role": Role.AUDITOR},
        {"password": OTHER_PASSWORD},
        {"disabled": True},
        {"disabled": False},
    ):
        await authenticator.accounts.change(account.account_id, BY, **change)
    events = database.read_now(lambda c: audit.events(c, subject_id=account.account_id))
    assert [event.action for event in reversed(events)] == [
        "account.add",
        "account.role",
        "account.password",
        "account.disable",
        "account.enable",
    ]
    assert "battery" not in repr(events)
    assert b"battery" not in database.path.read_bytes()
