"""What is there on one frame of a video: still labels, segments that cover it, and tracks as they are there.

The database finds the two key frames around the frame by their index, so that it does not matter how many a
track has; the rest is ``annotations.interpolation``'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from annotations.geometry import Bounds
from annotations.interpolation import way_gone
from annotations.model import TrackShape
from annotations.motion.planned import Ends, motions_between, shapes_at
from server.annotating import rows
from server.annotating.encoding import At
from server.db import Row

_STILL = sa.text(rows.SELECT + "WHERE a.asset_id = :asset_id AND a.first_frame IS NULL")
_TIMED = sa.text(
    rows.COLUMNS  # noqa: S608
    + """, l.frame AS left_frame, l.geometry AS left_geometry, l.is_outside, l.is_occluded, l.attributes,
       r.frame AS right_frame, r.geometry AS right_geometry
FROM annotation a """
    + rows.CHANGE
    + """LEFT JOIN keyframe l ON l.annotation_key = a.annotation_key AND l.frame =
  (SELECT max(k.frame) FROM keyframe k WHERE k.annotation_key = a.annotation_key AND k.frame <= :frame)
LEFT JOIN keyframe r ON r.annotation_key = a.annotation_key AND r.frame =
  (SELECT min(k.frame) FROM keyframe k WHERE k.annotation_key = a.annotation_key AND k.frame > :frame)
WHERE a.asset_id = :asset_id AND a.first_frame <= :frame
  AND (a.last_frame IS NULL OR a.last_frame >= :frame)"""
)


@dataclass(frozen=True, slots=True)
class Present:
    """A label on a frame. ``geometry``: WKB, None of a segment; ``at``: of a track."""

    row: Row
    geometry: bytes | None
    at: At | None


def present_at(
    connection: Connection, asset_id: str, frame: int, layer: str | None = None, box: Bounds | None = None
) -> list[Present]:
    """The labels on a frame, oldest first; where given, of one layer, and with bounds that touch ``box``."""
    where = {"asset_id": asset_id, "frame": frame}
    found = [*connection.execute(_STILL, where), *connection.execute(_TIMED, where)]
    wanted = [row for row in found if layer is None or row.layer == layer]
    tracks = [row for row in wanted if row.track_shape is not None and not row.is_outside]
    others = [row for row in wanted if row.track_shape is None]
    present = [Present(row, row.geometry, None) for row in others]
    present += _shown(tracks, frame)
    if box is not None:
        present = _in_box(present, box)
    present.sort(key=lambda one: one.row.annotation_key)
    return present


def _shown(tracks: Sequence[Row], frame: int) -> Iterator[Present]:
    # What does not move goes from the database to the reader as it is.
    moving = [row for row in tracks if _moves(row, frame)]
    between = iter(_between(moving, frame))
    for row in tracks:
        geometry = next(between) if _moves(row, frame) else row.left_geometry
        if geometry is not None:
            at = At(
                frame, row.left_frame == frame, bool(row.is_occluded), msgspec.Raw(row.attributes.encode())
            )
            yield Present(row, geometry, at)


def _moves(row: Row, frame: int) -> bool:
    return (
        row.left_frame != frame
        and row.right_frame is not None
        and bool(row.left_geometry != row.right_geometry)
    )


def _between(moving: Sequence[Row], frame: int) -> Iterable[bytes | None]:
    """The geometry of each, None where nothing is left of it."""
    motions = motions_between(
        [Ends(TrackShape(row.track_shape), row.left_geometry, row.right_geometry) for row in moving]
    )
    gone = [way_gone(row.left_frame, row.right_frame, frame) for row in moving]
    shapes = np.empty(len(moving), dtype=object)
    shapes[:] = shapes_at(motions, gone)
    found: Iterable[bytes | None] = shapely.to_wkb(shapes, output_dimension=2, byte_order=1)
    return found


def _in_box(present: Sequence[Present], box: Bounds) -> list[Present]:
    x0, y0, x1, y1 = box
    placed = [one for one in present if one.geometry is not None]
    bounds: npt.NDArray[np.float64] = shapely.bounds(shapely.from_wkb([one.geometry for one in placed]))
    touches = (bounds[:, 0] <= x1) & (bounds[:, 2] >= x0) & (bounds[:, 1] <= y1) & (bounds[:, 3] >= y0)
    return [placed[index] for index in np.flatnonzero(touches)]
