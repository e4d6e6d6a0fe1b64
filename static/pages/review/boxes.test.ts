import { expect, test } from 'vitest';
import { boxBetween, GRIPS, inFrames, INSIDE, isOnFrame, moved, resized, sameBoxes, shareWithin } from './boxes';

const EXTENT = { width_px: 640, height_px: 480 };
const BOX = { x0: 100, y0: 50, x1: 200, y1: 80, first_frame: null, last_frame: null };

test('a box covers every pixel between two corners, in whatever order they came', () => {
  expect(boxBetween({ x: 20.7, y: 30.2 }, { x: 10.4, y: 12.9 }, EXTENT)).toMatchObject({ x0: 10, y0: 12, x1: 21, y1: 31 });
});

test('a box never leaves the picture and is never empty', () => {
  expect(boxBetween({ x: -50, y: 470 }, { x: 9000, y: 9000 }, EXTENT)).toMatchObject({ x0: 0, y0: 470, x1: 640, y1: 480 });
  const smallest = boxBetween({ x: 640, y: 480 }, { x: 640, y: 480 }, EXTENT);
  expect(smallest).toMatchObject({ x0: 638, y0: 478, x1: 640, y1: 480 });
});

test('a box is moved whole, as far as the edge', () => {
  expect(moved(BOX, 10.4, -5, EXTENT)).toMatchObject({ x0: 110, x1: 210, y0: 45, y1: 75 });
  expect(moved(BOX, 9000, -9000, EXTENT)).toMatchObject({ x0: 540, x1: 640, y0: 0, y1: 30 });
});

test.each(GRIPS)('a grip (%o) moves its edges only, and never past the one across', (grip) => {
  const after = resized(BOX, grip, -9000 * grip.dx, -9000 * grip.dy, EXTENT);
  expect(after.x1 - after.x0).toBe(grip.dx === 0 ? 100 : 2);
  expect(after.y1 - after.y0).toBe(grip.dy === 0 ? 30 : 2);
  if (grip.dx >= 0) expect(after.x0).toBe(BOX.x0);
  if (grip.dy <= 0) expect(after.y1).toBe(BOX.y1);
});

test('there are eight grips, and none of them is the inside', () => {
  expect(GRIPS).toHaveLength(8);
  expect(GRIPS).not.toContainEqual(INSIDE);
});

test('frames that are the whole of the video are not said', () => {
  expect(inFrames(BOX, 0, 99, 100)).toMatchObject({ first_frame: null, last_frame: null });
  expect(inFrames(BOX, 40, 12, 100)).toMatchObject({ first_frame: 12, last_frame: 40 });
  expect(inFrames(BOX, 12, 900, 100)).toMatchObject({ first_frame: 12, last_frame: null });
});

test('a box is on the frames it names, and on every picture of many', () => {
  const box = { ...BOX, first_frame: 12, last_frame: 40 };
  expect([11, 12, 40, 41, null].map((frame) => isOnFrame(box, frame))).toEqual([false, true, true, false, true]);
});

test('lists of boxes are compared as sets', () => {
  const other = { ...BOX, x0: 1 };
  expect(sameBoxes([BOX, other], [other, BOX])).toBe(true);
  expect(sameBoxes([BOX, BOX], [BOX, other])).toBe(false);
  expect(sameBoxes([BOX], [{ ...BOX, last_frame: 3 }])).toBe(false);
});

test('a share is of the box asked about, and none where its frames are not covered', () => {
  expect(shareWithin(BOX, { ...BOX, x0: 110 })).toBeCloseTo(0.9);
  expect(shareWithin({ ...BOX, x0: 110 }, BOX)).toBe(1);
  expect(shareWithin(BOX, { ...BOX, x0: 300, x1: 400 })).toBe(0);
  expect(shareWithin(BOX, { ...BOX, last_frame: 5 })).toBe(0);
});
