import { expect, test } from 'vitest';
import { framesText, ownFateText, pictureWords, placeText } from './words';

const box = (first_frame: number | null, last_frame: number | null) => ({ x0: 10, y0: 16, x1: 822, y1: 40, first_frame, last_frame });

test.each([
  [null, null, 'all frames'],
  [0, 99, 'all frames'],
  [12, 12, 'frame 12'],
  [12, null, 'frames 12–99'],
  [null, 40, 'frames 0–40'],
])('frames %s to %s of 100 are %s', (first, last, words) => expect(framesText(box(first, last), 100)).toBe(words));

test('a place is its size and its upper left corner', () => expect(placeText(box(null, null)).replaceAll('\u00a0', ' ')).toBe('812 × 24 px at 10, 16'));

test.each([
  ['minimum', null, 'Darkest'],
  ['minimum-250-499', null, 'Darkest (250–499)'],
  ['frame-120', 120, 'Frame 120'],
  ['thumbnail', null, 'Thumbnail'],
  ['something-new', null, 'Something new'],
])('a picture named %s is called %s', (name, frame, words) => expect(pictureWords({ name, frame }).name).toBe(words));

test.each([
  ['will-mask', true, 'Not sent yet'],
  ['masked', true, 'Masked'],
  ['masked', false, 'Asked for'],
] as const)('a box that is %s, with a result: %s, is “%s”', (fate, hasResult, words) => expect(ownFateText(fate, hasResult)).toBe(words));
