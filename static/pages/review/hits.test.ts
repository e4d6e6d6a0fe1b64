import { expect, test } from 'vitest';
import { INSIDE } from './boxes';
import { hitAt, isWithin, tagsOf, type Target } from './hits';

const VIEW = 800 * 600;
const small: Target = { id: 'small', rect: { left: 100, top: 100, width: 40, height: 20 }, isOwn: false };
const own: Target = { id: 'own', rect: { left: 80, top: 80, width: 200, height: 100 }, isOwn: true };
const whole: Target = { id: 'whole', rect: { left: 0, top: 0, width: 800, height: 600 }, isOwn: false };

test('the smallest of what lies under the pointer is meant', () => {
  expect(hitAt([whole, own, small], null, { x: 110, y: 110 }, VIEW)).toEqual({ id: 'small', grip: INSIDE });
});

test('unless another is selected', () => {
  expect(hitAt([whole, own, small], 'own', { x: 110, y: 110 }, VIEW)?.id).toBe('own');
});

test('a box of one’s own has grips once it is selected', () => {
  const corner = { x: 281, y: 182 };
  expect(hitAt([own], null, corner, VIEW)).toEqual({ id: 'own', grip: INSIDE });
  expect(hitAt([own], 'own', corner, VIEW)).toEqual({ id: 'own', grip: { dx: 1, dy: 1 } });
  expect(hitAt([small], 'small', { x: 100, y: 100 }, VIEW)).toEqual({ id: 'small', grip: INSIDE });
});

test('what covers nearly everything is taken by its edge', () => {
  expect(hitAt([whole], null, { x: 400, y: 300 }, VIEW)).toBeNull();
  expect(hitAt([whole], null, { x: 3, y: 300 }, VIEW)?.id).toBe('whole');
});

test('beside everything there is nothing', () => expect(hitAt([small, own], null, { x: 500, y: 500 }, VIEW)).toBeNull());

test.each([
  [{ left: -30, top: 10, width: 40, height: 20 }, true],
  [{ left: -40, top: 10, width: 40, height: 20 }, false],
  [{ left: 790, top: 590, width: 40, height: 20 }, true],
  [{ left: 100, top: 600, width: 40, height: 20 }, false],
])('a box at %o is in the pane: %s', (rect, is) => expect(isWithin(rect, { width: 800, height: 600 })).toBe(is));

test('numbers stand above their boxes; of two in the same corner each can be read', () => {
  const corner = { left: 40, top: 60, width: 300, height: 200 };
  expect(tagsOf([corner, { ...corner, height: 20 }, { ...corner, left: 200 }].map((rect, index) => ({ rect, number: index + 9 })))).toEqual([
    { x: 40, y: 44, width: 15 },
    { x: 56, y: 44, width: 22 },
    { x: 200, y: 44, width: 22 },
  ]);
});

test('where there is no room above a box its number is inside', () => {
  expect(tagsOf([{ rect: { left: -20, top: 4, width: 300, height: 200 }, number: 1 }])).toEqual([{ x: 1, y: 5, width: 15 }]);
});
