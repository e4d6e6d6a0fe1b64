/** Which upload on the server belongs to which file, kept across reloads. Holds fingerprints and addresses, never a name. */

const PREFIX = 'slidereel-upload:';

export interface Resumable {
  fingerprint: string;
  /** The upload's address on the server. */
  url: string;
  size_bytes: number;
}

export class ResumeStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  put(entry: Resumable): void {
    try {
      this.#storage.setItem(PREFIX + entry.fingerprint, JSON.stringify({ url: entry.url, size_bytes: entry.size_bytes }));
    } catch {
      // Full or forbidden storage costs the resuming after a reload, not the upload.
    }
  }

  find(fingerprint: string): Resumable | null {
    try {
      const value: unknown = JSON.parse(this.#storage.getItem(PREFIX + fingerprint) ?? 'null');
      if (typeof value !== 'object' || value === null) return null;
      const { url, size_bytes } = value as Partial<Resumable>;
      return typeof url === 'string' && typeof size_bytes === 'number' ? { fingerprint, url, size_bytes } : null;
    } catch {
      return null;
    }
  }

  /** The entry of an upload the server lists, by the last part of its address. */
  findByUploadId(uploadId: string): Resumable | null {
    for (let index = 0; index < this.#storage.length; index += 1) {
      const key = this.#storage.key(index);
      if (!key?.startsWith(PREFIX)) continue;
      const entry = this.find(key.slice(PREFIX.length));
      if (entry && uploadIdOf(entry.url) === uploadId) return entry;
    }
    return null;
  }

  remove(fingerprint: string): void {
    try {
      this.#storage.removeItem(PREFIX + fingerprint);
    } catch {
      // See put.
    }
  }
}

export function uploadIdOf(url: string): string {
  return url.replace(/[?#].*$/, '').split('/').pop() ?? '';
}
