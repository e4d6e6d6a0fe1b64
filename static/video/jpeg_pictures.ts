import { PlaybackError } from './playable';
import type { Picture, PictureEvents, PictureSource, PictureWish } from './pictures';

const REQUESTS_AT_ONCE = 4;
const RETRY_MS = [400, 1000, 2500, 5000] as const;

/** @returns the exact frame; a failing status is an error that says so. */
export type FetchPicture = (frame: number, signal: AbortSignal) => Promise<ImageBitmap>;

export const fetchJpeg =
  (frameUrl: (frame: number) => string): FetchPicture =>
  async (frame, signal) => {
    const response = await fetch(frameUrl(frame), { signal, credentials: 'same-origin' });
    if (!response.ok) throw new PlaybackError(`Frame ${frame} could not be had (${response.status}).`);
    return createImageBitmap(await response.blob(), { colorSpaceConversion: 'none' });
  };

/** Pictures as JPEGs, one request a frame: for browsers that cannot decode the clip. */
export class JpegPictures implements PictureSource {
  readonly #fetch: FetchPicture;
  readonly #events: PictureEvents;
  readonly #ready = new Map<number, Picture>();
  readonly #coming = new Map<number, AbortController>();
  #wish: PictureWish | null = null;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;

  constructor(fetchPicture: FetchPicture, events: PictureEvents) {
    this.#fetch = fetchPicture;
    this.#events = events;
  }

  want(wish: PictureWish): void {
    this.#wish = wish;
    this.#forget(new Set(wish.frames));
    this.#fill();
  }

  has(number: number): boolean {
    return this.#ready.has(number);
  }

  take(number: number): Picture | null {
    const picture = this.#ready.get(number) ?? null;
    this.#ready.delete(number);
    return picture;
  }

  pause(): void {
    this.#wish = null;
    this.#forget(new Set());
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  close(): void {
    this.pause();
  }

  #forget(wanted: ReadonlySet<number>): void {
    for (const [number, picture] of this.#ready) {
      if (wanted.has(number)) continue;
      this.#ready.delete(number);
      picture.image.close();
    }
    for (const [number, abort] of this.#coming) {
      if (wanted.has(number)) continue;
      this.#coming.delete(number);
      abort.abort();
    }
  }

  #fill(): void {
    if (this.#retry !== null) return;
    for (const number of this.#wish?.frames ?? []) {
      if (this.#coming.size >= REQUESTS_AT_ONCE) return;
      if (!this.#ready.has(number) && !this.#coming.has(number)) void this.#get(number);
    }
  }

  async #get(number: number): Promise<void> {
    const abort = new AbortController();
    this.#coming.set(number, abort);
    try {
      const image = await this.#fetch(number, abort.signal);
      if (abort.signal.aborted) return image.close();
      this.#coming.delete(number);
      this.#ready.set(number, { number, image });
      if (this.#failures > 0) this.#events.onTrouble(null);
      this.#failures = 0;
      this.#events.onPicture(number);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.#coming.delete(number);
      this.#events.onTrouble(error instanceof Error ? error : new Error(String(error)));
      this.#retryLater();
    }
    this.#fill();
  }

  #retryLater(): void {
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]!;
    this.#failures += 1;
    this.#retry ??= setTimeout(() => {
      this.#retry = null;
      this.#fill();
    }, wait);
  }
}
