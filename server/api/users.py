"""Accounts, for those who manage them."""

import msgspec

from server.access import Permission
from server.accounts import Account
from server.api.endpoint import Answer, Call, Routes
from server.api.sessions import CREDENTIALS_LIMIT_BYTES

routes = Routes("users")
PAGE_LIMIT = 500


class AccountWire(msgspec.Struct):
    """An account. ``disabled_at`` is null while it may sign in."""

    account_id: str
    username: str
    role: str
    created_at: str
    disabled_at: str | None


class AccountPage(msgspec.Struct):
    """One page of accounts."""

    items: list[AccountWire]
    next_cursor: str | None


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    """An account to add."""

    username: str
    role: str
    password: str


class AccountPatch(msgspec.Struct, forbid_unknown_fields=True):
    """What to change; what is absent or null stays."""

    role: str | None = None
    password: str | None = None
    disabled: bool | None = None


@routes.add(
    "GET",
    "/api/v1/users",
    Permission.ACCOUNT_MANAGE,
    query={"cursor": "Where to continue", "limit": f"1 to {PAGE_LIMIT}, default 100"},
    response=AccountPage,
    problems=("invalid-input",),
)
async def list_users(call: Call) -> Answer:
    """Accounts in the order of their names."""
    limit = call.query_int("limit", 100, low=1, high=PAGE_LIMIT)
    found = await call.services.authenticator.accounts.list_page(after=call.query("cursor"), limit=limit + 1)
    more = found[limit - 1].username if len(found) > limit else None
    return AccountPage([_wire(account) for account in found[:limit]], more)


@routes.add(
    "POST",
    "/api/v1/users",
    Permission.ACCOUNT_MANAGE,
    request=NewAccount,
    response=AccountWire,
    status=201,
    problems=("invalid-input", "conflict", "unsupported-media", "too-large"),
)
async def add_user(call: Call) -> Answer:
    """Add an account."""
    given = await call.json_body(NewAccount, CREDENTIALS_LIMIT_BYTES)
    accounts = call.services.authenticator.accounts
    return _wire(await accounts.add(given.username, given.role, given.password, call.by))


@routes.add(
    "PATCH",
    "/api/v1/users/{account_id}",
    Permission.ACCOUNT_MANAGE,
    request=AccountPatch,
    response=AccountWire,
    problems=("not-found", "invalid-input", "conflict", "unsupported-media", "too-large"),
)
async def change_user(call: Call) -> Answer:
    """Change a role, reset a password, disable or enable; the last admin stays one."""
    account_id = call.path("account_id")
    given = await call.json_body(AccountPatch, CREDENTIALS_LIMIT_BYTES)
    authenticator = call.services.authenticator
    changed = await authenticator.accounts.change(
        account_id, call.by, role=given.role, password=given.password, disabled=given.disabled
    )
    authenticator.forget_account(account_id)
    return _wire(changed)


def _wire(account: Account) -> AccountWire:
    return AccountWire(
        account.account_id, account.username, account.role, account.created_at, account.disabled_at
    )
