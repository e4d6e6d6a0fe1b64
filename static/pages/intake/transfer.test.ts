import { beforeEach, describe, expect, test, vi } from 'vitest';
import { isWorthRetrying, LONG_BYTES, transferOf, type PartsPort, type TransferEvents } from './transfer';

interface Options {
  uploadUrl: string | null;
  onProgress: (sent_bytes: number) => void;
  onSuccess: (payload: { lastResponse: { getHeader: () => string | undefined } }) => void;
  onError: (error: Error) => void;
  onBeforeRequest: (request: FakeRequest) => Promise<void>;
}

class FakeRequest {
  readonly headers = new Map<string, string>();
  readonly method: string;
  constructor(method: string, offset: number) {
    this.method = method;
    this.headers.set('Upload-Offset', String(offset));
  }
  getMethod = (): string => this.method;
  getHeader = (name: string): string | undefined => this.headers.get(name);
  setHeader = (name: string, value: string): void => void this.headers.set(name, value);
}

/** Stands for tus-js-client. */
const tus = vi.hoisted(() => {
  class Upload {
    static all: Upload[] = [];
    calls: string[] = [];
    readonly options: Options;
    constructor(_file: Blob, options: Options) {
      this.options = options;
      Upload.all.push(this);
    }
    start(): void {
      this.calls.push('start');
    }
    abort(): Promise<void> {
      this.calls.push('abort');
      return Promise.resolve();
    }
  }
  return { Upload, DetailedError: class extends Error {} };
});
vi.mock('tus-js-client', () => tus);

test.each([0, 409, 423, 429, 460, 500, 502, 503])('after %d the rest is sent again', (status) => expect(isWorthRetrying(status)).toBe(true));
test.each([400, 401, 403, 404, 410, 413, 422, 507])('after %d a person is told instead', (status) => expect(isWorthRetrying(status)).toBe(false));

/** A file of this length whose bytes nobody asks for. */
const long = (size: number): Blob => ({ size, slice: (start: number, end: number) => ({ size: end - start, start }) }) as unknown as Blob;
const SIZE = LONG_BYTES + 7;
const HALF = LONG_BYTES / 2;
const PARTS = [
  { upload_id: 'p0', start: 0, length: HALF, offset: 0 },
  { upload_id: 'p1', start: HALF, length: SIZE - HALF, offset: 0 },
];
/** Turns of the event loop, however long each takes: what goes on by itself has then gone on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve));
}

let heard: string[];
let asked: string[];
let known: { upload_id: string; length: number; offset: number; case_name: null; created_at: string; parts: typeof PARTS }[];
const events: TransferEvents = {
  onAddress: (url) => heard.push(`at ${url}`),
  onProgress: (sent_bytes) => heard.push(`sent ${sent_bytes}`),
  onDone: (assetId) => heard.push(`done ${assetId}`),
  onError: (error) => heard.push(`failed ${error.message}`),
};
const port: PartsPort = {
  begin: (length, parts) => {
    asked.push(`begin ${length} in ${parts}`);
    return Promise.resolve({ upload_id: 'new', length, offset: 0, case_name: null, created_at: '', parts: PARTS });
  },
  list: () => Promise.resolve(known),
  forget: (id) => {
    asked.push(`forget ${id}`);
    return Promise.resolve();
  },
};

beforeEach(() => {
  tus.Upload.all = [];
  [heard, asked, known] = [[], [], []];
});

describe('a long file', () => {
  test('goes in parts at the same time, and is done when the last of them is', async () => {
    transferOf(long(SIZE), {}, null, port, events).start();
    await settled();
    const [one, two] = tus.Upload.all;
    expect([one?.options.uploadUrl, two?.options.uploadUrl]).toEqual(['/api/v1/uploads/p0', '/api/v1/uploads/p1']);
    expect([one?.calls, two?.calls]).toEqual([['start'], ['start']]);
    one?.options.onProgress(10);
    two?.options.onProgress(5);
    two?.options.onSuccess({ lastResponse: { getHeader: () => undefined } });
    one?.options.onSuccess({ lastResponse: { getHeader: () => 'asset' } });
    expect(asked).toEqual([`begin ${SIZE} in 4`]);
    expect(heard).toEqual(['at /api/v1/uploads/new', 'sent 10', 'sent 15', 'done asset']);
  });

  test('that was interrupted goes on with the parts that the server has', async () => {
    known = [{ upload_id: 'old', length: SIZE, offset: 3, case_name: null, created_at: '', parts: PARTS }];
    transferOf(long(SIZE), {}, 'http://host/api/v1/uploads/old', port, events).start();
    await settled();
    expect(asked).toEqual([]);
    expect(tus.Upload.all).toHaveLength(2);
  });

  test('that the server has forgotten begins anew', async () => {
    transferOf(long(SIZE), {}, '/api/v1/uploads/old', port, events).start();
    await settled();
    expect(heard).toEqual(['at /api/v1/uploads/new']);
  });

  test('stops as a whole when one part cannot go on, and goes on from what has arrived', async () => {
    const transfer = transferOf(long(SIZE), {}, null, port, events);
    transfer.start();
    await settled();
    tus.Upload.all[0]?.options.onError(new Error('no room'));
    tus.Upload.all[1]?.options.onError(new Error('no room'));
    expect(heard.filter((line) => line.startsWith('failed'))).toEqual(['failed no room']);
    expect(tus.Upload.all[1]?.calls).toEqual(['start', 'abort']);
    known = [{ upload_id: 'new', length: SIZE, offset: 3, case_name: null, created_at: '', parts: PARTS }];
    transfer.start();
    await settled();
    expect(asked).toHaveLength(1);
    expect(tus.Upload.all).toHaveLength(4);
  });

  test('that is given up is forgotten by the server', async () => {
    const transfer = transferOf(long(SIZE), {}, null, port, events);
    transfer.start();
    await settled();
    await transfer.stop(true);
    expect(asked.at(-1)).toBe('forget new');
  });
});

test('each request carries the checksum of its own bytes', async () => {
  transferOf(new Blob(['0123456789']), {}, null, port, events);
  const options = tus.Upload.all[0]?.options;
  const [patch, head] = [new FakeRequest('PATCH', 3), new FakeRequest('HEAD', 0)];
  await options?.onBeforeRequest(patch);
  await options?.onBeforeRequest(head);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('3456789')));
  expect(patch.headers.get('Upload-Checksum')).toBe(`sha256 ${btoa(String.fromCharCode(...digest))}`);
  expect(head.headers.has('Upload-Checksum')).toBe(false);
});
