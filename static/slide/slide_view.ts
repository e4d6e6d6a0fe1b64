import OpenSeadragon from 'openseadragon';

import type { Bounds, Position } from '../core/geometry';
import type { SlideInfo } from '../core/wire';
import type { Adjustment } from './adjustment';
import { ColourPass } from './colour_pass';
import { ExactDrawer } from './exact_drawer';
import { SeenArea } from './seen_area';
import { TileLoading } from './tile_loading';
import { tileSourceOf } from './tile_source';
import { sameView, toSlide, turnOf, type ViewTransform } from './view_transform';

/** How far past native resolution one may look: single slide pixels are then plainly squares. */
const MAX_DEVICE_PX_PER_L0_PX = 8;
/** How small the whole slide may become beside the window. */
const MIN_SHARE_OF_WINDOW = 0.6;

/** Where someone looks: the middle of the window in level-0 pixels, and the zoom. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly devicePxPerL0Px: number;
  /** Clockwise; left out: upright. */
  readonly degrees?: number;
}

export interface SlideViewEvents {
  /** The view has moved, or the window has changed its size; within the frame that shows it. */
  onMove(view: ViewTransform): void;
  /** The first tile is on the screen. */
  onFirstTile(): void;
  /** What share of the slide has been looked at, 0 … 1. */
  onSeen(share: number): void;
  /** How many tiles could not be had; 0 again once one arrives. */
  onTilesMissing(count: number): void;
}

/** From this magnification on, a part of the slide counts as looked at; where the file states none, from half of its pixels. */
const SEEN_POWER = 10;
const SEEN_DEVICE_PX_PER_L0_PX = 0.5;

/** The elements that a view takes possession of. */
export interface StageElements {
  readonly image: HTMLElement;
  readonly navigator: HTMLElement;
  /** Above the image: the same picture through a colour profile or an adjustment. */
  readonly colours: HTMLCanvasElement;
}

/** OpenSeadragon showing one slide, in level-0 pixels. Knows nothing of annotations. */
export class SlideView {
  readonly #viewer: OpenSeadragon.Viewer;
  readonly #slide: SlideInfo;
  readonly #events: SlideViewEvents;
  #last: ViewTransform | null = null;
  #isSmooth = true;
  #tilesMissing = 0;
  readonly #loading = new TileLoading();
  readonly #colours: ColourPass | null;
  readonly #maxLevel: number;
  readonly #seen: SeenArea;
  readonly #seenCanvas = document.createElement('canvas');
  #showsSeen = true;
  readonly #seenFrom: number;

  constructor(elements: StageElements, slide: SlideInfo, events: SlideViewEvents, start: Place | null) {
    const element = elements.image;
    const navigatorElement = elements.navigator;
    this.#colours = ColourPass.on(elements.colours);
    this.#seen = new SeenArea({ widthPx: slide.width_px, heightPx: slide.height_px });
    // A hair less: the button “10×” ends on a rounded zoom.
    this.#seenFrom = 0.99 * (slide.objective_power ? Math.min(1, SEEN_POWER / slide.objective_power) : SEEN_DEVICE_PX_PER_L0_PX);
    this.#maxLevel = slide.deepzoom_level_count - 1;
    this.#slide = slide;
    this.#events = events;
    this.#viewer = OpenSeadragon({
      element,
      // Two-dimensional canvas: it needs no GPU, which many hospital workstations and remote desktops do not have.
      drawer: ExactDrawer,
      tileSources: this.#tileSource() as unknown as OpenSeadragon.TileSourceOptions,
      showNavigationControl: false,
      showNavigator: true,
      navigatorId: navigatorElement.id,
      navigatorAutoFade: false,
      navigatorOpacity: 1,
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
      if (start) this.goTo(start);
    });
    this.#viewer.addHandler('update-viewport', () => this.#drawn());
    this.#viewer.addHandler('resize', () => this.#viewer.forceRedraw());
    this.#viewer.addHandler('tile-load-failed', () => {
      if (!this.#loading.isCallingOff) this.#countMissing(this.#tilesMissing + 1);
    });
    this.#viewer.addHandler('tile-loaded', () => this.#countMissing(0));
    this.#viewer.addOnceHandler('tile-drawn', () => events.onFirstTile());
    this.#seenCanvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%;pointer-events:none';
    this.#viewer.navigator.canvas.append(this.#seenCanvas);
    this.#viewer.navigator.addHandler('update-viewport', () => this.#paintSeen());
  }

  #tileSource(): OpenSeadragon.TileSource {
    const options = tileSourceOf(this.#slide);
    const source = new OpenSeadragon.TileSource(options as unknown as OpenSeadragon.TileSourceOptions);
    source.getTileUrl = options.getTileUrl;
    return this.#loading.serve(source);
  }

  destroy(): void {
    this.#colours?.destroy();
    this.#viewer.destroy();
  }

  /** Null until the slide is open. */
  get transform(): ViewTransform | null {
    if (!this.#viewer.isOpen()) return null;
    return transformOf(this.#viewer.viewport, this.#slide.width_px);
  }

  /** CSS pixels. */
  panBy(dxPx: number, dyPx: number, immediately = false): void {
    const t = this.transform;
    if (!t) return;
    const unit = t.scale * this.#slide.width_px;
    const [cos, sin] = turnOf(t.degrees);
    const way = new OpenSeadragon.Point((cos * dxPx + sin * dyPx) / unit, (cos * dyPx - sin * dxPx) / unit);
    this.#viewer.viewport.panBy(way, immediately);
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
    return { x, y, devicePxPerL0Px: t.scale * t.density, degrees: t.degrees };
  }

  /** Give the slide the keyboard. */
  focus(): void {
    this.#viewer.canvas.focus({ preventScroll: true });
  }

  /** Show this place; without a zoom, at the present one. */
  goTo({ x, y, devicePxPerL0Px, degrees }: Pick<Place, 'x' | 'y'> & Partial<Place>, immediately = true): void {
    const { viewport } = this.#viewer;
    if (degrees !== undefined) viewport.setRotation(uprightDegrees(degrees), immediately);
    if (devicePxPerL0Px !== undefined) {
      viewport.zoomTo(viewport.imageToViewportZoom(devicePxPerL0Px / window.devicePixelRatio), undefined, immediately);
    }
    viewport.panTo(new OpenSeadragon.Point(x / this.#slide.width_px, y / this.#slide.width_px), immediately);
    viewport.applyConstraints(immediately);
  }

  /** Clockwise, about the middle of the window. */
  turnBy(degrees: number, immediately = false): void {
    this.turnTo(this.#viewer.viewport.getRotation() + degrees, immediately);
  }

  turnTo(degrees: number, immediately = false): void {
    const { viewport } = this.#viewer;
    // The short way round, and whole degrees: an animation must end where it is said to.
    const now = viewport.getRotation();
    const way = ((((Math.round(degrees * 10) / 10 - now) % 360) + 540) % 360) - 180;
    viewport.setRotation(now + way, immediately);
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
    const room = 1.5;
    const [cos, sin] = turnOf(t.degrees).map(Math.abs) as [number, number];
    const width = bounds.maxX - bounds.minX;
    const height = bounds.maxY - bounds.minY;
    const scale = Math.min(
      t.widthPx / (room * (cos * width + sin * height)),
      t.heightPx / (room * (sin * width + cos * height)),
      // Of a small shape show as much around it as the window holds at native resolution.
      1 / t.density,
    );
    this.goTo(
      { x: (bounds.minX + bounds.maxX) / 2, y: (bounds.minY + bounds.maxY) / 2, devicePxPerL0Px: scale * t.density },
      false,
    );
  }

  /** Whether this browser can show colours otherwise than they are stored. */
  get canAdjust(): boolean {
    return this.#colours !== null;
  }

  /** @param rgb the colour profile's table; null where there is none. */
  setColourTable(rgb: Uint8Array | null): void {
    this.#colours?.setTable(rgb);
    this.#viewer.forceRedraw();
  }

  adjust(adjustment: Adjustment): void {
    this.#colours?.setAdjustment(adjustment);
    this.#viewer.forceRedraw();
  }

  /** What is on the screen now, without annotations: in device pixels. */
  get picture(): HTMLCanvasElement {
    const drawn = this.#viewer.drawer.canvas as HTMLCanvasElement;
    if (!this.#colours?.isActive) return drawn;
    this.#colours.render(drawn);
    return this.#colours.canvas;
  }

  forgetSeen(): void {
    this.#seen.clear();
    this.#paintSeen();
    this.#events.onSeen(0);
  }

  showSeen(shows: boolean): void {
    this.#showsSeen = shows;
    this.#paintSeen();
  }

  #drawn(): void {
    this.#colours?.render(this.#viewer.drawer.canvas as HTMLCanvasElement);
    const view = this.transform;
    if (!view) return;
    const zoom = view.scale * view.density;
    this.#loading.callOffUnseen(this.#viewer.viewport, this.#maxLevel + Math.ceil(Math.log2(zoom)) + 1);
    this.#moved();
  }

  #paintSeen(): void {
    const { navigator } = this.#viewer;
    if (!navigator.isOpen()) return;
    const view = transformOf(navigator.viewport, this.#slide.width_px);
    const canvas = this.#seenCanvas;
    const width = Math.round(view.widthPx * view.density);
    const height = Math.round(view.heightPx * view.density);
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(view.density, 0, 0, view.density, 0, 0);
    if (this.#showsSeen) this.#seen.paint(context, view);
  }

  #moved(): void {
    const view = this.transform;
    if (!view || (this.#last && sameView(view, this.#last))) return;
    this.#last = view;
    if (view.scale * view.density >= this.#seenFrom && this.#seen.look(view)) {
      this.#paintSeen();
      this.#events.onSeen(this.#seen.share);
    }
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

function transformOf(viewport: OpenSeadragon.Viewport, slideWidthPx: number): ViewTransform {
  const size = viewport.getContainerSize();
  const middle = viewport.getCenter(true);
  const viewportScale = size.x * viewport.getZoom(true);
  const degrees = uprightDegrees(viewport.getRotation(true));
  const [cos, sin] = turnOf(degrees);
  return {
    scale: viewportScale / slideWidthPx,
    degrees,
    originX: size.x / 2 - (cos * middle.x - sin * middle.y) * viewportScale,
    originY: size.y / 2 - (sin * middle.x + cos * middle.y) * viewportScale,
    widthPx: size.x,
    heightPx: size.y,
    density: window.devicePixelRatio,
  };
}

const uprightDegrees = (degrees: number): number => ((Math.round(degrees * 1e6) / 1e6 % 360) + 360) % 360;
