import { firstCrossing } from '../../core/crossing';
import { polygon, type Position } from '../../core/geometry';
import type { EditorSession } from '../session.svelte';
import type { PointerInput, Tool } from './tool';

/** A press that moves further than this, in CSS pixels, draws freehand. */
const CLICK_SLACK_PX = 5;
/** Freehand points are at least this far apart, in CSS pixels. */
const FREEHAND_STEP_PX = 3;
/** A freehand loop that ends this near to its beginning, in CSS pixels, is closed. */
const LOOP_GAP_PX = 20;
const LEAST_LOOP = 8;

/** Of a ring or of a line: each click adds a point, dragging draws freehand; double click or Enter finishes, and so does a click on a ring's first point. */
export class OutlineTool implements Tool {
  readonly #session: EditorSession;
  readonly #keep: (positions: readonly Position[]) => void;
  readonly #isClosed: boolean;
  #pressedAt: PointerInput | null = null;
  #isFreehand = false;
  /** Whether the whole outline so far is one stroke. */
  #isOneStroke = false;
  /** The draft's point being moved, while a crossing is being repaired. */
  #movingIndex: number | null = null;

  /** @param keep called with the points after every one of them, so that a reload can bring them back */
  constructor(session: EditorSession, keep: (positions: readonly Position[]) => void, isClosed = true) {
    this.#isClosed = isClosed;
    this.#session = session;
    this.#keep = keep;
  }

  get #positions(): readonly Position[] {
    return this.#session.draft?.kind === 'outline' ? this.#session.draft.positions : [];
  }

  /** Points that make a shape. */
  get #least(): number {
    return this.#isClosed ? 3 : 2;
  }

  cursor(): string {
    return 'crosshair';
  }

  press(input: PointerInput): boolean {
    if (!this.#session.canWrite) return false;
    const positions = this.#positions;
    if (input.isDouble && positions.length >= this.#least) {
      this.finish();
      return true;
    }
    if (positions.length === 0) this.#session.select([]);
    if (this.#isClosed && positions.length >= 3 && distance(positions[0]!, input.at) <= input.reachPx) {
      this.finish();
      return true;
    }
    this.#pressedAt = input;
    const draft = this.#session.draft;
    if (draft?.kind === 'outline' && draft.crossing) {
      const index = nearest(positions, input.at, input.reachPx);
      if (index !== null) this.#movingIndex = index;
    }
    return true;
  }

  drag(input: PointerInput): void {
    if (!this.#pressedAt) return;
    if (this.#movingIndex !== null) {
      this.#set(this.#positions.map((p, i) => (i === this.#movingIndex ? input.at : p)), null, false);
      return;
    }
    if (!this.#isFreehand) {
      if (distance(this.#pressedAt.screen, input.screen) <= CLICK_SLACK_PX) return;
      this.#isFreehand = true;
      this.#isOneStroke = this.#positions.length === 0;
      this.#set([...this.#positions, this.#pressedAt.at], input.at, false);
    }
    const last = this.#positions.at(-1)!;
    if (distance(last, input.at) >= FREEHAND_STEP_PX * input.l0PerScreenPx) this.#set([...this.#positions, input.at], input.at, false);
  }

  release(input: PointerInput): void {
    if (!this.#pressedAt) return;
    const wasFreehand = this.#isFreehand;
    const wasMoving = this.#movingIndex !== null;
    const at = this.#pressedAt.at;
    this.#pressedAt = null;
    this.#isFreehand = false;
    this.#movingIndex = null;
    if (wasMoving) return this.#set(this.#positions, null);
    if (!wasFreehand) {
      this.#isOneStroke = false;
      return this.#set([...this.#positions, at], input.at);
    }
    const positions = this.#positions;
    const isLoop = this.#isClosed && this.#isOneStroke && positions.length >= LEAST_LOOP;
    if (isLoop && distance(positions[0]!, input.at) <= LOOP_GAP_PX * input.l0PerScreenPx) return this.finish();
    if (!this.#isClosed && this.#isOneStroke) return this.finish();
    this.#set(positions, input.at);
    this.#session.say('Go on drawing, or press Enter to finish the outline.');
  }

  click(): void {}

  hover(input: PointerInput): void {
    const draft = this.#session.draft;
    if (draft?.kind === 'outline') this.#session.draft = { ...draft, pointer: draft.crossing ? null : input.at };
  }

  /** Finish the shape; a ring that crosses itself stays a drawing, with the place marked. */
  finish(): void {
    const positions = withoutRepeats(this.#positions, this.#isClosed);
    this.#pressedAt = null;
    this.#isFreehand = false;
    if (positions.length < this.#least) {
      this.#session.say(this.#isClosed ? 'A polygon needs at least three points.' : 'A line needs at least two points.');
      return;
    }
    if (!this.#isClosed) {
      this.#session.draw({ type: 'LineString', coordinates: positions });
      return this.#clear();
    }
    const crossing = firstCrossing(positions);
    if (crossing) {
      this.#session.draft = { kind: 'outline', isClosed: true, positions, pointer: null, crossing };
      this.#session.say('The outline crosses itself at the marked place. Drag a point away, or take points back with Backspace.', true);
      return;
    }
    this.#session.draw(polygon(positions));
    this.#clear();
  }

  /** @returns whether there was a point to take back. */
  removeLast(): boolean {
    const positions = this.#positions;
    if (positions.length === 0) return false;
    const pointer = this.#session.draft?.kind === 'outline' ? this.#session.draft.pointer : null;
    this.#set(positions.slice(0, -1), pointer);
    return true;
  }

  /** Go on with points from before a reload. */
  restore(positions: readonly Position[]): void {
    if (positions.length > 0) this.#set(positions, null);
  }

  /** A second finger takes back the stroke under way, not the outline. */
  cancel(): void {
    this.#pressedAt = null;
    this.#isFreehand = false;
    this.#movingIndex = null;
  }

  abandon(): void {
    this.cancel();
    this.#clear();
  }

  #clear(): void {
    this.#session.draft = null;
    this.#keep([]);
  }

  #set(positions: readonly Position[], pointer: Position | null, keep = true): void {
    this.#session.draft = positions.length === 0 ? null : { kind: 'outline', isClosed: this.#isClosed, positions, pointer, crossing: null };
    if (keep) this.#keep(positions);
  }
}

const distance = (a: Position, b: Position): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

function nearest(positions: readonly Position[], at: Position, reachPx: number): number | null {
  let best: number | null = null;
  let least = reachPx;
  positions.forEach((position, index) => {
    const d = distance(position, at);
    if (d <= least) {
      least = d;
      best = index;
    }
  });
  return best;
}

/** A double click leaves the same place twice; a shape must not. */
const withoutRepeats = (positions: readonly Position[], isClosed: boolean): readonly Position[] =>
  positions.filter((p, i) => {
    if (!isClosed && i === positions.length - 1) return true;
    const next = positions[(i + 1) % positions.length]!;
    return positions.length === 1 || p[0] !== next[0] || p[1] !== next[1];
  });
