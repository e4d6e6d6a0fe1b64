"""The colour profile that such a scanner embeds: three primaries and a curve (ICC.1:2001, a matrix profile).

Its greens are yellower and its curve flatter than sRGB's, so that switching the profile on and off is seen.
"""

from __future__ import annotations

import struct

_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2320, 0.0180),
    b"gXYZ": (0.3950, 0.7000, 0.1010),
    b"bXYZ": (0.1331, 0.0680, 0.7059),
}
_WHITE = (0.9642, 1.0, 0.8249)  # D50: what the primaries add up to
_GAMMA = 2.0
_HEADER_BYTES, _ENTRY_BYTES = 128, 12


def scanner_profile(serial: str) -> bytes:
    """A profile whose description names the scanner, as real ones do."""
    name = f"AT2 {serial}".encode() + b"\0"
    curve = struct.pack(">4s4xIH", b"curv", 1, round(_GAMMA * 256))
    tags = {
        b"desc": struct.pack(">4s4xI", b"desc", len(name)) + name + bytes(4 + 4 + 2 + 1 + 67),
        b"cprt": b"text" + bytes(4) + b"Sample\0",
        b"wtpt": _xyz(_WHITE),
        **{tag: _xyz(primary) for tag, primary in _PRIMARIES.items()},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body = struct.pack(">I", len(tags)), b""
    offset = _HEADER_BYTES + 4 + _ENTRY_BYTES * len(tags)
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, offset + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"\0\0\0\0", 0x0210_0000, b"scnr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s4s4x16xI", 2026, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0)
    header += struct.pack(">3i", *(round(number * 65536) for number in _WHITE))
    return header.ljust(_HEADER_BYTES, b"\0") + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(number * 65536) for number in values))
