"""Word among the processes of one server that something they remember from the database has changed.

Each process has a counter of its own in memory that they all share, so that telling takes no lock, and
hearing is a look at a few bytes: cheap enough for every tile. A process that is alone hears itself.
"""

import mmap
import struct

_COUNTER = struct.Struct("=Q")
Board = mmap.mmap | bytearray
"""Memory of ``board_bytes``: an anonymous mapping from before the processes were forked, or one's own."""


def board_bytes(process_count: int) -> int:
    """How large a board for that many processes is."""
    return process_count * _COUNTER.size


class Notices:
    """One subject's board, as the process at ``place`` (0…) sees it."""

    def __init__(self, board: Board | None = None, place: int = 0) -> None:
        self._board = board if board is not None else bytearray(board_bytes(1))
        self._at = place * _COUNTER.size
        # One that takes the place of a lost process goes on from its counter.
        self._told: int = _COUNTER.unpack_from(self._board, self._at)[0]

    def tell(self) -> None:
        """What anybody remembers of this subject is to be looked up again. Call it after the commit."""
        self._told += 1
        _COUNTER.pack_into(self._board, self._at, self._told)

    def heard(self) -> bytes:
        """A stamp that is another one after anybody has told."""
        return bytes(self._board)
