/**
 * The verbs for tracks: each takes a track and gives a valid one back, and leaves the key frames that it does not name as they are.
 * What a frame shows changes only where a verb says so.
 */
import { asBox, boxOf, isBox } from './box';
import type { Geometry } from './geometry';
import { geometryAt, isShownAt, lastAtOrBefore } from './interpolation';
import type { Keyframe, Track, TrackShape } from './track';

/** A shape or a frame that a track cannot have. A sentence for a person. */
export class TrackError extends Error {}

const KINDS: Readonly<Record<TrackShape, readonly Geometry['type'][]>> = {
  box: ['Polygon'],
  point: ['Point', 'MultiPoint'],
  polyline: ['LineString'],
  polygon: ['Polygon', 'MultiPolygon'],
};

const pointCount = (geometry: Geometry): number => (geometry.type === 'MultiPoint' ? geometry.coordinates.length : 1);

/** The geometry as a track of this shape may hold it, beside those it holds already. @throws TrackError */
function fitted(shape: TrackShape, geometry: Geometry, like: Geometry | null): Geometry {
  if (!KINDS[shape].includes(geometry.type)) throw new TrackError(`This track is a ${shape} on every frame.`);
  if (shape === 'point' && like && pointCount(like) !== pointCount(geometry)) {
    throw new TrackError('This track has the same number of points on every frame.');
  }
  if (shape !== 'box' || (like && isBox(geometry))) return geometry;
  // A corner pulled over the opposite one turns a box inside out: its corners change their roles, not its direction.
  const box = asBox(geometry, like ? boxOf(like).angle : 0);
  if (!box) throw new TrackError('A box has four corners with right angles.');
  return box;
}

function checkFrame(frame: number): void {
  if (!Number.isInteger(frame) || frame < 0) throw new TrackError('A frame is a whole number from 0.');
}

const keyframe = (frame: number, geometry: Geometry): Keyframe => ({ frame, geometry, isOutside: false, isOccluded: false, attributes: {} });

/** A track that begins on a frame; one for that frame only where `isSingleFrame`. */
export function newTrack(shape: TrackShape, frame: number, geometry: Geometry, isSingleFrame = false): Track {
  checkFrame(frame);
  return {
    kind: 'track',
    shape,
    keyframes: [keyframe(frame, fitted(shape, geometry, null))],
    endedFrame: isSingleFrame ? frame + 1 : null,
  };
}

export function keyframeAt(track: Track, frame: number): Keyframe | null {
  const found = track.keyframes[lastAtOrBefore(track.keyframes, frame)];
  return found?.frame === frame ? found : null;
}

/** The nearest key frame before a frame. */
export const keyframeBefore = (track: Track, frame: number): Keyframe | null => track.keyframes[lastAtOrBefore(track.keyframes, frame - 1)] ?? null;

/** The nearest key frame after a frame. */
export const keyframeAfter = (track: Track, frame: number): Keyframe | null => track.keyframes[lastAtOrBefore(track.keyframes, frame) + 1] ?? null;

/** Whether it is a shape of one frame only. */
export const isSingleFrame = (track: Track): boolean => track.keyframes.length === 1 && track.endedFrame === track.keyframes[0]!.frame + 1;

/** With this key frame, in place of the one of its frame if there is one. */
function withKeyframe(track: Track, added: Keyframe): Track {
  const at = lastAtOrBefore(track.keyframes, added.frame);
  const replaced = track.keyframes[at]?.frame === added.frame ? 1 : 0;
  return { ...track, keyframes: [...track.keyframes.slice(0, at + 1 - replaced), added, ...track.keyframes.slice(at + 1)] };
}

/**
 * As a track that has not ended, yet is not to be seen where it had: before something is said of a later frame.
 * An end at or before `frame` becomes *outside*.
 */
function reaching(track: Track, frame: number): Track {
  if (track.endedFrame === null || frame < track.endedFrame) return track;
  const going = { ...track, endedFrame: null };
  return frame === track.endedFrame ? going : withKeyframe(going, { ...track.keyframes.at(-1)!, frame: track.endedFrame, isOutside: true });
}

/**
 * What a track is on a frame: shown there, with this shape, whatever it was before. Of the frame's own key frame, or else of the last
 * one before, it keeps what is said beside the shape. @throws TrackError
 */
export function putKeyframe(track: Track, frame: number, geometry: Geometry): Track {
  checkFrame(frame);
  const longer = reaching(track, frame);
  const before = longer.keyframes[Math.max(0, lastAtOrBefore(longer.keyframes, frame))]!;
  return withKeyframe(longer, { ...before, frame, isOutside: false, geometry: fitted(track.shape, geometry, before.geometry) });
}

/** A key frame as the frame shows it now; where there is one already, the track as it is. */
export function fixKeyframe(track: Track, frame: number): Track {
  if (keyframeAt(track, frame)) return track;
  return withKeyframe(reaching(track, frame), heldAt(track, frame));
}

/** The track's key frame of a frame, or what it would be there. */
function heldAt(track: Track, frame: number): Keyframe {
  checkFrame(frame);
  const at = lastAtOrBefore(track.keyframes, frame);
  const held = track.keyframes[Math.max(0, at)]!;
  if (held.frame === frame) return held;
  const isGone = at < 0 || (track.endedFrame !== null && frame >= track.endedFrame);
  return { ...held, frame, isOutside: held.isOutside || isGone, geometry: geometryAt(track, frame) ?? held.geometry };
}

/** Without the key frame of a frame; null where that was the only one, and nothing is left of the track. */
export function removeKeyframe(track: Track, frame: number): Track | null {
  const keyframes = track.keyframes.filter((k) => k.frame !== frame);
  if (keyframes.length === track.keyframes.length) return track;
  return keyframes.length === 0 ? null : { ...track, keyframes };
}

/** Hidden from a frame on, until the next key frame that is not outside; or shown from there on. */
export function setOutside(track: Track, frame: number, isOutside: boolean): Track {
  if (isShownAt(track, frame) !== isOutside) return track;
  return withKeyframe(reaching(track, frame), { ...heldAt(track, frame), isOutside });
}

/** Covered by something else from a frame on, until the next key frame; or not. Of what is hidden nothing is said. */
export function setOccluded(track: Track, frame: number, isOccluded: boolean): Track {
  const held = heldAt(track, frame);
  return held.isOccluded === isOccluded || !isShownAt(track, frame) ? track : withKeyframe(track, { ...held, isOccluded });
}

/** What else is so from a frame on, until the next key frame. */
export const setAttributes = (track: Track, frame: number, attributes: Keyframe['attributes']): Track =>
  isShownAt(track, frame) ? withKeyframe(track, { ...heldAt(track, frame), attributes }) : track;

/**
 * Ended on a frame, the first on which it is no more; null where nothing is left. Later key frames go with it: the last frame that
 * stays becomes one, as it is shown, so that nothing moves before the end.
 */
export function endAt(track: Track, frame: number): Track | null {
  const [first, last] = [track.keyframes[0]!, track.keyframes.at(-1)!];
  if (frame <= first.frame) return null;
  const held = last.frame >= frame && isShownAt(track, frame - 1) ? fixKeyframe(track, frame - 1) : track;
  return { ...held, keyframes: held.keyframes.filter((k) => k.frame < frame), endedFrame: frame };
}

/** Going on to the end of the video. */
export const unend = (track: Track): Track => (track.endedFrame === null ? track : { ...track, endedFrame: null });

/** The key frame of a frame at another one, as far as its neighbours and the end leave room. A shape of one frame takes its end along. */
export function moveKeyframe(track: Track, from: number, to: number): Track {
  checkFrame(to);
  const at = track.keyframes.findIndex((k) => k.frame === from);
  const moved = track.keyframes[at];
  if (!moved) return track;
  if (isSingleFrame(track)) return to === from ? track : { ...track, keyframes: [{ ...moved, frame: to }], endedFrame: to + 1 };
  const least = (track.keyframes[at - 1]?.frame ?? -1) + 1;
  const most = (track.keyframes[at + 1]?.frame ?? track.endedFrame ?? Infinity) - 1;
  const frame = Math.min(most, Math.max(least, to));
  return frame === from ? track : { ...track, keyframes: track.keyframes.map((k, i) => (i === at ? { ...k, frame } : k)) };
}

/** Two tracks: up to a frame, and from that frame on. Both show what the one did. Null where one of them would be nothing. */
export function split(track: Track, frame: number): readonly [Track, Track] | null {
  if (track.endedFrame !== null && frame >= track.endedFrame) return null;
  const earlier = endAt(track, frame);
  const whole = isShownAt(track, frame) ? fixKeyframe(track, frame) : track;
  const keyframes = whole.keyframes.filter((k) => k.frame >= frame);
  return earlier && keyframes.length > 0 ? [earlier, { ...whole, keyframes }] : null;
}

/**
 * One track of two, with the key frames of both; of a frame that has two, the first track's. Where one is hidden, has ended or has not
 * begun, the other is what is shown. @throws TrackError when they are of different shapes
 */
export function merge(a: Track, b: Track): Track {
  if (a.shape !== b.shape) throw new TrackError(`A ${a.shape} and a ${b.shape} cannot be one track.`);
  const like = a.keyframes[0]!.geometry;
  for (const { geometry } of b.keyframes) fitted(a.shape, geometry, like);
  const byFrame = new Map<number, Keyframe>();
  const put = (k: Keyframe, other: Track): void => {
    if (!byFrame.has(k.frame) && !(k.isOutside && isShownAt(other, k.frame))) byFrame.set(k.frame, k);
  };
  for (const k of a.keyframes) put(k, b);
  for (const k of b.keyframes) put(k, a);
  for (const [one, other] of [[a, b], [b, a]] as const) {
    const end = one.endedFrame;
    if (end !== null && other.keyframes.some((k) => k.frame > end)) put({ ...one.keyframes.at(-1)!, frame: end, isOutside: true }, other);
  }
  return {
    kind: 'track',
    shape: a.shape,
    keyframes: [...byFrame.values()].sort((p, q) => p.frame - q.frame),
    endedFrame: a.endedFrame === null || b.endedFrame === null ? null : Math.max(a.endedFrame, b.endedFrame),
  };
}
