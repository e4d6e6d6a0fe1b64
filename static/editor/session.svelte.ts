/** One person at one slide or video: what is drawn, chosen and shown, and every verb the tools, keys and panels use on it. */
import { hasShape, newAnnotation, type Annotation, type StillAnnotation } from '../core/annotation';
import { changeOf, inPieces, touchedIds, type ChangeSet, type Transition } from '../core/changeset';
import { firstCrossing, type Crossing } from '../core/crossing';
import { boundsOf, paths, type Bounds, type Geometry, type Position } from '../core/geometry';
import { annotationAt } from '../core/hit_test';
import type { PixelSize } from '../core/measure';
import { Ontology } from '../core/ontology';
import { Outbox, type SaveStatus, type Transport } from '../core/outbox';
import type { OutboxPort } from '../core/outbox_port';
import type { Conflict } from '../core/rebase';
import { SpatialIndex } from '../core/spatial_index';
import { AnnotationStore, type AppliedChange } from '../core/store';
import { UndoStack } from '../core/undo';
import type { ViewTransform } from '../slide/view_transform';
import { browserClock, newId } from './browser_ports';

export type ToolName = 'move' | 'select' | 'rectangle' | 'polygon' | 'polyline' | 'point';

/** What is being drawn and is no annotation yet. */
export type Draft =
  | {
      readonly kind: 'outline';
      /** A ring; otherwise a line that stays open. */
      readonly isClosed: boolean;
      readonly positions: readonly Position[];
      readonly pointer: Position | null;
      /** Set when closing was refused. */
      readonly crossing: Crossing | null;
    }
  | { readonly kind: 'rectangle'; readonly from: Position; readonly to: Position };

/** A corner of a selected shape that Delete would remove. */
export interface ChosenVertex {
  readonly annotationId: string;
  readonly part: number;
  readonly ring: number;
  readonly index: number;
}

/** What of an annotation a person can change. */
export type Revision = Pick<StillAnnotation, 'geometry' | 'classId' | 'name' | 'isLocked'>;

/** How the line of what is no plain fact of a person is drawn: computed between key frames, or covered by something. */
export interface LineLook {
  readonly isBetween: boolean;
  readonly isOccluded: boolean;
}

const PLAIN: LineLook = { isBetween: false, isOccluded: false };

/** What is being annotated. A slide's SlideInfo is one. */
export interface Subject {
  readonly asset_id: string;
  readonly width_px: number;
  readonly height_px: number;
  /** µm per pixel; null where nobody knows. */
  readonly mpp: number | null;
  readonly mpp_x: number | null;
  readonly mpp_y: number | null;
  readonly objective_power: number | null;
}

export interface SessionParts<S> {
  readonly slide: S;
  readonly readOnlyBecause: string | null;
  readonly author: string;
  readonly transport: Transport;
  readonly port: OutboxPort;
}

/** Annotations in one change; the server's limit is twice that. */
const MAX_CHANGE = 10_000;

const MAX_RESHAPABLE = 10;

export interface Hint {
  readonly text: string;
  readonly isWarning: boolean;
}

export class EditorSession<S extends Subject = Subject> {
  readonly slide: S;
  /** Why this person may only look, as a sentence; null when they may draw. */
  readonly readOnlyBecause: string | null;
  protected readonly author: string;
  readonly store = new AnnotationStore();
  readonly #index = new SpatialIndex();
  readonly outbox: Outbox;
  readonly #undoStack = new UndoStack();

  ontology = $state.raw(new Ontology(0, []));
  tool = $state<ToolName>('move');
  selection = $state.raw<ReadonlySet<string>>(new Set());
  chosenVertex = $state.raw<ChosenVertex | null>(null);
  draft = $state.raw<Draft | null>(null);
  /** Shapes as they would be if the drag ended here. */
  preview = $state.raw<ReadonlyMap<string, StillAnnotation>>(new Map());
  /** The window being drawn to select what lies in it. */
  marquee = $state.raw<Bounds | null>(null);
  /** The class of the next drawing. */
  activeClassId = $state<string | null>(null);

  areShown = $state(true);
  /** Off at first, as in QuPath: a fill would tint the very tissue that is being judged. */
  areFilled = $state(false);
  areNamed = $state(false);
  hiddenClassIds = $state.raw<ReadonlySet<string | null>>(new Set());

  /** Counts the changes to the annotations. */
  version = $state(0);
  /** Of a video, the frame that is shown: another one shows other shapes. */
  get moment(): number {
    return 0;
  }

  undoDepth = $state.raw({ canUndo: false, canRedo: false });
  status = $state.raw<SaveStatus>({ state: 'loading', waiting: 0, notKept: 0, conflicts: 0, revision: null, problem: null });
  conflicts = $state.raw<readonly Conflict[]>([]);
  hint = $state.raw<Hint | null>(null);
  view = $state.raw<ViewTransform | null>(null);
  cursor = $state.raw<Position | null>(null);

  constructor(parts: SessionParts<S>) {
    this.slide = parts.slide;
    this.readOnlyBecause = parts.readOnlyBecause;
    this.author = parts.author;
    this.outbox = new Outbox({ store: this.store, transport: parts.transport, port: parts.port, clock: browserClock });
    this.store.subscribe((applied) => this.#follow(applied));
    this.outbox.subscribe((status) => {
      this.status = status;
      this.conflicts = this.outbox.conflicts;
    });
  }

  get canWrite(): boolean {
    return this.readOnlyBecause === null;
  }

  get pixelSize(): PixelSize | null {
    const { mpp, mpp_x, mpp_y } = this.slide;
    const xUm = mpp_x ?? mpp;
    const yUm = mpp_y ?? mpp;
    return xUm !== null && yUm !== null ? { xUm, yUm } : null;
  }

  say(text: string, isWarning = false): void {
    this.hint = { text, isWarning };
  }

  // Choosing

  get selected(): Annotation[] {
    return [...this.selection].flatMap((id) => this.store.get(id) ?? []);
  }

  /** What is selected and may be changed by this person. */
  get editable(): Annotation[] {
    return this.canWrite ? this.selected.filter((a) => !a.isLocked) : [];
  }

  /** Those of the selection whose points can be taken hold of: of a crowd nobody means a point. */
  get reshapable(): StillAnnotation[] {
    return this.selection.size <= MAX_RESHAPABLE ? this.movable : [];
  }

  /** What of the selection is shown and may be changed. */
  get movable(): StillAnnotation[] {
    return this.editable.flatMap((a) => this.shownOf(a) ?? []);
  }

  /** What of the selection is shown. */
  get selectedShown(): StillAnnotation[] {
    return this.selected.flatMap((a) => this.shownOf(a) ?? []);
  }

  // What is to be seen

  /** A label as it is shown now; null where it is not. */
  shownOf(annotation: Annotation): StillAnnotation | null {
    return hasShape(annotation) ? annotation : null;
  }

  /** A version of a label that is not the stored one, as it would be shown now. */
  versionShown(annotation: Annotation): StillAnnotation | null {
    return hasShape(annotation) ? annotation : null;
  }

  /** Whether it has four corners with right angles, and keeps them. */
  isBox(_annotation: Annotation): boolean {
    return false;
  }

  lookOf(_annotationId: string): LineLook {
    return PLAIN;
  }

  /** Everything that reaches into a window, visible or not. */
  shownIn(window: Bounds): readonly StillAnnotation[] {
    return this.#index.search(window).flatMap((id) => {
      const annotation = this.store.get(id);
      return annotation && hasShape(annotation) ? [annotation] : [];
    });
  }

  select(ids: Iterable<string>): void {
    this.selection = new Set(ids);
    this.chosenVertex = null;
  }

  /** Everything that is to be seen now. */
  selectAll(): void {
    this.select([...this.store.all.values()].filter((a) => this.isVisible(a) && this.shownOf(a)).map((a) => a.annotationId));
  }

  toggleSelected(id: string): void {
    const next = new Set(this.selection);
    if (!next.delete(id)) next.add(id);
    this.select(next);
  }

  isVisible(annotation: Annotation): boolean {
    return this.areShown && !this.hiddenClassIds.has(annotation.classId);
  }

  /** The topmost visible annotation there, or null. */
  at(position: Position, reachPx: number): StillAnnotation | null {
    const [x, y] = position;
    const near = this.shownIn({ minX: x - reachPx, minY: y - reachPx, maxX: x + reachPx, maxY: y + reachPx });
    const candidates = near.filter((a) => this.isVisible(a));
    return annotationAt(candidates, position, reachPx);
  }

  /** Select the neighbour in the list's order: `step` 1 is the next, −1 the one before. */
  selectNeighbour(step: 1 | -1): void {
    const ids = [...this.store.all.values()].filter((a) => this.isVisible(a) && this.shownOf(a)).map((a) => a.annotationId);
    if (ids.length === 0) return;
    const current = ids.indexOf([...this.selection][0] ?? '');
    const next = current < 0 ? (step > 0 ? 0 : ids.length - 1) : (current + step + ids.length) % ids.length;
    this.select([ids[next]!]);
  }

  // Changing

  /** A new annotation of the active class, selected. */
  draw(geometry: Geometry): void {
    const annotation = this.labelled(geometry);
    this.hint = null;
    this.commit([{ from: null, to: annotation }]);
    this.select([annotation.annotationId]);
    if (!this.areShown) this.areShown = true;
    if (this.hiddenClassIds.has(annotation.classId)) this.showClass(annotation.classId, true);
  }

  /** What a new drawing becomes. */
  protected labelled(geometry: Geometry): Annotation {
    return newAnnotation({ annotationId: newId(), geometry, classId: this.activeClassId, author: this.author });
  }

  /** What a label becomes by a revision. */
  protected revised(from: Annotation, revision: Partial<Revision>): Annotation {
    return { ...from, ...revision };
  }

  /** Change annotations that still exist; what is not named stays as it is now, whoever changed it meanwhile. */
  revise(revisions: ReadonlyMap<string, Partial<Revision>>): void {
    const transitions: Transition[] = [];
    for (const [id, revision] of revisions) {
      const from = this.store.get(id);
      if (from) transitions.push({ from, to: { ...this.revised(from, revision), author: this.author } });
    }
    this.commit(transitions);
  }

  /** A new outline for one annotation, unless it would cross itself. */
  reshape(annotationId: string, geometry: Geometry): boolean {
    const crossing = paths(geometry).some((path) => path.closed && firstCrossing(path.positions) !== null);
    if (crossing) {
      this.say('The outline would cross itself there; it stays as it was.', true);
      return false;
    }
    this.revise(new Map([[annotationId, { geometry }]]));
    return true;
  }

  deleteSelected(): void {
    const editable = this.editable;
    if (editable.length < this.selection.size && this.canWrite) this.say('Locked annotations were left alone. Unlock them first.', true);
    this.commit(editable.map((from) => ({ from, to: null })));
  }

  /** The class of the selection, or of the next drawing when nothing is selected. */
  setClass(classId: string | null): void {
    if (this.selection.size === 0 || this.draft) {
      this.activeClassId = classId;
      return;
    }
    const editable = this.editable;
    if (editable.length < this.selection.size && this.canWrite) this.say('Locked annotations keep their class. Unlock them first.', true);
    this.revise(new Map(editable.map((a) => [a.annotationId, { classId }])));
  }

  setName(annotation: Annotation, name: string): void {
    if (this.canWrite && !annotation.isLocked && annotation.name !== name) this.revise(new Map([[annotation.annotationId, { name }]]));
  }

  toggleLocked(): void {
    if (!this.canWrite || this.selection.size === 0) return;
    const isLocked = this.selected.some((a) => !a.isLocked);
    this.revise(new Map(this.selected.map((a) => [a.annotationId, { isLocked }])));
  }

  undo(): void {
    this.#travel(this.#undoStack.undo(this.store, newId()));
  }

  redo(): void {
    this.#travel(this.#undoStack.redo(this.store, newId()));
  }

  /** End a conflict: mine over theirs, theirs alone, or both side by side. */
  settle(conflict: Conflict, choice: 'mine' | 'theirs' | 'both'): void {
    const { annotationId, mine } = conflict;
    if (choice === 'mine') this.commit([{ from: this.store.get(annotationId), to: mine }]);
    if (choice === 'both' && mine) this.commit([{ from: null, to: { ...mine, annotationId: newId() } }]);
    this.outbox.settle(annotationId);
  }

  // Showing

  showClass(classId: string | null, isShown: boolean): void {
    const next = new Set(this.hiddenClassIds);
    if (isShown) next.delete(classId);
    else next.add(classId);
    this.hiddenClassIds = next;
  }

  boundsOfSelection(): Bounds | null {
    const all = this.selectedShown.map((a) => boundsOf(a.geometry));
    if (all.length === 0) return null;
    return all.reduce((a, b) => ({
      minX: Math.min(a.minX, b.minX),
      minY: Math.min(a.minY, b.minY),
      maxX: Math.max(a.maxX, b.maxX),
      maxY: Math.max(a.maxY, b.maxY),
    }));
  }

  protected commit(transitions: readonly Transition[]): void {
    if (!this.canWrite) return;
    this.#apply(changeOf(newId(), transitions), 'local');
  }

  /** Draw a change and put it on its way; one gesture, but the server takes only so much at a time. */
  #apply(change: ChangeSet, origin: 'local' | 'undo'): void {
    const gesture = newId();
    for (const piece of inPieces(change, MAX_CHANGE, newId)) {
      const applied = this.store.commit(piece, origin, gesture);
      if (applied) this.outbox.add(applied);
    }
  }

  #travel(result: ReturnType<UndoStack['undo']>): void {
    if (!result || !this.canWrite) return;
    this.#apply(result.change, 'undo');
    const touched = touchedIds(result.change);
    if (touched.length > 0) this.select(touched.filter((id) => this.store.get(id)));
    if (result.skippedIds.length > 0) this.say('Someone else has changed that since; it was left as it is.', true);
    this.#measureUndo();
  }

  #follow(applied: AppliedChange): void {
    const { change } = applied;
    for (const annotation of [...change.created, ...change.updated]) {
      if (hasShape(annotation)) this.#index.set(annotation.annotationId, boundsOf(annotation.geometry));
      else this.#index.delete(annotation.annotationId);
    }
    for (const id of change.deleted) this.#index.delete(id);
    this.#undoStack.record(applied, (id) => this.store.get(id));
    if (change.deleted.some((id) => this.selection.has(id))) this.select([...this.selection].filter((id) => this.store.get(id)));
    if (this.chosenVertex && touchedIds(change).includes(this.chosenVertex.annotationId)) this.chosenVertex = null;
    this.version += 1;
    this.#measureUndo();
  }

  #measureUndo(): void {
    this.undoDepth = { canUndo: this.#undoStack.canUndo, canRedo: this.#undoStack.canRedo };
  }
}
