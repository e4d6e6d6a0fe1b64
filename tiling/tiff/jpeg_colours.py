"""Whether the JPEG tiles of a TIFF hold RGB: the tag decides, except where it cannot be true."""

from tiling.jpeg import frame_info
from tiling.tiff.tags import Photometric


def holds_rgb(photometric: int, tile: bytes) -> bool:
    """Look at one tile. Raises MalformedJpegError.

    Bio-Formats writes RGB in the tag while Java's encoder made YCbCr: its tiles have a JFIF header, which
    knows no RGB. Chroma samples for several pixels are no RGB either.
    """
    if photometric != Photometric.RGB:
        return False
    is_jfif = tile[2:4] == b"\xff\xe0" and tile[6:11] == b"JFIF\0"
    return not is_jfif and len(set(frame_info(tile).sampling)) == 1
