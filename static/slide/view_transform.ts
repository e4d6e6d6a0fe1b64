import type { Bounds, Position } from '../core/geometry';

/** Where level-0 pixels are on the screen, in CSS pixels from the viewer's upper left corner. */
export interface ViewTransform {
  /** CSS pixels that one level-0 pixel takes. */
  readonly scale: number;
  /** How far the slide is turned, clockwise, 0 ≤ degrees < 360. */
  readonly degrees: number;
  /** Where level-0 (0, 0) is. */
  readonly originX: number;
  readonly originY: number;
  /** The viewer's size in CSS pixels. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Device pixels per CSS pixel. */
  readonly density: number;
}

/** Cosine and sine, exact at right angles: a slide turned by 90° must not be askew by a rounding error. */
export function turnOf(degrees: number): readonly [cos: number, sin: number] {
  switch (((degrees % 360) + 360) % 360) {
    case 0:
      return [1, 0];
    case 90:
      return [0, 1];
    case 180:
      return [-1, 0];
    case 270:
      return [0, -1];
    default: {
      const angle = (degrees * Math.PI) / 180;
      return [Math.cos(angle), Math.sin(angle)];
    }
  }
}

/** One level-0 pixel to the right, as it is on the screen: x' = a·x − b·y + originX, y' = b·x + a·y + originY. */
export function axesOf({ scale, degrees }: ViewTransform): readonly [a: number, b: number] {
  const [cos, sin] = turnOf(degrees);
  return [scale * cos, scale * sin];
}

export function toScreen(t: ViewTransform, [x, y]: Position): Position {
  const [a, b] = axesOf(t);
  return [a * x - b * y + t.originX, b * x + a * y + t.originY];
}

export function toSlide(t: ViewTransform, [x, y]: Position): Position {
  const [cos, sin] = turnOf(t.degrees);
  const dx = (x - t.originX) / t.scale;
  const dy = (y - t.originY) / t.scale;
  return [cos * dx + sin * dy, cos * dy - sin * dx];
}

/** Upright level-0 bounds of all that is on the screen; of a turned view that is more than the screen shows. */
export function visibleBounds(t: ViewTransform, marginPx = 0): Bounds {
  const right = t.widthPx + marginPx;
  const bottom = t.heightPx + marginPx;
  const corners = [toSlide(t, [-marginPx, -marginPx]), toSlide(t, [right, -marginPx]), toSlide(t, [right, bottom]), toSlide(t, [-marginPx, bottom])];
  return boundsOfPositions(corners);
}

/** The bounds on the screen of level-0 bounds. */
export function boundsOnScreen(t: ViewTransform, { minX, minY, maxX, maxY }: Bounds): Bounds {
  return boundsOfPositions([toScreen(t, [minX, minY]), toScreen(t, [maxX, minY]), toScreen(t, [maxX, maxY]), toScreen(t, [minX, maxY])]);
}

function boundsOfPositions(positions: readonly Position[]): Bounds {
  const xs = positions.map(([x]) => x);
  const ys = positions.map(([, y]) => y);
  return { minX: Math.min(...xs), minY: Math.min(...ys), maxX: Math.max(...xs), maxY: Math.max(...ys) };
}

export const sameView = (a: ViewTransform, b: ViewTransform): boolean =>
  a.scale === b.scale &&
  a.degrees === b.degrees &&
  a.originX === b.originX &&
  a.originY === b.originY &&
  a.widthPx === b.widthPx &&
  a.heightPx === b.heightPx &&
  a.density === b.density;
