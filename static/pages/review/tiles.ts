/** On a slide a box blanks whole tiles: all others stay what the scanner wrote, bit for bit. Pure. */
import type { ReviewBox } from '../../api/review';
import type { Extent } from './boxes';

export interface BlankedTiles {
  /** The area of these tiles, level-0 px. */
  readonly box: ReviewBox;
  readonly columns: number;
  readonly rows: number;
}

export function blankedTiles(box: ReviewBox, tileSize_px: number, extent: Extent): BlankedTiles {
  const [first, last] = [Math.floor(box.x0 / tileSize_px), Math.ceil(box.x1 / tileSize_px)];
  const [top, bottom] = [Math.floor(box.y0 / tileSize_px), Math.ceil(box.y1 / tileSize_px)];
  return {
    box: {
      ...box,
      x0: first * tileSize_px,
      y0: top * tileSize_px,
      x1: Math.min(last * tileSize_px, extent.width_px),
      y1: Math.min(bottom * tileSize_px, extent.height_px),
    },
    columns: last - first,
    rows: bottom - top,
  };
}
