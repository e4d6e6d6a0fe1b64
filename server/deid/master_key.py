"""The key that wraps the keys: one file, made on first use, readable by the server's account alone."""

import os
from pathlib import Path

from server.deid.errors import QuarantineError
from server.deid.seal import KEY_BYTES, RandomBytes
from server.deid.sealed_writer import sync_directory


def load_master_key(path: Path, random_bytes: RandomBytes, *, may_create: bool) -> bytes:
    """The 32 bytes of the key file.

    With ``may_create`` a missing file is made, once, even if two processes try at the same moment.
    Raises :class:`QuarantineError` if it is damaged, or missing without that: a new key could open
    nothing of what is there.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError as error:
        if not may_create:
            raise QuarantineError(
                "The quarantine's master key is missing, and there are sealed originals that need it."
            ) from error
        _create(path, random_bytes)
        key = path.read_bytes()
    except OSError as error:
        raise QuarantineError(f"The quarantine's master key cannot be read: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise QuarantineError("The quarantine's master key file is damaged.")
    return key


def _create(path: Path, random_bytes: RandomBytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{random_bytes(4).hex()}")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, random_bytes(KEY_BYTES))
        os.fsync(fd)
        # A hard link, unlike a rename, fails when somebody else's key is there already.
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
        sync_directory(path.parent)
    finally:
        os.close(fd)
        fresh.unlink()
