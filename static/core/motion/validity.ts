/** Whether rings make a valid outline: simple, not crossing each other, holes inside, parts apart (OGC Simple Features). docs/interpolation.md, step 5. */
import type { Vertices } from './outlines';

/**
 * Checks the outlines of one motion, frame after frame: the order of its edges from left to right hardly changes from one to the
 * next, and is kept.
 */
export class ValidityCheck {
  #order: Uint32Array = new Uint32Array(0);

  /** @param parts of each part the outer ring and its holes */
  isValid(parts: readonly (readonly Vertices[])[]): boolean {
    const rings = parts.flat().map(withoutRepeats);
    if (rings.some((ring) => ring.length < 6)) return false;
    const edges = edgesOf(rings);
    if (this.#order.length !== edges.count) this.#order = Uint32Array.from({ length: edges.count }, (_, i) => i).sort((i, j) => edges.left(i) - edges.left(j));
    else sortNearlySorted(this.#order, edges);
    const touches = contactsOf(edges, this.#order);
    return touches !== null && (rings.length === 1 || areNested(parts, rings, touches));
  }
}

function withoutRepeats(ring: Vertices): Vertices {
  const last = ring.length - 2;
  let kept: number[] | null = null;
  for (let i = 0, previous = last; i < ring.length; previous = i, i += 2) {
    const isRepeat = ring[i] === ring[previous] && ring[i + 1] === ring[previous + 1];
    if (isRepeat) kept ??= [...ring.subarray(0, i)];
    else kept?.push(ring[i]!, ring[i + 1]!);
  }
  return kept ? Float64Array.from(kept) : ring;
}

/** All edges of all rings, one after the other. */
class Edges {
  readonly count: number;
  /** x0, y0, x1, y1 of each. */
  readonly ends: Float64Array;
  readonly ring: Uint32Array;
  /** The edge that begins where this one ends. */
  readonly next: Uint32Array;

  constructor(count: number) {
    this.count = count;
    this.ends = new Float64Array(4 * count);
    this.ring = new Uint32Array(count);
    this.next = new Uint32Array(count);
  }

  left(i: number): number {
    return Math.min(this.ends[4 * i]!, this.ends[4 * i + 2]!);
  }
}

function edgesOf(rings: readonly Vertices[]): Edges {
  const edges = new Edges(rings.reduce((sum, ring) => sum + ring.length / 2, 0));
  let at = 0;
  rings.forEach((xy, ring) => {
    const first = at;
    for (let i = 0; i < xy.length; i += 2, at++) {
      const n = i + 2 === xy.length ? 0 : i + 2;
      edges.ends.set([xy[i]!, xy[i + 1]!, xy[n]!, xy[n + 1]!], 4 * at);
      edges.ring[at] = ring;
      edges.next[at] = n === 0 ? first : at + 1;
    }
  });
  return edges;
}

function sortNearlySorted(order: Uint32Array, edges: Edges): void {
  for (let k = 1; k < order.length; k++) {
    const edge = order[k]!;
    const left = edges.left(edge);
    let at = k;
    for (; at > 0 && edges.left(order[at - 1]!) > left; at--) order[at] = order[at - 1]!;
    order[at] = edge;
  }
}

/** A place where two rings touch. */
interface Touch {
  readonly rings: readonly [number, number];
  readonly x: number;
  readonly y: number;
}

/** Where rings touch each other in a point; null where edges cross, run along each other, or a ring touches itself. */
function contactsOf(edges: Edges, order: Uint32Array): Touch[] | null {
  const { ends, ring, next } = edges;
  const touches: Touch[] = [];
  const active = new Uint32Array(order.length);
  let count = 0;
  for (const i of order) {
    const [ax, ay, bx, by] = [ends[4 * i]!, ends[4 * i + 1]!, ends[4 * i + 2]!, ends[4 * i + 3]!];
    const left = Math.min(ax, bx);
    const [low, high] = ay < by ? [ay, by] : [by, ay];
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const j = active[k]!;
      const [cx, cy, dx, dy] = [ends[4 * j]!, ends[4 * j + 1]!, ends[4 * j + 2]!, ends[4 * j + 3]!];
      if (cx < left && dx < left) continue;
      active[kept++] = j;
      if ((cy < low && dy < low) || (cy > high && dy > high)) continue;
      if (next[i] === j) {
        if (foldsBack(ax, ay, bx, by, dx, dy)) return null;
        if (next[j] !== i) continue;
      }
      if (next[j] === i) {
        if (foldsBack(cx, cy, dx, dy, bx, by)) return null;
        continue;
      }
      const contact = contactOf(ax, ay, bx, by, cx, cy, dx, dy);
      if (contact === APART) continue;
      if (contact === CROSSING || ring[i] === ring[j]) return null;
      const [x, y] = endOn(ax, ay, bx, by, cx, cy, dx, dy);
      touches.push({ rings: [ring[i]!, ring[j]!], x, y });
    }
    active[kept++] = i;
    count = kept;
  }
  return touches;
}

const turn = (ox: number, oy: number, ax: number, ay: number, bx: number, by: number): number => (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);

/** Edges a→b and b→c share b; whether the second runs back over the first. */
const foldsBack = (ax: number, ay: number, bx: number, by: number, cx: number, cy: number): boolean =>
  turn(ax, ay, bx, by, cx, cy) === 0 && (ax - bx) * (cx - bx) + (ay - by) * (cy - by) > 0;

const APART = 0;
const TOUCHING = 1;
const CROSSING = 2;

/** How two edges whose boxes overlap meet; crossing: also along a stretch. */
function contactOf(ax: number, ay: number, bx: number, by: number, cx: number, cy: number, dx: number, dy: number): number {
  const c = turn(ax, ay, bx, by, cx, cy);
  const d = turn(ax, ay, bx, by, dx, dy);
  if ((c > 0 && d > 0) || (c < 0 && d < 0)) return APART;
  const a = turn(cx, cy, dx, dy, ax, ay);
  const b = turn(cx, cy, dx, dy, bx, by);
  if ((a > 0 && b > 0) || (a < 0 && b < 0)) return APART;
  if (a !== 0 && b !== 0 && c !== 0 && d !== 0) return CROSSING;
  if (a !== 0 || b !== 0 || c !== 0 || d !== 0) return TOUCHING;
  // On one line: by the longer extent, whether they share more than an end.
  const byX = Math.abs(bx - ax) >= Math.abs(by - ay);
  const [p, q, r, s] = byX ? [ax, bx, cx, dx] : [ay, by, cy, dy];
  const shared = Math.min(Math.max(p, q), Math.max(r, s)) - Math.max(Math.min(p, q), Math.min(r, s));
  return shared < 0 ? APART : shared === 0 ? TOUCHING : CROSSING;
}

/** Of two edges that touch, the end of one that is on the other. */
function endOn(ax: number, ay: number, bx: number, by: number, cx: number, cy: number, dx: number, dy: number): readonly [number, number] {
  const isOn = (x: number, y: number, px: number, py: number, qx: number, qy: number): boolean =>
    turn(px, py, qx, qy, x, y) === 0 && x >= Math.min(px, qx) && x <= Math.max(px, qx) && y >= Math.min(py, qy) && y <= Math.max(py, qy);
  if (isOn(ax, ay, cx, cy, dx, dy)) return [ax, ay];
  if (isOn(bx, by, cx, cy, dx, dy)) return [bx, by];
  return isOn(cx, cy, ax, ay, bx, by) ? [cx, cy] : [dx, dy];
}

/**
 * Whether rings whose edges do not cross lie in one another as they should. Two rings may touch in one point; twice, or in a circle, they would
 * cut the inside in two.
 */
function areNested(parts: readonly (readonly Vertices[])[], rings: readonly Vertices[], touches: readonly Touch[]): boolean {
  if (!mayTouch(rings, touches)) return false;
  const indices: number[][] = [];
  let at = 0;
  for (const part of parts) indices.push(part.map(() => at++));
  const isIn = (inner: number, outer: number): boolean => isRingInside(rings[inner]!, rings[outer]!);
  return indices.every(([outer, ...holes], p) => {
    const areHolesRight = holes.every((hole) => isIn(hole, outer!) && holes.every((other) => other === hole || !isIn(hole, other)));
    return areHolesRight && indices.every(([other], q) => p === q || !isIn(other!, outer!) || holes.some((hole) => isIn(other!, hole)));
  });
}

/** Whether rings touch as OGC allows: none goes through another at a vertex, and together they enclose nothing. */
function mayTouch(rings: readonly Vertices[], touches: readonly Touch[]): boolean {
  if (touches.length === 0) return true;
  const group = rings.map((_, i) => i);
  const rootOf = (i: number): number => (group[i] === i ? i : (group[i] = rootOf(group[i]!)));
  const seen = new Set<string>();
  for (const { rings: [i, j], x, y } of touches) {
    // Where vertex meets vertex, four pairs of edges say the same.
    const place = `${Math.min(i, j)} ${Math.max(i, j)} ${x} ${y}`;
    if (seen.has(place)) continue;
    seen.add(place);
    if (rootOf(i) === rootOf(j) || !isOnOneSide(rings[i]!, rings[j]!) || !isOnOneSide(rings[j]!, rings[i]!)) return false;
    group[rootOf(i)] = rootOf(j);
  }
  return true;
}

function isOnOneSide(ring: Vertices, of: Vertices): boolean {
  let known = 0;
  for (let i = 0; i < ring.length; i += 2) {
    const side = sideOf(ring[i]!, ring[i + 1]!, of);
    if (side !== 0 && known !== 0 && side !== known) return false;
    known = known || side;
  }
  return true;
}

/** Whether a ring that does not cross another lies inside it, by the first of its vertices that is not on it. */
function isRingInside(ring: Vertices, around: Vertices): boolean {
  for (let i = 0; i < ring.length; i += 2) {
    const side = sideOf(ring[i]!, ring[i + 1]!, around);
    if (side !== 0) return side > 0;
  }
  return true;
}

/** 1 inside, −1 outside, 0 on the ring. */
export function sideOf(x: number, y: number, ring: Vertices): number {
  let isInside = false;
  for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
    const [ax, ay, bx, by] = [ring[i]!, ring[i + 1]!, ring[j]!, ring[j + 1]!];
    const cross = turn(ax, ay, bx, by, x, y);
    if (cross === 0 && x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by)) return 0;
    if (ay > y !== by > y && cross > 0 === by > ay) isInside = !isInside;
  }
  return isInside ? 1 : -1;
}
