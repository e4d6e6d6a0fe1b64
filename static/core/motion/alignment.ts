/**
 * Monotone alignment of two chains of nodes (dynamic time warping). The sum along a path is an integral over both arc lengths: it
 * does not matter how finely a chain is cut. docs/interpolation.md, step 4.
 */

/** What it costs to move along one chain faster than along the other. */
const STALL = 0.3;
const TIE = 1e-9;

const BOTH = 0;
const FIRST = 1;
const SECOND = 2;

/** Two chains to be aligned, end with end. */
export interface Chains {
  /** Rising from 0 to 1: each node's place along its chain. */
  readonly a: Float64Array;
  readonly b: Float64Array;
  /** What it costs to match one node with the other: a row for each of `a`. */
  readonly cost: Float64Array;
}

/** Which place of the one chain goes with which of the other; never falling, from 0 to 1. */
export interface Path {
  readonly a: Float64Array;
  readonly b: Float64Array;
}

/** The path of least cost. */
export function align({ a, b, cost }: Chains): Path {
  const rows = a.length;
  const columns = b.length;
  const steps = new Uint8Array(rows * columns).fill(SECOND);
  let before = new Float64Array(columns);
  let least = new Float64Array(columns);
  for (let j = 1; j < columns; j++) least[j] = least[j - 1]! + (b[j]! - b[j - 1]!) * ((cost[j - 1]! + cost[j]!) / 2 + STALL);
  for (let i = 1; i < rows; i++) {
    [before, least] = [least, before];
    const da = a[i]! - a[i - 1]!;
    const row = i * columns;
    least[0] = before[0]! + da * ((cost[row - columns]! + cost[row]!) / 2 + STALL);
    steps[row] = FIRST;
    for (let j = 1; j < columns; j++) {
      const at = row + j;
      const here = cost[at]!;
      const db = b[j]! - b[j - 1]!;
      const both = before[j - 1]! + (da + db) * ((cost[at - columns - 1]! + here) / 2) + STALL * Math.abs(da - db);
      const first = before[j]! + da * ((cost[at - columns]! + here) / 2 + STALL);
      const second = least[j - 1]! + db * ((cost[at - 1]! + here) / 2 + STALL);
      const best = Math.min(both, first, second);
      least[j] = best;
      if (both <= best + TIE) steps[at] = BOTH;
      else if (first <= best + TIE) steps[at] = FIRST;
    }
  }
  return walkBack(steps, a, b);
}

function walkBack(steps: Uint8Array, a: Float64Array, b: Float64Array): Path {
  let [i, j] = [a.length - 1, b.length - 1];
  const inA = [a[i]!];
  const inB = [b[j]!];
  while (i > 0 || j > 0) {
    const step = i === 0 ? SECOND : steps[i * b.length + j]!;
    if (step !== SECOND) i -= 1;
    if (step !== FIRST) j -= 1;
    inA.push(a[i]!);
    inB.push(b[j]!);
  }
  return { a: Float64Array.from(inA.reverse()), b: Float64Array.from(inB.reverse()) };
}
