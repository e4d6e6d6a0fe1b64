"""From the bytes of a file to its features, one after the other, whatever way they are wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from annotations.errors import FormatError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_COMPRESSED = (b"PK\x03\x04", b"\x1f\x8b")
_STRING_OR_NOT_A_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b', re.DOTALL)

_RawValue = dict[str, msgspec.Raw]


def features(data: bytes) -> Iterator[dict[str, Any]]:
    """The features of a file, decoded one at a time: a large file never exists as Python objects as a whole.

    Raises
    ------
    FormatError : the bytes are not JSON, or not features.
    """
    text = data.removeprefix(_BYTE_ORDER_MARK).strip()
    if not text:
        raise FormatError("The file is empty.")
    if text.startswith(_COMPRESSED):
        raise FormatError("The file is compressed; unpack it first.")
    try:
        raw_features = _unwrap(text)
    except msgspec.ValidationError:
        raise FormatError("The file holds no GeoJSON features.") from None
    except msgspec.DecodeError:
        # QuPath's writer is lenient: it writes NaN as a bare word, which JSON does not know.
        text = _STRING_OR_NOT_A_NUMBER.sub(_null_for_not_a_number, text)
        raw_features = _unwrap_again(text)
    except RecursionError:
        raise FormatError("The file is nested too deeply.") from None
    for number, raw in enumerate(raw_features, start=1):
        yield _decoded(raw, number)


def _unwrap_again(text: bytes) -> list[msgspec.Raw]:
    try:
        return _unwrap(text)
    except msgspec.ValidationError:
        raise FormatError("The file holds no GeoJSON features.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FormatError("The file is not JSON.") from None
    except RecursionError:
        raise FormatError("The file is nested too deeply.") from None


def _unwrap(text: bytes) -> list[msgspec.Raw]:
    if text.startswith(b"["):
        return msgspec.json.decode(text, type=list[msgspec.Raw])
    members = msgspec.json.decode(text, type=_RawValue)
    if "features" in members:
        return msgspec.json.decode(members["features"], type=list[msgspec.Raw])
    if "geometry" in members:
        return [msgspec.Raw(text)]
    if "coordinates" in members or "geometries" in members:
        return [msgspec.Raw(b'{"geometry":' + text + b"}")]
    raise FormatError("The file holds no GeoJSON features.")


def _decoded(raw: msgspec.Raw, number: int) -> dict[str, Any]:
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.ValidationError as error:
        if "out of range" in str(error):
            raise FormatError(f"Feature {number} has a number that is too large.") from None
        raise FormatError(f"Feature {number} is not a JSON object.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise FormatError(f"Feature {number} is not JSON.") from None
    except RecursionError:
        raise FormatError(f"Feature {number} is nested too deeply.") from None


def _null_for_not_a_number(match: re.Match[bytes]) -> bytes:
    word = match.group()
    return word if word.startswith(b'"') else b"null"
