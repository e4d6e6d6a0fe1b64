import type { EditorSession } from '../session.svelte';
import type { PointerInput, Tool } from './tool';

/** Each click sets a point. */
export class PointTool implements Tool {
  readonly #session: EditorSession;

  constructor(session: EditorSession) {
    this.#session = session;
  }

  cursor(): string {
    return 'crosshair';
  }

  /** A drag pans, so that one can go on counting without another tool. */
  press(): boolean {
    return false;
  }

  click(input: PointerInput): void {
    if (this.#session.canWrite) this.#session.draw({ type: 'Point', coordinates: input.at });
  }

  drag(): void {}
  release(): void {}
  hover(): void {}
  cancel(): void {}
}
