"""Who is asking: from a session's cookie or an API token to an :class:`Actor`.

A viewer asks for hundreds of tiles a second, so an answer of the database is trusted for ``TRUST_S``.
Whatever the server itself ends (sign-out, disabling) ends at once in all its processes; what a command
beside it changes, after ``TRUST_S`` at most.
"""

import time
from collections.abc import Callable
from datetime import datetime

from server.access.permission import Actor, Role, actor_for
from server.accounts import Accounts, ApiTokens, Passwords, Sessions, SignedIn
from server.accounts.sessions import SessionRules
from server.accounts.unknown_names import SharedFailures
from server.ambient import Ambient
from server.config import Settings
from server.db import Database
from server.db.notices import Notices

TRUST_S = 2.0
REMEMBERED_LIMIT = 4096
_ROLES = frozenset(Role)


class Authenticator:
    """Sessions and tokens as actors, with the services of ``accounts`` that stand behind them."""

    def __init__(
        self,
        database: Database,
        ambient: Ambient,
        settings: Settings,
        *,
        passwords: Passwords | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        notices: Notices | None = None,
        failures: SharedFailures | None = None,
    ) -> None:
        passwords = passwords or Passwords()
        rules = SessionRules(settings.session_hours, settings.login_attempts, settings.login_wait_s)
        self.accounts = Accounts(database, ambient, passwords, roles=_ROLES, admin_role=Role.ADMIN)
        self.sessions = Sessions(database, ambient, passwords, rules, failures)
        self.api_tokens = ApiTokens(database, ambient)
        self._ambient = ambient
        self._monotonic_s = monotonic_s
        self._known: dict[str, tuple[float, Actor]] = {}
        self._notices = notices or Notices()
        self._heard = self._notices.heard()

    def remembered(self, token: str) -> Actor | None:
        """The actor of a session that was looked up a moment ago; never waits. None: ask :meth:`session`."""
        if (heard := self._notices.heard()) != self._heard:
            self._known.clear()
            self._heard = heard
        entry = self._known.get(token)
        if entry is None or entry[0] < self._monotonic_s():
            return None
        return entry[1]

    async def session(self, token: str) -> Actor | None:
        """The actor of a session, None if it has ended or never was."""
        heard = self._notices.heard()
        return self._remember(token, await self.sessions.find(token), heard)

    async def bearer(self, token: str) -> Actor | None:
        """The actor of an API token, None if it does not work."""
        # The prefix keeps the two kinds apart: a token in the cookie's place is nobody's session.
        key = "bearer " + token
        if (actor := self.remembered(key)) is not None:
            return actor
        heard = self._notices.heard()
        return self._remember(key, await self.api_tokens.find(token), heard)

    def forget(self, token: str) -> None:
        """Do not trust this session's last answer any more, in any process of the server."""
        self._known.pop(token, None)
        self._notices.tell()

    def forget_account(self, account_id: str) -> None:
        """Do not trust any answer about this account any more, in any process of the server."""
        for key in [key for key, (_, actor) in self._known.items() if actor.account_id == account_id]:
            del self._known[key]
        self._notices.tell()

    def _remember(self, key: str, found: SignedIn | None, heard: bytes) -> Actor | None:
        # A role that this version does not know may do nothing here.
        if found is None or found.role not in _ROLES:
            self._known.pop(key, None)
            return None
        actor = actor_for(found.account_id, found.username, Role(found.role))
        # Where something was forgotten while the database was asked, its answer may be the older one.
        if heard == self._notices.heard():
            left_s = (datetime.fromisoformat(found.expires_at) - self._ambient.now()).total_seconds()
            self._known.pop(key, None)
            if len(self._known) >= REMEMBERED_LIMIT:
                del self._known[next(iter(self._known))]
            self._known[key] = (self._monotonic_s() + min(TRUST_S, left_s), actor)
        return actor
