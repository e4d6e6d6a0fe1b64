import type { PlayableVideo } from './playable';

/** Which source time each frame has, and which frame is there at a time. Seconds since the first frame. */
export class FrameTimes {
  #times: ArrayLike<number> | null;
  readonly #count: number;
  readonly #frameRate: number;
  readonly #duration: number;
  readonly #isConstant: boolean;

  constructor(video: PlayableVideo) {
    this.#count = video.frame_count;
    this.#frameRate = video.frame_rate > 0 ? video.frame_rate : 1;
    this.#duration = video.duration_s;
    this.#isConstant = video.is_constant_rate;
    this.#times = null;
    if (video.frame_times_s) this.set(video.frame_times_s);
  }

  /** The table, once it has come. One of another length says nothing about these frames and is left alone. */
  set(times: ArrayLike<number>): void {
    if (times.length === this.#count) this.#times = times;
  }

  get hasTable(): boolean {
    return this.#times !== null;
  }

  /** Whether `timeOf` says what the source says: of a constant rate it does without a table. */
  get areExact(): boolean {
    return this.#times !== null || this.#isConstant;
  }

  timeOf(frame: number): number {
    const number = this.clamp(frame);
    return this.#times ? this.#times[number]! : number / this.#frameRate;
  }

  /** How long a frame stays, at 1×; the last as long as the clip says, or as its frames do on average. */
  durationOf(frame: number): number {
    const number = this.clamp(frame);
    if (number + 1 < this.#count) return Math.max(0, this.timeOf(number + 1) - this.timeOf(number));
    const rest = this.#duration - this.timeOf(number);
    return rest > 0 ? rest : 1 / this.#frameRate;
  }

  /** The frame on show at a time: the last one that is not later. */
  frameAt(time_s: number): number {
    if (!this.#times) {
      // A time that was itself n / rate must give n, whatever the division lost.
      return this.clamp(Math.floor(time_s * this.#frameRate + 1e-6));
    }
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#times[middle]! <= time_s + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  clamp(frame: number): number {
    return Math.min(this.#count - 1, Math.max(0, Math.round(frame)));
  }
}
