import { expect, test } from 'vitest';
import type { Review } from '../../api/review';
import { picturesOf } from './picturesOf';

const review = (more: Partial<Review>): Review => ({ kind: 'video', pictures: [], width_px: 640, height_px: 480, ...more }) as Review;
const awaiting = { asset_id: 'a', state: 'awaiting_release' } as const;

test('where no picture of the original was kept, the result is looked at alone', () => {
  expect(picturesOf(review({}), awaiting)).toMatchObject([{ name: 'result', width_px: 640, scale: 1, before_url: null, after_url: '/api/v1/videos/a/frames/0.jpg' }]);
});

test('a slide is looked at as a whole, and boxes on it still count its own pixels', () => {
  const [picture] = picturesOf(review({ kind: 'slide', width_px: 40_960, height_px: 20_480 }), awaiting);
  expect(picture).toMatchObject({ width_px: 1024, height_px: 512, scale: 40, after_url: '/api/v1/slides/a/thumbnail.jpg' });
});

test('a refused asset without pictures has nothing to look at', () => {
  expect(picturesOf(review({}), { asset_id: 'a', state: 'refused' })).toEqual([]);
});

const names = (frame_count: number, ...given: string[]): string[] => {
  const pictures = given.map((name) => ({ name, frame: name.startsWith('frame') ? 0 : null })) as unknown as Review['pictures'];
  return picturesOf(review({ pictures, frame_count }), awaiting).map(({ name }) => name);
};

test('one begins with what can be compared pixel by pixel, then with what shows most', () => {
  expect(names(90, 'minimum-0-44', 'maximum-0-44', 'median', 'frame-0', 'frame-40')).toEqual(['frame-0', 'frame-40', 'maximum-0-44', 'minimum-0-44', 'median']);
  expect(names(1, 'thumbnail', 'macro')).toEqual(['thumbnail', 'macro']);
});

test('of a single frame nobody looks at the same picture four times', () => expect(names(1, 'minimum', 'maximum', 'median', 'frame-0')).toEqual(['frame-0']));
