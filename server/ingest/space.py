"""Is there room? Asked before work begins and while it goes on: a label must always still be saved."""

import os
from pathlib import Path

from server.errors import OutOfSpaceError

CANONICAL_FACTOR = 1.6
"""A canonical slide against its source: level 0 as it is, a third more for the levels below, the rest for
sources that were coded tighter."""


def free_bytes(folder: Path) -> int:
    """What an ordinary account can still write there."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def require_space(folder: Path, needed_bytes: float, reserve_mib: int) -> None:
    """Raises :class:`OutOfSpaceError` unless ``needed_bytes`` fit and the reserve stays free."""
    if free_bytes(folder) < needed_bytes + (reserve_mib << 20):
        raise OutOfSpaceError(
            f"The server's disk has too little room for this: about {_gib(needed_bytes)} are needed, and "
            f"{reserve_mib} MiB must stay free. Free some space and try again."
        )


def _gib(size_bytes: float) -> str:
    mib = size_bytes / (1 << 20)
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{max(1.0, mib):.0f} MiB"
