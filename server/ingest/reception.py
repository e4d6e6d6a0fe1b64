"""The reception of a data folder: where files are sealed, and entered once they are complete.

The order of steps is chosen so that a crash between any two leaves nothing that recovery cannot tell apart: a
sealed file before its row, the canonical folder before the state that says it is there, and an original is
forgotten by the database before it is destroyed.
"""

import asyncio
import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from server import audit, catalog, jobs
from server.accounts import Doer
from server.ambient import Ambient
from server.catalog import Asset, AssetKind, Problem
from server.catalog.model import CONVERTED
from server.config import Settings
from server.db import Database
from server.db.schema import asset, upload
from server.deid import CHUNK_BYTES, Quarantine, QuarantineError, SealedMissingError, SealedWriter
from server.deid.policy import find_policy
from server.deid.pseudonyms import Pseudonyms
from server.deid.quarantine import kept_suffix
from server.deid.review_pictures import list_review, read_review, review_path
from server.deid.signing import Signer
from server.errors import InvalidInputError, NotFoundError, OutOfSpaceError, ServerError
from server.imagery.shelf import SlideShelf
from server.ingest.erasure import end_erasures
from server.ingest.gathering import Pack
from server.ingest.packing import StoredZip
from server.ingest.space import CANONICAL_FACTOR, require_space

CONVERT = "convert"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
STEM_LIMIT = 120
PACK_SUFFIX = ".zip"
log = structlog.get_logger("slidereel.ingest")


SYSTEM = Doer(None, "system", "system")
"""What the server does of itself."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Where a file belongs, and by which profile of the policy it is scrubbed (None: the default one)."""

    case_name: str
    profile: str | None


@dataclass(frozen=True, slots=True)
class SealedArrival:
    """A sealed file that is complete and has no row yet; it lies in quarantine under its asset's id."""

    asset_id: str
    case_name: str
    suffix: str
    size_bytes: int
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """An asset as it came in, and the job that will convert it."""

    asset_id: str
    job: jobs.Job


class Reception:
    """The data folder's reception; thread-safe. Several processes may each have one on the same folder."""

    def __init__(
        self, settings: Settings, ambient: Ambient, database: Database, shelf: SlideShelf | None = None
    ) -> None:
        self.settings = settings
        self.ambient = ambient
        self.database = database
        self.shelf = shelf
        self.data = settings.data
        self.assets_dir = self._folder("assets")
        self.work_dir = self._folder("work")
        self.owners_dir = self._folder("run")
        self.is_alive = jobs.LiveOwners(self.owners_dir)
        self.policy = find_policy(self.data, settings.policy_file)
        self.pseudonyms = Pseudonyms.of_data(self.data, ambient.random_bytes)
        self.signer = Signer.of_data(self.data, ambient.random_bytes)
        self.quarantine = Quarantine.open(
            self.data / "quarantine",
            settings.master_key_file or self.data / "keys" / "master.key",
            ambient.random_bytes,
        )

    def _folder(self, name: str) -> Path:
        path = self.data / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    async def readiness(self) -> str | None:
        """What is wrong with the data folder; None if all is well."""
        return await asyncio.to_thread(self._readiness)

    def _readiness(self) -> str | None:
        try:
            require_space(self.data, 0, self.settings.reserve_mib)
        except OutOfSpaceError:
            return "the disk is nearly full"
        except OSError:
            return "the data folder is missing"
        return None if os.access(self.data, os.W_OK) else "the data folder cannot be written"

    def take_file(
        self,
        path: Path,
        case_name: str | None,
        by: Doer,
        *,
        profile: str | None = None,
        owner_id: str | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Arrival:
        """Seal a copy of a file and enter it as a quarantined asset, with a job to convert it.

        ``profile``: of the policy, by which it is scrubbed; the default one unless said. With ``owner_id``
        the job is his from the start. ``progress`` is told bytes done and in all.
        Raises :class:`InvalidInputError` if the file cannot be read or the policy has no such profile,
        :class:`OutOfSpaceError` if there is no room; then nothing of it stays.
        """
        terms = self.terms(case_name, profile)
        try:
            file = path.open("rb", buffering=0)
        except OSError as error:
            raise InvalidInputError(f"The file cannot be opened: {error.strerror}.") from error
        with file:
            size = _regular_size(file)
            pieces = iter(lambda: file.read(CHUNK_BYTES), b"")
            return self._take(pieces, size, path.name, kept_suffix(path.name), terms, by, owner_id, progress)

    def take_pack(
        self,
        pack: Pack,
        case_name: str | None,
        by: Doer,
        *,
        profile: str | None = None,
        owner_id: str | None = None,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> Arrival:
        """Seal copies of several files as one, like :meth:`take_file`; raises the same."""
        terms = self.terms(case_name, profile)
        archive = StoredZip(pack.members)
        return self._take(
            archive.pieces(), archive.size_bytes, pack.stem, PACK_SUFFIX, terms, by, owner_id, progress
        )

    def terms(self, case_name: str | None, profile: str | None) -> Terms:
        """On what terms a file comes in. Raises :class:`InvalidInputError` for a name that cannot be."""
        if profile is not None:
            self.policy.profile(profile)
        return Terms(catalog.checked_case_name(case_name), profile)

    def _take(
        self,
        pieces: Iterator[bytes],
        size: int,
        name: str,
        suffix: str,
        terms: Terms,
        by: Doer,
        owner_id: str | None,
        progress: Callable[[int, int], None],
    ) -> Arrival:
        require_space(self.data, size * (1 + CANONICAL_FACTOR), self.settings.reserve_mib)
        asset_id = self.ambient.new_id()
        case_id = self.case_id(terms.case_name, by)
        try:
            with self.quarantine.create(asset_id, size, sealed_note(name), case_id=case_id) as writer:
                _copy(pieces, writer, size, progress)
                # The writer's lock is held until the row exists: nobody takes the file for an orphan.
                sealed = SealedArrival(asset_id, terms.case_name, suffix, size, terms.profile)
                return self.database.write_now(lambda c: self.enter(c, sealed, by, owner_id))
        except BaseException as error:
            self.quarantine.destroy(asset_id)
            self.tidy_cases()
            raise as_out_of_space(error) from error

    def case_id(self, case_name: str, by: Doer) -> str:
        """The case of that (checked) name, made if there is none: its key is among those that seal a file."""
        case_id = self.database.write_now(lambda c: self._case_id(c, case_name, by))
        end_erasures(self, SYSTEM, case_id)
        return case_id

    def _case_id(self, connection: Connection, case_name: str, by: Doer, new_id: str | None = None) -> str:
        case, is_new = catalog.get_or_create_case(connection, self.ambient, case_name, new_id)
        if is_new:
            self.record(connection, by, "case.created", case.case_id, kind="case")
        return case.case_id

    def tidy_cases(self) -> None:
        """Remove the cases that nothing came into in the end, with their keys; what cannot be removed now is
        at the next start."""
        with contextlib.suppress(ServerError, OSError):
            for case_id in self.database.read_now(catalog.unused_cases):
                # The key first: a case without one gets another as soon as something of it is sealed.
                if self.quarantine.drop_unused_key(case_id):
                    self.database.write_now(partial(self._remove_case, case_id=case_id))

    def _remove_case(self, connection: Connection, case_id: str) -> None:
        is_unused = case_id in catalog.unused_cases(connection) and not self.quarantine.has_files_of(case_id)
        if is_unused:
            catalog.remove_case(connection, case_id)
            self.record(connection, SYSTEM, "case.removed", case_id, kind="case")

    def enter(
        self, connection: Connection, sealed: SealedArrival, by: Doer, owner_id: str | None = None
    ) -> Arrival:
        """The rows of a sealed file that is complete: asset, job, audit event."""
        # Were its case tidied away since, the file would still open by the key of that case's id alone.
        sealed_by = self.quarantine.case_of(sealed.asset_id)
        case_id = self._case_id(connection, sealed.case_name, by, sealed_by)
        new = catalog.NewAsset(
            asset_id=sealed.asset_id,
            case_id=case_id,
            kind=AssetKind.UNKNOWN,
            source_suffix=sealed.suffix,
            source_bytes=sealed.size_bytes,
            created_by=by.account_id or by.name,
            quarantine_key=sealed.asset_id,
            profile=sealed.profile,
        )
        catalog.create_asset(connection, self.ambient, new)
        job = jobs.enqueue(
            connection, self.ambient, kind=CONVERT, asset_id=sealed.asset_id, owner_id=owner_id
        )
        detail: audit.Detail = {
            "source_bytes": sealed.size_bytes,
            "source_suffix": sealed.suffix,
            "case_id": case_id,
        }
        self.record(connection, by, "asset.received", sealed.asset_id, detail)
        return Arrival(sealed.asset_id, job)

    def is_wanted(self, key: str) -> bool:
        """Whether an asset or an unfinished upload still has its sealed original there."""

        def work(connection: Connection) -> bool:
            rows = sa.union_all(
                sa.select(asset.c.asset_id).where(asset.c.quarantine_key == key),
                sa.select(upload.c.upload_id).where(
                    upload.c.quarantine_key == key, upload.c.asset_id.is_(None)
                ),
            )
            return connection.execute(rows).first() is not None

        return self.database.read_now(work)

    def asset(self, asset_id: str) -> Asset:
        """The asset as it is now. Raises :class:`NotFoundError`."""
        return self.database.read_now(lambda c: catalog.get_asset(c, asset_id, intake=True))

    def reference(self) -> str:
        """A number under which a problem is found in the log."""
        return self.ambient.random_bytes(4).hex()

    def cancelled(self) -> Problem:
        """The problem of an asset whose conversion somebody stopped."""
        return Problem(
            "cancelled", "The conversion was cancelled; the original is in quarantine.", self.reference()
        )

    def record(
        self,
        connection: Connection,
        by: Doer,
        action: str,
        subject_id: str,
        detail: audit.Detail | None = None,
        *,
        kind: str = "asset",
    ) -> None:
        """An audit event inside the caller's transaction."""
        audit.record(
            connection,
            self.ambient,
            account_id=by.account_id,
            actor=by.name,
            action=action,
            subject_kind=kind,
            subject_id=subject_id,
            detail=detail,
            origin=by.origin,
        )

    def review_path(self, key: str) -> Path:
        """Where the sealed pictures for the reviewer lie: they die with their original."""
        return review_path(self.quarantine.path(key))

    def pictures_before(self, key: str) -> tuple[dict[str, Any], ...]:
        """What is said of each picture of a sealed original for the reviewer; nothing where none opens."""
        try:
            sealed, _note = self.quarantine.describe(key)
            return list_review(self.review_path(key), sealed.data_key)
        except QuarantineError:
            return ()

    def picture_before(self, key: str, name: str) -> bytes:
        """A picture of a sealed original as it was, as JPEG: it may show the patient.

        Raises :class:`NotFoundError` where there is none, :class:`server.deid.QuarantineError`.
        """
        try:
            sealed, _note = self.quarantine.describe(key)
            return read_review(self.review_path(key), sealed.data_key, name)[1]
        except SealedMissingError as error:
            raise NotFoundError("There is no such picture.") from error

    def sweep_folder(self, connection: Connection, asset_id: str) -> bool:
        """Remove the folder of an asset that in its state has none. False if no such asset is known.

        Under the writer's lock, because that is where another process publishes.
        """
        state = catalog.state_of(connection, asset_id)
        if state is not None and state not in CONVERTED:
            shutil.rmtree(self.assets_dir / asset_id, ignore_errors=True)
        return state is not None

    def _changed(self, asset_id: str) -> None:
        if self.shelf is not None:
            self.shelf.forget(asset_id)


def sealed_note(file_name: str) -> dict[str, str]:
    """What is remembered of a file's name, sealed with the file: the output must not contain it."""
    stem = Path(file_name).stem.encode("utf-8", "ignore").decode()[:STEM_LIMIT]
    return {"stem": stem}


def as_out_of_space(error: BaseException) -> BaseException:
    """A full disk as :class:`OutOfSpaceError`, everything else as it is."""
    if isinstance(error, OSError) and error.errno in FULL:
        return OutOfSpaceError(
            "The server's disk is full. Nothing of this was kept; free some space and try again."
        )
    return error


def _regular_size(file: BinaryIO) -> int:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInputError("This is not a regular file.")
    return status.st_size


def _copy(
    pieces: Iterator[bytes], writer: SealedWriter, size: int, progress: Callable[[int, int], None]
) -> None:
    done = 0
    for data in pieces:
        writer.write(data)
        done += len(data)
        progress(done, size)
    writer.finish()
