/** Boxes a reviewer draws over a picture: whole pixels of the asset, inside of it, never empty. Pure. */
import type { ReviewBox } from '../../api/review';

export interface Extent {
  readonly width_px: number;
  readonly height_px: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Which edges a grip moves; none: the whole box. */
export interface Grip {
  readonly dx: -1 | 0 | 1;
  readonly dy: -1 | 0 | 1;
}

export const INSIDE: Grip = { dx: 0, dy: 0 };
export const GRIPS: readonly Grip[] = ([-1, 0, 1] as const).flatMap((dy) => ([-1, 0, 1] as const).map((dx) => ({ dx, dy }))).filter(({ dx, dy }) => dx !== 0 || dy !== 0);

const SMALLEST_PX = 2;

const within = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), Math.max(low, high));

/** The box between two corners in any order, covering every pixel they touch. */
export function boxBetween(a: Point, b: Point, extent: Extent): ReviewBox {
  const [x0, x1] = span(a.x, b.x, extent.width_px);
  const [y0, y1] = span(a.y, b.y, extent.height_px);
  return { x0, y0, x1, y1, first_frame: null, last_frame: null };
}

function span(a: number, b: number, length: number): [number, number] {
  const low = within(Math.floor(Math.min(a, b)), 0, length - SMALLEST_PX);
  return [low, within(Math.ceil(Math.max(a, b)), low + SMALLEST_PX, length)];
}

export function moved<Box extends ReviewBox>(box: Box, dx: number, dy: number, extent: Extent): Box {
  const x = Math.round(within(dx, -box.x0, extent.width_px - box.x1));
  const y = Math.round(within(dy, -box.y0, extent.height_px - box.y1));
  return { ...box, x0: box.x0 + x, x1: box.x1 + x, y0: box.y0 + y, y1: box.y1 + y };
}

/** With the edges of a grip moved. An edge never passes the one across. */
export function resized<Box extends ReviewBox>(box: Box, { dx: sideX, dy: sideY }: Grip, dx: number, dy: number, extent: Extent): Box {
  const [x, y] = [Math.round(dx), Math.round(dy)];
  return {
    ...box,
    x0: sideX < 0 ? within(box.x0 + x, 0, box.x1 - SMALLEST_PX) : box.x0,
    x1: sideX > 0 ? within(box.x1 + x, box.x0 + SMALLEST_PX, extent.width_px) : box.x1,
    y0: sideY < 0 ? within(box.y0 + y, 0, box.y1 - SMALLEST_PX) : box.y0,
    y1: sideY > 0 ? within(box.y1 + y, box.y0 + SMALLEST_PX, extent.height_px) : box.y1,
  };
}

/** In these frames only; the whole of the video is said as null. */
export function inFrames<Box extends ReviewBox>(box: Box, first: number | null, last: number | null, frameCount: number): Box {
  const [low, high] = [first ?? 0, last ?? frameCount - 1].map((frame) => within(Math.round(frame), 0, frameCount - 1)).sort((a, b) => a - b) as [number, number];
  return { ...box, first_frame: low === 0 ? null : low, last_frame: high === frameCount - 1 ? null : high };
}

/** frame null: a picture of many frames, on which everything shows. */
export const isOnFrame = (box: ReviewBox, frame: number | null): boolean =>
  frame === null || ((box.first_frame ?? 0) <= frame && frame <= (box.last_frame ?? Infinity));

export const sameBox = (a: ReviewBox, b: ReviewBox): boolean =>
  a.x0 === b.x0 && a.y0 === b.y0 && a.x1 === b.x1 && a.y1 === b.y1 && a.first_frame === b.first_frame && a.last_frame === b.last_frame;

/** Whether two lists hold the same boxes, in whatever order. */
export const sameBoxes = (a: readonly ReviewBox[], b: readonly ReviewBox[]): boolean =>
  a.length === b.length && a.every((one) => b.some((other) => sameBox(one, other))) && b.every((one) => a.some((other) => sameBox(one, other)));

/** How much of a box lies within another one that is there on all its frames. The server takes a finding for removed from 0.9 on. */
export function shareWithin(box: ReviewBox, other: ReviewBox): number {
  if ((other.first_frame ?? 0) > (box.first_frame ?? 0) || (other.last_frame ?? Infinity) < (box.last_frame ?? Infinity)) return 0;
  const width = Math.min(box.x1, other.x1) - Math.max(box.x0, other.x0);
  const height = Math.min(box.y1, other.y1) - Math.max(box.y0, other.y0);
  return width <= 0 || height <= 0 ? 0 : (width * height) / areaOf(box);
}

export const areaOf = (box: ReviewBox): number => (box.x1 - box.x0) * (box.y1 - box.y0);

/** Only the fields of a box, as the server takes them. */
export const plainBox = ({ x0, y0, x1, y1, first_frame, last_frame }: ReviewBox): ReviewBox => ({ x0, y0, x1, y1, first_frame, last_frame });
