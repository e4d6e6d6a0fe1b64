/**
 * Which point of one curve becomes which point of another: pairs that move on straight lines. The vertices of both are among the
 * pairs, so that the way begins and ends exactly with what was drawn. docs/interpolation.md, step 4.
 */
import type { Position } from '../geometry';
import { align, type Chains, type Path } from './alignment';
import { meanRadius, type Arc } from './arc';
import type { Vertices } from './outlines';

const SHIFT_SAMPLES = 128;
const ANCHOR_REACH = 1 / 16;
const TIE = 1e-9;
const SAME_PLACE = 1e-12;

/** Two rings or two lines, each with the point from which its places are seen. */
export interface Curves {
  readonly first: Arc;
  readonly second: Arc;
  readonly firstOrigin: Position;
  readonly secondOrigin: Position;
}

/** A curve that moves: point k from `start` to `end`. */
export interface Moving {
  readonly start: Vertices;
  readonly end: Vertices;
}

/** The vertices after a part of the way, 0 to 1. */
export function movedBy({ start, end }: Moving, t: number): Vertices {
  const xy = new Float64Array(start.length);
  for (let i = 0; i < xy.length; i++) xy[i] = start[i]! + (end[i]! - start[i]!) * t;
  return xy;
}

type Pair = readonly [Position, Position];
type Index = number;

/** A pair of chains to be aligned. */
interface Stretch {
  /** From end to end. */
  readonly nodesA: readonly number[];
  readonly nodesB: readonly number[];
  /** The vertices between the ends. */
  readonly verticesA: readonly Index[];
  readonly verticesB: readonly Index[];
  /** Whether the start is one of the pairs that move: it is a vertex of either. */
  readonly isPair: boolean;
  readonly chains: Chains;
}

export function mapCurves(curves: Curves): Moving {
  const { first, second } = curves;
  const pairs: Pair[] = [];
  const [n, m] = [first.count, second.count];
  const found = pins(first, second);
  let unmoved = found.length;
  let borders: (readonly [Index, Index])[] = found;
  if (!first.isRing) {
    borders = [[0, 0], ...found, [n - 1, m - 1]];
    for (const [i, j] of [borders[0]!, borders.at(-1)!]) if (samePosition(first.vertex(i), second.vertex(j))) unmoved += 1;
  }
  // Where half of the vertices stayed, somebody moved the others: the rest is seen where it is, not from the centroids.
  const isEdited = 2 * unmoved >= Math.min(n, m);
  const view = new View(curves, !isEdited);
  if (first.isRing) {
    if (borders.length === 0) {
      pairs.push(...union(curves, anchored(curves, view)));
      return movingOf(pairs);
    }
    const [i, j] = borders[0]!;
    borders = [...borders, [i + n, j + m]];
  }
  for (let k = 0; k + 1 < borders.length; k++) {
    const [i, j] = borders[k]!;
    const [iEnd, jNext] = borders[k + 1]!;
    const jEnd = jNext > j ? jNext : jNext + m;
    if (iEnd - i === jEnd - j && (isEdited || iEnd - i === 1)) {
      for (let step = 0; step < iEnd - i; step++) pairs.push([first.vertex((i + step) % n), second.vertex((j + step) % m)]);
      continue;
    }
    const nodesA = first.nodes(i, iEnd);
    const nodesB = second.nodes(j % m, jEnd - j + (j % m));
    const chains = view.chains(nodesA, nodesB);
    pairs.push(...union(curves, { nodesA, nodesB, verticesA: inner(i, iEnd, n), verticesB: inner(j, jEnd, m), isPair: true, chains }));
  }
  if (!first.isRing) pairs.push([first.vertex(n - 1), second.vertex(m - 1)]);
  return movingOf(pairs);
}

/** The vertices between two, round and round. */
const inner = (first: Index, last: Index, count: number): Index[] => Array.from({ length: Math.max(0, last - first - 1) }, (_, k) => (first + 1 + k) % count);

const samePosition = (p: Position, q: Position): boolean => p[0] === q[0] && p[1] === q[1];

function movingOf(pairs: readonly Pair[]): Moving {
  const start = new Float64Array(pairs.length * 2);
  const end = new Float64Array(pairs.length * 2);
  pairs.forEach(([p, q], i) => {
    start.set(p, 2 * i);
    end.set(q, 2 * i);
  });
  return { start, end };
}

/**
 * Vertices that did not move, as pairs of indices, rising in the first; none if their order differs. Each occurs once in its own
 * curve. Of lines only what lies between the ends is asked.
 */
function pins(first: Arc, second: Arc): (readonly [Index, Index])[] {
  const there = placesOf(second);
  const found = [...placesOf(first)].flatMap(([key, i]): [Index, Index][] => (there.has(key) ? [[i, there.get(key)!]] : []));
  const order = found.map(([, j]) => j);
  if (first.isRing && order.length > 0) {
    const least = order.indexOf(Math.min(...order));
    order.push(...order.splice(0, least));
  }
  return order.every((j, k) => k === 0 || j > order[k - 1]!) ? found : [];
}

/** The index of every vertex that occurs once. */
function placesOf(arc: Arc): Map<string, Index> {
  const places = new Map<string, Index>();
  const repeated = new Set<string>();
  const margin = arc.isRing ? 0 : 1;
  for (let i = margin; i < arc.count - margin; i++) {
    const [x, y] = arc.vertex(i);
    // −0 is written as 0, and equals it.
    const key = `${x} ${y}`;
    if (places.has(key)) repeated.add(key);
    else places.set(key, i);
  }
  for (const key of repeated) places.delete(key);
  return places;
}

/** Two curves as the cost of matching their nodes sees them. */
class View {
  readonly #curves: Curves;
  readonly #secondOrigin: Position;
  readonly #scale: number;

  constructor(curves: Curves, isRelative: boolean) {
    this.#curves = curves;
    this.#secondOrigin = isRelative ? curves.secondOrigin : curves.firstOrigin;
    this.#scale = meanRadius(curves.first, curves.second);
  }

  /** Of matching each node with each: squared distance by scale, and how much the directions differ. */
  cost(nodesA: readonly number[], nodesB: readonly number[]): Float64Array {
    const p = this.#seen(this.#curves.first, nodesA, this.#curves.firstOrigin);
    const q = this.#seen(this.#curves.second, nodesB, this.#secondOrigin);
    const cost = new Float64Array(nodesA.length * nodesB.length);
    let at = 0;
    for (let i = 0; i < p.length; i += 4) {
      const [x, y, u, v] = [p[i]!, p[i + 1]!, p[i + 2]!, p[i + 3]!];
      for (let j = 0; j < q.length; j += 4) {
        const dx = q[j]! - x;
        const dy = q[j + 1]! - y;
        cost[at++] = dx * dx + dy * dy + 1 - u * q[j + 2]! - v * q[j + 3]!;
      }
    }
    return cost;
  }

  /** x, y, and the tangent of each node. */
  #seen(arc: Arc, nodes: readonly number[], [ox, oy]: Position): Float64Array {
    const seen = new Float64Array(nodes.length * 4);
    nodes.forEach((node, k) => {
      const [x, y] = arc.at(node);
      const [u, v] = arc.tangent(node);
      seen.set([(x - ox) / this.#scale, (y - oy) / this.#scale, u, v], 4 * k);
    });
    return seen;
  }

  chains(nodesA: readonly number[], nodesB: readonly number[], cost = this.cost(nodesA, nodesB)): Chains {
    return { a: along(nodesA), b: along(nodesB), cost };
  }
}

function along(nodes: readonly number[]): Float64Array {
  const start = nodes[0]!;
  const span = nodes[nodes.length - 1]! - start;
  const places = Float64Array.from(nodes, (node) => (node - start) / span);
  places[places.length - 1] = 1;
  return places;
}

/** Both rings from a pair of nodes that belong together, all round. */
function anchored(curves: Curves, view: View): Stretch {
  const { first, second } = curves;
  const allA = first.nodes(0, first.count);
  const allB = second.nodes(0, second.count);
  const [countA, countB] = [allA.length - 1, allB.length - 1];
  const cost = view.cost(allA.slice(0, -1), allB.slice(0, -1));
  const [i, j] = anchorOf(allA, allB, cost, shiftOf(curves));
  const around = new Float64Array(allA.length * allB.length);
  for (let k = 0; k <= countA; k++) {
    for (let l = 0; l <= countB; l++) around[k * allB.length + l] = cost[((i + k) % countA) * countB + ((j + l) % countB)]!;
  }
  const [nodesA, nodesB] = [from(allA, i), from(allB, j)];
  const [verticesA, isVertexA] = verticesAfter(first, nodesA[0]!);
  const [verticesB, isVertexB] = verticesAfter(second, nodesB[0]!);
  return { nodesA, nodesB, verticesA, verticesB, isPair: isVertexA || isVertexB, chains: view.chains(nodesA, nodesB, around) };
}

/** The first pair of nodes, about as far apart as the rings are turned against each other, that costs least. */
function anchorOf(nodesA: readonly number[], nodesB: readonly number[], cost: Float64Array, shift: number): readonly [number, number] {
  const [countA, countB] = [nodesA.length - 1, nodesB.length - 1];
  const isNear = (i: number, j: number): boolean => {
    const apart = nodesB[j]! - nodesA[i]! - shift;
    return Math.abs(apart - Math.round(apart)) <= ANCHOR_REACH;
  };
  let least = Infinity;
  for (let i = 0; i < countA; i++) {
    for (let j = 0; j < countB; j++) if (cost[i * countB + j]! < least && isNear(i, j)) least = cost[i * countB + j]!;
  }
  for (let i = 0; i < countA; i++) {
    for (let j = 0; j < countB; j++) if (cost[i * countB + j]! <= least + TIE && isNear(i, j)) return [i, j];
  }
  return [0, 0];
}

/** By how much of its length the second ring is best turned on to the first, both as they lie: the peak of their correlation. */
function shiftOf({ first, second, firstOrigin, secondOrigin }: Curves): number {
  const sampled = (arc: Arc, [ox, oy]: Position): Float64Array => {
    const xy = new Float64Array(2 * SHIFT_SAMPLES);
    for (let k = 0; k < SHIFT_SAMPLES; k++) {
      const [x, y] = arc.at(k / SHIFT_SAMPLES);
      xy[2 * k] = x - ox;
      xy[2 * k + 1] = y - oy;
    }
    return xy;
  };
  const p = sampled(first, firstOrigin);
  const q = sampled(second, secondOrigin);
  // 128² products take less than the two transforms of an FFT would in this language.
  const fit = new Float64Array(SHIFT_SAMPLES);
  for (let shift = 0; shift < SHIFT_SAMPLES; shift++) {
    let sum = 0;
    for (let k = 0, l = 2 * shift; k < p.length; k += 2, l += 2) {
      if (l === q.length) l = 0;
      sum += p[k]! * q[l]! + p[k + 1]! * q[l + 1]!;
    }
    fit[shift] = sum;
  }
  let [most, largest] = [-Infinity, 0];
  for (const value of fit) {
    most = Math.max(most, value);
    largest = Math.max(largest, Math.abs(value));
  }
  return fit.findIndex((value) => value >= most - TIE * largest) / SHIFT_SAMPLES;
}

/** A ring's nodes (the last one is the first again, at 1) from one on, all round. */
const from = (nodes: readonly number[], start: number): number[] => [...nodes.slice(start, -1), ...nodes.slice(0, start + 1).map((node) => 1 + node)];

/** The part of the way round that a place lies ahead. */
const ahead = (place: number, start: number): number => place - start - Math.floor(place - start);

/** The vertices of a ring in their order from a place on, without one at the place; and whether there is one. */
function verticesAfter(arc: Arc, start: number): readonly [Index[], boolean] {
  const way = Array.from({ length: arc.count }, (_, i) => ahead(arc.s[i]!, start));
  const between = way.map((_, i) => i).filter((i) => way[i]! > SAME_PLACE && way[i]! < 1 - SAME_PLACE);
  return [between.sort((i, j) => way[i]! - way[j]!), between.length < arc.count];
}

/** The pairs at every vertex of either chain, in order; the far end belongs to the next chain. */
function union(curves: Curves, stretch: Stretch): Pair[] {
  const path = align(stretch.chains);
  const tau = path.a.map((a, k) => a + path.b[k]!);
  const [startA, startB] = [stretch.nodesA[0]!, stretch.nodesB[0]!];
  const spanA = stretch.nodesA.at(-1)! - startA;
  const spanB = stretch.nodesB.at(-1)! - startB;

  interface Moment {
    readonly tau: number;
    readonly vertexA?: Index;
    readonly vertexB?: Index;
  }
  const moments: Moment[] = stretch.isPair ? [{ tau: 0 }] : [];
  for (const vertexA of stretch.verticesA) moments.push({ tau: momentOf(ahead(curves.first.s[vertexA]!, startA) / spanA, path.a, tau), vertexA });
  for (const vertexB of stretch.verticesB) moments.push({ tau: momentOf(ahead(curves.second.s[vertexB]!, startB) / spanB, path.b, tau), vertexB });
  moments.sort((p, q) => p.tau - q.tau);

  const pairs: Pair[] = [];
  let last = -Infinity;
  for (const { tau: moment, vertexA, vertexB } of moments) {
    const isNew = moment - last > TIE;
    last = moment;
    const known = isNew ? pairAt(curves, path, tau, moment, startA, spanA, startB, spanB) : pairs.pop()!;
    // A vertex is where it was drawn, to the last bit.
    pairs.push([vertexA === undefined ? known[0] : curves.first.vertex(vertexA), vertexB === undefined ? known[1] : curves.second.vertex(vertexB)]);
  }
  return pairs;
}

function pairAt(curves: Curves, path: Path, tau: Float64Array, moment: number, startA: number, spanA: number, startB: number, spanB: number): Pair {
  const [k, part] = placeIn(tau, moment);
  const value = (values: Float64Array): number => values[k]! + (k + 1 < values.length ? (values[k + 1]! - values[k]!) * part : 0);
  return [curves.first.at(startA + value(path.a) * spanA), curves.second.at(startB + value(path.b) * spanB)];
}

/** Index of the last value that is not above, and the part of the way to the next. */
function placeIn(rising: Float64Array, value: number): readonly [number, number] {
  const k = Math.max(0, above(rising, value) - 1);
  return k + 1 < rising.length ? [k, (value - rising[k]!) / (rising[k + 1]! - rising[k]!)] : [k, 0];
}

/** Index of the first value above. */
function above(rising: Float64Array, value: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When the path is at a place: the middle of the time if it waits there. */
function momentOf(place: number, places: Float64Array, tau: Float64Array): number {
  let low = above(places, place - SAME_PLACE);
  while (low > 0 && places[low - 1]! >= place - SAME_PLACE) low -= 1;
  const high = above(places, place + SAME_PLACE) - 1;
  if (low <= high) return (tau[low]! + tau[high]!) / 2;
  const before = Math.max(low - 1, 0);
  const span = places[low]! - places[before]!;
  return tau[before]! + (span > 0 ? (place - places[before]!) / span : 0) * (tau[low]! - tau[before]!);
}
