/** Which frame someone was at, for as long as the tab lives: a reload or a new sign-in comes back to it. An address may name one: #frame=120. */
const key = (assetId: string): string => `slidereel.frame.${assetId}`;

export function recallFrame(assetId: string, hash: string): number {
  const named = /^#frame=(\d{1,9})$/.exec(hash)?.[1];
  try {
    const kept = named ?? sessionStorage.getItem(key(assetId)) ?? '0';
    return /^\d{1,9}$/.test(kept) ? Number(kept) : 0;
  } catch {
    return Number(named ?? 0);
  }
}

/** Chromium takes 200 new addresses in half a minute and then no more: nine in a second and a half are within that. */
const SPAN_MS = 1500;
const MOST_IN_A_SPAN = 9;

/**
 * Keeps the frame in the address and for the tab, at once: a reload reads the address as it stood before the page could say goodbye.
 * While somebody scrubs, the last one is kept soon after.
 */
export class FrameMemory {
  private readonly assetId: string;
  private written = 0;
  private waiting: number | null = null;
  private span: ReturnType<typeof setTimeout> | null = null;

  constructor(assetId: string) {
    this.assetId = assetId;
  }

  keep(frame: number): void {
    if (frame < 0) return;
    this.waiting = frame;
    this.span ??= setTimeout(() => this.beginAnew(), SPAN_MS);
    if (this.written < MOST_IN_A_SPAN) this.write();
  }

  /** What still waits is not kept any more: the address may be another page's by now. */
  close(): void {
    if (this.span !== null) clearTimeout(this.span);
    this.span = this.waiting = null;
  }

  private beginAnew(): void {
    this.span = null;
    this.written = 0;
    if (this.waiting !== null) this.keep(this.waiting);
  }

  private write(): void {
    if (this.waiting !== null) write(this.assetId, this.waiting);
    this.waiting = null;
    this.written += 1;
  }
}

function write(assetId: string, frame: number): void {
  const hash = `#frame=${frame}`;
  if (hash !== location.hash) history.replaceState(history.state, '', location.pathname + location.search + hash);
  try {
    sessionStorage.setItem(key(assetId), String(frame));
  } catch {
    // Storage is full or forbidden: the address still has it.
  }
}
