"""Blank what may not be seen: rectangles of some frames, and whatever lies outside of what is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ground.finding import Box
from video.canonical.planes import plane_shapes
from video.model import Kept, PictureFormat, Plane, Sampling
from video.overlay.sector_shapes import painted

_BLACK_FULL, _BLACK_LIMITED, _NO_COLOUR = 0, 16, 128
_TILE_PX = 16
_LAST_FRAME = 2**62


@dataclass(frozen=True, slots=True)
class _Screen:
    """What stays of a plane and what the rest becomes: samples & stays | fill."""

    stays: Plane
    fill: Plane


class Blanker:
    """Overwrites masked rectangles, and all that lies outside of every kept polygon, by black. Thread-safe.

    A mask without frames is meant for all of them. A polygon's corners are pixels, and its edges belong to
    it; where it crosses itself, the even-odd rule counts. Where chroma is halved, a chroma sample that any
    masked pixel shares is blanked.
    Raises ValueError where a mask has no pixel within the frame, or where nothing would be kept: whoever drew
    it meant something else.
    """

    def __init__(self, picture: PictureFormat, masks: Sequence[Box], kept: Kept | None = None) -> None:
        self._black = _BLACK_FULL if picture.is_full_range else _BLACK_LIMITED
        self._halving = 2 if picture.sampling is Sampling.YUV420 else 1
        self._picture = picture
        within = [_within(mask, picture) for mask in masks]
        self._always = tuple(mask for mask in within if mask.first_frame is None and mask.last_frame is None)
        self._sometimes = tuple(mask for mask in within if mask not in self._always)
        self._firsts = np.array([mask.first_frame or 0 for mask in self._sometimes], np.int64)
        self._lasts = np.array(
            [_LAST_FRAME if mask.last_frame is None else mask.last_frame for mask in self._sometimes],
            np.int64,
        )
        self._screens: tuple[_Screen, ...] = ()
        if kept is not None:
            inside = painted(kept.polygons, picture.width_px, picture.height_px).astype(bool)
            if not inside.any():
                raise ValueError("nothing of the frame would be kept")
            self._screens = self._screens_of(inside)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is blanked in any frame."""
        return not (self._always or self._sometimes or self._screens)

    def masks_of(self, number: int) -> tuple[Box, ...]:
        """The rectangles that are blanked in frame `number`, cut to the frame."""
        if not self._sometimes:
            return self._always
        meant = np.flatnonzero((self._firsts <= number) & (number <= self._lasts))
        return (*self._always, *(self._sometimes[place] for place in meant.tolist()))

    def blank(self, planes: Sequence[Plane], number: int) -> None:
        """Change the planes of frame `number`, which must be writable."""
        for plane, screen in zip(planes, self._screens, strict=False):
            cv2.bitwise_and(plane, screen.stays, plane)
            cv2.bitwise_or(plane, screen.fill, plane)
        for mask in self.masks_of(number):
            planes[0][mask.y0 : mask.y1, mask.x0 : mask.x1] = self._black
            for plane in planes[1:]:
                rows = slice(mask.y0 // self._halving, -(-mask.y1 // self._halving))
                plane[rows, mask.x0 // self._halving : -(-mask.x1 // self._halving)] = _NO_COLOUR

    def residue(self, planes: Sequence[Plane], number: int) -> float:
        """By how much masked luma of frame `number` differs from black, in grey levels: on average over the
        worst rectangle, or over the worst square of 16 px outside of what is kept (as if all of it were
        outside)."""
        luma = planes[0]
        worst = 0.0
        for mask in self.masks_of(number):
            inside = luma[mask.y0 : mask.y1, mask.x0 : mask.x1]
            worst = max(
                worst, float(cv2.norm(inside, np.full_like(inside, self._black), cv2.NORM_L1)) / inside.size
            )
        if self._screens:
            screen = self._screens[0]
            beyond = cv2.absdiff(
                cv2.bitwise_or(luma, screen.stays), cv2.bitwise_or(screen.fill, screen.stays)
            )
            size = (-(-luma.shape[1] // _TILE_PX), -(-luma.shape[0] // _TILE_PX))
            tiles = cv2.resize(beyond, size, interpolation=cv2.INTER_AREA)
            worst = max(worst, float(tiles.max()))
        return worst

    def area(self, first_frame: int, last_frame: int) -> NDArray[np.bool_]:
        """(h, w) of luma: what is blanked in each of these frames, both included."""
        return self.rectangles(first_frame, last_frame) | self.beyond

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """(h, w) of luma: what lies outside of all that is kept."""
        if self._screens:
            return np.asarray(self._screens[0].stays == 0)
        return np.zeros((self._picture.height_px, self._picture.width_px), bool)

    def rectangles(self, first_frame: int, last_frame: int) -> NDArray[np.bool_]:
        """As `area`, of the masks alone."""
        blanked = np.zeros((self._picture.height_px, self._picture.width_px), bool)
        meant = np.flatnonzero((self._firsts <= first_frame) & (last_frame <= self._lasts))
        for mask in (*self._always, *(self._sometimes[place] for place in meant.tolist())):
            blanked[mask.y0 : mask.y1, mask.x0 : mask.x1] = True
        return blanked

    def _screens_of(self, inside: NDArray[np.bool_]) -> tuple[_Screen, ...]:
        screens = [_screen(inside, self._black)]
        for height, width in plane_shapes(self._picture)[1:]:
            blocks = inside.reshape(height, self._halving, width, self._halving)
            screens.append(_screen(np.logical_and.reduce(blocks, axis=(1, 3)), _NO_COLOUR))
        return tuple(screens)


def _screen(inside: NDArray[np.bool_], blank: int) -> _Screen:
    stays = np.where(inside, np.uint8(255), np.uint8(0))
    return _Screen(stays, np.where(inside, np.uint8(0), np.uint8(blank)))


def _within(mask: Box, picture: PictureFormat) -> Box:
    clipped = replace(
        mask,
        x0=max(0, mask.x0),
        y0=max(0, mask.y0),
        x1=min(mask.x1, picture.width_px),
        y1=min(mask.y1, picture.height_px),
    )
    if clipped.x0 >= clipped.x1 or clipped.y0 >= clipped.y1:
        raise ValueError("a mask has no pixel within the frame")
    return clipped
