"""Which of a file's declared ultrasound regions can be believed."""

from collections.abc import Sequence

from video.model import CalibrationRegion

_NEARLY_ALL = 0.9
_SMALLEST_PX = 8
_GRAY_BAR, _COLOUR_BAR = 0x0D, 0x0E
_NO_FORMAT = 0


def declared_regions(
    regions: Sequence[CalibrationRegion], width_px: int, height_px: int
) -> tuple[CalibrationRegion, ...] | None:
    """Those that say where the examination is, None if no such is left.

    Dropped are regions that reach beyond the frame (the frame was made smaller after they were written),
    that cover nearly all of it, names and all, that are too narrow to show anything, and that say nothing of
    what they hold, as a "whole screen" region beside the real one does.
    """
    sensible = tuple(region for region in regions if _is_sensible(region, width_px, height_px))
    return sensible or None


def is_bar(region: CalibrationRegion) -> bool:
    """Whether it is a bar of grey levels or colours (PS3.3, C.8.5.5.1.2), which is no examination."""
    return region.data_type in (_GRAY_BAR, _COLOUR_BAR)


def _is_sensible(region: CalibrationRegion, width_px: int, height_px: int) -> bool:
    within = 0 <= region.x0 < region.x1 <= width_px and 0 <= region.y0 < region.y1 <= height_px
    width, height = region.x1 - region.x0, region.y1 - region.y0
    return (
        within
        and min(width, height) >= _SMALLEST_PX
        and width * height < _NEARLY_ALL * width_px * height_px
        and (region.spatial_format != _NO_FORMAT or is_bar(region))
    )
