/** The slide beside the first, and whether the two move together. */
import type { Position } from '../core/geometry';
import { follow, zoomAlike, type Link } from '../slide/link';
import type { Place, SlideView } from '../slide/slide_view';
import type { SlideInfo } from '../core/wire';
import type { EditorSession } from './session.svelte';

export interface OpenedBeside {
  readonly session: EditorSession<SlideInfo>;
  readonly title: string;
}

type Pane = 'first' | 'second';

export class SecondSlide {
  opened = $state.raw<OpenedBeside | null>(null);
  isLinked = $state(false);
  /** From the middle of each window, in CSS pixels; null while the pointer is elsewhere. */
  pointer = $state.raw<{ readonly on: Pane; readonly at: Position } | null>(null);

  readonly #first: () => SlideView | null;
  readonly #firstUm: number | null;
  #second: SlideView | null = null;
  #link: Link | null = null;
  /** Whose movements are the person's; the other only follows, and its own small corrections must not come back. */
  #leader: Pane = 'first';

  constructor(first: () => SlideView | null, firstUm: number | null) {
    this.#first = first;
    this.#firstUm = firstUm;
  }

  open(opened: OpenedBeside): void {
    this.close();
    this.opened = opened;
  }

  close(): void {
    this.opened = null;
    this.#second = null;
    this.#link = null;
    this.isLinked = false;
    this.pointer = null;
    this.#leader = 'first';
  }

  ready(view: SlideView | null): void {
    this.#second = view;
  }

  lead(pane: Pane): void {
    this.#leader = pane;
  }

  point(on: Pane, at: Position | null): void {
    this.pointer = at && this.isLinked ? { on, at } : null;
  }

  moved(pane: Pane): void {
    if (!this.#link || pane !== this.#leader) return;
    const mover = this.#viewOf(pane)?.place;
    const other = this.#viewOf(pane === 'first' ? 'second' : 'first');
    if (mover && other) other.goTo(follow(this.#link, pane, full(mover)));
  }

  toggleLink(): void {
    if (this.#link) {
      this.#link = null;
      this.isLinked = false;
      this.pointer = null;
      return;
    }
    const first = this.#first()?.place;
    const second = this.#second?.place;
    if (!first || !second) return;
    this.#link = { first: full(first), second: full(second) };
    this.isLinked = true;
  }

  /** The second slide at the first one's scale and turn, about its own middle. */
  align(): void {
    const first = this.#first()?.place;
    const second = this.#second?.place;
    if (!first || !second) return;
    const secondUm = this.opened?.session.pixelSize?.xUm ?? null;
    const wasLinked = this.isLinked;
    if (wasLinked) this.toggleLink();
    const degrees = full(first).degrees;
    const aligned = { ...second, degrees, devicePxPerL0Px: zoomAlike(first.devicePxPerL0Px, this.#firstUm, secondUm) };
    this.#second?.goTo(aligned);
    if (wasLinked) this.toggleLink();
  }

  #viewOf(pane: Pane): SlideView | null {
    return pane === 'first' ? this.#first() : this.#second;
  }
}

const full = (place: Place): Required<Place> => ({ ...place, degrees: place.degrees ?? 0 });
