/** The server's HTTP face as one class. No state beyond the address: the session is a cookie the page cannot read. */

import type {
  AnnotationCollection,
  ChangeLog,
  ChangeReceipt,
  ChangeRequest,
  ImportResult,
  LabelClassDraft,
  OntologyWire,
  SlideInfo,
  VideoInfo,
  WorkspaceApi,
} from '../core/wire';
import { offlineProblem, ProblemError, problemOf, unreadableAnswer } from './problem';
import type { DeidPolicy, RejectReason, Review, ScrubRequest } from './review';
import type { Account, AccountPatch, Asset, AssetState, AuditEvent, Case, Page, Role, UnfinishedUpload, User } from './types';

export { ProblemError } from './problem';

type Fetch = (input: string, init?: RequestInit) => Promise<Response>;
type Query = Record<string, string | number | null | undefined>;

/** l0 pixels: left, top, right, bottom. */
export type Bbox = readonly [number, number, number, number];

/** Coded frames of a video, one behind the other. */
export interface CodedSamples {
  readonly firstFrame: number;
  readonly frameCount: number;
  readonly bytes: ArrayBuffer;
}

interface Call {
  method?: string;
  query?: Query;
  json?: unknown;
  body?: Blob;
  ifMatch?: number;
  /** A tus request: the server wants to know which version is spoken. */
  tus?: boolean;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  cache?: RequestCache;
}

export class Client implements WorkspaceApi {
  /** Called when any request but the login itself is answered 401: the session has ended. */
  onUnauthenticated: (() => void) | null = null;
  /** Called after each request: whether the server answered at all. */
  onReachable: ((reachable: boolean) => void) | null = null;

  readonly #fetch: Fetch;
  readonly #base: string;

  constructor(options: { fetch?: Fetch; base?: string } = {}) {
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#base = options.base ?? '/api/v1';
  }

  // Session

  async login(username: string, password: string): Promise<User> {
    return (await this.#json<{ user: User }>('/session', { method: 'POST', json: { username, password } })).user;
  }

  async logout(): Promise<void> {
    await this.#send('/session', { method: 'DELETE' });
  }

  /** Who is signed in, or null. */
  async session(): Promise<User | null> {
    try {
      return (await this.#json<{ user: User }>('/session')).user;
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) return null;
      throw error;
    }
  }

  /** Change one's own password; every other session of the account ends. */
  async changePassword(current: string, next: string): Promise<void> {
    await this.#send('/session/password', { method: 'PUT', json: { current, new: next } });
  }

  // Cases and assets

  /** Of our own server only. */
  async getBytes(url: string): Promise<ArrayBuffer> {
    return (await this.#send(ownPath(url), {})).arrayBuffer();
  }

  listCases(page: { cursor?: string | null; limit?: number } = {}): Promise<Page<Case>> {
    return this.#json('/cases', { query: page });
  }

  listAssets(
    query: { caseId?: string | null; state?: AssetState | null; cursor?: string | null; limit?: number; signal?: AbortSignal } = {},
  ): Promise<Page<Asset>> {
    const { caseId, signal, ...rest } = query;
    return this.#json('/assets', { query: { case_id: caseId, ...rest }, signal });
  }

  getAsset(assetId: string): Promise<Asset> {
    return this.#json(`/assets/${part(assetId)}`);
  }

  /**
   * @param seenSha256 of the canonical file that the person looked at: another one is not signed for (409).
   * @param confirmLosses the person has read what of the source could not be kept.
   */
  release(assetId: string, seenSha256: string | null, { confirmLosses = false }: { confirmLosses?: boolean } = {}): Promise<Asset> {
    return this.#assetAction(assetId, 'release', { canonical_sha256: seenSha256, confirm_losses: confirmLosses });
  }

  cancel(assetId: string): Promise<Asset | null> {
    return this.#assetAction(assetId, 'cancel');
  }

  retry(assetId: string): Promise<Asset | null> {
    return this.#assetAction(assetId, 'retry');
  }

  discard(assetId: string): Promise<Asset | null> {
    return this.#assetAction(assetId, 'discard');
  }

  // Review

  getReview(assetId: string): Promise<Review> {
    return this.#json(`/assets/${part(assetId)}/review`);
  }

  /** Convert it again with these boxes instead of the earlier ones. Signatures become void. */
  scrubAgain(assetId: string, request: ScrubRequest): Promise<Asset> {
    return this.#assetAction(assetId, 'scrub', request);
  }

  reject(assetId: string, reason: RejectReason): Promise<Asset> {
    return this.#assetAction(assetId, 'reject', { reason });
  }

  getDeidPolicy(): Promise<DeidPolicy> {
    return this.#json('/deid/policy');
  }

  /** What was done to it and how it is proved: a page for people, or the signed document. */
  scrubReportUrl(assetId: string, form: 'page' | 'json'): string {
    return `${this.#base}/assets/${part(assetId)}/report${form === 'page' ? '.html' : ''}`;
  }

  /** A picture as it is now: the same address had another one before the last scrub. */
  async getPicture(url: string, signal?: AbortSignal): Promise<Blob> {
    return (await this.#send(ownPath(url), { signal, cache: 'reload' })).blob();
  }

  #assetAction<Answer>(assetId: string, verb: string, json?: unknown): Promise<Answer> {
    return this.#json(`/assets/${part(assetId)}/${verb}`, { method: 'POST', json });
  }

  /** The caller's uploads that are not complete. */
  async listUploads(): Promise<UnfinishedUpload[]> {
    const answer = await this.#json<UnfinishedUpload[] | Page<UnfinishedUpload>>('/uploads');
    return Array.isArray(answer) ? answer : answer.items;
  }

  /** Begin an upload that is taken in at most so many parts at the same time. */
  createUpload(length_bytes: number, parts: number, metadata: Readonly<Record<string, string>>): Promise<UnfinishedUpload> {
    const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${base64Of(value)}`);
    const headers = { 'Upload-Length': String(length_bytes), 'Slidereel-Parts': String(parts), 'Upload-Metadata': pairs.join(',') };
    return this.#json('/uploads', { method: 'POST', tus: true, headers });
  }

  /** Have the server forget an upload (tus termination). */
  async deleteUpload(uploadId: string): Promise<void> {
    await this.#send(`/uploads/${part(uploadId)}`, { method: 'DELETE', tus: true });
  }

  // Videos

  getVideo(assetId: string): Promise<VideoInfo> {
    return this.#json(`/videos/${part(assetId)}`);
  }

  /**
   * Contiguous coded frames as they lie in the file. The server may send fewer than asked for, and begin at an earlier key frame.
   * @param url `samples_url` of the video.
   */
  async samples(url: string, start: number, count: number, signal?: AbortSignal): Promise<CodedSamples> {
    const response = await this.#send(ownPath(url), { query: { start, count }, signal });
    const bytes = await this.#bytesOf(response);
    const firstFrame = headerNumber(response, 'Slidereel-First-Frame');
    const frameCount = headerNumber(response, 'Slidereel-Frame-Count');
    // Without them nobody knows which frames these are, and a guess would show a wrong one.
    if (firstFrame === null || frameCount === null) throw unreadableAnswer();
    return { firstFrame, frameCount, bytes };
  }

  /** Seconds, one a frame. @param url `times_url` of the video. */
  async times(url: string, signal?: AbortSignal): Promise<Float64Array> {
    const bytes = await this.#bytesOf(await this.#send(ownPath(url), { signal }));
    if (bytes.byteLength % Float64Array.BYTES_PER_ELEMENT !== 0) throw unreadableAnswer();
    return new Float64Array(bytes);
  }

  // Slides and annotations

  getSlide(assetId: string): Promise<SlideInfo> {
    return this.#json(`/slides/${part(assetId)}`);
  }

  /** @param query frame: only what is there on that frame of a video, with the shapes that tracks have on it. */
  getAnnotations(
    assetId: string,
    query: { bbox?: Bbox; layer?: string; frame?: number; signal?: AbortSignal } = {},
  ): Promise<AnnotationCollection> {
    return this.#json(`/assets/${part(assetId)}/annotations`, {
      query: { bbox: query.bbox?.join(','), layer: query.layer, frame: query.frame },
      signal: query.signal,
    });
  }

  /** Resolves only after the server has made the change durable. @throws ProblemError 412 with `currentRevision`. */
  postChange(assetId: string, revision: number, change: ChangeRequest): Promise<ChangeReceipt> {
    return this.#json(`/assets/${part(assetId)}/annotations/changes`, { method: 'POST', json: change, ifMatch: revision });
  }

  changesSince(assetId: string, revision: number): Promise<ChangeLog> {
    return this.#json(`/assets/${part(assetId)}/annotations/changes`, { query: { since: revision } });
  }

  exportUrl(assetId: string, format: string): string {
    return `${this.#base}/assets/${part(assetId)}/annotations/export?format=${encodeURIComponent(format)}`;
  }

  importAnnotations(assetId: string, format: string, file: Blob): Promise<ImportResult> {
    return this.#json(`/assets/${part(assetId)}/annotations/import`, { method: 'POST', query: { format }, body: file });
  }

  // Ontology

  getOntology(): Promise<OntologyWire> {
    return this.#json('/ontology');
  }

  /** @throws ProblemError 412 when another admin saved since `revision`. */
  putOntology(revision: number, classes: LabelClassDraft[]): Promise<OntologyWire> {
    return this.#json('/ontology', { method: 'PUT', json: { classes }, ifMatch: revision });
  }

  // Accounts and audit

  listUsers(page: { cursor?: string | null; limit?: number } = {}): Promise<Page<Account>> {
    return this.#json('/users', { query: page });
  }

  createUser(username: string, role: Role, password: string): Promise<Account> {
    return this.#json('/users', { method: 'POST', json: { username, role, password } });
  }

  updateUser(accountId: string, patch: AccountPatch): Promise<Account> {
    return this.#json(`/users/${part(accountId)}`, { method: 'PATCH', json: patch });
  }

  audit(query: { subjectId?: string | null; cursor?: string | null; limit?: number; signal?: AbortSignal } = {}): Promise<Page<AuditEvent>> {
    const { subjectId, signal, ...rest } = query;
    return this.#json('/audit', { query: { subject_id: subjectId, ...rest }, signal });
  }

  async #json<Answer>(path: string, call: Call = {}): Promise<Answer> {
    const response = await this.#send(path, call);
    const text = await response.text();
    return (text === '' ? null : JSON.parse(text)) as Answer;
  }

  /** A body that breaks off is a server that does not answer: fetch itself says only "network error". */
  async #bytesOf(response: Response): Promise<ArrayBuffer> {
    try {
      return await response.arrayBuffer();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      this.onReachable?.(false);
      throw offlineProblem();
    }
  }

  async #send(path: string, call: Call): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json, application/problem+json', ...call.headers };
    if (call.json !== undefined) headers['Content-Type'] = 'application/json';
    if (call.body) headers['Content-Type'] = call.body.type || 'application/octet-stream';
    if (call.tus) headers['Tus-Resumable'] = '1.0.0';
    if (call.ifMatch !== undefined) headers['If-Match'] = `"${call.ifMatch}"`;

    let response: Response;
    try {
      response = await this.#fetch(this.#base + path + queryString(call.query), {
        method: call.method ?? 'GET',
        headers,
        credentials: 'same-origin',
        body: call.json !== undefined ? JSON.stringify(call.json) : (call.body ?? null),
        signal: call.signal ?? null,
        ...(call.cache && { cache: call.cache }),
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      this.onReachable?.(false);
      throw offlineProblem();
    }
    this.onReachable?.(true);
    if (response.ok) return response;
    if (response.status === 401 && path !== '/session') this.onUnauthenticated?.();
    throw await problemOf(response);
  }
}

const part = encodeURIComponent;

/** An address the server gave, without the base that #send puts before it. */
const ownPath = (url: string): string => url.replace(/^\/api\/v1/, '');

function headerNumber(response: Response, name: string): number | null {
  const text = response.headers.get(name);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

const base64Of = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function queryString(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text && `?${text}`;
}
