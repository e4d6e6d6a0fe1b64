"""The pictures for the reviewer, from the wing that took them to the sealed file beside the original."""

from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg

from ground.finding import ReviewPicture
from server.deid.review_pictures import write_review

QUALITY = 92


class ReviewPictures:
    """Takes pictures one by one, each as a JPEG in memory; they are plain nowhere else."""

    def __init__(self) -> None:
        self._pictures: list[tuple[dict[str, Any], bytes]] = []

    def add(self, picture: ReviewPicture) -> None:
        """Keep one; its pixels may be used for something else afterwards."""
        height_px, width_px = picture.rgb.shape[:2]
        stated = {
            "name": picture.name,
            "frame": picture.frame,
            "width_px": width_px,
            "height_px": height_px,
            "scale": picture.scale,
            "space": picture.space,
        }
        pixels = np.ascontiguousarray(picture.rgb)
        jpeg = simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorspace="RGB", colorsubsampling="444")
        self._pictures.append((stated, jpeg))

    def write(self, path: Path, data_key: bytes, sealed_name: str) -> None:
        """Seal them with the original's key; nothing is written where there are none.

        Raises :class:`server.deid.QuarantineError`, OSError.
        """
        if self._pictures:
            write_review(path, data_key, self._pictures, asset=sealed_name)
