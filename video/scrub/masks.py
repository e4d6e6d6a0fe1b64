"""Blank rectangles of every frame, in its own samples."""

from collections.abc import Sequence

from video.model import Mask, PictureFormat, Plane, Sampling

_BLACK_FULL, _BLACK_LIMITED, _NO_COLOUR = 0, 16, 128


class Blanker:
    """Overwrites masked rectangles by black. Thread-safe.

    Where chroma is halved, a chroma sample that any masked pixel shares is blanked.
    Raises ValueError where a mask has no pixel within the frame: whoever drew it meant something else.
    """

    def __init__(self, picture: PictureFormat, masks: Sequence[Mask]) -> None:
        self._black = _BLACK_FULL if picture.is_full_range else _BLACK_LIMITED
        self._halving = 2 if picture.sampling is Sampling.YUV420 else 1
        self._masks = tuple(_within(mask, picture) for mask in masks)

    def blank(self, planes: Sequence[Plane]) -> None:
        """Change the planes, which must be writable."""
        for mask in self._masks:
            planes[0][mask.y0 : mask.y1, mask.x0 : mask.x1] = self._black
            for plane in planes[1:]:
                rows = slice(mask.y0 // self._halving, -(-mask.y1 // self._halving))
                plane[rows, mask.x0 // self._halving : -(-mask.x1 // self._halving)] = _NO_COLOUR

    def residue(self, planes: Sequence[Plane]) -> float:
        """By how much masked luma differs from black on average, in the worst rectangle; grey levels."""
        return max(
            (
                float(abs(planes[0][mask.y0 : mask.y1, mask.x0 : mask.x1].astype("i2") - self._black).mean())
                for mask in self._masks
            ),
            default=0.0,
        )


def _within(mask: Mask, picture: PictureFormat) -> Mask:
    clipped = Mask(
        max(0, mask.x0), max(0, mask.y0), min(mask.x1, picture.width_px), min(mask.y1, picture.height_px)
    )
    if clipped.x0 >= clipped.x1 or clipped.y0 >= clipped.y1:
        raise ValueError("a mask has no pixel within the frame")
    return clipped
