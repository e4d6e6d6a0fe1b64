"""Walk through many runs of Huffman-coded data at once, without decoding them.

A run is a stretch of entropy-coded data that can be understood on its own: what lies between two restart
markers, or a whole scan. Runs do not depend on each other, so that one numpy operation moves hundreds or
thousands of them forward by some symbols. The walk tells where in the bits each block asked for begins, and
the DC values there; nothing else is kept.

A run is walked from stop to stop. What lies before a stop is described by a place in a `Program`: which
blocks are to come, each with its component and tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.jpeg.lookup import (
    BITS_MASK,
    BLOCK,
    DIFFERENCE_SHIFT,
    IS_BEYOND,
    ONE,
    STEP_MASK,
    ac_entries,
    dc_codes,
    dc_entries,
    is_impossible,
)

Numbers = NDArray[np.int64]
Windows = NDArray[np.uint32]

MAX_COMPONENTS = 4
# More lanes make each numpy call worth more; beyond this they no longer fit the processor's nearest caches.
_MOST_LANES = 2048
_FEW_LANES = 256
# How many steps are made before lanes that reached a stop are looked after.
_STEPS_AT_ONCE = 8
# Room behind the data for lanes that have lost their way, before they are stopped.
PADDING_BYTES = 64
# Positions count bits in 32 bits; the rest is for a lane that runs on into padding.
MAX_DATA_BYTES = 1 << 28

_FAILED, _RETIRED, _FIRST_FREE = 0, 1, 2
_WINDOW_SHIFT = 16


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a minimum coded unit. Tables are DHT bodies without the selector."""

    component: int
    dc_table: bytes
    ac_table: bytes


class Program:
    """What blocks are to come, for each of some `phases`: sequences of blocks that end at a stop.

    A place in a program counts down to its phase's stop: `places[i] + n` has n blocks of phase i to come.
    """

    def __init__(self, phases: Sequence[Sequence[Block]]) -> None:
        pairs = {(b.dc_table, b.ac_table): 0 for phase in phases for b in phase}
        ac_tables = {b.ac_table: 0 for phase in phases for b in phase}
        dc = [dc_entries(*pair) for pair in pairs]
        ac = [ac_entries(table) for table in ac_tables]
        resting = np.zeros(1 << _WINDOW_SHIFT, np.uint32)
        self.single = np.concatenate([e[0] for e in (*dc, *ac)] + [resting])
        self.several = np.concatenate([e[1] for e in (*dc, *ac)] + [resting])
        self.first_ac_state = np.uint32(len(pairs) << _WINDOW_SHIFT)
        self.at_rest = np.uint32((len(pairs) + len(ac_tables)) << _WINDOW_SHIFT)
        pairs = {pair: index << _WINDOW_SHIFT for index, pair in enumerate(pairs)}
        ac_tables = {t: (len(pairs) + index) << _WINDOW_SHIFT for index, t in enumerate(ac_tables)}
        self.dc_tables = {b.component: b.dc_table for phase in phases for b in phase}
        rest = int(self.at_rest)
        dc_states, ac_states, components = [rest] * 2, [rest] * 2, [0, 0]
        self.places: list[int] = []
        for phase in phases:
            self.places.append(len(components))
            dc_states += [rest, *(pairs[b.dc_table, b.ac_table] for b in reversed(phase))]
            ac_states += [rest, *(ac_tables[b.ac_table] for b in reversed(phase))]
            components += [0, *(b.component for b in reversed(phase))]
        self.dc_states = np.array(dc_states, np.uint32)
        self.ac_states = np.array(ac_states, np.uint32)
        self.components = np.array(components, np.int64)


@dataclass(frozen=True, slots=True)
class Runs:
    """What is to be walked.

    start_bits, end_bits: where each run lies. predictors: the DC values before it, (runs, 4); zero behind a
    restart marker. first_stop: each run's first stop, and one number more: how many there are in all.
    places: of each stop, the place in the program at which the walk towards it begins.
    """

    start_bits: Numbers
    end_bits: Numbers
    predictors: NDArray[np.int32]
    first_stop: Numbers
    places: Numbers


@dataclass(frozen=True, slots=True)
class Walked:
    """bits, predictors: at each stop, the position and every component's last DC value, (stops, 4).

    is_damaged: of each run. What a damaged run's stops hold means nothing.
    """

    bits: Numbers
    predictors: NDArray[np.int32]
    is_damaged: NDArray[np.bool_]


def windows_of(data: NDArray[np.uint8]) -> Windows:
    """At each byte but the last three, the 32 bits that start there. `data` has no stuffing."""
    size = len(data) - 3
    windows = np.empty(size, np.uint32)
    for shift in range(4):
        count = (size - shift + 3) // 4
        windows[shift::4] = np.frombuffer(data, ">u4", count, shift)
    return windows


def differences_at(windows: Windows, bits: Numbers, dc_table: bytes) -> tuple[Numbers, Numbers]:
    """The DC differences coded at these positions, and where their codes end."""
    code_bits, categories = dc_codes(dc_table)
    code = _sixteen(windows, bits)
    behind_code = bits + code_bits[code]
    category = categories[code]
    value = _sixteen(windows, behind_code) >> (16 - category)
    is_negative = (category > 0) & (value >> np.maximum(category - 1, 0) == 0)
    return np.where(is_negative, value - (1 << category) + 1, value), behind_code + category


def _sixteen(windows: Windows, bits: Numbers) -> Numbers:
    shifted = windows.take(bits >> 3, mode="clip") << (bits & 7).astype(np.uint32)
    return (shifted >> np.uint32(16)).astype(np.int64)


def walk(windows: Windows, program: Program, runs: Runs) -> Walked:
    """Walk all runs to their last stops. Takes time in proportion to blocks and bits, whatever the data."""
    return _Walk(windows, program, runs).walked()


class Lanes:
    """Walks as many runs at once as there are lanes. All arrays below have a place for each lane.

    Subclasses say what becomes of a lane that stopped (`_after_stop`), and how a run begins (`_begin`).
    """

    def __init__(self, windows: Windows, program: Program, start_bits: Numbers, end_bits: Numbers) -> None:
        self._windows, self._program = windows, program
        self._start_bits, self._end_bits = start_bits, end_bits
        count = len(start_bits)
        # The longest first, so that no long one is left for the end; fewer lanes than runs, so that a lane
        # that is done early has another run to take.
        self._waiting = np.argsort(start_bits - end_bits, kind="stable")
        lanes = min(_MOST_LANES, count if count < _FEW_LANES else max(_FEW_LANES, count * 2 // 3))
        self._bits = np.zeros(lanes, np.uint32)
        self._index = np.zeros(lanes, np.uint32)
        self._state = np.full(lanes, program.at_rest, np.uint32)
        self._place = np.full(lanes, _RETIRED, np.int64)
        self._predictors = np.zeros(lanes * MAX_COMPONENTS, np.int32)
        self._run = np.zeros(lanes, np.int64)
        self._stop = np.zeros(lanes, np.int64)

    def run(self) -> None:
        self._set_off(np.arange(len(self._bits)))
        self._drop_retired()
        while len(self._bits):
            self._step_some()
            lanes = (self._state == self._program.at_rest).nonzero()[0]
            if len(lanes):
                self._after_stop(lanes, self._place[lanes] == _FAILED)
                self._drop_retired()

    def _after_stop(self, lanes: Numbers, has_failed: NDArray[np.bool_]) -> None:
        raise NotImplementedError

    def _begin(self, lanes: Numbers, runs: Numbers) -> None:
        raise NotImplementedError

    def _step_some(self) -> None:
        """This is where the time goes: about forty numpy calls for each step of all lanes."""
        windows, several, program = self._windows, self._program.several, self._program
        bits, index, state, place = self._bits, self._index, self._state, self._place
        predictors = self._predictors
        three, seven, sixteen = np.uint32(3), np.uint32(7), np.uint32(_WINDOW_SHIFT)
        bits_mask, step_mask, block = np.uint32(BITS_MASK), np.uint32(STEP_MASK), np.uint32(BLOCK)
        scratch = np.empty_like(bits)
        starting = (state < program.first_ac_state).nonzero()[0]
        starting_place = place.take(starting)
        for _ in range(_STEPS_AT_ONCE):
            np.right_shift(bits, three, out=scratch)
            window = windows.take(scratch, mode="clip")
            np.bitwise_and(bits, seven, out=scratch)
            np.left_shift(window, scratch, out=window)
            np.right_shift(window, sixteen, out=window)
            np.bitwise_or(window, state, out=window)
            entry = several.take(window, mode="clip")
            np.bitwise_and(entry, bits_mask, out=scratch)
            np.add(bits, scratch, out=bits)
            np.bitwise_and(entry, step_mask, out=scratch)
            np.add(index, scratch, out=index)

            difference = entry.take(starting).view(np.int32) >> DIFFERENCE_SHIFT
            at = starting * MAX_COMPONENTS + program.components.take(starting_place)
            predictors[at] += difference
            state[starting] = program.ac_states.take(starting_place)

            complete = (index >= block).nonzero()[0]
            impossible = is_impossible(index.take(complete))
            if impossible.any():
                complete = self._look_again(complete, complete[impossible], window, entry)
            starting = complete
            starting_place = place.take(complete) - 1
            place[complete] = starting_place
            state[complete] = program.dc_states.take(starting_place)
            index[complete] = 0

    def _look_again(
        self, complete: Numbers, lanes: Numbers, window: Windows, entry: NDArray[np.uint32]
    ) -> Numbers:
        """Move lanes by one symbol that cannot be moved by several; returns which blocks are complete."""
        taken = entry[lanes]
        one = self._program.single[window[lanes]]
        is_beyond = (one & IS_BEYOND) > 0
        before = self._bits[lanes] - (taken & BITS_MASK)
        self._bits[lanes] = before + (one & BITS_MASK)
        step = np.where(is_beyond, np.uint32(ONE), one & STEP_MASK)
        self._index[lanes] += step - (taken & STEP_MASK)
        for component in self._program.dc_tables:
            of_component = self._program.components[self._place[lanes]] == component
            chosen = (is_beyond & of_component).nonzero()[0]
            if len(chosen):
                difference, _ = differences_at(
                    self._windows, before[chosen].astype(np.int64), self._program.dc_tables[component]
                )
                self._predictors[lanes[chosen] * MAX_COMPONENTS + component] += difference.astype(np.int32)
        failed = lanes[is_impossible(self._index[lanes])]
        self._state[failed] = self._program.at_rest
        self._place[failed] = _FAILED
        self._index[failed] = 0
        return complete[self._index[complete] >= BLOCK]

    def _set_off(self, lanes: Numbers) -> None:
        """Give lanes their next runs, as long as there are any."""
        runs = self._waiting[: len(lanes)]
        self._waiting = self._waiting[len(lanes) :]
        self._place[lanes[len(runs) :]] = _RETIRED
        lanes = lanes[: len(runs)]
        self._run[lanes] = runs
        self._bits[lanes] = self._start_bits[runs]
        self._begin(lanes, runs)

    def _go(self, lanes: Numbers, places: Numbers) -> None:
        """Start blocks at these places of the program."""
        self._place[lanes] = places
        self._state[lanes] = self._program.dc_states[places]
        self._index[lanes] = 0

    def _values(self) -> NDArray[np.int32]:
        """The DC values, (lanes, 4)."""
        return self._predictors.reshape(-1, MAX_COMPONENTS)

    def _drop_retired(self) -> None:
        kept = self._place != _RETIRED
        if kept.all():
            return
        self._predictors = self._values()[kept].ravel()
        for name in ("_bits", "_index", "_state", "_place", "_run", "_stop"):
            setattr(self, name, getattr(self, name)[kept])


class _Walk(Lanes):
    """From stop to stop, each a number of blocks away."""

    def __init__(self, windows: Windows, program: Program, runs: Runs) -> None:
        super().__init__(windows, program, runs.start_bits, runs.end_bits)
        self._runs = runs
        self._stop_bits = np.zeros(len(runs.places), np.int64)
        self._stop_predictors = np.zeros((len(runs.places), MAX_COMPONENTS), np.int32)
        # A run without stops has nothing to be walked for.
        self._waiting = self._waiting[np.diff(runs.first_stop)[self._waiting] > 0]
        self._is_damaged = np.zeros(len(runs.start_bits), np.bool_)

    def walked(self) -> Walked:
        self.run()
        return Walked(self._stop_bits, self._stop_predictors, self._is_damaged)

    def _begin(self, lanes: Numbers, runs: Numbers) -> None:
        self._values()[lanes] = self._runs.predictors[runs]
        self._stop[lanes] = self._runs.first_stop[runs]
        self._go(lanes, self._runs.places[self._stop[lanes]])

    def _after_stop(self, lanes: Numbers, has_failed: NDArray[np.bool_]) -> None:
        """Note where lanes stopped, and send them on; the finished ones with another run."""
        stop, run = self._stop[lanes], self._run[lanes]
        bits = self._bits[lanes].astype(np.int64)
        has_failed |= bits > self._end_bits[run]
        self._is_damaged[run[has_failed]] = True
        self._stop_bits[stop] = bits
        self._stop_predictors[stop] = self._values()[lanes]
        has_finished = has_failed | (stop + 1 == self._runs.first_stop[run + 1])
        onwards = lanes[~has_finished]
        self._stop[onwards] += 1
        self._go(onwards, self._runs.places[self._stop[onwards]])
        self._set_off(lanes[has_finished])
