import { expect, test } from 'vitest';
import type { Finding } from '../../api/review';
import { boxBetween } from './boxes';
import { draftOf, withBox } from './draft';
import { itemsOf } from './items';

const EXTENT = { width_px: 640, height_px: 480 };
const box = (x: number) => boxBetween({ x, y: 10 }, { x: x + 50, y: 30 }, EXTENT);
const finding = (x: number, more: Partial<Finding>): Finding => ({ ...box(x), reason: 'text', is_masked: true, score: null, space: 'asset', ...more });

test('text comes first, own boxes last, and the numbers go through', () => {
  const review = { findings: [finding(1, { reason: 'outside_sector' }), finding(60, {}), finding(120, {})], added: [], removed: [] };
  const items = itemsOf(review, withBox(draftOf(review), box(300)).draft);
  expect(items.map((item) => [item.number, item.id, item.fate])).toEqual([
    [1, 'finding 1', 'masked'],
    [2, 'finding 2', 'masked'],
    [3, 'finding 0', 'masked'],
    [4, 'own 1', 'will-mask'],
  ]);
});

test('a box that was scrubbed is listed once, as the reviewer’s own', () => {
  const review = { findings: [finding(8, { reason: 'reviewer' })], added: [box(8)], removed: [] };
  const items = itemsOf(review, draftOf(review));
  expect(items.map((item) => [item.kind, item.fate])).toEqual([['own', 'masked']]);
});
