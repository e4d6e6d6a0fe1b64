import type { Asset, Page } from '../api/types';

/**
 * A list, newest first, after its first page was read again: new ones in their place, known ones as they are now, and
 * gone what that page should hold and does not. What was loaded beyond it stays.
 */
export function refreshed(list: readonly Asset[], first: Page<Asset>): Asset[] {
  const fresh = new Map(first.items.map((asset) => [asset.asset_id, asset]));
  const last = first.items.at(-1);
  const beyond = last && first.next_cursor !== null ? list.filter((asset) => !fresh.has(asset.asset_id) && isOlder(asset, last)) : [];
  return [...first.items, ...beyond];
}

/** The server's order: by time, then by id. */
function isOlder(asset: Asset, than: Asset): boolean {
  return asset.created_at < than.created_at || (asset.created_at === than.created_at && asset.asset_id < than.asset_id);
}
