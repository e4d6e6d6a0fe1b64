/** Whether rings make a valid outline: simple, not crossing each other, holes inside, parts apart (OGC Simple Features). docs/interpolation.md, step 5. */
import type { Vertices } from './outlines';

/**
 * Checks the outlines of one motion, frame after frame: room is made once, and the order of its edges from left to right hardly
 * changes from one frame to the next.
 */
export class ValidityCheck {
  #edges: Edges | null = null;

  /** @param parts of each part the outer ring and its holes */
  isValid(parts: readonly (readonly Vertices[])[]): boolean {
    const rings = parts.flat().map(withoutRepeats);
    if (rings.some((ring) => ring.length < 6)) return false;
    const count = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
    if (this.#edges?.count !== count) this.#edges = new Edges(count);
    this.#edges.fill(rings);
    const touches = contactsOf(this.#edges);
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
  /** From left to right, by their left ends. */
  readonly order: Uint32Array;
  readonly #left: Float64Array;
  #isOrdered = false;

  constructor(count: number) {
    this.count = count;
    this.ends = new Float64Array(4 * count);
    this.ring = new Uint32Array(count);
    this.next = new Uint32Array(count);
    this.order = Uint32Array.from({ length: count }, (_, i) => i);
    this.#left = new Float64Array(count);
  }

  fill(rings: readonly Vertices[]): void {
    const { ends } = this;
    let at = 0;
    for (let ring = 0; ring < rings.length; ring++) {
      const xy = rings[ring]!;
      const first = at;
      for (let i = 0; i < xy.length; i += 2, at++) {
        const n = i + 2 === xy.length ? 0 : i + 2;
        ends[4 * at] = xy[i]!;
        ends[4 * at + 1] = xy[i + 1]!;
        ends[4 * at + 2] = xy[n]!;
        ends[4 * at + 3] = xy[n + 1]!;
        this.#left[at] = Math.min(xy[i]!, xy[n]!);
        this.ring[at] = ring;
        this.next[at] = n === 0 ? first : at + 1;
      }
    }
    if (this.#isOrdered) this.#orderAgain();
    else this.order.sort((i, j) => this.#left[i]! - this.#left[j]!);
    this.#isOrdered = true;
  }

  /** By insertion: what is almost in order takes hardly more than a look. */
  #orderAgain(): void {
    const { order } = this;
    const left = this.#left;
    for (let k = 1; k < order.length; k++) {
      const edge = order[k]!;
      const place = left[edge]!;
      let at = k;
      for (; at > 0 && left[order[at - 1]!]! > place; at--) order[at] = order[at - 1]!;
      order[at] = edge;
    }
  }
}

/** A place where two rings touch. */
interface Touch {
  readonly rings: readonly [number, number];
  readonly x: number;
  readonly y: number;
}

/** Where rings touch each other in a point; null where edges cross, run along each other, or a ring touches itself. */
function contactsOf({ ends, ring, next, order }: Edges): Touch[] | null {
  const touches: Touch[] = [];
  const active = new Uint32Array(order.length);
  let count = 0;
  for (let at = 0; at < order.length; at++) {
    const i = order[at]!;
    const ax = ends[4 * i]!;
    const ay = ends[4 * i + 1]!;
    const bx = ends[4 * i + 2]!;
    const by = ends[4 * i + 3]!;
    const left = Math.min(ax, bx);
    const low = Math.min(ay, by);
    const high = Math.max(ay, by);
    let kept = 0;
    for (let k = 0; k < count; k++) {
      const j = active[k]!;
      const cx = ends[4 * j]!;
      const cy = ends[4 * j + 1]!;
      const dx = ends[4 * j + 2]!;
      const dy = ends[4 * j + 3]!;
      if (cx < left && dx < left) continue;
      active[kept++] = j;
      if ((cy < low && dy < low) || (cy > high && dy > high)) continue;
      if (next[i] === j || next[j] === i) {
        if (next[i] === j && foldsBack(ax, ay, bx, by, dx, dy)) return null;
        if (next[j] === i && foldsBack(cx, cy, dx, dy, bx, by)) return null;
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
    const ax = ring[i]!;
    const ay = ring[i + 1]!;
    const bx = ring[j]!;
    const by = ring[j + 1]!;
    const cross = turn(ax, ay, bx, by, x, y);
    if (cross === 0 && x >= Math.min(ax, bx) && x <= Math.max(ax, bx) && y >= Math.min(ay, by) && y <= Math.max(ay, by)) return 0;
    if (ay > y !== by > y && cross > 0 === by > ay) isInside = !isInside;
  }
  return isInside ? 1 : -1;
}
