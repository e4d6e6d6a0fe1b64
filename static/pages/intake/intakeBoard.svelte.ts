/** What is between upload and release, kept fresh: every second while something runs, slowly otherwise. */
import type { Client } from '../../api/client';
import type { Asset, AssetState } from '../../api/types';

const BUSY_MS = 1000;
const IDLE_MS = 5000;
const PAGE_SIZE = 100;
const WORKING: readonly AssetState[] = ['converting', 'verifying', 'quarantined'];

export class IntakeBoard {
  working = $state<Asset[]>([]);
  refused = $state<Asset[]>([]);
  awaiting = $state<Asset[]>([]);
  /** How many more wait than are shown: the rest comes up as these are dealt with. */
  hasMoreAwaiting = $state(false);
  hasMoreRefused = $state(false);
  hasLoaded = $state(false);
  problem = $state<unknown>(null);

  readonly #client: Client;
  /** Whether something runs that this list does not know of yet, such as an upload about to end. */
  readonly #isExpecting: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;
  #isStopped = false;

  constructor(client: Client, isExpecting: () => boolean) {
    this.#client = client;
    this.#isExpecting = isExpecting;
  }

  start(): () => void {
    this.#isStopped = false;
    void this.refresh();
    return () => {
      this.#isStopped = true;
      clearTimeout(this.#timer);
    };
  }

  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    const round = (this.#round += 1);
    try {
      const [refused, awaiting, ...working] = await Promise.all(
        (['refused', 'awaiting_release', ...WORKING] as const).map((state) => this.#client.listAssets({ state, limit: PAGE_SIZE })),
      );
      // An answer that was overtaken by a newer round says what is no longer so.
      if (round !== this.#round || this.#isStopped) return;
      this.working = working.flatMap((page) => page.items);
      this.refused = refused?.items ?? [];
      this.awaiting = awaiting?.items ?? [];
      this.hasMoreRefused = Boolean(refused?.next_cursor);
      this.hasMoreAwaiting = Boolean(awaiting?.next_cursor);
      this.problem = null;
    } catch (error) {
      if (round !== this.#round || this.#isStopped) return;
      this.problem = error;
    }
    this.hasLoaded = true;
    const isBusy = !document.hidden && (this.working.some((asset) => asset.problem === null) || this.#isExpecting());
    this.#timer = setTimeout(() => void this.refresh(), isBusy ? BUSY_MS : IDLE_MS);
  }
}
