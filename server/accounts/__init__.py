"""Our users: accounts, passwords, sessions and API tokens. (A patient is never a user: see ``deid``.)"""

from server.accounts.accounts import Accounts
from server.accounts.api_tokens import ApiTokens, NewApiToken
from server.accounts.model import Account, ApiToken, Doer, SignedIn
from server.accounts.passwords import Passwords
from server.accounts.sessions import NewSession, Sessions

__all__ = [
    "Account",
    "Accounts",
    "ApiToken",
    "ApiTokens",
    "Doer",
    "NewApiToken",
    "NewSession",
    "Passwords",
    "Sessions",
    "SignedIn",
]
