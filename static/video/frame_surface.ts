/** Where the player puts a picture, and the clock and screen it goes by: seams, so that it can be tested without a browser. */
import type { Adjustment } from '../slide/adjustment';
import type { Miniature } from './likeness';

export interface FrameSurface {
  /** Put a picture on the screen, within this animation frame. The caller closes it. */
  draw(image: VideoFrame | ImageBitmap): void;
  adjust(adjustment: Adjustment): void;
  /** The frame as it was drawn last, without zoom and adjustment. */
  miniature(): Miniature | null;
  /** Any picture in the same size. */
  miniatureOf(image: ImageBitmap): Miniature | null;
}

export interface Screen {
  /** Milliseconds, never falling. */
  now(): number;
  /** Before the screen is next painted. @returns the way to call it off */
  beforePaint(callback: () => void): () => void;
  readonly isHidden: boolean;
  /** @returns the way to stop listening */
  onVisibility(callback: () => void): () => void;
}

export const browserScreen: Screen = {
  now: () => performance.now(),
  beforePaint(callback) {
    const id = requestAnimationFrame(callback);
    return () => cancelAnimationFrame(id);
  },
  get isHidden() {
    return document.hidden;
  },
  onVisibility(callback) {
    document.addEventListener('visibilitychange', callback);
    return () => document.removeEventListener('visibilitychange', callback);
  },
};
