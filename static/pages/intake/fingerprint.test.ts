import { expect, test } from 'vitest';
import { digest53, extensionOf, fingerprintOf } from './fingerprint';

const file = (content: Uint8Array<ArrayBuffer> | string, lastModified = 1000, name = 'Doe^Jane 1961.svs'): File => new File([content], name, { lastModified });

test('the same file chosen again is recognised, under whatever name', async () => {
  expect(await fingerprintOf(file('abc'), 'anna')).toBe(await fingerprintOf(file('abc', 1000, 'renamed.svs'), 'anna'));
});

test('another content, size, time or account is another file', async () => {
  const all = await Promise.all([
    fingerprintOf(file('abc'), 'anna'),
    fingerprintOf(file('abd'), 'anna'),
    fingerprintOf(file('abcd'), 'anna'),
    fingerprintOf(file('abc', 1001), 'anna'),
    fingerprintOf(file('abc'), 'bert'),
  ]);
  expect(new Set(all).size).toBe(all.length);
});

test('nothing of the name is in it', async () => {
  expect(await fingerprintOf(file('abc'), 'anna')).toMatch(/^anna-3-1000-[0-9a-f]{1,14}$/);
});

test('every byte of the first MiB counts', () => {
  const bytes = new Uint8Array(1 << 20);
  const before = digest53(bytes);
  for (const at of [0, 1, 777_777, (1 << 20) - 1]) {
    const changed = bytes.slice();
    changed[at] = 1;
    expect(digest53(changed)).not.toBe(before);
  }
});

test('digests of a hundred thousand small changes do not meet', () => {
  const bytes = new Uint8Array(8);
  const seen = new Set<string>();
  for (let number = 0; number < 100_000; number += 1) {
    new DataView(bytes.buffer).setUint32(0, number);
    seen.add(digest53(bytes));
  }
  expect(seen.size).toBe(100_000);
});

test.each([
  ['Müller, Anna.SVS', 'svs'],
  ['a.ome.tiff', 'tiff'],
  ['1961.Meyer', ''],
  ['slide', ''],
  ['.svs', 'svs'],
  ['Jane.Doe Smith', ''],
  ['x.sv/s', ''],
])('of %s only “%s” is sent', (name, extension) => expect(extensionOf(name)).toBe(extension));
