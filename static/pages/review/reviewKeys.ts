/** What a key does in the review. */
import { pressOf } from '../../core/keymap';
import { boxBetween, GRIPS, isOnFrame, moved, resized } from './boxes';
import { commandOf, type ReviewCommand } from './keys';
import type { ReviewSession } from './reviewSession.svelte';
import type { ReviewPicture } from '../../api/review';
import type { Item } from './items';
import { around, fitted, inSight, panned, toPicture, zoomedAt, type Pane, type View } from './view';

export interface ReviewVerbs {
  next(): void;
  help(): void;
  /** What the panes lie in. */
  stage(): HTMLElement | null;
  view(): View | null;
  setView(view: View | null): void;
  peek(isPeeking: boolean): void;
}

const ZOOM = 1.5;
const PAN_PX = 80;
const ARROWS: Record<string, readonly [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** A box made without the mouse covers this part of the view. */
const NEW_SHARE = 0.2;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, select, dialog') !== null;
const movesItself = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest('input, [role="slider"]') !== null;
const isControl = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest('button, a, summary, input') !== null;

/** Held: before in the place of after. Space presses the button that has the focus, as everywhere; V never does. */
export const isPeek = ({ key }: KeyboardEvent): boolean => /^[ v]$/i.test(key);

export function routeReviewKey(event: KeyboardEvent, session: ReviewSession, verbs: ReviewVerbs): void {
  if (event.defaultPrevented || isTyping(event.target)) return;
  const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
  if (isPeek(event) && !hasModifier && !(event.key === ' ' && isControl(event.target))) {
    event.preventDefault();
    return verbs.peek(true);
  }
  const arrow = ARROWS[event.key];
  if (arrow && !event.ctrlKey && !event.metaKey) {
    if (movesItself(event.target)) return;
    event.preventDefault();
    return arrowed(arrow, event, session, verbs);
  }
  const command = commandOf(pressOf(event));
  // A slider has Home, End and the paging keys for itself.
  if (!command || (movesItself(event.target) && /^(Home|End|Page)/.test(event.key))) return;
  event.preventDefault();
  COMMANDS[command](session, verbs);
}

/** The whole stage, or its half, is what a pane has. */
function paneOf(verbs: ReviewVerbs): Pane {
  const box = verbs.stage()?.querySelector('.pane')?.getBoundingClientRect();
  return { width: Math.max(1, box?.width ?? 1), height: Math.max(1, box?.height ?? 1) };
}

function withView(session: ReviewSession, verbs: ReviewVerbs, change: (view: View, pane: Pane) => View): void {
  const { picture } = session;
  if (!picture) return;
  const pane = paneOf(verbs);
  verbs.setView(change(verbs.view() ?? fitted(picture, pane), pane));
}

let nudges = 0;

function arrowed([x, y]: readonly [number, number], event: KeyboardEvent, session: ReviewSession, verbs: ReviewVerbs): void {
  const { selected, extent, picture } = session;
  const step = event.shiftKey ? 10 : 1;
  if (selected?.kind === 'own' && session.canChange && session.showsBoxes) {
    // A key that is held moves in one step of the way back.
    const gesture = `nudge ${event.repeat ? nudges : (nudges += 1)}`;
    const corner = GRIPS.find(({ dx, dy }) => dx === 1 && dy === 1)!;
    const next = event.altKey ? resized(selected.box, corner, x * step, y * step, extent) : moved(selected.box, x * step, y * step, extent);
    return session.change(next, gesture);
  }
  if (picture) withView(session, verbs, (view, pane) => panned(view, x * PAN_PX, y * PAN_PX, picture, pane));
}

function zoom(session: ReviewSession, verbs: ReviewVerbs, factor: number): void {
  const { picture } = session;
  if (picture) withView(session, verbs, (view, pane) => zoomedAt(view, factor, { x: pane.width / 2, y: pane.height / 2 }, picture, pane));
}

function addInTheMiddle(session: ReviewSession, verbs: ReviewVerbs): void {
  const { picture } = session;
  if (!picture || picture.space !== 'asset' || !session.canChange) return;
  const pane = paneOf(verbs);
  const view = verbs.view() ?? fitted(picture, pane);
  const corner = (side: number) => {
    const { x, y } = toPicture({ x: pane.width * (0.5 + (side * NEW_SHARE) / 2), y: pane.height * (0.5 + (side * NEW_SHARE) / 4) }, view, pane);
    return { x: x * picture.scale, y: y * picture.scale };
  };
  session.showsBoxes = true;
  session.add(boxBetween(corner(-1), corner(1), session.extent));
}

function goToSelection(session: ReviewSession, verbs: ReviewVerbs): void {
  session.select(session.selected);
  lookAtSelection(session, verbs, (_, place, picture, pane) => around(place, picture, pane));
}

/** Select, and see to it that what is selected is in sight. */
export function selectInSight(session: ReviewSession, verbs: ReviewVerbs, item: Item | null): void {
  session.select(item);
  // The whole picture is in sight anyhow.
  if (verbs.view()) lookAtSelection(session, verbs, inSight);
}

function lookAtSelection(session: ReviewSession, verbs: ReviewVerbs, change: typeof inSight): void {
  const { selected, picture } = session;
  if (!selected || !picture || selected.space !== picture.space || !isOnFrame(selected.box, picture.frame)) return;
  withView(session, verbs, (view, pane) => change(view, placeIn(picture, selected), picture, pane));
}

/** px of the asset → px of the picture */
const placeIn = ({ scale }: ReviewPicture, { box }: Item): { x0: number; y0: number; x1: number; y1: number } => ({
  x0: box.x0 / scale,
  y0: box.y0 / scale,
  x1: box.x1 / scale,
  y1: box.y1 / scale,
});

function eraseSelected(session: ReviewSession): void {
  const { selected } = session;
  if (!selected || !session.canChange) return;
  if (selected.kind === 'own') session.erase(selected.box.key);
  else if (selected.fate === 'masked') session.toggle(selected.box);
}

function toggleSelected(session: ReviewSession): void {
  const { selected } = session;
  if (!selected || !session.canChange) return;
  if (selected.kind === 'finding') session.toggle(selected.box);
  else session.erase(selected.box.key);
}

function cancel(session: ReviewSession): void {
  if (session.tool === 'box') session.tool = 'move';
  else session.select(null);
}

function drawTool(session: ReviewSession): void {
  if (session.canChange && session.picture?.space === 'asset') session.tool = 'box';
}

const COMMANDS: Record<ReviewCommand, (session: ReviewSession, verbs: ReviewVerbs) => void> = {
  'queue.next': (_, verbs) => verbs.next(),
  'picture.next': (session) => session.showBeside(1),
  'picture.previous': (session) => session.showBeside(-1),
  'play.toggle': (session) => session.togglePlaying(),
  'frame.next': (session) => session.goTo(session.frame + 1),
  'frame.previous': (session) => session.goTo(session.frame - 1),
  'frame.far': (session) => session.goTo(session.frame + 10),
  'frame.farBack': (session) => session.goTo(session.frame - 10),
  'frame.first': (session) => session.goTo(0),
  'frame.last': (session) => session.goTo(session.frameCount - 1),
  'compare.side': (session) => void (session.compare = 'side'),
  'compare.swipe': (session) => void (session.compare = 'swipe'),
  'compare.one': (session) => void (session.compare = 'one'),
  'show.boxes': (session) => void (session.showsBoxes = !session.showsBoxes),
  'view.whole': (_, verbs) => verbs.setView(null),
  'view.selection': goToSelection,
  'view.zoomIn': (session, verbs) => zoom(session, verbs, ZOOM),
  'view.zoomOut': (session, verbs) => zoom(session, verbs, 1 / ZOOM),
  'tool.box': drawTool,
  'tool.move': (session) => void (session.tool = 'move'),
  'box.new': addInTheMiddle,
  'box.toggle': toggleSelected,
  'box.erase': eraseSelected,
  'select.next': (session, verbs) => selectInSight(session, verbs, session.beside(1)),
  'select.previous': (session, verbs) => selectInSight(session, verbs, session.beside(-1)),
  cancel,
  'edit.undo': (session) => session.undo(),
  'edit.redo': (session) => session.redo(),
  help: (_, verbs) => verbs.help(),
};
