import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FrameMemory } from './frame_memory';

let addresses: string[];

beforeEach(() => {
  vi.useFakeTimers();
  addresses = [];
  const location = { hash: '', pathname: '/videos/v1', search: '' };
  vi.stubGlobal('location', location);
  vi.stubGlobal('sessionStorage', { setItem: () => undefined });
  vi.stubGlobal('history', {
    state: null,
    replaceState: (_state: unknown, _title: string, address: string) => {
      addresses.push(address);
      location.hash = address.slice(address.indexOf('#'));
    },
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a frame is in the address at once', () => {
  const memory = new FrameMemory('v1');
  memory.keep(20);
  memory.keep(23);
  expect(addresses).toEqual(['/videos/v1#frame=20', '/videos/v1#frame=23']);
});

test('scrubbing for half a minute stays below the number of addresses that a browser takes, and the last one is kept', () => {
  const memory = new FrameMemory('v1');
  for (let frame = 0; frame < 1800; frame += 1) {
    memory.keep(frame);
    vi.advanceTimersByTime(16.7);
  }
  expect(addresses.length).toBeLessThan(200);
  vi.advanceTimersByTime(1500);
  expect(addresses.at(-1)).toBe('/videos/v1#frame=1799');
});

test('what waits when the page is left is not written into the next page’s address', () => {
  const memory = new FrameMemory('v1');
  for (let frame = 0; frame < 20; frame += 1) memory.keep(frame);
  const before = addresses.length;
  memory.close();
  vi.advanceTimersByTime(5000);
  expect(addresses.length).toBe(before);
});
