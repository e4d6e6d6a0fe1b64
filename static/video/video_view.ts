/** Zoom and pan of a clip's frame. The picture itself is drawn by FrameCanvas. */
import type { Bounds, Position } from '../core/geometry';
import type { Adjustment } from '../slide/adjustment';
import { ColourPass } from '../slide/colour_pass';
import { sameView, toSlide, type ViewTransform } from '../slide/view_transform';
import type { FrameSurface } from './frame_surface';
import { miniatureOf, type Miniature } from './likeness';
import { ViewGestures } from './view_gestures';

/** How far a frame may be enlarged: a pixel is then a large square. */
const MAX_DEVICE_PX_PER_FRAME_PX = 32;
/** How small the whole frame may become beside the window, and how much of it has to stay in sight. */
const MIN_SHARE_OF_WINDOW = 0.5;
const MIN_IN_SIGHT = 0.3;
const ROOM_AROUND = 1.5;

/** Where someone looks: the middle of the window in frame pixels, and the zoom. As SlideView's. */
export interface VideoPlace {
  readonly x: number;
  readonly y: number;
  readonly devicePxPerL0Px: number;
  readonly degrees?: number;
}

export interface VideoViewElements {
  /** Takes the gestures; the canvases fill it. */
  readonly stage: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  /** Above it: the same picture brightened. Left out: nothing can be adjusted. */
  readonly colours?: HTMLCanvasElement;
}

export interface VideoViewEvents {
  /** The view has moved, or the window has changed its size; within the animation frame that shows it. */
  onMove(view: ViewTransform): void;
}

/**
 * The frame on a canvas, in frame pixels. Same verbs as SlideView, and never turned.
 *
 * Pixels are shown square, whatever aspect the clip states: a shape on the screen is then the shape that is stored, and a pixel
 * is one pixel. The stage says so where the aspect is another.
 */
export class VideoView implements FrameSurface {
  readonly #elements: VideoViewElements;
  readonly #widthPx: number;
  readonly #heightPx: number;
  readonly #events: VideoViewEvents;
  readonly #context: CanvasRenderingContext2D;
  /** The frame pixel by pixel: what is on the screen is drawn from here, so that a decoder's picture is let go at once. */
  readonly #frame = document.createElement('canvas');
  readonly #frameContext: CanvasRenderingContext2D;
  readonly #colours: ColourPass | null;
  readonly #gestures: ViewGestures;
  readonly #observer: ResizeObserver;
  #view: ViewTransform | null = null;
  #shown: ViewTransform | null = null;
  /** The whole frame is in the window, and stays in it when the window changes its size. */
  #isHome = true;
  #hasPicture = false;
  #paint = 0;

  constructor(elements: VideoViewElements, size: { readonly widthPx: number; readonly heightPx: number }, events: VideoViewEvents) {
    this.#elements = elements;
    this.#widthPx = size.widthPx;
    this.#heightPx = size.heightPx;
    this.#events = events;
    this.#context = elements.canvas.getContext('2d', { alpha: false })!;
    this.#frame.width = size.widthPx;
    this.#frame.height = size.heightPx;
    this.#frameContext = this.#frame.getContext('2d', { alpha: false })!;
    this.#colours = elements.colours ? ColourPass.on(elements.colours) : null;
    this.#gestures = new ViewGestures(elements.stage, this);
    this.#observer = new ResizeObserver(() => this.#measure());
    this.#observer.observe(elements.stage);
    this.#measure();
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#gestures.stop();
    this.#colours?.destroy();
    cancelAnimationFrame(this.#paint);
  }

  /** Null until the stage has a size. */
  get transform(): ViewTransform | null {
    return this.#view;
  }

  get place(): VideoPlace | null {
    const t = this.#view;
    if (!t) return null;
    const [x, y] = toSlide(t, [t.widthPx / 2, t.heightPx / 2]);
    return { x, y, devicePxPerL0Px: t.scale * t.density, degrees: 0 };
  }

  /** The frame as it is, in frame pixels, without zoom and adjustment. */
  get frameCanvas(): HTMLCanvasElement {
    return this.#frame;
  }

  /** What is on the screen now, without annotations: in device pixels. */
  get picture(): HTMLCanvasElement {
    return this.#colours?.isActive ? this.#colours.canvas : this.#elements.canvas;
  }

  get canAdjust(): boolean {
    return this.#colours !== null;
  }

  focus(): void {
    this.#elements.stage.focus({ preventScroll: true });
  }

  draw(image: VideoFrame | ImageBitmap): void {
    this.#frameContext.drawImage(image, 0, 0, this.#widthPx, this.#heightPx);
    this.#hasPicture = true;
    this.#paintNow();
  }

  adjust(adjustment: Adjustment): void {
    this.#colours?.setAdjustment({ ...adjustment, usesProfile: false });
    this.#paintSoon();
  }

  miniature(): Miniature | null {
    return this.#hasPicture ? miniatureOf(this.#frame) : null;
  }

  miniatureOf(image: ImageBitmap): Miniature | null {
    return miniatureOf(image);
  }

  /** CSS pixels; what lies right of and below the window comes into it. */
  panBy(dxPx: number, dyPx: number, _immediately = true): void {
    const t = this.#view;
    if (t) this.#show(t.scale, t.originX - dxPx, t.originY - dyPx);
  }

  /** @param about CSS pixels from the upper left corner; the middle if left out. */
  zoomBy(factor: number, about?: Position, _immediately = true): void {
    const t = this.#view;
    if (!t) return;
    const [aboutX, aboutY] = about ?? [t.widthPx / 2, t.heightPx / 2];
    const scale = this.#bounded(t, t.scale * factor);
    const grown = scale / t.scale;
    this.#show(scale, aboutX - (aboutX - t.originX) * grown, aboutY - (aboutY - t.originY) * grown);
  }

  zoomTo(devicePxPerFramePx: number): void {
    const t = this.#view;
    if (t) this.zoomBy(devicePxPerFramePx / (t.scale * t.density));
  }

  goTo({ x, y, devicePxPerL0Px }: Pick<VideoPlace, 'x' | 'y'> & Partial<VideoPlace>, _immediately = true): void {
    const t = this.#view;
    if (!t) return;
    const scale = this.#bounded(t, devicePxPerL0Px === undefined ? t.scale : devicePxPerL0Px / t.density);
    this.#show(scale, t.widthPx / 2 - x * scale, t.heightPx / 2 - y * scale);
  }

  /** The whole frame, as large as the window holds. */
  home(): void {
    const t = this.#view;
    if (!t) return;
    const scale = this.#homeScale(t);
    this.#show(scale, (t.widthPx - this.#widthPx * scale) / 2, (t.heightPx - this.#heightPx * scale) / 2);
    this.#isHome = true;
  }

  /** Show these bounds, in frame pixels, with room around them. */
  fit(bounds: Bounds): void {
    const t = this.#view;
    if (!t) return;
    const width = Math.max(1, bounds.maxX - bounds.minX);
    const height = Math.max(1, bounds.maxY - bounds.minY);
    const scale = Math.min(t.widthPx / (ROOM_AROUND * width), t.heightPx / (ROOM_AROUND * height), Math.max(4 / t.density, this.#homeScale(t)));
    this.goTo({ x: (bounds.minX + bounds.maxX) / 2, y: (bounds.minY + bounds.maxY) / 2, devicePxPerL0Px: scale * t.density });
  }

  #homeScale({ widthPx, heightPx }: Pick<ViewTransform, 'widthPx' | 'heightPx'>): number {
    return Math.min(widthPx / this.#widthPx, heightPx / this.#heightPx);
  }

  #bounded(t: ViewTransform, scale: number): number {
    const home = this.#homeScale(t);
    const least = MIN_SHARE_OF_WINDOW * Math.min(home, 1 / t.density);
    return Math.min(Math.max(MAX_DEVICE_PX_PER_FRAME_PX / t.density, home), Math.max(least, scale));
  }

  #measure(): void {
    const { clientWidth, clientHeight } = this.#elements.stage;
    if (clientWidth === 0 || clientHeight === 0) return;
    const before = this.#view;
    const density = window.devicePixelRatio;
    const place = this.place;
    this.#view = { scale: before?.scale ?? 1, degrees: 0, originX: 0, originY: 0, widthPx: clientWidth, heightPx: clientHeight, density };
    if (this.#isHome || !place || !before) this.home();
    else this.goTo({ ...place, devicePxPerL0Px: before.scale * density });
    // A canvas that was given another size is empty until it is painted: within this very frame.
    this.#paintNow();
  }

  #show(scale: number, originX: number, originY: number): void {
    const t = this.#view;
    if (!t) return;
    // On whole device pixels: at 1:1 a frame pixel is a screen pixel, and never the blend of two.
    const whole = (px: number): number => Math.round(px * t.density) / t.density;
    this.#view = {
      ...t,
      scale,
      originX: whole(inSight(originX, this.#widthPx * scale, t.widthPx)),
      originY: whole(inSight(originY, this.#heightPx * scale, t.heightPx)),
    };
    this.#isHome = false;
    this.#paintSoon();
  }

  #paintSoon(): void {
    if (this.#paint !== 0) return;
    this.#paint = requestAnimationFrame(() => this.#paintNow());
  }

  #paintNow(): void {
    cancelAnimationFrame(this.#paint);
    this.#paint = 0;
    const t = this.#view;
    if (!t) return;
    const { canvas } = this.#elements;
    const width = Math.round(t.widthPx * t.density);
    const height = Math.round(t.heightPx * t.density);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = this.#context;
    const zoom = t.scale * t.density;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#0b0b0b';
    context.fillRect(0, 0, width, height);
    if (this.#hasPicture) {
      // Enlarged, a frame pixel is a square: smoothing would invent detail.
      context.imageSmoothingEnabled = zoom < 0.9999;
      // Only of a frame reduced to less than half do pixels fall through the meshes of the cheap filter; the finer one makes a mip map of every frame.
      context.imageSmoothingQuality = zoom < 0.5 ? 'medium' : 'low';
      context.drawImage(this.#frame, t.originX * t.density, t.originY * t.density, this.#widthPx * zoom, this.#heightPx * zoom);
    }
    this.#colours?.render(canvas);
    if (this.#shown && sameView(this.#shown, t)) return;
    this.#shown = t;
    this.#events.onMove(t);
  }
}

/** So much of the picture stays in the window. */
function inSight(origin: number, length: number, window: number): number {
  const least = MIN_IN_SIGHT * Math.min(length, window);
  return Math.min(window - least, Math.max(least - length, origin));
}
