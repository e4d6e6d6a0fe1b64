/** The timeline on its canvas: ruler, thumbnails, rows, playhead. Only what is in sight is touched. */
import type { FrameRange } from './playable';
import type { Thumbnail } from './thumbnail_strip';
import { edgeX } from './timeline_hits';
import { firstKeyframeFrom, type SegmentBar, type TimelineRow, type TrackRow } from './timeline_rows';
import { inSight, ticks, xOf, type TickTimes, type TimelineScale } from './timeline_scale';

export const RULER_PX = 22;
export const ROW_PX = 22;
const DIAMOND_PX = 5;
/** Key frames nearer than this are one mark with a number's worth of width. */
const CROWDED_PX = 4;

const GROUND = '#141414';
const RULER = '#1c1c1c';
const LINE = '#333333';
const TICK = '#767676';
const TEXT = '#a3a3a3';
const STRONG = '#f2f2f2';

export interface TimelinePicture {
  readonly scale: TimelineScale;
  readonly times: TickTimes;
  readonly thumbnails: readonly Thumbnail[];
  readonly thumbHeightPx: number;
  readonly rows: readonly TimelineRow[];
  readonly scrolledPx: number;
  /** On the screen. */
  readonly frame: number;
  readonly range: FrameRange | null;
  /** A segment whose edge is being dragged, as it would be. */
  readonly dragged: SegmentBar | null;
  readonly heightPx: number;
  readonly density: number;
}

export function paintTimeline(canvas: HTMLCanvasElement, picture: TimelinePicture): void {
  const { scale, density, heightPx, rows, scrolledPx, thumbHeightPx } = picture;
  const width = Math.round(scale.widthPx * density);
  const height = Math.round(heightPx * density);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.fillStyle = GROUND;
  context.fillRect(0, 0, scale.widthPx, heightPx);
  const top = RULER_PX + thumbHeightPx;
  context.save();
  context.beginPath();
  context.rect(0, top, scale.widthPx, heightPx - top);
  context.clip();
  const first = Math.max(0, Math.floor(scrolledPx / ROW_PX));
  for (let index = first; index < rows.length && top + index * ROW_PX - scrolledPx < heightPx; index += 1) {
    paintRow(context, picture, rows[index]!, top + index * ROW_PX - scrolledPx);
  }
  context.restore();
  paintThumbnails(context, picture);
  paintRuler(context, picture);
  paintRange(context, picture);
  paintPlayhead(context, picture);
}

function paintRuler(context: CanvasRenderingContext2D, { scale, times }: TimelinePicture): void {
  context.fillStyle = RULER;
  context.fillRect(0, 0, scale.widthPx, RULER_PX);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  for (const { frame, isMajor, label } of ticks(scale, times)) {
    const x = Math.round(xOf(scale, frame)) + 0.5;
    context.strokeStyle = isMajor ? TICK : LINE;
    context.beginPath();
    context.moveTo(x, isMajor ? 4 : RULER_PX - 6);
    context.lineTo(x, RULER_PX);
    context.stroke();
    if (!isMajor) continue;
    context.fillStyle = TEXT;
    context.fillText(label, x + 4, RULER_PX / 2);
  }
}

function paintThumbnails(context: CanvasRenderingContext2D, { scale, thumbnails, thumbHeightPx }: TimelinePicture): void {
  context.fillStyle = '#0b0b0b';
  context.fillRect(0, RULER_PX, scale.widthPx, thumbHeightPx);
  for (const { frame, image, sourceX, sourceWidth } of thumbnails) {
    const x = Math.round(xOf(scale, frame));
    const width = (sourceWidth * thumbHeightPx) / image.height;
    if (x + width < 0 || x > scale.widthPx) continue;
    context.drawImage(image, sourceX, 0, sourceWidth, image.height, x, RULER_PX, width, thumbHeightPx);
  }
}

function paintRow(context: CanvasRenderingContext2D, picture: TimelinePicture, row: TimelineRow, y: number): void {
  const { scale } = picture;
  const isSelected = row.kind === 'track' && row.track.isSelected;
  context.fillStyle = isSelected ? '#2b2b2b' : GROUND;
  context.fillRect(0, y, scale.widthPx, ROW_PX);
  context.fillStyle = LINE;
  context.fillRect(0, y + ROW_PX - 1, scale.widthPx, 1);
  if (row.kind === 'tier') {
    for (const bar of row.bars) paintBar(context, picture, picture.dragged?.id === bar.id ? picture.dragged : bar, y);
    return;
  }
  const { first, last } = inSight(scale);
  const middle = y + ROW_PX / 2;
  for (const span of row.spans) {
    if (span.last < first || span.first > last) continue;
    const left = Math.max(-2, xOf(scale, span.first));
    const right = Math.min(scale.widthPx + 2, xOf(scale, span.last + 1));
    if (span.isGap) {
      context.strokeStyle = TICK;
      context.setLineDash([3, 4]);
      context.beginPath();
      context.moveTo(left, middle + 0.5);
      context.lineTo(right, middle + 0.5);
      context.stroke();
      context.setLineDash([]);
    } else {
      context.globalAlpha = 0.5;
      context.fillStyle = row.track.color;
      context.fillRect(left, middle - 3, Math.max(1, right - left), 6);
      context.globalAlpha = 1;
    }
  }
  paintKeyframes(context, scale, row.track, middle);
}

/** Filled: seen. Hollow: outside from here on. With a bar below: occluded. */
function paintKeyframes(context: CanvasRenderingContext2D, scale: TimelineScale, { keyframes, color, isSelected }: TrackRow, middle: number): void {
  const { first, last } = inSight(scale);
  let lastX = -Infinity;
  for (let index = firstKeyframeFrom(keyframes, first - 1); index < keyframes.length; index += 1) {
    const mark = keyframes[index]!;
    if (mark.frame > last + 1) break;
    const x = Math.round(xOf(scale, mark.frame) + scale.pxPerFrame / 2);
    if (x - lastX < CROWDED_PX) continue;
    lastX = x;
    context.beginPath();
    context.moveTo(x, middle - DIAMOND_PX);
    context.lineTo(x + DIAMOND_PX, middle);
    context.lineTo(x, middle + DIAMOND_PX);
    context.lineTo(x - DIAMOND_PX, middle);
    context.closePath();
    context.fillStyle = mark.isOutside ? GROUND : color;
    context.fill();
    context.lineWidth = isSelected ? 2 : 1;
    context.strokeStyle = isSelected || mark.isOutside ? STRONG : '#000000';
    context.stroke();
    context.lineWidth = 1;
    if (mark.isOccluded) {
      context.fillStyle = STRONG;
      context.fillRect(x - DIAMOND_PX, middle + DIAMOND_PX + 1, 2 * DIAMOND_PX, 2);
    }
  }
}

function paintBar(context: CanvasRenderingContext2D, { scale }: TimelinePicture, bar: SegmentBar, y: number): void {
  const left = edgeX(bar, 'start', scale);
  const right = edgeX(bar, 'end', scale);
  if (right < 0 || left > scale.widthPx) return;
  const x = Math.max(-4, Math.round(left));
  const width = Math.max(2, Math.min(scale.widthPx + 4, Math.round(right)) - x);
  context.globalAlpha = 0.55;
  context.fillStyle = bar.color;
  context.fillRect(x, y + 2, width, ROW_PX - 5);
  context.globalAlpha = 1;
  context.strokeStyle = bar.isSelected ? STRONG : bar.color;
  context.lineWidth = bar.isSelected ? 2 : 1;
  context.strokeRect(x + 0.5, y + 2.5, Math.max(1, width - 1), ROW_PX - 6);
  context.lineWidth = 1;
  if (width < 24) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width - 4, ROW_PX);
  context.clip();
  context.font = '600 11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  // Read on any class colour.
  context.lineJoin = 'round';
  context.strokeStyle = 'rgb(0 0 0 / 0.8)';
  context.lineWidth = 3;
  const label = bar.name + (bar.isLocked ? ' (locked)' : '') + (bar.endFrame === null ? ' →' : '');
  context.strokeText(label, Math.max(x, 0) + 5, y + ROW_PX / 2);
  context.fillStyle = '#ffffff';
  context.fillText(label, Math.max(x, 0) + 5, y + ROW_PX / 2);
  context.restore();
}

function paintRange(context: CanvasRenderingContext2D, { scale, range, heightPx }: TimelinePicture): void {
  if (!range) return;
  const left = Math.round(xOf(scale, range.first));
  const right = Math.round(xOf(scale, range.last + 1));
  context.fillStyle = 'rgb(255 255 255 / 0.10)';
  context.fillRect(left, 0, right - left, heightPx);
  context.fillStyle = STRONG;
  // Brackets, so that the range is told from a selection by its form.
  for (const [x, inward] of [[left, 1], [right, -1]] as const) {
    context.fillRect(inward > 0 ? x : x - 2, 0, 2, heightPx);
    for (const y of [0, RULER_PX - 2]) context.fillRect(inward > 0 ? x : x - 7, y, 7, 2);
  }
}

function paintPlayhead(context: CanvasRenderingContext2D, { scale, frame, heightPx }: TimelinePicture): void {
  if (frame < 0) return;
  const left = xOf(scale, frame);
  const width = Math.max(1, scale.pxPerFrame);
  if (left + width < 0 || left > scale.widthPx) return;
  if (width > 3) {
    context.fillStyle = 'rgb(255 255 255 / 0.16)';
    context.fillRect(left, RULER_PX, width, heightPx - RULER_PX);
  }
  const x = Math.round(left + width / 2 - 0.5);
  context.fillStyle = '#ffffff';
  context.fillRect(x, 0, 1, heightPx);
  context.beginPath();
  context.moveTo(x - 5.5, 0);
  context.lineTo(x + 6.5, 0);
  context.lineTo(x + 0.5, 8);
  context.closePath();
  context.fill();
}
