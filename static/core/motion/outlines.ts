/**
 * Outlines in their normal form: rings without repeated vertices, directed, begun at their smallest vertex. Where a ring was begun
 * and which way it was drawn says nothing about the object; here it is gone. docs/interpolation.md, step 3.
 */
import { paths, type Geometry, type Position } from '../geometry';

/** x0, y0, x1, y1, … in px; of a ring without the closing vertex. */
export type Vertices = Float64Array;

/** One polygon: its outer ring has positive area, its holes have negative. */
export interface Part {
  readonly outer: Vertices;
  readonly holes: readonly Vertices[];
}

export const ringsOf = (part: Part): readonly Vertices[] => [part.outer, ...part.holes];

/** The parts of a Polygon or MultiPolygon, in the order of their first vertices. */
export function partsOf(geometry: Geometry): Part[] {
  const parts: { outer: Vertices; holes: Vertices[] }[] = [];
  for (const { part, ring, closed, positions } of paths(geometry)) {
    if (!closed) throw new RangeError('Only outlines have parts.');
    if (ring === 0) parts[part] = { outer: normalRing(positions, 1), holes: [] };
    else parts[part]!.holes.push(normalRing(positions, -1));
  }
  for (const { holes } of parts) holes.sort(byFirstVertex);
  return parts.sort((a, b) => byFirstVertex(a.outer, b.outer));
}

const byFirstVertex = (a: Vertices, b: Vertices): number => a[0]! - b[0]! || a[1]! - b[1]!;

/** An open run of positions as a ring whose area has that sign, from its smallest vertex (by x, then y). */
function normalRing(positions: readonly Position[], sign: 1 | -1): Vertices {
  // A closed ring without its first vertex is the same ring as without its last.
  const ring = positions.filter(([x, y], i) => {
    const [px, py] = positions[(i || positions.length) - 1]!;
    return x !== px || y !== py;
  });
  const isTurned = signedArea(flat(ring)) * sign < 0;
  if (isTurned) ring.reverse();
  let start = 0;
  ring.forEach(([x, y], i) => {
    const [sx, sy] = ring[start]!;
    if (x < sx || (x === sx && y < sy)) start = i;
  });
  return flat([...ring.slice(start), ...ring.slice(0, start)]);
}

export function flat(positions: readonly Position[]): Vertices {
  const xy = new Float64Array(positions.length * 2);
  positions.forEach(([x, y], i) => {
    xy[2 * i] = x;
    xy[2 * i + 1] = y;
  });
  return xy;
}

/** The vertices of a line without those that equal the one before. */
export const withoutRepeats = (line: readonly Position[]): Vertices =>
  flat(line.filter(([x, y], i) => i === 0 || x !== line[i - 1]![0] || y !== line[i - 1]![1]));

/** Positive where x to the right turns towards y down. Taken from the first vertex, for digits' sake. */
export function signedArea(xy: Vertices): number {
  let twice = 0;
  for (let i = 2; i + 3 < xy.length; i += 2) {
    twice += (xy[i]! - xy[0]!) * (xy[i + 3]! - xy[1]!) - (xy[i + 2]! - xy[0]!) * (xy[i + 1]! - xy[1]!);
  }
  return twice / 2;
}

/** The centroid of the filled ring. */
export function ringCentroid(xy: Vertices): Position {
  const [x0, y0] = [xy[0]!, xy[1]!];
  let [twice, mx, my] = [0, 0, 0];
  for (let i = 0; i + 3 < xy.length; i += 2) {
    const [ax, ay, bx, by] = [xy[i]! - x0, xy[i + 1]! - y0, xy[i + 2]! - x0, xy[i + 3]! - y0];
    const cross = ax * by - bx * ay;
    twice += cross;
    mx += (ax + bx) * cross;
    my += (ay + by) * cross;
  }
  if (twice !== 0) return [x0 + mx / (3 * twice), y0 + my / (3 * twice)];
  let [sx, sy] = [0, 0];
  for (let i = 0; i < xy.length; i += 2) {
    sx += xy[i]!;
    sy += xy[i + 1]!;
  }
  return [(2 * sx) / xy.length, (2 * sy) / xy.length];
}

/** The centroid of the area of all parts, holes taken away. */
export function centroidOf(parts: readonly Part[]): Position {
  if (parts.length === 1 && parts[0]!.holes.length === 0) return ringCentroid(parts[0]!.outer);
  let [area, mx, my] = [0, 0, 0];
  const [x0, y0] = [parts[0]!.outer[0]!, parts[0]!.outer[1]!];
  for (const ring of parts.flatMap(ringsOf)) {
    const own = signedArea(ring);
    const [x, y] = ringCentroid(ring);
    area += own;
    mx += own * (x - x0);
    my += own * (y - y0);
  }
  return area === 0 ? ringCentroid(parts[0]!.outer) : [x0 + mx / area, y0 + my / area];
}

/** Whether two outlines have the same rings. */
export const isSame = (a: readonly Part[], b: readonly Part[]): boolean => comparisonOf(a, b) === 0;

/**
 * Whether `a` comes before `b`, or is the same: a rule that depends on nothing but the two shapes, so that going back in time makes the same
 * choices as going forth.
 */
export const isOrdered = (a: readonly Part[], b: readonly Part[]): boolean => comparisonOf(a, b) <= 0;

function comparisonOf(a: readonly Part[], b: readonly Part[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i]!, b[i]!];
    if (one.holes.length !== other.holes.length) return one.holes.length - other.holes.length;
    const theirs = ringsOf(other);
    for (const [k, ring] of ringsOf(one).entries()) {
      const order = compareVertices(ring, theirs[k]!);
      if (order !== 0) return order;
    }
  }
  return 0;
}

/** Negative, 0 or positive: fewer vertices come first, then smaller coordinates. */
export function compareVertices(a: Vertices, b: Vertices): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** The positions again, closed. */
export function closedRing(xy: Vertices): Position[] {
  const ring: Position[] = [];
  for (let i = 0; i < xy.length; i += 2) ring.push([xy[i]!, xy[i + 1]!]);
  if (ring.length > 0) ring.push(ring[0]!);
  return ring;
}

/** Of each part its rings: one part is a Polygon, more are a MultiPolygon. */
export function outlineOf(parts: readonly (readonly Vertices[])[]): Geometry {
  const coordinates = parts.map((rings) => rings.map(closedRing));
  return coordinates.length === 1 ? { type: 'Polygon', coordinates: coordinates[0]! } : { type: 'MultiPolygon', coordinates };
}
