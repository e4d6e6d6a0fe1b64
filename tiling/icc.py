"""Colour profiles without their texts: a new ICC profile from the numbers of an old one.

A scanner's profile describes colours, but it also has places for free text, dates, serial numbers and
makers' private data, and room between and behind its tags. Nothing of that is removed here; rather a new
profile is written that holds only the numbers which colour management computes with. The structures are
those of ICC.1:2022 (version 4) and ICC.1:2001-04 (version 2).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

MAX_PROFILE_BYTES = 16 << 20
_MAX_TAGS = 100
_MAX_CURVE_ENTRIES = 0x7FFF  # Little CMS reads no longer ones

_HEADER_BYTES = 128
_D50 = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
_DEVICE_CLASSES = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
_CHANNELS = {b"RGB ": 3, b"GRAY": 1}
_CONNECTION_CHANNELS = 3
_PARAMETERS_BY_FUNCTION = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}

_DESCRIPTION = "Slide colours"
_COPYRIGHT = "No copyright"
OWN_WORDS = f"{_DESCRIPTION}\n{_COPYRIGHT}".encode()
"""What a scrubbed profile says, whatever the source's said."""


class _NotUnderstoodError(Exception):
    """The profile breaks the format, or uses a part of it that is not known here."""


@dataclass(frozen=True, slots=True)
class _Header:
    major_version: int
    minor_version: int
    device_class: bytes
    colour_space: bytes
    connection_space: bytes
    intent: int


def scrub_profile(icc: bytes) -> bytes | None:
    """A profile with the same colour transforms and no text, date, maker, serial number or private data.

    Kept are matrix, curves, lookup tables (A2B, B2A), white and black point, chromatic adaptation and
    gamut, for RGB and grey devices in profiles of version 2 and 4. The floating-point variants of the
    lookup tables (D2B, B2D) are dropped; the lookup tables beside them, which the format demands, describe
    the same colours. None if the profile cannot be understood completely.
    """
    try:
        header, tags = _parse(icc)
        channels = _CHANNELS[header.colour_space]
        payloads = {name: rebuild(tags[name], channels) for name, rebuild in _REBUILD.items() if name in tags}
    except (_NotUnderstoodError, struct.error):
        return None
    needed = {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} if channels == 3 else {b"kTRC"}
    if b"A2B0" not in payloads and not needed <= payloads.keys():
        return None
    if header.major_version == 4:
        texts = {b"desc": _multi_localised(_DESCRIPTION), b"cprt": _multi_localised(_COPYRIGHT)}
    else:
        texts = {b"desc": _description_v2(_DESCRIPTION), b"cprt": _text_v2(_COPYRIGHT)}
    return _serialise(header, payloads | texts)


def _parse(icc: bytes) -> tuple[_Header, dict[bytes, bytes]]:
    if not _HEADER_BYTES + 4 <= len(icc) <= MAX_PROFILE_BYTES or icc[36:40] != b"acsp":
        raise _NotUnderstoodError
    (size,) = struct.unpack_from(">I", icc)
    if size > len(icc):
        raise _NotUnderstoodError
    header = _Header(
        icc[8], icc[9] >> 4, icc[12:16], icc[16:20], icc[20:24], struct.unpack_from(">I", icc, 64)[0]
    )
    if (
        header.major_version not in (2, 4)
        or header.device_class not in _DEVICE_CLASSES
        or header.colour_space not in _CHANNELS
        or header.connection_space not in (b"XYZ ", b"Lab ")
        or header.intent > 3
    ):
        raise _NotUnderstoodError
    (count,) = struct.unpack_from(">I", icc, _HEADER_BYTES)
    if count > _MAX_TAGS:
        raise _NotUnderstoodError
    tags: dict[bytes, bytes] = {}
    for index in range(count):
        name, offset, length = struct.unpack_from(">4sII", icc, _HEADER_BYTES + 4 + 12 * index)
        if offset + length > size or name in tags:
            raise _NotUnderstoodError
        tags[name] = icc[offset : offset + length]
    return header, tags


def _serialise(header: _Header, payloads: dict[bytes, bytes]) -> bytes:
    offset = _HEADER_BYTES + 4 + 12 * len(payloads)
    table, body = struct.pack(">I", len(payloads)), b""
    places: dict[bytes, int] = {}
    for name, payload in sorted(payloads.items()):
        if payload not in places:  # the three curves of a device are often one
            places[payload] = offset + len(body)
            body += _padded(payload)
        table += struct.pack(">4sII", name, places[payload], len(payload))
    return (
        struct.pack(">I4x2B2x", offset + len(body), header.major_version, header.minor_version << 4)
        + header.device_class
        + header.colour_space
        + header.connection_space
        + struct.pack(">12x4s24xI", b"acsp", header.intent)
        + _D50
        + bytes(48)
        + table
        + body
    )


def _xyz(payload: bytes, _channels: int) -> bytes:
    return _numbers(payload, b"XYZ ", 3)


def _adaptation(payload: bytes, _channels: int) -> bytes:
    return _numbers(payload, b"sf32", 9)


def _numbers(payload: bytes, type_name: bytes, count: int) -> bytes:
    if payload[:4] != type_name:
        raise _NotUnderstoodError
    return _typed(type_name, _take(payload, 8, 4 * count))


def _curve(payload: bytes, _channels: int) -> bytes:
    return _curve_at(payload, 0)


def _curve_at(payload: bytes, offset: int) -> bytes:
    """The curve that starts at `offset`, without what follows it."""
    type_name = payload[offset : offset + 4]
    if type_name == b"curv":
        (count,) = struct.unpack_from(">I", payload, offset + 8)
        if count > _MAX_CURVE_ENTRIES:
            raise _NotUnderstoodError
        return _typed(b"curv", _take(payload, offset + 8, 4 + 2 * count))
    if type_name == b"para":
        (function,) = struct.unpack_from(">H", payload, offset + 8)
        if function not in _PARAMETERS_BY_FUNCTION:
            raise _NotUnderstoodError
        parameters = _take(payload, offset + 12, 4 * _PARAMETERS_BY_FUNCTION[function])
        return _typed(b"para", struct.pack(">HH", function, 0) + parameters)
    raise _NotUnderstoodError


def _device_to_connection(payload: bytes, channels: int) -> bytes:
    return _lookup(payload, channels, _CONNECTION_CHANNELS, b"mAB ")


def _connection_to_device(payload: bytes, channels: int) -> bytes:
    return _lookup(payload, _CONNECTION_CHANNELS, channels, b"mBA ")


def _gamut(payload: bytes, _channels: int) -> bytes:
    return _lookup(payload, _CONNECTION_CHANNELS, 1, b"mBA ")


def _lookup(payload: bytes, inputs: int, outputs: int, modern_type: bytes) -> bytes:
    type_name = payload[:4]
    if tuple(_take(payload, 8, 2)) != (inputs, outputs):
        raise _NotUnderstoodError
    if type_name in (b"mft1", b"mft2"):
        return _table_lookup(payload, inputs, outputs)
    if type_name == modern_type:
        return _staged_lookup(payload, inputs, outputs)
    raise _NotUnderstoodError


def _table_lookup(payload: bytes, inputs: int, outputs: int) -> bytes:
    """lut8Type and lut16Type: a matrix, input tables, a grid and output tables, one after the other."""
    is_16_bit = payload[:4] == b"mft2"
    grid_points = _take(payload, 10, 1)[0]
    matrix = _take(payload, 12, 36)
    entries_in, entries_out = struct.unpack_from(">HH", payload, 48) if is_16_bit else (256, 256)
    if grid_points < 2 or not (2 <= entries_in <= 4096 and 2 <= entries_out <= 4096):
        raise _NotUnderstoodError
    values = inputs * entries_in + grid_points**inputs * outputs + outputs * entries_out
    body = struct.pack(">4B", inputs, outputs, grid_points, 0) + matrix
    if is_16_bit:
        body += struct.pack(">HH", entries_in, entries_out) + _take(payload, 52, 2 * values)
    else:
        body += _take(payload, 48, values)
    return _typed(payload[:4], body)


def _staged_lookup(payload: bytes, inputs: int, outputs: int) -> bytes:
    """lutAToBType and lutBToAType: up to five stages, each at an offset of its own."""
    type_name = payload[:4]
    at_b, at_matrix, at_m, at_grid, at_a = struct.unpack_from(">5I", payload, 12)
    connection, device = (outputs, inputs) if type_name == b"mAB " else (inputs, outputs)
    if not at_b or bool(at_matrix) != bool(at_m) or bool(at_grid) != bool(at_a):
        raise _NotUnderstoodError
    if not at_grid and inputs != outputs:
        raise _NotUnderstoodError
    stages = (
        _curves_at(payload, at_b, connection),
        _take(payload, at_matrix, 48) if at_matrix else b"",
        _curves_at(payload, at_m, connection) if at_m else b"",
        _grid_at(payload, at_grid, inputs, outputs) if at_grid else b"",
        _curves_at(payload, at_a, device) if at_a else b"",
    )
    offsets, body = [], b""
    for stage in stages:
        offsets.append(32 + len(body) if stage else 0)
        body += stage
    return _typed(type_name, struct.pack(">2B2x5I", inputs, outputs, *offsets) + body)


def _curves_at(payload: bytes, offset: int, count: int) -> bytes:
    curves = b""
    for _ in range(count):
        curve = _padded(_curve_at(payload, offset))
        offset += len(curve)
        curves += curve
    return curves


def _grid_at(payload: bytes, offset: int, inputs: int, outputs: int) -> bytes:
    sizes = _take(payload, offset, inputs)
    precision_bytes = _take(payload, offset + 16, 1)[0]
    if min(sizes) < 2 or precision_bytes not in (1, 2):
        raise _NotUnderstoodError
    values = outputs
    for size in sizes:
        values *= size
    data = _take(payload, offset + 20, values * precision_bytes)
    return _padded(sizes.ljust(16, b"\0") + struct.pack(">B3x", precision_bytes) + data)


def _typed(type_name: bytes, body: bytes) -> bytes:
    return type_name + bytes(4) + body


def _take(data: bytes, offset: int, length: int) -> bytes:
    if offset + length > len(data):
        raise _NotUnderstoodError
    return data[offset : offset + length]


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _multi_localised(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return _typed(b"mluc", struct.pack(">II4sII", 1, 12, b"enUS", len(encoded), 28) + encoded)


def _description_v2(text: str) -> bytes:
    ascii_text = text.encode("ascii") + b"\0"
    # No Unicode and no Macintosh variant: 8 bytes of language and count, 3 of script and count, a field of
    # 67.
    return _typed(b"desc", struct.pack(">I", len(ascii_text)) + ascii_text + bytes(8 + 3 + 67))


def _text_v2(text: str) -> bytes:
    return _typed(b"text", text.encode("ascii") + b"\0")


# The allowlist: what is not named here does not exist in a scrubbed profile.
_REBUILD: dict[bytes, Callable[[bytes, int], bytes]] = {
    **dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ", b"wtpt", b"bkpt"), _xyz),
    b"chad": _adaptation,
    **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC", b"kTRC"), _curve),
    **dict.fromkeys((b"A2B0", b"A2B1", b"A2B2"), _device_to_connection),
    **dict.fromkeys((b"B2A0", b"B2A1", b"B2A2"), _connection_to_device),
    b"gamt": _gamut,
}
