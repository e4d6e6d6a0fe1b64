"""Where what is: maps of the whole slide, eight times coarser than level 0, mostly distances in µm.

A distance survives enlargement: painted at full zoom, its zero is still a crisp line. Positive is inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .noise import Field, octaves, ramp, ridges_um

MAP_PX = 8
"""Level-0 pixels a side of one map pixel."""

UM_PER_PX = 0.25
"""µm a side of one level-0 pixel: what a 40× objective gives."""

MAP_UM = MAP_PX * UM_PER_PX
FAR_UM = 40.0
"""Where a distance stops counting: a cliff in a map would ring when it is enlarged."""

EPITHELIUM_UM = 25.0
"""Height of the tumour's gland cells; what lies deeper in a nest is lumen."""


@dataclass(frozen=True, slots=True)
class Duct:
    """A round channel: bile duct, artery or vein. Level-0 pixels."""

    x_px: float
    y_px: float
    radius_px: float
    is_epithelial: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The maps, all of one shape (rows, columns); names ending in ``_um`` are signed distances."""

    tissue_um: Field
    tumour_um: Field
    nest_um: Field  # from a nest's basement membrane inwards
    stroma_um: Field  # portal tracts, septa, capsule
    lymphoid: Field  # 0 … 1, density of lymphocytes
    sinusoid_um: Field  # distance to the middle of the nearest sinusoid
    void_um: Field  # where light passes: lumina, vessels, fat, cracks, glass
    debris: Field  # 0 … 1, dead cells and secretion in the glands' lumina
    blood: Field  # 0 … 1, how much blood stands in the voids
    flow_px: Field  # constant along collagen fibres, level-0 pixels across them
    zone: Field  # deviation about 1: slow changes of staining
    fold: Field  # 0 … 1, tissue lying double
    ducts: tuple[Duct, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of every map."""
        rows, columns = self.tissue_um.shape
        return rows, columns


def lay_out(rng: np.random.Generator, width_px: int, height_px: int) -> Anatomy:
    """Lay out the anatomy of a slide of so many level-0 pixels."""
    shape = -(-height_px // MAP_PX) + 1, -(-width_px // MAP_PX) + 1
    rows, columns = shape
    y_um = np.arange(rows, dtype=np.float32)[:, None] * np.float32(MAP_UM)
    x_um = np.arange(columns, dtype=np.float32)[None, :] * np.float32(MAP_UM)
    extent_um = min(rows * MAP_UM, columns * MAP_UM * 0.75)

    tissue_um = _fragments(rng, x_um, y_um, extent_um)
    tumour_um = _tumour(rng, x_um, y_um, extent_um)
    nest_um = _nests(rng, tumour_um)
    lobule = _lobules(rng, x_um, y_um)
    septum_um = 22 - ridges_um(octaves(rng, shape, 1100 / MAP_UM, 3), MAP_UM)
    septum_um -= 60 * ramp(-octaves(rng, shape, 2500 / MAP_UM, 1) - 0.1, 0.8)
    capsule_um = 60 + 18 * octaves(rng, shape, 300 / MAP_UM, 2) - np.abs(tumour_um + 25)
    portal_um = lobule.portal_um
    stroma_um = _highest([portal_um, septum_um, capsule_um])
    lymphoid = _lymphoid(rng, tumour_um, portal_um)

    sinusoid_um = _sinusoids(rng, shape)
    is_parenchyma = ramp(-6 - np.maximum(stroma_um, tumour_um + 10), 16)
    width_um = 1.5 + 1.1 * octaves(rng, shape, 70 / MAP_UM, 3)
    sinusoid_void_um = width_um - sinusoid_um - 14 * (1 - is_parenchyma)
    lumen_um = nest_um - EPITHELIUM_UM
    crack_um = _cracks(rng, shape)
    droplet_um = _droplets(rng, shape, is_parenchyma)
    vein_um = np.where(tumour_um < -20, lobule.vein_um, np.float32(-FAR_UM))
    voids = [-tissue_um, sinusoid_void_um, lumen_um, vein_um, droplet_um, crack_um]
    void_um = _highest(voids)
    ducts = _ducts(rng, np.minimum(portal_um, -tumour_um), tissue_um)
    for duct in ducts:
        _hollow(void_um, duct)
    np.clip(void_um, -FAR_UM, FAR_UM, out=void_um)
    blood = ramp(octaves(rng, shape, 350 / MAP_UM, 2) - 0.2, 1.5) * ramp(-droplet_um - 4, 4)
    blood *= ramp(-lumen_um - 2, 4) * ramp(tissue_um - 12, 10) * ramp(-crack_um - 2, 4)
    debris = ramp(np.minimum(lumen_um, tissue_um) - 7, 10) * ramp(
        octaves(rng, shape, 200 / MAP_UM, 2) - 0.55, 0.7
    )
    flow_um = np.where(tumour_um > 0, -nest_um, stroma_um)
    flow_px = cv2.GaussianBlur(flow_um.astype(np.float32), (0, 0), 2.5) / np.float32(UM_PER_PX)
    flow_px += 40 * octaves(rng, shape, 160 / MAP_UM, 2) + 9 * octaves(rng, shape, 18 / MAP_UM, 2)
    fold_um = 14 - ridges_um(octaves(rng, shape, 4000 / MAP_UM, 2), MAP_UM)
    fold = ramp(fold_um, 10) * ramp(octaves(rng, shape, 1500 / MAP_UM, 1) - 1.2, 0.5)
    return Anatomy(
        tissue_um=tissue_um,
        tumour_um=tumour_um,
        nest_um=nest_um,
        stroma_um=stroma_um,
        lymphoid=lymphoid,
        sinusoid_um=sinusoid_um,
        void_um=void_um,
        debris=debris.astype(np.float32),
        blood=blood.astype(np.float32),
        flow_px=flow_px.astype(np.float32),
        zone=octaves(rng, shape, 700 / MAP_UM, 3),
        fold=fold.astype(np.float32),
        ducts=ducts,
    )


def _highest(fields: list[Field]) -> Field:
    """The union of shapes: the largest distance of each place. One field at a time: these maps are large."""
    union = np.array(fields[0], np.float32)
    for field in fields[1:]:
        np.maximum(union, field, out=union, casting="same_kind")
    return union


@dataclass(frozen=True, slots=True)
class _Lobules:
    vein_um: Field
    portal_um: Field


def _fragments(rng: np.random.Generator, x_um: Field, y_um: Field, extent_um: float) -> Field:
    """Three pieces of tissue with ragged edges; the places are fractions of the slide."""
    width_um, height_um = float(x_um[0, -1]), float(y_um[-1, 0])
    shape = y_um.shape[0], x_um.shape[1]
    edge = np.full(shape, -1e6, np.float32)
    pieces = ((0.345, 0.50, 0.27, 0.385), (0.81, 0.36, 0.125, 0.275), (0.77, 0.84, 0.13, 0.08))
    for x, y, radius_x, radius_y in pieces:
        turned = rng.uniform(-0.35, 0.35)
        along, across = x_um - x * width_um, y_um - y * height_um
        p = (along * np.cos(turned) + across * np.sin(turned)) / (radius_x * width_um)
        q = (across * np.cos(turned) - along * np.sin(turned)) / (radius_y * height_um)
        smaller_um = min(radius_x * width_um, radius_y * height_um)
        distance = (1 - (np.abs(p) ** 2.3 + np.abs(q) ** 2.3) ** (1 / 2.3)) * smaller_um
        edge = np.maximum(edge, distance)
    edge += np.float32(0.026 * extent_um) * octaves(rng, shape, 0.20 * extent_um / MAP_UM, 3)
    edge += 14 * octaves(rng, shape, 120 / MAP_UM, 4) * ramp(octaves(rng, shape, 500 / MAP_UM, 1), 2)
    return edge.astype(np.float32)


def _tumour(rng: np.random.Generator, x_um: Field, y_um: Field, extent_um: float) -> Field:
    width_um, height_um = float(x_um[0, -1]), float(y_um[-1, 0])
    main = 0.20 * extent_um - np.hypot(x_um - 0.42 * width_um, y_um - 0.40 * height_um)
    satellite = 0.07 * extent_um - np.hypot(x_um - 0.25 * width_um, y_um - 0.68 * height_um)
    edge = np.maximum(main, satellite) + np.float32(0.035 * extent_um) * octaves(
        rng, (y_um.shape[0], x_um.shape[1]), 0.16 * extent_um / MAP_UM, 3
    )
    return edge.astype(np.float32)


def _nests(rng: np.random.Generator, tumour_um: Field) -> Field:
    """Glands and cords: the high ground of a noise, as distance from its shore."""
    shape = (tumour_um.shape[0], tumour_um.shape[1])
    field = octaves(rng, shape, 62 / MAP_UM, 2) + 0.45 * octaves(rng, shape, 420 / MAP_UM, 1)
    is_nest = ((field > 0.02) & (tumour_um > 6)).astype(np.uint8)
    inside = cv2.distanceTransform(is_nest, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - is_nest, cv2.DIST_L2, 5)
    return cv2.GaussianBlur((inside - outside) * np.float32(MAP_UM), (0, 0), 1.6)  # rounds the corners


def _lobules(rng: np.random.Generator, x_um: Field, y_um: Field) -> _Lobules:
    """Central veins on a loose hexagonal lattice, portal tracts where three lobules meet."""
    spacing_um = 950.0
    shape = y_um.shape[0], x_um.shape[1]
    vein = np.full(shape, -FAR_UM, np.float32)
    portal = np.full(shape, -FAR_UM, np.float32)
    rough = octaves(rng, shape, 120 / MAP_UM, 3)
    rows, columns = int(y_um[-1, 0] / (spacing_um * 0.87)) + 3, int(x_um[0, -1] / spacing_um) + 3
    for row in range(-1, rows):
        for column in range(-1, columns):
            x = (column + 0.5 * (row % 2) + rng.uniform(-0.18, 0.18)) * spacing_um
            y = (row + rng.uniform(-0.18, 0.18)) * spacing_um * 0.87
            _raise_disc(vein, x, y, rng.uniform(22, 55), rough=rough, roughness=9)
            for third in (0.33, 0.66):
                if rng.random() < 0.8:
                    shift_um = rng.uniform(-90, 90, 2)
                    _raise_disc(
                        portal,
                        x + 0.5 * spacing_um + shift_um[0],
                        y + (third - 0.5) * spacing_um + shift_um[1],
                        rng.uniform(45, 120),
                        rough=rough,
                        roughness=30,
                    )
    return _Lobules(vein, portal)


def _raise_disc(
    field: Field, x: float, y: float, radius: float, *, rough: Field | None = None, roughness: float = 0.0
) -> None:
    """Let ``field`` know of a ragged disc: a maximum over the window that the disc can reach (all in µm)."""
    reach = radius * 2 + 3 * roughness
    rows, columns = field.shape
    top, bottom = (int(np.clip((y + sign * reach) / MAP_UM, 0, rows)) for sign in (-1, 1))
    left, right = (int(np.clip((x + sign * reach) / MAP_UM, 0, columns)) for sign in (-1, 1))
    if top >= bottom or left >= right:
        return
    y_um, x_um = np.mgrid[top:bottom, left:right].astype(np.float32) * np.float32(MAP_UM)
    window = np.s_[top:bottom, left:right]
    distance = np.float32(radius) - np.hypot(x_um - np.float32(x), y_um - np.float32(y))
    if rough is not None:
        distance += np.float32(roughness) * rough[window]
    np.maximum(field[window], distance, out=field[window])


def _lymphoid(rng: np.random.Generator, tumour_um: Field, portal_um: Field) -> Field:
    """Lymphocytes stand in crowds at the tumour's rim and thinly in portal tracts."""
    shape = (tumour_um.shape[0], tumour_um.shape[1])
    crowd = octaves(rng, shape, 330 / MAP_UM, 2)
    at_rim = ramp(170 - np.abs(tumour_um + 110), 160) * ramp(crowd - 0.75, 0.5)
    in_tract = 0.45 * ramp(portal_um - 5, 50) * ramp(crowd + 0.1, 1.2)
    return np.maximum(at_rim, in_tract).astype(np.float32)


def _sinusoids(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Clefts between the plates of liver cells: two labyrinths, so that plates branch and meet."""
    first = ridges_um(octaves(rng, shape, 25 / MAP_UM, 1), MAP_UM)
    second = ridges_um(octaves(rng, shape, 40 / MAP_UM, 1), MAP_UM)
    return np.minimum(first, second + 0.8)


def _droplets(rng: np.random.Generator, shape: tuple[int, int], is_parenchyma: Field) -> Field:
    """Fat in the liver cells: round holes of 8 to 40 µm, in some neighbourhoods."""
    field = np.full(shape, -FAR_UM, np.float32)
    likely = ramp(octaves(rng, shape, 500 / MAP_UM, 2) - 0.9, 0.8) * is_parenchyma
    area_mm2 = shape[0] * shape[1] * MAP_UM**2 / 1e6
    for _ in range(int(900 * area_mm2)):
        row, column, chance = rng.random(3)
        place = int(row * shape[0]), int(column * shape[1])
        radius_um = float(np.clip(rng.lognormal(1.75, 0.55), 3, 20))
        if chance < likely[place]:
            _raise_disc(field, place[1] * MAP_UM, place[0] * MAP_UM, radius_um)
    return field


def _cracks(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Thin tears that the knife and the drying made."""
    wide = 7 * octaves(rng, shape, 400 / MAP_UM, 2) - 7
    return np.clip(wide, -20, 9) - ridges_um(octaves(rng, shape, 1300 / MAP_UM, 3), MAP_UM)


def _ducts(rng: np.random.Generator, portal_um: Field, tissue_um: Field) -> tuple[Duct, ...]:
    """Two to four round channels in each portal tract that is large enough to hold them."""
    is_room = ((portal_um > 28) & (tissue_um > 20)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(is_room)
    found: list[Duct] = []
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] * MAP_UM**2 < 900:
            continue
        rows, columns = _members(labels, stats[label], label)
        for _ in range(int(rng.integers(2, 5))):
            pick = int(rng.integers(rows.size))
            x_px, y_px = columns[pick] * MAP_PX, rows[pick] * MAP_PX
            radius_px = float(rng.uniform(7, 26)) / UM_PER_PX
            apart = all(
                np.hypot(d.x_px - x_px, d.y_px - y_px) > d.radius_px + radius_px + 50 for d in found[-8:]
            )
            room_px = portal_um[rows[pick], columns[pick]] / UM_PER_PX
            if apart and room_px > radius_px + 20:
                found.append(
                    Duct(float(x_px), float(y_px), radius_px, bool(radius_px < 60 and rng.random() < 0.7))
                )
    return tuple(found)


def _members(labels: np.ndarray, stat: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    left, top, width, height = (int(stat[column]) for column in range(4))
    rows, columns = np.nonzero(labels[top : top + height, left : left + width] == label)
    return rows + top, columns + left


def _hollow(void_um: Field, duct: Duct) -> None:
    """Open a duct's channel in the map of voids."""
    wall_px = 40 if duct.is_epithelial else 8
    radius_um = max(duct.radius_px - wall_px, 8) * UM_PER_PX
    _raise_disc(void_um, duct.x_px * UM_PER_PX, duct.y_px * UM_PER_PX, radius_um)
