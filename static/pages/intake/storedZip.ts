/**
 * Several files as one ZIP without copying them: the archive is a Blob made of the files themselves and of the few bytes
 * that ZIP puts between them, so that it can be sent, sliced and sent again like any file. Only the checksums need one
 * reading of the files.
 */
import { crc32 } from './crc32';

export interface ZipMember {
  /** Neutral: what the file is called on this computer does not leave it. */
  readonly name: string;
  readonly content: Blob;
}

const READ_BYTES = 4 * 1024 * 1024;
const ZIP64_VERSION = 45;
const UTF8_NAMES = 1 << 11;
/** 1 January 1980: when a file was made is nobody's business. */
const DATE = 0x0021;
const FULL_32 = 0xffffffff;
const FULL_16 = 0xffff;

/** The same files in the same order give the same archive, byte for byte. `onRead` is told bytes read, of all. */
export async function storedZip(members: readonly ZipMember[], onRead: (done: number, total: number) => void = () => undefined): Promise<Blob> {
  const total = members.reduce((sum, member) => sum + member.content.size, 0);
  const parts: BlobPart[] = [];
  const entries: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  let read = 0;
  for (const { name, content } of members) {
    const checksum = await checksumOf(content, (bytes) => onRead((read += bytes), total));
    const encodedName = new TextEncoder().encode(name);
    const head = headOf(encodedName, content.size, checksum);
    parts.push(head, content);
    entries.push(entryOf(encodedName, content.size, checksum, offset));
    offset += head.length + content.size;
  }
  const directory_bytes = entries.reduce((sum, entry) => sum + entry.length, 0);
  return new Blob([...parts, ...entries, endOf(entries.length, directory_bytes, offset)]);
}

async function checksumOf(content: Blob, onRead: (bytes: number) => void): Promise<number> {
  let checksum = 0;
  for (let at = 0; at < content.size; at += READ_BYTES) {
    const bytes = new Uint8Array(await content.slice(at, at + READ_BYTES).arrayBuffer());
    checksum = crc32(bytes, checksum);
    onRead(bytes.length);
  }
  return checksum;
}

function headOf(name: Uint8Array, size: number, checksum: number): Uint8Array<ArrayBuffer> {
  const fields = new Fields(30 + name.length + 20).u32(0x04034b50).u16(ZIP64_VERSION, UTF8_NAMES, 0, 0, DATE);
  return fields.u32(checksum, FULL_32, FULL_32).u16(name.length, 20).bytes(name).u16(1, 16).u64(size, size).done;
}

function entryOf(name: Uint8Array, size: number, checksum: number, offset: number): Uint8Array<ArrayBuffer> {
  const fields = new Fields(46 + name.length + 28).u32(0x02014b50).u16(ZIP64_VERSION, ZIP64_VERSION, UTF8_NAMES, 0, 0, DATE);
  fields.u32(checksum, FULL_32, FULL_32).u16(name.length, 28, 0, 0, 0).u32(0, FULL_32).bytes(name);
  return fields.u16(1, 24).u64(size, size, offset).done;
}

function endOf(count: number, directory_bytes: number, offset: number): Uint8Array<ArrayBuffer> {
  const fields = new Fields(56 + 20 + 22);
  fields.u32(0x06064b50).u64(44).u16(ZIP64_VERSION, ZIP64_VERSION).u32(0, 0).u64(count, count, directory_bytes, offset);
  fields.u32(0x07064b50, 0).u64(offset + directory_bytes).u32(1);
  return fields.u32(0x06054b50).u16(0, 0, FULL_16, FULL_16).u32(FULL_32, FULL_32).u16(0).done;
}

/** Little-endian fields, one behind the other. */
class Fields {
  readonly done: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #at = 0;

  constructor(length: number) {
    this.done = new Uint8Array(length);
    this.#view = new DataView(this.done.buffer);
  }

  u16(...values: number[]): this {
    for (const value of values) this.#view.setUint16((this.#at += 2) - 2, value, true);
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) this.#view.setUint32((this.#at += 4) - 4, value, true);
    return this;
  }

  u64(...values: number[]): this {
    for (const value of values) this.#view.setBigUint64((this.#at += 8) - 8, BigInt(value), true);
    return this;
  }

  bytes(values: Uint8Array): this {
    this.done.set(values, this.#at);
    this.#at += values.length;
    return this;
  }
}
