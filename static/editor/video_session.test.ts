import { beforeEach, describe, expect, test } from 'vitest';

import { isSegment, isTrack, type TrackAnnotation } from '../core/annotation';
import { boundsOf, type Position } from '../core/geometry';
import type { Transport } from '../core/outbox';
import type { OutboxPort } from '../core/outbox_port';
import type { VideoInfo } from '../core/wire';
import { OutlineTool } from './tools/outline_tool';
import { PointTool } from './tools/point_tool';
import { RectangleTool } from './tools/rectangle_tool';
import { SelectTool } from './tools/select_tool';
import type { PointerInput, Tool } from './tools/tool';
import { VideoSession } from './video_session.svelte';

const video: VideoInfo = {
  asset_id: 'v',
  width_px: 640,
  height_px: 480,
  frame_count: 300,
  duration_s: 12,
  frame_rate: 25,
  is_constant_rate: true,
  frame_times_s: null,
  times_url: '',
  pixel_aspect: 1,
  codec: 'avc1.640028',
  description: '',
  sampling: 'yuv420',
  matrix: 'bt601',
  is_full_range: false,
  gop: 1,
  regions: [],
  source_format: 'mp4 (h264)',
  remarks: [],
  losses: [],
  frames_url: '',
  samples_url: '',
  strip_url: '',
  thumbnail_url: '',
};

const never = new Promise<never>(() => undefined);
const transport: Transport = { load: () => never, send: () => never, since: () => never };
const port: OutboxPort = { load: async () => ({ pending: [], conflicts: [] }), write: async () => undefined };

const open = (readOnlyBecause: string | null = null): VideoSession => new VideoSession({ video, readOnlyBecause, author: 'me', transport, port });

const at = ([x, y]: Position): PointerInput => ({ at: [x, y], screen: [x, y], l0PerScreenPx: 1, reachPx: 7, shift: false, alt: false, isDouble: false });

function drag(tool: Tool, from: Position, to: Position): void {
  tool.press(at(from));
  for (let i = 1; i <= 4; i++) tool.drag(at([from[0] + ((to[0] - from[0]) * i) / 4, from[1] + ((to[1] - from[1]) * i) / 4]));
  tool.release(at(to));
}

let session: VideoSession;
beforeEach(() => {
  session = open();
  session.frame = 20;
});

const tracks = (): TrackAnnotation[] => [...session.store.all.values()].filter(isTrack);
const only = (): TrackAnnotation => {
  expect(session.store.all.size).toBe(1);
  return tracks()[0]!;
};
const keyFrames = (): number[] => only().overTime.keyframes.map((k) => k.frame);
const drawBox = (from: Position = [100, 100], to: Position = [200, 160]): void => {
  session.tool = 'rectangle';
  drag(new RectangleTool(session), from, to);
};
const boundsNow = () => boundsOf(session.shownOf(only())!.geometry);

describe('drawing', () => {
  test('makes a track with a key frame on the frame on the screen', () => {
    drawBox();
    expect(only().overTime).toMatchObject({ shape: 'box', endedFrame: null });
    expect(keyFrames()).toEqual([20]);
    session.frame = 19;
    expect(session.shownOf(only())).toBeNull();
    session.frame = 299;
    expect(boundsNow()).toEqual({ minX: 100, minY: 100, maxX: 200, maxY: 160 });
  });

  test('is of one frame only where that was chosen', () => {
    session.isForOneFrame = true;
    drawBox();
    expect(only().overTime.endedFrame).toBe(21);
  });

  test('of a line needs two points, stays open, and may cross itself', () => {
    session.tool = 'polyline';
    const tool = new OutlineTool(session, () => undefined, false);
    const click = (position: Position): void => {
      tool.press(at(position));
      tool.release(at(position));
    };
    click([0, 0]);
    tool.finish();
    expect(session.store.all.size).toBe(0);
    for (const position of [[100, 100], [100, 0], [0, 100]] as const) click(position);
    tool.finish();
    expect(only().overTime.shape).toBe('polyline');
    expect(only().overTime.keyframes[0]!.geometry).toEqual({ type: 'LineString', coordinates: [[0, 0], [100, 100], [100, 0], [0, 100]] });
  });

  test('of a point makes a track, too', () => {
    session.tool = 'point';
    new PointTool(session).click(at([5, 6]));
    expect(only().overTime.shape).toBe('point');
  });
});

describe('changing a shape', () => {
  test('on another frame adds a key frame there and leaves the first as it was', () => {
    drawBox();
    session.frame = 40;
    drag(new SelectTool(session), [150, 130], [250, 130]);
    expect(keyFrames()).toEqual([20, 40]);
    session.frame = 30;
    expect(boundsNow()).toEqual({ minX: 150, minY: 100, maxX: 250, maxY: 160 });
    expect(session.lookOf(only().annotationId).isBetween).toBe(true);
    session.frame = 20;
    expect(boundsNow().minX).toBe(100);
    expect(session.lookOf(only().annotationId).isBetween).toBe(false);
    session.undo();
    expect(keyFrames()).toEqual([20]);
    session.redo();
    expect(keyFrames()).toEqual([20, 40]);
  });

  test('a corner of a box moves two sides, whatever modifier is held', () => {
    drawBox();
    const tool = new SelectTool(session);
    tool.press({ ...at([200, 160]), alt: true });
    tool.drag({ ...at([220, 200]), alt: true });
    tool.release({ ...at([220, 200]), alt: true });
    expect(boundsNow()).toEqual({ minX: 100, minY: 100, maxX: 220, maxY: 200 });
  });

  test('what is hidden on the frame cannot be taken hold of', () => {
    drawBox();
    session.frame = 50;
    session.toggleOutside();
    expect(session.at([150, 130], 7)).toBeNull();
    expect(session.reshapable).toEqual([]);
  });
});

describe('a track', () => {
  beforeEach(() => drawBox());

  test('gains and loses a key frame, but never its only one', () => {
    session.toggleKeyframe();
    expect(keyFrames()).toEqual([20]);
    expect(session.hint?.isWarning).toBe(true);
    session.frame = 30;
    session.toggleKeyframe();
    expect(keyFrames()).toEqual([20, 30]);
    session.toggleKeyframe();
    expect(keyFrames()).toEqual([20]);
  });

  test('ends with the frame on the screen, and goes on again from any frame after', () => {
    session.frame = 60;
    session.toggleEnd();
    expect(only().overTime.endedFrame).toBe(61);
    expect(session.shownOf(only())).not.toBeNull();
    session.frame = 90;
    session.toggleEnd();
    expect(only().overTime.endedFrame).toBeNull();
  });

  test('is never ended before it begins', () => {
    session.frame = 3;
    session.toggleEnd();
    expect(only().overTime.endedFrame).toBeNull();
    expect(session.hint?.isWarning).toBe(true);
  });

  test('is split in two and merged into one again, each in one step', () => {
    session.frame = 40;
    session.split();
    expect(tracks().map((a) => a.overTime.keyframes[0]!.frame)).toEqual([20, 40]);
    session.select(tracks().map((a) => a.annotationId));
    session.merge();
    expect(session.store.all.size).toBe(1);
    session.undo();
    session.undo();
    expect(keyFrames()).toEqual([20]);
    expect(only().overTime.endedFrame).toBeNull();
  });

  test('is drawn anew on a frame', () => {
    session.frame = 33;
    expect(session.redraw()).toBe('rectangle');
    drawBox([10, 10], [20, 20]);
    expect(keyFrames()).toEqual([20, 33]);
    expect(boundsNow().maxX).toBe(20);
  });

  test('that is locked is left alone, and it is said why', () => {
    session.toggleLocked();
    session.frame = 30;
    session.toggleKeyframe();
    expect(keyFrames()).toEqual([20]);
    expect(session.hint?.text).toContain('locked');
  });

  test('its neighbouring key frames are found', () => {
    session.frame = 50;
    session.toggleKeyframe();
    session.frame = 30;
    expect([session.keyframeBeside(-1), session.keyframeBeside(1)]).toEqual([20, 50]);
    session.frame = 50;
    expect(session.keyframeBeside(1)).toBeNull();
  });
});

describe('a segment', () => {
  const segments = () => [...session.store.all.values()].filter(isSegment).map((a) => a.overTime);

  test('goes from where it starts to where it ends, whichever was said first in time', () => {
    session.tier = ' phase ';
    session.startSegment();
    session.frame = 5;
    session.endSegment();
    expect(segments()).toEqual([{ kind: 'segment', startFrame: 5, endFrame: 20, tier: 'phase' }]);
  });

  test('that is selected gets another start and end; beyond its end a new one begins', () => {
    session.addSegment(10, 50);
    session.startSegment();
    session.frame = 40;
    session.endSegment();
    expect(segments()[0]).toMatchObject({ startFrame: 20, endFrame: 40 });
    session.frame = 41;
    session.startSegment();
    expect(session.segmentStart).toBe(41);
    expect(segments()).toHaveLength(1);
  });

  test('to the end stays so while its start is moved', () => {
    session.addSegment(0, null);
    const [id] = [...session.selection];
    session.moveSegment(id!, 7, 299);
    expect(segments()[0]).toMatchObject({ startFrame: 7, endFrame: null });
    session.moveSegment(id!, 7, 100);
    expect(segments()[0]).toMatchObject({ endFrame: 100 });
  });

  test('cannot be ended before one was begun', () => {
    session.endSegment();
    expect(segments()).toEqual([]);
    expect(session.hint?.isWarning).toBe(true);
  });
});

test('who may only look changes nothing', () => {
  session = open('Read only');
  session.frame = 3;
  drawBox();
  session.startSegment();
  session.addSegment(0, null);
  expect(session.store.all.size).toBe(0);
});
