/** How one line becomes another. A line drawn the other way round is the same line. docs/interpolation.md, step 4. */
import type { Geometry, LineStringGeometry, Position } from '../geometry';
import { Arc } from './arc';
import type { Way } from './outline_motion';
import { compareVertices, withoutRepeats, type Vertices } from './outlines';
import { mapCurves, movedBy, type Moving } from './vertex_map';

const TRAVEL_SAMPLES = 128;
const TIE = 1e-9;

/** The way between two LineStrings; what moves runs as the left one does. */
export function lineWay(left: Geometry, right: Geometry): Way {
  const ours = withoutRepeats(positionsOf(left));
  const drawn = withoutRepeats(positionsOf(right));
  const one = new Arc(ours, false);
  const isTurned = isReversed(one, new Arc(drawn, false));
  const theirs = isTurned ? reversed(drawn) : drawn;
  if (compareVertices(ours, theirs) === 0) return () => left;
  const other = new Arc(theirs, false);
  const moving = movingLine(one, other);
  const drift: Position = [other.middle()[0] - one.middle()[0], other.middle()[1] - one.middle()[1]];
  return (t) => {
    const xy = movedBy(moving, t);
    const isPoint = xy.every((value, k) => value === xy[k & 1]);
    return lineOf(isPoint ? ours.map((value, k) => value + drift[k & 1]! * t) : xy);
  };
}

const positionsOf = (geometry: Geometry): readonly Position[] => {
  if (geometry.type !== 'LineString') throw new RangeError('Only lines move as lines.');
  return geometry.coordinates;
};

function lineOf(xy: Vertices): LineStringGeometry {
  const coordinates: Position[] = [];
  for (let i = 0; i < xy.length; i += 2) coordinates.push([xy[i]!, xy[i + 1]!]);
  return { type: 'LineString', coordinates };
}

const reversed = (xy: Vertices): Vertices => xy.map((_, k) => xy[xy.length - 2 - (k - (k & 1)) + (k & 1)]!);

/** Of the pair in its order, so that going back in time makes the same choices. */
function movingLine(one: Arc, other: Arc): Moving {
  const isForward = compareVertices(one.vertices, other.vertices) <= 0;
  const [first, second] = isForward ? [one, other] : [other, one];
  const { start, end } = mapCurves({ first, second, firstOrigin: first.middle(), secondOrigin: second.middle() });
  return isForward ? { start, end } : { start: end, end: start };
}

/** Whether less way is to be gone if the other is taken from its end. */
function isReversed(one: Arc, other: Arc): boolean {
  let [straight, turned] = [0, 0];
  for (let k = 0; k <= TRAVEL_SAMPLES; k++) {
    const p = one.at(k / TRAVEL_SAMPLES);
    const q = other.at(k / TRAVEL_SAMPLES);
    const r = other.at((TRAVEL_SAMPLES - k) / TRAVEL_SAMPLES);
    straight += (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2;
    turned += (p[0] - r[0]) ** 2 + (p[1] - r[1]) ** 2;
  }
  return turned < straight * (1 - TIE);
}
