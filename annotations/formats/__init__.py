"""The label formats of other tools, one adapter each.

`REGISTRY` has every adapter under each name that it answers to.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from annotations.errors import FormatError
from annotations.formats.adapter import FormatAdapter, Parsed, Serialized
from annotations.formats.qupath_geojson import QuPathGeoJson

__all__ = ["REGISTRY", "FormatAdapter", "Parsed", "Serialized", "adapter_named"]

_QUPATH = QuPathGeoJson()

REGISTRY: Mapping[str, FormatAdapter] = MappingProxyType({_QUPATH.name: _QUPATH, "geojson": _QUPATH})


def adapter_named(name: str) -> FormatAdapter:
    """The adapter of the format called `name`.

    Raises
    ------
    FormatError : no format has that name; the sentence lists those that exist.
    """
    adapter = REGISTRY.get(name)
    if adapter is None:
        raise FormatError(f"The format is not known; there are {', '.join(sorted(REGISTRY))}.")
    return adapter
