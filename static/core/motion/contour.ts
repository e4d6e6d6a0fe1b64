/**
 * The outline at which a field on a grid changes its sign: marching squares (Lorensen and Cline 1987, in the plane), linear along
 * the cells' sides. Every crossing of a side has one way in and one way out, so that the rings close, and no two of them cross.
 * docs/interpolation.md, step 6.
 */
import { signedArea, type Vertices } from './outlines';
import { sideOf } from './validity';

/** Rows after each other, in cells: negative inside, positive at its border. */
export interface Field {
  readonly values: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** A node this near to the outline counts as outside: crossings are never on a node. */
const NUDGE = 1e-6;

const UPPER = 0;
const RIGHT = 1;
const LOWER = 2;
const LEFT = 3;

/**
 * For each set of corners inside (1 upper left, 2 upper right, 4 lower right, 8 lower left) the ways from side to side, with the
 * inside on the right hand as x goes right and y goes down: outer rings have positive area. 5 and 10 here as apart; 16 and 17 as joined.
 */
const WAYS: readonly (readonly number[])[] = [
  [],
  [UPPER, LEFT],
  [RIGHT, UPPER],
  [RIGHT, LEFT],
  [LOWER, RIGHT],
  [UPPER, LEFT, LOWER, RIGHT],
  [LOWER, UPPER],
  [LOWER, LEFT],
  [LEFT, LOWER],
  [UPPER, LOWER],
  [RIGHT, UPPER, LEFT, LOWER],
  [RIGHT, LOWER],
  [LEFT, RIGHT],
  [UPPER, RIGHT],
  [LEFT, UPPER],
  [],
  [UPPER, RIGHT, LOWER, LEFT],
  [LEFT, UPPER, RIGHT, LOWER],
];

/** The rings around what is negative, in grid coordinates (x = column); holes have negative area. */
export function zeroOutline({ values, rows, columns }: Field): Vertices[] {
  const at = (node: number): number => (Math.abs(values[node]!) < NUDGE ? NUDGE : values[node]!);
  // Horizontal sides are numbered first, then vertical ones.
  const vertical = rows * columns;
  const following = new Int32Array(2 * vertical).fill(-1);
  const starts: number[] = [];
  for (let y = 0; y + 1 < rows; y++) {
    let leftCase = corner(at(y * columns), 1) | corner(at((y + 1) * columns), 8);
    for (let x = 0, node = y * columns; x + 1 < columns; x++, node++) {
      const upperRight = at(node + 1);
      const lowerRight = at(node + columns + 1);
      let corners = leftCase | corner(upperRight, 2) | corner(lowerRight, 4);
      leftCase = corner(upperRight, 1) | corner(lowerRight, 8);
      if (corners === 0 || corners === 15) continue;
      if ((corners === 5 || corners === 10) && at(node) + upperRight + lowerRight + at(node + columns) < 0) corners = corners === 5 ? 16 : 17;
      const sides = [node, vertical + node + 1, node + columns, vertical + node];
      const ways = WAYS[corners]!;
      for (let k = 0; k < ways.length; k += 2) {
        following[sides[ways[k]!]!] = sides[ways[k + 1]!]!;
        starts.push(sides[ways[k]!]!);
      }
    }
  }
  const rings: Vertices[] = [];
  for (const start of starts) {
    if (following[start]! < 0) continue;
    const xy: number[] = [];
    for (let side = start; following[side]! >= 0; ) {
      const isVertical = side >= vertical;
      const node = isVertical ? side - vertical : side;
      const here = at(node);
      const part = here / (here - at(isVertical ? node + columns : node + 1));
      const x = node % columns;
      const y = (node - x) / columns;
      xy.push(isVertical ? x : x + part, isVertical ? y + part : y);
      const next = following[side]!;
      following[side] = -1;
      side = next;
    }
    rings.push(Float64Array.from(xy));
  }
  return rings;
}

const corner = (value: number, bit: number): number => (value < 0 ? bit : 0);

/** Of nested rings that do not touch: of each part its outer ring and its holes. Small ones are left out. */
export function partsOfRings(rings: readonly Vertices[], leastArea: number): Vertices[][] {
  const sized = rings.map((ring) => ({ ring, area: signedArea(ring) })).filter(({ area }) => Math.abs(area) >= leastArea);
  const outers = sized.filter(({ area }) => area > 0).sort((a, b) => a.area - b.area);
  const parts = outers.map(({ ring }) => [ring]);
  for (const { ring } of sized.filter(({ area }) => area < 0)) {
    // A hole belongs to the smallest outer ring around it.
    parts.find(([outer]) => sideOf(ring[0]!, ring[1]!, outer!) > 0)?.push(ring);
  }
  return parts;
}
