import { sameAnnotation, type Annotation } from './annotation';
import { changeOf, touchedIds, type ChangeSet, type Transition } from './changeset';
import type { AnnotationStore, AppliedChange } from './store';

/** One gesture: what each annotation was before it and after it. */
interface Step {
  readonly gesture: string | null;
  readonly transitions: Map<string, Transition>;
}

export interface UndoResult {
  readonly change: ChangeSet;
  /** Annotations left alone, because someone else has changed them since. */
  readonly skippedIds: readonly string[];
}

const MAX_STEPS = 500;

/**
 * Undo and redo of this person's own gestures, as changes like any other. Grouped by gesture, never by the clock.
 * A step never takes back what someone else did after it.
 */
export class UndoStack {
  #done: Step[] = [];
  #undone: Step[] = [];

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Remember a change made here; a new one makes redo impossible. Those of other origins are not ours to take back. */
  record(applied: AppliedChange, after: (annotationId: string) => Annotation | null): void {
    if (applied.origin !== 'local') return;
    this.#undone = [];
    const last = this.#done[this.#done.length - 1];
    const joins = last !== undefined && applied.gesture !== null && last.gesture === applied.gesture;
    const step: Step = joins ? last : { gesture: applied.gesture, transitions: new Map() };
    for (const id of touchedIds(applied.change)) {
      const from = step.transitions.has(id) ? step.transitions.get(id)!.from : (applied.before.get(id) ?? null);
      step.transitions.set(id, { from, to: after(id) });
    }
    if (!joins) this.#done.push(step);
    if (this.#done.length > MAX_STEPS) this.#done.shift();
  }

  /** The change that takes back the last gesture; null when there is none. */
  undo(store: AnnotationStore, changeId: string): UndoResult | null {
    const step = this.#done.pop();
    if (!step) return null;
    this.#undone.push(step);
    return reach(store, step, changeId, (t) => ({ from: t.to, to: t.from }));
  }

  redo(store: AnnotationStore, changeId: string): UndoResult | null {
    const step = this.#undone.pop();
    if (!step) return null;
    this.#done.push(step);
    return reach(store, step, changeId, (t) => t);
  }

  clear(): void {
    this.#done = [];
    this.#undone = [];
  }
}

function reach(store: AnnotationStore, step: Step, changeId: string, way: (t: Transition) => Transition): UndoResult {
  const skippedIds: string[] = [];
  const wanted: Transition[] = [];
  for (const [id, transition] of step.transitions) {
    const { from, to } = way(transition);
    if (sameAnnotation(store.get(id), from)) wanted.push({ from, to });
    else skippedIds.push(id);
  }
  return { change: changeOf(changeId, wanted), skippedIds };
}
