import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client } from '../../api/client';
import { asProblem } from '../../api/problem';
import type { Review } from '../../api/review';
import type { Asset } from '../../api/types';
import { ReviewSession } from './reviewSession.svelte';

const [OLD, NEW] = ['aa', 'bb'];

/** The server as it would answer now; a test changes what it says. */
let asset: Partial<Asset>;
let review: Partial<Review>;
let posted: { path: string; body: unknown }[];
let close: () => void;

function answer(url: string, init: RequestInit = {}): Response {
  const path = url.replace('/api/v1/assets/a', '');
  if (init.method !== 'POST') return Response.json(path === '/review' ? review : asset);
  const body = JSON.parse(String(init.body)) as { canonical_sha256?: string | null };
  posted.push({ path, body });
  if (path === '/release' && body.canonical_sha256 !== asset.canonical_sha256) {
    return Response.json({ type: '/problems/wrong-state', title: 'Wrong state', detail: 'It was scrubbed again.' }, { status: 409 });
  }
  if (path === '/release') asset = { ...asset, state: 'released' };
  return Response.json(asset);
}

async function opened(): Promise<ReviewSession> {
  const session = new ReviewSession(new Client({ fetch: (url, init) => Promise.resolve(answer(url, init)) }), 'a', 'ada');
  close = session.open();
  await vi.waitFor(() => expect(session.review).not.toBeNull());
  return session;
}

beforeEach(() => {
  vi.stubGlobal('document', { hidden: false });
  asset = { asset_id: 'a', kind: 'video', state: 'awaiting_release', canonical_sha256: OLD, problem: null, signature_count: 0 };
  review = { canonical_sha256: OLD, pictures: [], findings: [], added: [], removed: [], signatures: [], width_px: 640, height_px: 480, frame_count: 10 };
  posted = [];
});
afterEach(() => {
  close();
  vi.unstubAllGlobals();
});

test('a signature is for the file that was looked at', async () => {
  const session = await opened();
  await session.sign(session.review!.canonical_sha256, false);
  expect(posted).toEqual([{ path: '/release', body: { canonical_sha256: OLD, confirm_losses: false } }]);
  expect(session.outcome).toBe('released');
});

test('what was scrubbed again meanwhile is not signed for: it is read anew, and why is said', async () => {
  const session = await opened();
  [asset, review] = [{ ...asset, canonical_sha256: NEW }, { ...review, canonical_sha256: NEW }];
  await session.sign(OLD, false);
  expect(session.outcome).toBeNull();
  expect(asProblem(session.refusal).detail).toBe('It was scrubbed again.');
  expect(session.review?.canonical_sha256).toBe(NEW);
});
