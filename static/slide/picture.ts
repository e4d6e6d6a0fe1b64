/** A picture of the view for a report or a talk: what is on the screen, and a scale bar; never a name. */
import { scaleBar, type PixelSize } from '../core/measure';
import type { ViewTransform } from './view_transform';

const MARGIN_PX = 16;
const BAR_HEIGHT_PX = 6;
const MAX_BAR_PX = 220;

export interface PictureParts {
  readonly slide: HTMLCanvasElement;
  /** Drawn above it in this order; of the same device pixels. */
  readonly overlays: readonly HTMLCanvasElement[];
  readonly view: ViewTransform;
  readonly pixelSize: PixelSize | null;
}

export function compose({ slide, overlays, view, pixelSize }: PictureParts): HTMLCanvasElement {
  const picture = document.createElement('canvas');
  picture.width = slide.width;
  picture.height = slide.height;
  const context = picture.getContext('2d')!;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, picture.width, picture.height);
  for (const layer of [slide, ...overlays]) context.drawImage(layer, 0, 0);
  paintScaleBar(context, view, pixelSize);
  return picture;
}

function paintScaleBar(context: CanvasRenderingContext2D, view: ViewTransform, pixelSize: PixelSize | null): void {
  const { density, scale } = view;
  const bar = scaleBar((pixelSize?.xUm ?? 1) / scale, MAX_BAR_PX, pixelSize ? 'µm' : 'px');
  context.setTransform(density, 0, 0, density, 0, 0);
  context.font = '600 14px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  const bottom = context.canvas.height / density - MARGIN_PX;
  const width = Math.max(bar.widthPx, context.measureText(bar.label).width) + 2 * 10;
  context.fillStyle = 'rgb(255 255 255 / 0.85)';
  context.fillRect(MARGIN_PX, bottom - 40, width, 40);
  context.fillStyle = '#000000';
  const left = MARGIN_PX + (width - bar.widthPx) / 2;
  context.fillRect(left, bottom - 10 - BAR_HEIGHT_PX, bar.widthPx, BAR_HEIGHT_PX);
  context.fillText(bar.label, MARGIN_PX + width / 2, bottom - 12 - BAR_HEIGHT_PX);
}

export const pngOf = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no picture'))), 'image/png'));

export function saveAs(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
