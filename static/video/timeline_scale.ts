/** Which frame is where along a timeline: every frame is equally wide, whatever its time. Pure. */

/** So wide may a frame become. */
const MAX_PX_PER_FRAME = 40;

export interface TimelineScale {
  readonly frameCount: number;
  readonly widthPx: number;
  /** At the left edge; a fraction lies within a frame. */
  readonly firstFrame: number;
  readonly pxPerFrame: number;
}

export interface Tick {
  readonly frame: number;
  readonly isMajor: boolean;
  /** Major ones only. */
  readonly label: string;
}

export const wholeClip = (frameCount: number, widthPx: number): TimelineScale =>
  bounded({ frameCount, widthPx, firstFrame: 0, pxPerFrame: 0 });

/** Where a frame begins. */
export const xOf = (scale: TimelineScale, frame: number): number => (frame - scale.firstFrame) * scale.pxPerFrame;

/** The frame under a place, whole and within the clip. */
export const frameAtX = (scale: TimelineScale, x: number): number =>
  Math.min(scale.frameCount - 1, Math.max(0, Math.floor(scale.firstFrame + x / scale.pxPerFrame)));

/** The frames in sight. */
export const inSight = (scale: TimelineScale): { readonly first: number; readonly last: number } => ({
  first: frameAtX(scale, 0),
  last: frameAtX(scale, scale.widthPx),
});

/** The same frame stays at `x`. */
export function zoomedAt(scale: TimelineScale, factor: number, x: number): TimelineScale {
  const at = scale.firstFrame + x / scale.pxPerFrame;
  const { pxPerFrame } = bounded({ ...scale, pxPerFrame: scale.pxPerFrame * factor });
  return bounded({ ...scale, pxPerFrame, firstFrame: at - x / pxPerFrame });
}

export const pannedBy = (scale: TimelineScale, dxPx: number): TimelineScale =>
  bounded({ ...scale, firstFrame: scale.firstFrame + dxPx / scale.pxPerFrame });

/** For a window of another width: the same zoom, unless the whole clip was in sight. */
export function resized(scale: TimelineScale, widthPx: number): TimelineScale {
  const wasWhole = scale.pxPerFrame <= leastPxPerFrame(scale) * 1.0001;
  return wasWhole ? wholeClip(scale.frameCount, widthPx) : bounded({ ...scale, widthPx });
}

/** Turned to the frame like a page where it is out of sight; otherwise as it is. */
export function following(scale: TimelineScale, frame: number): TimelineScale {
  const x = xOf(scale, frame);
  if (x >= 0 && x + Math.min(scale.pxPerFrame, scale.widthPx) <= scale.widthPx) return scale;
  const share = x < 0 ? 0.9 : 0.1;
  return bounded({ ...scale, firstFrame: frame - (share * scale.widthPx) / scale.pxPerFrame });
}

/** All of these frames, with a little room. */
export function around(scale: TimelineScale, first: number, last: number): TimelineScale {
  const { pxPerFrame } = bounded({ ...scale, pxPerFrame: (0.9 * scale.widthPx) / Math.max(1, last - first + 1) });
  return bounded({ ...scale, pxPerFrame, firstFrame: (first + last + 1) / 2 - scale.widthPx / 2 / pxPerFrame });
}

function bounded(scale: TimelineScale): TimelineScale {
  const least = leastPxPerFrame(scale);
  const pxPerFrame = Math.min(Math.max(MAX_PX_PER_FRAME, least), Math.max(least, scale.pxPerFrame));
  const most = scale.frameCount - scale.widthPx / pxPerFrame;
  return { ...scale, pxPerFrame, firstFrame: Math.max(0, Math.min(most, scale.firstFrame)) };
}

const leastPxPerFrame = ({ frameCount, widthPx }: TimelineScale): number => Math.max(1, widthPx) / Math.max(1, frameCount);

const FRAME_STEPS = [1, 2, 5, 10, 20, 50, 100];
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const MAJOR_PX = 90;

export interface TickTimes {
  timeOf(frame: number): number;
  frameAt(time_s: number): number;
  /** Mean frames per second. */
  readonly frameRate: number;
  /** Of a time. */
  text(time_s: number): string;
}

/** Marks along the ruler: of frames while they are wide, of whole seconds and minutes when they are not. */
export function ticks(scale: TimelineScale, times: TickTimes): Tick[] {
  const framesPerMajor = MAJOR_PX / scale.pxPerFrame;
  const step = FRAME_STEPS.find((frames) => frames >= framesPerMajor);
  return step !== undefined && step < times.frameRate ? frameTicks(scale, step) : timeTicks(scale, times, framesPerMajor / times.frameRate);
}

function frameTicks(scale: TimelineScale, step: number): Tick[] {
  const { first, last } = inSight(scale);
  const minor = step <= 1 ? 1 : step / (step % 5 === 0 ? 5 : 2);
  const found: Tick[] = [];
  for (let frame = Math.floor(first / minor) * minor; frame <= last; frame += minor) {
    const isMajor = frame % step === 0;
    found.push({ frame, isMajor, label: isMajor ? String(frame) : '' });
  }
  return found;
}

function timeTicks(scale: TimelineScale, times: TickTimes, least_s: number): Tick[] {
  const { first, last } = inSight(scale);
  const step_s = TIME_STEPS_S.find((seconds) => seconds >= least_s) ?? Math.ceil(least_s / 3600) * 3600;
  const until = times.timeOf(last);
  const found: Tick[] = [];
  for (let n = Math.floor(times.timeOf(first) / step_s); n * step_s <= until; n += 1) {
    const frame = times.frameAt(n * step_s);
    // Of a loop with long pauses several times may be one frame.
    if (found.at(-1)?.frame !== frame) found.push({ frame, isMajor: true, label: times.text(n * step_s) });
  }
  return found;
}
