"""The planes of a frame: their sizes, and what they weigh."""

from video.model import PictureFormat, Sampling


def plane_shapes(picture: PictureFormat) -> tuple[tuple[int, int], ...]:
    """(height, width) of each plane."""
    whole = (picture.height_px, picture.width_px)
    half = (picture.height_px // 2, picture.width_px // 2)
    match picture.sampling:
        case Sampling.GRAY:
            return (whole,)
        case Sampling.YUV420:
            return (whole, half, half)
        case Sampling.YUV444:
            return (whole, whole, whole)


def frame_bytes(picture: PictureFormat) -> int:
    return sum(height * width for height, width in plane_shapes(picture))
