"""Which frame lies where: by the order of TILED_FULL, or as each frame says (PS3.3, C.7.6.17.3)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tiling.errors import CorruptSlideError
from tiling.formats.dicom import tags
from tiling.formats.dicom.elements import Element, Span
from tiling.formats.dicom.values import Values

_IN_FRAME = frozenset({tags.PLANE_POSITION, tags.FRAME_OPTICAL_PATH})
_IN_POSITION = frozenset({tags.COLUMN_POSITION, tags.ROW_POSITION, tags.Z_OFFSET})
_IN_PATH = frozenset({tags.OPTICAL_PATH_ID})


@dataclass(frozen=True, slots=True)
class FramePlaces:
    """Where frames lie, as they say. All (frames,).

    columns, rows: level-0 pixels of their upper left corners, from 0. z_mm: NaN where not stated. paths:
    what each says of its optical path, "" where nothing.
    """

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    z_mm: NDArray[np.float64]
    paths: tuple[str, ...]


def read_frame_places(values: Values, groups: Element | None, frame_count: int) -> FramePlaces:
    """Read one item a frame. Raises CorruptSlideError where a frame's place is missing."""
    items = values.items(groups, frame_count)
    if len(items) != frame_count:
        raise CorruptSlideError("the DICOM file does not say of every frame where it lies")
    columns, rows = np.zeros(frame_count, np.int64), np.zeros(frame_count, np.int64)
    z_mm = np.full(frame_count, np.nan)
    paths: list[str] = []
    for number, item in enumerate(items):
        found = values.elements(item, _IN_FRAME)
        position = _only_item(values, found.get(tags.PLANE_POSITION), _IN_POSITION)
        columns[number] = values.number(position.get(tags.COLUMN_POSITION), 0) - 1
        rows[number] = values.number(position.get(tags.ROW_POSITION), 0) - 1
        heights = values.decimals(position.get(tags.Z_OFFSET))
        if len(heights) == 1:
            z_mm[number] = heights[0]
        path = _only_item(values, found.get(tags.FRAME_OPTICAL_PATH), _IN_PATH)
        paths.append(values.text(path.get(tags.OPTICAL_PATH_ID)))
    if (columns < 0).any() or (rows < 0).any():
        raise CorruptSlideError("the DICOM file does not say of every frame where it lies")
    return FramePlaces(columns, rows, z_mm, tuple(paths))


def _only_item(values: Values, sequence: Element | None, wanted: frozenset[int]) -> dict[int, Element]:
    spans: list[Span] = values.items(sequence, 1, depth=1)
    return values.elements(spans[0], wanted, depth=2) if spans else {}
