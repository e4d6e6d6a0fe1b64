/** Labels over time: what a label is on which frames of a video. Values: an edit makes a new one, see `track_edit`. */
import type { Geometry } from './geometry';
import type { Json, SegmentWire, TrackWire } from './wire';

/**
 * What a track is throughout; it decides how it moves between key frames.
 *
 * - `box`: a Polygon of exactly four corners, upper left, upper right, lower right, lower left *of its own frame*, with right
 *   angles; it is turned by the direction of its first side.
 * - `point`: a Point or MultiPoint, of one number of points in every key frame.
 * - `polyline`: a LineString.
 * - `polygon`: a Polygon or MultiPolygon, holes allowed; parts and holes may come and go.
 */
export type TrackShape = 'box' | 'point' | 'polyline' | 'polygon';

export const TRACK_SHAPES: readonly TrackShape[] = ['box', 'point', 'polyline', 'polygon'];

/** What a person said a track is on one frame. Never altered by what is computed from it. */
export interface Keyframe {
  /** From 0. */
  readonly frame: number;
  /** Frame px, exactly the doubles that were drawn; of a hidden one, where it would be. */
  readonly geometry: Geometry;
  /** Not to be seen from this frame on, until the next key frame that is not outside. */
  readonly isOutside: boolean;
  /** Something else covers it, from this frame until the next key frame. */
  readonly isOccluded: boolean;
  /** What else is so from this frame until the next key frame. */
  readonly attributes: Readonly<Record<string, Json>>;
}

/** One object over time. What lies between key frames is computed, see `interpolation`, and never stored. */
export interface Track {
  readonly kind: 'track';
  readonly shape: TrackShape;
  /** At least one; their frames rise strictly. Before the first one there is nothing. */
  readonly keyframes: readonly Keyframe[];
  /** The first frame on which it is no more, after the last key frame; null for "to the end". */
  readonly endedFrame: number | null;
}

/** A stretch of time, such as a phase of an operation. From 0 to null is a label of the whole video. */
export interface Segment {
  readonly kind: 'segment';
  readonly startFrame: number;
  /** The last frame of it; null for "to the end". */
  readonly endFrame: number | null;
  /** Segments of one purpose are kept apart from those of another by tier. */
  readonly tier: string;
}

export const DEFAULT_TIER = 'default';

export const trackFromWire = (wire: TrackWire): Track => ({
  kind: 'track',
  shape: wire.shape,
  keyframes: wire.keyframes.map((k) => ({
    frame: k.frame,
    geometry: k.geometry,
    isOutside: k.is_outside ?? false,
    isOccluded: k.is_occluded ?? false,
    attributes: k.attributes ?? {},
  })),
  endedFrame: wire.ended_frame ?? null,
});

export const trackToWire = (track: Track): TrackWire => ({
  shape: track.shape,
  keyframes: track.keyframes.map((k) => ({
    frame: k.frame,
    geometry: k.geometry,
    is_outside: k.isOutside,
    is_occluded: k.isOccluded,
    attributes: { ...k.attributes },
  })),
  ended_frame: track.endedFrame,
});

export const segmentFromWire = (wire: SegmentWire): Segment => ({
  kind: 'segment',
  startFrame: wire.start_frame,
  endFrame: wire.end_frame ?? null,
  tier: wire.tier ?? DEFAULT_TIER,
});

export const segmentToWire = (segment: Segment): SegmentWire => ({
  start_frame: segment.startFrame,
  end_frame: segment.endFrame,
  tier: segment.tier,
});
