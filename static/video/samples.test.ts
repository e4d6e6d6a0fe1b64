import { describe, expect, test } from 'vitest';
import { PlaybackError } from './playable';
import { splitSamples } from './samples';
import { accessUnit, joined } from './testing_samples';

describe('an answer of coded samples', () => {
  test('is cut where a delimiter begins a frame, whatever else a frame holds', () => {
    const frames = [accessUnit(0, { extraUnits: 3 }), accessUnit(1), accessUnit(2, { isKey: false })];
    const samples = splitSamples(joined(frames), 3);
    expect(samples.map((sample) => [...sample.data])).toEqual(frames.map((frame) => [...frame]));
    expect(samples.map((sample) => sample.isKey)).toEqual([true, true, false]);
  });

  test('of nothing holds nothing', () => {
    expect(splitSamples(new ArrayBuffer(0), 0)).toEqual([]);
  });

  test('cut off anywhere is refused', () => {
    const whole = joined([accessUnit(0), accessUnit(1)]);
    for (let length = 0; length < whole.byteLength; length += 1) {
      expect(() => splitSamples(whole.slice(0, length), 2), `${length} bytes`).toThrow(PlaybackError);
    }
  });

  test('with a length beyond its end is refused and not waited for', () => {
    const bytes = joined([accessUnit(0)]);
    new DataView(bytes).setUint32(0, 0xffff_ffff);
    expect(() => splitSamples(bytes, 1)).toThrow('ends within a unit');
  });

  test('with an empty unit is refused', () => {
    expect(() => splitSamples(new Uint8Array([0, 0, 0, 0]).buffer, 1)).toThrow('holds an empty unit');
  });

  test('that does not begin with a frame is refused', () => {
    expect(() => splitSamples(joined([accessUnit(0).subarray(6)]), 1)).toThrow('does not begin with a frame');
  });

  test('of another number of frames than the header says is refused', () => {
    expect(() => splitSamples(joined([accessUnit(0), accessUnit(1)]), 3)).toThrow('holds 2 frames and not 3');
  });
});
