"""Words inside compressed frames: comments and application data of JPEG, comments of JPEG 2000."""

from collections.abc import Iterator
from dataclasses import dataclass

_SOI, _SOC = b"\xff\xd8", b"\xff\x4f\xff\x51"
_SOS, _SOT = 0xDA, 0x90
_COM, _COM_2000 = 0xFE, 0x64
_APP = range(0xE0, 0xF0)
_MOST_MARKERS = 10_000
_END_OF_IMAGE = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Segment:
    """name: ours; data: what the segment holds, without marker and length."""

    name: str
    data: bytes
    byte_count: int


def segments_of(frame: bytes) -> Iterator[Segment]:
    """Those that no decoder needs, and what lies behind the picture's end."""
    if not frame.startswith((_SOI, _SOC)):
        return
    is_2000 = frame.startswith(_SOC)
    stop, comment = (_SOT, _COM_2000) if is_2000 else (_SOS, _COM)
    at = 2
    for _ in range(_MOST_MARKERS):
        if at + 4 > len(frame) or frame[at] != 0xFF or frame[at + 1] == stop:
            break
        marker, end = frame[at + 1], at + 2 + max(2, int.from_bytes(frame[at + 2 : at + 4], "big"))
        if marker == comment:
            yield Segment("comments in frames", frame[at + 4 : end], min(end, len(frame)) - at)
        elif not is_2000 and marker in _APP:
            yield Segment(f"APP{marker - 0xE0} in frames", frame[at + 4 : end], min(end, len(frame)) - at)
        at = end
    last = frame.rfind(_END_OF_IMAGE)
    if last >= 0 and frame[last + 2 :].strip(b"\0"):
        yield Segment("bytes behind the picture in frames", frame[last + 2 :], len(frame) - last - 2)
