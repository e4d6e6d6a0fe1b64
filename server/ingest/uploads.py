"""Resumable uploads: sealed from the first byte, one writer at a time, an asset when the last byte is there.

What is acknowledged is what the ``upload`` table says, and it says so only after those bytes are on the disk.
An upload's id is its sealed file's name and becomes its asset's id. A long one may be taken in parts
(:mod:`server.ingest.upload_parts`), each of which looks like an upload to whoever sends it.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from server.accounts import Doer
from server.ambient import rfc3339
from server.db import Row
from server.db.schema import upload as table
from server.deid import SealedWriter
from server.deid.quarantine import kept_suffix
from server.errors import ConflictError, NotFoundError, TooLargeError, WrongStateError
from server.ingest import upload_parts
from server.ingest.reception import Reception, SealedArrival, as_out_of_space, sealed_note
from server.ingest.space import CANONICAL_FACTOR, require_space
from server.ingest.turns import Turns
from server.ingest.upload_parts import Part


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload, or a part of one; complete when it has an asset. Lengths in bytes.

    parts: of an upload that is taken in parts; empty otherwise, and in a part. part: what this is of
    upload ``upload_id``, None where it is the whole.
    """

    upload_id: str
    account_id: str
    case_name: str
    source_suffix: str
    length_bytes: int
    offset_bytes: int
    created_at: str
    expires_at: str
    asset_id: str | None
    parts: tuple[Part, ...] = ()
    part: Part | None = None
    profile: str | None = None

    @property
    def wanted_bytes(self) -> int:
        """The length of what is sent to this address."""
        return self.part.span.length_bytes if self.part else self.length_bytes

    @property
    def taken_bytes(self) -> int:
        """How much of that is here."""
        return self.part.offset_bytes if self.part else self.offset_bytes


class Uploads:
    """The uploads of one data folder; thread-safe. ``turns`` is for one event loop."""

    def __init__(self, intake: Reception) -> None:
        self._intake = intake
        self.turns = Turns(intake.owners_dir / "turns")

    def create(
        self,
        by: Doer,
        length_bytes: int,
        file_name: str,
        case_name: str | None,
        parts: int = 0,
        profile: str | None = None,
    ) -> Upload:
        """Begin an upload of a known length. Its file's name is sealed with it; the suffix stays readable.

        With ``parts`` it is taken in at most so many; ``profile``: of the policy, by which it is scrubbed.
        Raises :class:`InvalidInputError`, :class:`TooLargeError` or :class:`OutOfSpaceError` before anything
        is written.
        """
        intake, settings = self._intake, self._intake.settings
        spans = upload_parts.plan(length_bytes, parts) if parts and length_bytes else []
        terms = intake.terms(case_name, profile)
        if length_bytes > settings.upload_limit_gib * (1 << 30):
            raise TooLargeError(f"An upload may have at most {settings.upload_limit_gib:g} GiB.")
        promised = intake.database.read_now(_promised_bytes)
        require_space(intake.data, promised + length_bytes * (1 + CANONICAL_FACTOR), settings.reserve_mib)
        upload = Upload(
            upload_id=intake.ambient.new_id(),
            account_id=by.account_id or "",
            case_name=terms.case_name,
            source_suffix=kept_suffix(file_name),
            length_bytes=length_bytes,
            offset_bytes=0,
            created_at=intake.ambient.stamp(),
            expires_at=self._expiry(),
            asset_id=None,
            parts=tuple(Part(intake.ambient.new_id(), span, 0) for span in spans),
            profile=terms.profile,
        )
        case_id = intake.case_id(terms.case_name, by)
        note = sealed_note(file_name)
        try:
            with intake.quarantine.create(upload.upload_id, length_bytes, note, case_id=case_id) as writer:
                intake.database.write_now(lambda c: _insert(c, upload))
                # A file without bytes is complete from the start.
                return upload if length_bytes else self._note(upload, by, writer)
        except BaseException as error:
            intake.quarantine.destroy(upload.upload_id)
            intake.tidy_cases()
            raise as_out_of_space(error) from error

    def get(self, upload_id: str, by: Doer) -> Upload:
        """The caller's own upload, or a part of one. Raises :class:`NotFoundError`."""

        def work(connection: Connection) -> Upload | None:
            found = upload_parts.find(connection, upload_id)
            whole_id, part = found or (upload_id, None)
            row = connection.execute(sa.select(table).where(table.c.upload_id == whole_id)).one_or_none()
            if row is None or row.account_id != by.account_id:
                return None
            parts = () if part else tuple(upload_parts.of_upload(connection, whole_id))
            return replace(_upload(row), part=part, parts=parts)

        upload = self._intake.database.read_now(work)
        if upload is None or upload.expires_at < self._intake.ambient.stamp():
            raise NotFoundError("There is no such upload.")
        return upload

    def unfinished(self, by: Doer) -> list[Upload]:
        """The caller's uploads that are not complete, newest first."""
        query = (
            sa.select(table)
            .where(table.c.account_id == by.account_id, table.c.asset_id.is_(None))
            .where(table.c.expires_at >= self._intake.ambient.stamp())
            .order_by(table.c.created_at.desc())
        )

        def work(connection: Connection) -> list[Upload]:
            return [
                replace(_upload(row), parts=tuple(upload_parts.of_upload(connection, row.upload_id)))
                for row in connection.execute(query).all()
            ]

        return self._intake.database.read_now(work)

    def append(self, upload_id: str, by: Doer, offset_bytes: int) -> "Append":
        """Begin to add bytes at the end. Raises :class:`ConflictError` if ``offset_bytes`` is not the end."""
        upload = self.get(upload_id, by)
        if upload.parts:
            raise ConflictError("This upload is taken in parts; send each of them to its own address.")
        if upload.taken_bytes != offset_bytes:
            raise ConflictError(f"The next byte that is wanted is number {upload.taken_bytes}.")
        if upload.asset_id is not None:
            return Append(self, upload, by, None)
        span = upload.part.span if upload.part else None
        writer = self._intake.quarantine.resume(upload.upload_id, offset_bytes, span)
        return Append(self, upload, by, writer)

    def end(self, upload_id: str, by: Doer) -> None:
        """Give an unfinished upload up. Raises :class:`WrongStateError` once it is an asset."""
        upload = self.get(upload_id, by)
        if upload.part is not None:
            raise WrongStateError("This is a part of an upload; give the whole upload up instead.")

        def work(connection: Connection) -> bool:
            return _delete(connection, sa.and_(table.c.upload_id == upload_id, table.c.asset_id.is_(None)))

        if not self._intake.database.write_now(work):
            raise WrongStateError("This upload is complete; discard its asset instead.")
        self._intake.quarantine.destroy(upload.upload_id)
        self._intake.tidy_cases()

    def sweep(self) -> None:
        """Forget what has expired."""
        intake = self._intake
        expired = table.c.expires_at < intake.ambient.stamp()
        rows = intake.database.read_now(lambda c: c.execute(sa.select(table).where(expired)).all())
        for row in rows:

            def work(connection: Connection, upload_id: str = row.upload_id) -> bool:
                return _delete(connection, sa.and_(table.c.upload_id == upload_id, expired))

            if intake.database.write_now(work) and row.asset_id is None:
                intake.quarantine.destroy(row.upload_id)
        if rows:
            intake.tidy_cases()

    def note(self, upload: Upload, by: Doer, writer: SealedWriter) -> Upload:
        """Make what the writer has taken durable, then write down that it is."""
        require_space(self._intake.data, 0, self._intake.settings.reserve_mib)
        return self._note(upload, by, writer)

    def _note(self, upload: Upload, by: Doer, writer: SealedWriter) -> Upload:
        intake = self._intake
        try:
            offset = writer.save()
        except OSError as error:
            raise as_out_of_space(error) from error
        is_complete = writer.is_complete and (upload.part is None or offset == upload.part.span.length_bytes)
        expires_at = self._expiry()

        def work(connection: Connection) -> Upload:
            part, total = upload.part, offset
            if part is not None:
                total = upload_parts.note(connection, upload.upload_id, part.part_id, offset)
                part = replace(part, offset_bytes=offset)
            is_whole = is_complete and total == upload.length_bytes
            noted = replace(
                upload,
                offset_bytes=total,
                expires_at=expires_at,
                asset_id=upload.upload_id if is_whole else None,
                part=part,
            )
            values = {"offset_bytes": total, "expires_at": expires_at, "asset_id": noted.asset_id}
            change = table.update().where(table.c.upload_id == noted.upload_id).values(**values)
            if connection.execute(change).rowcount != 1:
                raise NotFoundError("There is no such upload any more.")
            if noted.asset_id is not None:
                sealed = SealedArrival(
                    noted.asset_id, noted.case_name, noted.source_suffix, noted.length_bytes, noted.profile
                )
                intake.enter(connection, sealed, by)
            return noted

        return intake.database.write_now(work)

    def _expiry(self) -> str:
        ambient = self._intake.ambient
        return rfc3339(ambient.now() + timedelta(days=self._intake.settings.upload_days))


class Append:
    """Bytes being added to one upload: by one thread at a time, ended by :meth:`close`."""

    def __init__(self, uploads: Uploads, upload: Upload, by: Doer, writer: SealedWriter | None) -> None:
        self._uploads = uploads
        self._by = by
        self._writer = writer
        self.upload = upload

    @property
    def room_bytes(self) -> int:
        """How many bytes are still wanted."""
        taken = self._writer.offset_bytes if self._writer else self.upload.taken_bytes
        return self.upload.wanted_bytes - taken

    def write(self, data: bytes) -> None:
        """Take bytes. Raises :class:`TooLargeError` beyond the announced length, :class:`OutOfSpaceError`."""
        if len(data) > self.room_bytes or (self._writer is None and data):
            raise TooLargeError("More bytes came than the upload was announced with.")
        if self._writer is not None:
            try:
                self._writer.write(data)
            except OSError as error:
                raise as_out_of_space(error) from error

    def save(self) -> Upload:
        """Make what was taken durable and acknowledged; the last byte makes the upload an asset."""
        if self._writer is not None:
            self.upload = self._uploads.note(self.upload, self._by, self._writer)
        return self.upload

    def close(self) -> None:
        """Let go. What was not saved was not taken."""
        if self._writer is not None:
            self._writer.close()


def _promised_bytes(connection: Connection) -> int:
    open_bytes = sa.func.sum(table.c.length_bytes - table.c.offset_bytes)
    return connection.execute(sa.select(open_bytes).where(table.c.asset_id.is_(None))).scalar() or 0


def _insert(connection: Connection, upload: Upload) -> None:
    connection.execute(
        table.insert().values(
            upload_id=upload.upload_id,
            account_id=upload.account_id,
            case_name=upload.case_name,
            source_suffix=upload.source_suffix,
            length_bytes=upload.length_bytes,
            offset_bytes=0,
            quarantine_key=upload.upload_id,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            profile=upload.profile,
        )
    )
    if upload.parts:
        upload_parts.insert(connection, upload.upload_id, list(upload.parts))


def _delete(connection: Connection, condition: "sa.ColumnElement[bool]") -> bool:
    is_gone = bool(connection.execute(table.delete().where(condition)).rowcount)
    if is_gone:
        upload_parts.delete_orphans(connection)
    return is_gone


def _upload(row: Row) -> Upload:
    return Upload(
        row.upload_id,
        row.account_id,
        row.case_name,
        row.source_suffix,
        row.length_bytes,
        row.offset_bytes,
        row.created_at,
        row.expires_at,
        row.asset_id,
        profile=row.profile,
    )
