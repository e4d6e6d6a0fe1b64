import OpenSeadragon from 'openseadragon';

import type { Bounds, Position } from '../core/geometry';
import type { SlideInfo } from '../core/wire';
import { ExactDrawer } from './exact_drawer';
import { tileSourceOf } from './tile_source';
import { sameView, toSlide, type ViewTransform } from './view_transform';

/** How far past native resolution one may look: single slide pixels are then plainly squares. */
const MAX_DEVICE_PX_PER_L0_PX = 8;
/** How small the whole slide may become beside the window. */
const MIN_SHARE_OF_WINDOW = 0.6;

/** Where someone looks: the middle of the window in level-0 pixels, and the zoom. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly devicePxPerL0Px: number;
}

export interface SlideViewEvents {
  /** The view has moved, or the window has changed its size; within the frame that shows it. */
  onMove(view: ViewTransform): void;
  /** The first tile is on the screen. */
  onFirstTile(): void;
  /** How many tiles could not be had; 0 again once one arrives. */
  onTilesMissing(count: number): void;
}

/** OpenSeadragon showing one slide, in level-0 pixels. Knows nothing of annotations. */
export class SlideView {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #slide: SlideInfo;
  readonly #events: SlideViewEvents;
  #last: ViewTransform | null = null;
  #isSmooth = true;
  #tilesMissing = 0;

  constructor(element: HTMLElement, navigatorElement: HTMLElement, slide: SlideInfo, events: SlideViewEvents, start: Place | null) {
    this.#slide = slide;
    this.#events = events;
    this.#viewer = OpenSeadragon({
      element,
      // Two-dimensional canvas: it needs no GPU, which many hospital workstations and remote desktops do not have.
      drawer: ExactDrawer,
      tileSources: tileSourceOf(slide) as unknown as OpenSeadragon.TileSourceOptions,
      showNavigationControl: false,
      showNavigator: true,
      navigatorId: navigatorElement.id,
      navigatorAutoFade: false,
      navigatorBackground: '#0b0b0b',
      navigatorBorderColor: 'transparent',
      navigatorDisplayRegionColor: '#ffffff',
      animationTime: window.matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 0.3,
      springStiffness: 9,
      blendTime: 0,
      zoomPerScroll: 1.25,
      visibilityRatio: 0.3,
      minZoomImageRatio: MIN_SHARE_OF_WINDOW,
      maxZoomPixelRatio: MAX_DEVICE_PX_PER_L0_PX * window.devicePixelRatio,
      imageLoaderLimit: 8,
      maxImageCacheCount: 500,
      maxTilesPerFrame: 4,
      tileRetryMax: 4,
      tileRetryDelay: 1500,
      timeout: 30_000,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false, flickEnabled: false },
      gestureSettingsPen: { clickToZoom: false, dblClickToZoom: false, flickEnabled: false },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: false, pinchRotate: false },
    });
    // Its own keys (f flips, r rotates) are ours for other things.
    this.#viewer.addHandler('canvas-key', (event) => {
      event.preventDefaultAction = true;
    });
    this.#viewer.addOnceHandler('open', () => {
      this.#viewer.canvas.setAttribute('role', 'application');
      this.#viewer.canvas.setAttribute('aria-label', 'Slide. Arrow keys pan, plus and minus zoom, question mark lists all keys.');
      if (start) this.#goTo(start);
    });
    this.#viewer.addHandler('update-viewport', () => this.#moved());
    this.#viewer.addHandler('resize', () => this.#viewer.forceRedraw());
    this.#viewer.addHandler('tile-load-failed', () => this.#countMissing(this.#tilesMissing + 1));
    this.#viewer.addHandler('tile-loaded', () => this.#countMissing(0));
    this.#viewer.addOnceHandler('tile-drawn', () => events.onFirstTile());
  }

  destroy(): void {
    this.#viewer.destroy();
  }

  /** Null until the slide is open. */
  get transform(): ViewTransform | null {
    if (!this.#viewer.isOpen()) return null;
    const viewport = this.#viewer.viewport;
    const bounds = viewport.getBoundsNoRotate(true);
    const size = viewport.getContainerSize();
    const viewportScale = size.x / bounds.width;
    return {
      scale: viewportScale / this.#slide.width_px,
      originX: -bounds.x * viewportScale,
      originY: -bounds.y * viewportScale,
      widthPx: size.x,
      heightPx: size.y,
      density: window.devicePixelRatio,
    };
  }

  /** CSS pixels. */
  panBy(dxPx: number, dyPx: number, immediately = false): void {
    const t = this.transform;
    if (!t) return;
    const unit = t.scale * this.#slide.width_px;
    this.#viewer.viewport.panBy(new OpenSeadragon.Point(dxPx / unit, dyPx / unit), immediately);
    this.#viewer.viewport.applyConstraints(immediately);
  }

  /** @param about CSS pixels from the upper left corner; the middle if left out. */
  zoomBy(factor: number, about?: Position, immediately = false): void {
    const t = this.transform;
    if (!t) return;
    const [x, y] = toSlide(t, about ?? [t.widthPx / 2, t.heightPx / 2]);
    const width = this.#slide.width_px;
    this.#viewer.viewport.zoomBy(factor, new OpenSeadragon.Point(x / width, y / width), immediately);
    this.#viewer.viewport.applyConstraints(immediately);
  }

  /** Null until the slide is open. */
  get place(): Place | null {
    const t = this.transform;
    if (!t) return null;
    const [x, y] = toSlide(t, [t.widthPx / 2, t.heightPx / 2]);
    return { x, y, devicePxPerL0Px: t.scale * t.density };
  }

  /** Give the slide the keyboard. */
  focus(): void {
    this.#viewer.canvas.focus({ preventScroll: true });
  }

  #goTo({ x, y, devicePxPerL0Px }: Place): void {
    const { viewport } = this.#viewer;
    viewport.zoomTo(viewport.imageToViewportZoom(devicePxPerL0Px / window.devicePixelRatio), undefined, true);
    viewport.panTo(new OpenSeadragon.Point(x / this.#slide.width_px, y / this.#slide.width_px), true);
    viewport.applyConstraints(true);
  }

  zoomTo(devicePxPerL0Px: number): void {
    const imageZoom = devicePxPerL0Px / window.devicePixelRatio;
    this.#viewer.viewport.zoomTo(this.#viewer.viewport.imageToViewportZoom(imageZoom));
    this.#viewer.viewport.applyConstraints();
  }

  home(): void {
    this.#viewer.viewport.goHome();
  }

  /** Show these level-0 bounds with room around them, but not closer than native resolution. */
  fit(bounds: Bounds): void {
    const t = this.transform;
    if (!t) return;
    const margin = 0.25;
    // Of a small shape show as much around it as the window holds at native resolution.
    const width = Math.max(bounds.maxX - bounds.minX, (t.widthPx * t.density) / (1 + 2 * margin));
    const height = Math.max(bounds.maxY - bounds.minY, (t.heightPx * t.density) / (1 + 2 * margin));
    const middleX = (bounds.minX + bounds.maxX) / 2;
    const middleY = (bounds.minY + bounds.maxY) / 2;
    const unit = this.#slide.width_px;
    this.#viewer.viewport.fitBoundsWithConstraints(
      new OpenSeadragon.Rect(
        (middleX - width * (0.5 + margin)) / unit,
        (middleY - height * (0.5 + margin)) / unit,
        (width * (1 + 2 * margin)) / unit,
        (height * (1 + 2 * margin)) / unit,
      ),
    );
  }

  #moved(): void {
    const view = this.transform;
    if (!view || (this.#last && sameView(view, this.#last))) return;
    this.#last = view;
    // Past native resolution a slide pixel is a square: smoothing would invent detail.
    const isSmooth = view.scale * view.density <= 1.0001;
    if (isSmooth !== this.#isSmooth) {
      this.#isSmooth = isSmooth;
      this.#viewer.drawer.setImageSmoothingEnabled(isSmooth);
    }
    this.#events.onMove(view);
  }

  #countMissing(count: number): void {
    if (count === this.#tilesMissing) return;
    this.#tilesMissing = count;
    this.#events.onTilesMissing(count);
  }
}
