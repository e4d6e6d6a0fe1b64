import { describe, expect, test } from 'vitest';
import { Seek } from './seek';

const all = (): boolean => true;

describe('a seek', () => {
  test('straight to a frame wants that one alone', () => {
    const seek = new Seek(1000);
    void seek.to(500, 3);
    expect(seek.wanted(3)).toEqual([500]);
    expect(seek.drawable(3, all)).toBe(500);
  });

  test('is over once its frame is drawn, and says which', async () => {
    const seek = new Seek(1000);
    const shown = seek.to(500, 3);
    seek.drawn(500);
    expect(await shown).toBe(500);
    expect(seek.target).toBeNull();
  });

  test('to where one is already is over at once', async () => {
    expect(await new Seek(10).to(3, 3)).toBe(3);
  });

  test('that a newer one replaces says what is on the screen', async () => {
    const seek = new Seek(1000);
    const older = seek.to(500, 3);
    void seek.to(700, 3);
    expect(await older).toBe(3);
  });

  test('that is under way stays wanted behind the newest: whoever drags faster than frames come sees some', () => {
    const seek = new Seek(10_000);
    void seek.to(1000, 0);
    void seek.to(2000, 0);
    void seek.to(3000, 0);
    expect(seek.wanted(0)).toEqual([3000, 1000]);
    expect(seek.drawable(0, (frame) => frame === 1000)).toBe(1000);
    seek.drawn(1000);
    void seek.to(4000, 1000);
    expect(seek.wanted(1000)).toEqual([4000, 3000]);
  });

  test('through a few frames stops at each', () => {
    const seek = new Seek(1000);
    void seek.through(14, 10);
    const drawn: number[] = [];
    for (let shown = 10; seek.target !== null; ) {
      shown = seek.drawable(shown, all)!;
      seek.drawn(shown);
      drawn.push(shown);
    }
    expect(drawn).toEqual([11, 12, 13, 14]);
  });

  test.each([9, 16, 17, 40, 64, -40])('through %s frames comes there in at most eight pictures that were all asked for at first', (way) => {
    const seek = new Seek(1000);
    void seek.through(500 + way, 500);
    const asked = seek.wanted(500);
    const drawn: number[] = [];
    for (let shown = 500; seek.target !== null; ) {
      shown = seek.drawable(shown, all)!;
      seek.drawn(shown);
      drawn.push(shown);
    }
    expect(drawn.length).toBeLessThanOrEqual(8);
    expect(drawn).toEqual(asked);
    expect(drawn.at(-1)).toBe(500 + way);
  });

  test('through very many jumps', () => {
    const seek = new Seek(100_000);
    void seek.through(90_000, 0);
    expect(seek.wanted(0)).toEqual([90_000]);
  });

  test('does not wait on the way when its end is there first', () => {
    const seek = new Seek(1000);
    void seek.through(14, 10);
    expect(seek.drawable(10, (frame) => frame === 14)).toBe(14);
  });
});
