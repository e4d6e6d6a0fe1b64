/** Whether two pictures of one frame are the same picture: for browsers whose decoder says yes and shows something else. */

const WIDTH_PX = 32;
const HEIGHT_PX = 24;
/** Mean difference per channel. Right decoders stay below 1; a wrong range, matrix or picture is far above. */
export const MOST_DIFFERENCE = 5;

/** A frame as it was drawn, small. */
export type Miniature = Uint8ClampedArray;

export function miniatureOf(image: CanvasImageSource): Miniature | null {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH_PX;
  canvas.height = HEIGHT_PX;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return null;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, 0, 0, WIDTH_PX, HEIGHT_PX);
  return context.getImageData(0, 0, WIDTH_PX, HEIGHT_PX).data;
}

/** Mean over all red, green and blue values. */
export function differenceOf(a: Miniature, b: Miniature): number {
  let sum = 0;
  for (let at = 0; at < a.length; at += 4) {
    sum += Math.abs(a[at]! - b[at]!) + Math.abs(a[at + 1]! - b[at + 1]!) + Math.abs(a[at + 2]! - b[at + 2]!);
  }
  return sum / ((a.length / 4) * 3);
}
