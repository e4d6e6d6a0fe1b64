import { describe, expect, test } from 'vitest';
import { parseDestination, timeText } from './time_text';

describe('times', () => {
  test.each([
    [0, '0:00.000'],
    [75.04, '1:15.040'],
    [3675.04, '1:01:15.040'],
    [59.9999, '0:59.999'],
    [0.1 + 0.2, '0:00.300'],
    [14_400, '4:00:00.000'],
  ])('%s s are written %s', (time_s, text) => {
    expect(timeText(time_s)).toBe(text);
  });

  test('of a ruler have no milliseconds', () => {
    expect(timeText(61.9, false)).toBe('1:01');
  });
});

describe('a typed destination', () => {
  test.each([
    ['1200', { kind: 'frame', frame: 1200 }],
    [' 0 ', { kind: 'frame', frame: 0 }],
    ['12.5s', { kind: 'time', time_s: 12.5 }],
    ['12,5 s', { kind: 'time', time_s: 12.5 }],
    ['1:15', { kind: 'time', time_s: 75 }],
    ['1:01:15.04', { kind: 'time', time_s: 3675.04 }],
    ['75:00', { kind: 'time', time_s: 4500 }],
    ['', null],
    ['-3', null],
    ['twelve', null],
    ['1:2:3:4', null],
    ['12.5', null],
  ])('“%s” is understood', (text, destination) => {
    expect(parseDestination(text)).toEqual(destination);
  });
});
