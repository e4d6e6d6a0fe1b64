import type { Position } from '../../core/geometry';

/** One moment of a mouse, pen or finger. */
export interface PointerInput {
  /** Level-0 pixels, exact. */
  readonly at: Position;
  /** CSS pixels from the viewer's upper left corner. */
  readonly screen: Position;
  /** Level-0 pixels that one CSS pixel covers at this zoom. */
  readonly l0PerScreenPx: number;
  /** How near is near enough, in level-0 pixels: a finger is wider than a mouse. */
  readonly reachPx: number;
  readonly shift: boolean;
  readonly alt: boolean;
  /** The second press of a double click. */
  readonly isDouble: boolean;
}

/** What a press on the slide means. Tools change the session; they draw nothing themselves. */
export interface Tool {
  /** CSS cursor over the slide. */
  cursor(input: PointerInput | null): string;
  /** @returns whether the tool takes this gesture; otherwise the slide pans. */
  press(input: PointerInput): boolean;
  drag(input: PointerInput): void;
  release(input: PointerInput): void;
  /** A click on a gesture that was not taken. */
  click(input: PointerInput): void;
  hover(input: PointerInput): void;
  /** The gesture ended without meaning (a second finger, Escape, another tool). */
  cancel(): void;
}
