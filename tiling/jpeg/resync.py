"""Find places inside a long scan without restart markers at which its decoding can be taken up.

Huffman-coded data synchronises itself: a decoder that begins anywhere, in a wrong state, soon falls into step
with one that began at the start (Klein and Wiseman, The Computer Journal 46, 2003; for JPEG Weißenberger and
Schmidt, ICPP 2018). So a scan is divided into chunks that are walked at once, each begun some way before
its chunk in a guessed state. Nothing rests on the guess: a chunk counts only if the one before, whose state
is proved, ends on exactly the unit at which this one begins; otherwise it is walked again from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import MalformedJpegError
from tiling.jpeg.grid import McuGrid, Segments
from tiling.jpeg.lockstep import MAX_COMPONENTS, Block, Lanes, Program, Windows, windows_of
from tiling.jpeg.stuffing import unstuffed

Numbers = NDArray[np.int64]

_CHAPTER_BYTES = 8 << 20
# An MCU has at most 10 blocks of 64 codes of 31 bits: no chunk is jumped over.
_CHUNK_BITS = 8 * 4096
_PREROLL_BITS = 8 * 768
_LONGEST_MCU_BITS = 10 * 64 * 31
_MOST_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Places where an MCU begins. All (checkpoints,), but the predictors, (checkpoints, 4).

    offsets: the byte, counted from the stream's first one; skipped_bits: bits of it that belong to the MCU
    before. mcus: how many MCUs precede. predictors: every component's DC value before.
    """

    offsets: Numbers
    skipped_bits: Numbers
    mcus: Numbers
    predictors: NDArray[np.int32]


class ScanIndex:
    """Checkpoints of one scan, found as far as they are needed. Not thread-safe."""

    def __init__(
        self, blocks: Sequence[Block], grid: McuGrid, read: Callable[[int, int], bytes], start: int, end: int
    ) -> None:
        """`read(offset, length)` gives bytes of the stream, whose image data begins at `start`.

        The data ends at the first marker, or at `end`.
        """
        self._program = Program([blocks])
        self._blocks_per_mcu = len(blocks)
        self._grid, self._read, self._end = grid, read, end
        self._is_complete = False
        self._chapters = [
            Checkpoints(
                np.array([start], np.int64),
                np.zeros(1, np.int64),
                np.zeros(1, np.int64),
                np.zeros((1, MAX_COMPONENTS), np.int32),
            )
        ]

    def segments(self, first_mcu: int, end_mcu: int) -> Segments:
        """The parts of the scan that hold these MCUs. What follows damaged data cannot be had.

        Raises MalformedJpegError.
        """
        while not self._is_complete and self._chapters[-1].mcus[-1] < end_mcu:
            self._find_more()
        points = Checkpoints(
            *(
                np.concatenate([getattr(chapter, name) for chapter in self._chapters])
                for name in ("offsets", "skipped_bits", "mcus", "predictors")
            )
        )
        first = int(np.searchsorted(points.mcus, first_mcu, side="right")) - 1
        behind = max(first + 1, int(np.searchsorted(points.mcus, end_mcu)))
        here = slice(first, behind)
        # A part ends inside the byte in which the next one begins; that one may be followed by stuffing.
        ends = np.append(points.offsets, self._end)[first + 1 : behind + 1] + 2
        ends = np.minimum(ends, self._end)
        begin = int(points.offsets[first])
        mcus = np.append(points.mcus, self._grid.columns * self._grid.rows)
        return Segments.of_checkpoints(
            self._read(begin, int(ends[-1]) - begin),
            points.offsets[here] - begin,
            ends - begin,
            points.mcus[here],
            np.diff(mcus[first : behind + 1]),
            points.skipped_bits[here],
            points.predictors[here],
            self._grid,
        )

    def _find_more(self) -> None:
        last = self._chapters[-1]
        begin, skipped_bits = int(last.offsets[-1]), int(last.skipped_bits[-1])
        data = self._read(begin, min(_CHAPTER_BYTES, self._end - begin))
        if begin + len(data) < self._end:
            data = data.rstrip(b"\xff")  # whether stuffing follows is not known yet
        else:
            self._is_complete = True
        plain = unstuffed(data)
        size = plain.size
        if len(plain.markers):
            self._end = begin + int(plain.markers[0])
            self._is_complete = True
            size = int(plain.plain(plain.markers[:1])[0])
        found = _divide(windows_of(plain.data), self._program, self._blocks_per_mcu, skipped_bits, size * 8)
        if not len(found.bits):
            self._is_complete = True
            return
        if found.is_damaged:
            self._is_complete = True
            self._end = begin + int(plain.stuffed(found.bits[-1:] >> 3)[0]) + 1
        self._chapters.append(
            Checkpoints(
                begin + plain.stuffed(found.bits >> 3),
                found.bits & 7,
                last.mcus[-1] + found.mcus,
                last.predictors[-1] + found.predictors,
            )
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """Proved borders of MCUs, counted from the place at which the search began."""

    bits: Numbers
    mcus: Numbers
    predictors: NDArray[np.int32]
    is_damaged: bool


def _divide(windows: Windows, program: Program, blocks_per_mcu: int, start_bit: int, end_bit: int) -> _Found:
    """Borders of MCUs about every chunk, from a known one at `start_bit` on."""
    count = max(0, (end_bit - _LONGEST_MCU_BITS - start_bit) // _CHUNK_BITS)
    chunks = start_bit + _CHUNK_BITS * np.arange(count + 1, dtype=np.int64)
    is_known = np.arange(count) == 0
    begins = np.where(is_known, chunks[:-1], np.maximum(chunks[:-1] - _PREROLL_BITS, start_bit))
    limits = np.stack([chunks[:-1], chunks[1:]], axis=1)
    bits, mcus = np.zeros((count, 2), np.int64), np.zeros((count, 2), np.int64)
    values = np.zeros((count, 2, MAX_COMPONENTS), np.int32)
    has_failed = np.zeros(count, np.bool_)
    todo = np.arange(count)
    for _ in range(_MOST_ROUNDS):
        seek = _Seek(windows, program, blocks_per_mcu, begins[todo], limits[todo], is_known[todo], end_bit)
        seek.run()
        bits[todo], mcus[todo], values[todo] = seek.found_bits, seek.found_mcus, seek.found_values
        has_failed[todo] = seek.has_failed
        is_joined = np.append(True, (bits[1:, 0] == bits[:-1, 1]) & ~has_failed[:-1])[:count]
        proved = count if is_joined.all() else int(is_joined.argmin())
        failed = np.flatnonzero(has_failed[:proved])
        if len(failed) and is_known[failed[0]]:
            # Behind a chunk that is rightly reached and cannot be decoded, nothing can be known.
            known = slice(0, int(failed[0]))
            return _summed(bits[known], mcus[known], values[known], is_damaged=True)
        if not len(failed) and proved == count:
            return _summed(bits, mcus, values, is_damaged=False)
        todo = failed[:1] if len(failed) else np.flatnonzero(~is_joined)
        todo = todo[~has_failed[todo - 1]]
        begins[todo] = bits[todo - 1, 1]
        is_known[todo] = True
    raise MalformedJpegError("the JPEG data without restart markers cannot be divided")


def _summed(bits: Numbers, mcus: Numbers, values: NDArray[np.int32], *, is_damaged: bool) -> _Found:
    return _Found(
        bits[:, 1],
        np.cumsum(mcus[:, 1] - mcus[:, 0]),
        np.cumsum(values[:, 1] - values[:, 0], axis=0, dtype=np.int32),
        is_damaged,
    )


class _Seek(Lanes):
    """Each run goes on to the first border of MCUs at or behind each of two limits.

    A run of which it is not known that it begins at such a border starts anew where it stumbles.
    """

    def __init__(
        self,
        windows: Windows,
        program: Program,
        blocks_per_mcu: int,
        begins: Numbers,
        limits: Numbers,
        is_known: NDArray[np.bool_],
        end_bit: int,
    ) -> None:
        super().__init__(windows, program, begins, limits[:, 1])
        self._limits, self._is_known, self._end_bit = limits, is_known, end_bit
        self._start_place = program.places[0] + blocks_per_mcu
        self._mcus = np.zeros(len(begins), np.int64)
        self.found_bits = np.zeros((len(begins), 2), np.int64)
        self.found_mcus = np.zeros((len(begins), 2), np.int64)
        self.found_values = np.zeros((len(begins), 2, MAX_COMPONENTS), np.int32)
        self.has_failed = np.zeros(len(begins), np.bool_)

    def _begin(self, lanes: Numbers, runs: Numbers) -> None:
        self._values()[lanes] = 0
        self._mcus[runs] = 0
        self._stop[lanes] = self._is_known[runs]
        self.found_bits[runs, 0] = self._start_bits[runs]
        self._go(lanes, np.full(len(lanes), self._start_place))

    def _after_stop(self, lanes: Numbers, has_failed: NDArray[np.bool_]) -> None:
        has_stumbled = has_failed & (self._stop[lanes] == 0)
        self._start_anew(lanes[has_stumbled])
        lanes, has_failed = lanes[~has_stumbled], has_failed[~has_stumbled]
        runs = self._run[lanes]
        bits = self._bits[lanes].astype(np.int64)
        has_failed = has_failed | (bits > self._end_bit)
        self.has_failed[runs[has_failed]] = True
        self._mcus[runs] += 1
        for stop in (0, 1):
            reached = (self._stop[lanes] == stop) & (bits >= self._limits[runs, stop])
            at, run = lanes[reached], runs[reached]
            self.found_bits[run, stop] = bits[reached]
            self.found_mcus[run, stop] = self._mcus[run]
            self.found_values[run, stop] = self._values()[at]
            self._stop[at] += 1
        has_finished = has_failed | (self._stop[lanes] == 2)
        onwards = lanes[~has_finished]
        self._go(onwards, np.full(len(onwards), self._start_place))
        self._set_off(lanes[has_finished])

    def _start_anew(self, lanes: Numbers) -> None:
        is_lost = self._bits[lanes] >= self._end_bit
        lost = lanes[is_lost]
        self.has_failed[self._run[lost]] = True
        lanes = lanes[~is_lost]
        self._bits[lanes] += np.uint32(1)
        self._values()[lanes] = 0
        self._mcus[self._run[lanes]] = 0
        self._go(lanes, np.full(len(lanes), self._start_place))
        self._set_off(lost)
