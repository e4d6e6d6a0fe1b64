/** Where decoded pictures come from. The player neither knows nor cares how. */
import type { Direction } from './playable';

/** A decoded frame that knows its number. Whoever takes it closes it. */
export interface Picture {
  readonly number: number;
  readonly image: VideoFrame | ImageBitmap;
}

/** What is wanted now; the newest wish is the only one. */
export interface PictureWish {
  /** To be shown, the most urgent first. Others may be given up. */
  readonly frames: readonly number[];
  readonly direction: Direction;
  /** Coded frames to have ready beyond these, on the way and against it. */
  readonly ahead: number;
  readonly behind: number;
}

export interface PictureEvents {
  /** A picture can be taken. */
  onPicture(number: number): void;
  /** A wanted frame cannot be had now; it is tried again. Null once it goes on. */
  onTrouble(error: Error | null): void;
  /** This way of getting pictures has failed for good. */
  onUnusable(error: Error): void;
}

export interface PictureSource {
  want(wish: PictureWish): void;
  has(number: number): boolean;
  /** Hand a picture over. */
  take(number: number): Picture | null;
  /** Nothing is wanted until the next wish. */
  pause(): void;
  close(): void;
}
