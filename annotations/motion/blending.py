"""Between two outlines that no vertex map joins: the outline of their blended distance fields.

Parts may merge, part, vanish; what comes out is valid, and may be nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from annotations.motion.contour import polygons_of, zero_outline
from annotations.motion.distance import blend, signed_distance
from annotations.motion.outlines import Part, Vertices

CELLS = 250
"""Along the longer side of both outlines."""
MARGIN = 3
"""Cells around them."""
THINNING = 0.125
"""By how much of a cell the outline may be thinned."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Two outlines as distances around their centroids, on one grid. Distances in cells of `cell_px`."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    first_centroid: Vertices
    second_centroid: Vertices
    origin: Vertices
    cell_px: float

    @property
    def byte_count(self) -> int:
        """What it takes in memory."""
        return self.first.nbytes + self.second.nbytes

    def at(self, t: float) -> BaseGeometry | None:
        """The outline at a part of the way, None where nothing is left."""
        found = polygons_of(zero_outline(blend(self.first, self.second, t)), least_area=1.0)
        if found is None:
            return None
        thinned = shapely.simplify(found, THINNING, preserve_topology=True)
        if thinned.is_valid and not thinned.is_empty:
            found = thinned
        place = self.first_centroid + (self.second_centroid - self.first_centroid) * t + self.origin
        moved = shapely.transform(found, lambda vertices: vertices * self.cell_px + place)
        return moved if moved.is_valid else None


def make_blend(
    first: tuple[Part, ...], second: tuple[Part, ...], first_centroid: Vertices, second_centroid: Vertices
) -> Blend:
    """What blending two outlines needs, made once for all frames between them."""
    ours, theirs = _moved(first, -first_centroid), _moved(second, -second_centroid)
    vertices = np.concatenate([part.outer for part in (*ours, *theirs)])
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    cell_px = float((high - low).max()) / CELLS
    origin = low - MARGIN * cell_px
    columns, rows = (math.ceil(side) + 2 * MARGIN + 1 for side in ((high - low) / cell_px).tolist())
    return Blend(
        signed_distance(_moved(ours, -origin, 1.0 / cell_px), rows, columns),
        signed_distance(_moved(theirs, -origin, 1.0 / cell_px), rows, columns),
        first_centroid,
        second_centroid,
        origin,
        cell_px,
    )


def _moved(parts: tuple[Part, ...], by: Vertices, scale: float = 1.0) -> tuple[Part, ...]:
    return tuple(
        Part((part.outer + by) * scale, tuple((hole + by) * scale for hole in part.holes)) for part in parts
    )
