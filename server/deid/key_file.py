"""A key in a file of its own: made on first use, readable by the server's account alone."""

from pathlib import Path

from server.deid.seal import KEY_BYTES, RandomBytes
from server.deid.sealed_disk import Disk
from server.errors import StorageError


def load_key(path: Path, random_bytes: RandomBytes, *, purpose: str, may_create: bool) -> bytes:
    """The 32 bytes of a key file.

    With `may_create` a missing file is made, once, even if several processes try at the same moment.
    `purpose` is for sentences: "The key of the reports". Raises StorageError if the file is damaged, cannot
    be read, or is missing without `may_create`.
    """
    try:
        if may_create and not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Disk().put_first(path, random_bytes(KEY_BYTES), random_bytes)
        key = path.read_bytes()
    except FileNotFoundError as error:
        raise StorageError(f"{purpose} is missing, and a new one would not fit what is there.") from error
    except OSError as error:
        raise StorageError(f"{purpose} cannot be read or made: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise StorageError(f"{purpose} is damaged.")
    return key
