"""API tokens: shown once, with an end, revocable."""

import pytest
import sqlalchemy as sa

from server.db.schema import api_token
from server.errors import InvalidInputError, NotFoundError
from tests.server.conftest import BY


async def test_a_token_works_until_its_end(authenticator, add_account, clock):
    account = await add_account()
    new = await authenticator.api_tokens.create(account.account_id, "script", BY, days=2)
    clock.turn(days=2, seconds=-1)
    assert (await authenticator.api_tokens.find(new.token)).username == "anna"
    clock.turn(seconds=1)
    assert await authenticator.api_tokens.find(new.token) is None


async def test_a_revoked_token_is_gone_from_use_and_list(authenticator, add_account):
    account = await add_account()
    kept = await authenticator.api_tokens.create(account.account_id, "kept", BY)
    gone = await authenticator.api_tokens.create(account.account_id, "gone", BY)
    await authenticator.api_tokens.revoke(account.account_id, gone.record.token_id, BY)
    assert await authenticator.api_tokens.find(gone.token) is None
    assert await authenticator.api_tokens.list_valid(account.account_id) == [kept.record]
    with pytest.raises(NotFoundError):
        await authenticator.api_tokens.revoke(account.account_id, gone.record.token_id, BY)


async def test_nobody_revokes_the_token_of_somebody_else(authenticator, add_account):
    anna, bert = await add_account("anna"), await add_account("bert")
    new = await authenticator.api_tokens.create(anna.account_id, "script", BY)
    with pytest.raises(NotFoundError):
        await authenticator.api_tokens.revoke(bert.account_id, new.record.token_id, BY)
    assert await authenticator.api_tokens.find(new.token) is not None


async def test_only_the_digest_is_stored(authenticator, add_account, database):
    account = await add_account()
    new = await authenticator.api_tokens.create(account.account_id, "script", BY)
    assert new.token not in repr(database.read_now(lambda c: c.execute(sa.select(api_token)).all()))


@pytest.mark.parametrize(
    ("name", "days"), [("", 1), (" x", 1), ("a\nb", 1), ("x" * 65, 1), ("x", 0), ("x", 367)]
)
async def test_a_name_or_time_that_cannot_be_is_refused(authenticator, add_account, name, days):
    account = await add_account()
    with pytest.raises(InvalidInputError):
        await authenticator.api_tokens.create(account.account_id, name, BY, days=days)


async def test_a_disabled_account_gets_no_token(authenticator, add_account):
    await add_account("root")
    account = await add_account("anna")
    await authenticator.accounts.change(account.account_id, BY, disabled=True)
    with pytest.raises(NotFoundError):
        await authenticator.api_tokens.create(account.account_id, "script", BY)
