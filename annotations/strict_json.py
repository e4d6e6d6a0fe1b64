"""How JSON from outside is read: of one shape or not at all, within limits, refused without repeating it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from annotations.errors import WireError, without_values
from annotations.geometry import DEFAULT_LIMITS, GeometryLimits
from annotations.model import JSON
from annotations.over_time import DEFAULT_TIME_LIMITS, TimeLimits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WireLimits:
    """What one ChangeSet may hold. An import of a file does not travel as a ChangeSet and is not bound by
    them.

    Attributes
    ----------
    max_items : annotations created, updated and deleted together.
    max_vertices : of all shapes together.
    max_name_length, max_layer_length, max_class_id_length : characters.
    max_extra_bytes : of `extra`, written as JSON; the measurements of one cell take 5,000.
    max_extra_depth : arrays and objects inside one another.
    max_attributes_bytes : of one key frame, written as JSON.
    """

    max_items: int = 20_000
    max_vertices: int = 2_000_000
    max_name_length: int = 500
    max_layer_length: int = 100
    max_class_id_length: int = 100
    max_extra_bytes: int = 65_536
    max_extra_depth: int = 16
    max_attributes_bytes: int = 4_096
    geometry: GeometryLimits = DEFAULT_LIMITS
    time: TimeLimits = DEFAULT_TIME_LIMITS


DEFAULT_WIRE_LIMITS = WireLimits()


def decode(document: bytes | str | Mapping[str, Any], shape: type[T]) -> T:
    """What JSON (text, or decoded already) says, in a given shape.

    Raises
    ------
    WireError : it is not JSON, or not of that shape.
    """
    try:
        if isinstance(document, bytes | str):
            return msgspec.json.decode(document, type=shape)
        return msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        raise WireError(f"{without_values(str(error))}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise WireError("The body is not JSON.") from None
    except RecursionError:
        raise WireError("The body is nested too deeply.") from None


def check_extra(extra: Mapping[str, JSON], limits: WireLimits = DEFAULT_WIRE_LIMITS) -> None:
    """Refuse what `extra` may not hold: too much, too deep, or a number that JSON cannot say.

    Raises
    ------
    WireError : with the limit in its sentence.
    """
    check_json(extra, "extra", limits.max_extra_depth, limits.max_extra_bytes)


def check_json(value: Mapping[str, JSON], name: str, max_depth: int, max_bytes: int) -> None:
    """Refuse a `value` that exceeds a limit, or that JSON cannot say; `name` is what the sentence calls it.

    Raises
    ------
    WireError
    """
    if not value:
        return
    if not _is_json(value, max_depth):
        raise WireError(
            f"{name} must hold texts, lists, objects and finite numbers (integers up to 2^53), "
            f"at most {max_depth} deep."
        )
    if len(msgspec.json.encode(value)) > max_bytes:
        raise WireError(f"{name} may take at most {max_bytes:,} bytes.")


def _is_json(value: object, depth: int) -> bool:
    match value:
        case None | bool():
            return True
        case str():
            return is_text(value, nul=True)
        case int() | float():
            return math.isfinite(value) if isinstance(value, float) else abs(value) <= 2**53
        case list():
            return depth > 0 and all(_is_json(item, depth - 1) for item in value)
        case dict():
            return depth > 0 and all(
                isinstance(key, str) and is_text(key, nul=True) and _is_json(item, depth - 1)
                for key, item in value.items()
            )
        case _:
            return False


def is_text(value: str, *, nul: bool = False) -> bool:
    """Whether it can be written as UTF-8: decoded elsewhere, it may have half a surrogate pair."""
    if value.isascii():
        return nul or "\0" not in value
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return nul or "\0" not in value
