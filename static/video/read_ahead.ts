import { PlaybackError, type Direction, type VideoApi } from './playable';
import { SampleCache } from './sample_cache';
import { splitSamples, type Sample } from './samples';

const MAX_CACHE_BYTES = 96 * 1024 * 1024;
/** What one answer may weigh, as far as one can tell beforehand: small enough that a slow line is not tied up by it. */
const ANSWER_BYTES = 2 * 1024 * 1024;
/** Never more than the server gives. */
const ANSWER_FRAMES = 300;
const REQUESTS_AT_ONCE = 2;
/** Until the first answer has said how heavy the clip's frames are. */
const GUESSED_FRAME_BYTES = 60_000;
const RETRY_MS = [400, 1000, 2500, 5000] as const;
/** Damaged twice over, an answer will not be whole the third time. */
const MAX_DAMAGED = 2;

/** What is wanted now; the newest wish is the only one. */
export interface Wish {
  /** The frames to be shown, the most urgent first. */
  readonly frames: readonly number[];
  readonly direction: Direction;
  /** How many frames beyond the first to have ready, on the way and against it. */
  readonly ahead: number;
  readonly behind: number;
}

export interface ReadAheadEvents {
  onSamples(): void;
  /** A frame that is wanted now could not be had; it is tried again. Null once something has come. */
  onTrouble(error: Error | null): void;
  /** The coded samples are no use: whoever can do without them should. */
  onDamaged(error: PlaybackError): void;
}

interface Request {
  readonly first: number;
  readonly last: number;
  readonly abort: AbortController;
}

/** Fetches coded frames before they are needed, and forgets what nobody wants any more. */
export class ReadAhead {
  readonly #api: VideoApi;
  readonly #frameCount: number;
  readonly #events: ReadAheadEvents;
  readonly #cache = new SampleCache(MAX_CACHE_BYTES);
  readonly #requests = new Set<Request>();
  #wish: Wish | null = null;
  #meanBytes = GUESSED_FRAME_BYTES;
  #failures = 0;
  #damaged = 0;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(api: VideoApi, frameCount: number, events: ReadAheadEvents) {
    this.#api = api;
    this.#frameCount = frameCount;
    this.#events = events;
  }

  sample(frame: number): Sample | null {
    return this.#cache.get(frame);
  }

  /** The samples that have to be decoded for a frame: from its key frame on. Null while one of them is missing. */
  fromKeyFrame(frame: number): readonly Sample[] | null {
    const samples: Sample[] = [];
    for (let at = frame; at >= 0; at -= 1) {
      const sample = this.#cache.get(at);
      if (!sample) return null;
      samples.push(sample);
      if (sample.isKey) return samples.reverse();
    }
    return null;
  }

  want(wish: Wish): void {
    this.#wish = wish;
    this.#callOff(wish);
    this.#fill(wish);
  }

  /** Nothing is wanted until the next wish. */
  pause(): void {
    this.#wish = null;
    for (const request of this.#requests) request.abort.abort();
    this.#requests.clear();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
  }

  close(): void {
    this.#isClosed = true;
    this.pause();
    this.#cache.clear();
  }

  #callOff(wish: Wish): void {
    const [low, high] = this.#windowOf(wish);
    for (const request of this.#requests) {
      const isInWindow = request.first <= high && request.last >= low;
      if (isInWindow || wish.frames.some((frame) => frame >= request.first && frame <= request.last)) continue;
      this.#requests.delete(request);
      request.abort.abort();
    }
  }

  #windowOf({ frames, direction, ahead, behind }: Wish): readonly [low: number, high: number] {
    const at = frames[0] ?? 0;
    const most = Math.floor(MAX_CACHE_BYTES / 4 / this.#meanBytes);
    const onward = Math.min(ahead, most);
    const back = Math.min(behind, most);
    return direction > 0
      ? [Math.max(0, at - back), Math.min(this.#frameCount - 1, at + onward)]
      : [Math.max(0, at - onward), Math.min(this.#frameCount - 1, at + back)];
  }

  #fill(wish: Wish): void {
    if (this.#retry !== null || this.#isClosed) return;
    const [low, high] = this.#windowOf(wish);
    const { direction } = wish;
    const at = wish.frames[0] ?? 0;
    for (const frame of wish.frames) {
      if (this.#requests.size >= REQUESTS_AT_ONCE) return;
      // Here, but without the frames that it depends on, is not here: they may have been forgotten before it.
      const isUsable = this.fromKeyFrame(frame) !== null || this.#isAskedFor(frame);
      if (!isUsable) this.#ask(frame, direction, low, high);
    }
    // Then the way on, and last the way back.
    const back: Direction = direction > 0 ? -1 : 1;
    this.#fillWay(at, direction, direction > 0 ? high : low, low, high);
    this.#fillWay(at, back, direction > 0 ? low : high, low, high);
  }

  /** Ask for what is missing on a way once half of it is: a request a frame would be all that the server hears. */
  #fillWay(from: number, way: Direction, end: number, low: number, high: number): void {
    const length = Math.abs(end - from);
    for (let gone = 0; gone <= length && this.#requests.size < REQUESTS_AT_ONCE; gone += 1) {
      const frame = from + way * gone;
      if (this.#isComing(frame)) continue;
      if (gone > Math.ceil(length / 2)) return;
      this.#ask(frame, way, low, high);
    }
  }

  #isComing(frame: number): boolean {
    return this.#cache.has(frame) || this.#isAskedFor(frame);
  }

  #isAskedFor(frame: number): boolean {
    for (const request of this.#requests) if (frame >= request.first && frame <= request.last) return true;
    return false;
  }

  /** Ask for the gap that begins at `frame`. After a jump the first frame comes alone: it is what someone waits for. */
  #ask(frame: number, direction: Direction, low: number, high: number): void {
    const isJump = !this.#isComing(frame - direction) || this.#isOutside(frame - direction);
    const most = isJump ? 1 : Math.max(1, Math.min(ANSWER_FRAMES, Math.floor(ANSWER_BYTES / this.#meanBytes)));
    let count = 1;
    while (count < most) {
      const next = frame + direction * count;
      if (next < low || next > high || this.#isComing(next)) break;
      count += 1;
    }
    const first = direction > 0 ? frame : frame - count + 1;
    void this.#fetch(first, count);
  }

  #isOutside(frame: number): boolean {
    return frame < 0 || frame >= this.#frameCount;
  }

  async #fetch(first: number, count: number): Promise<void> {
    const request: Request = { first, last: first + count - 1, abort: new AbortController() };
    this.#requests.add(request);
    try {
      const { firstFrame, frameCount, bytes } = await this.#api.samples(first, count, request.abort.signal);
      if (request.abort.signal.aborted) return;
      const samples = splitSamples(bytes, frameCount);
      if (samples.length === 0 || firstFrame > first) throw new PlaybackError('The server sent other frames than were asked for.');
      this.#cache.add(firstFrame, samples, bytes.byteLength);
      this.#meanBytes = 0.5 * this.#meanBytes + 0.5 * (bytes.byteLength / samples.length);
      this.#damaged = 0;
      if (this.#failures > 0) this.#events.onTrouble(null);
      this.#failures = 0;
      this.#requests.delete(request);
      this.#events.onSamples();
    } catch (error) {
      if (request.abort.signal.aborted || this.#isClosed) return;
      this.#requests.delete(request);
      this.#failed(request, error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#requests.delete(request);
      if (this.#wish && !this.#isClosed) this.#fill(this.#wish);
    }
  }

  #failed(request: Request, error: Error): void {
    if (error instanceof PlaybackError && (this.#damaged += 1) >= MAX_DAMAGED) {
      this.#events.onDamaged(error);
      return;
    }
    const wait = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]!;
    this.#failures += 1;
    if (this.#wish?.frames.some((frame) => frame >= request.first && frame <= request.last)) this.#events.onTrouble(error);
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      if (this.#wish) this.#fill(this.#wish);
    }, wait);
  }
}
