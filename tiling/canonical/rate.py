"""How the reduced levels are coded: as finely as the size of the whole allows, decided before the pass.

A canonical slide may take 1.45 times the bytes of its source's level 0, everything counted. Level 0 itself
takes a little more than in the source, as each of its tiles is a complete JPEG; the rest is for the reduced
levels. They are coded on one scale, from what nobody tells from the original to what is just bearable.
Level 2 is quantised more finely than level 1, what is below more finely again: there every pixel stands for
much of the slide, and costs little. Equal steps would bring level 1 nearer to the original by a tenth, and
all others further from it by a third.

Where level 0 is encoded here (JPEG 2000, uncompressed and others), its size is not the source's anyway, and
nothing is saved: all levels are coded at the fine end.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Self

import numpy as np

from tiling.canonical.coder import Coder, Thrift
from tiling.canonical.entropy import Frequencies
from tiling.canonical.quantise import Quantisation
from tiling.canonical.sampling import SAMPLED_LEVELS, Block, Sample, take_sample
from tiling.geometry import TileGrid, deepzoom_sizes, pyramid_sizes
from tiling.model import Carriage, Slide

LARGEST_RATIO = 1.45
# What share of it is aimed at: the sample may be wrong by a few hundredths of the reduced levels, a whole
# slide's is not.
_AIM = 1.43 / LARGEST_RATIO
_AIM_WHOLE = 1.44 / LARGEST_RATIO
# Level 1's step. The finest keeps dense H&E tissue within 2 grey levels of OpenSlide's rendering; the
# coarsest is below the mean step (83) of the tables that Aperio's scanners use for level 0 at quality 30.
_LADDER = (*range(7, 48), *range(48, 66, 2))
# Of level 2, and of all below: at the finest, and as a share of level 1's step otherwise.
_BELOW = ((6, 0.65), (4, 0.4))
_THUMBNAIL_STEP = 24
_THRIFT = 0.15
# Each level below the sampled ones has a quarter of the pixels, with more detail in each.
_DEEPER = 0.3
# What repeats the last column has no detail along the rows.
_PADDING_COST = 0.05
_THUMBNAIL_SIDE_PX = 512
_BYTES_PER_TILE = 32  # in the index, and in the TIFF's directories
_FIXED_BYTES = 4_096

# The libjpeg quality (4:4:4, its own tables) that has the same error on H&E tissue as a step has.
_QUALITY_STEPS = (2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20, 24, 28, 32, 36, 40, 48, 64)
_QUALITIES = (98, 98, 97, 96, 95, 94, 92, 90, 87, 85, 82, 80, 74, 68, 62, 55, 48, 38, 25)


@dataclass(frozen=True, slots=True)
class Codings:
    """Coders of level 1, 2, and all below; and of the thumbnail."""

    levels: tuple[Coder, ...]
    thumbnail: Coder

    def of(self, level: int) -> Coder:
        return self.levels[min(level, len(self.levels)) - 1]

    @property
    def qualities(self) -> tuple[int, ...]:
        return tuple(quality(coder.quantisation.step) for coder in self.levels)


def quality(step: int) -> int:
    """For people to read: what libjpeg calls a picture of the same error."""
    return round(float(np.interp(step, _QUALITY_STEPS, _QUALITIES)))


def steps(level_1_step: int) -> tuple[int, ...]:
    """The steps of level 1, 2, and all below."""
    below = (max(finest, round(level_1_step * share)) for finest, share in _BELOW)
    return level_1_step, *below


def quantisation(step: int) -> Quantisation:
    """A block's mean in steps of 8 is a whole grey level: coarser, flat areas would show their blocks."""
    return Quantisation(step, min(8, step // 4 * 4) if step >= 4 else step, _THRIFT)


def choose_codings(
    slide: Slide, pool: Executor, stop: Callable[[], None], largest_ratio: float = LARGEST_RATIO
) -> Codings:
    """The finest codings that keep the size. A slide's are the same, however many threads there are.

    largest_ratio: of all that is written to the bytes of the source's level 0.

    `stop` is called now and then, and may raise.
    """
    sample = take_sample(slide, pool, stop)
    if slide.carriage is Carriage.ENCODED:
        # Its level 0 is coded anew, to be what it was and not to be small: so are the others.
        first = Trial.first(_LADDER[0]).trained(sample.blocks, pool)
        return first.trained(sample.blocks, pool).codings()
    forecast = Forecast(slide, sample)
    aim = (_AIM_WHOLE if sample.is_whole else _AIM) * largest_ratio * slide.l0_bytes
    low, high = 0, len(_LADDER) - 1
    tried = high // 2
    trial = Trial.first(_LADDER[tried]).trained(sample.blocks, pool)
    while low < high:  # the first on the ladder that fits
        stop()
        trial = trial.at(_LADDER[tried]).trained(sample.blocks, pool)
        total = forecast.total(trial)
        if total <= aim:
            high = tried
        else:
            low = tried + 1
        tried = min(
            max(low, _guess(tried, total - forecast.fixed_bytes, aim - forecast.fixed_bytes)), high - 1
        )
    while True:
        stop()
        trial = trial.at(_LADDER[low]).trained(sample.blocks, pool).trained(sample.blocks, pool)
        if forecast.total(trial) <= aim or low == len(_LADDER) - 1:
            return trial.codings()
        low += 1


def _guess(tried: int, found_bytes: float, wanted_bytes: float) -> int:
    """Where on the ladder to look next: the bytes of reduced levels fall about as the step rises."""
    step = _LADDER[tried] * found_bytes / max(1.0, wanted_bytes)
    return int(np.searchsorted(_LADDER, step))


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings on trial: of level 1, 2, all below, and of the thumbnail.

    frequencies: of the symbols that they lead to in the sample's pictures, none before the first training.
    """

    thrifts: tuple[Thrift, ...]
    frequencies: tuple[Frequencies, ...]

    @classmethod
    def first(cls, level_1_step: int) -> Self:
        wanted = _quantisations(level_1_step)
        return cls(tuple(map(Thrift.to_begin_with, wanted)), (Frequencies.none(),) * len(wanted))

    def at(self, level_1_step: int) -> Self:
        """Other steps, with these tables, which are good enough to begin with."""
        thrifts = map(Thrift, _quantisations(level_1_step), self.frequencies)
        return type(self)(tuple(thrifts), self.frequencies)

    def trained(self, blocks: Sequence[Block], pool: Executor) -> Self:
        """With tables made for what these say of the sample."""

        def count(block: Block) -> list[Frequencies]:
            pictures = (*block.levels, block.levels[-1])
            return [
                thrift.symbols(picture).frequencies().times(block.weight)
                for thrift, picture in zip(self.thrifts, pictures, strict=True)
            ]

        totals = [Frequencies.none()] * len(self.thrifts)
        for counted in pool.map(count, blocks):
            totals = [total + one for total, one in zip(totals, counted, strict=True)]
        thrifts = (
            Thrift(thrift.quantisation, total) for thrift, total in zip(self.thrifts, totals, strict=True)
        )
        return type(self)(tuple(thrifts), tuple(totals))

    def scan_bytes(self) -> list[int]:
        """Of the sample's pictures, by level; the thumbnail's last."""
        return [
            thrift.tables.bits(frequencies) >> 3
            for thrift, frequencies in zip(self.thrifts, self.frequencies, strict=True)
        ]

    def codings(self) -> Codings:
        coders = tuple(map(Coder, self.thrifts, self.frequencies))
        return Codings(coders[:-1], coders[-1])


def _quantisations(level_1_step: int) -> list[Quantisation]:
    return [quantisation(step) for step in (*steps(level_1_step), _THUMBNAIL_STEP)]


class Forecast:
    """What a slide's canonical form would take, by a sample of it. fixed_bytes: whatever the codings are."""

    def __init__(self, slide: Slide, sample: Sample) -> None:
        grid = slide.grid
        self._grids = [
            TileGrid(size, grid.tile_size_px) for size in pyramid_sizes(grid.size, grid.tile_size_px)
        ]
        self._small_levels = len(deepzoom_sizes(grid.size)) - len(self._grids)
        self._l0_bytes = slide.l0_bytes + sample.added_bytes * grid.count
        self._scale = self._l0_bytes / max(1, sum(block.l0_bytes * block.weight for block in sample.blocks))
        edges, edge_share = _edges(self._grids[0])
        self.fixed_bytes = self._l0_bytes * (1 + edge_share) + sample.header_bytes * edges
        self.fixed_bytes += _BYTES_PER_TILE * sum(each.count for each in self._grids)
        self.fixed_bytes += _FIXED_BYTES + len(slide.icc_profile or b"") * len(self._grids)

    def total(self, trial: Trial) -> float:
        """Bytes of all files."""
        *scans, thumbnail = (self._scale * scan_bytes for scan_bytes in trial.scan_bytes())
        codings = trial.codings()
        total = self.fixed_bytes
        for level, grid in enumerate([*self._grids[1:], *[None] * self._small_levels]):
            coder = codings.of(level + 1)
            scan = scans[min(level, SAMPLED_LEVELS - 1)] * _DEEPER ** max(0, level - SAMPLED_LEVELS + 1)
            edges, edge_share = _edges(grid) if grid else (0, 0.0)
            total += scan * (1 + edge_share + _PADDING_COST * _padding(grid))
            total += coder.overhead_bytes * (edges + (grid.count if grid else 1))
        size = self._grids[0].size
        shrinking = min(1.0, _THUMBNAIL_SIDE_PX / max(size.width_px, size.height_px))
        return float(total + thumbnail * (shrinking * 2**SAMPLED_LEVELS) ** 2)


def _padding(grid: TileGrid | None) -> float:
    """What tiles show beyond the slide's edges, as a share of the level's pixels."""
    return grid.count * grid.tile_size_px**2 / grid.size.pixel_count - 1 if grid else 0.0


def _edges(grid: TileGrid) -> tuple[int, float]:
    """How many tiles are stored a second time, cropped, and their share of the level's pixels."""
    size, side = grid.size, grid.tile_size_px
    right, bottom = size.width_px % side, size.height_px % side
    whole_cols, whole_rows = size.width_px // side, size.height_px // side
    count = grid.count - whole_cols * whole_rows
    return count, 1 - whole_cols * whole_rows * side * side / size.pixel_count if right or bottom else 0.0
