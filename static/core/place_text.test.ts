import { describe, expect, test } from 'vitest';

import { formatPlace, parsePlace, type SlideMeasures } from './place_text';

const slide: SlideMeasures = { widthPx: 20_000, heightPx: 10_000, pixelSize: { xUm: 0.5, yUm: 0.25 }, objectivePower: 40 };

describe('a place in words', () => {
  test.each([
    ['12000, 8500', 12_000, 8500, null],
    ['12000 8500', 12_000, 8500, null],
    ['(12 000, 8 500)', 12_000, 8500, null],
    ['12000.5; 8500.25 px', 12_000.5, 8500.25, null],
    ['3.2 mm, 1.5 mm', 6400, 6000, null],
    ['3.2, 1.5 mm', 6400, 6000, null],
    ['1000 µm, 0.5 mm', 2000, 2000, null],
    ['12000, 8500 @ 20x', 12_000, 8500, 0.5],
    ['12000, 8500 @ 20', 12_000, 8500, 0.5],
    ['12000, 8500@2.5×', 12_000, 8500, 0.0625],
  ])('%s', (text, x, y, zoom) => {
    const place = parsePlace(text, slide);
    expect(place).not.toBeTypeOf('string');
    expect(place).toEqual({ x, y, devicePxPerL0Px: zoom });
  });

  test.each(['', 'here', '12000', '1,2,3', '1, 2 @', 'NaN, 3'])('“%s” is answered with an example', (text) => {
    expect(parsePlace(text, slide)).toMatch(/such as/);
  });

  test('what lies outside, or cannot be known, is said', () => {
    expect(parsePlace('20001, 1', slide)).toMatch(/outside the slide/);
    expect(parsePlace('-1, 1', slide)).toMatch(/outside the slide/);
    expect(parsePlace('1 mm, 1 mm', { ...slide, pixelSize: null })).toMatch(/no scale/);
    expect(parsePlace('1, 1 @ 20x', { ...slide, objectivePower: null })).toMatch(/no magnification/);
    expect(parsePlace('1, 1 @ 0x', slide)).toMatch(/more than nothing/);
  });

  test('is read back as it was written', () => {
    expect(parsePlace(formatPlace(12_345, 678, 20), slide)).toEqual({ x: 12_345, y: 678, devicePxPerL0Px: 0.5 });
    expect(parsePlace(formatPlace(1, 2, null), slide)).toEqual({ x: 1, y: 2, devicePxPerL0Px: null });
  });
});
