import type { Vertices } from './outlines';

/**
 * A ring with only those vertices without which it would be farther than `reach` from what it was (Ramer 1972; Douglas and Peucker
 * 1973), begun at its first vertex and at the one farthest from it. May cross itself or its neighbours then: the caller looks.
 */
export function thinnedRing(ring: Vertices, reach: number): Vertices {
  const count = ring.length / 2;
  if (count <= 8) return ring;
  let far = 0;
  let most = -1;
  for (let i = 1; i < count; i++) {
    const apart = (ring[2 * i]! - ring[0]!) ** 2 + (ring[2 * i + 1]! - ring[1]!) ** 2;
    if (apart > most) [far, most] = [i, apart];
  }
  const isKept = new Uint8Array(count);
  isKept[0] = isKept[far] = 1;
  const runs = [0, far, far, count];
  while (runs.length > 0) {
    const last = runs.pop()!;
    const first = runs.pop()!;
    const split = farthestFrom(ring, first, last, reach);
    if (split < 0) continue;
    isKept[split] = 1;
    runs.push(first, split, split, last);
  }
  return ring.filter((_, k) => isKept[k >> 1]);
}

/** The vertex between two that is farthest from the line between them, if that is beyond reach; −1 otherwise. */
function farthestFrom(ring: Vertices, first: number, last: number, reach: number): number {
  const end = 2 * last === ring.length ? 0 : 2 * last;
  const [ax, ay] = [ring[2 * first]!, ring[2 * first + 1]!];
  const [dx, dy] = [ring[end]! - ax, ring[end + 1]! - ay];
  const squared = dx * dx + dy * dy;
  let [found, most] = [-1, reach * reach];
  for (let i = first + 1; i < last; i++) {
    const [x, y] = [ring[2 * i]! - ax, ring[2 * i + 1]! - ay];
    const t = squared === 0 ? 0 : Math.max(0, Math.min(1, (x * dx + y * dy) / squared));
    const apart = (x - t * dx) ** 2 + (y - t * dy) ** 2;
    if (apart > most) [found, most] = [i, apart];
  }
  return found;
}
