/** The signed distance to an outline on a grid. docs/interpolation.md, step 6. */
import { ringsOf, type Part } from './outlines';

/**
 * At the nodes of a grid, in cells, negative inside. The parts are in grid coordinates (x = column).
 *
 * The nearest edge is handed from node to node, and its distance measured exactly: two sweeps, as in Danielsson's distance
 * mapping (1980). A node may miss the nearest edge where several are almost equally near; the error is far below half a cell.
 */
export function signedDistance(parts: readonly Part[], rows: number, columns: number): Float32Array {
  const edges = edgesOf(parts);
  const distance = new Float32Array(rows * columns).fill(Infinity);
  const nearest = new Int32Array(rows * columns).fill(-1);
  const offer = (node: number, x: number, y: number, edge: number): void => {
    const squared = squaredDistance(edges, edge, x, y);
    if (squared < distance[node]!) {
      distance[node] = squared;
      nearest[node] = edge;
    }
  };
  seed(edges, rows, columns, offer);
  sweep(rows, columns, nearest, offer);
  for (let i = 0; i < distance.length; i++) distance[i] = Math.sqrt(distance[i]!);
  negateInside(edges, rows, columns, distance);
  return distance;
}

/** x0, y0, x1, y1 of each edge. */
function edgesOf(parts: readonly Part[]): Float64Array {
  const edges: number[] = [];
  for (const ring of parts.flatMap(ringsOf)) {
    for (let i = 0; i < ring.length; i += 2) {
      const n = i + 2 === ring.length ? 0 : i + 2;
      edges.push(ring[i]!, ring[i + 1]!, ring[n]!, ring[n + 1]!);
    }
  }
  return Float64Array.from(edges);
}

function squaredDistance(edges: Float64Array, edge: number, x: number, y: number): number {
  const ax = edges[edge]!;
  const ay = edges[edge + 1]!;
  const dx = edges[edge + 2]! - ax;
  const dy = edges[edge + 3]! - ay;
  const squared = dx * dx + dy * dy;
  const t = squared === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / squared));
  const px = ax + t * dx - x;
  const py = ay + t * dy - y;
  return px * px + py * py;
}

type Offer = (node: number, x: number, y: number, edge: number) => void;

/** The four nodes around each place along each edge. */
function seed(edges: Float64Array, rows: number, columns: number, offer: Offer): void {
  for (let edge = 0; edge < edges.length; edge += 4) {
    const [ax, ay, bx, by] = [edges[edge]!, edges[edge + 1]!, edges[edge + 2]!, edges[edge + 3]!];
    const steps = Math.max(1, Math.ceil(2 * Math.max(Math.abs(bx - ax), Math.abs(by - ay))));
    for (let k = 0; k <= steps; k++) {
      const left = Math.max(0, Math.min(columns - 2, Math.floor(ax + ((bx - ax) * k) / steps)));
      const top = Math.max(0, Math.min(rows - 2, Math.floor(ay + ((by - ay) * k) / steps)));
      for (let y = top; y < top + 2; y++) for (let x = left; x < left + 2; x++) offer(y * columns + x, x, y, edge);
    }
  }
}

/** Each node asks its neighbours: down and right, then up and left, each row both ways. */
function sweep(rows: number, columns: number, nearest: Int32Array, offer: Offer): void {
  const ask = (node: number, x: number, y: number, from: number): void => {
    const edge = nearest[from]!;
    if (edge >= 0 && edge !== nearest[node]) offer(node, x, y, edge);
  };
  for (const step of [1, -1]) {
    for (let y = step > 0 ? 0 : rows - 1; y >= 0 && y < rows; y += step) {
      const row = y * columns;
      const hasBefore = y - step >= 0 && y - step < rows;
      for (let x = 0; x < columns; x++) {
        if (hasBefore) {
          const above = row - step * columns + x;
          ask(row + x, x, y, above);
          if (x > 0) ask(row + x, x, y, above - 1);
          if (x + 1 < columns) ask(row + x, x, y, above + 1);
        }
        if (x > 0) ask(row + x, x, y, row + x - 1);
      }
      for (let x = columns - 2; x >= 0; x--) ask(row + x, x, y, row + x + 1);
    }
  }
}

/** Where an edge crosses a row, all to its right is switched. */
function negateInside(edges: Float64Array, rows: number, columns: number, distance: Float32Array): void {
  const switches = new Uint8Array(rows * columns);
  for (let edge = 0; edge < edges.length; edge += 4) {
    const [ax, ay, bx, by] = [edges[edge]!, edges[edge + 1]!, edges[edge + 2]!, edges[edge + 3]!];
    const [low, high] = ay < by ? [ay, by] : [by, ay];
    for (let y = Math.max(0, Math.ceil(low)); y < high && y < rows; y++) {
      const x = Math.max(0, Math.ceil(ax + ((y - ay) * (bx - ax)) / (by - ay)));
      if (x < columns) switches[y * columns + x]! ^= 1;
    }
  }
  for (let y = 0; y < rows; y++) {
    let isInside = 0;
    for (let node = y * columns; node < (y + 1) * columns; node++) {
      isInside ^= switches[node]!;
      if (isInside) distance[node] = -distance[node]!;
    }
  }
}
