import { toScreen, type ViewTransform } from './view_transform';

/** Level-0 pixels. */
export interface Size {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Cells along the slide's longer side. */
const CELLS = 160;

/**
 * What of a slide has been on the screen at a magnification that counts: a raster of cells, each seen or not.
 * A cell counts once its middle was in the window.
 */
export class SeenArea {
  readonly cols: number;
  readonly rows: number;
  readonly #cellPx: number;
  readonly #seen: Uint8Array;
  #count = 0;

  /** @param size level-0 pixels */
  constructor(size: Size) {
    this.#cellPx = Math.max(1, Math.max(size.widthPx, size.heightPx) / CELLS);
    this.cols = Math.max(1, Math.ceil(size.widthPx / this.#cellPx));
    this.rows = Math.max(1, Math.ceil(size.heightPx / this.#cellPx));
    this.#seen = new Uint8Array(this.cols * this.rows);
  }

  get share(): number {
    return this.#count / this.#seen.length;
  }

  isSeen(col: number, row: number): boolean {
    return this.#seen[row * this.cols + col] === 1;
  }

  clear(): void {
    this.#seen.fill(0);
    this.#count = 0;
  }

  /** @returns whether anything was new. */
  look(view: ViewTransform): boolean {
    let isNew = false;
    for (let row = 0; row < this.rows; row++) {
      for (let col = 0; col < this.cols; col++) {
        const index = row * this.cols + col;
        if (this.#seen[index]) continue;
        const [x, y] = toScreen(view, [(col + 0.5) * this.#cellPx, (row + 0.5) * this.#cellPx]);
        if (x < 0 || y < 0 || x > view.widthPx || y > view.heightPx) continue;
        this.#seen[index] = 1;
        this.#count++;
        isNew = true;
      }
    }
    return isNew;
  }

  /** Over the overview: a tint on what was seen, in `view`'s CSS pixels. */
  paint(context: CanvasRenderingContext2D, view: ViewTransform): void {
    context.fillStyle = 'rgb(64 150 255 / 0.34)';
    const side = this.#cellPx;
    for (let row = 0; row < this.rows; row++) {
      for (let col = 0; col < this.cols; ) {
        if (!this.isSeen(col, row)) {
          col++;
          continue;
        }
        let end = col + 1;
        while (end < this.cols && this.isSeen(end, row)) end++;
        const corners = [[col, row], [end, row], [end, row + 1], [col, row + 1]] as const;
        context.beginPath();
        corners.forEach(([c, r], i) => {
          const [x, y] = toScreen(view, [c * side, r * side]);
          if (i === 0) context.moveTo(x, y);
          else context.lineTo(x, y);
        });
        context.fill();
        col = end;
      }
    }
  }
}
