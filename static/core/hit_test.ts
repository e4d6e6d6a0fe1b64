/** What lies under the pointer. All distances in level-0 pixels: the caller knows how wide a finger is at this zoom. */
import { hasShape, type Annotation, type StillAnnotation } from './annotation';
import { areaPx2, paths, type Geometry, type Path, type Position } from './geometry';

export interface VertexHit {
  readonly part: number;
  readonly ring: number;
  /** Index in the open run of positions. */
  readonly index: number;
}

export interface EdgeHit {
  readonly part: number;
  readonly ring: number;
  /** A new position on this edge goes before this index. */
  readonly index: number;
  /** The nearest place on the edge. */
  readonly at: Position;
}

const distance2 = (a: Position, b: Position): number => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;

function nearestOnSegment(p: Position, a: Position, b: Position): Position {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  if (length2 === 0) return a;
  const t = Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2));
  return [a[0] + t * dx, a[1] + t * dy];
}

/** Even-odd rule over all rings at once, so that a hole is outside. */
export function contains(geometry: Geometry, [x, y]: Position): boolean {
  let inside = false;
  for (const { closed, positions } of paths(geometry)) {
    if (!closed) continue;
    for (let i = 0, j = positions.length - 1; i < positions.length; j = i++) {
      const [xi, yi] = positions[i]!;
      const [xj, yj] = positions[j]!;
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
  }
  return inside;
}

const edgeCount = (path: Path): number => (path.closed ? path.positions.length : path.positions.length - 1);

/** The vertex nearest to `at` within `reachPx`, or null. */
export function vertexAt(geometry: Geometry, at: Position, reachPx: number): VertexHit | null {
  let best: VertexHit | null = null;
  let least = reachPx * reachPx;
  for (const { part, ring, positions } of paths(geometry)) {
    positions.forEach((position, index) => {
      const d = distance2(position, at);
      if (d <= least) {
        least = d;
        best = { part, ring, index };
      }
    });
  }
  return best;
}

/** The edge nearest to `at` within `reachPx`, or null. */
export function edgeAt(geometry: Geometry, at: Position, reachPx: number): EdgeHit | null {
  let best: EdgeHit | null = null;
  let least = reachPx * reachPx;
  for (const path of paths(geometry)) {
    for (let i = 0; i < edgeCount(path); i++) {
      const a = path.positions[i]!;
      const b = path.positions[(i + 1) % path.positions.length]!;
      const nearest = nearestOnSegment(at, a, b);
      const d = distance2(nearest, at);
      if (d <= least) {
        least = d;
        best = { part: path.part, ring: path.ring, index: i + 1, at: nearest };
      }
    }
  }
  return best;
}

const touches = (geometry: Geometry, at: Position, reachPx: number): boolean =>
  contains(geometry, at) || edgeAt(geometry, at, reachPx) !== null || vertexAt(geometry, at, reachPx) !== null;

/** The annotation a click means: the smallest one touched, so that what lies inside a larger outline can be reached. */
export function annotationAt<A extends Annotation>(candidates: Iterable<A>, at: Position, reachPx: number): (A & StillAnnotation) | null {
  let best: (A & StillAnnotation) | null = null;
  let least = Infinity;
  for (const annotation of candidates) {
    // A label over time has its shape only on a frame: ask `frame_view` for what is there.
    if (!hasShape(annotation) || !touches(annotation.geometry, at, reachPx)) continue;
    const area = areaPx2(annotation.geometry);
    // The later drawn of two equal ones lies on top.
    if (area <= least) {
      least = area;
      best = annotation;
    }
  }
  return best;
}
