/** What a timeline shows of labels, as plain values, and how it is laid out in rows. Pure. */

export interface KeyframeMark {
  readonly frame: number;
  readonly isOutside: boolean;
  readonly isOccluded?: boolean;
}

export interface TrackRow {
  readonly id: string;
  readonly name: string;
  /** "#rrggbb" */
  readonly color: string;
  /** Frames strictly rising. */
  readonly keyframes: readonly KeyframeMark[];
  /** The first frame on which it is no more; null: it goes on to the end. */
  readonly endedFrame: number | null;
  readonly isSelected: boolean;
  readonly isLocked: boolean;
}

export interface SegmentBar {
  readonly id: string;
  readonly name: string;
  readonly color: string;
  readonly startFrame: number;
  /** Inclusive; null: to the end. */
  readonly endFrame: number | null;
  readonly tier: string;
  readonly isSelected: boolean;
  readonly isLocked: boolean;
}

/** Frames first … last, inclusive. */
export interface Span {
  readonly first: number;
  readonly last: number;
  /** Between two stretches of a track: it is outside of the picture. */
  readonly isGap: boolean;
}

export type TimelineRow =
  | { readonly kind: 'tier'; readonly name: string; readonly bars: readonly SegmentBar[] }
  | { readonly kind: 'track'; readonly name: string; readonly track: TrackRow; readonly spans: readonly Span[] };

/** Where a track is seen, and where it is outside. Nothing before its first key frame. */
export function spansOf(track: TrackRow, frameCount: number): Span[] {
  const end = Math.min(frameCount, track.endedFrame ?? frameCount) - 1;
  const spans: Span[] = [];
  for (const { frame, isOutside } of track.keyframes) {
    if (frame > end) break;
    const before = spans.at(-1);
    if (before?.isGap === isOutside) continue;
    if (before) spans[spans.length - 1] = { ...before, last: frame - 1 };
    spans.push({ first: frame, last: end, isGap: isOutside });
  }
  return spans;
}

/** Segments by tier in the order in which the tiers first come, then tracks. Segments of one tier that overlap get rows of their own. */
export function rowsOf(segments: readonly SegmentBar[], tracks: readonly TrackRow[], frameCount: number): TimelineRow[] {
  const tiers = new Map<string, SegmentBar[]>();
  for (const bar of segments) {
    const tier = tiers.get(bar.tier);
    if (tier) tier.push(bar);
    else tiers.set(bar.tier, [bar]);
  }
  const rows: TimelineRow[] = [];
  for (const [name, bars] of tiers) for (const lane of lanesOf(bars, frameCount)) rows.push({ kind: 'tier', name, bars: lane });
  for (const track of tracks) rows.push({ kind: 'track', name: track.name, track, spans: spansOf(track, frameCount) });
  return rows;
}

function lanesOf(bars: readonly SegmentBar[], frameCount: number): SegmentBar[][] {
  const lanes: { last: number; bars: SegmentBar[] }[] = [];
  for (const bar of [...bars].sort((a, b) => a.startFrame - b.startFrame)) {
    const last = bar.endFrame ?? frameCount - 1;
    const lane = lanes.find((one) => one.last < bar.startFrame);
    if (lane) {
      lane.bars.push(bar);
      lane.last = last;
    } else {
      lanes.push({ last, bars: [bar] });
    }
  }
  return lanes.map((lane) => lane.bars);
}

/** Index of the first key frame at or after a frame: key frames rise, and there may be ten thousand. */
export function firstKeyframeFrom(keyframes: readonly KeyframeMark[], frame: number): number {
  let low = 0;
  let high = keyframes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keyframes[middle]!.frame < frame) low = middle + 1;
    else high = middle;
  }
  return low;
}
