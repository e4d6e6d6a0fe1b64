import type { SlideInfo } from '../core/wire';

/** A Deep Zoom pyramid without overlap, as OpenSeadragon takes it; saves the request for the .dzi. */
export interface TileSourceOptions {
  width: number;
  height: number;
  tileSize: number;
  tileOverlap: number;
  minLevel: number;
  maxLevel: number;
  getTileUrl: (level: number, col: number, row: number) => string;
}

export function tileSourceOf(slide: SlideInfo): TileSourceOptions {
  const maxLevel = slide.deepzoom_level_count - 1;
  const folder = slide.tiles_url.replace(/\/$/, '');
  // Below the level that fits one tile there is nothing to see, only requests to make before the first picture.
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.max(slide.width_px, slide.height_px) / slide.tile_size_px)));
  return {
    width: slide.width_px,
    height: slide.height_px,
    tileSize: slide.tile_size_px,
    tileOverlap: 0,
    minLevel: Math.max(0, maxLevel - halvings),
    maxLevel,
    getTileUrl: (level, col, row) => `${folder}/${level}/${col}_${row}.jpeg`,
  };
}
