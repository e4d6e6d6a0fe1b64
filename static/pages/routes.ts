/** Addresses and what they show. Pure: the router adds the browser's history. */
import type { Permission } from '../api/permission';
import type { Asset } from '../api/types';

export type Route =
  | { page: 'cases' }
  | { page: 'login' }
  | { page: 'intake' }
  | { page: 'queue' }
  | { page: 'review'; assetId: string }
  | { page: 'slide'; assetId: string }
  | { page: 'video'; assetId: string }
  | { page: 'classes' }
  | { page: 'users' }
  | { page: 'audit' }
  | { page: 'not-found' };

const FIXED: Record<string, Route> = {
  '/': { page: 'cases' },
  '/login': { page: 'login' },
  '/intake': { page: 'intake' },
  '/review': { page: 'queue' },
  '/admin/classes': { page: 'classes' },
  '/admin/users': { page: 'users' },
  '/audit': { page: 'audit' },
};

/** What each page needs; a page that is not named needs a session only. */
export const NEEDS: Partial<Record<Route['page'], Permission>> = {
  cases: 'asset.list',
  intake: 'asset.intake',
  queue: 'asset.release',
  review: 'asset.release',
  slide: 'asset.view',
  video: 'asset.view',
  classes: 'ontology.write',
  users: 'account.manage',
  audit: 'audit.read',
};

export const TITLES: Record<Route['page'], string> = {
  cases: 'Cases',
  login: 'Sign in',
  intake: 'Intake',
  queue: 'Review',
  review: 'Review',
  slide: 'Slide',
  video: 'Video',
  classes: 'Classes',
  users: 'People',
  audit: 'Audit log',
  'not-found': 'Not found',
};

export function routeOf(path: string): Route {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const fixed = FIXED[trimmed];
  if (fixed) return fixed;
  const review = /^\/review\/([A-Za-z0-9_-]+)$/.exec(trimmed);
  if (review?.[1]) return { page: 'review', assetId: review[1] };
  const asset = /^\/(slide|video)s\/([A-Za-z0-9_-]+)$/.exec(trimmed);
  return asset?.[2] ? { page: asset[1] as 'slide' | 'video', assetId: asset[2] } : { page: 'not-found' };
}

/** Where an asset is looked at. */
export const addressOf = ({ kind, asset_id }: Pick<Asset, 'kind' | 'asset_id'>): string => `/${kind}s/${asset_id}`;

/** Where to go after signing in: only an address of this very site, or the case list. */
export function safeNext(next: string | null): string {
  if (!next || !/^\/(?![/\\])/.test(next)) return '/';
  const page = routeOf(new URL(next, 'http://localhost').pathname).page;
  return page === 'login' || page === 'not-found' ? '/' : next;
}
