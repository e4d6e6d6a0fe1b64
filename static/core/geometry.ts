/** Shapes in level-0 pixels (slides) or frame pixels (video): GeoJSON geometries with doubles that are never rounded or snapped. */

/** [x, y], x to the right, y down, in level-0 pixels. */
export type Position = readonly [x: number, y: number];
/** Closed: the last position repeats the first. */
export type Ring = readonly Position[];

export interface PointGeometry {
  readonly type: 'Point';
  readonly coordinates: Position;
}
export interface MultiPointGeometry {
  readonly type: 'MultiPoint';
  readonly coordinates: readonly Position[];
}
export interface LineStringGeometry {
  readonly type: 'LineString';
  readonly coordinates: readonly Position[];
}
export interface MultiLineStringGeometry {
  readonly type: 'MultiLineString';
  readonly coordinates: readonly (readonly Position[])[];
}
/** First ring outer, the others holes; orientation is not significant. */
export interface PolygonGeometry {
  readonly type: 'Polygon';
  readonly coordinates: readonly Ring[];
}
export interface MultiPolygonGeometry {
  readonly type: 'MultiPolygon';
  readonly coordinates: readonly (readonly Ring[])[];
}

export type Geometry =
  | PointGeometry
  | MultiPointGeometry
  | LineStringGeometry
  | MultiLineStringGeometry
  | PolygonGeometry
  | MultiPolygonGeometry;

export interface Bounds {
  readonly minX: number;
  readonly minY: number;
  readonly maxX: number;
  readonly maxY: number;
}

/**
 * One run of positions inside a geometry. `closed` runs are rings: the closing position is left out.
 * `part` and `ring` say where the run sits, so that an edit can be written back.
 */
export interface Path {
  readonly part: number;
  readonly ring: number;
  readonly closed: boolean;
  readonly positions: readonly Position[];
}

const open = (ring: Ring): readonly Position[] => {
  const first = ring[0];
  const last = ring[ring.length - 1];
  return first && last && ring.length > 1 && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
};

/** The geometry as runs of positions; points come back as runs of one. */
export function paths(geometry: Geometry): Path[] {
  switch (geometry.type) {
    case 'Point':
      return [{ part: 0, ring: 0, closed: false, positions: [geometry.coordinates] }];
    case 'MultiPoint':
      return geometry.coordinates.map((p, part) => ({ part, ring: 0, closed: false, positions: [p] }));
    case 'LineString':
      return [{ part: 0, ring: 0, closed: false, positions: geometry.coordinates }];
    case 'MultiLineString':
      return geometry.coordinates.map((line, part) => ({ part, ring: 0, closed: false, positions: line }));
    case 'Polygon':
      return geometry.coordinates.map((r, ring) => ({ part: 0, ring, closed: true, positions: open(r) }));
    case 'MultiPolygon':
      return geometry.coordinates.flatMap((rings, part) =>
        rings.map((r, ring) => ({ part, ring, closed: true, positions: open(r) })),
      );
  }
}

const close = (positions: readonly Position[]): Ring => {
  const first = positions[0];
  return first ? [...positions, first] : [];
};

/** The same geometry with one run replaced; the ring is closed again here. */
export function withPath(geometry: Geometry, part: number, ring: number, positions: readonly Position[]): Geometry {
  switch (geometry.type) {
    case 'Point': {
      const only = positions[0];
      return only ? { type: 'Point', coordinates: only } : geometry;
    }
    case 'MultiPoint':
      return {
        type: 'MultiPoint',
        coordinates: geometry.coordinates.flatMap((p, i) => (i === part ? positions : [p])),
      };
    case 'LineString':
      return { type: 'LineString', coordinates: positions };
    case 'MultiLineString':
      return { type: 'MultiLineString', coordinates: geometry.coordinates.map((l, i) => (i === part ? positions : l)) };
    case 'Polygon':
      return { type: 'Polygon', coordinates: geometry.coordinates.map((r, i) => (i === ring ? close(positions) : r)) };
    case 'MultiPolygon':
      return {
        type: 'MultiPolygon',
        coordinates: geometry.coordinates.map((rings, i) =>
          i === part ? rings.map((r, j) => (j === ring ? close(positions) : r)) : rings,
        ),
      };
  }
}

export function mapPositions(geometry: Geometry, move: (p: Position) => Position): Geometry {
  switch (geometry.type) {
    case 'Point':
      return { type: 'Point', coordinates: move(geometry.coordinates) };
    case 'MultiPoint':
    case 'LineString':
      return { type: geometry.type, coordinates: geometry.coordinates.map(move) };
    case 'MultiLineString':
    case 'Polygon':
      return { type: geometry.type, coordinates: geometry.coordinates.map((run) => run.map(move)) };
    case 'MultiPolygon':
      return { type: 'MultiPolygon', coordinates: geometry.coordinates.map((rings) => rings.map((r) => r.map(move))) };
  }
}

export const translate = (geometry: Geometry, dxPx: number, dyPx: number): Geometry =>
  mapPositions(geometry, ([x, y]) => [x + dxPx, y + dyPx]);

export function boundsOf(geometry: Geometry): Bounds {
  let minX = Infinity;
  let minY = Infinity;
  let maxX = -Infinity;
  let maxY = -Infinity;
  for (const path of paths(geometry)) {
    for (const [x, y] of path.positions) {
      if (x < minX) minX = x;
      if (y < minY) minY = y;
      if (x > maxX) maxX = x;
      if (y > maxY) maxY = y;
    }
  }
  return { minX, minY, maxX, maxY };
}

export const boundsOverlap = (a: Bounds, b: Bounds): boolean =>
  a.minX <= b.maxX && a.maxX >= b.minX && a.minY <= b.maxY && a.maxY >= b.minY;

/** Signed area of an open ring in px² (shoelace about the first position, so that far-away rings keep their digits). */
export function signedAreaPx2(positions: readonly Position[]): number {
  const origin = positions[0];
  if (!origin) return 0;
  let twice = 0;
  for (let i = 1; i + 1 < positions.length; i++) {
    const a = positions[i]!;
    const b = positions[i + 1]!;
    twice += (a[0] - origin[0]) * (b[1] - origin[1]) - (b[0] - origin[0]) * (a[1] - origin[1]);
  }
  return twice / 2;
}

/** Area in px²: outer rings minus their holes. Zero for points and lines. */
export function areaPx2(geometry: Geometry): number {
  let area = 0;
  for (const path of paths(geometry)) {
    if (!path.closed) continue;
    const ring = Math.abs(signedAreaPx2(path.positions));
    area += path.ring === 0 ? ring : -ring;
  }
  return area;
}

/** Where a label sits: the middle of the bounds. */
export function middleOf(geometry: Geometry): Position {
  const b = boundsOf(geometry);
  return [(b.minX + b.maxX) / 2, (b.minY + b.maxY) / 2];
}

export const rectangle = (a: Position, b: Position): PolygonGeometry => {
  const x0 = Math.min(a[0], b[0]);
  const x1 = Math.max(a[0], b[0]);
  const y0 = Math.min(a[1], b[1]);
  const y1 = Math.max(a[1], b[1]);
  return { type: 'Polygon', coordinates: [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]] };
};

/** A polygon without holes from an open run of at least three positions. */
export const polygon = (positions: readonly Position[]): PolygonGeometry => ({
  type: 'Polygon',
  coordinates: [close(positions)],
});

/** Whether an open ring is an upright rectangle: four corners, each edge along an axis. */
export function isUprightRectangle(positions: readonly Position[]): boolean {
  if (positions.length !== 4) return false;
  const [a, b, c, d] = positions as readonly [Position, Position, Position, Position];
  const lyingFirst = a[1] === b[1] && b[0] === c[0] && c[1] === d[1] && d[0] === a[0];
  const standingFirst = a[0] === b[0] && b[1] === c[1] && c[0] === d[0] && d[1] === a[1];
  return lyingFirst || standingFirst;
}

/** An upright rectangle with one corner moved: the opposite one stays, the other two follow. */
export function withCornerMoved(positions: readonly Position[], index: number, to: Position): Position[] {
  const old = positions[index]!;
  return positions.map(([x, y], i) => (i === index ? to : [x === old[0] ? to[0] : x, y === old[1] ? to[1] : y]));
}
