import type { Bounds } from '../core/geometry';
import { visibleBounds, type ViewTransform } from '../slide/view_transform';
import { paintShapes, type ShapesPicture } from './paint_shapes';

/** Up to so many shapes are drawn anew in every frame. */
const MAX_FRESH = 150;
/** A crowd is painted with so much around the window, in CSS pixels, so that panning finds it painted already. */
const MARGIN_PX = 128;
/** A moved picture is replaced by a fresh one so long after the last movement … */
const SETTLE_MS = 90;
/** … or, while the movement goes on and uncovers what was not painted, this often. */
const REFRESH_MS = 150;

interface Painted {
  readonly view: ViewTransform;
  readonly count: number;
  readonly timeMs: number;
}

/**
 * The canvas of all shapes. Few are painted in each frame. A crowd is painted once into a larger picture, which follows the view
 * while it moves and is painted anew where it comes to rest: ten thousand outlines then cost a moving frame one copy.
 */
export class ShapesCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #picture = document.createElement('canvas');
  #painted: Painted | null = null;
  #settle: ReturnType<typeof setTimeout> | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  destroy(): void {
    clearTimeout(this.#settle);
  }

  /**
   * @param contentOf the shapes within these level-0 bounds
   * @param hasChanged whether they may be others than at the last call, or look otherwise
   */
  paint(view: ViewTransform, contentOf: (window: Bounds) => ShapesPicture, hasChanged: boolean): void {
    clearTimeout(this.#settle);
    const context = fitted(this.#canvas, view);
    if (!context) return;
    const now = performance.now();
    if (!hasChanged && this.#painted && this.#painted.count > MAX_FRESH && !this.#mustRefresh(view, this.#painted, now)) {
      this.#copy(context, view, this.#painted);
      this.#settle = setTimeout(() => this.paint(view, contentOf, true), SETTLE_MS);
      return;
    }
    const inSight = contentOf(visibleBounds(view, 8));
    if (inSight.annotations.length <= MAX_FRESH) {
      this.#painted = null;
      paintShapes(context, view, inSight);
      return;
    }
    const wide: ViewTransform = {
      ...view,
      originX: view.originX + MARGIN_PX,
      originY: view.originY + MARGIN_PX,
      widthPx: view.widthPx + 2 * MARGIN_PX,
      heightPx: view.heightPx + 2 * MARGIN_PX,
    };
    const wideContext = fitted(this.#picture, wide);
    if (!wideContext) return;
    const picture = contentOf(visibleBounds(wide, 8));
    paintShapes(wideContext, wide, picture);
    this.#painted = { view: wide, count: picture.annotations.length, timeMs: now };
    this.#copy(context, view, this.#painted);
  }

  #mustRefresh(view: ViewTransform, painted: Painted, now: number): boolean {
    if (view.density !== painted.view.density || view.degrees !== painted.view.degrees) return true;
    if (now - painted.timeMs < REFRESH_MS) return false;
    const { x, y, ratio } = placeOf(view, painted.view);
    const isCovered =
      x <= 0 && y <= 0 && x + painted.view.widthPx * ratio >= view.widthPx && y + painted.view.heightPx * ratio >= view.heightPx;
    return !isCovered || ratio > 2 || ratio < 0.5;
  }

  #copy(context: CanvasRenderingContext2D, view: ViewTransform, painted: Painted): void {
    const { x, y, ratio } = placeOf(view, painted.view);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    const { density } = view;
    if (ratio === 1) context.drawImage(this.#picture, Math.round(x * density), Math.round(y * density));
    else context.drawImage(this.#picture, x * density, y * density, this.#picture.width * ratio, this.#picture.height * ratio);
  }
}

/** Where the picture's upper left corner lies in the view, in CSS pixels, and how much larger it must be shown. */
function placeOf(view: ViewTransform, painted: ViewTransform): { x: number; y: number; ratio: number } {
  const ratio = view.scale / painted.scale;
  return { x: view.originX - painted.originX * ratio, y: view.originY - painted.originY * ratio, ratio };
}

/** The context of a canvas whose pixels are the view's device pixels. Setting a size clears, so only when it changed. */
export function fitted(canvas: HTMLCanvasElement, view: ViewTransform): CanvasRenderingContext2D | null {
  const width = Math.round(view.widthPx * view.density);
  const height = Math.round(view.heightPx * view.density);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return canvas.getContext('2d');
}
