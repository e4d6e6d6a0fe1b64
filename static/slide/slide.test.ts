import { describe, expect, test } from 'vitest';

import type { SlideInfo } from '../core/wire';
import { tileSourceOf } from './tile_source';
import { toScreen, toSlide, visibleBounds, type ViewTransform } from './view_transform';

const slide = (width_px: number, height_px: number, tile_size_px: number): SlideInfo => ({
  asset_id: 'a1',
  width_px,
  height_px,
  tile_size_px,
  mpp: null,
  mpp_x: null,
  mpp_y: null,
  objective_power: null,
  levels: [],
  dzi_url: '/api/v1/slides/a1.dzi',
  tiles_url: '/api/v1/slides/a1_files/',
  thumbnail_url: null,
  deepzoom_level_count: Math.ceil(Math.log2(Math.max(width_px, height_px))) + 1,
});

describe('tile source', () => {
  test('counts levels as Deep Zoom does and starts where the slide fits one tile', () => {
    expect(tileSourceOf(slide(60_000, 40_000, 240))).toMatchObject({ maxLevel: 16, minLevel: 8, tileOverlap: 0 });
    expect(tileSourceOf(slide(200, 100, 256))).toMatchObject({ maxLevel: 8, minLevel: 8 });
    expect(tileSourceOf(slide(257, 100, 256))).toMatchObject({ maxLevel: 9, minLevel: 8 });
  });

  test('asks for tiles by level, column and row', () => {
    expect(tileSourceOf(slide(1000, 1000, 256)).getTileUrl(10, 3, 2)).toBe('/api/v1/slides/a1_files/10/3_2.jpeg');
  });
});

describe('view', () => {
  const view: ViewTransform = { scale: 0.37, originX: -120.5, originY: 33.25, widthPx: 900, heightPx: 700, density: 2 };

  test('there and back is where one was', () => {
    const [x, y] = toSlide(view, toScreen(view, [12_345.678, 9876.543]));
    expect(x).toBeCloseTo(12_345.678, 8);
    expect(y).toBeCloseTo(9876.543, 8);
  });

  test('the corners of the window are the bounds in sight', () => {
    const { minX, minY, maxX, maxY } = visibleBounds(view);
    expect(toScreen(view, [minX, minY])).toEqual([0, 0]);
    expect(toScreen(view, [maxX, maxY])[0]).toBeCloseTo(900, 9);
    expect(toScreen(view, [maxX, maxY])[1]).toBeCloseTo(700, 9);
  });
});
