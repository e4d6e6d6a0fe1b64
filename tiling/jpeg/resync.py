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
_MOST_ROUNDS = 256
_ROUNDS_WITHOUT_CANDIDATES = 4
_CANDIDATES, _CHUNKS_OF_CANDIDATES = 64, 32


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
        windows = windows_of(plain.data)
        division = _Division(windows, self._program, self._blocks_per_mcu, skipped_bits, size * 8)
        try:
            found = division.find()
        except MalformedJpegError:
            # It would take as long again for each tile that is asked for.
            self._is_complete, self._end = True, begin
            raise
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


class _Division:
    """Finds borders of MCUs about every chunk, from a known one at `start_bit` on.

    begins, ends: of each chunk, the borders at which it is entered and left, as far as found out; mcus,
    values: how many MCUs lie between, and what they add to the DC values.
    """

    def __init__(
        self, windows: Windows, program: Program, blocks_per_mcu: int, start_bit: int, end_bit: int
    ) -> None:
        self._windows, self._program, self._blocks_per_mcu = windows, program, blocks_per_mcu
        self._end_bit = end_bit
        count = max(0, (end_bit - _LONGEST_MCU_BITS - start_bit) // _CHUNK_BITS)
        self._borders = start_bit + _CHUNK_BITS * np.arange(count + 1, dtype=np.int64)
        self._begins = np.full(count, -1, np.int64)
        self._ends = np.full(count, -1, np.int64)
        self._mcus = np.zeros(count, np.int64)
        self._values = np.zeros((count, MAX_COMPONENTS), np.int32)
        self._has_failed = np.zeros(count, np.bool_)
        self._is_known = np.zeros(count, np.bool_)

    def find(self) -> _Found:
        """Raises MalformedJpegError where the data does not synchronise itself."""
        chunks = np.arange(len(self._begins))
        starts = np.maximum(self._borders[:-1] - _PREROLL_BITS, self._borders[:1])
        self._walk(chunks, starts, chunks == 0)
        for attempt in range(_MOST_ROUNDS):
            is_joined = self._is_joined()
            proved = len(is_joined) if is_joined.all() else int(is_joined.argmin())
            failed = np.flatnonzero(self._has_failed[:proved])
            if len(failed) and self._is_known[failed[0]]:
                # Behind a chunk that is rightly reached and cannot be decoded, nothing can be known.
                return self._found(int(failed[0]), is_damaged=True)
            if not len(failed) and proved == len(is_joined):
                return self._found(proved, is_damaged=False)
            todo = failed[:1] if len(failed) else np.flatnonzero(~is_joined)
            todo = todo[~self._has_failed[todo - 1]]
            if attempt < _ROUNDS_WITHOUT_CANDIDATES:
                self._walk(todo, self._ends[todo - 1], np.ones(len(todo), np.bool_))
            else:
                self._try_candidates(int(todo[0]))
        raise MalformedJpegError("the JPEG data without restart markers cannot be divided")

    def _is_joined(self) -> NDArray[np.bool_]:
        """Which chunks are entered where the one before is left."""
        is_joined = (self._begins[1:] == self._ends[:-1]) & ~self._has_failed[:-1]
        return np.append(True, is_joined)[: len(self._begins)]

    def _found(self, count: int, *, is_damaged: bool) -> _Found:
        return _Found(
            self._ends[:count],
            np.cumsum(self._mcus[:count]),
            np.cumsum(self._values[:count], axis=0, dtype=np.int32),
            is_damaged,
        )

    def _walk(self, chunks: Numbers, starts: Numbers, is_known: NDArray[np.bool_]) -> None:
        self._take(chunks, self._seek(chunks, starts, is_known), np.arange(len(chunks)), is_known)

    def _seek(self, chunks: Numbers, starts: Numbers, is_known: NDArray[np.bool_]) -> "_Seek":
        limits = np.stack([self._borders[chunks], self._borders[chunks + 1]], axis=1)
        seek = _Seek(
            self._windows, self._program, self._blocks_per_mcu, starts, limits, is_known, self._end_bit
        )
        seek.run()
        return seek

    def _take(self, chunks: Numbers, seek: "_Seek", runs: Numbers, is_known: NDArray[np.bool_]) -> None:
        self._begins[chunks], self._ends[chunks] = seek.found_bits[runs, 0], seek.found_bits[runs, 1]
        self._mcus[chunks] = seek.found_mcus[runs, 1] - seek.found_mcus[runs, 0]
        self._values[chunks] = seek.found_values[runs, 1] - seek.found_values[runs, 0]
        self._has_failed[chunks] = seek.has_failed[runs]
        self._is_known[chunks] = is_known

    def _try_candidates(self, first: int) -> None:
        """Walk some chunks from every bit at which their first MCU may begin, and join what fits.

        For flat regions whose bits look the same wherever one begins: nothing synchronises there, and each
        chunk would have to wait for the one before.
        """
        chunks = np.arange(first + 1, min(first + _CHUNKS_OF_CANDIDATES, len(self._begins)))
        starts = self._borders[chunks, None] + np.arange(_CANDIDATES)
        starts = np.append(self._ends[first - 1], starts.ravel())
        chunks = np.append(first, np.repeat(chunks, _CANDIDATES))
        is_known = np.ones(len(chunks), np.bool_)
        seek = self._seek(chunks, starts, is_known)
        begins_at = {(int(c), int(b)): run for run, (c, b) in enumerate(zip(chunks, starts, strict=True))}
        chunk, run = first, begins_at.get((first, int(starts[0])))
        while run is not None:
            self._take(np.array([chunk]), seek, np.array([run]), is_known[:1])
            if seek.has_failed[run]:
                return
            chunk, run = chunk + 1, begins_at.get((chunk + 1, int(seek.found_bits[run, 1])))


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
