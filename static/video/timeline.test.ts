import { describe, expect, test } from 'vitest';
import { draggedTo, hitOf } from './timeline_hits';
import { firstKeyframeFrom, rowsOf, spansOf, type SegmentBar, type TrackRow } from './timeline_rows';
import { around, following, frameAtX, inSight, pannedBy, resized, ticks, wholeClip, xOf, zoomedAt, type TimelineScale } from './timeline_scale';
import { stepFor, ThumbnailStrip, type StripRequest } from './thumbnail_strip';
import { timeText } from './time_text';

const HOURS_4 = 4 * 3600 * 25;
const times = (rate: number, count: number) => ({
  timeOf: (frame: number) => frame / rate,
  frameAt: (time_s: number) => Math.min(count - 1, Math.floor(time_s * rate + 1e-6)),
  frameRate: rate,
  text: (time_s: number) => timeText(time_s, false),
});

describe('a timeline’s scale', () => {
  test('holds the whole clip at first, to the edge', () => {
    const scale = wholeClip(HOURS_4, 1000);
    expect(inSight(scale)).toEqual({ first: 0, last: HOURS_4 - 1 });
    expect(xOf(scale, HOURS_4)).toBeCloseTo(1000, 9);
  });

  test('zooms about the pointer, down to single frames and back', () => {
    let scale = wholeClip(HOURS_4, 1000);
    const x = 317;
    const at = scale.firstFrame + x / scale.pxPerFrame;
    for (let turn = 0; turn < 200; turn += 1) scale = zoomedAt(scale, 1.25, x);
    expect(scale.pxPerFrame).toBe(40);
    expect(Math.abs(scale.firstFrame + x / scale.pxPerFrame - at)).toBeLessThan(0.01);
    for (let turn = 0; turn < 200; turn += 1) scale = zoomedAt(scale, 0.8, x);
    expect(inSight(scale)).toEqual({ first: 0, last: HOURS_4 - 1 });
  });

  test('never shows what is no part of the clip', () => {
    const scale = zoomedAt(wholeClip(1000, 500), 20, 250);
    expect(pannedBy(scale, -1e9).firstFrame).toBe(0);
    expect(inSight(pannedBy(scale, 1e9)).last).toBe(999);
  });

  test('of a single frame is that frame', () => {
    const scale = wholeClip(1, 800);
    expect([frameAtX(scale, -5), frameAtX(scale, 400), frameAtX(scale, 900)]).toEqual([0, 0, 0]);
  });

  test('every place within a frame is that frame', () => {
    const scale: TimelineScale = { frameCount: 100, widthPx: 300, firstFrame: 10.25, pxPerFrame: 12 };
    for (let frame = 11; frame < 30; frame += 1) {
      expect(frameAtX(scale, xOf(scale, frame) + 0.01)).toBe(frame);
      expect(frameAtX(scale, xOf(scale, frame + 1) - 0.01)).toBe(frame);
    }
  });

  test('turns the page when the frame leaves it, and only then', () => {
    const scale = pannedBy(zoomedAt(wholeClip(1000, 500), 20, 0), 1000);
    const { first, last } = inSight(scale);
    expect(following(scale, first + 3)).toBe(scale);
    for (const frame of [first - 5, last + 5, 0, 999]) {
      const turned = following(scale, frame);
      const x = xOf(turned, frame);
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThan(500);
    }
  });

  test('keeps its zoom when the window changes, and the whole clip when that was in sight', () => {
    expect(inSight(resized(wholeClip(1000, 500), 700)).last).toBe(999);
    const near = zoomedAt(wholeClip(1000, 500), 20, 0);
    expect(resized(near, 700).pxPerFrame).toBe(near.pxPerFrame);
  });

  test('shows a range with room around it', () => {
    const scale = around(wholeClip(1000, 500), 400, 499);
    const { first, last } = inSight(scale);
    expect([first < 400, last > 499, last - first < 130]).toEqual([true, true, true]);
  });
});

describe('a ruler', () => {
  test.each([1, 5, 25, 60, 600, HOURS_4])('of %s frames has room for its numbers, and never none', (count) => {
    for (const zoom of [1, 3, 10, 100, 1000, 10_000]) {
      const scale = zoomedAt(wholeClip(count, 1100), zoom, 300);
      const major = ticks(scale, times(25, count)).filter((tick) => tick.isMajor);
      expect(major.length).toBeGreaterThan(0);
      const xs = major.map((tick) => xOf(scale, tick.frame));
      for (let index = 1; index < xs.length; index += 1) expect(xs[index]! - xs[index - 1]!).toBeGreaterThan(60);
    }
  });

  test('counts frames near by and time from afar', () => {
    const near = zoomedAt(wholeClip(1000, 1000), 40, 0);
    expect(ticks(near, times(25, 1000)).filter((tick) => tick.isMajor).slice(0, 3).map((tick) => tick.label)).toEqual(['0', '5', '10']);
    const far = wholeClip(HOURS_4, 1000);
    expect(ticks(far, times(25, HOURS_4)).slice(0, 3).map((tick) => tick.label)).toEqual(['0:00', '30:00', '1:00:00']);
  });
});

const track = (parts: Partial<TrackRow> = {}): TrackRow => ({
  id: 't',
  name: 'Forceps',
  color: '#ff0000',
  keyframes: [
    { frame: 10, isOutside: false },
    { frame: 20, isOutside: true },
    { frame: 25, isOutside: true },
    { frame: 40, isOutside: false },
    { frame: 50, isOutside: false },
  ],
  endedFrame: null,
  isSelected: false,
  isLocked: false,
  ...parts,
});

const bar = (id: string, startFrame: number, endFrame: number | null, parts: Partial<SegmentBar> = {}): SegmentBar => ({
  id,
  name: id,
  color: '#00ff00',
  startFrame,
  endFrame,
  tier: 'phase',
  isSelected: false,
  isLocked: false,
  ...parts,
});

describe('a track on the timeline', () => {
  test('is seen from its first key frame on, but not where it is outside', () => {
    expect(spansOf(track(), 100)).toEqual([
      { first: 10, last: 19, isGap: false },
      { first: 20, last: 39, isGap: true },
      { first: 40, last: 99, isGap: false },
    ]);
  });

  test('is no more from its ended frame on', () => {
    expect(spansOf(track({ endedFrame: 60 }), 100).at(-1)).toEqual({ first: 40, last: 59, isGap: false });
  });

  test('of one frame is one frame long', () => {
    expect(spansOf(track({ keyframes: [{ frame: 7, isOutside: false }], endedFrame: 8 }), 100)).toEqual([{ first: 7, last: 7, isGap: false }]);
  });

  test('finds its key frames among ten thousand', () => {
    const keyframes = Array.from({ length: 10_000 }, (_, index) => ({ frame: index * 3, isOutside: false }));
    expect(firstKeyframeFrom(keyframes, 0)).toBe(0);
    expect(firstKeyframeFrom(keyframes, 4)).toBe(2);
    expect(firstKeyframeFrom(keyframes, 40_000)).toBe(10_000);
  });
});

describe('the rows', () => {
  test('are the tiers, with a lane for what overlaps, then the tracks', () => {
    const rows = rowsOf([bar('a', 0, 10), bar('b', 11, 20), bar('c', 5, 8), bar('d', 0, null, { tier: 'quality' })], [track()], 100);
    expect(rows.map((row) => (row.kind === 'tier' ? `${row.name}: ${row.bars.map(({ id }) => id).join(' ')}` : row.track.id))).toEqual(['phase: a b', 'phase: c', 'quality: d', 't']);
  });
});

describe('what lies under a pointer', () => {
  const scale: TimelineScale = { frameCount: 100, widthPx: 1000, firstFrame: 0, pxPerFrame: 10 };
  const [tier, row] = rowsOf([bar('a', 0, 9), bar('b', 10, 19)], [track()], 100);

  test('is the nearest key frame, the track, or nothing', () => {
    expect(hitOf(row, 105, scale)).toEqual({ kind: 'keyframe', id: 't', frame: 10 });
    expect(hitOf(row, 150, scale)).toEqual({ kind: 'track', id: 't' });
    expect(hitOf(row, 30, scale)).toEqual({ kind: 'nothing' });
  });

  test('is the edge of the segment that the pointer is inside of, where two touch', () => {
    expect(hitOf(tier, 98, scale)).toMatchObject({ kind: 'edge', edge: 'end', bar: { id: 'a' } });
    expect(hitOf(tier, 102, scale)).toMatchObject({ kind: 'edge', edge: 'start', bar: { id: 'b' } });
    expect(hitOf(tier, 50, scale)).toMatchObject({ kind: 'segment', bar: { id: 'a' } });
  });

  test('is no edge of what is locked', () => {
    const [locked] = rowsOf([bar('a', 0, 9, { isLocked: true })], [], 100);
    expect(hitOf(locked, 98, scale)).toMatchObject({ kind: 'segment' });
  });

  test('an edge is dragged to between two frames, never past the other or the clip', () => {
    const a = bar('a', 20, 29);
    expect(draggedTo(a, 'start', 104, scale)).toEqual({ startFrame: 10, endFrame: 29 });
    expect(draggedTo(a, 'start', 900, scale)).toEqual({ startFrame: 29, endFrame: 29 });
    expect(draggedTo(a, 'end', 404, scale)).toEqual({ startFrame: 20, endFrame: 39 });
    expect(draggedTo(a, 'end', -50, scale)).toEqual({ startFrame: 20, endFrame: 20 });
    expect(draggedTo(a, 'end', 5000, scale)).toEqual({ startFrame: 20, endFrame: 99 });
    expect(draggedTo(bar('w', 0, null), 'end', 500, scale)).toEqual({ startFrame: 0, endFrame: 49 });
  });
});

describe('the thumbnails', () => {
  const image = (width: number): ImageBitmap => ({ width, height: 40, close: () => undefined }) as unknown as ImageBitmap;
  const after = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

  test('are wide enough apart, by powers of two', () => {
    for (const zoom of [1, 2, 7, 100, 5000]) {
      const scale = zoomedAt(wholeClip(HOURS_4, 1000), zoom, 0);
      const step = stepFor(scale, 70);
      expect(Math.log2(step) % 1).toBe(0);
      expect(step * scale.pxPerFrame >= 70 || step === 1).toBe(true);
    }
  });

  test('are asked for once, exactly only where the stored ones are too far apart, and never beyond the clip', async () => {
    const asked: StripRequest[] = [];
    const strip = new ThumbnailStrip(
      HOURS_4,
      async (request) => {
        asked.push(request);
        return image(70 * request.count);
      },
      () => undefined,
    );
    const far = wholeClip(HOURS_4, 1000);
    strip.visible(far, 70, 40);
    await after();
    const found = strip.visible(far, 70, 40);
    await after();
    expect(asked.every(({ start, step, count, isExact }) => start + (count - 1) * step < HOURS_4 && !isExact)).toBe(true);
    expect(new Set(asked.map(({ start }) => start)).size).toBe(asked.length);
    expect(found.map(({ frame }) => frame).slice(0, 3)).toEqual([0, stepFor(far, 70), 2 * stepFor(far, 70)]);
    asked.length = 0;
    strip.visible(zoomedAt(far, 3000, 500), 70, 40);
    await after();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(({ isExact }) => isExact)).toBe(true);
  });

  test('that are out of sight before they have come are called off', async () => {
    const signals: AbortSignal[] = [];
    const strip = new ThumbnailStrip(
      HOURS_4,
      (_, signal) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      () => undefined,
    );
    const near = zoomedAt(wholeClip(HOURS_4, 1000), 3000, 0);
    strip.visible(near, 70, 40);
    strip.visible(pannedBy(near, 1e6), 70, 40);
    expect(signals[0]!.aborted).toBe(true);
  });
});
