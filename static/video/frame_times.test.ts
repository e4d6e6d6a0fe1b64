import { describe, expect, test } from 'vitest';
import { FrameTimes } from './frame_times';
import { clip } from './testing_samples';

const variable = (): FrameTimes => new FrameTimes(clip({ frame_count: 5, duration_s: 1, frame_rate: 5, is_constant_rate: false, frame_times_s: [0, 0.1, 0.1, 0.5, 0.9] }));

describe('frame times', () => {
  test('of a constant rate need no table', () => {
    const times = new FrameTimes(clip());
    expect(times.areExact).toBe(true);
    expect(times.timeOf(75)).toBe(3);
  });

  test.each([23.976, 24, 25, 29.97, 30, 59.94, 1000 / 33])('at %s per second lead back to their frames', (frame_rate) => {
    const times = new FrameTimes(clip({ frame_rate, frame_count: 400_000, duration_s: 400_000 / frame_rate }));
    for (let frame = 0; frame < 400_000; frame += 397) expect(times.frameAt(times.timeOf(frame))).toBe(frame);
  });

  test('of a variable rate are the table’s', () => {
    const times = variable();
    expect([0, 1, 2, 3, 4].map((frame) => times.timeOf(frame))).toEqual([0, 0.1, 0.1, 0.5, 0.9]);
    expect([-1, 0, 0.09, 0.1, 0.3, 0.5, 7].map((time_s) => times.frameAt(time_s))).toEqual([0, 0, 0, 2, 2, 3, 4]);
  });

  test('of a variable rate are estimates until the table has come', () => {
    const times = new FrameTimes(clip({ is_constant_rate: false, frame_count: 3 }));
    expect(times.areExact).toBe(false);
    times.set(new Float64Array([0, 0.5, 0.6]));
    expect(times.areExact).toBe(true);
    expect(times.timeOf(1)).toBe(0.5);
  });

  test('of another clip are not taken', () => {
    const times = new FrameTimes(clip({ is_constant_rate: false }));
    times.set([0, 1, 2]);
    expect(times.areExact).toBe(false);
  });

  test('say how long each frame stays, the last until the clip’s end', () => {
    const times = variable();
    expect(times.durationOf(0)).toBeCloseTo(0.1, 12);
    expect(times.durationOf(1)).toBe(0);
    expect(times.durationOf(4)).toBeCloseTo(0.1, 12);
  });
});
