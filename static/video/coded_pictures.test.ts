import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CodedPictures } from './coded_pictures';
import type { Codec, CodecEvents } from './decoder';
import type { PictureWish } from './pictures';
import type { PlayableVideo } from './playable';
import type { Sample } from './samples';
import { clip, FakeApi, numberIn, settled } from './testing_samples';

class FakeFrame {
  static open = 0;
  readonly number: number;
  readonly visibleRect: { width: number; height: number };
  isClosed = false;

  constructor(number: number, width: number) {
    this.number = number;
    this.visibleRect = { width, height: 48 };
    FakeFrame.open += 1;
  }

  close(): void {
    if (!this.isClosed) FakeFrame.open -= 1;
    this.isClosed = true;
  }
}

/** Decodes like the real thing: refuses to begin without a key frame, and gives pictures when the test says so. */
class FakeCodec implements Codec {
  readonly fed: number[] = [];
  pending: number[] = [];
  needsKey = true;
  resets = 0;
  flushes = 0;
  isClosed = false;
  width = 64;
  readonly events: CodecEvents;

  constructor(events: CodecEvents) {
    this.events = events;
  }

  decode(number: number, sample: Sample): void {
    if (this.needsKey && !sample.isKey) throw new Error('a key frame is needed');
    expect(numberIn(sample.data)).toBe(number);
    this.needsKey = false;
    this.fed.push(number);
    this.pending.push(number);
  }

  give(number = this.pending[0]!): void {
    this.pending = this.pending.filter((one) => one !== number);
    this.events.onFrame(number, new FakeFrame(number, this.width) as unknown as VideoFrame);
  }

  giveAll(): void {
    while (this.pending.length > 0) this.give();
  }

  async flush(): Promise<void> {
    this.flushes += 1;
    this.needsKey = true;
    this.giveAll();
    await Promise.resolve();
  }

  reset(): void {
    this.resets += 1;
    this.needsKey = true;
    this.pending = [];
  }

  close(): void {
    this.isClosed = true;
  }
}

const wish = (...frames: number[]): PictureWish => ({ frames, direction: 1, ahead: 30, behind: 0 });

function pictures(video: PlayableVideo = clip()) {
  const api = new FakeApi(video);
  api.isPrompt = true;
  const codecs: FakeCodec[] = [];
  const unusable: string[] = [];
  const source = new CodedPictures(
    video,
    api,
    (events) => {
      codecs.push(new FakeCodec(events));
      return codecs.at(-1)!;
    },
    { onPicture: () => undefined, onTrouble: () => undefined, onUnusable: (error) => unusable.push(error.message) },
  );
  return { api, source, codecs, unusable };
}

beforeEach(() => {
  FakeFrame.open = 0;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

describe('decoded pictures', () => {
  test('are known by their number, in whatever turn they come', async () => {
    const { source, codecs } = pictures();
    source.want(wish(5, 6, 7));
    await settled();
    const [codec] = codecs;
    codec!.give(7);
    codec!.give(5);
    expect([5, 6, 7].map((number) => source.has(number))).toEqual([true, false, true]);
    const taken = source.take(7)!;
    expect(taken.number).toBe(7);
    expect((taken.image as unknown as FakeFrame).number).toBe(7);
  });

  test('are all closed: taken, unwanted, late and at the end', async () => {
    const { source, codecs } = pictures();
    source.want(wish(5, 6, 7));
    await settled();
    const [codec] = codecs;
    codec!.give(5);
    codec!.give(6);
    source.take(5)!.image.close();
    source.want(wish(7, 8));
    codec!.give(7);
    source.want(wish(8));
    await settled();
    codec!.giveAll();
    source.close();
    expect(FakeFrame.open).toBe(0);
    expect(codec!.isClosed).toBe(true);
  });

  test('a jump begins the decoder anew instead of waiting for what nobody wants', async () => {
    const { source, codecs } = pictures();
    source.want(wish(5, 6, 7));
    await settled();
    source.want(wish(80));
    await settled();
    expect(codecs[0]!.resets).toBe(1);
    expect(codecs[0]!.pending).toEqual([80]);
  });

  test('one that the decoder holds back is fetched out of it', async () => {
    const { source, codecs } = pictures();
    source.want(wish(5));
    await settled();
    await vi.advanceTimersByTimeAsync(60);
    expect(codecs[0]!.flushes).toBe(1);
    expect(source.has(5)).toBe(true);
  });

  test('of dependent frames are decoded from their key frame on, and go on from there', async () => {
    const { source, codecs } = pictures(clip({ gop: 12 }));
    source.want(wish(30));
    await settled();
    const [codec] = codecs;
    expect(codec!.fed).toEqual([24, 25, 26, 27, 28, 29, 30]);
    codec!.giveAll();
    expect(source.has(30)).toBe(true);
    expect(FakeFrame.open).toBe(1);
    source.want(wish(31));
    await settled();
    expect(codec!.fed).toEqual([24, 25, 26, 27, 28, 29, 30, 31]);
  });

  test('of dependent frames are decoded from their key frame where the way from the last one is not at hand', async () => {
    const { source, codecs, api } = pictures(clip({ gop: 12 }));
    const still = (frame: number): PictureWish => ({ frames: [frame], direction: 1, ahead: 0, behind: 0 });
    source.want(still(30));
    await settled();
    source.want(still(20));
    await settled();
    codecs[0]!.giveAll();
    // From 20 on 24 … 28 are near, but 21 … 23 are not there.
    source.want(still(28));
    await settled();
    codecs[0]!.giveAll();
    expect(source.has(28)).toBe(true);
    expect(api.asked).toHaveLength(2);
  });

  test('of dependent frames backwards come from one pass over their group', async () => {
    const { source, codecs } = pictures(clip({ gop: 12 }));
    source.want({ frames: [35, 34, 33, 32], direction: -1, ahead: 30, behind: 0 });
    await settled();
    codecs[0]!.giveAll();
    expect(codecs[0]!.fed).toEqual([24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35]);
    expect([35, 34, 33, 32].every((number) => source.has(number))).toBe(true);
  });

  test('after a flush begin at a key frame again', async () => {
    const { source, codecs } = pictures(clip({ gop: 12 }));
    source.want(wish(25));
    await settled();
    await vi.advanceTimersByTimeAsync(60);
    source.want(wish(26));
    await settled();
    expect(codecs[0]!.fed).toEqual([24, 25, 24, 25, 26]);
  });

  test('an error later is met with a new decoder, and no frame is lost', async () => {
    const { source, codecs, unusable } = pictures();
    source.want(wish(5));
    await settled();
    codecs[0]!.give();
    source.want(wish(6));
    await settled();
    codecs[0]!.events.onError(new Error('reclaimed'));
    codecs[1]!.giveAll();
    expect(source.has(6)).toBe(true);
    expect(unusable).toEqual([]);
  });

  test('a decoder that gives nothing at all is no decoder', async () => {
    const { source, codecs, unusable } = pictures();
    source.want(wish(5));
    await settled();
    codecs[0]!.flush = () => new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    expect(unusable).toEqual(['The browser does not decode the first frame.']);
  });

  test('a first frame of another size is no proof', async () => {
    const { source, codecs, unusable } = pictures();
    source.want(wish(5));
    await settled();
    codecs[0]!.width = 32;
    codecs[0]!.give();
    expect(unusable).toEqual(['The browser decodes the frames in another size.']);
    expect(FakeFrame.open).toBe(0);
  });

  test('an error at the first frame is an answer', async () => {
    const { source, codecs, unusable } = pictures();
    source.want(wish(5));
    await settled();
    codecs[0]!.events.onError(new Error('not supported'));
    expect(unusable).toEqual(['not supported']);
  });
});
