/** Rectangles turned by any angle, as a box track has them: four corners, upper left first *in their own frame*, then clockwise on the screen. */
import { paths, rectangle, type Geometry, type PolygonGeometry, type Position } from './geometry';

/** The centre, the sides' lengths in px and the direction of the first side in radians, clockwise on the screen. */
export interface Box {
  readonly centre: Position;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly angle: number;
}

type Corners = readonly [Position, Position, Position, Position];

/** How far corners may be from right angles, relative to the sides. The server takes the same. */
const RIGHT_ANGLE_TOLERANCE = 1e-6;

function cornersOf(geometry: Geometry): Corners | null {
  if (geometry.type !== 'Polygon' || geometry.coordinates.length !== 1) return null;
  const positions = paths(geometry)[0]!.positions;
  return positions.length === 4 && geometry.coordinates[0]!.length === 5 ? (positions as Corners) : null;
}

const polygonOf = ([a, b, c, d]: Corners): PolygonGeometry => ({ type: 'Polygon', coordinates: [[a, b, c, d, a]] });

/** Whether four positions are a box in the agreed order: right angles, and clockwise on the screen. */
function areBox([a, b, c, d]: Corners): boolean {
  const [wx, wy, hx, hy] = [b[0] - a[0], b[1] - a[1], d[0] - a[0], d[1] - a[1]];
  const width = Math.hypot(wx, wy);
  const height = Math.hypot(hx, hy);
  const slack = RIGHT_ANGLE_TOLERANCE * Math.max(width, height);
  return (
    wx * hy - wy * hx > 0 &&
    Math.abs(wx * hx + wy * hy) <= RIGHT_ANGLE_TOLERANCE * width * height &&
    Math.abs(b[0] + d[0] - a[0] - c[0]) <= slack &&
    Math.abs(b[1] + d[1] - a[1] - c[1]) <= slack
  );
}

export function isBox(geometry: Geometry): boolean {
  const corners = cornersOf(geometry);
  return corners !== null && areBox(corners);
}

/** @throws RangeError for a shape without four corners. */
export function boxOf(geometry: Geometry): Box {
  const corners = cornersOf(geometry);
  if (!corners) throw new RangeError('A box has four corners.');
  const [a, b, c, d] = corners;
  return {
    centre: [(a[0] + b[0] + c[0] + d[0]) / 4, (a[1] + b[1] + c[1] + d[1]) / 4],
    widthPx: Math.hypot(b[0] - a[0], b[1] - a[1]),
    heightPx: Math.hypot(d[0] - a[0], d[1] - a[1]),
    angle: Math.atan2(b[1] - a[1], b[0] - a[0]),
  };
}

export function boxGeometry({ centre: [x, y], widthPx, heightPx, angle }: Box): PolygonGeometry {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corner = (along: number, across: number): Position => [
    x + (cos * widthPx * along - sin * heightPx * across) / 2,
    y + (sin * widthPx * along + cos * heightPx * across) / 2,
  ];
  return polygonOf([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)]);
}

/** The same angle within (−π, π]. */
const withinATurn = (angle: number): number => angle - 2 * Math.PI * Math.ceil((angle - Math.PI) / (2 * Math.PI));

/**
 * The four corners put in a box's order, whichever came first and whichever way they ran: the first side is the one that runs
 * nearest to `angle`. Null where the shape has no four corners with right angles.
 */
export function asBox(geometry: Geometry, angle = 0): PolygonGeometry | null {
  const corners = cornersOf(geometry);
  if (!corners) return null;
  const turned = [corners, [...corners].reverse()].flatMap((run) => run.map((_, start) => [...run.slice(start), ...run.slice(0, start)] as unknown as Corners));
  const off = ([p, q]: Corners): number => Math.abs(withinATurn(Math.atan2(q[1] - p[1], q[0] - p[0]) - angle));
  const best = turned.filter(areBox).sort((p, q) => off(p) - off(q))[0];
  return best ? polygonOf(best) : null;
}

/** A box with one corner moved: the opposite one and the direction of the sides stay. Pulled across, its corners change their roles. */
export function withBoxCornerMoved(geometry: Geometry, index: number, to: Position): PolygonGeometry {
  const corners = cornersOf(geometry);
  if (!corners) throw new RangeError('A box has four corners.');
  const fixed = corners[(index + 2) % 4]!;
  const [a, b] = corners;
  // An upright one keeps the very numbers of its sides.
  if (a[1] === b[1] && b[0] > a[0]) return rectangle(fixed, to);
  const angle = Math.atan2(b[1] - a[1], b[0] - a[0]);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [dx, dy] = [to[0] - fixed[0], to[1] - fixed[1]];
  return boxGeometry({
    centre: [(fixed[0] + to[0]) / 2, (fixed[1] + to[1]) / 2],
    widthPx: Math.abs(dx * cos + dy * sin),
    heightPx: Math.abs(dy * cos - dx * sin),
    angle,
  });
}

/** Half a turn, give or take rounding, goes clockwise. */
const HALF_TURN_SLACK = 1e-9;

/** The box between two: its centre and sides move evenly, it turns the shorter way. */
export function boxBetween(from: Box, to: Box, t: number): Box {
  let turn = withinATurn(to.angle - from.angle);
  if (turn < HALF_TURN_SLACK - Math.PI) turn += 2 * Math.PI;
  return {
    centre: [from.centre[0] + (to.centre[0] - from.centre[0]) * t, from.centre[1] + (to.centre[1] - from.centre[1]) * t],
    widthPx: from.widthPx + (to.widthPx - from.widthPx) * t,
    heightPx: from.heightPx + (to.heightPx - from.heightPx) * t,
    angle: from.angle + turn * t,
  };
}
