/** The browser's randomness and timers, for a core that asks for them. */
import { uuid4 } from '../core/ids';
import type { Clock } from '../core/outbox_port';

export const newId = (): string => uuid4((count) => crypto.getRandomValues(new Uint8Array(count)));

export const browserClock: Clock = {
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
