import type { FrameTimes } from './frame_times';
import type { Direction, FrameRange } from './playable';

/** More pictures a second than screens show: beyond it frames are passed over, evenly. */
const SHOWN_PER_S = 66;

export interface Due {
  readonly frame: number;
  /** On the caller's clock. */
  readonly dueMs: number;
}

export interface PlayClockParts {
  readonly times: FrameTimes;
  readonly range: FrameRange;
  readonly loops: boolean;
  /** Negative is backwards. */
  readonly speed: number;
  /** Mean frames per second. */
  readonly frameRate: number;
}

/**
 * Which frame is due when. By the source's own times, so that a variable rate stays one; each frame after the other, unless more
 * would be due than a screen can show.
 */
export class PlayClock {
  readonly direction: Direction;
  readonly stride: number;
  readonly #parts: PlayClockParts;
  #now: Due;

  constructor(parts: PlayClockParts, from: number, startMs: number) {
    this.#parts = parts;
    this.direction = parts.speed < 0 ? -1 : 1;
    this.stride = Math.max(1, Math.ceil((parts.frameRate * Math.abs(parts.speed)) / SHOWN_PER_S));
    this.#now = { frame: from, dueMs: startMs };
  }

  /** The frame that is on show by this clock. */
  get current(): Due {
    return this.#now;
  }

  /** Null at the end of a range that is not repeated. */
  get next(): Due | null {
    return this.#after(this.#now);
  }

  /** The next frames in the order in which they are due; fewer at the end. */
  ahead(count: number): Due[] {
    const found: Due[] = [];
    let at: Due | null = this.#now;
    while (found.length < count && (at = this.#after(at))) {
      // A loop shorter than this would name its frames twice.
      if (found.some(({ frame }) => frame === at?.frame)) break;
      found.push(at);
    }
    return found;
  }

  /** That frame is on show now. */
  moveTo(due: Due): void {
    this.#now = due;
  }

  /** Everything is due later. */
  slip(ms: number): void {
    this.#now = { ...this.#now, dueMs: this.#now.dueMs + ms };
  }

  #after({ frame, dueMs }: Due): Due | null {
    const { times, range, loops, speed } = this.#parts;
    const last = this.direction > 0 ? range.last : range.first;
    const first = this.direction > 0 ? range.first : range.last;
    // Before its beginning, the range's first frame is due at once.
    if ((frame - first) * this.direction < 0) return { frame: first, dueMs };
    const left = (last - frame) * this.direction;
    let next: number;
    let stays_s: number;
    if (left > 0) {
      next = frame + this.direction * Math.min(this.stride, left);
      stays_s = Math.abs(times.timeOf(next) - times.timeOf(frame));
    } else {
      if (!loops || range.first === range.last) return null;
      next = first;
      stays_s = times.durationOf(frame);
    }
    return { frame: next, dueMs: dueMs + (stays_s * 1000) / Math.abs(speed) };
  }
}
