/** Wheel, drag and pinch on the frame: what no tool has taken. */
import type { Position } from '../core/geometry';

/** One notch of a mouse wheel, as on slides. */
const ZOOM_PER_NOTCH = 1.25;
const NOTCH_PX = 100;
const LINE_PX = 33;
const MAX_NOTCHES = 3;

export interface MovableView {
  panBy(dxPx: number, dyPx: number, immediately?: boolean): void;
  zoomBy(factor: number, about?: Position, immediately?: boolean): void;
}

export class ViewGestures {
  readonly #stop = new AbortController();
  readonly #fingers = new Map<number, Position>();

  constructor(stage: HTMLElement, view: MovableView) {
    const { signal } = this.#stop;
    const at = (event: MouseEvent): Position => {
      const box = stage.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    stage.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        const px = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX : 1);
        const notches = Math.min(MAX_NOTCHES, Math.max(-MAX_NOTCHES, px / NOTCH_PX));
        // A pinch on a touchpad comes as small wheel steps with Ctrl.
        view.zoomBy(ZOOM_PER_NOTCH ** (event.ctrlKey ? -4 * notches : -notches), at(event), true);
      },
      { signal, passive: false },
    );
    stage.addEventListener(
      'pointerdown',
      (event) => {
        if (event.pointerType === 'mouse' && event.button !== 0) return;
        this.#fingers.set(event.pointerId, at(event));
        stage.setPointerCapture(event.pointerId);
      },
      { signal },
    );
    stage.addEventListener(
      'pointermove',
      (event) => {
        const before = this.#fingers.get(event.pointerId);
        if (!before) return;
        const now = at(event);
        const others = [...this.#fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
        this.#fingers.set(event.pointerId, now);
        const [other] = others;
        if (!other) return view.panBy(before[0] - now[0], before[1] - now[1], true);
        const middleBefore: Position = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2];
        const middle: Position = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
        const grown = Math.hypot(now[0] - other[0], now[1] - other[1]) / Math.max(1, Math.hypot(before[0] - other[0], before[1] - other[1]));
        view.panBy(middleBefore[0] - middle[0], middleBefore[1] - middle[1], true);
        view.zoomBy(grown, middle, true);
      },
      { signal },
    );
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      stage.addEventListener(end, (event) => this.#fingers.delete(event.pointerId), { signal });
    }
  }

  stop(): void {
    this.#stop.abort();
  }
}
