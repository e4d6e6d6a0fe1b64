import { describe, expect, test } from 'vitest';

import { featureFromAnnotation, newAnnotation, type Annotation } from './annotation';
import { changeFromWire, changeOf, write, type Transition } from './changeset';
import { rectangle } from './geometry';
import { Outbox, type Transport } from './outbox';
import type { Clock, Kept, KeptBatch, OutboxPort } from './outbox_port';
import type { Conflict, PendingChange } from './rebase';
import { AnnotationStore } from './store';
import type { ChangeReceipt, ChangeRequest, CommittedChangeWire } from './wire';

const failure = (status: number, more: Record<string, unknown> = {}): Error => Object.assign(new Error(`status ${status}`), { status, ...more });

/** Keeps to the contract of POST …/changes: If-Match, one commit a change id, a log. */
class Server implements Transport {
  readonly log: CommittedChangeWire[] = [];
  readonly state = new Map<string, Annotation>();
  /** Answers to come instead of the real one, first come first served. */
  readonly troubles: (Error | 'answer lost')[] = [];
  sent = 0;
  /** As many changes as one page of the log holds. */
  pageLength = Infinity;

  get revision(): number {
    return this.log.length;
  }

  commit(change: ChangeRequest, author = 'someone else'): ChangeReceipt {
    write(this.state, changeFromWire(change));
    this.log.push({ ...change, revision: this.revision + 1, author, committed_at: '2026-11-21T00:00:00Z' });
    return { revision: this.revision, change_id: change.change_id, committed_at: '2026-11-21T00:00:00Z' };
  }

  async load() {
    const trouble = this.troubles.shift();
    if (trouble instanceof Error) throw trouble;
    return { type: 'FeatureCollection' as const, features: [...this.state.values()].map(featureFromAnnotation), revision: this.revision };
  }

  async send(revision: number, change: ChangeRequest): Promise<ChangeReceipt> {
    this.sent += 1;
    const trouble = this.troubles.shift();
    if (trouble instanceof Error) throw trouble;
    const known = this.log.find((c) => c.change_id === change.change_id);
    if (known) return { revision: known.revision, change_id: known.change_id, committed_at: known.committed_at };
    if (revision !== this.revision) throw failure(412, { currentRevision: this.revision });
    const receipt = this.commit(structuredClone(change), 'me');
    if (trouble === 'answer lost') throw failure(0);
    return receipt;
  }

  async since(revision: number) {
    const trouble = this.troubles.shift();
    if (trouble instanceof Error) throw trouble;
    return { revision: this.revision, changes: this.log.slice(revision, revision + this.pageLength) };
  }
}

class Disk implements OutboxPort {
  rows: PendingChange[] = [];
  conflicts: readonly Conflict[] = [];
  isBroken = false;

  async load(): Promise<Kept> {
    return structuredClone({ pending: this.rows, conflicts: this.conflicts });
  }

  async write({ put = [], remove = [], conflicts }: KeptBatch): Promise<void> {
    if (this.isBroken) throw new Error('no disk');
    this.rows = this.rows.filter((row) => !remove.includes(row.change.changeId));
    for (const entry of structuredClone(put)) {
      const at = this.rows.findIndex((row) => row.change.changeId === entry.change.changeId);
      if (at < 0) this.rows.push(entry);
      else this.rows[at] = entry;
    }
    if (conflicts) this.conflicts = structuredClone(conflicts);
  }
}

class ManualClock implements Clock {
  calls: { delayMs: number; call: () => void }[] = [];

  after(delayMs: number, call: () => void): () => void {
    const entry = { delayMs, call };
    this.calls.push(entry);
    return () => (this.calls = this.calls.filter((c) => c !== entry));
  }

  random(): number {
    return 0.5;
  }

  ring(): void {
    const due = this.calls;
    this.calls = [];
    for (const { call } of due) call();
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 60; i++) await Promise.resolve();
};

let changeCount = 0;

/** One tab: its own store and outbox on a server and a disk that outlive it. */
function tab(server: Server, disk: Disk, clock = new ManualClock()) {
  const store = new AnnotationStore();
  const outbox = new Outbox({ store, transport: server, port: disk, clock });
  const edit = (...transitions: Transition[]): string => {
    const changeId = `change-${++changeCount}`;
    const applied = store.commit(changeOf(changeId, transitions), 'local');
    if (applied) outbox.add(applied);
    return changeId;
  };
  return { store, outbox, edit, clock };
}

const shape = (id: string, size = 1): Annotation => newAnnotation({ annotationId: id, geometry: rectangle([0, 0], [size, size]) });
const elsewhere = (server: Server, ...transitions: Transition[]): void => {
  const change = changeOf(`theirs-${++changeCount}`, transitions);
  server.commit({
    change_id: change.changeId,
    created: change.created.map(featureFromAnnotation),
    updated: change.updated.map(featureFromAnnotation),
    deleted: [...change.deleted],
  });
};

describe('the outbox', () => {
  test('says saved only when the server has acknowledged every edit', async () => {
    const server = new Server();
    const disk = new Disk();
    const { outbox, edit } = tab(server, disk);
    const said: string[] = [];
    outbox.subscribe((status) => {
      said.push(status.state);
      if (status.state === 'saved') expect(server.log.length).toBe(said.includes('saving') ? 2 : 0);
    });
    await outbox.open();
    edit({ from: null, to: shape('a') });
    edit({ from: null, to: shape('b') });
    expect(outbox.status).toMatchObject({ state: 'saving', waiting: 2 });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', waiting: 0, notKept: 0, revision: 2 });
    expect(server.log.map((c) => c.created.map((f) => f.id))).toEqual([['a'], ['b']]);
    expect(disk.rows).toEqual([]);
    expect(said.at(-1)).toBe('saved');
  });

  test('an edit is on the disk before it is on the wire', async () => {
    const server = new Server();
    const disk = new Disk();
    const { outbox, edit } = tab(server, disk);
    await outbox.open();
    const order: string[] = [];
    const { send } = server;
    server.send = async (...given) => {
      order.push(`sent with ${disk.rows.length} kept`);
      return send.apply(server, given);
    };
    edit({ from: null, to: shape('a') });
    await settled();
    expect(order).toEqual(['sent with 1 kept']);
  });

  test('without network edits wait, are tried again more and more slowly, and arrive in order', async () => {
    const server = new Server();
    const disk = new Disk();
    const { outbox, edit, clock } = tab(server, disk);
    await outbox.open();
    server.troubles.push(failure(0), failure(0), failure(0));
    edit({ from: null, to: shape('a') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'offline', waiting: 1 });
    expect(clock.calls.map((c) => c.delayMs)).toEqual([1000]);
    clock.ring();
    await settled();
    expect(clock.calls.map((c) => c.delayMs)).toEqual([2000]);
    edit({ from: shape('a'), to: shape('a', 2) });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'offline', waiting: 2, notKept: 0 });
    expect(disk.rows).toHaveLength(2);
    clock.ring();
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', waiting: 0 });
    expect(server.state.get('a')).toEqual(shape('a', 2));
  });

  test('a server that is out of space, or asks to wait, is not called offline', async () => {
    const server = new Server();
    const { outbox, edit, clock } = tab(server, new Disk());
    await outbox.open();
    server.troubles.push(failure(507, { detail: 'Out of space.', retryAfterS: 60 }));
    edit({ from: null, to: shape('a') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'unavailable', waiting: 1, problem: { detail: 'Out of space.' } });
    expect(clock.calls.map((c) => c.delayMs)).toEqual([60_000]);
  });

  test('edits survive the tab, are drawn again and sent', async () => {
    const server = new Server();
    const disk = new Disk();
    const first = tab(server, disk);
    await first.outbox.open();
    server.troubles.push(failure(0));
    first.edit({ from: null, to: shape('a') });
    await settled();
    first.outbox.close();

    server.troubles.push(failure(0));
    const second = tab(server, disk);
    await second.outbox.open();
    expect(second.store.get('a')).toEqual(shape('a'));
    expect(second.outbox.status).toMatchObject({ state: 'offline', waiting: 1 });
    second.clock.ring();
    await settled();
    expect(second.outbox.status).toMatchObject({ state: 'saved' });
    expect(server.state.get('a')).toEqual(shape('a'));
  });

  test('what a closed tab left behind is taken over by one that is still open', async () => {
    const server = new Server();
    const disk = new Disk();
    const staying = tab(server, disk);
    await staying.outbox.open();
    const leaving = tab(server, disk);
    await leaving.outbox.open();
    server.troubles.push(failure(0));
    leaving.edit({ from: null, to: shape('left behind') });
    await settled();
    leaving.outbox.close();
    await staying.outbox.poll();
    await settled();
    expect(server.state.has('left behind')).toBe(true);
    expect(staying.store.get('left behind')).not.toBeNull();
    expect(disk.rows).toEqual([]);
  });

  test.each(['in the same tab', 'after a reload'])('an answer that was lost does not commit twice, %s', async (where) => {
    const server = new Server();
    const disk = new Disk();
    let desk = tab(server, disk);
    await desk.outbox.open();
    server.troubles.push('answer lost');
    desk.edit({ from: null, to: shape('a') });
    await settled();
    expect(desk.outbox.status).toMatchObject({ state: 'offline', waiting: 1 });
    elsewhere(server, { from: null, to: shape('b') });
    if (where === 'after a reload') {
      desk.outbox.close();
      desk = tab(server, disk);
      await desk.outbox.open();
    } else {
      desk.clock.ring();
    }
    await settled();
    await desk.outbox.poll();
    expect(server.log).toHaveLength(2);
    expect(desk.outbox.status).toMatchObject({ state: 'saved', revision: 2, conflicts: 0 });
    expect([...desk.store.all.keys()].sort()).toEqual(['a', 'b']);
    expect(disk.rows).toEqual([]);
  });

  test('a stale revision is fitted onto what others did, without a question where nothing clashes', async () => {
    const server = new Server();
    elsewhere(server, { from: null, to: shape('theirs') });
    const { outbox, edit, store } = tab(server, new Disk());
    await outbox.open();
    elsewhere(server, { from: shape('theirs'), to: shape('theirs', 5) });
    edit({ from: null, to: shape('mine') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', conflicts: 0, revision: 3 });
    expect(store.get('theirs')).toEqual(shape('theirs', 5));
    expect(server.state.get('mine')).toEqual(shape('mine'));
  });

  test('the same shape changed on both sides: theirs is shown, mine is kept, a person decides', async () => {
    const server = new Server();
    const disk = new Disk();
    elsewhere(server, { from: null, to: shape('a') });
    const { outbox, edit, store } = tab(server, disk);
    await outbox.open();
    elsewhere(server, { from: shape('a'), to: shape('a', 5) });
    edit({ from: shape('a'), to: shape('a', 9) }, { from: null, to: shape('new') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', conflicts: 1 });
    expect(outbox.conflicts).toEqual([{ annotationId: 'a', mine: shape('a', 9), theirs: shape('a', 5) }]);
    expect(store.get('a')).toEqual(shape('a', 5));
    expect(server.state.get('new')).toEqual(shape('new'));

    const later = tab(server, disk);
    await later.outbox.open();
    expect(later.outbox.conflicts).toHaveLength(1);
    later.edit({ from: shape('a', 5), to: shape('a', 9) });
    later.outbox.settle('a');
    await settled();
    expect(server.state.get('a')).toEqual(shape('a', 9));
    expect(later.outbox.status).toMatchObject({ state: 'saved', conflicts: 0 });
    expect(disk.conflicts).toEqual([]);
  });

  test('what others do arrives by asking', async () => {
    const server = new Server();
    const { outbox, store } = tab(server, new Disk());
    await outbox.open();
    elsewhere(server, { from: null, to: shape('a') }, { from: null, to: shape('b') });
    elsewhere(server, { from: shape('a'), to: null });
    const origins: string[] = [];
    store.subscribe((applied) => origins.push(applied.origin));
    await outbox.poll();
    expect([...store.all.keys()]).toEqual(['b']);
    expect(origins).toEqual(['remote']);
    expect(outbox.status.revision).toBe(2);
  });

  test('it is not called saved again before the server has answered again', async () => {
    const server = new Server();
    const { outbox, clock } = tab(server, new Disk());
    await outbox.open();
    server.troubles.push(failure(0), failure(0));
    await outbox.poll();
    expect(outbox.status).toMatchObject({ state: 'offline', waiting: 0 });
    clock.ring();
    await settled();
    expect(outbox.status.state).toBe('offline');
    clock.ring();
    await settled();
    expect(outbox.status.state).toBe('saved');
  });

  test('a log that breaks off between two pages is shown whole in the end', async () => {
    const server = new Server();
    const { outbox, store, clock } = tab(server, new Disk());
    await outbox.open();
    server.pageLength = 3;
    for (let i = 0; i < 5; i++) elsewhere(server, { from: null, to: shape(`s${i}`) });
    const { since } = server;
    let calls = 0;
    server.since = async (revision) => {
      if (++calls === 2) throw failure(0);
      return since.call(server, revision);
    };
    await outbox.poll();
    expect(outbox.status.state).toBe('offline');
    clock.ring();
    await settled();
    expect(store.all.size).toBe(5);
  });

  test('a log that comes in pages is read to its end', async () => {
    const server = new Server();
    const { outbox, store } = tab(server, new Disk());
    await outbox.open();
    server.pageLength = 2;
    for (let i = 0; i < 7; i++) elsewhere(server, { from: null, to: shape(`s${i}`) });
    await outbox.poll();
    expect(store.all.size).toBe(7);
    expect(outbox.status.revision).toBe(7);
  });

  test('a session that ended loses nothing and goes on after the next sign-in', async () => {
    const server = new Server();
    const { outbox, edit, clock } = tab(server, new Disk());
    await outbox.open();
    server.troubles.push(failure(401), failure(401));
    edit({ from: null, to: shape('a') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'signed-out', waiting: 1 });
    clock.ring();
    await settled();
    expect(outbox.status.state).toBe('signed-out');
    outbox.retry();
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved' });
  });

  test('a refused edit stops the queue until a person takes it back, and only what was built on it goes with it', async () => {
    const server = new Server();
    const disk = new Disk();
    const { outbox, edit, store } = tab(server, disk);
    await outbox.open();
    server.troubles.push(failure(422, { type: 'invalid-geometry', detail: 'The outline crosses itself.' }));
    edit({ from: null, to: shape('bad') });
    edit({ from: shape('bad'), to: shape('bad', 2) }, { from: null, to: shape('good') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'refused', waiting: 2, problem: { detail: 'The outline crosses itself.' } });
    expect(store.get('bad')).toEqual(shape('bad', 2));
    await outbox.poll();
    expect(outbox.status.state).toBe('refused');
    outbox.discardRefused();
    await settled();
    expect(store.get('bad')).toBeNull();
    expect([...server.state.keys()]).toEqual(['good']);
    expect(outbox.status).toMatchObject({ state: 'saved', waiting: 0 });
    expect(disk.rows).toEqual([]);
  });

  test('without a disk it sends all the same, and says what would be lost with the tab', async () => {
    const server = new Server();
    const disk = new Disk();
    disk.isBroken = true;
    const { outbox, edit, clock } = tab(server, disk);
    await outbox.open();
    server.troubles.push(failure(0));
    edit({ from: null, to: shape('a') });
    await settled();
    expect(outbox.status).toMatchObject({ state: 'offline', waiting: 1, notKept: 1 });
    clock.ring();
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', notKept: 0 });
  });

  test('edits made while the annotations are still loading are kept and sent afterwards', async () => {
    const server = new Server();
    elsewhere(server, { from: null, to: shape('old') });
    const { outbox, edit, store } = tab(server, new Disk());
    const opening = outbox.open();
    edit({ from: null, to: shape('early') });
    expect(outbox.status.state).toBe('loading');
    await opening;
    await settled();
    expect(outbox.status).toMatchObject({ state: 'saved', waiting: 0 });
    expect([...store.all.keys()].sort()).toEqual(['early', 'old']);
    expect(server.state.get('early')).toEqual(shape('early'));
  });

  test('a chance sequence of edits, losses and other people ends with server and screen alike', async () => {
    let seed = 11;
    const next = (): number => (seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
    const server = new Server();
    const disk = new Disk();
    let desk = tab(server, disk);
    await desk.outbox.open();
    for (let step = 0; step < 400; step++) {
      const id = `s${Math.floor(next() * 12)}`;
      const dice = next();
      if (dice < 0.45) {
        const from = desk.store.get(id);
        desk.edit({ from, to: from && next() < 0.4 ? null : shape(id, 1 + Math.floor(next() * 50)) });
      } else if (dice < 0.65) {
        const from = server.state.get(id) ?? null;
        elsewhere(server, { from, to: from && next() < 0.4 ? null : shape(id, 1 + Math.floor(next() * 50)) });
      } else if (dice < 0.8) {
        server.troubles.push(next() < 0.5 ? 'answer lost' : failure(next() < 0.5 ? 0 : 503));
      } else if (dice < 0.85) {
        desk.clock.ring();
      } else if (dice < 0.9) {
        void desk.outbox.poll();
      } else {
        desk.outbox.close();
        desk = tab(server, disk);
        void desk.outbox.open();
      }
      if (next() < 0.7) await settled();
    }
    server.troubles.length = 0;
    await settled();
    desk.outbox.retry();
    await settled();
    await desk.outbox.poll();
    await settled();
    expect(desk.outbox.status).toMatchObject({ state: 'saved', waiting: 0, revision: server.revision });
    expect(new Map([...desk.store.all].sort())).toEqual(new Map([...server.state].map(([id, a]) => [id, { ...a, author: null }] as const).sort()));
    expect(new Set(server.log.map((c) => c.change_id)).size).toBe(server.log.length);
  });
});
