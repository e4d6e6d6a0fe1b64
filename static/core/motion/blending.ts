/**
 * Between two outlines that no vertex map joins: the outline of their blended distance fields. Parts may merge, part, vanish; what
 * comes out is valid, and may be nothing. docs/interpolation.md, step 6.
 */
import type { Geometry, Position } from '../geometry';
import { partsOfRings, zeroOutline, type Field } from './contour';
import { signedDistance } from './distance';
import { outlineOf, type Part, type Vertices } from './outlines';
import { thinnedRing } from './thinning';
import { ValidityCheck } from './validity';

/** Along the longer side of both outlines. */
const CELLS = 250;
/** Cells around them. */
const MARGIN = 3;
/** By how much of a cell the outline may be thinned. */
const THINNING = 0.125;

/** Two outlines as distances around their centroids, on one grid. */
export interface Blend {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly firstCentroid: Position;
  readonly secondCentroid: Position;
  /** The grid's first node, seen from the centroid. */
  readonly origin: Position;
  readonly cellPx: number;
}

/** What blending two outlines needs, made once for all frames between them: half a megabyte at most. */
export function makeBlend(first: readonly Part[], second: readonly Part[], firstCentroid: Position, secondCentroid: Position): Blend {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [parts, [cx, cy]] of [[first, firstCentroid], [second, secondCentroid]] as const) {
    for (const { outer } of parts) {
      for (let i = 0; i < outer.length; i += 2) {
        x0 = Math.min(x0, outer[i]! - cx);
        x1 = Math.max(x1, outer[i]! - cx);
        y0 = Math.min(y0, outer[i + 1]! - cy);
        y1 = Math.max(y1, outer[i + 1]! - cy);
      }
    }
  }
  const cellPx = Math.max(x1 - x0, y1 - y0) / CELLS;
  const origin: Position = [x0 - MARGIN * cellPx, y0 - MARGIN * cellPx];
  const columns = Math.ceil((x1 - x0) / cellPx) + 2 * MARGIN + 1;
  const rows = Math.ceil((y1 - y0) / cellPx) + 2 * MARGIN + 1;
  const onGrid = (parts: readonly Part[], [cx, cy]: Position): Part[] => {
    const place = (ring: Vertices): Vertices => ring.map((value, k) => (value - (k & 1 ? cy + origin[1] : cx + origin[0])) / cellPx);
    return parts.map((part) => ({ outer: place(part.outer), holes: part.holes.map(place) }));
  };
  return {
    first: signedDistance(onGrid(first, firstCentroid), rows, columns),
    second: signedDistance(onGrid(second, secondCentroid), rows, columns),
    rows,
    columns,
    firstCentroid,
    secondCentroid,
    origin,
    cellPx,
  };
}

/** The outline at a part of the way, null where nothing is left. */
export function blended(blend: Blend, t: number): Geometry | null {
  const { first, second, rows, columns } = blend;
  const values = new Float32Array(first.length);
  for (let i = 0; i < values.length; i++) values[i] = first[i]! * (1 - t) + second[i]! * t;
  const field: Field = { values, rows, columns };
  const found = partsOfRings(zeroOutline(field), 1);
  if (found.length === 0) return null;
  const check = new ValidityCheck();
  const thinned = found.map((rings) => rings.map((ring) => thinnedRing(ring, THINNING)));
  const valid = [thinned, found].find((parts) => check.isValid(parts));
  return valid ? outlineOf(valid.map((rings) => rings.map((ring) => placed(blend, ring, t)))) : null;
}

/** From the grid to where the moving centroid is. */
function placed({ firstCentroid, secondCentroid, origin, cellPx }: Blend, ring: Vertices, t: number): Vertices {
  const offset = [0, 1].map((k) => firstCentroid[k]! + (secondCentroid[k]! - firstCentroid[k]!) * t + origin[k]!);
  return ring.map((value, k) => value * cellPx + offset[k & 1]!);
}
