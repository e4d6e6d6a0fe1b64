/** Which part of one outline is which part of another, and which hole which hole. docs/interpolation.md, step 3. */
import type { Position } from '../geometry';
import { bestAssignment } from './assignment';
import { ringCentroid, signedArea, type Part, type Vertices } from './outlines';

/** Of more parts, or holes in a part, nobody could say which is which; they are blended. */
const MOST_PARTS = 32;

/** Pairs of parts whose holes stand in pairs too; null where their numbers differ or are too large. */
export function matchParts(
  first: readonly Part[],
  second: readonly Part[],
  firstCentroid: Position,
  secondCentroid: Position,
): (readonly [Part, Part])[] | null {
  if (first.length !== second.length || first.length > MOST_PARTS) return null;
  const outers = (parts: readonly Part[]): Vertices[] => parts.map((part) => part.outer);
  const pairs: (readonly [Part, Part])[] = [];
  for (const [i, j] of matched(outers(first), outers(second), firstCentroid, secondCentroid).entries()) {
    const [one, other] = [first[i]!, second[j]!];
    if (one.holes.length !== other.holes.length || one.holes.length > MOST_PARTS) return null;
    const order = matched(one.holes, other.holes, ringCentroid(one.outer), ringCentroid(other.outer));
    pairs.push([one, { outer: other.outer, holes: order.map((index) => other.holes[index]!) }]);
  }
  return pairs;
}

/** For each ring of the first the index of its own in the second. */
function matched(first: readonly Vertices[], second: readonly Vertices[], firstCentre: Position, secondCentre: Position): number[] {
  if (first.length < 2) return first.map((_, i) => i);
  const ours = first.map((ring) => shifted(ring, firstCentre));
  const theirs = second.map((ring) => shifted(ring, secondCentre));
  const diagonal = diagonalOf([...ours, ...theirs]);
  const score = new Float64Array(ours.length * theirs.length);
  ours.forEach((one, i) => {
    const [ax, ay] = ringCentroid(one);
    theirs.forEach((other, j) => {
      const [bx, by] = ringCentroid(other);
      score[i * theirs.length + j] = overlapOf(one, other) - Math.hypot(ax - bx, ay - by) / diagonal;
    });
  });
  return bestAssignment(score, ours.length);
}

const shifted = (ring: Vertices, origin: Position): Vertices => ring.map((value, k) => value - origin[k & 1]!);

interface Box {
  readonly low: Position;
  readonly high: Position;
}

function boxAround(rings: readonly Vertices[]): Box {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      x0 = Math.min(x0, ring[i]!);
      x1 = Math.max(x1, ring[i]!);
      y0 = Math.min(y0, ring[i + 1]!);
      y1 = Math.max(y1, ring[i + 1]!);
    }
  }
  return { low: [x0, y0], high: [x1, y1] };
}

function diagonalOf(rings: readonly Vertices[]): number {
  const { low, high } = boxAround(rings);
  return Math.hypot(high[0] - low[0], high[1] - low[1]);
}

/** Intersection over union of two filled rings. */
function overlapOf(one: Vertices, other: Vertices): number {
  const [a, b] = [boxAround([one]), boxAround([other])];
  if (a.low[0] > b.high[0] || a.high[0] < b.low[0] || a.low[1] > b.high[1] || a.high[1] < b.low[1]) return 0;
  const common = Math.max(0, commonArea(one, other, Math.min(a.low[1], b.low[1])));
  return common / (Math.abs(signedArea(one)) + Math.abs(signedArea(other)) - common);
}

/**
 * The area that two filled rings share, without making the shape: a ring is the signed sum of the areas between its edges and a
 * line below all of them, and what two such areas share is the area under the lower of two edges.
 */
function commonArea(one: Vertices, other: Vertices, below: number): number {
  let sum = 0;
  for (let i = 0; i < one.length; i += 2) {
    const n = i + 2 === one.length ? 0 : i + 2;
    const [ax, ay, bx, by] = [one[i]!, one[i + 1]! - below, one[n]!, one[n + 1]! - below];
    const slope = (by - ay) / (bx - ax);
    for (let j = 0; j < other.length; j += 2) {
      const m = j + 2 === other.length ? 0 : j + 2;
      const [cx, cy, dx, dy] = [other[j]!, other[j + 1]! - below, other[m]!, other[m + 1]! - below];
      const low = Math.max(Math.min(ax, bx), Math.min(cx, dx));
      const high = Math.min(Math.max(ax, bx), Math.max(cx, dx));
      if (low >= high) continue;
      const otherSlope = (dy - cy) / (dx - cx);
      const least = meanOfLower(ay + slope * (low - ax), ay + slope * (high - ax), cy + otherSlope * (low - cx), cy + otherSlope * (high - cx));
      sum += ax < bx === cx < dx ? least * (high - low) : -least * (high - low);
    }
  }
  // Rings of the same direction have edges of the same sign where both are above, whichever direction that is.
  return sum * Math.sign(signedArea(one)) * Math.sign(signedArea(other));
}

/** The mean of the lower of two lines, given at both ends. */
function meanOfLower(f0: number, f1: number, g0: number, g1: number): number {
  const [before, after] = [f0 - g0, f1 - g1];
  if (before * after >= 0) return before + after <= 0 ? (f0 + f1) / 2 : (g0 + g1) / 2;
  const cut = before / (before - after);
  const there = f0 + (f1 - f0) * cut;
  return ((Math.min(f0, g0) + there) * cut + (there + Math.min(f1, g1)) * (1 - cut)) / 2;
}
