import { rectangle, type Position } from '../../core/geometry';
import type { EditorSession } from '../session.svelte';
import type { PointerInput, Tool } from './tool';

/** Less than this, in CSS pixels, was a click and no rectangle. */
const LEAST_SIDE_PX = 3;

/** Drag from corner to corner; Shift makes a square. */
export class RectangleTool implements Tool {
  readonly #session: EditorSession;
  #from: Position | null = null;

  constructor(session: EditorSession) {
    this.#session = session;
  }

  cursor(): string {
    return 'crosshair';
  }

  press(input: PointerInput): boolean {
    if (!this.#session.canWrite) return false;
    this.#from = input.at;
    this.#session.select([]);
    return true;
  }

  drag(input: PointerInput): void {
    if (this.#from) this.#session.draft = { kind: 'rectangle', from: this.#from, to: corner(this.#from, input) };
  }

  release(input: PointerInput): void {
    const from = this.#from;
    this.cancel();
    if (!from) return;
    const to = corner(from, input);
    const least = LEAST_SIDE_PX * input.l0PerScreenPx;
    if (Math.abs(to[0] - from[0]) < least || Math.abs(to[1] - from[1]) < least) {
      this.#session.say('Drag from one corner to the other.');
      return;
    }
    this.#session.draw(rectangle(from, to));
  }

  click(): void {}
  hover(): void {}

  cancel(): void {
    this.#from = null;
    this.#session.draft = null;
  }
}

function corner(from: Position, { at, shift }: PointerInput): Position {
  if (!shift) return at;
  const dx = at[0] - from[0];
  const dy = at[1] - from[1];
  const side = Math.max(Math.abs(dx), Math.abs(dy));
  return [from[0] + Math.sign(dx || 1) * side, from[1] + Math.sign(dy || 1) * side];
}
