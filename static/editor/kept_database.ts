/** What must survive a reload, in IndexedDB: edits the server has not acknowledged, conflicts, the drawing that is not finished. */
import type { Position } from '../core/geometry';
import type { Kept, KeptBatch, OutboxPort } from '../core/outbox_port';
import type { Conflict, PendingChange } from '../core/rebase';

const DATABASE = 'slidereel';
const VERSION = 1;
const EDITS = 'edits';
const ASIDE = 'aside';

/** Which asset and whose account: another person at the same computer never sends these. */
export interface KeptScope {
  readonly accountId: string;
  readonly assetId: string;
}

interface EditRow {
  /** [account, asset, change]. */
  readonly key: [string, string, string];
  readonly scope: string;
  /** Orders the edits; unique within a scope. */
  readonly sequence: number;
  readonly tab: string;
  readonly entry: PendingChange;
}

const scopeName = ({ accountId, assetId }: KeptScope): string => `${accountId}/${assetId}`;

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB refused.'));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave up.'));
  });
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    const edits = request.result.createObjectStore(EDITS, { keyPath: 'key' });
    edits.createIndex('scope', 'scope');
    request.result.createObjectStore(ASIDE);
  };
  return done(request);
}

/** A lock that this tab holds for as long as it lives; absent on plain http, where two tabs may then both send an edit (it is committed once). */
function holdTabLock(tab: string): void {
  void navigator.locks?.request(tab, () => new Promise<never>(() => undefined)).catch(() => undefined);
}

async function livingTabs(): Promise<ReadonlySet<string>> {
  const held = (await navigator.locks?.query())?.held ?? [];
  return new Set(held.flatMap((lock) => (lock.name === undefined ? [] : [lock.name])));
}

export class KeptDatabase implements OutboxPort {
  readonly #scope: string;
  readonly #key: (changeId: string) => [string, string, string];
  readonly #tab: string;
  #database: Promise<IDBDatabase> | null = null;
  #sequence = 0;
  readonly #sequenceOf = new Map<string, number>();

  /** @param tabId unique to this page load */
  constructor(scope: KeptScope, tabId: string) {
    this.#scope = scopeName(scope);
    this.#key = (changeId) => [scope.accountId, scope.assetId, changeId];
    this.#tab = `slidereel-tab-${tabId}`;
    holdTabLock(this.#tab);
  }

  /** Edits of this tab and of tabs that are gone; those of a tab that is still open are its own to send. */
  async load(): Promise<Kept> {
    const living = await livingTabs();
    const transaction = (await this.#open()).transaction([EDITS, ASIDE], 'readwrite', { durability: 'strict' });
    const edits = transaction.objectStore(EDITS);
    const rows = ((await done(edits.index('scope').getAll(this.#scope))) as EditRow[]).sort((a, b) => a.sequence - b.sequence);
    const conflicts = (await done(transaction.objectStore(ASIDE).get(`conflicts/${this.#scope}`))) as Conflict[] | undefined;
    const adopted = rows.filter((row) => row.tab === this.#tab || !living.has(row.tab));
    for (const row of adopted) {
      this.#sequenceOf.set(row.entry.change.changeId, row.sequence);
      edits.put({ ...row, tab: this.#tab });
    }
    this.#sequence = Math.max(this.#sequence, rows.at(-1)?.sequence ?? 0);
    await committed(transaction);
    return { pending: adopted.map((row) => row.entry), conflicts: conflicts ?? [] };
  }

  async write(batch: KeptBatch): Promise<void> {
    const transaction = (await this.#open()).transaction([EDITS, ASIDE], 'readwrite', { durability: 'strict' });
    const edits = transaction.objectStore(EDITS);
    for (const changeId of batch.remove ?? []) {
      edits.delete(this.#key(changeId));
      this.#sequenceOf.delete(changeId);
    }
    for (const entry of batch.put ?? []) {
      const { changeId } = entry.change;
      const sequence = this.#sequenceOf.get(changeId) ?? ++this.#sequence;
      this.#sequenceOf.set(changeId, sequence);
      const row: EditRow = { key: this.#key(changeId), scope: this.#scope, sequence, tab: this.#tab, entry };
      edits.put(row);
    }
    if (batch.conflicts) transaction.objectStore(ASIDE).put([...batch.conflicts], `conflicts/${this.#scope}`);
    await committed(transaction);
  }

  async loadDraft(): Promise<readonly Position[]> {
    const aside = (await this.#open()).transaction(ASIDE).objectStore(ASIDE);
    return ((await done(aside.get(`draft/${this.#scope}`))) as Position[] | undefined) ?? [];
  }

  async saveDraft(positions: readonly Position[]): Promise<void> {
    const transaction = (await this.#open()).transaction(ASIDE, 'readwrite');
    const aside = transaction.objectStore(ASIDE);
    if (positions.length === 0) aside.delete(`draft/${this.#scope}`);
    else aside.put([...positions], `draft/${this.#scope}`);
    await committed(transaction);
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= openDatabase().catch((error: unknown) => {
      this.#database = null;
      throw error;
    });
    return this.#database;
  }
}
