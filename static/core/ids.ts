/** Fills an array with random bytes. `crypto.randomUUID` does not exist on plain http, where many hospitals run this. */
export type RandomBytes = (count: number) => Uint8Array;

/** A random UUID, version 4 (RFC 9562). */
export function uuid4(randomBytes: RandomBytes): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
