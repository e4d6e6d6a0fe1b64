/** What the server said no with: an RFC 9457 problem document, or a failure that never reached it. */
export interface ProblemFields {
  /** HTTP status; 0 when no answer arrived (network down, server gone). */
  status: number;
  /** Stable kind, such as "/problems/stale-revision". */
  type: string;
  title?: string;
  detail?: string;
  /** The number a user can read out to support. */
  reference?: string;
  /** Only with 412 `stale-revision`: the revision the server holds. */
  currentRevision?: number;
  /** Only where the server asked for a pause (Retry-After), in seconds. */
  retryAfterS?: number;
}

export class ProblemError extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly reference: string | undefined;
  readonly currentRevision: number | undefined;
  readonly retryAfterS: number | undefined;

  constructor(fields: ProblemFields) {
    super(fields.detail ?? fields.title ?? fields.type);
    this.name = 'ProblemError';
    this.status = fields.status;
    this.type = fields.type;
    this.title = fields.title ?? '';
    this.detail = fields.detail ?? '';
    this.reference = fields.reference;
    this.currentRevision = fields.currentRevision;
    this.retryAfterS = fields.retryAfterS;
  }
}
