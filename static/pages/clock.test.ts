import { expect, test } from 'vitest';
import { clock } from './clock';

test.each([
  [0.0401, '0.0\u00a0s'],
  [2.4, '2.4\u00a0s'],
  [9.99, '9.9\u00a0s'],
  [10, '0:10'],
  [75.04, '1:15'],
  [3675, '1:01:15'],
  [14_400, '4:00:00'],
])('%d seconds are written %s', (duration_s, text) => expect(clock(duration_s)).toBe(text));
