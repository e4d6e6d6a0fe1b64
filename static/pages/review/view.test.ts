import { expect, test } from 'vitest';
import { around, fitted, inSight, panned, toPicture, toScreen, zoomedAt } from './view';

const PICTURE = { width_px: 800, height_px: 600 };
const PANE = { width: 400, height: 400 };

test('the whole picture fits, in the middle', () => {
  const view = fitted(PICTURE, PANE);
  expect(toScreen({ x: 0, y: 300 }, view, PANE).x).toBeGreaterThanOrEqual(0);
  expect(toScreen({ x: 800, y: 300 }, view, PANE).x).toBeLessThanOrEqual(400);
  expect(toScreen({ x: 400, y: 300 }, view, PANE)).toEqual({ x: 200, y: 200 });
});

test('what is under the pointer stays there while zooming', () => {
  const at = { x: 210, y: 205 };
  const view = zoomedAt(fitted(PICTURE, PANE), 8, { x: 200, y: 200 }, PICTURE, PANE);
  const before = toPicture(at, view, PANE);
  const after = toPicture(at, zoomedAt(view, 1.5, at, PICTURE, PANE), PANE);
  expect(after.x).toBeCloseTo(before.x, 6);
  expect(after.y).toBeCloseTo(before.y, 6);
});

test('zooming out ends with the whole picture', () => {
  expect(zoomedAt(fitted(PICTURE, PANE), 0.01, { x: 3, y: 3 }, PICTURE, PANE)).toEqual(fitted(PICTURE, PANE));
});

test('panning ends at the edge of the picture', () => {
  const view = zoomedAt(fitted(PICTURE, PANE), 8, { x: 200, y: 200 }, PICTURE, PANE);
  const far = panned(view, 1e6, -1e6, PICTURE, PANE);
  expect(toScreen({ x: 800, y: 0 }, far, PANE).x).toBeCloseTo(400, 6);
  expect(toScreen({ x: 800, y: 0 }, far, PANE).y).toBeCloseTo(0, 6);
});

test('a place is shown with what is around it', () => {
  const view = around({ x0: 600, y0: 300, x1: 640, y1: 320 }, PICTURE, PANE);
  const corner = toScreen({ x: 600, y: 300 }, view, PANE);
  expect(corner.x).toBeGreaterThan(50);
  expect(corner.x).toBeLessThan(350);
  expect(view.zoom).toBeGreaterThan(fitted(PICTURE, PANE).zoom);
});

test('a place out of sight is brought into the middle at the same zoom, one in sight stays where it is', () => {
  const close = zoomedAt(fitted(PICTURE, PANE), 8, { x: 200, y: 200 }, PICTURE, PANE);
  const far = { x0: 600, y0: 300, x1: 640, y1: 320 };
  const there = inSight(close, far, PICTURE, PANE);
  expect(there.zoom).toBe(close.zoom);
  expect(toScreen({ x: 620, y: 310 }, there, PANE)).toEqual({ x: 200, y: 200 });
  expect(inSight(there, far, PICTURE, PANE)).toBe(there);
});
