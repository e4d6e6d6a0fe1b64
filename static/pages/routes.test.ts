import { expect, test } from 'vitest';
import { addressOf, routeOf, safeNext } from './routes';

test.each([
  ['/', { page: 'cases' }],
  ['/intake/', { page: 'intake' }],
  ['/review', { page: 'queue' }],
  ['/review/', { page: 'queue' }],
  ['/review/a1b2', { page: 'review', assetId: 'a1b2' }],
  ['/review/a/b', { page: 'not-found' }],
  ['/slides/a1b2', { page: 'slide', assetId: 'a1b2' }],
  ['/slides/a1b2/', { page: 'slide', assetId: 'a1b2' }],
  ['/videos/a1b2', { page: 'video', assetId: 'a1b2' }],
  ['/videos/', { page: 'not-found' }],
  ['/slides/', { page: 'not-found' }],
  ['/slides/a/b', { page: 'not-found' }],
  ['/slides/..%2f', { page: 'not-found' }],
  ['/constructor', { page: 'not-found' }],
])('%s leads to %o', (path, route) => expect(routeOf(path)).toEqual(route));

test.each([
  ['/slides/a1b2?x=1', '/slides/a1b2?x=1'],
  ['/videos/a1b2', '/videos/a1b2'],
  ['/', '/'],
  [null, '/'],
  ['', '/'],
  ['//evil.example/slides/a', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  ['/login', '/'],
  ['/nowhere', '/'],
])('after signing in, %s goes to %s', (next, address) => expect(safeNext(next)).toBe(address));

test.each(['slide', 'video'] as const)('the address of a %s leads to it', (kind) =>
  expect(routeOf(addressOf({ kind, asset_id: 'a1b2' }))).toEqual({ page: kind, assetId: 'a1b2' }));
