/** Drawing, moving and resizing boxes with the mouse, the pen or a finger. */
import { boxBetween, INSIDE, moved, resized, type Grip, type Point } from './boxes';
import type { OwnBox } from './draft';
import type { Hit } from './hits';
import type { ReviewSession } from './reviewSession.svelte';

const MOVED_PX = 3;
let gestures = 0;

/** What the pointer stands on while it is over one pane. */
export interface PointerPort {
  readonly session: ReviewSession;
  /** null: boxes cannot be changed here. */
  readonly canEdit: boolean;
  /** px of the pane → px of the asset. */
  toAsset(at: Point): Point;
  hitAt(at: Point): Hit | null;
}

/** Takes what is meant for a box; leaves the rest to pan the picture. */
export function boxPointer(stage: HTMLElement, port: () => PointerPort): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let begin: Point = { x: 0, y: 0 };
  let drag: ((at: Point) => void) | null = null;
  let onClick: (() => void) | null = null;
  let hasMoved = false;

  const placeOf = (event: PointerEvent): Point => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  function down(event: PointerEvent): void {
    if (event.button !== 0 || !event.isPrimary) return;
    begin = placeOf(event);
    hasMoved = false;
    onClick = null;
    drag = dragFrom(begin);
    if (!drag) return;
    event.stopImmediatePropagation();
    stage.setPointerCapture(event.pointerId);
  }

  function dragFrom(from: Point): ((at: Point) => void) | null {
    const { session, canEdit, hitAt, toAsset } = port();
    const gesture = `pointer ${(gestures += 1)}`;
    if (session.tool === 'box' && canEdit) return drawing(session, toAsset(from), gesture);
    const hit = hitAt(from);
    const item = hit ? session.items.find((one) => one.id === hit.id) : undefined;
    if (!hit || !item) {
      onClick = () => session.select(null);
      return null;
    }
    if (item.kind === 'finding' || !canEdit) {
      onClick = () => session.select(item);
      return null;
    }
    session.selectedId = item.id;
    return changing(session, item.box, hit.grip, toAsset(from), gesture);
  }

  function drawing(session: ReviewSession, corner: Point, gesture: string): (at: Point) => void {
    let own: OwnBox | null = null;
    return (at) => {
      const box = boxBetween(corner, port().toAsset(at), session.extent);
      if (own) session.change({ ...own, ...box }, gesture);
      else own = session.add(box, gesture);
    };
  }

  function changing(session: ReviewSession, box: OwnBox, grip: Grip, from: Point, gesture: string): (at: Point) => void {
    return (place) => {
      const at = port().toAsset(place);
      const [dx, dy] = [at.x - from.x, at.y - from.y];
      session.change(grip === INSIDE ? moved(box, dx, dy, session.extent) : resized(box, grip, dx, dy, session.extent), gesture);
    };
  }

  function move(event: PointerEvent): void {
    if (!event.isPrimary) return;
    const at = placeOf(event);
    hasMoved ||= Math.hypot(at.x - begin.x, at.y - begin.y) >= MOVED_PX;
    if (!drag) return;
    event.stopImmediatePropagation();
    if (hasMoved) drag(at);
  }

  function up(event: PointerEvent): void {
    if (!event.isPrimary) return;
    if (event.type === 'pointerup' && !hasMoved) onClick?.();
    // One box is what one mostly wants; the next drag pans again.
    if (drag && hasMoved && port().session.tool === 'box' && !event.shiftKey) port().session.tool = 'move';
    drag = null;
    onClick = null;
  }

  stage.addEventListener('pointerdown', down, { signal, capture: true });
  stage.addEventListener('pointermove', move, { signal, capture: true });
  stage.addEventListener('pointerup', up, { signal, capture: true });
  stage.addEventListener('pointercancel', up, { signal, capture: true });
  return () => stop.abort();
}
