import type { EditorSession } from '../session.svelte';
import type { PointerInput, Tool } from './tool';

/** Drag pans, click selects. */
export class MoveTool implements Tool {
  readonly #session: EditorSession;

  constructor(session: EditorSession) {
    this.#session = session;
  }

  cursor(): string {
    return 'grab';
  }

  press(): boolean {
    return false;
  }

  click(input: PointerInput): void {
    const hit = this.#session.at(input.at, input.reachPx);
    if (hit && input.shift) this.#session.toggleSelected(hit.annotationId);
    else if (!input.shift) this.#session.select(hit ? [hit.annotationId] : []);
  }

  drag(): void {}
  release(): void {}
  hover(): void {}
  cancel(): void {}
}
