import { expect, test } from 'vitest';
import { bytes, count, duration, power, resolution, sizeMm, sizePx } from './format';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1 KB'],
  [1536, '1.54 KB'],
  [999_400, '999 KB'],
  [999_600, '1 MB'],
  [60_000_000, '60 MB'],
  [1_234_567_890, '1.23 GB'],
])('%d bytes are %s', (amount, words) => expect(plain(bytes(amount))).toBe(words));

test.each([
  [0, '1 s'],
  [7.2, '8 s'],
  [59, '1 min'],
  [61, '1 min'],
  [600, '10 min'],
  [3600, '1 h'],
  [4800, '1 h 20 min'],
])('%d seconds are %s', (seconds, words) => expect(plain(duration(seconds))).toBe(words));

test('a slide has a size in pixels and one on glass', () => {
  expect(plain(sizePx(46000, 32914, 'en'))).toBe('46,000 × 32,914 px');
  expect(plain(sizeMm(46000, 32914, 0.499))).toBe('23.0 × 16.4 mm');
  expect(plain(sizeMm(16, 16, 0.5))).toBe('8 × 8 µm');
});

test('numbers lose their trailing zeros', () => {
  expect(plain(resolution(0.25))).toBe('0.25 µm/px');
  expect(plain(resolution(0.2521))).toBe('0.252 µm/px');
  expect(power(40)).toBe('40×');
  expect(power(1.25)).toBe('1.3×');
});

test('one is singular', () => {
  expect(count(1, 'slide')).toBe('1 slide');
  expect(count(0, 'slide')).toBe('0 slides');
  expect(count(2, 'class', 'classes')).toBe('2 classes');
});
