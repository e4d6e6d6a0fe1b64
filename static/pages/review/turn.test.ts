import { expect, test } from 'vitest';
import type { Asset } from '../../api/types';
import { findingsOf, inTurn, nextOf } from './turn';

const asset = (asset_id: string, created_at = '2026-01-01T00:00:00Z'): Asset => ({ asset_id, created_at }) as Asset;

test('the oldest comes first', () => {
  const list = [asset('c', '2026-01-03'), asset('b', '2026-01-01'), asset('a', '2026-01-01')];
  expect(inTurn(list).map((one) => one.asset_id)).toEqual(['a', 'b', 'c']);
});

test('after the last comes the first, and one that is no longer in the list is followed by the first', () => {
  const list = [asset('a'), asset('b'), asset('c')];
  expect(nextOf(list, 'a')?.asset_id).toBe('b');
  expect(nextOf(list, 'c')?.asset_id).toBe('a');
  expect(nextOf(list, 'gone')?.asset_id).toBe('a');
  expect(nextOf([asset('a')], 'a')).toBeNull();
  expect(nextOf([], 'a')).toBeNull();
});

test('findings are counted where the report has them', () => {
  expect(findingsOf({ report: { scrub: { findings: [{ is_masked: true }, { is_masked: false }] } } })).toEqual({ found: 2, masked: 1 });
  expect(findingsOf({ report: {} })).toBeNull();
  expect(findingsOf({ report: null })).toBeNull();
});
