import type { StillAnnotation } from '../../core/annotation';
import { withBoxCornerMoved } from '../../core/box';
import { boundsOf, isUprightRectangle, paths, translate, withCornerMoved, withPath, type Position } from '../../core/geometry';
import { edgeAt, vertexAt } from '../../core/hit_test';
import type { ChosenVertex, EditorSession } from '../session.svelte';
import type { PointerInput, Tool } from './tool';

/** A press that stays within this, in CSS pixels, moves nothing. */
const CLICK_SLACK_PX = 3;

type Gesture =
  | { readonly kind: 'vertex'; readonly annotation: StillAnnotation; readonly vertex: ChosenVertex; readonly start: PointerInput }
  | { readonly kind: 'shapes'; readonly annotations: readonly StillAnnotation[]; readonly start: PointerInput; readonly clicked: StillAnnotation }
  | { readonly kind: 'marquee'; readonly start: PointerInput };

/** Click selects, drag moves the shape or one of its points; Alt or double click on an edge adds a point; Shift and drag selects by window. */
export class SelectTool implements Tool {
  readonly #session: EditorSession;
  #gesture: Gesture | null = null;
  #hasMoved = false;

  constructor(session: EditorSession) {
    this.#session = session;
  }

  cursor(input: PointerInput | null): string {
    if (!input) return 'default';
    for (const annotation of this.#session.reshapable) {
      if (vertexAt(annotation.geometry, input.at, input.reachPx)) return 'pointer';
      if (input.alt && edgeAt(annotation.geometry, input.at, input.reachPx)) return 'copy';
    }
    const hit = this.#session.at(input.at, input.reachPx);
    if (!hit) return 'default';
    return this.#session.selection.has(hit.annotationId) && this.#session.canWrite && !hit.isLocked ? 'move' : 'pointer';
  }

  press(input: PointerInput): boolean {
    this.#hasMoved = false;
    this.#gesture = this.#gestureAt(input);
    return this.#gesture !== null;
  }

  #gestureAt(input: PointerInput): Gesture | null {
    const session = this.#session;
    if (!input.shift) {
      for (const annotation of session.reshapable) {
        const vertex = vertexAt(annotation.geometry, input.at, input.reachPx);
        if (vertex) {
          session.chosenVertex = { annotationId: annotation.annotationId, ...vertex };
          return { kind: 'vertex', annotation, vertex: session.chosenVertex, start: input };
        }
        if (input.alt || input.isDouble) {
          const added = this.#addVertex(annotation, input);
          if (added) return added;
        }
      }
    }
    session.chosenVertex = null;
    const hit = session.at(input.at, input.reachPx);
    if (!hit) return input.shift ? { kind: 'marquee', start: input } : null;
    if (input.shift) session.toggleSelected(hit.annotationId);
    else if (!session.selection.has(hit.annotationId)) session.select([hit.annotationId]);
    return { kind: 'shapes', annotations: session.movable, start: input, clicked: hit };
  }

  #addVertex(annotation: StillAnnotation, input: PointerInput): Gesture | null {
    if (this.#session.isBox(annotation)) return null;
    const edge = edgeAt(annotation.geometry, input.at, input.reachPx);
    const path = edge && paths(annotation.geometry).find((p) => p.part === edge.part && p.ring === edge.ring);
    if (!edge || !path) return null;
    const positions = [...path.positions.slice(0, edge.index), edge.at, ...path.positions.slice(edge.index)];
    const grown = { ...annotation, geometry: withPath(annotation.geometry, edge.part, edge.ring, positions) };
    this.#session.revise(new Map([[grown.annotationId, { geometry: grown.geometry }]]));
    const vertex = { annotationId: annotation.annotationId, part: edge.part, ring: edge.ring, index: edge.index };
    this.#session.chosenVertex = vertex;
    return { kind: 'vertex', annotation: grown, vertex, start: input };
  }

  drag(input: PointerInput): void {
    const gesture = this.#gesture;
    if (!gesture) return;
    const { start } = gesture;
    if (!this.#hasMoved && Math.hypot(input.screen[0] - start.screen[0], input.screen[1] - start.screen[1]) < CLICK_SLACK_PX) return;
    this.#hasMoved = true;
    if (gesture.kind === 'marquee') {
      this.#session.marquee = {
        minX: Math.min(start.at[0], input.at[0]),
        minY: Math.min(start.at[1], input.at[1]),
        maxX: Math.max(start.at[0], input.at[0]),
        maxY: Math.max(start.at[1], input.at[1]),
      };
      return;
    }
    const moved = gesture.kind === 'vertex' ? [this.#movedVertex(gesture, input)] : movedShapes(gesture, input);
    this.#session.preview = new Map(moved.map((a) => [a.annotationId, a]));
  }

  release(input: PointerInput): void {
    const gesture = this.#gesture;
    const hasMoved = this.#hasMoved;
    const { marquee } = this.#session;
    this.cancel();
    if (!gesture) return;
    if (gesture.kind === 'marquee') {
      if (marquee) this.#selectWithin(marquee);
      return;
    }
    if (!hasMoved) {
      // A click on one of several selected shapes means that one.
      if (gesture.kind === 'shapes' && !input.shift && this.#session.selection.size > 1) {
        this.#session.select([gesture.clicked.annotationId]);
      }
      return;
    }
    if (gesture.kind === 'shapes') {
      this.#session.revise(new Map(movedShapes(gesture, input).map((a) => [a.annotationId, { geometry: a.geometry }])));
      return;
    }
    if (this.#session.reshape(gesture.annotation.annotationId, this.#movedVertex(gesture, input).geometry)) this.#session.chosenVertex = gesture.vertex;
  }

  #selectWithin(window: { minX: number; minY: number; maxX: number; maxY: number }): void {
    const inside = this.#session.shownIn(window).filter((annotation) => {
      const b = boundsOf(annotation.geometry);
      const isInside = b.minX >= window.minX && b.minY >= window.minY && b.maxX <= window.maxX && b.maxY <= window.maxY;
      return isInside && this.#session.isVisible(annotation);
    });
    this.#session.select([...this.#session.selection, ...inside.map((a) => a.annotationId)]);
  }

  click(input: PointerInput): void {
    if (!input.shift) this.#session.select([]);
  }

  hover(): void {}

  cancel(): void {
    this.#gesture = null;
    this.#hasMoved = false;
    if (this.#session.preview.size > 0) this.#session.preview = new Map();
    this.#session.marquee = null;
  }

  #movedVertex(gesture: Extract<Gesture, { kind: 'vertex' }>, input: PointerInput): StillAnnotation {
    const { annotation, vertex, start } = gesture;
    const path = paths(annotation.geometry).find((p) => p.part === vertex.part && p.ring === vertex.ring)!;
    const old = path.positions[vertex.index]!;
    // By the pointer's way, not to its place: a vertex grabbed off its centre must not jump.
    const to: Position = [old[0] + input.at[0] - start.at[0], old[1] + input.at[1] - start.at[1]];
    if (this.#session.isBox(annotation)) return { ...annotation, geometry: withBoxCornerMoved(annotation.geometry, vertex.index, to) };
    // Rectangles stay rectangles; with Alt a corner goes its own way.
    const positions =
      isUprightRectangle(path.positions) && !input.alt
        ? withCornerMoved(path.positions, vertex.index, to)
        : path.positions.map((p, i) => (i === vertex.index ? to : p));
    return { ...annotation, geometry: withPath(annotation.geometry, vertex.part, vertex.ring, positions) };
  }

  /** @returns whether a point was chosen; a shape keeps at least three, a line two. */
  removeVertex(): boolean {
    const vertex = this.#session.chosenVertex;
    const annotation = vertex && this.#session.movable.find((a) => a.annotationId === vertex.annotationId);
    const path = annotation && paths(annotation.geometry).find((p) => p.part === vertex.part && p.ring === vertex.ring);
    if (!path) return false;
    if (this.#session.isBox(annotation)) {
      this.#session.say('A box keeps its four corners. Press Delete again for the whole of it.');
      this.#session.chosenVertex = null;
      return true;
    }
    if (path.positions.length <= (path.closed ? 3 : 2)) {
      this.#session.say('An outline keeps at least three points. Press Delete again for the whole shape.');
      this.#session.chosenVertex = null;
      return true;
    }
    const positions = path.positions.filter((_, i) => i !== vertex.index);
    this.#session.reshape(annotation.annotationId, withPath(annotation.geometry, vertex.part, vertex.ring, positions));
    return true;
  }
}

const movedShapes = (gesture: Extract<Gesture, { kind: 'shapes' }>, input: PointerInput): StillAnnotation[] =>
  gesture.annotations.map((a) => ({
    ...a,
    geometry: translate(a.geometry, input.at[0] - gesture.start.at[0], input.at[1] - gesture.start.at[1]),
  }));
