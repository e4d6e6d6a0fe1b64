/** Bytes, or frames, a second from progress reports, smoothed so that the time left does not jump about. Clocks are arguments. */

const WINDOW_MS = 8000;

export class SpeedMeter {
  #samples: { at_ms: number; done: number }[] = [];

  add(at_ms: number, done: number): void {
    const last = this.#samples.at(-1);
    // A resumed upload may begin before where it stopped.
    if (last && done < last.done) this.#samples = [];
    if (last && at_ms - last.at_ms < 200) return;
    this.#samples.push({ at_ms, done });
    while (this.#samples.length > 2 && at_ms - (this.#samples[0]?.at_ms ?? at_ms) > WINDOW_MS) this.#samples.shift();
  }

  reset(): void {
    this.#samples = [];
  }

  /** null until there is enough to say. */
  get perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at_ms - first.at_ms < 500) return null;
    return ((last.done - first.done) / (last.at_ms - first.at_ms)) * 1000;
  }
}
