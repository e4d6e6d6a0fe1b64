"""Secrets that stand for somebody: 256 random bits each, of which the database has only the digest."""

import base64
import hashlib
from collections.abc import Callable

TOKEN_BYTES = 32


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """A token of 43 characters that may stand in a cookie or a header."""
    return base64.urlsafe_b64encode(random_bytes(TOKEN_BYTES)).rstrip(b"=").decode("ascii")


def token_digest(token: str) -> str:
    """SHA-256 (hex). A plain hash is enough: nobody guesses 256 bits, however fast the hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
