"""When each frame is shown, from time stamps that may be missing, doubled or fall."""

import math
from fractions import Fraction

_LONGEST_PAUSE_S = 3600.0


class Clock:
    """Seconds since the first frame, never falling.

    Which of two stamps is believed is decided as in FFmpeg (`best_effort_timestamp`): the presentation stamp,
    unless it has misbehaved more often than the decoding stamp. A frame without any is as far from the one
    before as that was from its own predecessor; at the beginning, as the nominal rate says.
    """

    def __init__(self, time_base: Fraction, nominal_frame_s: float, longest_s: float = math.inf) -> None:
        """longest_s: a leap beyond it is no time, but a damaged stamp."""
        self._time_base = time_base
        self._longest_s = longest_s
        self._step_s = nominal_frame_s
        self._first: int | None = None
        self._last_s = 0.0
        self._last_pts: int | None = None
        self._last_dts: int | None = None
        self._faulty_pts = self._faulty_dts = 0
        self._is_begun = False
        self.guessed_count = 0
        self.fallen_count = 0

    def stamp(self, pts: int | None, dts: int | None) -> int | None:
        """The better one of the two, in ticks of the time base."""
        if dts is not None:
            self._faulty_dts += self._last_dts is not None and dts <= self._last_dts
            self._last_dts = dts
        elif pts is not None:
            self._last_dts = pts
        if pts is not None:
            self._faulty_pts += self._last_pts is not None and pts <= self._last_pts
            self._last_pts = pts
        elif dts is not None:
            self._last_pts = dts
        if pts is not None and (self._faulty_pts <= self._faulty_dts or dts is None):
            return pts
        return dts

    def time_s(self, stamp: int | None) -> float:
        """Of the next frame, in order of presentation."""
        if not self._is_begun:
            self._is_begun = True
            self._first = stamp
            return 0.0
        if stamp is None or self._first is None:
            self.guessed_count += 1
            self._last_s += self._step_s
            if stamp is not None:
                # The first frame had no stamp: count back from this one.
                self._first = stamp - round(Fraction(self._last_s) / self._time_base)
            return self._last_s
        time_s = float((stamp - self._first) * self._time_base)
        if time_s > self._longest_s and time_s - self._last_s > _LONGEST_PAUSE_S:
            self.guessed_count += 1
            self._last_s += self._step_s
            return self._last_s
        if time_s < self._last_s:
            self.fallen_count += 1
            return self._last_s
        if time_s > self._last_s:
            self._step_s = time_s - self._last_s
        self._last_s = time_s
        return time_s
