/** How one outline becomes another: rings that move where that is valid all along, a blend where it is not. */
import type { Geometry } from '../geometry';
import { Arc } from './arc';
import { blended, makeBlend, type Blend } from './blending';
import { matchParts } from './matching';
import { centroidOf, isOrdered, isSame, outlineOf, partsOf, ringCentroid, ringsOf, type Part, type Vertices } from './outlines';
import { ValidityCheck } from './validity';
import { mapCurves, movedBy, type Moving } from './vertex_map';

/** From t in (0, 1) to the shape; null where it has blended to nothing. */
export type Way = (t: number) => Geometry | null;

/** The way between two Polygons or MultiPolygons. What is costly is done here, or when it is first needed, and once. */
export function outlineWay(left: Geometry, right: Geometry): Way {
  const [ours, theirs] = [partsOf(left), partsOf(right)];
  if (isSame(ours, theirs)) return () => left;
  const isForward = isOrdered(ours, theirs);
  const [first, second] = isForward ? [ours, theirs] : [theirs, ours];
  const moving = movingParts(first, second);
  const check = new ValidityCheck();
  const at = (t: number): Vertices[][] => moving!.map((rings) => rings.map((ring) => movedBy(ring, t)));
  const mayMove = moving !== null && check.isValid(at(0.5));
  const blend = {};
  return (t) => {
    const way = isForward ? t : 1 - t;
    if (mayMove) {
      const parts = at(way);
      if (check.isValid(parts)) return outlineOf(parts);
    }
    return blended(keptBlend(blend, () => makeBlend(first, second, centroidOf(first), centroidOf(second))), way);
  };
}

/** Of each part its moving rings; null where parts or holes come or go. */
function movingParts(first: readonly Part[], second: readonly Part[]): Moving[][] | null {
  const matched = matchParts(first, second, centroidOf(first), centroidOf(second));
  return (
    matched?.map(([one, other]) => {
      const theirs = ringsOf(other);
      return ringsOf(one).map((ring, k) => movingRing(ring, theirs[k]!));
    }) ?? null
  );
}

const movingRing = (first: Vertices, second: Vertices): Moving =>
  mapCurves({ first: new Arc(first, true), second: new Arc(second, true), firstOrigin: ringCentroid(first), secondOrigin: ringCentroid(second) });

/** Distances take a hundred times the room of vertices, and are seldom needed: only so many are kept, the newest used ones. */
const MOST_BLENDS = 64;
const blends = new Map<object, Blend>();

function keptBlend(key: object, make: () => Blend): Blend {
  const blend = blends.get(key) ?? make();
  blends.delete(key);
  blends.set(key, blend);
  if (blends.size > MOST_BLENDS) blends.delete(blends.keys().next().value!);
  return blend;
}
