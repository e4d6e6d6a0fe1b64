"""Sign a document so that anybody can check it: Ed25519 over one exact form of its JSON.

The exact form follows RFC 8785 (JSON Canonicalization Scheme), with one restriction that makes it easy to
produce in any language: there are no floating-point numbers; a number that is not whole is written as text.
Keys are ASCII and sorted, there is no white space, text is UTF-8 with nothing escaped but the quotation mark,
the backslash and control characters.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from server.deid.key_file import load_key
from server.deid.seal import RandomBytes
from server.errors import InvalidInputError

ALGORITHM = "Ed25519"
KEY_FILE = "report.key"
_KEY_ID_CHARACTERS = 16
_LARGEST_NUMBER = 2**53


class SignatureError(InvalidInputError):
    """A signed document is not what was signed, or not signed by the one who should have."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs. The private key never leaves this object and its file."""

    _key: Ed25519PrivateKey

    @classmethod
    def of_data(cls, data: Path, random_bytes: RandomBytes) -> "Signer":
        """With the key of a data folder, made on first use. Raises StorageError."""
        path = data / "keys" / KEY_FILE
        seed = load_key(path, random_bytes, purpose="The key of the reports", may_create=True)
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()

    @property
    def public_pem(self) -> str:
        """The public key as PEM, for whoever is to check signatures."""
        pem = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode()

    def sign(self, document: Mapping[str, Any]) -> dict[str, str]:
        """The signature of a document, to stand beside it. Raises TypeError for one without an exact form."""
        return {
            "algorithm": ALGORITHM,
            "key_id": key_id(self.public_key),
            "public_key": base64.b64encode(self.public_key).decode(),
            "value": base64.b64encode(self._key.sign(canonical(document))).decode(),
        }


def key_id(public_key: bytes) -> str:
    """A short name of a key: the beginning of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:_KEY_ID_CHARACTERS]


def check_signature(document: Any, signature: Any, *, public_key: bytes | None = None) -> str:
    """The name of the key that signed this document.

    public_key: the one that must have; without it, the one that stands in the signature, which proves only
    that nothing was changed since somebody signed. Raises SignatureError.
    """
    try:
        stated = base64.b64decode(signature["public_key"], validate=True)
        value = base64.b64decode(signature["value"], validate=True)
        is_ours = signature["algorithm"] == ALGORITHM and signature["key_id"] == key_id(stated)
        signed = canonical(document)
    except (KeyError, TypeError, ValueError, binascii.Error, RecursionError) as error:
        raise SignatureError("This is not a signed report.") from error
    if not is_ours:
        raise SignatureError("The report's signature is of a kind that is not known.")
    if public_key is not None and stated != public_key:
        raise SignatureError("The report was signed with another key than the one that was given.")
    try:
        Ed25519PublicKey.from_public_bytes(stated).verify(value, signed)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("The report was altered after it was signed.") from error
    return key_id(stated)


def read_public_key(pem: bytes) -> bytes:
    """The 32 bytes of a public key in PEM. Raises SignatureError."""
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise SignatureError("The public key is not in PEM.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignatureError("The public key is not of the kind that signs reports.")
    return key.public_bytes_raw()


def canonical(document: Any) -> bytes:
    """The exact form of a document of mappings, sequences, text, whole numbers, true, false and null.

    Raises TypeError, ValueError for anything else.
    """
    _check(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def without_fractions(value: Any) -> Any:
    """The same document with numbers that are not whole as text, in their shortest exact form."""
    if isinstance(value, Mapping):
        return {str(key): without_fractions(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_fractions(item) for item in value]
    return repr(value) if isinstance(value, float) else value


def _check(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise TypeError("a key that is not ASCII")
            _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)
    elif isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= _LARGEST_NUMBER:
            raise ValueError("a number that not every reader of JSON keeps")
    elif not (value is None or isinstance(value, str | bool)):
        raise TypeError("a value without an exact form")
