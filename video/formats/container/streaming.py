"""What runs without a table of contents: MPEG program and transport streams, FLV; and ASF with a header.

They may be hours long, so only their beginnings are looked through for words, and their ends for whether they
end in the middle of something.
"""

from ground.source import ByteSource
from video.formats.container.layout import Structure
from video.formats.container.reader import Findings, Window
from video.limits import Limits
from video.model import Action

_LOOKED_AT_BYTES = 4 * 2**20
_TAIL_BYTES = 256 * 1024
_PACK, _END = b"\0\0\1\xba", b"\0\0\1\xb9"
_NAMING_PIDS = frozenset({0x10, 0x11, 0x12, 0x14})  # network, service, event, time (ETSI EN 300 468)
_TS_STEPS = {188: 0, 192: 4, 204: 0}
_FLV_SCRIPT = 18
_FLV_MOST_TAGS = 20_000


def walk_program_stream(source: ByteSource, limits: Limits) -> Structure:
    """ISO 13818-1, 2.5. Words are looked for in the streams that are neither picture nor sound."""
    window, findings = Window(source), Findings(limits)
    findings.add("media data", source.size_bytes, Action.REBUILT)
    at = 0
    while at < min(_LOOKED_AT_BYTES, source.size_bytes):
        code, length = _packet(window, at)
        if length <= 0:
            break
        if code in {0xBD, 0xBE, 0xBF, 0xBC, 0xF2, 0xFF}:
            findings.add("private or padding stream", length)
            findings.words_in(window.read(at + 6, length - 6))
        at += length
    findings.missing_bytes = _missing_of_packets(window)
    return findings.result()


def _missing_of_packets(window: Window) -> int:
    """Follow the packets from the last pack on: does the last one end where the file does?"""
    first = max(0, window.size_bytes - _TAIL_BYTES)
    last_pack = window.read(first, _TAIL_BYTES).rfind(_PACK)
    if last_pack < 0:
        return 0
    at = first + last_pack
    while at < window.size_bytes:
        _, length = _packet(window, at)
        if length <= 0:
            # Fewer than four bytes of a start code are a packet that was cut; anything else is padding.
            return int(window.size_bytes - at < 6 and window.read(at, 4) != _END)
        at += length
    return at - window.size_bytes


def _packet(window: Window, at: int) -> tuple[int, int]:
    """Stream number and length of the packet here; length 0 where there is none."""
    head = window.read(at, 14)
    if len(head) < 6 or head[:3] != b"\0\0\1":
        return 0, 0
    if head[3] == _PACK[3]:
        is_mpeg2 = head[4] >> 6 == 1
        return head[3], 14 + (head[13] & 7) if is_mpeg2 and len(head) == 14 else 12
    if head[3] == _END[3]:
        return head[3], 4
    return head[3], 6 + int.from_bytes(head[4:6], "big")


def walk_transport_stream(source: ByteSource, limits: Limits) -> Structure:
    """ISO 13818-1, 2.4. Names of services and programmes stand in tables of their own."""
    window, findings = Window(source), Findings(limits)
    step = next((step for step, first in _TS_STEPS.items() if _is_stepped(window, first, step)), 188)
    findings.add("media data", source.size_bytes, Action.REBUILT)
    for at in range(_TS_STEPS[step], min(_LOOKED_AT_BYTES, source.size_bytes), step):
        packet = window.read(at, 188)
        if len(packet) == 188 and int.from_bytes(packet[1:3], "big") & 0x1FFF in _NAMING_PIDS:
            findings.add("service or programme names", 188)
            findings.words_in(packet[4:])
    findings.missing_bytes = -source.size_bytes % step
    return findings.result()


def _is_stepped(window: Window, first: int, step: int) -> bool:
    return all(window.big(first + step * number, 1) == 0x47 for number in range(4))


def walk_asf(source: ByteSource, limits: Limits) -> Structure:
    """Advanced Systems Format: the header's objects hold the words, in UTF-16; the data tell their length."""
    window, findings = Window(source), Findings(limits)
    header_bytes = window.little(16, 8)
    findings.add("header with its tags", header_bytes)
    findings.words_in(window.read(0, min(header_bytes, _LOOKED_AT_BYTES)))
    data_bytes = window.little(header_bytes + 16, 8)
    findings.add("media data", min(data_bytes, source.size_bytes), Action.REBUILT)
    end = header_bytes + data_bytes
    findings.missing_bytes = max(0, end - source.size_bytes) if data_bytes < 1 << 62 else 0
    if end < source.size_bytes:
        findings.add("index and what stands behind it", source.size_bytes - end)
        findings.words_in(window.read(end, _LOOKED_AT_BYTES))
    return findings.result()


def walk_flv(source: ByteSource, limits: Limits) -> Structure:
    """Tags one after the other, each followed by its own length."""
    window, findings = Window(source), Findings(limits)
    at = window.big(5, 4) + 4
    findings.add("media data", source.size_bytes, Action.REBUILT)
    for _ in range(_FLV_MOST_TAGS):
        length = window.big(at + 1, 3)
        if at + 11 + length > source.size_bytes:
            break
        if window.big(at, 1) & 0x1F == _FLV_SCRIPT:
            findings.add("script data", length)
            findings.words_in(window.read(at + 11, length))
        at += 11 + length + 4
    last = window.big(source.size_bytes - 4, 4)
    is_whole = last >= 11 and window.big(source.size_bytes - 4 - last + 1, 3) == last - 11
    findings.missing_bytes = 0 if is_whole else 1
    return findings.result()


def walk_elementary(source: ByteSource, limits: Limits) -> Structure:
    """Nothing but coded pictures."""
    findings = Findings(limits)
    findings.add("media data", source.size_bytes, Action.REBUILT)
    return findings.result()
