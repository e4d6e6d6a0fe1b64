/** Pictures as they were fetched, each once: to look at an original is written into the audit log. Nothing is kept beyond the page. */
import type { Client } from '../../api/client';

const MOST_KEPT = 48;

export class PictureShelf {
  readonly #client: Client;
  readonly #kept = new Map<string, string>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** @returns an address that this page alone can show */
  async get(url: string, signal: AbortSignal): Promise<string> {
    const known = this.#kept.get(url);
    if (known !== undefined) {
      this.#kept.delete(url);
      this.#kept.set(url, known);
      return known;
    }
    const picture = await this.#client.getPicture(url, signal);
    signal.throwIfAborted();
    const address = URL.createObjectURL(picture);
    this.#kept.set(url, address);
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) break;
      URL.revokeObjectURL(old);
      this.#kept.delete(oldest);
    }
    return address;
  }

  /** After another scrub the same addresses have other pictures. */
  clear(): void {
    for (const address of this.#kept.values()) URL.revokeObjectURL(address);
    this.#kept.clear();
  }
}

/** One place on the screen for a picture: the last one asked for wins, and the one before stays until it is there. */
export class ShownPicture {
  address = $state<string | null>(null);
  /** What is on the screen. */
  url = $state<string | null>(null);
  isLoading = $state(false);
  problem = $state.raw<unknown>(null);

  readonly #shelf: PictureShelf;
  #coming: AbortController | null = null;

  constructor(shelf: PictureShelf) {
    this.#shelf = shelf;
  }

  /** @param keepsOld whether the picture before may stand there until this one has come */
  async show(url: string | null, keepsOld: boolean): Promise<void> {
    this.#coming?.abort();
    const mine = (this.#coming = new AbortController());
    this.problem = null;
    if (url === null || !keepsOld) this.#set(null, null);
    if (url === null) {
      this.isLoading = false;
      return;
    }
    this.isLoading = true;
    try {
      const address = await this.#shelf.get(url, mine.signal);
      if (mine.signal.aborted) return;
      this.#set(url, address);
    } catch (error) {
      if (mine.signal.aborted) return;
      this.#set(null, null);
      this.problem = error;
    }
    this.isLoading = false;
  }

  close(): void {
    this.#coming?.abort();
  }

  #set(url: string | null, address: string | null): void {
    this.url = url;
    this.address = address;
  }
}
