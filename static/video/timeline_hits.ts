/** What lies under a pointer on the rows of a timeline. Pure. */
import { frameAtX, xOf, type TimelineScale } from './timeline_scale';
import { firstKeyframeFrom, type SegmentBar, type TimelineRow } from './timeline_rows';

export type Hit =
  | { readonly kind: 'edge'; readonly bar: SegmentBar; readonly edge: 'start' | 'end' }
  | { readonly kind: 'segment'; readonly bar: SegmentBar }
  | { readonly kind: 'keyframe'; readonly id: string; readonly frame: number }
  | { readonly kind: 'track'; readonly id: string }
  | { readonly kind: 'nothing' };

const EDGE_PX = 6;
const DIAMOND_PX = 7;

/** @param x from the left edge of the scale */
export function hitOf(row: TimelineRow | undefined, x: number, scale: TimelineScale, reachPx = 0): Hit {
  if (!row) return { kind: 'nothing' };
  if (row.kind === 'tier') return hitOfBars(row.bars, x, scale, EDGE_PX + reachPx);
  const { track } = row;
  const reach = DIAMOND_PX + reachPx;
  const centre = (frame: number): number => xOf(scale, frame) + scale.pxPerFrame / 2;
  let nearest: { frame: number; px: number } | null = null;
  for (let index = firstKeyframeFrom(track.keyframes, frameAtX(scale, x - reach) - 1); index < track.keyframes.length; index += 1) {
    const { frame } = track.keyframes[index]!;
    const px = Math.abs(centre(frame) - x);
    if (centre(frame) > x + reach) break;
    if (px <= reach && (nearest === null || px < nearest.px)) nearest = { frame, px };
  }
  if (nearest) return { kind: 'keyframe', id: track.id, frame: nearest.frame };
  const frame = frameAtX(scale, x);
  return row.spans.some((span) => frame >= span.first && frame <= span.last) ? { kind: 'track', id: track.id } : { kind: 'nothing' };
}

function hitOfBars(bars: readonly SegmentBar[], x: number, scale: TimelineScale, reach: number): Hit {
  let edge: { bar: SegmentBar; edge: 'start' | 'end'; px: number } | null = null;
  for (const bar of bars) {
    if (bar.isLocked) continue;
    for (const side of ['start', 'end'] as const) {
      const px = Math.abs(x - edgeX(bar, side, scale));
      // Of two that touch, the one whose inside the pointer is in.
      const isInside = side === 'start' ? x >= edgeX(bar, side, scale) : x <= edgeX(bar, side, scale);
      if (px <= reach && (edge === null || px < edge.px || (px === edge.px && isInside))) edge = { bar, edge: side, px };
    }
  }
  if (edge) return { kind: 'edge', bar: edge.bar, edge: edge.edge };
  const bar = bars.find((one) => x >= edgeX(one, 'start', scale) && x < edgeX(one, 'end', scale));
  return bar ? { kind: 'segment', bar } : { kind: 'nothing' };
}

export const edgeX = ({ startFrame, endFrame }: SegmentBar, side: 'start' | 'end', scale: TimelineScale): number =>
  xOf(scale, side === 'start' ? startFrame : (endFrame ?? scale.frameCount - 1) + 1);

/** The segment with one edge where the pointer is: never empty, never beyond the clip. */
export function draggedTo(bar: SegmentBar, edge: 'start' | 'end', x: number, scale: TimelineScale): { readonly startFrame: number; readonly endFrame: number } {
  const last = bar.endFrame ?? scale.frameCount - 1;
  // An edge lies between two frames: the nearest such place.
  const boundary = Math.round(scale.firstFrame + x / scale.pxPerFrame);
  return edge === 'start'
    ? { startFrame: Math.max(0, Math.min(last, boundary)), endFrame: last }
    : { startFrame: bar.startFrame, endFrame: Math.min(scale.frameCount - 1, Math.max(bar.startFrame, boundary - 1)) };
}
