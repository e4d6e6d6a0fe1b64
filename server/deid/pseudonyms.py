"""Pseudonyms of patients and cases, and the days by which each patient's dates are shifted.

Everything is derived from a key that lies in a file of its own; the database, a file of its own too, holds
digests and pseudonyms, never who somebody is. Without the key nobody can tell whose pseudonym it is, nor
find out by trying all numbers that a patient might have.

The file uses a rollback journal rather than a write-ahead log: it is written once for each new patient,
several processes may come at the same moment (decision 4 says what old versions of SQLite do to a log then),
and nothing that was erased stays behind in a log.
"""

import hashlib
import hmac
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from server.deid.key_file import load_key
from server.deid.pseudonym_digest import subject_digest
from server.deid.seal import RandomBytes
from server.errors import OutOfSpaceError, StorageError

__all__ = ["Patient", "PseudonymError", "Pseudonyms", "shifted", "subject_digest"]

DATABASE_FILE = "pseudonyms.sqlite"
KEY_FILE = "pseudonym.key"
MOST_DAYS = 365
SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE key_check (digest TEXT NOT NULL);
CREATE TABLE pseudonym (
    kind TEXT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    shift_days INTEGER NOT NULL,
    PRIMARY KEY (kind, digest)
) WITHOUT ROWID;
"""
_BUSY_WAIT_S = 20.0
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is taken for a digit, or for another letter."""
_SHORTEST_CHARACTERS, _GROUP_CHARACTERS = 8, 4
_LONGEST_CHARACTERS = 48
_PATIENT, _CASE = "patient", "case"


class PseudonymError(StorageError):
    """The pseudonyms cannot be read or written, or belong to another key."""


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as everybody may know one. shift_days: −365 … 365, never 0."""

    name: str
    shift_days: int


class Pseudonyms:
    """The pseudonyms of one data folder; thread-safe, and shared by processes."""

    def __init__(self, path: Path, key_file: Path, random_bytes: RandomBytes) -> None:
        """Key and database are made on first use.

        Raises PseudonymError if the database is of another key, or is there without one; StorageError.
        """
        self._path = path
        key = load_key(
            key_file, random_bytes, purpose="The key of the pseudonyms", may_create=not path.exists()
        )
        # Whoever reads a hostile file gets the first of these only, and can name nobody with it.
        self.digest_key = _derived(key, "digest")
        self._name_key = _derived(key, "name")
        self._shift_key = _derived(key, "shift")
        with self._transaction() as connection:
            self._prepare(connection, _derived(key, "check").hex())

    @classmethod
    def of_data(cls, data: Path, random_bytes: RandomBytes) -> "Pseudonyms":
        """Those of a data folder, at their usual places."""
        return cls(data / DATABASE_FILE, data / "keys" / KEY_FILE, random_bytes)

    def patient(self, digest: str) -> Patient:
        """The patient behind a `subject_digest`: the same one whenever asked. Durable when it returns.

        Raises PseudonymError, OutOfSpaceError.
        """
        name, shift_days = self._find_or_make(_PATIENT, digest, "P", _shift_days(self._shift_key, digest))
        return Patient(name, shift_days)

    def case_name(self, text: str) -> str:
        """The pseudonym of a case that somebody else named (an accession number, a folder): "C-XXXX-XXXX".

        Upper and lower case and blanks around it make no difference. Raises PseudonymError, OutOfSpaceError.
        """
        digest = hmac.new(
            self.digest_key,
            b"slidereel case 1\0" + text.strip().casefold().encode("utf-8", "surrogatepass"),
            hashlib.sha256,
        )
        return self._find_or_make(_CASE, digest.hexdigest(), "C", 0)[0]

    def forget(self, known_as: str) -> str | None:
        """Erase the row of the patient of this digest or pseudonym, overwriting it.

        The pseudonym that was forgotten, None if there was no such row. Should this patient come again,
        pseudonym and shift will be the same: they follow from the key. Only who has the key and the patient's
        number can tell so. Raises PseudonymError.
        """
        row = (_PATIENT, known_as, known_as)
        with self._transaction() as connection:
            known = connection.execute(
                "SELECT name FROM pseudonym WHERE kind = ? AND (digest = ? OR name = ?)", row
            ).fetchone()
            connection.execute("DELETE FROM pseudonym WHERE kind = ? AND (digest = ? OR name = ?)", row)
            return None if known is None else str(known[0])

    def _find_or_make(self, kind: str, digest: str, initial: str, shift_days: int) -> tuple[str, int]:
        with self._transaction() as connection:
            known = connection.execute(
                "SELECT name, shift_days FROM pseudonym WHERE kind = ? AND digest = ?", (kind, digest)
            ).fetchone()
            if known is not None:
                return str(known[0]), int(known[1])
            for name in _names(self._name_key, initial, digest):
                made = connection.execute(
                    "INSERT OR IGNORE INTO pseudonym VALUES (?, ?, ?, ?)", (kind, digest, name, shift_days)
                )
                if made.rowcount:
                    return name, shift_days
        raise PseudonymError("No pseudonym is free for this patient.")

    def _prepare(self, connection: sqlite3.Connection, check: str) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute("INSERT INTO key_check VALUES (?)", (check,))
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise PseudonymError("The pseudonyms were written by a newer version of Slidereel.")
        elif connection.execute("SELECT digest FROM key_check").fetchall() != [(check,)]:
            raise PseudonymError("The pseudonyms were made under another key than the one that is there.")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction of its own connection, durable at the end, undone on an error."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite would make it readable for whom the umask permits.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            with closing(
                sqlite3.connect(self._path, timeout=_BUSY_WAIT_S, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = EXTRA")
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}:
                raise OutOfSpaceError(
                    "The server's disk is full. Nothing of this was saved; free some space and try again."
                ) from error
            raise PseudonymError("The file of pseudonyms cannot be used.") from error
        except OSError as error:
            raise PseudonymError(f"The file of pseudonyms cannot be used: {error.strerror}.") from error


def shifted(day: date, patient: Patient) -> date:
    """A patient's day, moved by this patient's days: what lies between two days stays as it was.

    Beyond the ends of the calendar it goes on at the other end; nobody was examined there.
    """
    ordinal = (day.toordinal() - 1 + patient.shift_days) % date.max.toordinal() + 1
    return date.fromordinal(ordinal)


def _derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose: knowing it tells nothing of the others."""
    return hmac.new(key, b"slidereel pseudonyms 1\0" + purpose.encode(), hashlib.sha256).digest()


def _shift_days(key: bytes, digest: str) -> int:
    number = int.from_bytes(hmac.new(key, digest.encode(), hashlib.sha256).digest())
    days = number % (2 * MOST_DAYS) - MOST_DAYS
    return days if days < 0 else days + 1


def _names(key: bytes, initial: str, digest: str) -> Iterator[str]:
    """From the shortest on: "P-XXXX-XXXX", and a group more where that one is somebody else's."""
    number = int.from_bytes(hmac.new(key, f"{initial} {digest}".encode(), hashlib.sha256).digest())
    characters = "".join(_ALPHABET[number >> (251 - 5 * place) & 31] for place in range(_LONGEST_CHARACTERS))
    for length in range(_SHORTEST_CHARACTERS, _LONGEST_CHARACTERS + 1, _GROUP_CHARACTERS):
        groups = (characters[at : at + _GROUP_CHARACTERS] for at in range(0, length, _GROUP_CHARACTERS))
        yield "-".join((initial, *groups))
