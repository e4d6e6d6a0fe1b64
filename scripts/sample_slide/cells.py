"""Which cell lies where: one row a nucleus (or red cell), placed by what the maps say of the place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from .anatomy import EPITHELIUM_UM, MAP_PX, UM_PER_PX, Anatomy, Duct
from .noise import Field, octaves


class Kind(IntEnum):
    """What a stamp shows."""

    HEPATOCYTE = 0
    TUMOUR = 1
    LYMPHOCYTE = 2
    FIBROBLAST = 3
    ENDOTHELIUM = 4
    DUCT = 5
    MITOSIS = 6
    RED_CELL = 7
    FRAGMENT = 8


@dataclass(frozen=True, slots=True)
class Cells:
    """Parallel arrays, sorted by ``y_px``; level-0 pixels; angles of the long axis, radians from x to y."""

    x_px: NDArray[np.float32]
    y_px: NDArray[np.float32]
    angle: NDArray[np.float32]
    kind: NDArray[np.uint8]

    def between(self, top_px: float, bottom_px: float) -> Cells:
        """Those whose centres lie in a band of rows."""
        first, last = np.searchsorted(self.y_px, [top_px, bottom_px])
        return Cells(
            self.x_px[first:last], self.y_px[first:last], self.angle[first:last], self.kind[first:last]
        )

    def of(self, *kinds: Kind) -> Cells:
        """Those of some kinds."""
        chosen = np.isin(self.kind, kinds)
        return Cells(self.x_px[chosen], self.y_px[chosen], self.angle[chosen], self.kind[chosen])


def populate(rng: np.random.Generator, anatomy: Anatomy) -> Cells:
    """Place every cell of the slide."""
    found: list[Cells] = []
    maps = _Maps(anatomy)
    clumps = octaves(rng, anatomy.shape, 60 / (MAP_PX * UM_PER_PX), 2)

    x, y = _grid(rng, anatomy, 82, 0.28)
    is_liver = (maps.at("stroma_um", x, y) < -6) & (maps.at("tumour_um", x, y) < -16)
    is_free = maps.at("void_um", x, y) < -2.5
    keep = is_liver & is_free
    found.append(_cells(rng, x[keep], y[keep], Kind.HEPATOCYTE))
    pair = keep & (rng.random(x.size) < 0.09)
    turn = rng.uniform(0, 2 * np.pi, x.size)
    found.append(_cells(rng, (x + 33 * np.cos(turn))[pair], (y + 33 * np.sin(turn))[pair], Kind.HEPATOCYTE))

    x, y = _grid(rng, anatomy, 50, 0.45)
    beside = np.abs(maps.at("sinusoid_um", x, y) - 3.2) < 1.6
    keep = beside & (maps.at("stroma_um", x, y) < -6) & (maps.at("tumour_um", x, y) < -16)
    keep &= (maps.at("tissue_um", x, y) > 2) & (maps.at("void_um", x, y) < 2.5) & (rng.random(x.size) < 0.3)
    along = maps.direction("sinusoid_um", x, y)
    found.append(_cells(rng, x[keep], y[keep], Kind.ENDOTHELIUM, along[keep]))

    found += _tumour(rng, anatomy, maps)

    x, y = _grid(rng, anatomy, 66, 0.45)
    is_stroma = (maps.at("stroma_um", x, y) > 1) | (maps.at("tumour_um", x, y) > -5)
    is_stroma &= (maps.at("nest_um", x, y) < -4) & (maps.at("void_um", x, y) < -3)
    keep = is_stroma & (rng.random(x.size) < 0.55)
    along = maps.direction("flow_px", x, y) + rng.normal(0, 0.15, x.size).astype(np.float32)
    found.append(_cells(rng, x[keep], y[keep], Kind.FIBROBLAST, along[keep]))

    x, y = _grid(rng, anatomy, 29, 0.42)
    likely = np.maximum(maps.at("lymphoid", x, y), 0.035 * is_somewhere(maps, x, y))
    likely = likely * (maps.at("nest_um", x, y) < 0) + 0.012 * (maps.at("nest_um", x, y) > 4)
    keep = (rng.random(x.size) < likely) & (maps.at("void_um", x, y) < -2.5)
    found.append(_cells(rng, x[keep], y[keep], Kind.LYMPHOCYTE))

    x, y = _grid(rng, anatomy, 27, 0.4)
    in_blood = maps.at("blood", x, y) * (0.55 + 0.45 * np.tanh(2 * maps.of(clumps, x, y)))
    keep = (
        (maps.at("void_um", x, y) > 1.2) & (maps.at("tissue_um", x, y) > 8) & (rng.random(x.size) < in_blood)
    )
    found.append(_cells(rng, x[keep], y[keep], Kind.RED_CELL))

    x, y = _grid(rng, anatomy, 26, 0.45)
    keep = rng.random(x.size) < 0.22 * maps.at("debris", x, y)
    found.append(_cells(rng, x[keep], y[keep], Kind.FRAGMENT))

    found += [_around(rng, duct) for duct in anatomy.ducts]
    return _sorted(found, anatomy)


def is_somewhere(maps: _Maps, x: Field, y: Field) -> NDArray[np.bool_]:
    """Stroma of either sort, where a few lymphocytes are always about."""
    return (maps.at("stroma_um", x, y) > 0) | (
        (maps.at("tumour_um", x, y) > 0) & (maps.at("nest_um", x, y) < -3)
    )


class _Maps:
    """The anatomy's maps, read at level-0 places."""

    def __init__(self, anatomy: Anatomy) -> None:
        self._anatomy = anatomy

    def of(self, field: Field, x: Field, y: Field) -> Field:
        columns = np.clip((x / MAP_PX).astype(np.int32), 0, field.shape[1] - 1)
        rows = np.clip((y / MAP_PX).astype(np.int32), 0, field.shape[0] - 1)
        return field[rows, columns]

    def at(self, name: str, x: Field, y: Field) -> Field:
        return self.of(getattr(self._anatomy, name), x, y)

    def direction(self, name: str, x: Field, y: Field) -> Field:
        """The angle along which a map does not change."""
        field: Field = getattr(self._anatomy, name)
        slope_x = cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3)
        slope_y = cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3)
        return np.arctan2(self.of(slope_y, x, y), self.of(slope_x, x, y)) + np.float32(np.pi / 2)


def _tumour(rng: np.random.Generator, anatomy: Anatomy, maps: _Maps) -> list[Cells]:
    """Columnar cells in rows along the basement membrane, loose ones in solid nests, some dividing."""
    found: list[Cells] = []
    for depth_um, spacing_px, chance in ((7.5, 27, 0.96), (14.5, 31, 0.62), (20.5, 40, 0.16)):
        level = ((anatomy.nest_um > depth_um) * np.uint8(1)).astype(np.uint8)
        outlines, _ = cv2.findContours(level, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        for outline in outlines:
            if len(outline) < 6:
                continue
            x, y, angle = _walk(outline[:, 0, :].astype(np.float32) * MAP_PX + MAP_PX / 2, spacing_px)
            keep = rng.random(x.size) < chance
            x = x + rng.normal(0, 3.0, x.size).astype(np.float32)
            y = y + rng.normal(0, 3.0, x.size).astype(np.float32)
            # Contours bound cracks and the tissue's edge, too; nothing stands in the void.
            keep &= maps.at("void_um", x, y) < -2
            tilt = rng.normal(np.pi / 2, 0.3, x.size).astype(np.float32)
            found.append(_cells(rng, x[keep], y[keep], Kind.TUMOUR, angle[keep] + tilt[keep]))
    x, y = _grid(rng, anatomy, 41, 0.4)
    depth_um = maps.at("nest_um", x, y)
    keep = (depth_um > 22) & (depth_um < EPITHELIUM_UM) & (rng.random(x.size) < 0.10)
    found.append(_cells(rng, x[keep], y[keep], Kind.TUMOUR))
    cells = _joined(found)
    is_dividing = rng.random(cells.x_px.size) < 0.006
    cells.kind[is_dividing] = Kind.MITOSIS
    return [cells]


def _walk(points: Field, spacing_px: float) -> tuple[Field, Field, Field]:
    """Places at even distances along a closed line, and the line's direction there."""
    closed = np.concatenate([points, points[:1]])
    # Contours follow pixels in steps; the cells should follow the curve.
    window = 5
    padded = np.concatenate([closed[-window - 1 : -1], closed, closed[1 : window + 1]])
    kernel = np.ones(2 * window + 1) / (2 * window + 1)
    smooth = np.stack([np.convolve(padded[:, axis], kernel, "valid") for axis in (0, 1)], axis=1)
    steps = np.hypot(*np.diff(smooth, axis=0).T)
    length = np.concatenate([[0], np.cumsum(steps)])
    places = np.arange(0, max(length[-1] - spacing_px / 2, 0.1), spacing_px)
    x, y = (np.interp(places, length, smooth[:, axis]).astype(np.float32) for axis in (0, 1))
    ahead_x, ahead_y = (np.interp(places + 6, length, smooth[:, axis]) for axis in (0, 1))
    return x, y, np.arctan2(ahead_y - y, ahead_x - x).astype(np.float32)


def _around(rng: np.random.Generator, duct: Duct) -> Cells:
    """The lining of one channel: cuboid cells of a bile duct, or the flat ones of a vessel."""
    spacing_px, inset_px = (27.0, 18.0) if duct.is_epithelial else (95.0, 3.0)
    radius_px = max(duct.radius_px - inset_px, 16)
    count = max(int(2 * np.pi * radius_px / spacing_px), 4)
    turn = (np.arange(count) / count * 2 * np.pi + rng.normal(0, 0.12 / count * 6, count)).astype(np.float32)
    radii = radius_px + rng.normal(0, 2.0, count).astype(np.float32)
    kind = Kind.DUCT if duct.is_epithelial else Kind.ENDOTHELIUM
    x = duct.x_px + radii * np.cos(turn)
    y = duct.y_px + radii * np.sin(turn)
    return _cells(rng, x.astype(np.float32), y.astype(np.float32), kind, turn + np.float32(np.pi / 2))


def _grid(
    rng: np.random.Generator, anatomy: Anatomy, spacing_px: float, jitter: float
) -> tuple[Field, Field]:
    """Places all over the slide, about ``spacing_px`` apart: a hexagonal grid, shaken."""
    rows, columns = anatomy.shape
    down = int(rows * MAP_PX / (spacing_px * 0.87)) + 1
    across = int(columns * MAP_PX / spacing_px) + 1
    row, column = np.mgrid[0:down, 0:across].astype(np.float32)
    shake = rng.uniform(-jitter, jitter, (2, down, across)).astype(np.float32)
    x = (column + 0.5 * (row % 2) + shake[0]) * np.float32(spacing_px)
    y = (row + shake[1]) * np.float32(spacing_px * 0.87)
    return x.ravel(), y.ravel()


def _cells(rng: np.random.Generator, x: Field, y: Field, kind: Kind, angle: Field | None = None) -> Cells:
    if angle is None:
        angle = rng.uniform(0, np.pi, x.size).astype(np.float32)
    return Cells(
        x.astype(np.float32), y.astype(np.float32), angle.astype(np.float32), np.full(x.size, kind, np.uint8)
    )


def _joined(parts: list[Cells]) -> Cells:
    if not parts:
        empty = np.empty(0, np.float32)
        return Cells(empty, empty, empty, np.empty(0, np.uint8))
    return Cells(
        np.concatenate([part.x_px for part in parts]),
        np.concatenate([part.y_px for part in parts]),
        np.concatenate([part.angle for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )


def _sorted(parts: list[Cells], anatomy: Anatomy) -> Cells:
    """All in one, by rows; none outside the tissue."""
    cells = _joined(parts)
    order = np.argsort(cells.y_px, kind="stable")
    inside = _Maps(anatomy).at("tissue_um", cells.x_px, cells.y_px) > 1.5
    order = order[inside[order]]
    return Cells(cells.x_px[order], cells.y_px[order], cells.angle[order], cells.kind[order])
