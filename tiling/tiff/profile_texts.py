"""What a colour profile says in words (ICC.1:2022, clause 10)."""

import re
from collections.abc import Iterator

_PRINTABLE = re.compile(rb"[\x20-\x7e]{6,}")
_PRINTABLE_UTF16_BIG = re.compile(rb"(?:\0[\x20-\x7e]){6,}")
_MAX_ICC_TAGS = 100
_NUMBERS_OF_ICC = frozenset(
    {
        b"XYZ ",
        b"curv",
        b"para",
        b"sf32",
        b"mft1",
        b"mft2",
        b"mAB ",
        b"mBA ",
        b"sig ",
        b"view",
        b"meas",
        b"chrm",
    }
)


def texts_of_profile(icc: bytes) -> Iterator[bytes]:
    """The texts of its tags and of what lies behind them: its curves read like text in places, too."""
    behind = 128
    for number in range(min(int.from_bytes(icc[128:132], "big"), _MAX_ICC_TAGS)):
        entry = icc[132 + 12 * number :][:12]
        offset, length = int.from_bytes(entry[4:8], "big"), int.from_bytes(entry[8:12], "big")
        behind = max(behind, offset + length)
        body = icc[offset : offset + length]
        if body[:4] not in _NUMBERS_OF_ICC:
            yield from _PRINTABLE.findall(body[8:])
            yield from (run[1::2] for run in _PRINTABLE_UTF16_BIG.findall(body[8:]))
    yield from _PRINTABLE.findall(icc[behind:])
