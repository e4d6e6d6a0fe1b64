/** Coded frames and a clip for the tests of this folder: the shape of the real thing, with a number where the picture would be. */
import type { CodedRange, PlayableVideo, VideoApi } from './playable';

const DELIMITER = [0, 0, 0, 2, 0x09, 0xf0];

/** One access unit; its number is in its last four bytes. */
export function accessUnit(number: number, { isKey = true, extraUnits = 0 }: { isKey?: boolean; extraUnits?: number } = {}): Uint8Array<ArrayBuffer> {
  const slice = [0, 0, 0, 5, isKey ? 0x65 : 0x41, (number >>> 24) & 255, (number >>> 16) & 255, (number >>> 8) & 255, number & 255];
  // A slice more than once, with bytes inside that look like a delimiter.
  const extra = Array.from({ length: extraUnits }, () => [0, 0, 0, 3, isKey ? 0x65 : 0x41, 0x09, 0xf0]).flat();
  return Uint8Array.from([...DELIMITER, ...extra, ...slice]);
}

export const numberIn = (data: Uint8Array<ArrayBuffer>): number => new DataView(data.buffer, data.byteOffset).getUint32(data.byteLength - 4);

export function joined(parts: readonly Uint8Array[]): ArrayBuffer {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all.buffer;
}

export const clip = (parts: Partial<PlayableVideo> = {}): PlayableVideo => ({
  width_px: 64,
  height_px: 48,
  frame_count: 100,
  duration_s: 4,
  frame_rate: 25,
  is_constant_rate: true,
  frame_times_s: null,
  pixel_aspect: 1,
  codec: 'avc1.64001e',
  description: '',
  matrix: 'bt601',
  is_full_range: false,
  gop: 1,
  ...parts,
});

interface Asked {
  readonly start: number;
  readonly count: number;
  readonly signal: AbortSignal;
  answer(): void;
  fail(error: Error): void;
}

/** A server whose every answer the test gives. */
export class FakeApi implements VideoApi {
  readonly asked: Asked[] = [];
  readonly #gop: number;
  readonly #frameCount: number;
  /** Answers by itself. */
  isPrompt = false;

  constructor(video: PlayableVideo) {
    this.#gop = video.gop;
    this.#frameCount = video.frame_count;
  }

  samples(start: number, count: number, signal: AbortSignal): Promise<CodedRange> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      const asked: Asked = { start, count, signal, answer: () => resolve(this.range(start, count)), fail: reject };
      this.asked.push(asked);
      if (this.isPrompt) asked.answer();
    });
  }

  range(start: number, count: number): CodedRange {
    const first = start - (start % this.#gop);
    const end = Math.min(this.#frameCount, start + count);
    const units = Array.from({ length: end - first }, (_, index) => accessUnit(first + index, { isKey: (first + index) % this.#gop === 0 }));
    return { firstFrame: first, frameCount: units.length, bytes: joined(units) };
  }

  frameUrl(frame: number): string {
    return `/frames/${frame}.jpg`;
  }

  times(): Promise<Float64Array> {
    return new Promise(() => undefined);
  }

  /** The pending ones, as "start+count". */
  get open(): string[] {
    return this.asked.filter(({ signal }) => !signal.aborted).map(({ start, count }) => `${start}+${count}`);
  }
}

/** Let promises that are settled be heard. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
