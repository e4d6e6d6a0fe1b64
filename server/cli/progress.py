"""Progress on standard error: a bar that redraws itself on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import TextIO

BAR_WIDTH = 28
REDRAW_EVERY_S = 0.1
LINE_EVERY_S = 15.0


class ProgressLine:
    """Progress of one piece of work after another."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._next_s = 0.0
        self._label = ""
        self._started_s = 0.0
        self._is_drawn = False

    def update(self, label: str, done: int, total: int) -> None:
        """Show ``done`` of ``total`` (0: not known) of the work that ``label`` names."""
        now_s = time.monotonic()
        if label != self._label:
            self._label, self._started_s = label, now_s
            self._next_s = 0.0 if self._is_terminal else now_s + LINE_EVERY_S
        if now_s < self._next_s:
            return
        share = min(1.0, done / total) if total > 0 else 0.0
        rest = _rest(share, now_s - self._started_s)
        if self._is_terminal:
            filled = round(BAR_WIDTH * share)
            bar = "█" * filled + "·" * (BAR_WIDTH - filled)
            self._stream.write(f"\r\x1b[K{label}  {bar} {share:4.0%}{rest}")
            self._is_drawn = True
        else:
            self._stream.write(f"{label}: {share:.0%}{rest}\n")
        self._stream.flush()
        self._next_s = now_s + (REDRAW_EVERY_S if self._is_terminal else LINE_EVERY_S)

    def clear(self) -> None:
        """Take the bar away, before something else is printed."""
        if self._is_drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_drawn = False
        self._label = ""


def _rest(share: float, elapsed_s: float) -> str:
    if share < 0.02 or elapsed_s < 2:
        return ""
    rest_s = round(elapsed_s * (1 - share) / share)
    return (
        f", about {rest_s // 60} min {rest_s % 60:02d} s left" if rest_s >= 60 else f", about {rest_s} s left"
    )
