import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Client } from '../../api/client';
import { PictureShelf, ShownPicture } from './pictureShelf.svelte';

const MOST_KEPT = 48;
const frame = (number: number): string => `/api/v1/videos/a/frames/${number}.jpg`;

let asked: string[];
let revoked: string[];
/** Answers that wait for a test to let them go; null: none do. */
let gates: Map<string, () => void> | null;
let isFailing: boolean;
let shelf: PictureShelf;

const client = new Client({
  async fetch(url, init) {
    asked.push(url);
    await new Promise<void>((go, stop) => {
      if (gates === null) return go();
      gates.set(url, go);
      init?.signal?.addEventListener('abort', () => stop(new DOMException('', 'AbortError')));
    });
    return isFailing ? new Response('{}', { status: 500 }) : new Response('jpeg');
  },
});

beforeEach(() => {
  [asked, revoked, gates, isFailing] = [[], [], null, false];
  vi.stubGlobal('location', { origin: 'http://localhost' });
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${asked.length}`);
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation((address) => void revoked.push(address));
  shelf = new PictureShelf(client);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const get = (number: number): Promise<string> => shelf.get(frame(number), new AbortController().signal);

test('a picture is fetched once', async () => {
  expect(await get(1)).toBe(await get(1));
  expect(asked).toEqual([frame(1)]);
});

test('what is on the screen stays, however many frames are played after it', async () => {
  const before = new ShownPicture(shelf);
  await before.show(frame(0), true);
  for (let number = 1; number <= 2 * MOST_KEPT; number += 1) await get(number);
  expect(revoked).toHaveLength(MOST_KEPT + 1);
  expect(revoked).not.toContain(before.address);
  before.close();
  await get(1000);
  expect(revoked).toContain(before.address);
});

test('what is expected is asked for once, and is there for who waits for it', async () => {
  gates = new Map();
  shelf.expect(frame(3));
  shelf.expect(frame(3));
  const waiting = get(3);
  gates.get(frame(3))!();
  const address = await waiting;
  expect(asked).toEqual([frame(3)]);
  shelf.expect(frame(3));
  expect(await get(3)).toBe(address);
  expect(asked).toHaveLength(1);
});

test('what was expected in vain is asked for again by who wants it, and he is told', async () => {
  isFailing = true;
  shelf.expect(frame(3));
  await expect(get(3)).rejects.toThrow();
  expect(asked).toHaveLength(2);
});

test('nothing that was on its way before another scrub is shown after it', async () => {
  gates = new Map();
  shelf.expect(frame(3));
  const letOldOneGo = gates.get(frame(3))!;
  shelf.clear();
  gates = null;
  letOldOneGo();
  await get(3);
  expect(asked).toHaveLength(2);
});
