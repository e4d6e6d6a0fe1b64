/**
 * A curve by its arc length: where one is after a fraction of the way, in which direction, and the places that an alignment
 * compares. docs/interpolation.md, step 4.
 */
import type { Position } from '../geometry';
import type { Vertices } from './outlines';

/** An edge is cut into pieces of at most this part of the whole length. */
const PIECES = 48;
/** A curve of more edges is compared at so many equal steps instead of at its vertices. */
const MOST_EDGES = 256;
const TANGENT_REACH = 1 / 64;

/** A ring (from its first vertex round to it) or a line. */
export class Arc {
  readonly vertices: Vertices;
  readonly isRing: boolean;
  readonly count: number;
  /** More than 0. */
  readonly lengthPx: number;
  /** The fraction of the length at each vertex and, of a ring, at its end. */
  readonly s: Float64Array;
  /** The vertices, of a ring with the first one again. */
  readonly #path: Vertices;

  constructor(vertices: Vertices, isRing: boolean) {
    this.vertices = vertices;
    this.isRing = isRing;
    this.count = vertices.length / 2;
    this.#path = vertices;
    if (isRing) {
      this.#path = new Float64Array(vertices.length + 2);
      this.#path.set(vertices);
      this.#path.set(vertices.subarray(0, 2), vertices.length);
    }
    const path = this.#path;
    this.s = new Float64Array(path.length / 2);
    for (let i = 1; i < this.s.length; i++) {
      const dx = path[2 * i]! - path[2 * i - 2]!;
      const dy = path[2 * i + 1]! - path[2 * i - 1]!;
      this.s[i] = this.s[i - 1]! + Math.sqrt(dx * dx + dy * dy);
    }
    this.lengthPx = this.s[this.s.length - 1]!;
    if (this.lengthPx > 0) for (let i = 0; i < this.s.length; i++) this.s[i]! /= this.lengthPx;
  }

  vertex(index: number): Position {
    return [this.vertices[2 * index]!, this.vertices[2 * index + 1]!];
  }

  /** The position at a fraction of the length; round and round on a ring, held at a line's ends. */
  at(fraction: number): Position {
    const { s } = this;
    const path = this.#path;
    const place = this.isRing ? fraction - Math.floor(fraction) : fraction;
    let low = 0;
    let high = s.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (s[middle]! <= place) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return [path[0]!, path[1]!];
    if (low === s.length) return [path[path.length - 2]!, path[path.length - 1]!];
    const part = (place - s[low - 1]!) / (s[low]! - s[low - 1]!);
    const i = 2 * low;
    return [path[i - 2]! + (path[i]! - path[i - 2]!) * part, path[i - 1]! + (path[i + 1]! - path[i - 1]!) * part];
  }

  /** The unit vector along a short chord around a place; (0, 0) where the chord has no length. */
  tangent(fraction: number): Position {
    const reach = (by: number): number => (this.isRing ? fraction + by : Math.min(1, Math.max(0, fraction + by)));
    const [ax, ay] = this.at(reach(-TANGENT_REACH));
    const [bx, by] = this.at(reach(TANGENT_REACH));
    const [dx, dy] = [bx - ax, by - ay];
    const length = Math.sqrt(dx * dx + dy * dy);
    return length === 0 ? [0, 0] : [dx / length, dy / length];
  }

  /**
   * The places between two vertices, both included, at which the curve is compared with another. `last` may go beyond the end of a
   * ring, up to once round: fractions then go beyond 1.
   */
  nodes(first: number, last: number): number[] {
    const placeOf = (index: number): number => (index <= this.count || !this.isRing ? this.s[index]! : 1 + this.s[index - this.count]!);
    const start = placeOf(first);
    if (last - first > MOST_EDGES) {
      const span = placeOf(last) - start;
      return Array.from({ length: MOST_EDGES + 1 }, (_, k) => start + span * (k / MOST_EDGES));
    }
    const nodes: number[] = [];
    for (let i = first; i < last; i++) {
      const span = placeOf(i + 1) - placeOf(i);
      const pieces = Math.max(1, Math.ceil(span * PIECES - 1e-9));
      for (let k = 0; k < pieces; k++) nodes.push(placeOf(i) + span * (k / pieces));
    }
    nodes.push(placeOf(last));
    return nodes;
  }

  /** The centroid of a line, by length. */
  middle(): Position {
    const path = this.#path;
    let [x, y] = [0, 0];
    for (let i = 1; i < this.s.length; i++) {
      const weight = this.s[i]! - this.s[i - 1]!;
      x += (weight * (path[2 * i - 2]! + path[2 * i]!)) / 2;
      y += (weight * (path[2 * i - 1]! + path[2 * i + 1]!)) / 2;
    }
    return [x, y];
  }
}

/** The radius of the circle that is as long as two curves are on average. */
export const meanRadius = (a: Arc, b: Arc): number => (a.lengthPx + b.lengthPx) / 2 / (2 * Math.PI);
