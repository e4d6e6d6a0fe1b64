"""Contact sheets: many small pictures of a video side by side in one JPEG, for a timeline."""

from collections.abc import Sequence

import cv2
import numpy as np

from video.canonical.layout import VideoInfo
from video.errors import CanonicalVideoError

SHEET_QUALITY = 80


def cell_width_px(info: VideoInfo, height_px: int) -> int:
    """The width of each picture of a sheet of this height."""
    return max(1, round(info.width_px * height_px / info.height_px))


def contact_sheet(jpegs: Sequence[bytes], info: VideoInfo, height_px: int) -> bytes:
    """A JPEG of `height_px`, every picture in a cell of `cell_width_px`. Raises CanonicalVideoError."""
    width_px = cell_width_px(info, height_px)
    sheet = np.empty((height_px, width_px * len(jpegs), 3), np.uint8)
    for place, jpeg in enumerate(jpegs):
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise CanonicalVideoError("a stored thumbnail is damaged")
        cell = sheet[:, place * width_px : (place + 1) * width_px]
        is_smaller = picture.shape[0] > height_px
        cv2.resize(
            picture,
            (width_px, height_px),
            cell,
            interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR,
        )
    return cv2.imencode(".jpg", sheet, (cv2.IMWRITE_JPEG_QUALITY, SHEET_QUALITY))[1].tobytes()
