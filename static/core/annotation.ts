import type { Geometry } from './geometry';
import type { Feature, Json } from './wire';

/** One outline or point on a slide. A value: an edit makes a new one. */
export interface Annotation {
  /** UUID, made by whoever drew it. */
  readonly annotationId: string;
  readonly layer: string;
  readonly classId: string | null;
  readonly geometry: Geometry;
  readonly name: string;
  readonly isLocked: boolean;
  /** Measurements and metadata of other programs, carried through untouched. */
  readonly extra: Readonly<Record<string, Json>>;
  /** Who gave it its present value, by the server's word or, for one's own, before it has answered. */
  readonly author: string | null;
}

export const DEFAULT_LAYER = 'default';

export interface NewAnnotation {
  readonly annotationId: string;
  readonly geometry: Geometry;
  readonly classId?: string | null;
  readonly name?: string;
  readonly author?: string | null;
}

export const newAnnotation = (fields: NewAnnotation): Annotation => ({
  annotationId: fields.annotationId,
  layer: DEFAULT_LAYER,
  classId: fields.classId ?? null,
  geometry: fields.geometry,
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
  },
});

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
