/** One file on its way to the server by tus: what it is doing, and the verbs a person has over it. */
import { DetailedError } from 'tus-js-client';
import { asProblem, offlineProblem, ProblemError, problemFrom } from '../../api/problem';
import { extensionOf, fingerprintOf } from './fingerprint';
import { uploadIdOf, type ResumeStore } from './resumeStore';
import { SpeedMeter } from './speed';
import { transferOf, type PartsPort, type Transfer } from './transfer';

export type UploadState = 'queued' | 'sending' | 'paused' | 'failed' | 'done' | 'cancelled';

export interface UploadOwner {
  readonly accountId: string;
  readonly store: ResumeStore;
  readonly parts: PartsPort;
  /** Called whenever a place in the line may have become free. */
  readonly onSettled: () => void;
  /** Called when the server no longer knows who sends this. */
  readonly onUnauthenticated: () => void;
}

export class UploadItem {
  readonly key: number;
  /** Shown while this page is open; never stored, never sent. */
  readonly fileName: string;
  readonly size_bytes: number;
  readonly caseName: string;
  /** What it is to be scrubbed by; null: the policy's default. */
  readonly profile: string | null;

  state = $state<UploadState>('queued');
  sent_bytes = $state(0);
  bytesPerSecond = $state<number | null>(null);
  problem = $state<ProblemError | null>(null);
  wasResumed = $state(false);
  uploadId = $state<string | null>(null);
  assetId = $state<string | null>(null);

  readonly #file: File;
  readonly #owner: UploadOwner;
  readonly #meter = new SpeedMeter();
  #fingerprint: string | null = null;
  #transfer: Transfer | null = null;

  constructor(key: number, file: File, caseName: string, owner: UploadOwner, profile: string | null = null) {
    this.key = key;
    this.#file = file;
    this.fileName = file.name;
    this.size_bytes = file.size;
    this.caseName = caseName;
    this.profile = profile;
    this.#owner = owner;
  }

  get fraction(): number {
    return this.size_bytes ? this.sent_bytes / this.size_bytes : 0;
  }

  get left_s(): number | null {
    return this.bytesPerSecond ? (this.size_bytes - this.sent_bytes) / this.bytesPerSecond : null;
  }

  async send(): Promise<void> {
    this.state = 'sending';
    this.problem = null;
    this.#meter.reset();
    try {
      this.#fingerprint ??= await fingerprintOf(this.#file, this.#owner.accountId);
    } catch {
      this.#fail(asProblem(new Error('the file cannot be read any more. Was it moved or changed?')));
      return;
    }
    // Paused or cancelled while the file was being read.
    if ((this.state as UploadState) !== 'sending') return;
    this.#transfer ??= this.#prepare(this.#fingerprint);
    this.#transfer.start();
  }

  async pause(): Promise<void> {
    if (this.state !== 'sending' && this.state !== 'queued') return;
    this.state = 'paused';
    this.bytesPerSecond = null;
    await this.#transfer?.stop();
    this.#owner.onSettled();
  }

  /** Back into the line. */
  resume(): void {
    if (this.state !== 'paused' && this.state !== 'failed') return;
    this.state = 'queued';
    this.problem = null;
    this.#owner.onSettled();
  }

  /** Stop, and have the server forget what it got. */
  async cancel(): Promise<void> {
    this.state = 'cancelled';
    if (this.#fingerprint) this.#owner.store.remove(this.#fingerprint);
    try {
      await this.#transfer?.stop(true);
    } catch {
      // The server expires what it could not be told to forget.
    }
    this.#owner.onSettled();
  }

  #prepare(fingerprint: string): Transfer {
    const extension = extensionOf(this.fileName);
    const known = this.#owner.store.find(fingerprint);
    this.wasResumed = known !== null;
    if (known) this.uploadId = uploadIdOf(known.url);
    // The stem is too short for anybody to take it for a name, the server's search of its own output included.
    const metadata = { filename: extension ? `x.${extension}` : 'x', case: this.caseName, ...(this.profile !== null && { profile: this.profile }) };
    return transferOf(this.#file, metadata, known?.url ?? null, this.#owner.parts, {
      onAddress: (url) => {
        this.uploadId = uploadIdOf(url);
        this.#owner.store.put({ fingerprint, url, size_bytes: this.size_bytes });
      },
      onProgress: (sent_bytes) => {
        this.sent_bytes = sent_bytes;
        this.#meter.add(performance.now(), sent_bytes);
        this.bytesPerSecond = this.#meter.perSecond;
      },
      onDone: (assetId) => {
        this.assetId = assetId;
        this.sent_bytes = this.size_bytes;
        this.state = 'done';
        this.#owner.store.remove(fingerprint);
        this.#owner.onSettled();
      },
      onError: (error) => this.#fail(problemOfUpload(error)),
    });
  }

  #fail(problem: ProblemError): void {
    if (this.state === 'cancelled' || this.state === 'paused') return;
    this.problem = problem;
    this.bytesPerSecond = null;
    this.state = 'failed';
    if (problem.status === 401) this.#owner.onUnauthenticated();
    this.#owner.onSettled();
  }
}

function problemOfUpload(error: Error | DetailedError): ProblemError {
  if (error instanceof ProblemError) return error;
  if (!(error instanceof DetailedError)) return asProblem(error);
  const response = error.originalResponse;
  return response && response.getStatus() > 0
    ? problemFrom(response.getStatus(), response.getBody(), response.getHeader('Retry-After') ?? null)
    : offlineProblem();
}
