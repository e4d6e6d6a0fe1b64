/** One run of playing: which picture to draw at each refresh of the screen, and how well it went. Pure. */
import type { PlayClock } from './play_clock';

/** Decoded pictures held ready. */
export const DECODED_AHEAD = 8;
/** Later than this the picture stands still. */
const STALL_MS = 50;
/** Faster than life, so late is late enough to leave frames out. */
const CATCH_UP_MS = 34;
/** A refresh is met or missed by less than this. */
const EARLY_MS = 4;
/** Pictures to have before the clock starts, and how long to wait for them. */
const PREROLL = 3;
const PREROLL_MS = 400;
/** So late, a person is told that it is the network and not the clip. */
const WAITING_MS = 300;

export interface PlayStatistics {
  /** Pictures drawn. */
  readonly shown: number;
  /** Frame numbers left out since pictures did not come in time. */
  readonly dropped: number;
  /** Frame numbers left out since no screen shows so many a second. */
  readonly passedOver: number;
  /** How often the picture stood still for more than 50 ms longer than it should. */
  readonly stalls: number;
  readonly longestDelayMs: number;
}

export const NOTHING_PLAYED: PlayStatistics = { shown: 0, dropped: 0, passedOver: 0, stalls: 0, longestDelayMs: 0 };

export type Turn =
  | { readonly kind: 'draw'; readonly frame: number; readonly leftOut: Pick<PlayStatistics, 'dropped' | 'passedOver'>; readonly delayMs: number; readonly isStall: boolean }
  /** Nothing is due yet, or what is due is not there; `isLong`: so long that it should be said. */
  | { readonly kind: 'wait'; readonly isLong: boolean }
  | { readonly kind: 'end' };

export class Playback {
  readonly clock: PlayClock;
  readonly speed: number;
  /** When the clock was to start; null once it runs. */
  #prerollSinceMs: number | null;
  #drawnMs = 0;

  constructor(clock: PlayClock, speed: number, nowMs: number) {
    this.clock = clock;
    this.speed = speed;
    this.#prerollSinceMs = nowMs;
  }

  /** What to do at this refresh; a frame that is named is on show from then on. */
  turn(nowMs: number, isReady: (frame: number) => boolean): Turn {
    const { clock } = this;
    if (this.#prerollSinceMs !== null && !this.#start(nowMs, this.#prerollSinceMs, isReady)) {
      return { kind: 'wait', isLong: nowMs - this.#prerollSinceMs > WAITING_MS };
    }
    const { next } = clock;
    if (!next) return { kind: 'end' };
    let delayMs = nowMs - next.dueMs;
    if (delayMs < -EARLY_MS) return { kind: 'wait', isLong: false };
    let due = next;
    const isInTime = isReady(next.frame);
    // Faster than life nobody counts frames: the newest that is there. At 1× and below every one is shown, and the clock waits.
    if (Math.abs(this.speed) > 1 && delayMs > (isInTime ? CATCH_UP_MS : STALL_MS)) {
      due = clock.ahead(DECODED_AHEAD).findLast((one) => one.dueMs <= nowMs && isReady(one.frame)) ?? next;
      delayMs = nowMs - due.dueMs;
    }
    if (!isReady(due.frame)) return { kind: 'wait', isLong: delayMs > WAITING_MS };
    const leftOut = Math.max(0, (due.frame - clock.current.frame) * clock.direction - 1);
    const isDropped = due !== next && !isInTime;
    // Of frames closer together than refreshes the later ones are late, but the picture does not stand still.
    const isStall = delayMs > STALL_MS && nowMs - this.#drawnMs > STALL_MS;
    clock.moveTo(due);
    // What was late stays late: the frames after it keep the distance that they have in the source.
    if (delayMs > STALL_MS) clock.slip(delayMs);
    this.#drawnMs = nowMs;
    return { kind: 'draw', frame: due.frame, leftOut: { dropped: isDropped ? leftOut : 0, passedOver: isDropped ? 0 : leftOut }, delayMs, isStall };
  }

  #start(nowMs: number, sinceMs: number, isReady: (frame: number) => boolean): boolean {
    const first = this.clock.ahead(PREROLL);
    const isFirstReady = first[0] === undefined || isReady(first[0].frame);
    if (!first.every(({ frame }) => isReady(frame)) && !(isFirstReady && nowMs - sinceMs > PREROLL_MS)) return false;
    this.clock.slip(nowMs - this.clock.current.dueMs);
    this.#prerollSinceMs = null;
    this.#drawnMs = nowMs;
    return true;
  }
}

export const withTurn = (statistics: PlayStatistics, { leftOut, delayMs, isStall }: Turn & { kind: 'draw' }): PlayStatistics => ({
  ...statistics,
  dropped: statistics.dropped + leftOut.dropped,
  passedOver: statistics.passedOver + leftOut.passedOver,
  stalls: statistics.stalls + (isStall ? 1 : 0),
  longestDelayMs: Math.max(statistics.longestDelayMs, delayMs),
});
