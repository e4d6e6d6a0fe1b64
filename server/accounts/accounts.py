"""Accounts: add, list, change. Each change and its audit event are one transaction."""

import asyncio
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import audit
from server.accounts.model import Account, Doer, checked_username, fold_username
from server.accounts.passwords import Passwords, check_new_password
from server.ambient import Ambient
from server.db import Database, Row
from server.db.schema import account, api_token, session
from server.errors import ConflictError, InvalidInputError, NotFoundError

_COLUMNS = (
    account.c.account_id,
    account.c.username,
    account.c.role,
    account.c.created_at,
    account.c.disabled_at,
)


class Accounts:
    """The accounts of one server.

    ``roles`` are the roles there are; at least one enabled account keeps ``admin_role``, or nobody could ever
    manage accounts again.
    """

    def __init__(
        self,
        database: Database,
        ambient: Ambient,
        passwords: Passwords,
        *,
        roles: frozenset[str],
        admin_role: str,
    ) -> None:
        self._database = database
        self._ambient = ambient
        self._passwords = passwords
        self._roles = roles
        self._admin_role = admin_role

    async def add(
        self, username: str, role: str, password: str, by: Doer, *, is_generated: bool = False
    ) -> Account:
        """A new account.

        Raises :class:`InvalidInputError` for a name, role or password that cannot be used,
        :class:`ConflictError` if the name is taken.
        """
        name = checked_username(username)
        self._check_role(role)
        if not is_generated:
            check_new_password(password, name)
        password_hash = await asyncio.to_thread(self._passwords.hash, password)

        def work(connection: Connection) -> Account:
            if connection.scalar(sa.select(account.c.account_id).where(account.c.username == name)):
                raise ConflictError("An account with this name exists.")
            new = Account(self._ambient.new_id(), name, role, self._ambient.stamp(), None)
            connection.execute(
                account.insert().values(
                    account_id=new.account_id,
                    username=new.username,
                    role=new.role,
                    password_hash=password_hash,
                    created_at=new.created_at,
                )
            )
            self._record(connection, by, "account.add", new.account_id, {"role": role})
            return new

        return await self._database.write(work)

    async def list_page(self, *, after: str | None = None, limit: int = 100) -> list[Account]:
        """Accounts in the order of their names, those after the name ``after``."""

        def work(connection: Connection) -> list[Account]:
            query = sa.select(*_COLUMNS).order_by(account.c.username).limit(limit)
            if after is not None:
                query = query.where(account.c.username > after)
            return [_account(row) for row in connection.execute(query)]

        return await self._database.read(work)

    async def named(self, username: str) -> Account:
        """The account of that name. Raises :class:`NotFoundError`."""
        name = fold_username(username)

        def work(connection: Connection) -> Account:
            row = connection.execute(sa.select(*_COLUMNS).where(account.c.username == name)).one_or_none()
            if row is None:
                raise NotFoundError("There is no account with this name.")
            return _account(row)

        return await self._database.read(work)

    async def change(
        self,
        account_id: str,
        by: Doer,
        *,
        role: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
        is_generated: bool = False,
    ) -> Account:
        """Change what is not None, all of it or nothing.

        A new password or disabling ends the account's sessions; disabling revokes its API tokens. Raises
        :class:`NotFoundError`, :class:`InvalidInputError`, or :class:`ConflictError` where the last admin
        that can sign in would be lost.
        """
        if role is not None:
            self._check_role(role)
        password_hash = None
        if password is not None:
            if not is_generated:
                check_new_password(password, (await self._database.read(_reader(account_id))).username)
            password_hash = await asyncio.to_thread(self._passwords.hash, password)

        def work(connection: Connection) -> Account:
            return self._change(
                connection, account_id, by, role=role, password_hash=password_hash, disabled=disabled
            )

        return await self._database.write(work)

    def _change(
        self,
        connection: Connection,
        account_id: str,
        by: Doer,
        *,
        role: str | None,
        password_hash: str | None,
        disabled: bool | None,
    ) -> Account:
        now = self._ambient.stamp()
        before = _read(connection, account_id)
        if role is not None and role != before.role:
            connection.execute(_update(account_id).values(role=role))
            self._record(connection, by, "account.role", account_id, {"from": before.role, "to": role})
        if disabled is not None and disabled != (before.disabled_at is not None):
            # Enabling starts anew: no wait is left over from somebody's guesses.
            connection.execute(
                _update(account_id).values(
                    disabled_at=now if disabled else None, failed_attempts=0, wait_until=None
                )
            )
            if disabled:
                connection.execute(
                    api_token.update()
                    .where(api_token.c.account_id == account_id, api_token.c.revoked_at.is_(None))
                    .values(revoked_at=now)
                )
            self._record(connection, by, "account.disable" if disabled else "account.enable", account_id, {})
        if password_hash is not None:
            connection.execute(
                _update(account_id).values(password_hash=password_hash, failed_attempts=0, wait_until=None)
            )
            self._record(connection, by, "account.password", account_id, {})
        if password_hash is not None or disabled:
            connection.execute(session.delete().where(session.c.account_id == account_id))
        after = _read(connection, account_id)
        was_admin = before.role == self._admin_role and before.disabled_at is None
        is_admin = after.role == self._admin_role and after.disabled_at is None
        if was_admin and not is_admin and not self._has_admin(connection):
            raise ConflictError("This is the last admin who can sign in; make another one first.")
        return after

    def _has_admin(self, connection: Connection) -> bool:
        query = sa.select(account.c.account_id).where(
            account.c.role == self._admin_role, account.c.disabled_at.is_(None)
        )
        return connection.execute(query.limit(1)).first() is not None

    def _check_role(self, role: str) -> None:
        if role not in self._roles:
            raise InvalidInputError(f"A role is one of: {', '.join(sorted(self._roles))}.")

    def _record(
        self, connection: Connection, by: Doer, action: str, account_id: str, detail: audit.Detail
    ) -> None:
        audit.record(
            connection,
            self._ambient,
            account_id=by.account_id,
            actor=by.name,
            action=action,
            subject_kind="account",
            subject_id=account_id,
            detail=detail,
            origin=by.origin,
        )


def _reader(account_id: str) -> Callable[[Connection], Account]:
    return lambda connection: _read(connection, account_id)


def _read(connection: Connection, account_id: str) -> Account:
    row = connection.execute(sa.select(*_COLUMNS).where(account.c.account_id == account_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such account.")
    return _account(row)


def _update(account_id: str) -> sa.Update:
    return account.update().where(account.c.account_id == account_id)


def _account(row: Row) -> Account:
    return Account(row.account_id, row.username, row.role, row.created_at, row.disabled_at)
