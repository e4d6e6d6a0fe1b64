import type { Sample } from './samples';

interface Answer {
  readonly firstFrame: number;
  readonly samples: readonly Sample[];
  readonly byteCount: number;
}

/** Coded frames at hand, up to so many bytes. Whole answers are forgotten, since their frames share one piece of memory. */
export class SampleCache {
  readonly #maxBytes: number;
  /** The least recently used first. */
  readonly #answers = new Set<Answer>();
  readonly #byFrame = new Map<number, Answer>();
  #byteCount = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  has(frame: number): boolean {
    return this.#byFrame.has(frame);
  }

  get(frame: number): Sample | null {
    const answer = this.#byFrame.get(frame);
    if (!answer) return null;
    this.#answers.delete(answer);
    this.#answers.add(answer);
    return answer.samples[frame - answer.firstFrame] ?? null;
  }

  /** How many frames lie together from `frame` on, in one direction; at most `limit`. */
  runFrom(frame: number, direction: 1 | -1, limit: number): number {
    let length = 0;
    while (length < limit && this.#byFrame.has(frame + direction * length)) length += 1;
    return length;
  }

  add(firstFrame: number, samples: readonly Sample[], byteCount: number): void {
    const answer = { firstFrame, samples, byteCount };
    this.#answers.add(answer);
    samples.forEach((_, index) => this.#byFrame.set(firstFrame + index, answer));
    this.#byteCount += byteCount;
    for (const oldest of this.#answers) {
      if (this.#byteCount <= this.#maxBytes || oldest === answer) break;
      this.#drop(oldest);
    }
  }

  clear(): void {
    this.#answers.clear();
    this.#byFrame.clear();
    this.#byteCount = 0;
  }

  #drop(answer: Answer): void {
    this.#answers.delete(answer);
    this.#byteCount -= answer.byteCount;
    answer.samples.forEach((_, index) => {
      const frame = answer.firstFrame + index;
      if (this.#byFrame.get(frame) === answer) this.#byFrame.delete(frame);
    });
  }
}
