import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Client } from '../../api/client';
import type { UnfinishedUpload } from '../../api/types';
import { MemoryStorage } from './memoryStorage';
import { UploadQueue } from './uploadQueue.svelte';

interface Options {
  metadata: Record<string, string>;
  uploadUrl: string | null;
  storeFingerprintForResuming: boolean;
  onUploadUrlAvailable: () => void;
  onSuccess: (payload: { lastResponse: { getHeader: (name: string) => string | undefined } }) => void;
  onError: (error: Error) => void;
}

/** Stands for tus-js-client: remembers what it was told, and answers when the test says so. */
const tus = vi.hoisted(() => {
  class DetailedError extends Error {
    originalResponse: { getStatus: () => number; getBody: () => string; getHeader: () => undefined };
    constructor(status: number) {
      super('upload failed');
      this.originalResponse = { getStatus: () => status, getBody: () => '', getHeader: () => undefined };
    }
  }
  class Upload {
    static all: Upload[] = [];
    url: string | null;
    calls: string[] = [];
    file: File;
    options: Options;
    constructor(file: File, options: Options) {
      this.file = file;
      this.options = options;
      this.url = options.uploadUrl;
      Upload.all.push(this);
    }
    start(): void {
      this.calls.push('start');
      this.url ??= `http://host/api/v1/uploads/u${Upload.all.indexOf(this)}`;
      this.options.onUploadUrlAvailable();
    }
    abort(shouldTerminate = false): Promise<void> {
      this.calls.push(shouldTerminate ? 'terminate' : 'abort');
      return Promise.resolve();
    }
    finish(assetId: string): void {
      this.options.onSuccess({ lastResponse: { getHeader: () => assetId } });
    }
  }
  return { Upload, DetailedError };
});
vi.mock('tus-js-client', () => tus);

const file = (name: string, content = name): File => new File([content], name, { lastModified: 5 });
/** Turns of the event loop, however long each takes: what goes on by itself has then gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve));
}

let storage: MemoryStorage;
let sent: string[];
let client: Client;
let queue: UploadQueue;

beforeEach(() => {
  tus.Upload.all = [];
  storage = new MemoryStorage();
  sent = [];
  client = new Client({
    fetch: (url, init) => {
      sent.push(`${init?.method ?? 'GET'} ${url}`);
      return Promise.resolve(new Response(null, { status: 204 }));
    },
  });
  queue = new UploadQueue(client, storage);
  queue.setOwner('anna');
});

test('two files go at once, the third when one of them is through', async () => {
  queue.add([file('a.svs'), file('b.svs'), file('c.svs')], 'S1');
  await settled();
  expect(queue.items.map((item) => item.state)).toEqual(['sending', 'sending', 'queued']);
  tus.Upload.all[0]?.finish('asset0');
  await settled();
  expect(queue.items.map((item) => item.state)).toEqual(['done', 'sending', 'sending']);
  expect(queue.fileNameOf('asset0')).toBe('a.svs');
  expect(queue.fileNameOf('other')).toBeNull();
});

test('a file’s name is neither sent nor stored', async () => {
  queue.add([file('Doe^Jane 1961-03-12.svs')], 'S1');
  await settled();
  expect(tus.Upload.all[0]?.options.metadata).toEqual({ filename: 'x.svs', case: 'S1' });
  expect(tus.Upload.all[0]?.options.storeFingerprintForResuming).toBe(false);
  expect(storage.length).toBe(1);
  expect(JSON.stringify([...storage.map])).not.toMatch(/doe|jane|1961|S1/i);
});

test('a profile travels with the file where one was chosen', async () => {
  queue.add([file('a.svs')], 'S1', 'strict');
  await settled();
  expect(tus.Upload.all[0]?.options.metadata).toEqual({ filename: 'x.svs', case: 'S1', profile: 'strict' });
});

test('what has arrived is forgotten', async () => {
  queue.add([file('a.svs')], 'S1');
  await settled();
  tus.Upload.all[0]?.finish('asset0');
  expect(storage.length).toBe(0);
});

test('cancelling has the server forget what it got', async () => {
  queue.add([file('a.svs')], 'S1');
  await settled();
  await queue.items[0]?.cancel();
  expect(tus.Upload.all[0]?.calls).toEqual(['start', 'terminate']);
  expect(storage.length).toBe(0);
  expect(queue.isSending).toBe(false);
});

describe('when the session ends', () => {
  test('the same person goes on after signing in again', async () => {
    queue.add([file('a.svs'), file('b.svs'), file('c.svs')], 'S1');
    await settled();
    queue.setOwner(null);
    expect(queue.isSending).toBe(false);
    queue.setOwner('anna');
    await settled();
    expect(queue.items.map((item) => item.state)).toEqual(['sending', 'sending', 'queued']);
  });

  test('what somebody paused stays paused', async () => {
    queue.add([file('a.svs')], 'S1');
    await settled();
    await queue.items[0]?.pause();
    queue.setOwner(null);
    queue.setOwner('anna');
    expect(queue.items[0]?.state).toBe('paused');
  });

  test('another person sends nothing of it, and does not see it', async () => {
    queue.add([file('a.svs')], 'S1');
    await settled();
    queue.setOwner(null);
    queue.setOwner('bert');
    await settled();
    expect(queue.items).toEqual([]);
    expect(tus.Upload.all[0]?.calls).toEqual(['start', 'abort']);
  });

  test('an upload that notices it first says so, and goes on afterwards', async () => {
    let ended = 0;
    client.onUnauthenticated = () => {
      ended += 1;
      queue.setOwner(null);
    };
    queue.add([file('a.svs')], 'S1');
    await settled();
    tus.Upload.all[0]?.options.onError(new tus.DetailedError(401));
    expect(ended).toBe(1);
    queue.setOwner('anna');
    await settled();
    expect(queue.items[0]?.state).toBe('sending');
  });
});

describe('an interrupted upload', () => {
  const upload: UnfinishedUpload = { upload_id: 'u0', length: 5, offset: 2, case_name: 'S1', created_at: '' };

  beforeEach(async () => {
    queue.add([file('a.svs')], 'S1');
    await settled();
    // As after a reload: the storage is all that is left.
    queue = new UploadQueue(client, storage);
    queue.setOwner('anna');
    queue.interrupted = [upload];
  });

  test('goes on with the same file, whatever it is called now', async () => {
    expect(queue.canResume(upload)).toBe(true);
    expect(await queue.resumeInterrupted(upload, file('renamed.svs', 'a.svs'))).toBe(true);
    await settled();
    expect(tus.Upload.all.at(-1)?.options.uploadUrl).toBe('http://host/api/v1/uploads/u0');
    expect(queue.items[0]).toMatchObject({ caseName: 'S1', wasResumed: true });
    expect(queue.interrupted).toEqual([]);
  });

  test('does not go on with another file', async () => {
    expect(await queue.resumeInterrupted(upload, file('a.svs', 'other content'))).toBe(false);
    expect(queue.items).toEqual([]);
    expect(queue.interrupted).toEqual([upload]);
  });

  test('is discarded here and on the server', async () => {
    await queue.discardInterrupted(upload);
    expect(sent).toEqual(['DELETE /api/v1/uploads/u0']);
    expect(storage.length).toBe(0);
    expect(queue.interrupted).toEqual([]);
  });

  test('begun in another browser can only be discarded', () => {
    expect(queue.canResume({ ...upload, upload_id: 'u9' })).toBe(false);
  });
});
