/**
 * Edits on their way to the server. Each one is drawn at once, kept on this computer, then sent: one at a time, against the
 * revision it was fitted to. It is dropped only when the server has acknowledged it, or a person has said so.
 */
import { annotationFromFeature, type Annotation } from './annotation';
import { changeFromWire, changeOf, changeToWire, touchedIds, write } from './changeset';
import type { Clock, KeptBatch, OutboxPort } from './outbox_port';
import { problemOf, type Problem } from './problem';
import { discard, overlayOf, rebase, type Conflict, type PendingChange } from './rebase';
import type { AnnotationStore, AppliedChange } from './store';
import type { AnnotationCollection, ChangeLog, ChangeReceipt, ChangeRequest } from './wire';

/** The three calls, for one asset. */
export interface Transport {
  load(): Promise<AnnotationCollection>;
  send(revision: number, change: ChangeRequest): Promise<ChangeReceipt>;
  since(revision: number): Promise<ChangeLog>;
}

export type SaveState =
  /** The annotations have not arrived yet. */
  | 'loading'
  /** Every edit made here has been acknowledged. */
  | 'saved'
  | 'saving'
  /** No answer from the server; edits wait. */
  | 'offline'
  /** The server answers, but cannot save now (busy, out of disk space); edits wait. */
  | 'unavailable'
  /** The session has ended; edits wait. */
  | 'signed-out'
  /** The server will not take the first waiting edit; a person decides. */
  | 'refused';

export interface SaveStatus {
  readonly state: SaveState;
  /** Edits the server has not acknowledged. */
  readonly waiting: number;
  /** Of those, the ones that would be lost if this tab closed now. */
  readonly notKept: number;
  readonly conflicts: number;
  readonly revision: number | null;
  /** Why not saved, in the server's words. */
  readonly problem: Problem | null;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;
/** Someone may sign in again in another tab: ask now and then. */
const SIGNED_OUT_RETRY_MS = 10_000;

type Listener = (status: SaveStatus) => void;

export class Outbox {
  readonly #store: AnnotationStore;
  readonly #transport: Transport;
  readonly #port: OutboxPort;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();

  /** What the server holds at `#revision`. */
  #base = new Map<string, Annotation>();
  #revision: number | null = null;
  /** Annotations whose base has changed since the screen was brought up to it; outlives a log that broke off between pages. */
  readonly #unfitted = new Set<string>();
  #pending: PendingChange[] = [];
  #conflicts: Conflict[] = [];
  /** Change ids whose last value is not on disk yet. */
  #notKept = new Set<string>();
  /** Writes to disk, one after the other. */
  #keeping: Promise<void> = Promise.resolve();

  #isBusy = false;
  #isClosed = false;
  #trouble: { state: 'offline' | 'unavailable' | 'signed-out' | 'refused'; problem: Problem } | null = null;
  #failures = 0;
  #cancelRetry: (() => void) | null = null;

  constructor(parts: { store: AnnotationStore; transport: Transport; port: OutboxPort; clock: Clock }) {
    this.#store = parts.store;
    this.#transport = parts.transport;
    this.#port = parts.port;
    this.#clock = parts.clock;
  }

  get status(): SaveStatus {
    const waiting = this.#pending.length;
    const state =
      this.#trouble?.state ?? (this.#revision === null ? 'loading' : waiting > 0 ? 'saving' : 'saved');
    return {
      state,
      waiting,
      notKept: this.#notKept.size,
      conflicts: this.#conflicts.length,
      revision: this.#revision,
      problem: this.#trouble?.problem ?? null,
    };
  }

  get conflicts(): readonly Conflict[] {
    return this.#conflicts;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Fetch what the server holds, put the edits kept from before on top, and go on sending them. Never throws: see `status`. */
  async open(): Promise<void> {
    const kept = await this.#port.load().catch(() => ({ pending: [], conflicts: [] }));
    this.#pending = [...kept.pending, ...this.#pending];
    this.#conflicts = [...kept.conflicts];
    // Drawn before the server answers: after a reload without network they are all there is to see.
    this.#show(this.#pending.flatMap((entry) => touchedIds(entry.change)));
    await this.#pump();
  }

  /** No new attempts; what is on its way is still sent, the rest waits on this computer. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
  }

  /** Take in a change the store has just applied here. */
  add(applied: AppliedChange): void {
    const entry: PendingChange = { change: applied.change, before: applied.before };
    this.#pending.push(entry);
    this.#keep({ put: [entry] });
    void this.#pump();
  }

  /** Try now: the network is back, someone signed in, or "Try again" was pressed. */
  retry(): void {
    this.#failures = 0;
    if (this.#trouble?.state === 'refused') this.#trouble = null;
    void this.#pump();
  }

  /** Ask what others have changed; quietly does nothing while edits are on their way. */
  async poll(): Promise<void> {
    if (this.#trouble?.state === 'refused') return;
    await this.#pump({ poll: true });
  }

  /** Take back the refused edit and what was built on it. */
  discardRefused(): void {
    const first = this.#pending[0];
    if (this.#trouble?.state !== 'refused' || !first) return;
    this.#trouble = null;
    const before = this.#pending;
    this.#replacePending(discard(before, first.change.changeId));
    this.#show(before.flatMap((entry) => touchedIds(entry.change)));
    void this.#pump();
  }

  /** Settle a conflict; to keep mine, the caller commits it to the store as a change like any other. */
  settle(annotationId: string): void {
    this.#conflicts = this.#conflicts.filter((c) => c.annotationId !== annotationId);
    this.#keep({ conflicts: this.#conflicts });
    this.#tell();
  }

  /** Load, send and ask, strictly one after the other: the revision has one owner. */
  async #pump(options: { poll?: boolean } = {}): Promise<void> {
    if (this.#isBusy || this.#isClosed || this.#trouble?.state === 'refused') return;
    this.#isBusy = true;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.#tell();
    try {
      if (options.poll === true) await this.#adopt();
      if (this.#revision === null) await this.#load();
      else if (this.#pending.length === 0 && (options.poll === true || this.#trouble !== null)) await this.#catchUp();
      while (this.#pending.length > 0) await this.#sendFirst();
      this.#trouble = null;
      this.#failures = 0;
    } catch (error) {
      this.#meet(problemOf(error));
    } finally {
      this.#isBusy = false;
      this.#tell();
    }
  }

  /** Take over what tabs left behind that have been closed since; a change that was sent already is committed once. */
  async #adopt(): Promise<void> {
    const kept = await this.#port.load().catch(() => null);
    const known = new Set(this.#pending.map((entry) => entry.change.changeId));
    const orphans = kept?.pending.filter((entry) => !known.has(entry.change.changeId)) ?? [];
    if (orphans.length === 0) return;
    this.#pending.push(...orphans);
    if (this.#revision !== null) this.#fit();
  }

  async #load(): Promise<void> {
    const collection = await this.#transport.load();
    for (const id of this.#base.keys()) this.#unfitted.add(id);
    this.#base = new Map(collection.features.map((f) => [f.id, annotationFromFeature(f)]));
    for (const id of this.#base.keys()) this.#unfitted.add(id);
    this.#revision = collection.revision;
    this.#fit();
  }

  async #sendFirst(): Promise<void> {
    // Written ahead: an edit is on this computer's disk before it is on the wire.
    await this.#keeping;
    const entry = this.#pending[0]!;
    const { changeId } = entry.change;
    const from = this.#revision!;
    let receipt: ChangeReceipt;
    try {
      receipt = await this.#transport.send(from, changeToWire(entry.change));
    } catch (error) {
      if (problemOf(error).status !== 412) throw error;
      await this.#catchUp();
      // Stale against a log that tells of nothing newer: sending it again would go round for ever.
      if (this.#revision === from) throw error;
      return;
    }
    if (receipt.revision === from + 1) {
      write(this.#base, entry.change);
      this.#revision = receipt.revision;
      this.#forget(changeId);
      this.#tell();
    } else {
      // The answer to an earlier attempt was lost: the change is in what we hold already, or further up the log.
      this.#forget(changeId);
      for (const id of touchedIds(entry.change)) this.#unfitted.add(id);
      await this.#catchUp();
    }
    this.#trouble = null;
    this.#failures = 0;
  }

  /** Take in everything committed since our revision, our own included, and fit the waiting edits onto it. */
  async #catchUp(): Promise<void> {
    for (;;) {
      const from = this.#revision!;
      const log = await this.#transport.since(from);
      const news = log.changes.filter((committed) => committed.revision > from);
      for (const committed of news) {
        const change = changeFromWire(committed);
        write(this.#base, change);
        for (const id of touchedIds(change)) this.#unfitted.add(id);
        this.#revision = committed.revision;
        this.#forget(committed.change_id);
      }
      // A long log comes in pages. One that does not go on from here cannot be followed: read everything anew.
      if (this.#revision! >= log.revision) break;
      if (news.length === 0) return this.#load();
    }
    this.#fit();
  }

  /** Put the waiting edits onto the base; what no longer fits becomes a conflict. Then show the outcome. */
  #fit(): void {
    for (const entry of this.#pending) for (const id of touchedIds(entry.change)) this.#unfitted.add(id);
    const { pending, conflicts } = rebase(this.#base, this.#pending);
    if (conflicts.length > 0) {
      const known = new Map(this.#conflicts.map((c) => [c.annotationId, c]));
      for (const conflict of conflicts) known.set(conflict.annotationId, conflict);
      this.#conflicts = [...known.values()];
    }
    this.#replacePending(pending, conflicts.length > 0);
    this.#show(this.#unfitted);
    this.#unfitted.clear();
  }

  #replacePending(next: readonly PendingChange[], conflictsChanged = false): void {
    const old = new Map(this.#pending.map((entry) => [entry.change.changeId, entry]));
    const put = next.filter((entry) => old.get(entry.change.changeId) !== entry);
    for (const entry of next) old.delete(entry.change.changeId);
    const remove = [...old.keys()];
    this.#pending = [...next];
    for (const id of remove) this.#notKept.delete(id);
    if (put.length > 0 || remove.length > 0 || conflictsChanged) {
      this.#keep({ put, remove, ...(conflictsChanged ? { conflicts: this.#conflicts } : {}) });
    }
  }

  #forget(changeId: string): void {
    if (!this.#pending.some((entry) => entry.change.changeId === changeId)) return;
    this.#pending = this.#pending.filter((entry) => entry.change.changeId !== changeId);
    this.#notKept.delete(changeId);
    this.#keep({ remove: [changeId] });
  }

  /** Bring the store to base + waiting edits, for these annotations. */
  #show(ids: Iterable<string>): void {
    const overlay = overlayOf(this.#pending);
    const transitions = [...new Set(ids)].map((id) => ({
      from: this.#store.get(id),
      to: overlay.has(id) ? overlay.get(id)! : (this.#base.get(id) ?? null),
    }));
    // The change id is nobody's: a remote change is shown, never sent.
    this.#store.commit(changeOf('', transitions), 'remote');
  }

  #keep(batch: KeptBatch): void {
    const ids = (batch.put ?? []).map((entry) => entry.change.changeId);
    for (const id of ids) this.#notKept.add(id);
    this.#keeping = this.#keeping
      .then(() => this.#port.write(batch))
      .then(
        () => {
          for (const id of ids) this.#notKept.delete(id);
          this.#tell();
        },
        // No disk, or private browsing: the edits stay in `#notKept`, and the status line says so.
        () => this.#tell(),
      );
  }

  #meet(problem: Problem): void {
    const { status } = problem;
    if (status === 401) return this.#wait('signed-out', problem, SIGNED_OUT_RETRY_MS);
    const isWaiting = this.#pending.length > 0 && this.#revision !== null;
    const isTransient = status === 0 || status === 408 || status === 429 || status >= 500;
    if (!isTransient && isWaiting) {
      this.#trouble = { state: 'refused', problem };
      return;
    }
    const backoff = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures) * (0.75 + this.#clock.random() / 2);
    this.#failures += 1;
    this.#wait(status === 0 ? 'offline' : 'unavailable', problem, Math.max(backoff, (problem.retryAfterS ?? 0) * 1000));
  }

  #wait(state: 'offline' | 'unavailable' | 'signed-out', problem: Problem, delayMs: number): void {
    this.#trouble = { state, problem };
    if (this.#isClosed) return;
    this.#cancelRetry = this.#clock.after(delayMs, () => void this.#pump());
  }

  #tell(): void {
    const status = this.status;
    for (const listener of [...this.#listeners]) listener(status);
  }
}
