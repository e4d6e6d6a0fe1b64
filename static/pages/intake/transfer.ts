/**
 * The bytes of one file on their way by tus: as a whole, or, where it is long, in parts at the same time, each of which
 * goes on by itself after an interruption. Every request carries the checksum of its bytes.
 */
import { DetailedError, Upload } from 'tus-js-client';
import type { UnfinishedUpload, UploadPart } from '../../api/types';

export const ENDPOINT = '/api/v1/uploads';
/** Small enough for proxies that hold a whole request back, large enough that the pauses between do not count. */
const CHUNK_BYTES = 32 * 1024 * 1024;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000];
/** From here on a file goes in parts: hours of surgery, not a loop. */
export const LONG_BYTES = 256 * 1024 * 1024;
export const PARTS = 4;

export interface TransferEvents {
  /** The server has an address for it. */
  onAddress(url: string): void;
  onProgress(sent_bytes: number): void;
  onDone(assetId: string | null): void;
  onError(error: Error | DetailedError): void;
}

/** What a transfer in parts asks the server for. */
export interface PartsPort {
  begin(length_bytes: number, parts: number, metadata: Readonly<Record<string, string>>): Promise<UnfinishedUpload>;
  /** The caller's unfinished uploads. */
  list(): Promise<readonly UnfinishedUpload[]>;
  /** Have the server forget one. */
  forget(uploadId: string): Promise<void>;
}

export interface Transfer {
  start(): void;
  /** @param forget have the server forget what it got */
  stop(forget?: boolean): Promise<void>;
}

type Metadata = Readonly<Record<string, string>>;

export function transferOf(file: Blob, metadata: Metadata, knownUrl: string | null, port: PartsPort, events: TransferEvents): Transfer {
  return file.size >= LONG_BYTES ? new PartedTransfer(file, metadata, knownUrl, port, events) : new WholeTransfer(file, metadata, knownUrl, events);
}

/** No answer, a conflict of offsets (ask again where we are), damaged bytes, or a server in trouble; but a full disk does not pass in a minute. */
export function isWorthRetrying(status: number): boolean {
  return status === 0 || status === 409 || status === 423 || status === 429 || status === 460 || (status >= 500 && status !== 507);
}

const optionsFor = (file: Blob) => ({
  chunkSize: CHUNK_BYTES,
  retryDelays: RETRY_DELAYS_MS,
  storeFingerprintForResuming: false,
  onShouldRetry: (error: DetailedError) => isWorthRetrying(error.originalResponse?.getStatus() ?? 0),
  onBeforeRequest: async (request: { getMethod(): string; getHeader(name: string): string | undefined; setHeader(name: string, value: string): void }) => {
    // Browsers digest on https and localhost only; elsewhere TCP's own sums have to do.
    if (request.getMethod() !== 'PATCH' || !globalThis.crypto?.subtle) return;
    const offset = Number(request.getHeader('Upload-Offset'));
    const bytes = await file.slice(offset, offset + CHUNK_BYTES).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    request.setHeader('Upload-Checksum', `sha256 ${btoa(String.fromCharCode(...digest))}`);
  },
});

class WholeTransfer implements Transfer {
  readonly #upload: Upload;

  constructor(file: Blob, metadata: Metadata, knownUrl: string | null, events: TransferEvents) {
    const upload = new Upload(file as File, {
      ...optionsFor(file),
      endpoint: ENDPOINT,
      uploadUrl: knownUrl,
      metadata: { ...metadata },
      onUploadUrlAvailable: () => {
        if (upload.url) events.onAddress(upload.url);
      },
      onProgress: (sent_bytes) => events.onProgress(sent_bytes),
      onSuccess: ({ lastResponse }) => events.onDone(lastResponse.getHeader('Slidereel-Asset-Id') ?? null),
      onError: (error) => events.onError(error),
    });
    this.#upload = upload;
  }

  start(): void {
    this.#upload.start();
  }

  async stop(forget = false): Promise<void> {
    await (forget ? this.#upload.abort(true) : this.#upload.abort());
  }
}

class PartedTransfer implements Transfer {
  readonly #file: Blob;
  readonly #metadata: Metadata;
  readonly #port: PartsPort;
  readonly #events: TransferEvents;
  #url: string | null;
  #uploads: Upload[] = [];
  #sent_bytes: number[] = [];
  #left = 0;
  #isRunning = false;
  #assetId: string | null = null;

  constructor(file: Blob, metadata: Metadata, knownUrl: string | null, port: PartsPort, events: TransferEvents) {
    this.#file = file;
    this.#metadata = metadata;
    this.#url = knownUrl;
    this.#port = port;
    this.#events = events;
  }

  start(): void {
    this.#isRunning = true;
    if (this.#uploads.length > 0) for (const upload of this.#uploads) upload.start();
    else {
      this.#parts().then(
        (parts) => this.#send(parts),
        (error: unknown) => this.#fail(error instanceof Error ? error : new Error('the server could not be asked')),
      );
    }
  }

  async stop(forget = false): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#uploads.map((upload) => upload.abort()));
    if (forget && this.#url) await this.#port.forget(idOf(this.#url));
  }

  /** Of the upload that was begun earlier, if the server still has it; otherwise of a new one. */
  async #parts(): Promise<readonly UploadPart[]> {
    if (this.#url) {
      const wanted = idOf(this.#url);
      const known = (await this.#port.list()).find((upload) => upload.upload_id === wanted && upload.length === this.#file.size);
      if (known?.parts?.length) return known.parts;
    }
    const begun = await this.#port.begin(this.#file.size, PARTS, this.#metadata);
    this.#url = `${ENDPOINT}/${begun.upload_id}`;
    this.#events.onAddress(this.#url);
    return begun.parts ?? [];
  }

  #send(parts: readonly UploadPart[]): void {
    if (!this.#isRunning) return;
    this.#sent_bytes = parts.map((part) => part.offset);
    this.#left = parts.length;
    this.#uploads = parts.map((part, index) => {
      const bytes = this.#file.slice(part.start, part.start + part.length);
      return new Upload(bytes as File, {
        ...optionsFor(bytes),
        uploadUrl: `${ENDPOINT}/${part.upload_id}`,
        onProgress: (sent_bytes) => {
          this.#sent_bytes[index] = sent_bytes;
          this.#events.onProgress(this.#sent_bytes.reduce((sum, each) => sum + each, 0));
        },
        onSuccess: ({ lastResponse }) => {
          this.#assetId = lastResponse.getHeader('Slidereel-Asset-Id') ?? this.#assetId;
          this.#left -= 1;
          if (this.#left === 0) this.#events.onDone(this.#assetId);
        },
        onError: (error) => this.#fail(error),
      });
    });
    for (const upload of this.#uploads) upload.start();
  }

  /** One part that cannot go on ends them all; what has arrived stays, and starting again goes on from there. */
  #fail(error: Error): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    for (const upload of this.#uploads) void upload.abort();
    this.#uploads = [];
    this.#events.onError(error);
  }
}

const idOf = (url: string): string => url.replace(/[?#].*$/, '').split('/').pop() ?? '';
