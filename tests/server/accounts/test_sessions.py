"""Signing in: once, for so long, and not by guessing."""

import asyncio

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from server import audit
from server.accounts import Passwords, Sessions
from server.accounts.sessions import SessionRules
from server.db.schema import account, session
from server.errors import ForbiddenError, TooManyAttemptsError, UnauthenticatedError
from tests.server.conftest import BY, PASSWORD


async def refused(authenticator, username: str, password: str = "wrong password") -> str:  # noqa: S107
    with pytest.raises(UnauthenticatedError) as error:
        await authenticator.sessions.sign_in(username, password, "192.0.2.1")
    return str(error.value)


async def test_a_session_stands_for_its_account_until_it_ends(authenticator, add_account):
    await add_account("anna")
    begun = await authenticator.sessions.sign_in("Anna", PASSWORD, "192.0.2.1")
    found = await authenticator.sessions.find(begun.token)
    assert (found.username, found.role) == ("anna", "admin")
    await authenticator.sessions.end(begun.token, "192.0.2.1")
    assert await authenticator.sessions.find(begun.token) is None


async def test_a_session_lasts_for_the_hours_of_the_settings(authenticator, add_account, clock, settings):
    await add_account()
    begun = await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    clock.turn(hours=settings.session_hours, seconds=-1)
    assert await authenticator.sessions.find(begun.token) is not None
    clock.turn(seconds=1)
    assert await authenticator.sessions.find(begun.token) is None


async def test_sessions_that_are_over_are_swept_out(authenticator, add_account, clock, database):
    await add_account()
    await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    clock.turn(days=2)
    await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    assert database.read_now(lambda c: c.scalar(sa.select(sa.func.count()).select_from(session))) == 1


async def test_only_the_digest_of_a_token_is_stored(authenticator, add_account, database):
    await add_account()
    begun = await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    assert len(begun.token) == 43
    rows = database.read_now(lambda c: c.execute(sa.select(session)).all())
    assert begun.token not in repr(rows)


async def test_an_unknown_name_a_wrong_password_and_a_disabled_account_sound_alike(
    authenticator, add_account
):
    await add_account("root")
    disabled = await add_account("anna")
    await authenticator.accounts.change(disabled.account_id, BY, disabled=True)
    assert (
        len(
            {
                await refused(authenticator, "nobody"),
                await refused(authenticator, "root"),
                await refused(authenticator, "anna", PASSWORD),
            }
        )
        == 1
    )


async def test_an_unknown_name_costs_the_same_work(database, ambient, settings, add_account):
    await add_account("anna")

    verified = []

    class Counting(Passwords):
        def verify(self, stored: str | None, password: str) -> bool:
            verified.append(password)
            return super().verify(stored, password)

    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    sessions = Sessions(database, ambient, Counting(hasher), SessionRules(12, 10, 60))
    for name in ("anna", "nobody"):
        with pytest.raises(UnauthenticatedError):
            await sessions.sign_in(name, "wrong", "test")
    assert verified == ["wrong", "wrong"]


@pytest.mark.parametrize("name", ["anna", "nobody"])
async def test_after_several_wrong_passwords_a_name_has_to_wait_whether_it_exists_or_not(
    authenticator, add_account, clock, name
):
    await add_account("anna")
    for _ in range(3):
        await refused(authenticator, name)
    with pytest.raises(TooManyAttemptsError) as waits:
        await authenticator.sessions.sign_in(name, PASSWORD, "test")
    assert waits.value.retry_after_s == 61
    clock.turn(seconds=61)
    await refused(authenticator, name)
    with pytest.raises(TooManyAttemptsError):
        await authenticator.sessions.sign_in(name, PASSWORD, "test")


async def test_the_right_password_ends_the_counting(authenticator, add_account, clock):
    await add_account("anna")
    for _ in range(3):
        await refused(authenticator, "anna")
    clock.turn(seconds=61)
    await authenticator.sessions.sign_in("anna", PASSWORD, "test")
    await refused(authenticator, "anna")
    assert await authenticator.sessions.sign_in("anna", PASSWORD, "test")


async def test_whoever_sits_at_a_session_proves_that_he_knows_the_password_and_guesses_count(
    authenticator, add_account
):
    account_id = (await add_account("anna")).account_id
    await authenticator.sessions.confirm(account_id, PASSWORD, "test")
    for _ in range(3):
        with pytest.raises(ForbiddenError):
            await authenticator.sessions.confirm(account_id, "guess", "test")
    with pytest.raises(TooManyAttemptsError):
        await authenticator.sessions.confirm(account_id, PASSWORD, "test")
    with pytest.raises(TooManyAttemptsError):
        await authenticator.sessions.sign_in("anna", PASSWORD, "test")


async def test_guesses_at_the_same_time_do_not_slip_by(authenticator, add_account):
    await add_account("anna")
    answers = await asyncio.gather(
        *(authenticator.sessions.sign_in("anna", f"guess number {n}", "test") for n in range(20)),
        return_exceptions=True,
    )
    checked = [answer for answer in answers if isinstance(answer, UnauthenticatedError)]
    assert len(checked) <= 4
    assert all(isinstance(answer, TooManyAttemptsError | UnauthenticatedError) for answer in answers)


async def test_a_password_is_hashed_anew_when_the_parameters_have_changed(
    authenticator, add_account, database, ambient
):
    await add_account("anna")
    stronger = Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    sessions = Sessions(database, ambient, stronger, SessionRules(12, 10, 60))
    await sessions.sign_in("anna", PASSWORD, "test")
    stored = database.read_now(lambda c: c.scalar(sa.select(account.c.password_hash)))
    assert "m=16,t=2" in stored
    assert await sessions.sign_in("anna", PASSWORD, "test")


async def test_the_audit_log_has_every_attempt_but_no_name_that_nobody_has(
    authenticator, add_account, database
):
    await add_account("anna")
    await refused(authenticator, "my-secret-typed-as-a-name")
    await refused(authenticator, "anna")
    begun = await authenticator.sessions.sign_in("anna", PASSWORD, "192.0.2.7")
    await authenticator.sessions.end(begun.token, "192.0.2.7")
    events = database.read_now(audit.events)
    assert [event.action for event in events] == [
        "session.end",
        "session.begin",
        "session.refused",
        "session.refused",
        "account.add",
    ]
    assert events[1].origin == "192.0.2.7"
    assert "my-secret" not in repr(events)


async def test_a_very_long_password_is_refused_quickly_and_a_very_long_name_is_cut(
    authenticator, add_account
):
    await add_account("anna")
    await refused(authenticator, "anna", "x" * 1_000_000)
    await refused(authenticator, "n" * 1_000_000)
