"""Sign in, stay signed in, sign out.

Guessing is slowed down in two ways: argon2's own cost, with few of them at a time, and a wait after several
wrong passwords in a row. A name that does not exist behaves exactly like one that does: same cost, same
sentence, same wait.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server import audit
from server.accounts.model import USERNAME_LIMIT, Account, SignedIn, fold_username
from server.accounts.passwords import Passwords
from server.accounts.tokens import new_token, token_digest
from server.accounts.unknown_names import SharedFailures, UnknownNames
from server.ambient import Ambient, rfc3339
from server.db import Database, Row
from server.db.schema import account, session
from server.errors import ForbiddenError, TooManyAttemptsError, UnauthenticatedError

AT_A_TIME = 2
"""Passwords checked at the same time: each takes 64 MiB and a core."""
QUEUE_LIMIT = 64
REFUSED = "The username or the password is not right."


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun; ``token`` goes into the cookie and is not stored."""

    token: str
    account: Account
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long a session lasts, and how guessing is slowed down."""

    session_hours: float
    login_attempts: int
    login_wait_s: int


class Sessions:
    """The sessions of one server."""

    def __init__(
        self,
        database: Database,
        ambient: Ambient,
        passwords: Passwords,
        rules: SessionRules,
        failures: SharedFailures | None = None,
    ) -> None:
        self._database = database
        self._ambient = ambient
        self._passwords = passwords
        self._rules = rules
        self._unknown = UnknownNames(rules.login_attempts, rules.login_wait_s, failures)
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._queued = 0

    async def sign_in(self, username: str, password: str, origin: str) -> NewSession:
        """Begin a session.

        Raises :class:`UnauthenticatedError` (always the same sentence), or :class:`TooManyAttemptsError`
        while this name has to wait or too many people are at the door.
        """
        async with self._turn():
            return await self._sign_in(fold_username(username[: USERNAME_LIMIT * 4]), password, origin)

    async def confirm(self, account_id: str, password: str, origin: str) -> None:
        """Make sure that whoever sits at a session knows the account's password; guesses count as at sign-in.

        Raises :class:`ForbiddenError` if he does not, :class:`TooManyAttemptsError`.
        """

        def read(connection: Connection) -> Row | None:
            query = sa.select(account).where(account.c.account_id == account_id)
            return connection.execute(query).one_or_none()

        async with self._turn():
            row = await self._database.read(read)
            self._refuse_while_waiting(_moment(row.wait_until) if row else None)
            stored = row.password_hash if row else None
            if not await asyncio.to_thread(self._passwords.verify, stored, password):
                await self._database.write(lambda connection: self._note_failure(connection, row, origin))
                raise ForbiddenError("The current password is not right.")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """A place among the few whose passwords are checked at a time."""
        if self._queued >= QUEUE_LIMIT:
            raise TooManyAttemptsError("Too many people are signing in; try again shortly.", retry_after_s=2)
        self._queued += 1
        try:
            async with self._turns:
                yield
        finally:
            self._queued -= 1

    async def _sign_in(self, name: str, password: str, origin: str) -> NewSession:
        def read(connection: Connection) -> Row | None:
            return connection.execute(sa.select(account).where(account.c.username == name)).one_or_none()

        row = await self._database.read(read)
        wait_until = self._unknown.wait_until(name) if row is None else _moment(row.wait_until)
        self._refuse_while_waiting(wait_until)
        stored = None if row is None else row.password_hash
        is_right = await asyncio.to_thread(self._passwords.verify, stored, password)
        if row is None or not is_right or row.disabled_at is not None:
            await self._database.write(lambda connection: self._note_failure(connection, row, origin))
            if row is None:
                self._unknown.note_failure(name, self._ambient.now())
            raise UnauthenticatedError(REFUSED)
        fresh_hash = None
        if self._passwords.is_outdated(row.password_hash):
            fresh_hash = await asyncio.to_thread(self._passwords.hash, password)
        return await self._database.write(lambda connection: self._begin(connection, row, fresh_hash, origin))

    def _refuse_while_waiting(self, wait_until: datetime | None) -> None:
        if wait_until is None:
            return
        left_s = (wait_until - self._ambient.now()).total_seconds()
        if left_s > 0:
            seconds = int(left_s) + 1
            raise TooManyAttemptsError(
                f"Too many wrong passwords; try again in {seconds} seconds.", retry_after_s=seconds
            )

    def _note_failure(self, connection: Connection, row: Row | None, origin: str) -> None:
        if row is not None:
            attempts = account.c.failed_attempts + 1
            connection.execute(
                account.update()
                .where(account.c.account_id == row.account_id)
                .values(
                    failed_attempts=attempts,
                    wait_until=sa.case(
                        (attempts >= self._rules.login_attempts, self._after_wait()),
                        else_=account.c.wait_until,
                    ),
                )
            )
        # A name that nobody has is often a password typed into the wrong field: it is not written down.
        audit.record(
            connection,
            self._ambient,
            account_id=None,
            actor="unknown",
            action="session.refused",
            subject_kind="account",
            subject_id="unknown" if row is None else row.account_id,
            origin=origin,
        )

    def _after_wait(self) -> str:
        return rfc3339(self._ambient.now() + timedelta(seconds=self._rules.login_wait_s))

    def _begin(self, connection: Connection, row: Row, fresh_hash: str | None, origin: str) -> NewSession:
        now = self._ambient.now()
        current = connection.execute(
            sa.select(account).where(account.c.account_id == row.account_id)
        ).one_or_none()
        if current is None or current.disabled_at is not None or current.password_hash != row.password_hash:
            raise UnauthenticatedError(REFUSED)
        connection.execute(
            account.update()
            .where(account.c.account_id == row.account_id)
            .values(failed_attempts=0, wait_until=None, password_hash=fresh_hash or current.password_hash)
        )
        connection.execute(session.delete().where(session.c.expires_at <= rfc3339(now)))
        begun = self._insert(connection, _account(current), now)
        self._record(connection, current, "session.begin", origin)
        return begun

    def _insert(self, connection: Connection, who: Account, now: datetime) -> NewSession:
        token = new_token(self._ambient.random_bytes)
        expires_at = now + timedelta(hours=self._rules.session_hours)
        connection.execute(
            session.insert().values(
                token_digest=token_digest(token),
                account_id=who.account_id,
                created_at=rfc3339(now),
                expires_at=rfc3339(expires_at),
            )
        )
        return NewSession(token, who, expires_at)

    async def renew(self, account_id: str) -> NewSession:
        """A session for somebody who has just proved who he is, after all his others were ended.

        Raises :class:`UnauthenticatedError` if the account is gone or disabled.
        """

        def work(connection: Connection) -> NewSession:
            row = connection.execute(
                sa.select(account).where(account.c.account_id == account_id, account.c.disabled_at.is_(None))
            ).one_or_none()
            if row is None:
                raise UnauthenticatedError(REFUSED)
            return self._insert(connection, _account(row), self._ambient.now())

        return await self._database.write(work)

    async def find(self, token: str) -> SignedIn | None:
        """Whose session it is, None if it has ended or never was."""
        digest, now = token_digest(token), self._ambient.stamp()

        def work(connection: Connection) -> SignedIn | None:
            row = connection.execute(
                sa.select(account.c.account_id, account.c.username, account.c.role, session.c.expires_at)
                .join(account, account.c.account_id == session.c.account_id)
                .where(
                    session.c.token_digest == digest,
                    session.c.expires_at > now,
                    account.c.disabled_at.is_(None),
                )
            ).one_or_none()
            return row and SignedIn(row.account_id, row.username, row.role, row.expires_at)

        return await self._database.read(work)

    async def end(self, token: str, origin: str) -> None:
        """Sign out. A session that has ended already stays so."""
        digest = token_digest(token)

        def work(connection: Connection) -> None:
            row = connection.execute(
                sa.select(account)
                .join(session, account.c.account_id == session.c.account_id)
                .where(session.c.token_digest == digest)
            ).one_or_none()
            if row is not None:
                connection.execute(session.delete().where(session.c.token_digest == digest))
                self._record(connection, row, "session.end", origin)

        await self._database.write(work)

    def _record(self, connection: Connection, row: Row, action: str, origin: str) -> None:
        audit.record(
            connection,
            self._ambient,
            account_id=row.account_id,
            actor=row.username,
            action=action,
            subject_kind="account",
            subject_id=row.account_id,
            origin=origin,
        )


def _account(row: Row) -> Account:
    return Account(row.account_id, row.username, row.role, row.created_at, row.disabled_at)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
