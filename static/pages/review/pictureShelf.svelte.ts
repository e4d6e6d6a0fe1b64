/** Pictures as they were fetched, each once: to look at an original is written into the audit log. Nothing is kept beyond the page. */
import type { Client } from '../../api/client';

const MOST_KEPT = 48;

export class PictureShelf {
  readonly #client: Client;
  readonly #kept = new Map<string, string>();
  /** Asked for before anybody waited for them. */
  readonly #coming = new Map<string, Promise<unknown>>();
  /** What is on the screen is not let go of, however much comes after it. */
  readonly #places = new Set<ShownPicture>();
  #cleared = new AbortController();

  constructor(client: Client) {
    this.#client = client;
  }

  /** @returns an address that this page alone can show */
  async get(url: string, signal: AbortSignal): Promise<string> {
    await this.#coming.get(url);
    signal.throwIfAborted();
    const known = this.#kept.get(url);
    if (known !== undefined) {
      this.#kept.delete(url);
      this.#kept.set(url, known);
      return known;
    }
    return this.#fetch(url, signal);
  }

  /** Have it here by the time that it is asked for. Whoever asks for it is told should that fail. */
  expect(url: string): void {
    if (this.#kept.has(url) || this.#coming.has(url)) return;
    const coming = this.#fetch(url, this.#cleared.signal)
      .catch(() => undefined)
      .finally(() => {
        if (this.#coming.get(url) === coming) this.#coming.delete(url);
      });
    this.#coming.set(url, coming);
  }

  /** @returns no more of it */
  watch(place: ShownPicture): () => void {
    this.#places.add(place);
    return () => this.#places.delete(place);
  }

  /** After another scrub the same addresses have other pictures. */
  clear(): void {
    this.#cleared.abort();
    this.#cleared = new AbortController();
    this.#coming.clear();
    for (const address of this.#kept.values()) URL.revokeObjectURL(address);
    this.#kept.clear();
  }

  async #fetch(url: string, signal: AbortSignal): Promise<string> {
    const picture = await this.#client.getPicture(url, signal);
    signal.throwIfAborted();
    const address = URL.createObjectURL(picture);
    this.#kept.set(url, address);
    this.#letGo(url);
    return address;
  }

  #letGo(newest: string): void {
    const shown = new Set([newest, ...[...this.#places].map((place) => place.url)]);
    for (const [oldest, address] of this.#kept) {
      if (this.#kept.size <= MOST_KEPT) return;
      if (shown.has(oldest)) continue;
      URL.revokeObjectURL(address);
      this.#kept.delete(oldest);
    }
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
  readonly #leave: () => void;
  #coming: AbortController | null = null;

  constructor(shelf: PictureShelf) {
    this.#shelf = shelf;
    this.#leave = shelf.watch(this);
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
    this.#leave();
  }

  #set(url: string | null, address: string | null): void {
    this.url = url;
    this.address = address;
  }
}
