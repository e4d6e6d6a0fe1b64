import { expect, test } from 'vitest';
import type { Asset } from '../api/types';
import { refreshed } from './refreshed';

const asset = (asset_id: string, created_at: string, annotation_count = 0): Asset => ({ asset_id, created_at, annotation_count }) as Asset;
const ids = (list: readonly Asset[]): string => list.map((one) => one.asset_id).join('');
const a = asset('a', '2026-11-21T05');
const b = asset('b', '2026-11-21T04');
const c = asset('c', '2026-11-21T03');
const d = asset('d', '2026-11-21T02');

test('what is new stands in its place', () => {
  expect(ids(refreshed([a, c], { items: [a, b, c], next_cursor: null }))).toBe('abc');
  expect(ids(refreshed([], { items: [b], next_cursor: null }))).toBe('b');
});

test('what is gone from the first page goes', () => {
  expect(ids(refreshed([a, b, c, d], { items: [a, c], next_cursor: 'x' }))).toBe('acd');
  expect(ids(refreshed([a, b], { items: [], next_cursor: null }))).toBe('');
});

test('what was loaded beyond the first page stays, unless that page is all there is', () => {
  expect(ids(refreshed([a, b, c, d], { items: [a, b], next_cursor: 'x' }))).toBe('abcd');
  expect(ids(refreshed([a, b, c, d], { items: [a, b], next_cursor: null }))).toBe('ab');
});

test('known ones are as they are now', () => {
  expect(refreshed([a, b], { items: [a, asset('b', b.created_at, 7)], next_cursor: null })[1]?.annotation_count).toBe(7);
});

test('of two that came in the same moment, none is lost or doubled', () => {
  const twin = asset('ba', b.created_at);
  expect(ids(refreshed([twin, b, c], { items: [twin], next_cursor: 'x' }))).toBe('babc');
});
