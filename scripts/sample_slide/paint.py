"""Pixels: the maps and the cells of a band of rows, turned into stain, and stain into light.

Stains are optical densities; what reaches the camera follows the Beer–Lambert law, channel by channel.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .anatomy import MAP_PX, Anatomy
from .cells import Cells, Kind
from .noise import Field, octaves, ramp, tile, window
from .nuclei import SIDE_PX, Bank, draw_bank

BLOCK_PX = 1024
MARGIN_PX = 192
"""How far beyond a band cells matter to it: a stamp, or the border between two cells."""

CELL_MAP_PX = 4

GLASS = np.array([244, 243, 245], np.float32)
HAEMATOXYLIN = np.array([0.86, 1.08, 0.52], np.float32)
EOSIN = np.array([0.09, 0.78, 0.42], np.float32)
HAEMOGLOBIN = np.array([0.24, 1.50, 1.12], np.float32)


@dataclass(frozen=True, slots=True)
class Textures:
    """Periodic tiles, from the finest grain to the slow wobble of edges."""

    camera: Field
    grain: Field
    mottle: Field
    cloud: Field
    wobble: Field
    strands: Field


@dataclass(frozen=True, slots=True)
class Painter:
    """Everything that painting a band needs; made once, read by every process."""

    anatomy: Anatomy
    cells: Cells
    bank: Bank
    textures: Textures
    light: Field
    width_px: int
    height_px: int

    def band(self, top_px: int, height_px: int) -> NDArray[np.uint8]:
        """Rows ``top_px`` and following: (height_px, width_px, 3) uint8. ``top_px`` is a multiple of 8."""
        pixels = np.empty((height_px, self.width_px, 3), np.uint8)
        near = self.cells.between(top_px - MARGIN_PX, top_px + height_px + MARGIN_PX)
        bodies = _Bodies.around(near, self.width_px, top_px, height_px)
        for left_px in range(0, self.width_px, BLOCK_PX):
            width_px = min(BLOCK_PX, self.width_px - left_px)
            block = _Block(self, bodies, near, left_px, top_px, width_px, height_px)
            pixels[:, left_px : left_px + width_px] = block.paint()
        return pixels


def make_painter(
    rng: np.random.Generator, anatomy: Anatomy, cells: Cells, width_px: int, height_px: int
) -> Painter:
    """Draw the bank of nuclei and the textures."""
    textures = Textures(
        camera=tile(rng, 0.55),
        grain=tile(rng, 1.3),
        mottle=tile(rng, 3.6),
        cloud=tile(rng, 11.0),
        wobble=tile(rng, 9.0),
        strands=_strands(rng),
    )
    light = 1 + 0.006 * octaves(rng, anatomy.shape, 900, 2)
    return Painter(anatomy, cells, draw_bank(rng), textures, light.astype(np.float32), width_px, height_px)


def _strands(rng: np.random.Generator) -> Field:
    """What collagen looks like once stretched along its direction: thin and thick strands."""
    mixed = 0.5 * tile(rng, 1.3) + 0.75 * tile(rng, 3.0) + 0.5 * tile(rng, 7.0)
    return (mixed / mixed.std()).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Bodies:
    """Cell bodies around a band's nuclei, four times coarser than level 0, with a margin above and below."""

    tint: Field  # one value a cell, mean 0
    border: Field  # 1 on the membrane between two cells

    @staticmethod
    def around(cells: Cells, width_px: int, top_px: int, height_px: int) -> _Bodies:
        bodies = cells.of(Kind.HEPATOCYTE, Kind.TUMOUR, Kind.DUCT)
        shape = (height_px + 2 * MARGIN_PX) // CELL_MAP_PX + 1, width_px // CELL_MAP_PX + 4
        columns = np.clip((bodies.x_px / CELL_MAP_PX).astype(np.int32), 0, shape[1] - 1)
        rows = np.clip(((bodies.y_px - top_px + MARGIN_PX) / CELL_MAP_PX).astype(np.int32), 0, shape[0] - 1)
        if not rows.size:
            nothing = np.zeros(shape, np.float32)
            return _Bodies(nothing, nothing)
        background = np.ones(shape, np.uint8)
        background[rows, columns] = 0
        _, owner = cv2.distanceTransformWithLabels(background, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        chance = _chance(bodies.x_px, bodies.y_px)
        tint_of = np.zeros(int(owner.max()) + 1, np.float32)
        tint_of[owner[rows, columns]] = (chance % 1024) / 512 - 1
        is_border = np.ones(shape, np.uint8)
        is_border[:, 1:] &= owner[:, 1:] == owner[:, :-1]
        is_border[1:] &= owner[1:] == owner[:-1]
        away = cv2.distanceTransform(is_border, cv2.DIST_L2, 3)
        border = np.exp(-((away / np.float32(1.1)) ** 2))
        return _Bodies(cv2.GaussianBlur(tint_of[owner], (0, 0), 0.8), border.astype(np.float32))


def _chance(x_px: Field, y_px: Field) -> NDArray[np.uint32]:
    """A number for each cell that depends on nothing but its place, so that bands agree about it."""
    x, y = x_px.astype(np.uint32), y_px.astype(np.uint32)
    mixed = (x * np.uint32(73856093)) ^ (y * np.uint32(19349663))
    return (mixed ^ (mixed >> np.uint32(13))) * np.uint32(1274126177) >> np.uint32(8)


@dataclass(frozen=True, slots=True)
class _Block:
    """One rectangle of a band: small enough that its fields stay in the processor's cache."""

    painter: Painter
    bodies: _Bodies
    cells: Cells
    left_px: int
    top_px: int
    width_px: int
    height_px: int

    def paint(self) -> NDArray[np.uint8]:
        if float(self._crop(self.painter.anatomy.tissue_um).max()) < -12:
            nothing = np.zeros((self.height_px, self.width_px), np.float32)
            return self._develop(nothing, nothing, None)
        eosin, haematoxylin = self._ground()
        haemoglobin = self._stamp_cells(eosin, haematoxylin)
        staining = 1 + 0.09 * self._up(self.painter.anatomy.zone, cv2.INTER_LINEAR)
        staining += 0.85 * self._up(self.painter.anatomy.fold, cv2.INTER_LINEAR)
        eosin *= staining
        haematoxylin *= staining
        return self._develop(eosin, haematoxylin, haemoglobin)

    def _ground(self) -> tuple[Field, Field]:
        """Everything but nuclei: cytoplasm, collagen, and the voids between."""
        anatomy, textures = self.painter.anatomy, self.painter.textures
        wobble_um = 0.55 * self._texture(textures.wobble)
        grain, mottle = self._texture(textures.grain), self._texture(textures.mottle)
        cloud = self._texture(textures.cloud)
        tint, border = self._body(self.bodies.tint), self._body(self.bodies.border)

        nest = ramp(self._up(anatomy.nest_um) + wobble_um, 1.0)
        tumour = ramp(self._up(anatomy.tumour_um, cv2.INTER_LINEAR) + 4 * wobble_um, 10)
        stroma = np.maximum(ramp(self._up(anatomy.stroma_um) + 2 * wobble_um, 5), tumour) * (1 - nest)
        liver = np.clip(1 - nest - stroma, 0, 1)

        foam = 0.10 * grain + 0.16 * mottle + 0.09 * cloud
        eosin = liver * (0.56 * (1 + 0.18 * tint) * (1 + foam) + 0.20 * border)
        haematoxylin = liver * (0.075 * (1 - 0.25 * tint) * (1 + 1.3 * foam) + 0.04 * border)
        eosin += nest * (0.40 * (1 + 0.14 * tint) * (1 + foam) + 0.06 * border)
        haematoxylin += nest * (0.17 * (1 + 0.25 * tint) * (1 + foam) + 0.05 * border)
        if float(stroma.max()) > 0:
            strands = self._collagen()
            lymphoid = self._up(anatomy.lymphoid, cv2.INTER_LINEAR)
            # Bundles of even density with clefts between them, which is more than a wave of density.
            body = 0.12 + 0.88 * ramp(strands + 0.85 + 0.25 * mottle, 0.7)
            body *= 1 + 0.17 * strands + 0.10 * mottle + 0.07 * grain
            eosin += stroma * body * (0.50 - 0.18 * lymphoid)
            haematoxylin += stroma * body * (0.045 + 0.07 * lymphoid)

        void_um = self._up(anatomy.void_um)
        rim = np.exp(-(((void_um + 1.2) / 1.0) ** 2)) * 0.10
        void = ramp(void_um + wobble_um, 1.2)
        serum = 0.05 * ramp(self._up(anatomy.tissue_um, cv2.INTER_LINEAR) - 10, 8) * (1 + 0.4 * mottle)
        serum *= ramp(self._up(anatomy.blood, cv2.INTER_LINEAR) - 0.2, 0.4)
        debris = self._up(anatomy.debris, cv2.INTER_LINEAR)
        debris = debris * np.clip(0.55 + 0.35 * mottle + 0.25 * cloud + 0.15 * grain, 0, 1.6)
        eosin = (eosin + rim) * (1 - void) + void * (serum + 0.34 * debris)
        haematoxylin = haematoxylin * (1 - void) + void * 0.07 * debris
        return np.ascontiguousarray(eosin, np.float32), np.ascontiguousarray(haematoxylin, np.float32)

    def _collagen(self) -> Field:
        """Strands that follow the map of flow."""
        across = self._up(self.painter.anatomy.flow_px)
        y, x = np.mgrid[0 : self.height_px, 0 : self.width_px].astype(np.float32)
        along = (x + np.float32(self.left_px)) * np.float32(0.062)
        along += (y + np.float32(self.top_px)) * np.float32(0.05)
        return cv2.remap(
            self.painter.textures.strands,
            np.mod(along, 1024).astype(np.float32),
            np.mod(across * np.float32(0.55), 1024).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )

    def _stamp_cells(self, eosin: Field, haematoxylin: Field) -> Field | None:
        """Press the nuclei into the stains; returns the red cells' density, or None where there are none."""
        half = SIDE_PX // 2
        cells = self.cells
        is_near = (cells.x_px > self.left_px - half) & (cells.x_px < self.left_px + self.width_px + half)
        is_near &= (cells.y_px > self.top_px - half) & (cells.y_px < self.top_px + self.height_px + half)
        x, y = cells.x_px[is_near], cells.y_px[is_near]
        chances = _chance(x, y)
        haemoglobin: Field | None = None
        rows = zip(
            x.tolist(),
            y.tolist(),
            cells.angle[is_near].tolist(),
            cells.kind[is_near].tolist(),
            chances.tolist(),
            strict=True,
        )
        for x_px, y_px, angle, number, chance in rows:
            kind = Kind(number)
            left, top = int(x_px) - half - self.left_px, int(y_px) - half - self.top_px
            x0, y0 = max(left, 0), max(top, 0)
            x1, y1 = min(left + SIDE_PX, self.width_px), min(top + SIDE_PX, self.height_px)
            if x0 >= x1 or y0 >= y1:
                continue
            density, cover = self.painter.bank.pick(kind, angle, chance)
            part = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            place = np.s_[y0:y1, x0:x1]
            if kind is Kind.RED_CELL:
                if haemoglobin is None:
                    haemoglobin = np.zeros_like(eosin)
                np.maximum(haemoglobin[place], density[part], out=haemoglobin[place])
                continue
            eosin[place] *= 1 - 0.55 * cover[part]
            np.maximum(haematoxylin[place], density[part], out=haematoxylin[place])
        return haemoglobin

    def _develop(self, eosin: Field, haematoxylin: Field, haemoglobin: Field | None) -> NDArray[np.uint8]:
        light = self._up(self.painter.light, cv2.INTER_LINEAR)
        noise = 1.1 * self._texture(self.painter.textures.camera)
        channels = []
        for channel in range(3):
            density = haematoxylin * -HAEMATOXYLIN[channel] - eosin * EOSIN[channel]
            if haemoglobin is not None:
                density -= haemoglobin * HAEMOGLOBIN[channel]
            channels.append(cv2.exp(density) * light * GLASS[channel] + np.roll(noise, 37 * channel, axis=1))
        return np.clip(cv2.merge(channels), 0, 255).astype(np.uint8)

    def _texture(self, periodic: Field) -> Field:
        return window(periodic, self.left_px, self.top_px, self.width_px, self.height_px)

    def _crop(self, field: Field) -> Field:
        bottom, right = (
            -(-(self.top_px + self.height_px) // MAP_PX),
            -(-(self.left_px + self.width_px) // MAP_PX),
        )
        return field[self.top_px // MAP_PX : bottom + 1, self.left_px // MAP_PX : right + 1]

    def _up(self, field: Field, how: int = cv2.INTER_CUBIC) -> Field:
        """A map's part under this block, at full size; neighbouring blocks meet without a seam."""
        return self._enlarged(field, MAP_PX, self.top_px, how)

    def _body(self, field: Field) -> Field:
        return self._enlarged(field, CELL_MAP_PX, MARGIN_PX, cv2.INTER_LINEAR)

    def _enlarged(self, field: Field, factor: int, top_px: int, how: int) -> Field:
        border = 2
        top, left = top_px // factor - border, self.left_px // factor - border
        bottom = -(-(top_px + self.height_px) // factor) + border
        right = -(-(self.left_px + self.width_px) // factor) + border
        rows = np.clip(np.arange(top, bottom), 0, field.shape[0] - 1)
        columns = np.clip(np.arange(left, right), 0, field.shape[1] - 1)
        large = cv2.resize(field[np.ix_(rows, columns)], None, fx=factor, fy=factor, interpolation=how)
        skip = border * factor
        return large[skip : skip + self.height_px, skip : skip + self.width_px]
