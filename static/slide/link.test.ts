import { describe, expect, test } from 'vitest';

import { follow, zoomAlike, type Link } from './link';
import { toScreen, type ViewTransform, turnOf } from './view_transform';

const link: Link = {
  first: { x: 1000, y: 2000, devicePxPerL0Px: 0.5, degrees: 0 },
  second: { x: 300, y: 400, devicePxPerL0Px: 0.25, degrees: 90 },
};

/** The view of a window of 200 × 100 that shows a place in its middle. */
function viewOf(place: Link['first']): ViewTransform {
  const [cos, sin] = turnOf(place.degrees);
  const s = place.devicePxPerL0Px;
  return {
    scale: s,
    degrees: ((place.degrees % 360) + 360) % 360,
    originX: 100 - s * (cos * place.x - sin * place.y),
    originY: 50 - s * (sin * place.x + cos * place.y),
    widthPx: 200,
    heightPx: 100,
    density: 1,
  };
}

describe('linked slides', () => {
  test('rest where they were linked', () => {
    expect(follow(link, 'first', link.first)).toEqual(link.second);
    expect(follow(link, 'second', link.second)).toEqual(link.first);
  });

  test('keep corresponding places together on the screen, through panning, zooming and turning', () => {
    const moved = { x: 1100, y: 1950, devicePxPerL0Px: 1.5, degrees: 37 };
    const other = follow(link, 'first', moved);
    // What lay in one place on both screens when they were linked …
    for (const [dx, dy] of [[0, 0], [40, -20], [-77, 13]] as const) {
      const [c, s] = turnOf(90);
      const onFirst = [link.first.x + dx / 0.5, link.first.y + dy / 0.5] as const;
      const onSecond = [link.second.x + (c * dx + s * dy) / 0.25, link.second.y + (c * dy - s * dx) / 0.25] as const;
      // … still does.
      const [x1, y1] = toScreen(viewOf(moved), onFirst);
      const [x2, y2] = toScreen(viewOf(other), onSecond);
      expect(x2).toBeCloseTo(x1, 6);
      expect(y2).toBeCloseTo(y1, 6);
    }
  });

  test('there and back is where one was', () => {
    const moved = { x: 1234, y: 2345, devicePxPerL0Px: 0.75, degrees: 120 };
    const back = follow(link, 'second', follow(link, 'first', moved));
    expect(back.x).toBeCloseTo(moved.x, 6);
    expect(back.y).toBeCloseTo(moved.y, 6);
    expect(back.devicePxPerL0Px).toBeCloseTo(moved.devicePxPerL0Px, 9);
    expect(back.degrees).toBeCloseTo(moved.degrees, 9);
  });

  test('start with a millimetre as long on both', () => {
    expect(zoomAlike(1, 0.25, 0.5)).toBe(2);
    expect(zoomAlike(1, null, 0.5)).toBe(1);
  });
});
