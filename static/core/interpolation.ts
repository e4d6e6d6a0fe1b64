/** What a track is on a frame, by the rule of docs/interpolation.md. `annotations/interpolation.py` is its twin on the server. */
import { boxBetween, boxGeometry, boxOf } from './box';
import type { Geometry, Position } from './geometry';
import { lineWay } from './motion/line_motion';
import { outlineWay, type Way } from './motion/outline_motion';
import type { Keyframe, Track, TrackShape } from './track';
import type { Json } from './wire';

/** What a track shows on one frame. */
export interface Shown {
  /** On a key frame exactly what was drawn; null where the outline has blended to nothing, though the object is there. */
  readonly geometry: Geometry | null;
  readonly isKeyframe: boolean;
  readonly isOccluded: boolean;
  readonly attributes: Readonly<Record<string, Json>>;
}

/** What is to be seen on a frame; null before the first key frame, after the end, and where it is outside. */
export function shapeAt(track: Track, frame: number): Shown | null {
  const at = lastAtOrBefore(track.keyframes, frame);
  const keyframe = track.keyframes[at];
  if (!keyframe || keyframe.isOutside || hasEndedBy(track, frame)) return null;
  return {
    geometry: geometryBetween(track, at, frame),
    isKeyframe: keyframe.frame === frame,
    isOccluded: keyframe.isOccluded,
    attributes: keyframe.attributes,
  };
}

/** Whether anything is to be seen on a frame, without computing what. */
export function isShownAt(track: Track, frame: number): boolean {
  const keyframe = track.keyframes[lastAtOrBefore(track.keyframes, frame)];
  return keyframe !== undefined && !keyframe.isOutside && !hasEndedBy(track, frame);
}

/** Where the shape is or would be, outside or not: before the first key frame as on it, after the end as on the last. */
export function geometryAt(track: Track, frame: number): Geometry | null {
  return geometryBetween(track, Math.max(0, lastAtOrBefore(track.keyframes, frame)), frame);
}

/**
 * Have the costly part of what is between two frames made before it is needed: which point goes where.
 * @param mayGoOn asked before each pair of key frames; false: that is enough for now
 * @returns whether all is made
 */
export function prepareBetween(track: Track, first: number, last: number, mayGoOn: () => boolean): boolean {
  const { keyframes, shape } = track;
  for (let at = Math.max(0, lastAtOrBefore(keyframes, first)); at + 1 < keyframes.length && keyframes[at]!.frame <= last; at++) {
    const [left, right] = [keyframes[at]!, keyframes[at + 1]!];
    if (left.isOutside || right.frame === left.frame + 1 || ways.get(left.geometry)?.has(right.geometry)) continue;
    if (!mayGoOn()) return false;
    wayBetween(shape, left.geometry, right.geometry)(0.5);
  }
  return true;
}

const hasEndedBy = (track: Track, frame: number): boolean => track.endedFrame !== null && frame >= track.endedFrame;

/** Index of the last key frame that is not after the frame; −1 where all are. */
export function lastAtOrBefore(keyframes: readonly Keyframe[], frame: number): number {
  let low = 0;
  let high = keyframes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyframes[middle]!.frame <= frame) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function geometryBetween(track: Track, at: number, frame: number): Geometry | null {
  const left = track.keyframes[at]!;
  const right = track.keyframes[at + 1];
  if (!right || frame <= left.frame) return left.geometry;
  return wayBetween(track.shape, left.geometry, right.geometry)((frame - left.frame) / (right.frame - left.frame));
}

/**
 * Made once for each pair of shapes, by what is the costly part: which point goes where. Key frames are values, so that the pair
 * of their geometries says it all, and an edit of one key frame leaves the ways between the others as they are.
 */
const ways = new WeakMap<Geometry, WeakMap<Geometry, Way>>();

function wayBetween(shape: TrackShape, left: Geometry, right: Geometry): Way {
  const known = ways.get(left)?.get(right);
  if (known) return known;
  const way = newWay(shape, left, right);
  let from = ways.get(left);
  if (!from) ways.set(left, (from = new WeakMap()));
  from.set(right, way);
  return way;
}

function newWay(shape: TrackShape, left: Geometry, right: Geometry): Way {
  switch (shape) {
    case 'box':
      return boxWay(left, right);
    case 'point':
      return pointWay(left, right);
    case 'polyline':
      return lineWay(left, right);
    case 'polygon':
      return outlineWay(left, right);
  }
}

function boxWay(left: Geometry, right: Geometry): Way {
  const from = boxOf(left);
  const to = boxOf(right);
  const areSame = [0, 1].every((k) => from.centre[k] === to.centre[k]) && (['widthPx', 'heightPx', 'angle'] as const).every((part) => from[part] === to[part]);
  return areSame ? () => left : (t) => boxGeometry(boxBetween(from, to, t));
}

const between = ([px, py]: Position, [qx, qy]: Position, t: number): Position => [px + (qx - px) * t, py + (qy - py) * t];

const pointsOf = (geometry: Geometry): readonly Position[] =>
  geometry.type === 'Point' ? [geometry.coordinates] : geometry.type === 'MultiPoint' ? geometry.coordinates : [];

/** Each point goes to the one of the same number. */
function pointWay(left: Geometry, right: Geometry): Way {
  const from = pointsOf(left);
  const to = pointsOf(right);
  return (t) => {
    const coordinates = from.map((p, i) => between(p, to[i] ?? p, t));
    return left.type === 'Point' ? { type: 'Point', coordinates: coordinates[0]! } : { type: 'MultiPoint', coordinates };
  };
}
