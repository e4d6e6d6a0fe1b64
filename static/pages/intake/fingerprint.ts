/**
 * Recognises a file that was half sent, without keeping anything that names it: file names carry patients' names, so
 * neither the name nor a piece of the content is stored, only sizes, times and a digest.
 */

const HEAD_BYTES = 1 << 20;

export interface FileLike extends Blob {
  /** Milliseconds since 1970, as the file system says. */
  readonly lastModified: number;
}

/** The same file, chosen again by the same account, gives the same text. */
export async function fingerprintOf(file: FileLike, accountId: string): Promise<string> {
  const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  return [accountId, file.size, file.lastModified, digest53(head)].join('-');
}

/**
 * 53 bits over the bytes, as hex. Not SubtleCrypto: that is missing where a hospital serves plain http on its own
 * network, and telling one's own files apart needs no cryptography.
 */
export function digest53(bytes: Uint8Array): string {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (const byte of bytes) {
    high = Math.imul(high ^ byte, 0x9e3779b1);
    low = Math.imul(low ^ byte, 0x5f356495);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return ((low >>> 0) * 0x200000 + ((high >>> 0) & 0x1fffff)).toString(16);
}

const KNOWN_EXTENSIONS = new Set(
  'svs tif tiff btf ndpi scn bif mrxs vms vmu svslide czi qptiff dcm zip gif mp4 m4v mov avi mkv webm mpg mpeg vob ts m2ts wmv flv'.split(' '),
);

/**
 * "Müller, Anna.SVS" → "svs": all that the server learns of a name. Empty where it is not a slide's or video's: what stands behind
 * the last dot may be a name as well ("1961.Müller").
 */
export function extensionOf(fileName: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return KNOWN_EXTENSIONS.has(extension) ? extension : '';
}
