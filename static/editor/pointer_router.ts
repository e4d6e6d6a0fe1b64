/** Who gets a gesture on the slide: the tool, or the viewer's own panning and pinching. */
import type { Position } from '../core/geometry';
import { toSlide, type ViewTransform } from '../slide/view_transform';
import type { PointerInput, Tool } from './tools/tool';

const REACH_PX: Readonly<Record<string, number>> = { mouse: 7, pen: 10, touch: 20 };
const CLICK_SLACK_PX = 4;
const DOUBLE_CLICK_MS = 400;
const DOUBLE_CLICK_SLACK_PX = 8;

/** What shows the image: it pans and zooms, and says where it is. */
export interface MovableView {
  readonly transform: ViewTransform | null;
  panBy(dxPx: number, dyPx: number, immediately?: boolean): void;
  zoomBy(factor: number, about?: Position, immediately?: boolean): void;
}

export interface RouterParts {
  /** Holds the viewer; gestures are caught here before they reach it. */
  readonly element: HTMLElement;
  readonly view: () => MovableView | null;
  readonly tool: () => Tool;
  /** While Space is held, everything pans. */
  readonly isPanning: () => boolean;
  /** Level-0 pixels; null when the pointer has left. */
  readonly onCursor: (at: Position | null) => void;
  readonly onHover: (input: PointerInput) => void;
  /** Before a tool hears of a press. */
  readonly onPress: () => void;
}

type Gesture =
  | { readonly kind: 'tool'; readonly pointerId: number }
  | { readonly kind: 'pan'; readonly pointerId: number; last: Position }
  /** The viewer pans by itself; watched only to tell a click from a drag. */
  | { readonly kind: 'watched'; readonly pointerId: number; readonly from: Position; isClick: boolean }
  | { readonly kind: 'pinch'; distancePx: number; middle: Position };

/** @returns the way to stop routing. */
export function routePointers(parts: RouterParts): () => void {
  const { element } = parts;
  let gesture: Gesture | null = null;
  let lastPress: { at: Position; timeMs: number } | null = null;
  const fingers = new Map<number, Position>();

  const screenOf = (event: MouseEvent): Position => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  const inputOf = (event: PointerEvent, isDouble = false): PointerInput | null => {
    const transform = parts.view()?.transform;
    if (!transform) return null;
    const screen = screenOf(event);
    return {
      at: toSlide(transform, screen),
      screen,
      l0PerScreenPx: 1 / transform.scale,
      reachPx: (REACH_PX[event.pointerType] ?? 7) / transform.scale,
      shift: event.shiftKey,
      alt: event.altKey,
      isDouble,
    };
  };

  const isForUs = (event: PointerEvent): boolean => event.target instanceof Element && event.target.closest('[data-passes-pointer]') === null;

  const take = (event: PointerEvent): void => {
    event.stopPropagation();
    element.setPointerCapture(event.pointerId);
  };

  const pinchOf = (): { distancePx: number; middle: Position } => {
    const [a, b] = [...fingers.values()] as [Position, Position];
    return { distancePx: Math.hypot(a[0] - b[0], a[1] - b[1]), middle: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] };
  };

  const down = (event: PointerEvent): void => {
    if (!isForUs(event)) return;
    const screen = screenOf(event);
    if (event.pointerType === 'touch') {
      fingers.set(event.pointerId, screen);
      // The viewer has not seen the first finger if a tool had it: then the pinch is ours as well.
      if (fingers.size === 2 && gesture?.kind === 'tool') {
        parts.tool().cancel();
        take(event);
        gesture = { kind: 'pinch', ...pinchOf() };
        return;
      }
      if (fingers.size > 1) {
        if (gesture?.kind === 'watched') gesture.isClick = false;
        if (gesture?.kind === 'pinch') event.stopPropagation();
        return;
      }
    }
    if (gesture) return;
    if (event.button === 1) {
      take(event);
      event.preventDefault();
      gesture = { kind: 'pan', pointerId: event.pointerId, last: screen };
      return;
    }
    if (event.button !== 0) return;
    const timeMs = event.timeStamp;
    const isDouble =
      lastPress !== null &&
      timeMs - lastPress.timeMs < DOUBLE_CLICK_MS &&
      Math.hypot(screen[0] - lastPress.at[0], screen[1] - lastPress.at[1]) < DOUBLE_CLICK_SLACK_PX;
    lastPress = isDouble ? null : { at: screen, timeMs };
    const input = inputOf(event, isDouble);
    if (!input) return;
    parts.onPress();
    if (!parts.isPanning() && parts.tool().press(input)) {
      take(event);
      gesture = { kind: 'tool', pointerId: event.pointerId };
    } else {
      gesture = { kind: 'watched', pointerId: event.pointerId, from: screen, isClick: !parts.isPanning() };
    }
  };

  const move = (event: PointerEvent): void => {
    const screen = screenOf(event);
    if (fingers.has(event.pointerId)) fingers.set(event.pointerId, screen);
    if (gesture?.kind === 'pinch') {
      event.stopPropagation();
      const next = pinchOf();
      const view = parts.view();
      view?.panBy(gesture.middle[0] - next.middle[0], gesture.middle[1] - next.middle[1], true);
      view?.zoomBy(next.distancePx / Math.max(1, gesture.distancePx), next.middle, true);
      gesture.distancePx = next.distancePx;
      gesture.middle = next.middle;
      return;
    }
    const input = inputOf(event);
    if (!input) return;
    parts.onCursor(input.at);
    if (!gesture) {
      if (event.buttons === 0) {
        parts.tool().hover(input);
        parts.onHover(input);
      }
      return;
    }
    if (gesture.kind === 'tool' && gesture.pointerId === event.pointerId) {
      event.stopPropagation();
      // A pen reports more often than the screen refreshes; a freehand outline wants all of it.
      const moments = event.getCoalescedEvents?.() ?? [];
      for (const moment of moments.length > 0 ? moments : [event]) {
        const each = inputOf(moment);
        if (each) parts.tool().drag(each);
      }
    } else if (gesture.kind === 'pan' && gesture.pointerId === event.pointerId) {
      event.stopPropagation();
      parts.view()?.panBy(gesture.last[0] - screen[0], gesture.last[1] - screen[1], true);
      gesture.last = screen;
    } else if (gesture.kind === 'watched' && gesture.pointerId === event.pointerId) {
      if (Math.hypot(screen[0] - gesture.from[0], screen[1] - gesture.from[1]) > CLICK_SLACK_PX) gesture.isClick = false;
    }
  };

  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    if (!gesture) return;
    if (gesture.kind === 'pinch') {
      event.stopPropagation();
      if (fingers.size === 0) gesture = null;
      return;
    }
    if (gesture.pointerId !== event.pointerId) return;
    const ended = gesture;
    gesture = null;
    const input = inputOf(event);
    if (ended.kind !== 'watched') event.stopPropagation();
    if (event.type === 'pointercancel' || !input) {
      if (ended.kind === 'tool') parts.tool().cancel();
      return;
    }
    if (ended.kind === 'tool') parts.tool().release(input);
    if (ended.kind === 'watched' && ended.isClick) parts.tool().click(input);
  };

  const leave = (event: PointerEvent): void => {
    if (event.pointerType === 'touch') fingers.delete(event.pointerId);
    if (!gesture) parts.onCursor(null);
  };

  const noMenu = (event: Event): void => event.preventDefault();

  element.addEventListener('pointerdown', down, true);
  element.addEventListener('pointermove', move, true);
  element.addEventListener('pointerup', up, true);
  element.addEventListener('pointercancel', up, true);
  element.addEventListener('pointerleave', leave);
  element.addEventListener('contextmenu', noMenu);
  return () => {
    element.removeEventListener('pointerdown', down, true);
    element.removeEventListener('pointermove', move, true);
    element.removeEventListener('pointerup', up, true);
    element.removeEventListener('pointercancel', up, true);
    element.removeEventListener('pointerleave', leave);
    element.removeEventListener('contextmenu', noMenu);
  };
}
