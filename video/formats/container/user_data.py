"""Words within the coded pictures: user data of MPEG video, comments in Motion JPEG, SEI messages.

None of it can survive, since every picture is coded anew; it is gathered so that the proof can search for it.
"""

from av.buffer import Buffer
from av.video.frame import VideoFrame

from video.formats.container.reader import Findings
from video.limits import Limits
from video.model import Place

_MPEG = frozenset({"mpeg1video", "mpeg2video", "mpeg4"})
_JPEG = frozenset({"mjpeg"})
_USER_DATA = b"\0\0\1\xb2"
_UUID_BYTES = 16
_LOOKED_AT_BYTES = 64 * 1024
_MOST_PIECES = 10_000


class UserData:
    """What was met so far; the same words again cost little."""

    def __init__(self, codec: str, limits: Limits) -> None:
        self._codec = codec
        self._findings = Findings(limits)
        self._seen: set[bytes] = set()

    @property
    def reads_packets(self) -> bool:
        """Whether `of_packet` has anything to look for."""
        return self._codec in _MPEG or self._codec in _JPEG

    def of_packet(self, data: bytes) -> None:
        """Of the start of a coded picture."""
        if self._codec in _JPEG:
            self._of_jpeg(data)
            return
        at = data.find(_USER_DATA, 0, _LOOKED_AT_BYTES)
        while at >= 0:
            end = data.find(b"\0\0\1", at + 4, at + _LOOKED_AT_BYTES)
            self._piece("user data in the pictures", data[at + 4 : end if end > 0 else len(data)])
            at = data.find(_USER_DATA, at + 4, _LOOKED_AT_BYTES)

    def of_frame(self, frame: VideoFrame) -> None:
        """Unregistered SEI messages: a UUID, then whatever the encoder or the recorder wrote."""
        message = frame.side_data.get("SEI_UNREGISTERED")
        if isinstance(message, Buffer):
            self._piece("SEI user data in the pictures", bytes(message)[_UUID_BYTES:])

    def _of_jpeg(self, data: bytes) -> None:
        at = 2
        while data[at : at + 1] == b"\xff" and data[at + 1 : at + 2] != b"\xda":
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if data[at + 1] == 0xFE or 0xE1 <= data[at + 1] <= 0xEF:
                self._piece("comment in the pictures", data[at + 4 : at + 2 + length])
            at += 2 + max(2, length)

    def _piece(self, name: str, data: bytes) -> None:
        self._findings.add(name, len(data))
        if data not in self._seen and len(self._seen) < _MOST_PIECES:
            self._seen.add(data)
            self._findings.words_in(data)

    def places(self) -> tuple[Place, ...]:
        return self._findings.result().places

    def texts(self) -> tuple[bytes, ...]:
        return self._findings.result().texts
