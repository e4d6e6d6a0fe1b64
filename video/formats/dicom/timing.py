"""When each frame is shown, from whatever the file says of it (PS3.3, C.7.6.5 and C.7.6.6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from video.formats.dicom import tags
from video.formats.dicom.data_set import DataSet
from video.limits import Limits

_MS_PER_S = 1000.0
_USUAL_RATE = 25.0
_LONGEST_STEP_S = 3600.0
_FASTEST_RATE = 100_000.0
_MOMENT = re.compile(r"\d{14}(\.\d{1,6})?")
_VECTOR_BYTES_A_FRAME = 17


@dataclass(frozen=True, slots=True)
class Timing:
    """times_s: of frames that the file times one by one; step_s: from each frame to the next beyond them.

    is_assumed: the file says nothing at all.
    """

    times_s: NDArray[np.float64]
    step_s: float
    remarks: tuple[str, ...] = ()
    is_assumed: bool = False

    def at(self, number: int) -> float:
        """Seconds from the first frame."""
        count = len(self.times_s)
        if number < count:
            return float(self.times_s[number])
        if not count:
            return number * self.step_s
        return float(self.times_s[-1]) + (number - count + 1) * self.step_s


def read_timing(data_set: DataSet, frame_count: int, limits: Limits) -> Timing:
    """frame_count: of the frames that are there. Raises CorruptVideoError, VideoTooLargeError."""
    if frame_count <= 1:
        return Timing(np.zeros(1), 1 / _USUAL_RATE)
    pointer = data_set.array(tags.FRAME_INCREMENT_POINTER, "u2")
    points_to = int(pointer[0]) << 16 | int(pointer[1]) if len(pointer) >= 2 else 0
    vector = _vector(data_set, frame_count, limits)
    one_step_s = _in_range((data_set.decimal(tags.FRAME_TIME) or 0.0) / _MS_PER_S)
    if vector is not None and (points_to == tags.FRAME_TIME_VECTOR or one_step_s is None):
        return vector
    if one_step_s is not None:
        return Timing(np.zeros(0), one_step_s)
    return _of_groups(data_set, frame_count) or _by_rate(data_set, frame_count)


def _vector(data_set: DataSet, frame_count: int, limits: Limits) -> Timing | None:
    """From one frame to the next, the first one from the clip's begin: mostly 0, and left out by some."""
    steps = data_set.decimals(tags.FRAME_TIME_VECTOR, _VECTOR_BYTES_A_FRAME * limits.frames)
    steps_s = np.array(steps) / _MS_PER_S
    if not len(steps_s) or (steps_s < 0).any() or (steps_s > _LONGEST_STEP_S).any() or not steps_s.any():
        return None
    if len(steps_s) == frame_count - 1:
        steps_s = np.append(0.0, steps_s)
    # The first frame is at 0, whatever time passed before it.
    times_s = np.cumsum(np.append(0.0, steps_s[1:frame_count]))
    mean_s = float(times_s[-1]) / max(1, len(times_s) - 1)
    if len(times_s) >= frame_count:
        return Timing(times_s, mean_s)
    remark = (
        f"The file times {len(times_s):,} of {frame_count:,} frames; the others follow at the mean rate of "
        "those."
    )
    return Timing(times_s, mean_s, (remark,)) if mean_s > 0 else None


def _by_rate(data_set: DataSet, frame_count: int) -> Timing:
    duration_ms = data_set.real(tags.ACTUAL_FRAME_DURATION) or data_set.decimal(tags.ACTUAL_FRAME_DURATION)
    step_s = _in_range((duration_ms or 0.0) / _MS_PER_S)
    if step_s is not None:
        return Timing(np.zeros(0), step_s)
    for tag, name in (
        (tags.CINE_RATE, "cine rate"),
        (tags.RECOMMENDED_DISPLAY_FRAME_RATE, "recommended display rate"),
    ):
        rate = data_set.decimal(tag)
        if rate is not None and 0 < rate <= _FASTEST_RATE and _in_range(1 / rate) is not None:
            remark = f"The file does not time its frames; its {name} of {rate:g} frames/s is taken."
            return Timing(np.zeros(0), 1 / rate, (remark,))
    step_s = _in_range((data_set.decimal(tags.EFFECTIVE_DURATION) or 0.0) / frame_count)
    if step_s is not None:
        remark = f"The file does not time its frames; they are spread over its {step_s * frame_count:g} s."
        return Timing(np.zeros(0), step_s, (remark,))
    remark = f"The file says nothing of time; {_USUAL_RATE:g} frames/s are assumed."
    return Timing(np.zeros(0), 1 / _USUAL_RATE, (remark,), is_assumed=True)


def _of_groups(data_set: DataSet, frame_count: int) -> Timing | None:
    """By the frames' own functional groups (PS3.3, C.7.6.16), where each frame has a time, and none falls."""
    if data_set.element(tags.FRAME_GROUPS) is None:
        return None
    moments: list[float] = []
    for group in data_set.items(tags.FRAME_GROUPS)[:frame_count]:
        content = group.first_item(tags.FRAME_CONTENT)
        moment = None if content is None else _moment_s(content)
        if moment is None:
            return None
        moments.append(moment)
    return _from_moments(moments, frame_count)


def _from_moments(moments: Sequence[float], frame_count: int) -> Timing | None:
    steps = [after - before for before, after in pairwise(moments)]
    is_sound = len(moments) == frame_count and all(0 <= step <= _LONGEST_STEP_S for step in steps)
    if not is_sound or not any(steps):
        return None
    times_s = np.array(moments) - moments[0]
    return Timing(times_s, float(times_s[-1]) / max(1, frame_count - 1))


def _moment_s(content: DataSet) -> float | None:
    """When a frame was taken, in seconds from any fixed moment; only differences are ever used."""
    for tag in (tags.FRAME_REFERENCE_TIME, tags.FRAME_ACQUISITION_TIME):
        text = content.text(tag)
        if _MOMENT.fullmatch(text):
            try:
                whole = datetime.strptime(text[:14] + "+0000", "%Y%m%d%H%M%S%z")
            except ValueError:
                continue
            return whole.timestamp() + float("0" + text[14:])
    return None


def _in_range(step_s: float) -> float | None:
    return step_s if 1 / _FASTEST_RATE <= step_s <= _LONGEST_STEP_S else None
