/** What went wrong, as the server said it (RFC 9457) or as the browser found it. */

interface ProblemInit {
  status: number;
  type: string;
  title: string;
  detail: string;
  reference?: string | null;
  currentRevision?: number | undefined;
  retryAfterS?: number | undefined;
}

/**
 * Every failed request throws this. `status` is 0 when no answer came (offline, server down);
 * `type` is the last part of the problem's URI ("stale-revision"); `detail` is a sentence for people.
 */
export class ProblemError extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly reference: string | null;
  /** On 412: the revision the server is at. */
  readonly currentRevision?: number;
  /** On 429 and 503: seconds the server asks to wait. */
  readonly retryAfterS?: number;

  constructor(init: ProblemInit) {
    super(init.detail || init.title);
    this.name = 'ProblemError';
    this.status = init.status;
    this.type = init.type;
    this.title = init.title;
    this.detail = init.detail || init.title;
    this.reference = init.reference ?? null;
    if (init.currentRevision !== undefined) this.currentRevision = init.currentRevision;
    if (init.retryAfterS !== undefined) this.retryAfterS = init.retryAfterS;
  }

  /** No answer came at all: the same request may be sent again later. */
  get isOffline(): boolean {
    return this.status === 0;
  }
}

/** No answer came at all. */
export function offlineProblem(): ProblemError {
  return new ProblemError({ status: 0, type: 'offline', title: 'Offline', detail: 'The server cannot be reached. Check the network.' });
}

/** An answer came that cannot be what was asked for: a proxy changed it, or page and server are of different versions. */
export function unreadableAnswer(): ProblemError {
  return new ProblemError({
    status: -1,
    type: 'unreadable-answer',
    title: 'Unreadable answer',
    detail: 'The server’s answer cannot be read. Reload the page.',
  });
}

const PLAIN: Record<number, string> = {
  401: 'You are not signed in.',
  403: 'Your role does not allow this.',
  404: 'There is nothing here, or it has not been released to you.',
  413: 'That is larger than the server accepts.',
  429: 'Too many attempts. Wait a little and try again.',
  502: 'The server is not answering. Try again in a moment.',
  503: 'The server is busy. Try again in a moment.',
  504: 'The server took too long to answer. Try again in a moment.',
  507: 'The server is out of disk space. Nothing was stored; tell whoever runs it.',
};

/** Turn a failed response into a ProblemError, whether or not its body is a problem document. */
export async function problemOf(response: Response): Promise<ProblemError> {
  return problemFrom(response.status, await response.text().catch(() => ''), response.headers.get('Retry-After'));
}

/** The same from the parts, for requests that were not made with fetch. */
export function problemFrom(status: number, body: string, retryAfter: string | null = null): ProblemError {
  let document: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) document = parsed as Record<string, unknown>;
  } catch {
    // A proxy's HTML page, or nothing: the status has to be enough.
  }
  const text = (key: string): string => (typeof document[key] === 'string' ? document[key] : '');
  const current = document['current_revision'];
  const waitS = retryAfter === null ? NaN : Number(retryAfter);
  return new ProblemError({
    status,
    type: text('type').split('/').pop() || `http-${status}`,
    title: text('title') || `HTTP ${status}`,
    detail: text('detail') || PLAIN[status] || `The server answered with an error (${status}).`,
    reference: text('reference') || null,
    currentRevision: typeof current === 'number' ? current : undefined,
    retryAfterS: Number.isFinite(waitS) ? waitS : undefined,
  });
}

/** Any thrown value as a ProblemError, so that a page has one thing to show. */
export function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  return new ProblemError({
    status: -1,
    type: 'page-error',
    title: 'Something went wrong in this page',
    detail: `Something went wrong in this page: ${error instanceof Error ? error.message : String(error)}`,
  });
}
