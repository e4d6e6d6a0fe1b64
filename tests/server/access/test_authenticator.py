"""From a token to an actor: quickly, and never longer than it is true."""

import pytest
import sqlalchemy as sa

from server.access import ROLE_PERMISSIONS, Role
from server.access.authenticator import TRUST_S, Authenticator
from server.db.notices import Notices, board_bytes
from server.db.schema import account
from tests.server.conftest import BY, PASSWORD


async def begin(authenticator: Authenticator) -> str:
    return (await authenticator.sessions.sign_in("anna", PASSWORD, "test")).token


@pytest.mark.parametrize("role", list(Role))
async def test_a_session_carries_the_permissions_of_its_role(authenticator, add_account, role):
    await add_account("anna", role)
    actor = await authenticator.session(await begin(authenticator))
    assert (actor.role, actor.permissions) == (role, ROLE_PERMISSIONS[role])


async def test_a_session_is_remembered_for_a_moment_only(authenticator, add_account, clock):
    await add_account()
    token = await begin(authenticator)
    assert authenticator.remembered(token) is None
    actor = await authenticator.session(token)
    clock.turn(seconds=TRUST_S)
    assert authenticator.remembered(token) is actor
    clock.turn(seconds=0.001)
    assert authenticator.remembered(token) is None


async def test_nothing_is_remembered_past_the_end_of_a_session(authenticator, add_account, clock, settings):
    await add_account()
    token = await begin(authenticator)
    clock.turn(hours=settings.session_hours, seconds=-1)
    assert await authenticator.session(token) is not None
    clock.turn(seconds=1.001)
    assert authenticator.remembered(token) is None


async def test_what_is_ended_here_ends_at_once(authenticator, add_account):
    account_ = await add_account()
    for forget in (
        authenticator.forget,
        lambda _t: authenticator.forget_account(account_.account_id),
    ):
        token = await begin(authenticator)
        assert await authenticator.session(token) is not None
        forget(token)
        assert authenticator.remembered(token) is None


async def test_what_another_process_ends_ends_within_the_moment(authenticator, add_account, clock):
    await add_account("root")
    changed = await add_account("anna")
    token = await begin(authenticator)
    await authenticator.session(token)
    await authenticator.accounts.change(changed.account_id, BY, disabled=True)
    clock.turn(seconds=TRUST_S + 0.001)
    assert authenticator.remembered(token) is None
    assert await authenticator.session(token) is None


async def test_an_answer_that_was_on_its_way_while_something_was_forgotten_is_not_remembered(
    authenticator, add_account, monkeypatch
):
    await add_account()
    token = await begin(authenticator)
    find = authenticator.sessions.find

    async def slow_find(asked: str):
        found = await find(asked)
        authenticator.forget(asked)
        return found

    monkeypatch.setattr(authenticator.sessions, "find", slow_find)
    await authenticator.session(token)
    assert authenticator.remembered(token) is None


async def test_a_token_is_no_session_and_a_session_no_token(authenticator, add_account):
    account_ = await add_account()
    session_token = await begin(authenticator)
    key = (await authenticator.api_tokens.create(account_.account_id, "script", BY)).token
    assert (await authenticator.bearer(key)).username == "anna"
    assert await authenticator.bearer(session_token) is None
    assert await authenticator.session(key) is None
    assert authenticator.remembered(key) is None


@pytest.mark.parametrize("token", ["", "x", "\0", "\ud800", "ä" * 1000, "bearer x"])
async def test_a_token_that_nobody_has_is_nobody(authenticator, token):
    assert await authenticator.session(token) is None
    assert await authenticator.bearer(token) is None


async def test_a_role_that_this_version_does_not_know_may_do_nothing(authenticator, add_account, database):
    await add_account()
    token = await begin(authenticator)
    database.write_now(lambda c: c.execute(sa.update(account).values(role="superuser")))
    assert await authenticator.session(token) is None


async def test_it_remembers_so_many_and_the_oldest_go_first(authenticator, add_account, monkeypatch):
    monkeypatch.setattr("server.access.authenticator.REMEMBERED_LIMIT", 2)
    await add_account()
    tokens = [await begin(authenticator) for _ in range(3)]
    for token in tokens:
        await authenticator.session(token)
    assert [authenticator.remembered(token) is not None for token in tokens] == [False, True, True]


async def test_what_is_ended_in_one_process_ends_at_once_in_the_others(
    authenticator, add_account, database, ambient, settings, passwords, clock
):
    board = bytearray(board_bytes(2))
    here, there = (
        Authenticator(
            database,
            ambient,
            settings,
            passwords=passwords,
            monotonic_s=clock.monotonic_s,
            notices=Notices(board, place),
        )
        for place in (0, 1)
    )
    await add_account("root")
    await add_account("anna")
    token = await begin(here)
    assert await there.session(token) is there.remembered(token)
    await here.sessions.end(token, "test")
    here.forget(token)
    assert there.remembered(token) is None
    assert await there.session(token) is None
