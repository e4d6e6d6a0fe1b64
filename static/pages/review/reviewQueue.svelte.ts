/** What awaits release, oldest first, kept fresh while somebody who may release looks at a page. */
import type { Client } from '../../api/client';
import type { Asset, AssetState } from '../../api/types';
import { inTurn, nextOf } from './turn';

const PAGE_SIZE = 500;
/** More than anybody looks through; the rest comes up as these are dealt with. */
const MOST_PAGES = 20;
const WORKING: readonly AssetState[] = ['quarantined', 'converting', 'verifying'];

export class ReviewQueue {
  waiting = $state.raw<readonly Asset[]>([]);
  hasLoaded = $state(false);
  problem = $state<unknown>(null);

  readonly #client: Client;
  #round = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Read it now, and again every so often until the returned function is called. */
  watch(every_ms: number): () => void {
    void this.refresh();
    const timer = setInterval(() => {
      if (!document.hidden) void this.refresh();
    }, every_ms);
    return () => clearInterval(timer);
  }

  async refresh(): Promise<void> {
    const round = (this.#round += 1);
    try {
      const found: Asset[] = [];
      let cursor: string | null = null;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const answer = await this.#client.listAssets({ state: 'awaiting_release', limit: PAGE_SIZE, cursor });
        found.push(...answer.items);
        cursor = answer.next_cursor;
        if (cursor === null) break;
      }
      if (round !== this.#round) return;
      this.waiting = inTurn(found);
      this.problem = null;
    } catch (error) {
      if (round !== this.#round) return;
      this.problem = error;
    }
    this.hasLoaded = true;
  }

  /** Those that are being converted, and those that were refused: both may be scrubbed again. */
  async others(): Promise<{ working: Asset[]; refused: Asset[] }> {
    const [refused, ...working] = await Promise.all(
      (['refused', ...WORKING] as const).map((state) => this.#client.listAssets({ state, limit: 100 })),
    );
    return { refused: refused?.items ?? [], working: working.flatMap((page) => page.items) };
  }

  /** Whose turn it is after this one; null when nothing else waits. */
  nextAfter(assetId: string): Asset | null {
    return nextOf(this.waiting, assetId);
  }

  /** It was decided about: it no longer waits, whatever the last answer said. */
  without(assetId: string): void {
    this.#round += 1;
    this.waiting = this.waiting.filter((asset) => asset.asset_id !== assetId);
  }

  forget(): void {
    this.#round += 1;
    this.waiting = [];
    this.hasLoaded = false;
    this.problem = null;
  }
}
