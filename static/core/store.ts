import type { Annotation } from './annotation';
import { beforeOf, isEmpty, write, type AnnotationMap, type Before, type ChangeSet } from './changeset';

/** Where a change came from: drawn here, taken back or redone here, or told by the server. */
export type Origin = 'local' | 'undo' | 'remote';

export interface AppliedChange {
  readonly change: ChangeSet;
  readonly before: Before;
  readonly origin: Origin;
  /** Changes of one gesture (a held key, one drag) carry the same name and are undone together. */
  readonly gesture: string | null;
}

type Listener = (applied: AppliedChange) => void;

/** The annotations as the screen shows them, and the one stream that tells of every change to them. */
export class AnnotationStore {
  readonly #state = new Map<string, Annotation>();
  readonly #listeners = new Set<Listener>();

  get all(): AnnotationMap {
    return this.#state;
  }

  get(annotationId: string): Annotation | null {
    return this.#state.get(annotationId) ?? null;
  }

  /** @throws ChangeError when the change does not fit; nothing was changed then. */
  commit(change: ChangeSet, origin: Origin, gesture: string | null = null): AppliedChange | null {
    if (isEmpty(change)) return null;
    const applied = { change, before: beforeOf(this.#state, change), origin, gesture };
    write(this.#state, change);
    for (const listener of [...this.#listeners]) listener(applied);
    return applied;
  }

  /** @returns the way to stop listening. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
