import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client } from '../../api/client';
import { asProblem } from '../../api/problem';
import type { Review } from '../../api/review';
import type { Asset } from '../../api/types';
import { ReviewSession } from './reviewSession.svelte';

const [OLD, NEW] = ['aa', 'bb'];
/** Ends a test that hangs. */
const HANG_MS = 30_000;

/** The server as it would answer now; a test changes what it says. */
let asset: Partial<Asset>;
let review: Partial<Review>;
let posted: { path: string; body: unknown }[];
let close: () => void;

function answer(url: string, init: RequestInit = {}): Response {
  const path = url.replace('/api/v1/assets/a', '');
  if (init.method !== 'POST') return Response.json(path === '/review' ? review : asset);
  const body = JSON.parse(String(init.body ?? '{}')) as { canonical_sha256?: string | null };
  posted.push({ path, body });
  if (path === '/release' && body.canonical_sha256 !== asset.canonical_sha256) {
    return Response.json({ type: '/problems/wrong-state', title: 'Wrong state', detail: 'It was scrubbed again.' }, { status: 409 });
  }
  if (path === '/release') asset = { ...asset, state: 'released' };
  return Response.json(asset);
}

function opening(): ReviewSession {
  const session = new ReviewSession(new Client({ fetch: (url, init) => Promise.resolve(answer(url, init)) }), 'a', 'ada');
  close = session.open();
  return session;
}

async function opened(): Promise<ReviewSession> {
  const session = opening();
  await vi.waitFor(() => expect(session.review).not.toBeNull(), HANG_MS);
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

test('the result plays to its last frame, and from the first again', async () => {
  const session = await opened();
  session.goTo(7);
  session.togglePlaying();
  session.playOn();
  expect([session.frame, session.isPlaying]).toEqual([8, true]);
  session.playOn();
  expect([session.frame, session.isPlaying]).toEqual([9, false]);
  session.togglePlaying();
  expect([session.frame, session.isPlaying]).toEqual([0, true]);
});

test('one goes through the findings in a circle, in either direction', async () => {
  const at = (x0: number) => ({ x0, y0: 0, x1: x0 + 9, y1: 9, first_frame: null, last_frame: null, reason: 'text' as const, is_masked: true, score: 0.5, space: 'asset' as const });
  review = { ...review, findings: [at(0), at(50)] };
  const session = await opened();
  expect(session.beside(-1)?.number).toBe(2);
  session.select(session.beside(1));
  expect(session.selected?.number).toBe(1);
  expect(session.beside(-1)?.number).toBe(2);
});

test('a scrub that was cancelled is open to be decided about', async () => {
  [asset, review] = [{ ...asset, state: 'converting', canonical_sha256: null }, { ...review, canonical_sha256: null }];
  const session = opening();
  await vi.waitFor(() => expect(session.isWorking).toBe(true), HANG_MS);
  const problem = { type: '/problems/cancelled', detail: 'Stopped.', reference: 'ab' };
  asset = { ...asset, state: 'quarantined', problem };
  await session.cancel();
  expect(posted.map(({ path }) => path)).toEqual(['/cancel']);
  expect([session.isWorking, session.isOpen, session.review !== null]).toEqual([false, true, true]);
});

test('what was erased while it awaits is released or rejected as it is: nothing is drawn for a scrub that cannot be', async () => {
  const picture = { name: 'minimum', frame: null, width_px: 640, height_px: 480, scale: 1, space: 'asset' as const, after_url: null };
  review = { ...review, pictures: [{ ...picture, before_url: null }] };
  const session = await opened();
  expect([session.isOpen, session.isOriginalGone, session.canChange]).toEqual([true, true, false]);
  [asset, review] = [{ ...asset, canonical_sha256: NEW }, { ...review, pictures: [{ ...picture, before_url: '/before' }] }];
  await session.load();
  expect([session.isOriginalGone, session.canChange]).toEqual([false, true]);
});
