"""What a converting process may do: read code and one sealed file, write in its own folders, nothing else.

A decoder that a hostile slide has taken over still finds no key, no database, no other asset, no program and
no network. A bound that the system cannot give is left out, never an error: there are the limits either way.
"""

import ctypes
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

import ground
import server
import tiling
import video
from server.deid.core_dumps import forbid_core_dumps
from server.ingest.plan import Plan

NICENESS = 5
OPEN_FILES = 1024
SPARE_CPU_S = 60

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38

# Landlock (Linux 5.13 and later): include/uapi/linux/landlock.h; the numbers are the same on all machines.
SYS_CREATE_RULESET, SYS_ADD_RULE, SYS_RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
FILE_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""REFER came with the second version, TRUNCATE with the third, IOCTL_DEV with the fifth."""
CODE = (ground.__file__, server.__file__, tiling.__file__, video.__file__)
RIGHTS_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14
ALL_OF_TCP = 0b11  # from version 4: neither bind nor connect
ABSTRACT_SOCKETS_AND_SIGNALS = 0b11  # from version 6: none that leads outside
SYSTEM = (
    "/usr", "/lib", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/dev/urandom",
)  # fmt: skip


def confine(plan: Plan) -> None:
    """Bound memory, time and files, forbid core dumps, die with the parent; let whoever serves go first."""
    os.nice(NICENESS)
    _limit(resource.RLIMIT_AS, plan.memory_bytes)
    _limit(resource.RLIMIT_CPU, plan.cpu_s + SPARE_CPU_S)
    _limit(resource.RLIMIT_FSIZE, plan.file_bytes)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    writable = [plan.output_dir, plan.scratch_dir, str(Path(plan.review_path).parent), os.devnull]
    seal_off(libc, writable, readable=[*SYSTEM, *_code(Path(plan.output_dir)), plan.sealed_path])
    # After the above, which a kernel may take for a change of identity and answer by undoing these two.
    forbid_core_dumps()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != plan.parent_pid:
        os._exit(1)  # the parent died before the line above


def _limit(kind: int, wanted: int) -> None:
    _, highest = resource.getrlimit(kind)
    bound = wanted if highest == resource.RLIM_INFINITY else min(wanted, highest)
    resource.setrlimit(kind, (bound, bound))


def _code(output_dir: Path) -> list[str]:
    """Where Python imports from, late as it may. Of a checkout that holds the data folder: its packages."""
    roots = [
        Path(root).resolve() for root in (sys.prefix, sys.base_prefix, sys.exec_prefix, *sys.path) if root
    ]
    packages = [Path(file).resolve().parent for file in CODE if file]
    apart = [root for root in roots if not output_dir.is_relative_to(root)]
    return [str(path) for path in {*apart, *packages}]


def seal_off(libc: ctypes.CDLL, writable: Iterable[str], readable: Iterable[str]) -> bool:
    """Take from this process every file but these, all programs, and the network. Cannot be undone.

    False where the kernel knows no Landlock, or does not permit it.
    """
    version = libc.syscall(SYS_CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    if version < 1:
        return False
    handled = FILE_RIGHTS_BY_ABI[max(known for known in FILE_RIGHTS_BY_ABI if known <= version)]
    attributes = struct.pack(
        "<QQQ",
        handled,
        ALL_OF_TCP if version >= 4 else 0,
        ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0,
    )[: 24 if version >= 6 else 16 if version >= 4 else 8]
    ruleset = libc.syscall(SYS_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for path in readable:
            _allow(libc, ruleset, path, handled & (READ_FILE | READ_DIR))
        for path in writable:
            _allow(libc, ruleset, path, handled & ~EXECUTE)
        return bool(libc.syscall(SYS_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this system
    try:
        if not Path(path).is_dir():
            rights &= RIGHTS_OF_A_FILE
        libc.syscall(SYS_ADD_RULE, ruleset, RULE_PATH_BENEATH, struct.pack("<Qi", rights, fd), 0)
    finally:
        os.close(fd)
