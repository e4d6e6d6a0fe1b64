import OpenSeadragon from 'openseadragon';

type DrawTile = (this: OpenSeadragon.CanvasDrawer, tile: OpenSeadragon.Tile, ...rest: unknown[]) => void;

const drawTile = (OpenSeadragon.CanvasDrawer.prototype as unknown as { _drawTile: DrawTile })._drawTile;

/**
 * Draws tiles without overlap edge to edge on whole device pixels.
 *
 * Where tiles have no overlap OpenSeadragon stretches each by one pixel, so that antialiased edges leave no seam: then nothing
 * inside a tile is quite where it belongs, and at native resolution the image is resampled. With both edges of a tile rounded to
 * the same device pixel as its neighbours' there is no seam to hide, and at native resolution a slide pixel is a screen pixel.
 */
export class ExactDrawer extends OpenSeadragon.CanvasDrawer {
  override getType(): string {
    return 'canvas';
  }

  minimumOverlapRequired(): boolean {
    return false;
  }

  _drawTile(tile: OpenSeadragon.Tile, ...rest: unknown[]): void {
    const { position, size } = tile;
    if (!position || !size) return;
    const density = OpenSeadragon.pixelDensityRatio;
    const isAskew = this.viewport.getRotation(true) % 90 !== 0;
    const toPixel = (place: number): number => Math.round(place * density) / density;
    const left = toPixel(position.x);
    const top = toPixel(position.y);
    tile.position = new OpenSeadragon.Point(left, top);
    // Askew, every edge is antialiased, and neighbours would let the ground shine through between them.
    const overlap = isAskew ? 1 / density : 0;
    tile.size = new OpenSeadragon.Point(toPixel(position.x + size.x) - left + overlap, toPixel(position.y + size.y) - top + overlap);
    drawTile.call(this, tile, ...rest);
    tile.position = position;
    tile.size = size;
  }
}
