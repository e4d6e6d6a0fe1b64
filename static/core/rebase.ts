/**
 * Fit edits that the server has not seen onto what it holds now. Decided by value: an edit fits where the annotation is
 * still what it was when the edit was made. Everything else is a conflict that a person decides; nothing is lost meanwhile.
 */
import { sameAnnotation, type Annotation } from './annotation';
import { isEmpty, touchedIds, without, type AnnotationMap, type Before, type ChangeSet } from './changeset';

/** A change that waits for the server's acknowledgement, with what it was made against. */
export interface PendingChange {
  readonly change: ChangeSet;
  readonly before: Before;
}

/** The same annotation was changed here and by someone else. */
export interface Conflict {
  readonly annotationId: string;
  /** Null: deleted here. */
  readonly mine: Annotation | null;
  /** Null: deleted there. */
  readonly theirs: Annotation | null;
}

export interface Rebased {
  readonly pending: readonly PendingChange[];
  readonly conflicts: readonly Conflict[];
  /** Changes with nothing left to send: the server holds their outcome already, or all of it became conflicts. */
  readonly emptied: readonly string[];
}

/** What the screen shows of one annotation: the server's state under the waiting edits. */
export function overlayOf(pending: readonly PendingChange[]): Map<string, Annotation | null> {
  const overlay = new Map<string, Annotation | null>();
  for (const { change } of pending) {
    for (const id of change.deleted) overlay.set(id, null);
    for (const annotation of [...change.created, ...change.updated]) overlay.set(annotation.annotationId, annotation);
  }
  return overlay;
}

export function rebase(base: AnnotationMap, pending: readonly PendingChange[]): Rebased {
  const overlay = new Map<string, Annotation | null>();
  const current = (id: string): Annotation | null => (overlay.has(id) ? overlay.get(id)! : (base.get(id) ?? null));
  const conflicts = new Map<string, Conflict>();
  const kept: PendingChange[] = [];
  const emptied: string[] = [];

  for (const entry of pending) {
    const drop = new Set<string>();
    const settle = (id: string, mine: Annotation | null): void => {
      const known = conflicts.get(id);
      const theirs = current(id);
      if (known) {
        conflicts.set(id, { ...known, mine });
        drop.add(id);
      } else if (sameAnnotation(theirs, mine)) {
        drop.add(id);
      } else if (sameAnnotation(theirs, entry.before.get(id) ?? null)) {
        overlay.set(id, mine);
      } else {
        conflicts.set(id, { annotationId: id, mine, theirs });
        drop.add(id);
      }
    };
    for (const annotation of [...entry.change.created, ...entry.change.updated]) settle(annotation.annotationId, annotation);
    for (const id of entry.change.deleted) settle(id, null);

    const change = drop.size === 0 ? entry.change : without(entry.change, drop);
    if (isEmpty(change)) emptied.push(entry.change.changeId);
    else kept.push(change === entry.change ? entry : { change, before: entry.before });
  }
  return { pending: kept, conflicts: [...conflicts.values()], emptied };
}

/** The waiting changes without one of them and without all later edits of what it touched. */
export function discard(pending: readonly PendingChange[], changeId: string): PendingChange[] {
  const at = pending.findIndex((entry) => entry.change.changeId === changeId);
  if (at < 0) return [...pending];
  const gone = new Set(touchedIds(pending[at]!.change));
  const later = pending
    .slice(at + 1)
    .map((entry) => ({ change: without(entry.change, gone), before: entry.before }))
    .filter((entry) => !isEmpty(entry.change));
  return [...pending.slice(0, at), ...later];
}
