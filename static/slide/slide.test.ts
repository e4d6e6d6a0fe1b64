import { describe, expect, test } from 'vitest';

import type { SlideInfo } from '../core/wire';
import { adjusted, isNeutral, NEUTRAL } from './adjustment';
import { SeenArea } from './seen_area';
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
  const view: ViewTransform = { scale: 0.37, degrees: 0, originX: -120.5, originY: 33.25, widthPx: 900, heightPx: 700, density: 2 };

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

describe('a turned view', () => {
  const turned = (degrees: number): ViewTransform => ({ scale: 0.5, degrees, originX: 10, originY: 20, widthPx: 900, heightPx: 700, density: 1 });

  test.each([0, 90, 180, 270, 37.5, 359])('by %s°: there and back is where one was', (degrees) => {
    const [x, y] = toSlide(turned(degrees), toScreen(turned(degrees), [1234.5, 678.25]));
    expect(x).toBeCloseTo(1234.5, 8);
    expect(y).toBeCloseTo(678.25, 8);
  });

  test('clockwise: what was to the right is below, without any rounding', () => {
    expect(toScreen(turned(90), [100, 0])).toEqual([10, 70]);
    expect(toScreen(turned(180), [100, 0])).toEqual([-40, 20]);
    expect(toScreen(turned(270), [100, 0])).toEqual([10, -30]);
  });

  test.each([30, 90, 200])('by %s°: all that is on the screen lies within the bounds in sight', (degrees) => {
    const view = turned(degrees);
    const { minX, minY, maxX, maxY } = visibleBounds(view);
    for (const corner of [[0, 0], [900, 0], [0, 700], [900, 700], [450, 350]] as const) {
      const [x, y] = toSlide(view, corner);
      expect(x).toBeGreaterThanOrEqual(minX - 1e-9);
      expect(x).toBeLessThanOrEqual(maxX + 1e-9);
      expect(y).toBeGreaterThanOrEqual(minY - 1e-9);
      expect(y).toBeLessThanOrEqual(maxY + 1e-9);
    }
  });
});

describe('the area seen', () => {
  const whole: ViewTransform = { scale: 0.1, degrees: 0, originX: 0, originY: 0, widthPx: 1000, heightPx: 500, density: 1 };

  test('grows with what is on the screen, and can be forgotten', () => {
    const seen = new SeenArea({ widthPx: 10_000, heightPx: 5000 });
    expect(seen.share).toBe(0);
    expect(seen.look({ ...whole, widthPx: 500 })).toBe(true);
    expect(seen.share).toBeCloseTo(0.5, 2);
    expect(seen.isSeen(0, 0)).toBe(true);
    expect(seen.isSeen(seen.cols - 1, 0)).toBe(false);
    expect(seen.look({ ...whole, widthPx: 500 })).toBe(false);
    expect(seen.look(whole)).toBe(true);
    expect(seen.share).toBe(1);
    seen.clear();
    expect(seen.share).toBe(0);
  });

  test('of a tiny slide is one cell or more', () => {
    const seen = new SeenArea({ widthPx: 16, heightPx: 1 });
    expect(seen.look({ ...whole, scale: 10 })).toBe(true);
    expect(seen.share).toBe(1);
  });
});

describe('an adjustment', () => {
  test('that is neutral leaves every value alone', () => {
    for (const value of [0, 0.25, 0.5, 1]) expect(adjusted(value, NEUTRAL)).toBeCloseTo(value, 12);
    expect(isNeutral(NEUTRAL)).toBe(true);
    expect(isNeutral({ ...NEUTRAL, usesProfile: false })).toBe(true);
  });

  test('lifts the shadows by gamma, turns about the middle by contrast, and stays within black and white', () => {
    expect(adjusted(0.25, { ...NEUTRAL, gamma: 2 })).toBeCloseTo(0.5, 12);
    expect(adjusted(0.5, { ...NEUTRAL, contrast: 3 })).toBeCloseTo(0.5, 12);
    expect(adjusted(0.9, { ...NEUTRAL, contrast: 3 })).toBe(1);
    expect(adjusted(0.1, { ...NEUTRAL, brightness: -0.5 })).toBe(0);
  });
});
