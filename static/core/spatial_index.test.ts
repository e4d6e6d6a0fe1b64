import { expect, test } from 'vitest';

import { boundsOverlap, type Bounds } from './geometry';
import { SpatialIndex } from './spatial_index';

/** A small generator of repeatable numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

test('a search finds what a look at every box finds, through thousands of edits', () => {
  const next = numbers(7);
  const index = new SpatialIndex();
  const plain = new Map<string, Bounds>();
  for (let step = 0; step < 6000; step++) {
    const id = `a${Math.floor(next() * 1500)}`;
    if (next() < 0.25) {
      index.delete(id);
      plain.delete(id);
    } else {
      const minX = next() * 1000;
      const minY = next() * 1000;
      const box = { minX, minY, maxX: minX + next() * 50, maxY: minY + next() * 50 };
      index.set(id, box);
      plain.set(id, box);
    }
    if (step % 97 !== 0) continue;
    const window = { minX: next() * 900, minY: next() * 900, maxX: 0, maxY: 0 };
    window.maxX = window.minX + 150;
    window.maxY = window.minY + 150;
    const expected = [...plain].filter(([, box]) => boundsOverlap(box, window)).map(([found]) => found);
    expect(index.search(window).sort()).toEqual(expected.sort());
    expect(index.size).toBe(plain.size);
  }
});

test('an empty index finds nothing', () => {
  expect(new SpatialIndex().search({ minX: 0, minY: 0, maxX: 1, maxY: 1 })).toEqual([]);
});
