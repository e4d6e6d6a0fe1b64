import { describe, expect, test } from 'vitest';

import { formatArea, formatAreaUm2, formatLengthUm, formatMagnification, magnification, magnificationSteps, scaleBar } from './measure';

describe('scale bar', () => {
  test.each([
    [0.25, '20 µm', 80],
    [4, '500 µm', 125],
    [10, '1 mm', 100],
    [100, '10 mm', 100],
    [0.01, '1 µm', 100],
  ])('at %f µm a pixel it says %s', (umPerPx, label, widthPx) => {
    const bar = scaleBar(umPerPx, 150, 'µm');
    expect(bar.label).toBe(label);
    expect(bar.widthPx).toBeCloseTo(widthPx, 6);
  });

  test('it always fits, and is never shorter than two fifths of the room', () => {
    for (let um = 0.001; um < 5000; um *= 1.07) {
      const { widthPx } = scaleBar(um, 150, 'µm');
      expect(widthPx).toBeLessThanOrEqual(150.0001);
      expect(widthPx).toBeGreaterThan(150 * 0.39);
    }
  });

  test('without a known scale it counts slide pixels', () => {
    expect(scaleBar(2, 150, 'px').label).toBe('200 px');
  });
});

describe('numbers', () => {
  test('lengths and areas change their unit where people do', () => {
    expect(formatLengthUm(12.345)).toBe('12.3 µm');
    expect(formatLengthUm(1234)).toBe('1.23 mm');
    expect(formatAreaUm2(532.1)).toBe('532 µm²');
    expect(formatAreaUm2(2_280_000)).toBe('2.28 mm²');
    expect(formatArea(100, { xUm: 0.5, yUm: 0.25 })).toBe('12.5 µm²');
    expect(formatArea(100, null)).toBe('100 px²');
  });

  test('40× is one slide pixel on one screen pixel of a 40× scan', () => {
    expect(formatMagnification(magnification(40, 1))).toBe('40×');
    expect(formatMagnification(magnification(40, 0.1053))).toBe('4.2×');
  });

  test('buttons go only as far as the file states a power', () => {
    expect(magnificationSteps(40)).toEqual([1, 2, 4, 10, 20, 40]);
    expect(magnificationSteps(20)).toEqual([1, 2, 4, 10, 20]);
    expect(magnificationSteps(null)).toEqual([]);
    expect(magnificationSteps(0)).toEqual([]);
  });
});
