import { expect, test } from 'vitest';
import { areAlike, difference, freeColor, isNearStain, PALETTE } from './palette';

test('black and white are one apart, a colour and itself nothing', () => {
  expect(difference('#000000', '#ffffff')).toBeCloseTo(1, 3);
  expect(difference('#12ab34', '#12ab34')).toBe(0);
});

test('each offered colour stands out from the stain and from every other', () => {
  for (const [index, { color }] of PALETTE.entries()) {
    expect(isNearStain(color), color).toBe(false);
    for (const other of PALETTE.slice(index + 1)) expect(areAlike(color, other.color), `${color} ${other.color}`).toBe(false);
  }
});

test.each(['#c77fb0', '#e0a0c0', '#6a4c93', '#7b5aa0'])('%s drowns in haematoxylin and eosin', (color) => expect(isNearStain(color)).toBe(true));

test('the next colour is one that nobody has, while there is one', () => {
  expect(freeColor(['#00C853'])).toBe('#ffd600');
  expect(freeColor(['#00C853', '#ffe119'])).toBe('#00b8d4');
  expect(PALETTE.map((one) => one.color)).toContain(freeColor(PALETTE.map((one) => one.color)));
});
