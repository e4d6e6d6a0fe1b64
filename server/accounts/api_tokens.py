"""API tokens: a program's key to an account, with an end from the beginning."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import audit
from server.accounts.model import ApiToken, Doer, SignedIn
from server.accounts.tokens import new_token, token_digest
from server.ambient import Ambient, rfc3339
from server.db import Database
from server.db.schema import account, api_token
from server.errors import ConflictError, InvalidInputError, NotFoundError

DEFAULT_DAYS = 90
MAXIMUM_DAYS = 366
NAME_LIMIT = 64
TOKENS_PER_ACCOUNT = 100


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """A token just made; ``token`` is not to be had again."""

    token: str
    record: ApiToken


class ApiTokens:
    """The API tokens of one server."""

    def __init__(self, database: Database, ambient: Ambient) -> None:
        self._database = database
        self._ambient = ambient

    async def create(self, account_id: str, name: str, by: Doer, *, days: int = DEFAULT_DAYS) -> NewApiToken:
        """A new token for an account.

        Raises :class:`InvalidInputError` for a name or a time that cannot be, :class:`ConflictError` if
        there are too many, :class:`NotFoundError` if the account does not exist or is disabled.
        """
        if not 0 < len(name) <= NAME_LIMIT or not name.isprintable() or name != name.strip():
            raise InvalidInputError(f"The name of a token has 1 to {NAME_LIMIT} printable characters.")
        if not 1 <= days <= MAXIMUM_DAYS:
            raise InvalidInputError(f"A token lasts from 1 to {MAXIMUM_DAYS} days.")
        token = new_token(self._ambient.random_bytes)
        now = self._ambient.now()
        new = ApiToken(
            self._ambient.new_id(), account_id, name, rfc3339(now), rfc3339(now + timedelta(days=days)), None
        )

        def work(connection: Connection) -> NewApiToken:
            enabled = sa.select(account.c.account_id).where(
                account.c.account_id == account_id, account.c.disabled_at.is_(None)
            )
            if connection.execute(enabled).first() is None:
                raise NotFoundError("There is no such account, or it is disabled.")
            valid = sa.select(sa.func.count()).where(*_valid(account_id, new.created_at))
            if (connection.scalar(valid) or 0) >= TOKENS_PER_ACCOUNT:
                raise ConflictError(f"An account has at most {TOKENS_PER_ACCOUNT} tokens; revoke one first.")
            connection.execute(
                api_token.insert().values(
                    token_id=new.token_id,
                    token_digest=token_digest(token),
                    account_id=account_id,
                    name=name,
                    created_at=new.created_at,
                    expires_at=new.expires_at,
                )
            )
            self._record(connection, by, "token.create", new.token_id, {"days": days})
            return NewApiToken(token, new)

        return await self._database.write(work)

    async def list_valid(self, account_id: str) -> list[ApiToken]:
        """The account's tokens that work, oldest first. At most ``TOKENS_PER_ACCOUNT``."""
        now = self._ambient.stamp()

        def work(connection: Connection) -> list[ApiToken]:
            query = sa.select(api_token).where(*_valid(account_id, now))
            query = query.order_by(api_token.c.created_at, api_token.c.token_id)
            return [
                ApiToken(
                    row.token_id, row.account_id, row.name, row.created_at, row.expires_at, row.revoked_at
                )
                for row in connection.execute(query)
            ]

        return await self._database.read(work)

    async def revoke(self, account_id: str, token_id: str, by: Doer) -> None:
        """End one of the account's tokens. Raises :class:`NotFoundError` if none of that id works."""
        now = self._ambient.stamp()

        def work(connection: Connection) -> None:
            changed = connection.execute(
                api_token.update()
                .where(*_valid(account_id, now), api_token.c.token_id == token_id)
                .values(revoked_at=now)
            )
            if changed.rowcount == 0:
                raise NotFoundError("There is no such token.")
            self._record(connection, by, "token.revoke", token_id, {})

        await self._database.write(work)

    async def find(self, token: str) -> SignedIn | None:
        """Whom the token stands for, None if it does not work."""
        digest, now = token_digest(token), self._ambient.stamp()

        def work(connection: Connection) -> SignedIn | None:
            row = connection.execute(
                sa.select(account.c.account_id, account.c.username, account.c.role, api_token.c.expires_at)
                .join(account, account.c.account_id == api_token.c.account_id)
                .where(
                    api_token.c.token_digest == digest,
                    api_token.c.expires_at > now,
                    api_token.c.revoked_at.is_(None),
                    account.c.disabled_at.is_(None),
                )
            ).one_or_none()
            return row and SignedIn(row.account_id, row.username, row.role, row.expires_at)

        return await self._database.read(work)

    def _record(
        self, connection: Connection, by: Doer, action: str, token_id: str, detail: audit.Detail
    ) -> None:
        audit.record(
            connection,
            self._ambient,
            account_id=by.account_id,
            actor=by.name,
            action=action,
            subject_kind="token",
            subject_id=token_id,
            detail=detail,
            origin=by.origin,
        )


def _valid(account_id: str, now: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        api_token.c.account_id == account_id,
        api_token.c.expires_at > now,
        api_token.c.revoked_at.is_(None),
    )
