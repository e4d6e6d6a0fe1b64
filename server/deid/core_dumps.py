"""What is in a process's memory stays there: originals, keys, pictures for the reviewer."""

import ctypes
import resource

PR_SET_DUMPABLE = 4


def forbid_core_dumps() -> None:
    """Have the kernel write no image of this process, should it crash, nor let others of the account read it.

    The bound alone would not do: a core that is handed to a program (``|`` in core_pattern, as systemd has
    it) is not subject to it; see core(5). A program that this process starts begins anew.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)
