/** The files being sent, two at a time. Lives as long as the page, so that one may look at slides meanwhile. */
import type { Client } from '../../api/client';
import type { UnfinishedUpload } from '../../api/types';
import { fingerprintOf } from './fingerprint';
import { ResumeStore } from './resumeStore';
import { UploadItem, type UploadState } from './uploadItem.svelte';

const AT_ONCE = 2;

export class UploadQueue {
  items = $state<UploadItem[]>([]);
  /** Uploads the server waits for whose file is not in this page: begun before a reload, or elsewhere. */
  interrupted = $state<UnfinishedUpload[]>([]);

  readonly #client: Client;
  readonly #store: ResumeStore;
  #accountId: string | null = null;
  #nextKey = 1;
  #suspended: UploadItem[] = [];

  constructor(client: Client, storage: Storage = localStorage) {
    this.#client = client;
    this.#store = new ResumeStore(storage);
  }

  active = $derived(this.items.filter(isActive));
  get isSending(): boolean {
    return this.active.length > 0;
  }

  /** 0 to 1 over everything that is on its way. */
  get fraction(): number {
    const total_bytes = this.active.reduce((sum, item) => sum + item.size_bytes, 0);
    return total_bytes ? this.active.reduce((sum, item) => sum + item.sent_bytes, 0) / total_bytes : 0;
  }

  /** Files belong to whoever chose them: the same account goes on after signing in again, another never does. */
  setOwner(accountId: string | null): void {
    if (accountId === null) {
      this.#suspended = this.items.filter((item) => isActive(item) || item.problem?.status === 401);
      for (const item of this.active) void item.pause();
    }
    if (accountId !== null && accountId !== this.#accountId) {
      this.items = [];
      this.interrupted = [];
    }
    if (accountId !== null) {
      this.#accountId = accountId;
      for (const item of this.#suspended) if (this.items.includes(item)) item.resume();
      this.#suspended = [];
    }
  }

  add(files: Iterable<File>, caseName: string, profile: string | null = null): void {
    const accountId = this.#accountId;
    if (accountId === null) return;
    const parts = {
      begin: (length_bytes: number, most: number, metadata: Readonly<Record<string, string>>) => this.#client.createUpload(length_bytes, most, metadata),
      list: () => this.#client.listUploads(),
      forget: (uploadId: string) => this.#client.deleteUpload(uploadId),
    };
    const owner = { accountId, store: this.#store, parts, onSettled: () => this.#fill(), onUnauthenticated: () => this.#client.onUnauthenticated?.() };
    for (const file of files) this.items.push(new UploadItem(this.#nextKey++, file, caseName, owner, profile));
    this.#fill();
  }

  /** When the server answers again after an outage. */
  resumeStalled(): void {
    for (const item of this.items) if (item.state === 'failed' && item.problem?.status === 0) item.resume();
  }

  /** What the file of this asset is called on this computer, as long as this page is open; null if it was not sent from it. */
  fileNameOf(assetId: string): string | null {
    return this.items.find((item) => item.assetId === assetId)?.fileName ?? null;
  }

  async refreshInterrupted(): Promise<void> {
    const listed = await this.#client.listUploads();
    const here = new Set(this.items.filter((item) => !isOver(item.state)).map((item) => item.uploadId));
    this.interrupted = listed.filter((upload) => !here.has(upload.upload_id));
  }

  /** Whether this browser began the upload, and so can tell its file again. */
  canResume(upload: UnfinishedUpload): boolean {
    return this.#store.findByUploadId(upload.upload_id) !== null;
  }

  /** Send the rest of an interrupted upload. False, and nothing is sent, if `file` is another one than it was begun with. */
  async resumeInterrupted(upload: UnfinishedUpload, file: File): Promise<boolean> {
    const entry = this.#store.findByUploadId(upload.upload_id);
    if (!entry || this.#accountId === null) return false;
    if ((await fingerprintOf(file, this.#accountId)) !== entry.fingerprint) return false;
    this.interrupted = this.interrupted.filter((one) => one.upload_id !== upload.upload_id);
    this.add([file], upload.case_name ?? '');
    return true;
  }

  async discardInterrupted(upload: UnfinishedUpload): Promise<void> {
    await this.#client.deleteUpload(upload.upload_id);
    const entry = this.#store.findByUploadId(upload.upload_id);
    if (entry) this.#store.remove(entry.fingerprint);
    this.interrupted = this.interrupted.filter((one) => one.upload_id !== upload.upload_id);
  }

  #fill(): void {
    let sending = this.items.filter((item) => item.state === 'sending').length;
    for (const item of this.items) {
      if (sending >= AT_ONCE) return;
      if (item.state !== 'queued') continue;
      sending += 1;
      void item.send();
    }
  }
}

function isActive(item: UploadItem): boolean {
  return item.state === 'sending' || item.state === 'queued';
}

function isOver(state: UploadState): boolean {
  return state === 'done' || state === 'cancelled';
}
