"""Word from one process to the others, through memory that they share."""

import mmap
import os

from server.db.notices import Notices, board_bytes


def test_who_tells_hears_himself_and_silence_sounds_the_same() -> None:
    alone = Notices()
    before = alone.heard()
    assert alone.heard() == before
    alone.tell()
    assert alone.heard() != before


def test_every_process_hears_every_other_and_a_successor_goes_on_counting() -> None:
    board = mmap.mmap(-1, board_bytes(3))
    mine = Notices(board, 0)
    stamps = {mine.heard()}
    for place in (1, 2, 1, 1):
        child = os.fork()
        if child == 0:
            Notices(board, place).tell()
            os._exit(0)
        os.waitpid(child, 0)
        stamps.add(mine.heard())
    assert len(stamps) == 5
