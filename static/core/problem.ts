/** A failed request as the core understands it, whatever class the transport throws. */
export interface Problem {
  /** HTTP status; 0 when no answer arrived (network down, server gone); -1 for anything that is not a request's failure. */
  readonly status: number;
  /** Stable kind, such as "stale-revision". */
  readonly type: string;
  /** A sentence for people. */
  readonly detail: string;
  /** The number a user can read out to support. */
  readonly reference: string | null;
  /** Only with 412: the revision the server holds. */
  readonly currentRevision: number | null;
  /** Only where the server asked for a pause. */
  readonly retryAfterS: number | null;
}

/** Any thrown value as a Problem. Values that carry no `status` are this page's own mistakes. */
export function problemOf(error: unknown): Problem {
  const fields: Record<string, unknown> = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
  const text = (name: string): string | null => (typeof fields[name] === 'string' ? (fields[name] as string) : null);
  const number = (name: string): number | null => (typeof fields[name] === 'number' ? (fields[name] as number) : null);
  return {
    status: number('status') ?? -1,
    type: text('type') ?? 'page-error',
    detail: text('detail') ?? text('message') ?? String(error),
    reference: text('reference'),
    currentRevision: number('currentRevision'),
    retryAfterS: number('retryAfterS'),
  };
}
