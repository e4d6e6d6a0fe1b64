import { beforeEach, describe, expect, test } from 'vitest';

import { newAnnotation, type Annotation } from '../core/annotation';
import type { Position } from '../core/geometry';
import type { Transport } from '../core/outbox';
import type { OutboxPort } from '../core/outbox_port';
import type { SlideInfo } from '../core/wire';
import { prepare } from './prepared_shape';
import { EditorSession } from './session.svelte';
import { PointTool } from './tools/point_tool';
import { OutlineTool } from './tools/outline_tool';
import { RectangleTool } from './tools/rectangle_tool';
import { SelectTool } from './tools/select_tool';
import type { PointerInput, Tool } from './tools/tool';

const slide: SlideInfo = {
  asset_id: 'a',
  width_px: 10_000,
  height_px: 8000,
  tile_size_px: 256,
  mpp: 0.25,
  mpp_x: null,
  mpp_y: null,
  objective_power: 40,
  levels: [],
  dzi_url: '',
  tiles_url: '',
  thumbnail_url: null,
  deepzoom_level_count: 15,
};

const never = new Promise<never>(() => undefined);
const transport: Transport = { load: () => never, send: () => never, since: () => never };
const port: OutboxPort = { load: async () => ({ pending: [], conflicts: [] }), write: async () => undefined };

const open = (readOnlyBecause: string | null = null): EditorSession =>
  new EditorSession({ slide, readOnlyBecause, author: 'me', transport, port });

/** One level-0 pixel is one screen pixel; a mouse reaches seven. */
const at = (x: number, y: number, more: Partial<PointerInput> = {}): PointerInput => ({
  at: [x, y],
  screen: [x, y],
  l0PerScreenPx: 1,
  reachPx: 7,
  shift: false,
  alt: false,
  isDouble: false,
  ...more,
});

function click(tool: Tool, x: number, y: number, more: Partial<PointerInput> = {}): void {
  if (tool.press(at(x, y, more))) tool.release(at(x, y, more));
  else tool.click(at(x, y, more));
}

function drag(tool: Tool, from: Position, to: Position, more: Partial<PointerInput> = {}): void {
  tool.press(at(...from, more));
  for (let i = 1; i <= 4; i++) tool.drag(at(from[0] + ((to[0] - from[0]) * i) / 4, from[1] + ((to[1] - from[1]) * i) / 4, more));
  tool.release(at(...to, more));
}

const only = (session: EditorSession): Annotation => {
  expect(session.store.all.size).toBe(1);
  return [...session.store.all.values()][0]!;
};
const ringOf = (annotation: Annotation): readonly Position[] => {
  if (annotation.geometry?.type !== 'Polygon') throw new Error('not a polygon');
  return annotation.geometry.coordinates[0]!;
};

let session: EditorSession;
beforeEach(() => {
  session = open();
});

describe('rectangle', () => {
  test('is drawn from corner to corner, in exactly the coordinates of the pointer', () => {
    session.activeClassId = 'tumour';
    drag(new RectangleTool(session), [10.25, 20.125], [110.1, 70.3]);
    expect(ringOf(only(session))).toEqual([[10.25, 20.125], [110.1, 20.125], [110.1, 70.3], [10.25, 70.3], [10.25, 20.125]]);
    expect(only(session)).toMatchObject({ classId: 'tumour', author: 'me' });
    expect([...session.selection]).toEqual([only(session).annotationId]);
  });

  test('is a square with Shift, towards any corner', () => {
    drag(new RectangleTool(session), [100, 100], [60, 130], { shift: true });
    expect(ringOf(only(session))).toEqual([[60, 100], [100, 100], [100, 140], [60, 140], [60, 100]]);
  });

  test('is not made by a click, nor by someone who may only look', () => {
    click(new RectangleTool(session), 10, 10);
    expect(session.store.all.size).toBe(0);
    const looking = open('Read only');
    drag(new RectangleTool(looking), [0, 0], [50, 50]);
    expect(looking.store.all.size).toBe(0);
  });
});

describe('polygon', () => {
  let kept: readonly Position[];
  let tool: OutlineTool;
  beforeEach(() => {
    kept = [];
    tool = new OutlineTool(session, (positions) => (kept = positions));
  });

  const corners: Position[] = [[0, 0], [100, 0], [100, 100], [0, 100]];

  test('closes by Enter', () => {
    for (const [x, y] of corners) click(tool, x, y);
    expect(kept).toEqual(corners);
    tool.finish();
    expect(ringOf(only(session))).toEqual([...corners, corners[0]]);
    expect(session.draft).toBeNull();
    expect(kept).toEqual([]);
  });

  test('closes by a click on its first point', () => {
    for (const [x, y] of corners) click(tool, x, y);
    click(tool, 3, 3);
    expect(ringOf(only(session))).toHaveLength(5);
  });

  test('closes by a double click, which adds its place once', () => {
    for (const [x, y] of corners) click(tool, x, y);
    click(tool, 0, 100, { isDouble: true });
    expect(ringOf(only(session))).toEqual([...corners, corners[0]]);
  });

  test('gives points back one by one', () => {
    for (const [x, y] of corners) click(tool, x, y);
    expect(tool.removeLast()).toBe(true);
    expect(kept).toEqual(corners.slice(0, 3));
    for (let i = 0; i < 3; i++) tool.removeLast();
    expect(session.draft).toBeNull();
    expect(tool.removeLast()).toBe(false);
  });

  test('that crosses itself stays a drawing until a point is dragged away', () => {
    for (const [x, y] of [[0, 0], [100, 100], [100, 0], [0, 100]] as const) click(tool, x, y);
    tool.finish();
    expect(session.store.all.size).toBe(0);
    expect(session.draft).toMatchObject({ kind: 'outline', crossing: { at: [50, 50] } });
    expect(session.hint?.isWarning).toBe(true);
    drag(tool, [100, 100], [150, -50]);
    tool.finish();
    expect(ringOf(only(session))).toEqual([[0, 0], [150, -50], [100, 0], [0, 100], [0, 0]]);
  });

  test('is drawn freehand by dragging, and closes where the loop meets its beginning', () => {
    const loop = Array.from({ length: 60 }, (_, i): Position => [200 + 100 * Math.cos(i / 9.6), 200 + 100 * Math.sin(i / 9.6)]);
    tool.press(at(...loop[0]!));
    for (const [x, y] of loop.slice(1)) tool.drag(at(x, y));
    tool.release(at(...loop.at(-1)!));
    expect(ringOf(only(session)).length).toBeGreaterThan(40);
  });

  test('comes back after a reload', () => {
    tool.restore(corners);
    tool.finish();
    expect(ringOf(only(session))).toHaveLength(5);
  });

  test('needs three points', () => {
    click(tool, 0, 0);
    click(tool, 50, 50);
    tool.finish();
    expect(session.store.all.size).toBe(0);
    expect(session.draft).not.toBeNull();
  });
});

test('a point is set by a click, not by a drag', () => {
  const tool = new PointTool(session);
  expect(tool.press()).toBe(false);
  click(tool, 12.5, 8);
  expect(only(session).geometry).toEqual({ type: 'Point', coordinates: [12.5, 8] });
});

describe('select', () => {
  let tool: SelectTool;
  const triangle: Position[] = [[0, 0], [100, 0], [0, 100]];

  beforeEach(() => {
    tool = new SelectTool(session);
    const draw = new OutlineTool(session, () => undefined);
    for (const [x, y] of triangle) click(draw, x, y);
    draw.finish();
    session.select([]);
  });

  test('a click chooses the shape, one beside it chooses nothing', () => {
    click(tool, 20, 20);
    expect(session.selection.size).toBe(1);
    click(tool, 300, 300);
    expect(session.selection.size).toBe(0);
  });

  test('a drag moves the shape by exactly its way, as one undoable step', () => {
    const before = only(session);
    drag(tool, [20, 20], [30.5, 15.25]);
    expect(ringOf(only(session))).toEqual([[10.5, -4.75], [110.5, -4.75], [10.5, 95.25], [10.5, -4.75]]);
    session.undo();
    expect(only(session).geometry).toEqual(before.geometry);
    session.redo();
    expect(ringOf(only(session))[0]).toEqual([10.5, -4.75]);
  });

  test('a corner grabbed beside its middle does not jump', () => {
    click(tool, 20, 20);
    drag(tool, [103, 2], [113, 22]);
    expect(ringOf(only(session))).toEqual([[0, 0], [110, 20], [0, 100], [0, 0]]);
  });

  test('a corner dragged across its own outline stays where it was', () => {
    const tent = newAnnotation({ annotationId: 'tent', geometry: { type: 'Polygon', coordinates: [[[500, 500], [600, 500], [600, 600], [550, 520], [500, 600], [500, 500]]] } });
    session.store.commit({ changeId: 'c', created: [tent], updated: [], deleted: [] }, 'remote');
    session.select(['tent']);
    drag(tool, [550, 520], [550, 450]);
    expect(session.store.get('tent')).toEqual(tent);
    expect(session.hint?.isWarning).toBe(true);
  });

  test('Alt and a click on an edge adds a corner there, Delete takes it away again', () => {
    click(tool, 20, 20);
    click(tool, 50, 2, { alt: true });
    expect(ringOf(only(session))).toEqual([[0, 0], [50, 0], [100, 0], [0, 100], [0, 0]]);
    click(tool, 50, 0);
    expect(tool.removeVertex()).toBe(true);
    expect(ringOf(only(session))).toEqual([...triangle, triangle[0]]);
  });

  test('a triangle keeps its three corners', () => {
    click(tool, 20, 20);
    click(tool, 100, 0);
    expect(tool.removeVertex()).toBe(true);
    expect(ringOf(only(session))).toHaveLength(4);
    expect(tool.removeVertex()).toBe(false);
  });

  test('a locked shape is chosen, not changed', () => {
    click(tool, 20, 20);
    session.toggleLocked();
    const before = only(session);
    drag(tool, [20, 20], [60, 60]);
    drag(tool, [100, 0], [200, 0]);
    session.setClass('tumour');
    session.deleteSelected();
    expect(only(session)).toEqual(before);
  });

  test('Shift and a drag over nothing chooses what lies inside the window', () => {
    drag(tool, [-50, -50], [150, 150], { shift: true });
    expect(session.selection.size).toBe(1);
  });
});

describe('the session', () => {
  test('a class goes to the selection, or to the next drawing where nothing is selected', () => {
    drag(new RectangleTool(session), [0, 0], [50, 50]);
    session.setClass('tumour');
    expect(only(session).classId).toBe('tumour');
    expect(session.activeClassId).toBeNull();
    session.select([]);
    session.setClass('stroma');
    expect(session.activeClassId).toBe('stroma');
    expect(only(session).classId).toBe('tumour');
  });

  test('what a drag ends on keeps what someone else said of it meanwhile', () => {
    const tool = new SelectTool(session);
    drag(new RectangleTool(session), [0, 0], [50, 50]);
    const { annotationId } = only(session);
    tool.press(at(25, 25));
    tool.drag(at(45, 25));
    session.store.commit({ changeId: 'x', created: [], updated: [{ ...only(session), classId: 'theirs' }], deleted: [] }, 'remote');
    tool.release(at(45, 25));
    expect(session.store.get(annotationId)).toMatchObject({ classId: 'theirs' });
    expect(ringOf(only(session))[0]).toEqual([20, 0]);
  });

  test('a hidden class is not hit', () => {
    drag(new RectangleTool(session), [0, 0], [50, 50]);
    expect(session.at([25, 25], 1)).not.toBeNull();
    session.showClass(null, false);
    expect(session.at([25, 25], 1)).toBeNull();
  });

  test('twenty-five thousand at once are several changes and one undo', () => {
    const created = Array.from({ length: 25_000 }, (_, i) => newAnnotation({ annotationId: `n${i}`, geometry: { type: 'Point', coordinates: [i, 0] } }));
    session.store.commit({ changeId: 'many', created, updated: [], deleted: [] }, 'remote');
    const sizes: number[] = [];
    session.store.subscribe(({ change }) => sizes.push(change.deleted.length + change.created.length));
    session.select(created.map((a) => a.annotationId));
    session.deleteSelected();
    expect(sizes).toEqual([10_000, 10_000, 5000]);
    session.undo();
    expect(session.store.all.size).toBe(25_000);
    expect(sizes.every((size) => size <= 20_000)).toBe(true);
  });
});

test('outer rings and holes turn against each other, whichever way they were drawn', () => {
  const outer: Position[] = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]];
  const hole: Position[] = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]];
  const turn = ({ xy }: { xy: Float64Array }): number => {
    let twice = 0;
    for (let i = 0; i < xy.length; i += 2) twice += xy[i]! * xy[(i + 3) % xy.length]! - xy[(i + 2) % xy.length]! * xy[i + 1]!;
    return Math.sign(twice);
  };
  for (const a of [outer, [...outer].reverse()]) {
    for (const b of [hole, [...hole].reverse()]) {
      const { runs } = prepare(newAnnotation({ annotationId: 'x', geometry: { type: 'Polygon', coordinates: [a, b] } }));
      expect(runs.map(turn)).toEqual([1, -1]);
    }
  }
});
