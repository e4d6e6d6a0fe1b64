"""What this machine is willing to take on: bounds that a hostile file cannot talk us out of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Each field is the largest value that is accepted."""

    side_px: int = 8_192
    frame_px: int = 8_192 * 4_320  # one frame of 8K; decoders hold several of them
    frames: int = 2_000_000  # 18 hours at 30 a second; the index takes 20 bytes a frame
    duration_s: float = 48 * 3_600.0
    streams: int = 64
    text_bytes: int = 2**20  # one text of a container or a data set
    dicom_bytes: int = 4 * 2**30  # of a DICOM file's pixel data
