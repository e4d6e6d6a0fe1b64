/** What someone is touching: the selection with its handles, the drawing under way, conflicts. Few things, redrawn at every move. */
import { newAnnotation, type Annotation, type StillAnnotation } from '../core/annotation';
import { boundsOverlap, paths, rectangle, type Position } from '../core/geometry';
import { axesOf, toScreen, visibleBounds, type ViewTransform } from '../slide/view_transform';
import { dashOf, paintNames, traceRun } from './paint_shapes';
import { prepare, type PreparedShape } from './prepared_shape';
import type { EditorSession } from './session.svelte';

const LINE_PX = 2;
const HALO_PX = 5;
const HANDLE_PX = 8;
/** Handles nearer to each other than this would be a smear. */
const LEAST_HANDLE_GAP_PX = 7;
/** Of more than this, the selection is shown by white lines alone. */
const MAX_HALOS = 300;
const FILL_ALPHA = 0.25;

type Context = CanvasRenderingContext2D;

export function paintMarks(context: Context, view: ViewTransform, session: EditorSession): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.setTransform(view.density, 0, 0, view.density, 0, 0);
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.globalAlpha = 1;

  if (session.areShown) {
    for (const { mine } of session.conflicts) {
      const shape = mine && session.versionShown(mine);
      if (shape) paintConflict(context, view, shape, session.ontology.colorOf(shape.classId));
    }
  }
  const window = visibleBounds(view, HALO_PX);
  const selected = session.selectedShown
    .map((a) => session.preview.get(a.annotationId) ?? a)
    .filter((a) => boundsOverlap(prepare(a).bounds, window));
  if (selected.length <= MAX_HALOS) for (const annotation of selected) paintSelected(context, view, annotation, session);
  else paintCrowd(context, view, selected);
  if (session.areNamed) paintNames(context, view, selected.slice(0, 100), (a) => labelOf(a, session));
  if (session.tool === 'select') {
    for (const annotation of session.reshapable) {
      paintHandles(context, view, session.preview.get(annotation.annotationId) ?? annotation, session);
    }
  }
  if (session.marquee) {
    const { minX, minY, maxX, maxY } = session.marquee;
    dashed(context, view, [[minX, minY], [maxX, minY], [maxX, maxY], [minX, maxY], [minX, minY]]);
  }
  paintDraft(context, view, session);
}

export const labelOf = (annotation: Annotation, session: EditorSession): string =>
  annotation.name !== '' ? annotation.name : annotation.classId === null ? '' : session.ontology.nameOf(annotation.classId);

function trace(context: Context, shape: PreparedShape, view: ViewTransform): void {
  context.beginPath();
  for (const run of shape.runs) traceRun(context, run, view);
}

/** White under the class's colour: the selection shows by shape, on pale and on dark tissue. */
function strokeWithHalo(context: Context, color: string, dash: number[] = []): void {
  context.lineWidth = HALO_PX + 2;
  context.strokeStyle = 'rgb(0 0 0 / 0.55)';
  context.stroke();
  context.lineWidth = HALO_PX;
  context.strokeStyle = '#ffffff';
  context.stroke();
  context.lineWidth = dash.length > 0 ? LINE_PX + 1.5 : LINE_PX;
  context.lineCap = dash.length > 0 ? 'butt' : 'round';
  context.setLineDash(dash);
  context.strokeStyle = color;
  context.stroke();
  context.setLineDash([]);
  context.lineCap = 'round';
}

function paintSelected(context: Context, view: ViewTransform, annotation: StillAnnotation, session: EditorSession): void {
  const color = session.ontology.colorOf(annotation.classId);
  trace(context, prepare(annotation), view);
  if (session.areFilled) {
    context.globalAlpha = FILL_ALPHA;
    context.fillStyle = color;
    context.fill('nonzero');
    context.globalAlpha = 1;
  }
  // What is being dragged is drawn by hand from now on.
  strokeWithHalo(context, color, session.preview.has(annotation.annotationId) ? [] : dashOf(session.lookOf(annotation.annotationId)));
}

function paintCrowd(context: Context, view: ViewTransform, annotations: readonly StillAnnotation[]): void {
  context.lineWidth = 1;
  context.strokeStyle = '#ffffff';
  for (const annotation of annotations) {
    context.beginPath();
    for (const run of prepare(annotation).runs) traceRun(context, run, view, 1.5);
    context.stroke();
  }
}

function paintHandles(context: Context, view: ViewTransform, annotation: StillAnnotation, session: EditorSession): void {
  const chosen = session.chosenVertex?.annotationId === annotation.annotationId ? session.chosenVertex : null;
  const { runs } = prepare(annotation);
  const [a, b] = axesOf(view);
  context.lineWidth = 1.5;
  context.strokeStyle = '#000000';
  for (const { xy } of runs) {
    let lastX = Infinity;
    let lastY = Infinity;
    for (let i = 0; i < xy.length; i += 2) {
      const x = a * xy[i]! - b * xy[i + 1]! + view.originX;
      const y = b * xy[i]! + a * xy[i + 1]! + view.originY;
      if (x < -HANDLE_PX || y < -HANDLE_PX || x > view.widthPx + HANDLE_PX || y > view.heightPx + HANDLE_PX) continue;
      if (Math.abs(x - lastX) < LEAST_HANDLE_GAP_PX && Math.abs(y - lastY) < LEAST_HANDLE_GAP_PX) continue;
      handle(context, x, y, false);
      lastX = x;
      lastY = y;
    }
  }
  if (!chosen) return;
  const path = paths(annotation.geometry).find((p) => p.part === chosen.part && p.ring === chosen.ring);
  const position = path?.positions[chosen.index];
  if (position) {
    const [x, y] = toScreen(view, position);
    handle(context, x, y, true);
  }
}

function handle(context: Context, x: number, y: number, isChosen: boolean): void {
  const size = isChosen ? HANDLE_PX + 4 : HANDLE_PX;
  context.fillStyle = isChosen ? '#000000' : '#ffffff';
  context.strokeStyle = isChosen ? '#ffffff' : '#000000';
  context.fillRect(x - size / 2, y - size / 2, size, size);
  context.strokeRect(x - size / 2, y - size / 2, size, size);
}

function dashed(context: Context, view: ViewTransform, positions: readonly Position[]): void {
  context.beginPath();
  positions.forEach((position, i) => {
    const [x, y] = toScreen(view, position);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
  context.lineWidth = 1.5;
  context.setLineDash([]);
  context.strokeStyle = '#000000';
  context.stroke();
  context.setLineDash([5, 5]);
  context.strokeStyle = '#ffffff';
  context.stroke();
  context.setLineDash([]);
}

/** My version of a shape that someone else has changed: dashed, until a person decides. */
function paintConflict(context: Context, view: ViewTransform, mine: StillAnnotation, color: string): void {
  trace(context, prepare(mine), view);
  context.lineWidth = HALO_PX;
  context.strokeStyle = 'rgb(0 0 0 / 0.6)';
  context.stroke();
  context.setLineDash([8, 5]);
  context.lineWidth = LINE_PX + 1;
  context.strokeStyle = color;
  context.stroke();
  context.setLineDash([]);
}

function paintDraft(context: Context, view: ViewTransform, session: EditorSession): void {
  const { draft } = session;
  if (!draft) return;
  const color = session.ontology.colorOf(session.activeClassId);
  if (draft.kind === 'rectangle') {
    trace(context, prepare(newAnnotation({ annotationId: '', geometry: rectangle(draft.from, draft.to) })), view);
    context.globalAlpha = FILL_ALPHA;
    context.fillStyle = color;
    context.fill();
    context.globalAlpha = 1;
    strokeWithHalo(context, color);
    return;
  }
  const positions = draft.pointer ? [...draft.positions, draft.pointer] : draft.positions;
  const onScreen = positions.map((p) => toScreen(view, p));
  context.beginPath();
  onScreen.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  if (draft.crossing) context.closePath();
  if (draft.isClosed && positions.length > 2) {
    context.globalAlpha = FILL_ALPHA / 2;
    context.fillStyle = color;
    context.fill('evenodd');
    context.globalAlpha = 1;
  }
  strokeWithHalo(context, color);
  const first = onScreen[0];
  const last = onScreen.at(-1);
  if (draft.isClosed && first && last && draft.positions.length > 1 && !draft.crossing) dashed(context, view, [positions.at(-1)!, positions[0]!]);
  let lastHandle: Position = [Infinity, Infinity];
  onScreen.slice(0, draft.positions.length).forEach(([x, y], i) => {
    if (i > 0 && Math.hypot(x - lastHandle[0], y - lastHandle[1]) < LEAST_HANDLE_GAP_PX) return;
    lastHandle = [x, y];
    handle(context, x, y, draft.isClosed && i === 0 && draft.positions.length >= 3);
  });
  if (draft.crossing) paintCrossing(context, toScreen(view, draft.crossing.at));
}

function paintCrossing(context: Context, [x, y]: Position): void {
  const arm = 9;
  for (const [width, color] of [[6, '#000000'], [3, '#ffffff']] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.beginPath();
    context.arc(x, y, 16, 0, 2 * Math.PI);
    context.moveTo(x - arm, y - arm);
    context.lineTo(x + arm, y + arm);
    context.moveTo(x + arm, y - arm);
    context.lineTo(x - arm, y + arm);
    context.stroke();
  }
}
