/** The annotations that nobody is touching: thousands at once, on one canvas, a path per colour. */
import type { Annotation } from '../core/annotation';
import { visibleBounds, type ViewTransform } from '../slide/view_transform';
import { prepare, type PreparedRun } from './prepared_shape';

const LINE_PX = 2;
/** Smaller than this on the screen, a shape is a dot. */
const DOT_PX = 3;
/** Display only: positions nearer than this to the one before are left out of the picture. */
const LEAST_STEP_PX = 0.8;
const POINT_RADIUS_PX = 5;
const FILL_ALPHA = 0.22;
const MAX_NAMES = 400;
const LEAST_NAMED_PX = 36;

export interface ShapesPicture {
  readonly annotations: Iterable<Annotation>;
  readonly colorOf: (classId: string | null) => string;
  readonly nameOf: (annotation: Annotation) => string;
  readonly isFilled: boolean;
  readonly isNamed: boolean;
}

/** Trace one run as it appears on the screen. */
export function traceRun(context: CanvasRenderingContext2D, { isClosed, xy }: PreparedRun, view: ViewTransform): void {
  const { scale, originX, originY } = view;
  const count = xy.length / 2;
  if (count === 1) {
    const x = xy[0]! * scale + originX;
    const y = xy[1]! * scale + originY;
    context.moveTo(x + POINT_RADIUS_PX, y);
    context.arc(x, y, POINT_RADIUS_PX, 0, 2 * Math.PI);
    return;
  }
  let lastX = xy[0]! * scale + originX;
  let lastY = xy[1]! * scale + originY;
  context.moveTo(lastX, lastY);
  for (let i = 2; i < xy.length; i += 2) {
    const x = xy[i]! * scale + originX;
    const y = xy[i + 1]! * scale + originY;
    if (Math.abs(x - lastX) < LEAST_STEP_PX && Math.abs(y - lastY) < LEAST_STEP_PX && i + 2 < xy.length) continue;
    context.lineTo(x, y);
    lastX = x;
    lastY = y;
  }
  if (isClosed) context.closePath();
}

export function paintShapes(context: CanvasRenderingContext2D, view: ViewTransform, picture: ShapesPicture): void {
  const { scale, originX, originY, density } = view;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(density, 0, 0, density, 0, 0);

  const outlines = new Map<string, Annotation[]>();
  const dots = new Map<string, Annotation[]>();
  const named: Annotation[] = [];
  for (const annotation of picture.annotations) {
    const { bounds } = prepare(annotation);
    const width = (bounds.maxX - bounds.minX) * scale;
    const height = (bounds.maxY - bounds.minY) * scale;
    const isDot = width < DOT_PX && height < DOT_PX && width + height > 0;
    const group = isDot ? dots : outlines;
    const color = picture.colorOf(annotation.classId);
    const list = group.get(color);
    if (list) list.push(annotation);
    else group.set(color, [annotation]);
    if (picture.isNamed && named.length < MAX_NAMES && Math.max(width, height) >= LEAST_NAMED_PX) named.push(annotation);
  }

  context.lineWidth = LINE_PX;
  context.lineJoin = 'bevel';
  for (const [color, annotations] of outlines) {
    context.beginPath();
    for (const annotation of annotations) for (const run of prepare(annotation).runs) traceRun(context, run, view);
    if (picture.isFilled) {
      context.globalAlpha = FILL_ALPHA;
      context.fillStyle = color;
      context.fill('nonzero');
      context.globalAlpha = 1;
    }
    context.strokeStyle = color;
    context.stroke();
  }
  for (const [color, annotations] of dots) {
    context.fillStyle = color;
    for (const annotation of annotations) {
      const { minX, minY } = prepare(annotation).bounds;
      context.fillRect(minX * scale + originX - 0.5, minY * scale + originY - 0.5, DOT_PX, DOT_PX);
    }
  }
  paintNames(context, view, named, picture.nameOf);
}

/** Dark plates with white words, so that they read on any stain. */
export function paintNames(
  context: CanvasRenderingContext2D,
  view: ViewTransform,
  annotations: readonly Annotation[],
  nameOf: (annotation: Annotation) => string,
): void {
  const window = visibleBounds(view);
  context.font = '12px system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const annotation of annotations) {
    const text = nameOf(annotation);
    if (text === '') continue;
    const { bounds } = prepare(annotation);
    const x = ((Math.max(bounds.minX, window.minX) + Math.min(bounds.maxX, window.maxX)) / 2) * view.scale + view.originX;
    const y = Math.max(bounds.minY, window.minY) * view.scale + view.originY + 12;
    const width = context.measureText(text).width + 10;
    context.fillStyle = 'rgb(0 0 0 / 0.72)';
    context.fillRect(x - width / 2, y - 9, width, 18);
    context.fillStyle = '#ffffff';
    context.fillText(text, x, y + 0.5);
  }
}
