"""Whether JPEG frames hold RGB: the photometric interpretation decides, except where it cannot be true."""

from tiling.jpeg import frame_info

_JFIF = b"JFIF\0"
_ADOBE_RGB, _ADOBE_YCBCR = 0, 1


def holds_rgb(photometric: str, frame: bytes) -> bool:
    """Look at one frame. Raises MalformedJpegError.

    Converters that copy RGB tiles out of an SVS state YBR_FULL_422 for them, since the standard's table for
    JPEG baseline names it first; but their frames have no subsampled chroma, and an Adobe marker that says
    RGB. Others state RGB and let their encoder make YCbCr: JFIF knows no RGB.
    """
    info = frame_info(frame)
    is_subsampled = len(set(info.sampling)) > 1
    if photometric == "RGB":
        is_jfif = frame[2:4] == b"\xff\xe0" and frame[6:11] == _JFIF
        return not (is_subsampled or is_jfif or info.adobe_transform == _ADOBE_YCBCR)
    return info.adobe_transform == _ADOBE_RGB and not is_subsampled
