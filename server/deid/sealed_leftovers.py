"""What lies in a quarantine, and what lies there for nobody."""

import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from server.deid import sealed_header
from server.deid.case_keys import CaseKeys
from server.deid.errors import CaseErasedError, QuarantineError
from server.deid.seal import is_id

SUFFIX = ".sealed"
BESIDE = frozenset({"tail", "rewrap", "review"})
"""What the names of files beside a sealed one have behind its key."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is in a quarantine.

    file_count, file_bytes : sealed files and their length on the disk.
    case_count : cases that have a key.
    master_wrapped_count : files of version 1, whose key the master key wraps.
    erased_count, broken_count : files whose case was erased; files that do not open for another reason.
    leftover_count : files beside a sealed file that is no more.
    is_key_being_replaced : whether a rotation has begun and not ended.
    """

    file_count: int
    file_bytes: int
    case_count: int
    master_wrapped_count: int
    erased_count: int
    broken_count: int
    leftover_count: int
    is_key_being_replaced: bool


def take_inventory(root: Path, cases: CaseKeys) -> Inventory:
    """Open every header in a quarantine. Nothing is changed."""
    count = size = master_wrapped = erased = broken = 0
    for path in sealed_files(root):
        try:
            size += path.stat().st_size
            count += 1
            master_wrapped += sealed_header.read_header(path).case_id is None
            sealed_header.describe(path, cases)
        except CaseErasedError:
            erased += 1
        except (FileNotFoundError, QuarantineError):
            broken += path.exists()
    return Inventory(
        file_count=count,
        file_bytes=size,
        case_count=len(list(cases.ids())),
        master_wrapped_count=master_wrapped,
        erased_count=erased,
        broken_count=broken,
        leftover_count=len(list(leftovers(root))),
        is_key_being_replaced=cases.master.is_being_replaced,
    )


def sealed_files(root: Path) -> Iterator[Path]:
    """All sealed files, finished or not. One of another name is somebody else's, and left alone."""
    return (path for path in sorted(root.glob("*" + SUFFIX)) if is_id(path.stem))


def leftovers(root: Path) -> Iterator[Path]:
    """Files that lie beside a sealed file that is no more."""
    for path in sorted(root.iterdir()):
        key, *suffixes = path.name.split(".")
        # Whatever else somebody has put here is not ours to remove.
        is_ours = is_id(key) and not BESIDE.isdisjoint(suffixes)
        if is_ours and not (root / (key + SUFFIX)).exists():
            yield path


def case_of(path: Path) -> str | None:
    """The case that a sealed file names; None where it names none, or is none."""
    try:
        return sealed_header.read_header(path).case_id
    except QuarantineError:
        return None


def if_nobody_writes(path: Path, act: Callable[[], bool]) -> bool:
    """Do this under a sealed file's own lock. False if a writer has it, or if it is gone."""
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return act()
    finally:
        os.close(fd)
