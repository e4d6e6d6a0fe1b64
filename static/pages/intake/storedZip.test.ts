import { expect, test } from 'vitest';
import { crc32 } from './crc32';
import { storedZip } from './storedZip';

const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer());
const text = (content: string): Blob => new Blob([content]);

test.each([
  ['', 0],
  ['a', 0xe8b7be43],
  ['123456789', 0xcbf43926],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('the checksum of “%s” is the one that everybody computes', (content, expected) => expect(crc32(new TextEncoder().encode(content))).toBe(expected));

test('a checksum in pieces is that of the whole, wherever it is cut', () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => (index * 71) & 0xff);
  for (let cut = 0; cut <= bytes.length; cut += 1) expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(0x6db89843);
});

test('files stand in the archive as they are, each behind its head', async () => {
  const archive = await bytesOf(await storedZip([{ name: '1.dcm', content: text('first') }, { name: 'slide/2', content: text('') }]));
  const view = new DataView(archive.buffer);
  expect(view.getUint32(0, true)).toBe(0x04034b50);
  expect(new TextDecoder().decode(archive.slice(30, 35))).toBe('1.dcm');
  expect(new TextDecoder().decode(archive.slice(55, 60))).toBe('first');
  expect(view.getUint32(14, true)).toBe(crc32(new TextEncoder().encode('first')));
  expect(view.getUint32(60, true)).toBe(0x04034b50);
});

test('its end leads to its directory, and that to every file', async () => {
  const contents = ['first', '', 'third'.repeat(1000)];
  const archive = await bytesOf(await storedZip(contents.map((content, index) => ({ name: `${index}`, content: text(content) }))));
  const view = new DataView(archive.buffer);
  const locator = archive.length - 22 - 20;
  expect(view.getUint32(locator, true)).toBe(0x07064b50);
  const end = Number(view.getBigUint64(locator + 8, true));
  expect(view.getUint32(end, true)).toBe(0x06064b50);
  expect(Number(view.getBigUint64(end + 32, true))).toBe(contents.length);
  let at = Number(view.getBigUint64(end + 48, true));
  for (const content of contents) {
    expect(view.getUint32(at, true)).toBe(0x02014b50);
    const extra = at + 46 + view.getUint16(at + 28, true);
    expect(Number(view.getBigUint64(extra + 4, true))).toBe(content.length);
    const head = Number(view.getBigUint64(extra + 20, true));
    const start = head + 30 + view.getUint16(head + 26, true) + view.getUint16(head + 28, true);
    expect(new TextDecoder().decode(archive.slice(start, start + content.length))).toBe(content);
    at = extra + view.getUint16(at + 30, true);
  }
  expect(at).toBe(end);
});

test('the same files give the same archive, and reading them is told', async () => {
  const members = [
    { name: 'a', content: text('x'.repeat(9_000_000)) },
    { name: 'b', content: text('y') },
  ];
  const told: number[] = [];
  const one = await storedZip(members, (done, total) => told.push(done / total));
  const other = await storedZip(members);
  // Compared as one number: a failure would print every byte.
  expect(crc32(await bytesOf(one))).toBe(crc32(await bytesOf(other)));
  expect(told.at(-1)).toBe(1);
  expect(told.length).toBeGreaterThan(2);
});
