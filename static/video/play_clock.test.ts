import { describe, expect, test } from 'vitest';
import { FrameTimes } from './frame_times';
import { PlayClock } from './play_clock';
import { clip } from './testing_samples';

const UNEVEN = [0, 0.04, 0.05, 0.25, 0.3, 0.34];

function clock(parts: { speed?: number; from?: number; range?: { first: number; last: number }; loops?: boolean; rate?: number; count?: number; times?: number[] } = {}): PlayClock {
  const { speed = 1, from = 0, loops = false, rate = 25, times = null } = parts;
  const count = times?.length ?? parts.count ?? 100;
  const video = clip({ frame_rate: rate, frame_count: count, duration_s: times ? 0.4 : count / rate, is_constant_rate: !times, frame_times_s: times });
  return new PlayClock({ times: new FrameTimes(video), range: parts.range ?? { first: 0, last: count - 1 }, loops, speed, frameRate: rate }, from, 1000);
}

const course = (of: PlayClock, count: number): [number, number][] => of.ahead(count).map(({ frame, dueMs }) => [frame, Math.round((dueMs - 1000) * 1000) / 1000]);

describe('the clock of playing', () => {
  test('keeps the source’s own distances', () => {
    expect(course(clock({ times: UNEVEN }), 9)).toEqual([[1, 40], [2, 50], [3, 250], [4, 300], [5, 340]]);
  });

  test('keeps them at another speed', () => {
    expect(course(clock({ times: UNEVEN, speed: 0.5 }), 3)).toEqual([[1, 80], [2, 100], [3, 500]]);
  });

  test('keeps them backwards', () => {
    expect(course(clock({ times: UNEVEN, speed: -1, from: 5 }), 9)).toEqual([[4, 40], [3, 90], [2, 290], [1, 300], [0, 340]]);
  });

  test('names every frame while a screen can show them', () => {
    expect(clock({ rate: 60 }).stride).toBe(1);
    expect(clock({ rate: 25, speed: 2 }).stride).toBe(1);
  });

  test('passes frames over evenly where no screen could', () => {
    const fast = clock({ rate: 25, speed: 8, count: 10 });
    expect(fast.stride).toBe(4);
    expect(course(fast, 9)).toEqual([[4, 20], [8, 40], [9, 45]]);
  });

  test('ends with the last frame', () => {
    expect(clock({ from: 99 }).next).toBeNull();
    expect(clock({ from: 0, speed: -1 }).next).toBeNull();
  });

  test('begins a range anew after its last frame has stayed its time', () => {
    expect(course(clock({ from: 19, range: { first: 10, last: 20 }, loops: true }), 3)).toEqual([[20, 40], [10, 80], [11, 120]]);
  });

  test('repeats a range backwards too', () => {
    expect(course(clock({ from: 11, range: { first: 10, last: 20 }, loops: true, speed: -1 }), 3)).toEqual([[10, 40], [20, 80], [19, 120]]);
  });

  test('begins with a range’s first frame when it comes from outside', () => {
    expect(course(clock({ from: 9, range: { first: 10, last: 20 } }), 2)).toEqual([[10, 0], [11, 40]]);
    expect(course(clock({ from: 21, range: { first: 10, last: 20 }, speed: -1 }), 2)).toEqual([[20, 0], [19, 40]]);
  });

  test('of a loop of two frames does not name a frame twice ahead', () => {
    expect(course(clock({ range: { first: 0, last: 1 }, loops: true }), 8)).toEqual([[1, 40], [0, 80]]);
  });

  test('of one frame alone has nothing to do', () => {
    expect(clock({ range: { first: 5, last: 5 }, from: 5, loops: true }).next).toBeNull();
  });

  test('that slips keeps the distances of what follows', () => {
    const late = clock();
    late.slip(70);
    expect(course(late, 2)).toEqual([[1, 110], [2, 150]]);
  });
});
