/** The picture on the screen with what is drawn over it; all are of the same size, in device pixels. */
export function laidOver(picture: HTMLCanvasElement, overlays: readonly HTMLCanvasElement[]): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext('2d')!;
  for (const layer of [picture, ...overlays]) context.drawImage(layer, 0, 0);
  return canvas;
}
