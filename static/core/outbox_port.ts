import type { Conflict, PendingChange } from './rebase';

/** What is kept on this computer until the server has acknowledged it. */
export interface Kept {
  /** In the order they were made. */
  readonly pending: readonly PendingChange[];
  readonly conflicts: readonly Conflict[];
}

export interface KeptBatch {
  /** New ones, or known ones (by change id) with a new value; a new one goes to the end. */
  readonly put?: readonly PendingChange[];
  /** Change ids. */
  readonly remove?: readonly string[];
  /** All conflicts there are now. */
  readonly conflicts?: readonly Conflict[];
}

/** Storage that survives a reload, for one asset and one account. */
export interface OutboxPort {
  /** Everything no other open tab is responsible for; that of closed ones becomes ours. */
  load(): Promise<Kept>;
  /** All of the batch or nothing; resolves when it is on disk. */
  write(batch: KeptBatch): Promise<void>;
}

/** Time, chance and timers as arguments, so that tests need not wait. */
export interface Clock {
  /** Calls back after `delayMs`; returns the way to call it off. */
  after(delayMs: number, call: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}
