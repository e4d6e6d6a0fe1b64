"""Whether three components are RGB or YCbCr: what the data set says, the stream says, and the samples show.

Converters relabel without converting, and convert without relabelling. Seen in the field: RGB in lossless
JPEG under YBR_FULL_422 (what the file was before), YCbCr in baseline JPEG under RGB (the encoder converted),
YBR_RCT over a codestream that transforms nothing.
"""

from enum import StrEnum

import numpy as np

from video.formats.dicom.frame_header import Coding, FrameHeader
from video.formats.dicom.samples import Samples

_JPEG_2000 = frozenset({Coding.JPEG_2000, Coding.HTJ2K})
_ADOBE_RGB, _ADOBE_YCBCR = 0, 1
_MOST = 0.5
_MIN_LEVELS = 24
_NEAR = 2


class ColourModel(StrEnum):
    """What three components are."""

    RGB = "RGB"
    YCBCR = "YCbCr"


def stated_model(photometric: str, header: FrameHeader | None) -> ColourModel:
    """By what the data set and the stream say of it, of which the stream knows better."""
    is_ybr = photometric.startswith("YBR")
    if header is None:
        return ColourModel.YCBCR if is_ybr else ColourModel.RGB
    if header.coding is Coding.JPEG_XL or (header.coding in _JPEG_2000 and header.is_subsampled):
        return ColourModel.RGB  # imagecodecs has made it that
    if header.coding in _JPEG_2000:
        # The stream's own transform is undone by its decoder; YBR_ICT and YBR_RCT mean just that.
        is_plain = photometric.startswith(("YBR_FULL", "YBR_PARTIAL")) and header.transform != 1
        return ColourModel.YCBCR if is_plain else ColourModel.RGB
    if header.transform in (_ADOBE_RGB, _ADOBE_YCBCR) and not header.is_subsampled:
        return ColourModel.YCBCR if header.transform == _ADOBE_YCBCR else ColourModel.RGB
    if header.coding is Coding.JPEG and (header.is_subsampled or header.is_jfif):
        return ColourModel.YCBCR
    return ColourModel.YCBCR if is_ybr else ColourModel.RGB


def shown_model(samples: Samples, bits: int) -> ColourModel | None:
    """What the samples themselves show; None where they leave it open.

    Most of a medical picture is grey. Grey has three equal components in RGB, and chroma in the middle in
    YCbCr; what is the one is a garish colour in the other. Only pictures with many levels of grey decide.
    samples: (height, width, 3).
    """
    pixels = samples[::2, ::2].reshape(-1, 3).astype(np.int32)
    middle, near = 1 << (bits - 1), _NEAR << (bits - 8)
    first = pixels[:, 0]
    is_off_middle = np.abs(first - middle) > 4 * near
    is_equal = (np.ptp(pixels, axis=1) <= near) & is_off_middle
    is_neutral = (np.abs(pixels[:, 1:] - middle).max(axis=1) <= near) & is_off_middle
    for found, model in ((is_equal, ColourModel.RGB), (is_neutral, ColourModel.YCBCR)):
        is_rich = len(np.unique(first[found] >> (bits - 8))) >= _MIN_LEVELS
        if is_rich and found.sum() > _MOST * max(1, is_off_middle.sum()):
            return model
    return None
