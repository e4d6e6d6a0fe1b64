/** The order in which assets are reviewed. Pure. */
import type { Asset } from '../../api/types';

/** Oldest first; of the same moment by their ids, so that nobody's list jumps. */
export const inTurn = (assets: readonly Asset[]): Asset[] =>
  [...assets].sort((a, b) => compare(a.created_at, b.created_at) || compare(a.asset_id, b.asset_id));

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The one after `assetId`, and after the last the first again; of those that are not itself. Null if there is none. */
export function nextOf(waiting: readonly Asset[], assetId: string): Asset | null {
  const at = waiting.findIndex((asset) => asset.asset_id === assetId);
  const others = [...waiting.slice(at + 1), ...waiting.slice(0, Math.max(0, at))];
  return others[0] ?? null;
}

interface ScrubPart {
  readonly findings?: readonly { readonly is_masked?: boolean }[];
}

/** How many places the scrub found, and how many of them are masked; null where its report does not say. */
export function findingsOf(asset: Pick<Asset, 'report'>): { found: number; masked: number } | null {
  const findings = (asset.report?.['scrub'] as ScrubPart | undefined)?.findings;
  return Array.isArray(findings) ? { found: findings.length, masked: findings.filter((one: { is_masked?: boolean }) => one.is_masked).length } : null;
}
