"""Signing in and out, and the caller's own password and API tokens."""

import msgspec
from aiohttp import web

from server.access import Actor, Permission, Role, actor_for
from server.accounts import ApiToken, NewSession
from server.accounts.api_tokens import DEFAULT_DAYS
from server.api.endpoint import Answer, Call, Public, Routes, json_answer
from server.api.gate import SESSION_COOKIE
from server.errors import ForbiddenError

routes = Routes("sessions")
CREDENTIALS_LIMIT_BYTES = 16 * 1024


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody signs in with."""

    username: str
    password: str


class PasswordChange(msgspec.Struct, forbid_unknown_fields=True):
    """One's own new password."""

    current: str
    new: str


class User(msgspec.Struct):
    """Who is signed in, and what he may do."""

    account_id: str | None
    username: str
    role: str
    permissions: list[str]


class SessionAnswer(msgspec.Struct):
    """The session."""

    user: User


class TokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An API token to make."""

    name: str
    days: int = DEFAULT_DAYS


class Token(msgspec.Struct):
    """An API token as a list shows it."""

    token_id: str
    name: str
    created_at: str
    expires_at: str


class NewToken(Token):
    """An API token just made. ``token`` is shown this once."""

    token: str


class TokenList(msgspec.Struct):
    """The caller's tokens."""

    items: list[Token]
    next_cursor: str | None = None


@routes.add(
    "POST",
    "/api/v1/session",
    Public.ANYBODY,
    request=Credentials,
    response=SessionAnswer,
    problems=("unauthenticated", "too-many-attempts", "invalid-input", "unsupported-media", "too-large"),
)
async def sign_in(call: Call) -> Answer:
    """Sign in; the session is a cookie that scripts cannot read."""
    given = await call.json_body(Credentials, CREDENTIALS_LIMIT_BYTES)
    authenticator = call.services.authenticator
    begun = await authenticator.sessions.sign_in(given.username, given.password, call.origin)
    earlier = call.request.cookies.get(SESSION_COOKIE)
    if earlier:
        await authenticator.sessions.end(earlier, call.origin)
        authenticator.forget(earlier)
    return _begun(call, begun)


@routes.add("GET", "/api/v1/session", Permission.SESSION_OWN, response=SessionAnswer)
async def who(call: Call) -> Answer:
    """Who is signed in, and what he may do."""
    return SessionAnswer(_user(call.actor))


@routes.add("DELETE", "/api/v1/session", Permission.SESSION_OWN)
async def sign_out(call: Call) -> Answer:
    """End this session."""
    token = call.request.cookies.get(SESSION_COOKIE)
    if token:
        await call.services.authenticator.sessions.end(token, call.origin)
        call.services.authenticator.forget(token)
    response = web.Response(status=204)
    # The next person at this browser may not be permitted to see the pictures that it kept.
    response.headers["Clear-Site-Data"] = '"cache"'
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict", secure=_is_secure(call))
    return response


@routes.add(
    "PUT",
    "/api/v1/session/password",
    Permission.SESSION_OWN,
    request=PasswordChange,
    response=SessionAnswer,
    problems=("invalid-input", "too-many-attempts", "unsupported-media", "too-large"),
)
async def change_password(call: Call) -> Answer:
    """Change one's own password; all other sessions of the account end."""
    account_id = _own_account(call)
    given = await call.json_body(PasswordChange, CREDENTIALS_LIMIT_BYTES)
    authenticator = call.services.authenticator
    await authenticator.sessions.confirm(account_id, given.current, call.origin)
    await authenticator.accounts.change(account_id, call.by, password=given.new)
    authenticator.forget_account(account_id)
    return _begun(call, await authenticator.sessions.renew(account_id))


@routes.add("GET", "/api/v1/tokens", Permission.SESSION_OWN, response=TokenList)
async def list_tokens(call: Call) -> Answer:
    """The caller's API tokens that work."""
    account_id = call.actor.account_id
    found = await call.services.authenticator.api_tokens.list_valid(account_id) if account_id else []
    return TokenList([_token(token) for token in found])


@routes.add(
    "POST",
    "/api/v1/tokens",
    Permission.SESSION_OWN,
    request=TokenRequest,
    response=NewToken,
    status=201,
    problems=("invalid-input", "conflict", "unsupported-media", "too-large"),
)
async def create_token(call: Call) -> Answer:
    """Make an API token for the caller's account; it is shown once."""
    account_id = _own_account(call)
    given = await call.json_body(TokenRequest, CREDENTIALS_LIMIT_BYTES)
    new = await call.services.authenticator.api_tokens.create(
        account_id, given.name, call.by, days=given.days
    )
    record = new.record
    return NewToken(record.token_id, record.name, record.created_at, record.expires_at, new.token)


@routes.add("DELETE", "/api/v1/tokens/{token_id}", Permission.SESSION_OWN, problems=("not-found",))
async def revoke_token(call: Call) -> Answer:
    """End one of the caller's API tokens at once."""
    account_id = call.actor.account_id or ""
    await call.services.authenticator.api_tokens.revoke(account_id, call.path("token_id"), call.by)
    call.services.authenticator.forget_account(account_id)
    return None


def _own_account(call: Call) -> str:
    """A stolen token must not be able to outlive its end: keys and passwords are for people who signed in."""
    if "Authorization" in call.request.headers or call.actor.account_id is None:
        raise ForbiddenError("This needs a session: sign in with your password.")
    return call.actor.account_id


def _begun(call: Call, begun: NewSession) -> web.Response:
    who = begun.account
    response = json_answer(SessionAnswer(_user(actor_for(who.account_id, who.username, Role(who.role)))))
    response.set_cookie(
        SESSION_COOKIE,
        begun.token,
        max_age=int(call.services.settings.session_hours * 3600),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_is_secure(call),
    )
    return response


def _is_secure(call: Call) -> bool:
    return call.request.secure or call.services.settings.public_origin.startswith("https://")


def _user(actor: Actor) -> User:
    return User(actor.account_id, actor.username, actor.role, sorted(actor.permissions))


def _token(token: ApiToken) -> Token:
    return Token(token.token_id, token.name, token.created_at, token.expires_at)
