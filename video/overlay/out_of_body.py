"""Stretches of an endoscopy that show the room: by a few numbers of each frame.

What plainly is the room is told from what may be: people in warm light differ from gauze, smoke and the
trocar in nothing that such numbers hold. The one is to be blanked, the other to be looked at.
"""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

FrameSigns: TypeAlias = NDArray[np.float32]
"""(6,) float32: the lit share of the frame; of what is lit, the shares that are warm (tissue, blood, fat,
skin), plainly green or blue, neutral, and as red as tissue alone is, all 0 to 1; its edges, by how much
neighbouring pixels differ."""

LONGEST_SIDE_PX = 96
SIGN_COUNT = 6
_LIT, _WARM, _COLD, _NEUTRAL, _RED, _EDGES = range(SIGN_COUNT)

_LIT_LEVEL = 30
_IN_BODY_WARM, _IN_BODY_LIT = 0.45, 0.25
_MOST = 0.5
_ROOM_WARM, _ROOM_LIT = 0.3, 0.3
# Of a stretch on average. Tissue in narrow bands of light or beside a glowing dye has nothing warm at all.
_SOME_WARM = 0.01
_SOME_COLD, _MOST_COLD = 0.06, 0.7
_SOME_NEUTRAL = 0.15
_SOME_EDGES = 0.03
# Of the median of the clip's own frames inside. Photographs of people, rooms and streets have 0 to 0.5 that
# is as red as tissue, operations 0.8 to 0.9, with the camera in the trocar 0.3 at most.
_DOUBTFUL_RED = 0.65
_SOME_INSIDE = 0.2
_SMOOTH = 9


@dataclass(frozen=True, slots=True)
class Outside:
    """A stretch from first_frame to last_frame. is_plain: nothing but the room; else it is not plainly
    inside a body."""

    first_frame: int
    last_frame: int
    is_plain: bool


def signs_of(rgb_small: NDArray[np.uint8]) -> FrameSigns:
    """Of an (h, w, 3) RGB picture of at most 96 px a side."""
    levels = rgb_small.astype(np.float32)
    red, green, blue = levels[..., 0], levels[..., 1], levels[..., 2]
    brightest, darkest = levels.max(axis=2), levels.min(axis=2)
    lit = brightest > _LIT_LEVEL
    lit_count = max(1, int(np.count_nonzero(lit)))
    warm = lit & (red >= green) & (red > 1.15 * blue + 6)
    cold = lit & (np.maximum(green, blue) - red > np.maximum(20, 0.22 * brightest))
    neutral = lit & (brightest - darkest <= 24)
    as_tissue = lit & (red > 1.4 * blue + 6) & (red > 1.12 * green)
    return np.array(
        [
            lit.mean(),
            np.count_nonzero(warm) / lit_count,
            np.count_nonzero(cold) / lit_count,
            np.count_nonzero(neutral) / lit_count,
            np.count_nonzero(as_tissue) / lit_count,
            _edges(levels, lit),
        ],
        np.float32,
    )


def out_of_body(signs: NDArray[np.float32], shortest_frames: int = 25) -> tuple[Outside, ...]:
    """The stretches that show the room, or may, in order; signs: (n, 6) float32, a row a frame.

    Plain ones have little that is warm and many colours on average; they reach on both sides to the next
    frame that is plainly inside, though no farther than `shortest_frames`, and are found only in clips most
    of which is plainly inside a body. Doubtful ones have little that is as red as tissue; they are found
    where at least a fifth of the clip is inside. None is shorter than `shortest_frames`.
    """
    lit = signs[:, _LIT]
    is_inside = _inside(signs)
    is_seen = lit >= _IN_BODY_LIT
    share = float(is_inside[is_seen].mean()) if is_seen.any() else 0.0
    if share < _SOME_INSIDE:
        return ()
    plain = _plain(signs, is_inside, shortest_frames) if share >= _MOST else []
    taken = np.zeros(len(signs), np.bool_)
    for first, last in plain:
        taken[first : last + 1] = True
    usual = float(np.median(signs[is_inside, _RED]))
    is_doubtful = _steady((signs[:, _RED] <= _DOUBTFUL_RED * usual) & (lit >= _ROOM_LIT)) & ~taken
    doubtful = [
        (first, last)
        for first, last in _runs(is_doubtful)
        if last - first + 1 >= shortest_frames and signs[first : last + 1, _EDGES].mean() >= _SOME_EDGES
    ]
    stretches = [Outside(*stretch, is_plain=True) for stretch in plain]
    stretches += [Outside(*stretch, is_plain=False) for stretch in doubtful]
    return tuple(sorted(stretches, key=lambda stretch: stretch.first_frame))


def is_inside_body(signs: FrameSigns) -> bool:
    """Whether a frame plainly shows tissue."""
    return bool(_inside(signs[None])[0])


def _inside(signs: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.asarray((signs[:, _WARM] >= _IN_BODY_WARM) & (signs[:, _LIT] >= _IN_BODY_LIT))


def _plain(
    signs: NDArray[np.float32], is_inside: NDArray[np.bool_], shortest_frames: int
) -> list[tuple[int, int]]:
    stretches: list[tuple[int, int]] = []
    is_cold = (signs[:, _WARM] <= _ROOM_WARM) & (signs[:, _LIT] >= _ROOM_LIT)
    for first, last in _runs(_steady(is_cold)):
        if last - first + 1 < shortest_frames or not _is_room(signs[first : last + 1].mean(axis=0)):
            continue
        start = _reach(is_inside, first, -1, shortest_frames)
        stop = _reach(is_inside, last, 1, shortest_frames)
        if stretches and start <= stretches[-1][1] + 1:
            start = stretches.pop()[0]
        stretches.append((start, stop))
    return stretches


def _is_room(signs: NDArray[np.float32]) -> bool:
    """Whether a stretch shows many colours, as rooms do; smoke, gauze and a trocar's wall show one."""
    return bool(
        signs[_WARM] >= _SOME_WARM
        and _SOME_COLD <= signs[_COLD] <= _MOST_COLD
        and signs[_NEUTRAL] >= _SOME_NEUTRAL
        and signs[_EDGES] >= _SOME_EDGES
    )


def _edges(levels: NDArray[np.float32], lit: NDArray[np.bool_]) -> float:
    """How much neighbours differ, against how bright they are; where all around is lit."""
    luma = levels.mean(axis=2)
    inner = cv2.erode(lit.astype(np.uint8), np.ones((3, 3), np.uint8))[:-1, :-1] > 0
    if not inner.any():
        return 0.0
    across, down = np.abs(np.diff(luma, axis=1))[:-1], np.abs(np.diff(luma, axis=0))[:, :-1]
    return float(((across + down) / 2)[inner].mean() / max(1.0, float(luma[:-1, :-1][inner].mean())))


def _steady(is_room: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Each frame by the majority of those around it."""
    votes = np.convolve(is_room.astype(np.float32), np.ones(_SMOOTH, np.float32))
    return np.asarray(votes[_SMOOTH // 2 :][: len(is_room)] > _SMOOTH / 2)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    steps = np.diff(np.concatenate([[0], flags.astype(np.int8), [0]]))
    starts, stops = np.nonzero(steps == 1)[0], np.nonzero(steps == -1)[0]
    return [(int(start), int(stop) - 1) for start, stop in zip(starts, stops, strict=True)]


def _reach(is_inside: NDArray[np.bool_], frame: int, step: int, most: int) -> int:
    for _ in range(most):
        if not 0 <= frame + step < len(is_inside) or is_inside[frame + step]:
            break
        frame += step
    return frame
