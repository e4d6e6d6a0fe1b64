import { expect, test } from 'vitest';
import { nextIndex } from './roveCards';

// Ten cards in rows of four: 0-3, 4-7, 8-9.
test.each([
  ['ArrowRight', 3, 4],
  ['ArrowLeft', 4, 3],
  ['ArrowLeft', 0, null],
  ['ArrowRight', 9, null],
  ['ArrowDown', 1, 5],
  ['ArrowUp', 5, 1],
  ['ArrowUp', 2, null],
  ['ArrowDown', 7, 9],
  ['ArrowDown', 8, null],
  ['Home', 7, 0],
  ['End', 2, 9],
  ['End', 9, null],
  ['a', 2, null],
])('%s on card %d goes to %s', (key, at, to) => expect(nextIndex(key, at, 10, 4)).toBe(to));
