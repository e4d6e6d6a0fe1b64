import type { Bounds, Position } from '../core/geometry';

/** Where level-0 pixels are on the screen, in CSS pixels from the viewer's upper left corner. */
export interface ViewTransform {
  /** CSS pixels that one level-0 pixel takes. */
  readonly scale: number;
  /** Where level-0 (0, 0) is. */
  readonly originX: number;
  readonly originY: number;
  /** The viewer's size in CSS pixels. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** Device pixels per CSS pixel. */
  readonly density: number;
}

export const toScreen = (t: ViewTransform, [x, y]: Position): Position => [x * t.scale + t.originX, y * t.scale + t.originY];

export const toSlide = (t: ViewTransform, [x, y]: Position): Position => [(x - t.originX) / t.scale, (y - t.originY) / t.scale];

/** The part of the slide's plane that is on the screen, in level-0 pixels. */
export function visibleBounds(t: ViewTransform, marginPx = 0): Bounds {
  const [minX, minY] = toSlide(t, [-marginPx, -marginPx]);
  const [maxX, maxY] = toSlide(t, [t.widthPx + marginPx, t.heightPx + marginPx]);
  return { minX, minY, maxX, maxY };
}

export const sameView = (a: ViewTransform, b: ViewTransform): boolean =>
  a.scale === b.scale &&
  a.originX === b.originX &&
  a.originY === b.originY &&
  a.widthPx === b.widthPx &&
  a.heightPx === b.heightPx &&
  a.density === b.density;
