/** Where one wants to be, and what to show on the way there. Pure. */

/** A way of more frames than this is jumped. */
const LONGEST_WAY = 64;
/** Pictures on one way at most, so that a finger is never far ahead of the picture. */
const STOPS = 8;

interface Waiter {
  readonly target: number;
  readonly done: (frame: number) => void;
}

/**
 * The newest wish wins, but a wish that is under way is shown when it comes before the newest: whoever drags faster than frames
 * arrive sees them pass, and not the first and the last alone.
 */
export class Seek {
  readonly #frameCount: number;
  #target: number | null = null;
  /** An older wish that is still on its way. */
  #underWay: number | null = null;
  /** Frames from one stop to the next on the way; 0: no stops. */
  #stride = 0;
  #waiters: Waiter[] = [];

  constructor(frameCount: number) {
    this.#frameCount = frameCount;
  }

  /** Null when there is nowhere to go. */
  get target(): number | null {
    return this.#target;
  }

  /** Straight there. @param shown on the screen now; −1: none */
  to(frame: number, shown: number): Promise<number> {
    return this.#go(frame, shown, false);
  }

  /** There, past what lies between. */
  through(frame: number, shown: number): Promise<number> {
    return this.#go(frame, shown, true);
  }

  #go(frame: number, shown: number, showsWay: boolean): Promise<number> {
    this.#settle((waiter) => waiter.target !== frame, shown);
    if (this.#target !== null && this.#target !== frame) this.#underWay ??= this.#target;
    const left = Math.abs(frame - shown);
    // Set once: stops that are decoded already must not be moved by the way growing shorter.
    this.#stride = showsWay && shown >= 0 && left <= LONGEST_WAY ? Math.max(1, Math.ceil(left / STOPS)) : 0;
    if (this.#frameCount < 1) return Promise.resolve(shown);
    if (frame === shown) {
      this.leave(shown);
      return Promise.resolve(shown);
    }
    this.#target = frame;
    return new Promise((done) => this.#waiters.push({ target: frame, done }));
  }

  /** Wish for nothing any more. */
  leave(shown: number): void {
    this.#target = null;
    this.#underWay = null;
    this.#settle(() => true, shown);
  }

  /** The frames to get ready, the most urgent first. */
  wanted(shown: number): number[] {
    if (this.#target === null) return [];
    const way = this.#way(shown);
    const frames = way.length > 0 ? way : [this.#target];
    if (this.#underWay !== null && !frames.includes(this.#underWay)) frames.push(this.#underWay);
    return frames;
  }

  /** What to draw now, of what is ready. */
  drawable(shown: number, isReady: (frame: number) => boolean): number | null {
    if (this.#target === null) return null;
    const [first] = this.#way(shown);
    if (first !== undefined && isReady(first)) return first;
    if (isReady(this.#target)) return this.#target;
    return this.#underWay !== null && isReady(this.#underWay) ? this.#underWay : null;
  }

  drawn(frame: number): void {
    if (frame === this.#underWay) this.#underWay = null;
    if (frame !== this.#target) return;
    this.leave(frame);
  }

  /** The stops from the picture on the screen to the target, the target last. */
  #way(shown: number): number[] {
    if (this.#target === null || this.#stride === 0 || shown < 0) return [];
    const left = Math.abs(this.#target - shown);
    const sign = Math.sign(this.#target - shown);
    const stops: number[] = [];
    for (let gone = this.#stride; gone < left && stops.length < STOPS - 1; gone += this.#stride) stops.push(shown + sign * gone);
    return left > 0 ? [...stops, this.#target] : [];
  }

  #settle(isOver: (waiter: Waiter) => boolean, shown: number): void {
    const over = this.#waiters.filter(isOver);
    this.#waiters = this.#waiters.filter((waiter) => !isOver(waiter));
    for (const waiter of over) waiter.done(shown);
  }
}
