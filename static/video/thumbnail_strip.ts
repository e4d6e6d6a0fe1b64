/** Small pictures along a timeline, fetched by the strip and kept while they may be needed again. */
import { inSight, type TimelineScale } from './timeline_scale';

const PER_STRIP = 16;
const MAX_STRIPS = 60;
const AT_ONCE = 2;
/** As many evenly spaced frames the server has ready; closer together they have to be decoded. */
const STORED = 2048;

export interface StripRequest {
  readonly start: number;
  readonly step: number;
  readonly count: number;
  readonly heightPx: number;
  /** These very frames, where the nearest stored ones would be too far away. */
  readonly isExact: boolean;
}

export interface Thumbnail {
  readonly frame: number;
  readonly image: ImageBitmap;
  /** Where in the image. */
  readonly sourceX: number;
  readonly sourceWidth: number;
}

/** @returns the strip's picture */
export type FetchStrip = (request: StripRequest, signal: AbortSignal) => Promise<ImageBitmap>;

export const fetchStrip =
  (urlOf: (request: StripRequest) => string): FetchStrip =>
  async (request, signal) => {
    const response = await fetch(urlOf(request), { signal, credentials: 'same-origin' });
    if (!response.ok) throw new Error(`no thumbnails (${response.status})`);
    return createImageBitmap(await response.blob());
  };

/** The frames of one picture to the next: a power of two, so that panning and zooming meet the same strips again. */
export const stepFor = (scale: TimelineScale, thumbWidthPx: number): number =>
  2 ** Math.max(0, Math.ceil(Math.log2(thumbWidthPx / scale.pxPerFrame)));

export class ThumbnailStrip {
  readonly #frameCount: number;
  readonly #fetch: FetchStrip;
  readonly #onArrived: () => void;
  /** The least recently used first. */
  readonly #strips = new Map<string, { readonly request: StripRequest; image: ImageBitmap | null; abort: AbortController | null; hasFailed: boolean }>();

  constructor(frameCount: number, fetchOne: FetchStrip, onArrived: () => void) {
    this.#frameCount = frameCount;
    this.#fetch = fetchOne;
    this.#onArrived = onArrived;
  }

  /** What is at hand for these frames; the rest is on its way, and what was on its way for others is called off. */
  visible(scale: TimelineScale, thumbWidthPx: number, heightPx: number): Thumbnail[] {
    const step = stepFor(scale, thumbWidthPx);
    const { first, last } = inSight(scale);
    const found: Thumbnail[] = [];
    const wanted = new Set<string>();
    for (let start = Math.floor(first / step / PER_STRIP) * PER_STRIP * step; start <= last; start += PER_STRIP * step) {
      const count = Math.min(PER_STRIP, Math.ceil((this.#frameCount - start) / step));
      const request: StripRequest = { start, step, count, heightPx, isExact: step < this.#frameCount / STORED };
      const key = `${start} ${step} ${heightPx}`;
      wanted.add(key);
      const strip = this.#strips.get(key) ?? { request, image: null, abort: null, hasFailed: false };
      this.#strips.delete(key);
      this.#strips.set(key, strip);
      if (!strip.image) continue;
      const sourceWidth = strip.image.width / count;
      for (let index = 0; index < count; index += 1) {
        found.push({ frame: start + index * step, image: strip.image, sourceX: index * sourceWidth, sourceWidth });
      }
    }
    this.#tidy(wanted);
    this.#fill(wanted);
    return found;
  }

  close(): void {
    for (const strip of this.#strips.values()) {
      strip.abort?.abort();
      strip.image?.close();
    }
    this.#strips.clear();
  }

  #tidy(wanted: ReadonlySet<string>): void {
    for (const [key, strip] of this.#strips) {
      if (wanted.has(key)) continue;
      strip.abort?.abort();
      strip.abort = null;
      if (strip.image && this.#strips.size <= MAX_STRIPS) continue;
      strip.image?.close();
      this.#strips.delete(key);
    }
  }

  #fill(wanted: ReadonlySet<string>): void {
    let coming = [...this.#strips.values()].filter((strip) => strip.abort).length;
    for (const key of wanted) {
      const strip = this.#strips.get(key);
      if (!strip || strip.image || strip.abort || strip.hasFailed) continue;
      if (coming >= AT_ONCE) return;
      coming += 1;
      void this.#get(strip, wanted);
    }
  }

  async #get(strip: { readonly request: StripRequest; image: ImageBitmap | null; abort: AbortController | null; hasFailed: boolean }, wanted: ReadonlySet<string>): Promise<void> {
    const abort = new AbortController();
    strip.abort = abort;
    try {
      const image = await this.#fetch(strip.request, abort.signal);
      if (abort.signal.aborted) return image.close();
      strip.image = image;
      this.#onArrived();
    } catch {
      // Decoration: where it cannot be had the ground shows, and it is asked for again once it was out of sight.
      if (abort.signal.aborted) return;
      strip.hasFailed = true;
    } finally {
      if (strip.abort === abort) strip.abort = null;
    }
    this.#fill(wanted);
  }
}
