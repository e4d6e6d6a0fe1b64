import Flatbush from 'flatbush';

import { boundsOverlap, type Bounds } from './geometry';

/** Edits kept beside the packed tree before it is packed anew; packing 10,000 boxes takes about 3 ms. */
const MAX_LOOSE = 512;

/** Which annotations lie in a window. A packed R-tree, with the few edited since then beside it. */
export class SpatialIndex {
  readonly #bounds = new Map<string, Bounds>();
  readonly #loose = new Set<string>();
  #packedIds: string[] = [];
  #stale = new Set<string>();
  #tree: Flatbush | null = null;

  get size(): number {
    return this.#bounds.size;
  }

  boundsOf(id: string): Bounds | null {
    return this.#bounds.get(id) ?? null;
  }

  set(id: string, bounds: Bounds): void {
    if (this.#bounds.has(id)) this.#stale.add(id);
    this.#bounds.set(id, bounds);
    this.#loose.add(id);
  }

  delete(id: string): void {
    if (!this.#bounds.delete(id)) return;
    this.#stale.add(id);
    this.#loose.delete(id);
  }

  /** Ids whose bounds meet the window, in no particular order. */
  search(window: Bounds): string[] {
    if (this.#loose.size + this.#stale.size > MAX_LOOSE) this.#pack();
    const found: string[] = [];
    if (this.#tree) {
      for (const at of this.#tree.search(window.minX, window.minY, window.maxX, window.maxY)) {
        const id = this.#packedIds[at]!;
        if (!this.#stale.has(id) && !this.#loose.has(id)) found.push(id);
      }
    }
    for (const id of this.#loose) if (boundsOverlap(this.#bounds.get(id)!, window)) found.push(id);
    return found;
  }

  #pack(): void {
    this.#packedIds = [...this.#bounds.keys()];
    this.#loose.clear();
    this.#stale = new Set();
    this.#tree = null;
    if (this.#packedIds.length === 0) return;
    this.#tree = new Flatbush(this.#packedIds.length);
    for (const { minX, minY, maxX, maxY } of this.#bounds.values()) this.#tree.add(minX, minY, maxX, maxY);
    this.#tree.finish();
  }
}
