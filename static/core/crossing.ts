import Flatbush from 'flatbush';

import type { Position } from './geometry';

/** Where an outline crosses or touches itself. */
export interface Crossing {
  readonly at: Position;
  /** Indices of the two segments; segment i runs from position i to i + 1. */
  readonly segments: readonly [number, number];
}

/**
 * The first place where a ring, given as open positions, meets itself other than where one segment ends and the next begins.
 * Null for a simple ring. Repeated positions count as touching.
 */
export function firstCrossing(positions: readonly Position[]): Crossing | null {
  const count = positions.length;
  if (count < 3) return null;
  const index = new Flatbush(count);
  for (let i = 0; i < count; i++) {
    const [ax, ay] = positions[i]!;
    const [bx, by] = positions[(i + 1) % count]!;
    index.add(Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by));
  }
  index.finish();
  for (let i = 0; i < count; i++) {
    const a = positions[i]!;
    const b = positions[(i + 1) % count]!;
    if (a[0] === b[0] && a[1] === b[1]) return { at: a, segments: [i, (i + 1) % count] };
    const near = index.search(Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1]), (j) => j > i);
    for (const j of near) {
      const c = positions[j]!;
      const d = positions[(j + 1) % count]!;
      const at = j === i + 1 ? foldsBack(a, b, d) : i === 0 && j === count - 1 ? foldsBack(c, a, b) : meet(a, b, c, d);
      if (at) return { at, segments: [i, j] };
    }
  }
  return null;
}

const cross = (o: Position, a: Position, b: Position): number => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);

/** Neighbours a→b and b→c share b; they meet elsewhere only where the second runs back over the first. */
function foldsBack(a: Position, b: Position, c: Position): Position | null {
  if (cross(a, b, c) !== 0) return null;
  const dot = (a[0] - b[0]) * (c[0] - b[0]) + (a[1] - b[1]) * (c[1] - b[1]);
  return dot > 0 ? b : null;
}

const within = (p: Position, a: Position, b: Position): boolean =>
  p[0] >= Math.min(a[0], b[0]) && p[0] <= Math.max(a[0], b[0]) && p[1] >= Math.min(a[1], b[1]) && p[1] <= Math.max(a[1], b[1]);

/** Where two segments that share no end by construction meet. */
function meet(a: Position, b: Position, c: Position, d: Position): Position | null {
  const ca = cross(c, d, a);
  const cb = cross(c, d, b);
  const ac = cross(a, b, c);
  const ad = cross(a, b, d);
  if (((ca > 0 && cb < 0) || (ca < 0 && cb > 0)) && ((ac > 0 && ad < 0) || (ac < 0 && ad > 0))) {
    const t = ca / (ca - cb);
    return [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
  }
  if (ca === 0 && within(a, c, d)) return a;
  if (cb === 0 && within(b, c, d)) return b;
  if (ac === 0 && within(c, a, b)) return c;
  if (ad === 0 && within(d, a, b)) return d;
  return null;
}
