/**
 * The one unit of change. What the editor applies, undo inverts, the server commits, history keeps and other browsers
 * receive is the same ChangeSet.
 */
import { annotationFromFeature, featureFromAnnotation, sameAnnotation, type Annotation } from './annotation';
import type { ChangeRequest } from './wire';

export interface ChangeSet {
  /** UUID: sent twice, it is committed once. */
  readonly changeId: string;
  readonly created: readonly Annotation[];
  /** Full new values. */
  readonly updated: readonly Annotation[];
  readonly deleted: readonly string[];
}

export type AnnotationMap = ReadonlyMap<string, Annotation>;

/** What the touched annotations were before; those that did not exist are absent. */
export type Before = ReadonlyMap<string, Annotation>;

export type ChangeErrorKind = 'duplicate-annotation' | 'unknown-annotation' | 'invalid-change';

const SENTENCES: Readonly<Record<ChangeErrorKind, string>> = {
  'duplicate-annotation': 'This annotation exists already.',
  'unknown-annotation': 'This annotation does not exist.',
  'invalid-change': 'An annotation may appear only once in a change.',
};

export class ChangeError extends Error {
  readonly kind: ChangeErrorKind;
  readonly annotationId: string;

  constructor(kind: ChangeErrorKind, annotationId: string) {
    super(SENTENCES[kind]);
    this.name = 'ChangeError';
    this.kind = kind;
    this.annotationId = annotationId;
  }
}

export const isEmpty = (change: ChangeSet): boolean =>
  change.created.length === 0 && change.updated.length === 0 && change.deleted.length === 0;

export const touchedIds = (change: ChangeSet): string[] => [
  ...change.created.map((a) => a.annotationId),
  ...change.updated.map((a) => a.annotationId),
  ...change.deleted,
];

/**
 * The touched annotations as they are in `state`.
 * @throws ChangeError when the change does not fit: a created one exists, an updated or deleted one does not.
 */
export function beforeOf(state: AnnotationMap, change: ChangeSet): Before {
  const before = new Map<string, Annotation>();
  const seen = new Set<string>();
  for (const id of touchedIds(change)) {
    if (seen.has(id)) throw new ChangeError('invalid-change', id);
    seen.add(id);
  }
  for (const { annotationId } of change.created) {
    if (state.has(annotationId)) throw new ChangeError('duplicate-annotation', annotationId);
  }
  for (const id of [...change.updated.map((a) => a.annotationId), ...change.deleted]) {
    const annotation = state.get(id);
    if (!annotation) throw new ChangeError('unknown-annotation', id);
    before.set(id, annotation);
  }
  return before;
}

/** The state after the change. @throws ChangeError when it does not fit. */
export function apply(state: AnnotationMap, change: ChangeSet): Map<string, Annotation> {
  beforeOf(state, change);
  const after = new Map(state);
  write(after, change);
  return after;
}

/** Write a change that is known to fit into a map. */
export function write(state: Map<string, Annotation>, change: ChangeSet): void {
  for (const id of change.deleted) state.delete(id);
  for (const annotation of change.created) state.set(annotation.annotationId, annotation);
  for (const annotation of change.updated) state.set(annotation.annotationId, annotation);
}

/** The change that takes back `change`: applied after it, the state is as before. */
export function inverse(change: ChangeSet, before: Before, changeId: string): ChangeSet {
  const was = (id: string): Annotation => {
    const annotation = before.get(id);
    if (!annotation) throw new ChangeError('unknown-annotation', id);
    return annotation;
  };
  return {
    changeId,
    created: change.deleted.map(was),
    updated: change.updated.map((a) => was(a.annotationId)),
    deleted: change.created.map((a) => a.annotationId),
  };
}

/** From what an annotation is to what it shall be; null is "not there". */
export interface Transition {
  readonly from: Annotation | null;
  readonly to: Annotation | null;
}

/** The change that makes all the transitions; those that change nothing are left out. */
export function changeOf(changeId: string, transitions: Iterable<Transition>): ChangeSet {
  const created: Annotation[] = [];
  const updated: Annotation[] = [];
  const deleted: string[] = [];
  for (const { from, to } of transitions) {
    if (sameAnnotation(from, to)) continue;
    if (to === null) deleted.push(from!.annotationId);
    else if (from === null) created.push(to);
    else updated.push(to);
  }
  return { changeId, created, updated, deleted };
}

/** A change in pieces of at most `most` annotations each; the first keeps the change's id. One that is small enough comes back as it is. */
export function inPieces(change: ChangeSet, most: number, newId: () => string): ChangeSet[] {
  const { created, updated, deleted } = change;
  const count = created.length + updated.length + deleted.length;
  if (count <= most) return [change];
  const pieces: ChangeSet[] = [];
  for (let at = 0; at < count; at += most) {
    const part = <T>(list: readonly T[], before: number): T[] => list.slice(Math.max(0, at - before), Math.max(0, at + most - before));
    pieces.push({
      changeId: at === 0 ? change.changeId : newId(),
      created: part(created, 0),
      updated: part(updated, created.length),
      deleted: part(deleted, created.length + updated.length),
    });
  }
  return pieces;
}

/** The same change without what it says of some annotations. */
export const without = (change: ChangeSet, ids: ReadonlySet<string>): ChangeSet => ({
  changeId: change.changeId,
  created: change.created.filter((a) => !ids.has(a.annotationId)),
  updated: change.updated.filter((a) => !ids.has(a.annotationId)),
  deleted: change.deleted.filter((id) => !ids.has(id)),
});

export const changeToWire = (change: ChangeSet): ChangeRequest => ({
  change_id: change.changeId,
  created: change.created.map(featureFromAnnotation),
  updated: change.updated.map(featureFromAnnotation),
  deleted: [...change.deleted],
});

export const changeFromWire = (wire: ChangeRequest): ChangeSet => ({
  changeId: wire.change_id,
  created: wire.created.map(annotationFromFeature),
  updated: wire.updated.map(annotationFromFeature),
  deleted: wire.deleted,
});
