import type { Geometry } from './geometry';
import { segmentFromWire, segmentToWire, trackFromWire, trackToWire, type Segment, type Track } from './track';
import type { Feature, FeatureProperties, Json } from './wire';

/** One label on a slide or a video. A value: an edit makes a new one. */
export interface Annotation {
  /** UUID, made by whoever drew it. */
  readonly annotationId: string;
  readonly layer: string;
  readonly classId: string | null;
  /** Its shape; null exactly where `overTime` is given. A still shape on a video is on all of its frames. */
  readonly geometry: Geometry | null;
  /** What it is on which frames of a video. */
  readonly overTime: Track | Segment | null;
  readonly name: string;
  readonly isLocked: boolean;
  /** Measurements and metadata of other programs, carried through untouched. */
  readonly extra: Readonly<Record<string, Json>>;
  /** Who gave it its present value, by the server's word or, for one's own, before it has answered. */
  readonly author: string | null;
}

/** A label with a shape to draw: a still one, or what a track is on one frame. */
export interface StillAnnotation extends Annotation {
  readonly geometry: Geometry;
}

export const hasShape = <A extends Annotation>(annotation: A): annotation is A & StillAnnotation => annotation.geometry !== null;

/** A label whose shape moves. */
export interface TrackAnnotation extends Annotation {
  readonly geometry: null;
  readonly overTime: Track;
}

export const isTrack = (annotation: Annotation): annotation is TrackAnnotation => annotation.overTime?.kind === 'track';

/** A label of a stretch of time, without a shape. */
export interface SegmentAnnotation extends Annotation {
  readonly geometry: null;
  readonly overTime: Segment;
}

export const isSegment = (annotation: Annotation): annotation is SegmentAnnotation => annotation.overTime?.kind === 'segment';

export const DEFAULT_LAYER = 'default';

export interface NewAnnotation {
  readonly annotationId: string;
  readonly classId?: string | null;
  readonly name?: string;
  readonly author?: string | null;
}

interface NewShape extends NewAnnotation {
  readonly geometry: Geometry;
}

export const newAnnotation = (fields: NewShape): StillAnnotation => ({ ...newLabel(fields), geometry: fields.geometry, overTime: null });

/** A label over time. */
export const newOverTime = (fields: NewAnnotation & { readonly overTime: Track | Segment }): Annotation => ({
  ...newLabel(fields),
  geometry: null,
  overTime: fields.overTime,
});

const newLabel = (fields: NewAnnotation): Omit<Annotation, 'geometry' | 'overTime'> => ({
  annotationId: fields.annotationId,
  layer: DEFAULT_LAYER,
  classId: fields.classId ?? null,
  name: fields.name ?? '',
  isLocked: false,
  extra: {},
  author: fields.author ?? null,
});

export const annotationFromFeature = (feature: Feature): Annotation => ({
  annotationId: feature.id,
  layer: feature.properties.layer,
  classId: feature.properties.class_id,
  geometry: feature.geometry,
  overTime: overTimeFromWire(feature.properties),
  name: feature.properties.name,
  isLocked: feature.properties.is_locked,
  extra: feature.properties.extra,
  author: feature.properties.author ?? null,
});

export const featureFromAnnotation = (annotation: Annotation): Feature => ({
  type: 'Feature',
  id: annotation.annotationId,
  geometry: annotation.geometry,
  properties: {
    class_id: annotation.classId,
    layer: annotation.layer,
    name: annotation.name,
    is_locked: annotation.isLocked,
    extra: { ...annotation.extra },
    ...overTimeToWire(annotation.overTime),
  },
});

function overTimeFromWire({ track, segment }: FeatureProperties): Track | Segment | null {
  if (track) return trackFromWire(track);
  return segment ? segmentFromWire(segment) : null;
}

/** Of a still label nothing is said: so the server writes it, too. */
function overTimeToWire(overTime: Track | Segment | null | undefined): Pick<FeatureProperties, 'track' | 'segment'> {
  if (!overTime) return {};
  return overTime.kind === 'track' ? { track: trackToWire(overTime) } : { segment: segmentToWire(overTime) };
}

/** Whether two states of an annotation say the same; who wrote them does not count. */
export const sameAnnotation = (a: Annotation | null, b: Annotation | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.annotationId === b.annotationId &&
    a.layer === b.layer &&
    a.classId === b.classId &&
    a.name === b.name &&
    a.isLocked === b.isLocked &&
    sameValue(a.geometry, b.geometry) &&
    // Edits that an earlier version kept on this computer do not say it.
    sameValue(a.overTime ?? null, b.overTime ?? null) &&
    sameValue(a.extra, b.extra));

/** Deep equality of JSON values; the order of an object's names does not count. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => name in right && sameValue(left[name], right[name]));
}
