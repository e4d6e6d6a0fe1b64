/** The annotations that nobody is touching: thousands at once. Two-dimensional canvas, because it needs no GPU. */
import type { StillAnnotation } from '../core/annotation';
import { axesOf, boundsOnScreen, toScreen, type ViewTransform } from '../slide/view_transform';
import type { LineLook } from './session.svelte';
import { prepare, type PreparedRun } from './prepared_shape';

const LINE_PX = 2;
const EDGE_PX = 4;
const POINT_RADIUS_PX = 5;
const FILL_ALPHA = 0.22;
const MAX_NAMES = 400;
const LEAST_NAMED_PX = 36;

/**
 * How much care a crowd gets. Drawn without a GPU, a shape of twenty corners costs 7 µs to fill, 20 µs with a line of two pixels,
 * 5 µs with one of a single pixel; a dot costs 1 µs.
 */
interface Care {
  /** A dark edge on both sides of the line keeps yellow readable on glass and blue on nuclei. */
  readonly isEdged: boolean;
  readonly linePx: number;
  /** Smaller than this on the screen, a shape is a dot. */
  readonly dotPx: number;
  /** Display only: positions nearer than this to the one before are left out of the picture. */
  readonly leastStepPx: number;
}

function careFor(count: number): Care {
  if (count <= 600) return { isEdged: true, linePx: LINE_PX, dotPx: 3, leastStepPx: 0.7 };
  if (count <= 3000) return { isEdged: false, linePx: LINE_PX, dotPx: 3, leastStepPx: 0.7 };
  return { isEdged: false, linePx: 1, dotPx: 4, leastStepPx: 1.5 };
}

export interface ShapesPicture {
  readonly annotations: readonly StillAnnotation[];
  readonly colorOf: (classId: string | null) => string;
  readonly lookOf: (annotation: StillAnnotation) => LineLook;
  readonly nameOf: (annotation: StillAnnotation) => string;
  readonly isFilled: boolean;
  readonly isNamed: boolean;
}

type Context = CanvasRenderingContext2D;

/** Trace one run as it appears on the screen. */
export function traceRun(context: Context, { isClosed, xy }: PreparedRun, view: ViewTransform, leastStepPx = 0.7): void {
  const { originX, originY } = view;
  const [a, b] = axesOf(view);
  const firstX = a * xy[0]! - b * xy[1]! + originX;
  const firstY = b * xy[0]! + a * xy[1]! + originY;
  if (xy.length === 2) {
    context.moveTo(firstX + POINT_RADIUS_PX, firstY);
    context.arc(firstX, firstY, POINT_RADIUS_PX, 0, 2 * Math.PI);
    return;
  }
  let lastX = firstX;
  let lastY = firstY;
  context.moveTo(firstX, firstY);
  for (let i = 2; i < xy.length; i += 2) {
    const x = a * xy[i]! - b * xy[i + 1]! + originX;
    const y = b * xy[i]! + a * xy[i + 1]! + originY;
    if (Math.abs(x - lastX) < leastStepPx && Math.abs(y - lastY) < leastStepPx && i + 2 < xy.length) continue;
    context.lineTo(x, y);
    lastX = x;
    lastY = y;
  }
  // Not closePath(): Chromium looks through the whole path at each one.
  if (isClosed) context.lineTo(firstX, firstY);
}

/** Draw into a canvas whose pixels are device pixels; what was there is cleared. */
export function paintShapes(context: Context, view: ViewTransform, picture: ShapesPicture): void {
  const { density } = view;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(density, 0, 0, density, 0, 0);
  context.lineJoin = 'bevel';

  const care = careFor(picture.annotations.length);
  const byColor = new Map<string, StillAnnotation[]>();
  const named: StillAnnotation[] = [];
  for (const annotation of picture.annotations) {
    const color = picture.colorOf(annotation.classId);
    const group = byColor.get(color);
    if (group) group.push(annotation);
    else byColor.set(color, [annotation]);
    if (picture.isNamed && named.length < MAX_NAMES && sizeOnScreen(annotation, view) >= LEAST_NAMED_PX) named.push(annotation);
  }
  for (const [color, annotations] of byColor) {
    context.fillStyle = color;
    for (const annotation of annotations) paintShape(context, view, annotation, color, picture, care);
  }
  paintNames(context, view, named, picture.nameOf);
}

function sizeOnScreen(annotation: StillAnnotation, view: ViewTransform): number {
  const { bounds } = prepare(annotation);
  return Math.max(bounds.maxX - bounds.minX, bounds.maxY - bounds.minY) * view.scale;
}

function paintShape(context: Context, view: ViewTransform, annotation: StillAnnotation, color: string, picture: ShapesPicture, care: Care): void {
  const { bounds, runs } = prepare(annotation);
  const size = sizeOnScreen(annotation, view);
  if (size > 0 && size < care.dotPx) {
    const [x, y] = toScreen(view, [bounds.minX, bounds.minY]);
    context.fillRect(x - 0.5, y - 0.5, care.dotPx, care.dotPx);
    return;
  }
  context.beginPath();
  for (const run of runs) traceRun(context, run, view, care.leastStepPx);
  if (picture.isFilled && runs[0]?.isClosed) {
    context.globalAlpha = FILL_ALPHA;
    context.fill('nonzero');
    context.globalAlpha = 1;
  }
  if (care.isEdged) {
    context.lineWidth = EDGE_PX;
    context.strokeStyle = 'rgb(0 0 0 / 0.4)';
    context.stroke();
  }
  context.lineWidth = care.linePx;
  context.strokeStyle = color;
  const dash = dashOf(picture.lookOf(annotation));
  if (dash.length === 0) return context.stroke();
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
}

/** Drawn by a person: a whole line. Computed between key frames: dashes. Covered by something: dots. */
export function dashOf({ isBetween, isOccluded }: LineLook): number[] {
  if (isOccluded) return isBetween ? [9, 4, 2, 4] : [2, 4];
  return isBetween ? [10, 7] : [];
}

/** Dark plates with white words, so that they read on any stain. */
export function paintNames(
  context: Context,
  view: ViewTransform,
  annotations: readonly StillAnnotation[],
  nameOf: (annotation: StillAnnotation) => string,
): void {
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const annotation of annotations) {
    const text = nameOf(annotation);
    if (text === '') continue;
    const shown = boundsOnScreen(view, prepare(annotation).bounds);
    const x = (Math.max(shown.minX, 0) + Math.min(shown.maxX, view.widthPx)) / 2;
    const y = Math.max(shown.minY, 0) + 12;
    const width = context.measureText(text).width + 10;
    context.fillStyle = 'rgb(0 0 0 / 0.72)';
    context.fillRect(x - width / 2, y - 9, width, 18);
    context.fillStyle = '#ffffff';
    context.fillText(text, x, y + 0.5);
  }
}
