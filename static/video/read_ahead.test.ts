import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ReadAhead, type Wish } from './read_ahead';
import { accessUnit, clip, FakeApi, joined, numberIn, settled } from './testing_samples';

const still = (frame: number, parts: Partial<Wish> = {}): Wish => ({ frames: [frame], direction: 1, ahead: 0, behind: 0, ...parts });

function reader(frameCount = 1000, gop = 1): { api: FakeApi; reader: ReadAhead; trouble: (string | null)[]; damage: string[] } {
  const api = new FakeApi(clip({ frame_count: frameCount, gop }));
  const trouble: (string | null)[] = [];
  const damage: string[] = [];
  const readAhead = new ReadAhead(api, frameCount, {
    onSamples: () => undefined,
    onTrouble: (error) => trouble.push(error?.message ?? null),
    onDamaged: (error) => damage.push(error.message),
  });
  return { api, reader: readAhead, trouble, damage };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('reading ahead', () => {
  test('asks for the frame that someone waits for alone, and for its neighbours beside it', () => {
    const { api, reader: r } = reader();
    r.want(still(500, { ahead: 20 }));
    expect(api.open).toEqual(['500+1', '501+20']);
  });

  test('fills the way back when playing backwards', () => {
    const { api, reader: r } = reader();
    r.want(still(500, { direction: -1, ahead: 20 }));
    expect(api.open).toEqual(['500+1', '480+20']);
  });

  test('does not ask twice for what is coming or here', async () => {
    const { api, reader: r } = reader();
    r.want(still(500, { ahead: 20 }));
    for (const asked of api.asked) asked.answer();
    await settled();
    r.want(still(500, { ahead: 20 }));
    r.want(still(505, { ahead: 15 }));
    expect(api.asked).toHaveLength(2);
    expect(numberIn(r.sample(517)!.data)).toBe(517);
  });

  test('fetches in pieces while playing, not frame by frame', async () => {
    const { api, reader: r } = reader();
    api.isPrompt = true;
    for (let frame = 0; frame < 500; frame += 1) {
      r.want(still(frame, { ahead: 60 }));
      await settled();
      for (let next = frame; next < frame + 25; next += 1) expect(r.sample(next), String(next)).not.toBeNull();
    }
    expect(api.asked.length).toBeLessThan(25);
  });

  test('calls off what nobody wants any more', () => {
    const { api, reader: r } = reader();
    r.want(still(500, { ahead: 20 }));
    r.want(still(900));
    expect(api.asked.slice(0, 2).map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(api.open).toEqual(['900+1']);
  });

  test('leaves a request alone that still brings something wanted', () => {
    const { api, reader: r } = reader();
    r.want({ frames: [500], direction: 1, ahead: 0, behind: 0 });
    r.want({ frames: [900, 500], direction: 1, ahead: 0, behind: 0 });
    expect(api.open).toEqual(['500+1', '900+1']);
  });

  test('never asks beyond the clip', () => {
    const { api, reader: r } = reader(10);
    r.want(still(8, { ahead: 50, behind: 50 }));
    for (const { start, count } of api.asked) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start + count).toBeLessThanOrEqual(10);
    }
  });

  test('finds the key frame that a frame depends on', async () => {
    const { api, reader: r } = reader(100, 12);
    r.want(still(30));
    api.asked[0]!.answer();
    await settled();
    expect(r.fromKeyFrame(30)!.map(({ data }) => numberIn(data))).toEqual([24, 25, 26, 27, 28, 29, 30]);
    expect(r.fromKeyFrame(31)).toBeNull();
  });

  test('asks again for a frame that is here without those that it depends on', async () => {
    const { api, reader: r } = reader(100, 12);
    r.want(still(30));
    api.asked[0]!.answer();
    await settled();
    // An answer that takes the key frame's place and is none: as if it were forgotten.
    api.range = () => ({ firstFrame: 24, frameCount: 1, bytes: joined([accessUnit(24, { isKey: false })]) });
    r.want(still(99));
    api.asked[1]!.answer();
    await settled();
    expect(r.fromKeyFrame(30)).toBeNull();
    r.want(still(30));
    expect(api.open.at(-1)).toBe('30+1');
  });

  test('tries again after a failure, and says so only of what is wanted now', async () => {
    const { api, reader: r, trouble } = reader();
    r.want(still(500));
    api.asked[0]!.fail(new Error('offline'));
    await settled();
    expect(trouble).toEqual(['offline']);
    expect(api.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(api.open.at(-1)).toBe('500+1');
    api.asked[1]!.answer();
    await settled();
    expect(trouble).toEqual(['offline', null]);
    expect(r.sample(500)).not.toBeNull();
  });

  test('takes no frames for others: an answer that begins behind the question is damage', async () => {
    const { api, reader: r, damage } = reader();
    api.range = () => ({ firstFrame: 501, frameCount: 0, bytes: new ArrayBuffer(0) });
    r.want(still(500));
    api.asked[0]!.answer();
    await settled();
    await vi.advanceTimersByTimeAsync(500);
    api.asked[1]!.answer();
    await settled();
    expect(damage).toEqual(['The server sent other frames than were asked for.']);
  });

  test('keeps to its bytes on a clip of heavy frames', async () => {
    const { api, reader: r } = reader(100_000);
    const heavy = new Uint8Array(3_000_000);
    heavy.set([0, 0, 0, 2, 0x09, 0xf0]);
    new DataView(heavy.buffer).setUint32(6, heavy.length - 10);
    heavy[10] = 0x65;
    api.range = (start) => ({ firstFrame: start, frameCount: 1, bytes: heavy.buffer });
    api.isPrompt = true;
    for (let frame = 0; frame < 200; frame += 1) {
      r.want(still(frame * 100));
      await settled();
    }
    const kept = Array.from({ length: 200 }, (_, index) => index * 100).filter((frame) => r.sample(frame) !== null);
    expect(kept.length).toBeLessThanOrEqual(34);
    expect(kept).toContain(19_900);
  });

  test('that is closed asks for nothing and forgets everything', async () => {
    const { api, reader: r } = reader();
    r.want(still(1, { ahead: 5 }));
    r.close();
    expect(api.open).toEqual([]);
    await settled();
    expect(r.sample(1)).toBeNull();
  });
});
