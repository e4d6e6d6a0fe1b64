import { expect, test } from 'vitest';

import { newAnnotation, newOverTime, type Annotation } from './annotation';
import { changeOf } from './changeset';
import { FrameView } from './frame_view';
import { polygon, rectangle, type Geometry } from './geometry';
import { annotationAt } from './hit_test';
import { shapeAt } from './interpolation';
import { repeatableChance } from './repeatable_chance';
import { AnnotationStore } from './store';
import type { Segment, Track } from './track';
import { endAt, newTrack, putKeyframe, setOccluded, setOutside } from './track_edit';

const box = (x: number): Geometry => rectangle([x, 0], [x + 10, 10]);

const track = (annotationId: string, overTime: Track): Annotation => newOverTime({ annotationId, overTime });

const segment = (annotationId: string, startFrame: number, endFrame: number | null, tier = 'phase'): Annotation =>
  newOverTime({ annotationId, overTime: { kind: 'segment', startFrame, endFrame, tier } satisfies Segment });

function desk(...annotations: Annotation[]) {
  const store = new AnnotationStore();
  let count = 0;
  const put = (to: Annotation) => store.commit(changeOf(`c${++count}`, [{ from: store.get(to.annotationId), to }]), 'local');
  const drop = (id: string) => store.commit(changeOf(`c${++count}`, [{ from: store.get(id), to: null }]), 'local');
  annotations.slice(0, 1).forEach(put);
  const view = new FrameView(store);
  annotations.slice(1).forEach(put);
  return { store, view, put, drop };
}

const idsAt = (view: FrameView, frame: number): string[] => view.at(frame).map((a) => a.annotationId);

test('a track is on a frame the shape that it is there, under its own id', () => {
  const moving = putKeyframe(newTrack('box', 10, box(0)), 20, box(100));
  const { view, store } = desk(track('a', setOccluded(moving, 15, true)));
  expect(idsAt(view, 9)).toEqual([]);
  expect(view.at(10)[0]).toMatchObject({ annotationId: 'a', geometry: box(0), overTime: null, isKeyframe: true, isOccluded: false });
  expect(view.at(12)[0]).toMatchObject({ geometry: box(20), isKeyframe: false });
  expect(view.at(16)[0]).toMatchObject({ geometry: box(60), isOccluded: true, source: store.get('a') });
  expect(view.at(99)[0]).toMatchObject({ geometry: box(100), isKeyframe: false, isOccluded: false });
});

test('what is clicked on a frame is what is there', () => {
  const { view } = desk(track('a', putKeyframe(newTrack('box', 0, box(0)), 10, box(100))));
  expect(annotationAt(view.at(5), [55, 5], 1)?.annotationId).toBe('a');
  expect(annotationAt(view.at(5), [5, 5], 1)).toBeNull();
});

test('nothing is there before it begins, while it is outside, and once it has ended', () => {
  const hidden = setOutside(putKeyframe(newTrack('box', 2, box(0)), 8, box(4)), 5, true);
  const { view } = desk(track('a', endAt(hidden, 12)!));
  expect([...Array(15).keys()].filter((frame) => view.at(frame).length > 0)).toEqual([2, 3, 4, 8, 9, 10, 11]);
});

test('a still shape is on every frame, and the order of drawing stays when a label is changed', () => {
  const still = newAnnotation({ annotationId: 'still', geometry: box(5) });
  const { view, put, store } = desk(track('old', newTrack('box', 0, box(0))), still, track('new', newTrack('box', 3, box(9))));
  expect(idsAt(view, 1)).toEqual(['old', 'still']);
  expect(idsAt(view, 3)).toEqual(['old', 'still', 'new']);
  put({ ...store.get('old')!, name: 'renamed' });
  expect(idsAt(view, 3)).toEqual(['old', 'still', 'new']);
  expect(view.at(3)[0]!.name).toBe('renamed');
});

test('a shape that stays is the same object on every frame, and so is the list of a frame', () => {
  const { view, put } = desk(track('a', newTrack('box', 0, box(0))), newAnnotation({ annotationId: 'still', geometry: box(5) }));
  const [moved, still] = view.at(40);
  expect(view.at(41)[0]).toBe(moved);
  expect(view.at(41)).toBe(view.at(41));
  put(track('b', newTrack('box', 0, box(1))));
  expect(view.at(41)[0]).toBe(moved);
  expect(view.at(41)[1]).toBe(still);
});

test('every change is followed, whatever a label becomes', () => {
  const { view, put, drop } = desk(track('a', newTrack('box', 5, box(0))), segment('s', 0, 3));
  put(segment('a', 2, 4));
  expect([idsAt(view, 9), view.tracks().length, view.segmentsAt(2).map((s) => s.annotationId)]).toEqual([[], 0, ['s', 'a']]);
  put(newAnnotation({ annotationId: 'a', geometry: box(1) }));
  expect([idsAt(view, 0), view.segmentsAt(2).length]).toEqual([['a'], 1]);
  drop('a');
  drop('s');
  expect([idsAt(view, 0), view.segmentsAt(2).length, view.segmentsByTier().size]).toEqual([[], 0, 0]);
});

test('segments stand by tier and start, and cover both of their ends', () => {
  const { view } = desk(segment('late', 50, null), segment('early', 0, 49), segment('tool', 10, 10, 'instrument'));
  expect([...view.segmentsByTier()].map(([tier, list]) => [tier, list.map((s) => s.annotationId)])).toEqual([
    ['instrument', ['tool']],
    ['phase', ['early', 'late']],
  ]);
  expect([0, 10, 49, 50, 1e6].map((f) => view.segmentsAt(f).map((s) => s.annotationId))).toEqual([['early'], ['tool', 'early'], ['early'], ['late'], ['late']]);
  expect(view.segmentsByTier()).toBe(view.segmentsByTier());
});

test('the next key frame is found in all tracks or in those asked for', () => {
  const { view } = desk(
    track('a', putKeyframe(newTrack('box', 5, box(0)), 30, box(1))),
    track('b', newTrack('box', 12, box(0))),
  );
  expect([view.keyframeBeside(5, 1), view.keyframeBeside(12, -1), view.keyframeBeside(30, 1), view.keyframeBeside(5, -1)]).toEqual([12, 5, null, null]);
  expect(view.keyframeBeside(5, 1, [view.tracks()[0]!])).toBe(30);
});

test('among thousands of tracks it finds what a look at each of them would', () => {
  const pick = repeatableChance(7);
  const labels: Annotation[] = [...Array(2000).keys()].map((i) => {
    const first = pick(5000);
    const moving = putKeyframe(newTrack('box', first, box(pick(500))), first + 1 + pick(200), box(pick(500)));
    return track(`t${i}`, pick(4) === 0 ? moving : endAt(moving, first + 1 + pick(400))!);
  });
  const { view, put, drop, store } = desk(...labels);
  for (let i = 0; i < 300; i++) put(track(`t${pick(2000)}`, newTrack('box', pick(5000), box(i), pick(2) === 0)));
  for (let i = 0; i < 50; i++) if (store.get(`t${i}`)) drop(`t${i}`);
  for (let i = 0; i < 60; i++) {
    const frame = pick(5400);
    const there = [...store.all.values()].filter((a) => a.overTime?.kind === 'track' && shapeAt(a.overTime, frame));
    expect(idsAt(view, frame).sort()).toEqual(there.map((a) => a.annotationId).sort());
  }
});

test('what the next frames need is made ready a little at a time', () => {
  const outline = (x: number): Geometry => polygon([[x, 0], [x + 9, 1], [x + 5, 8]]);
  const moving = putKeyframe(putKeyframe(newTrack('polygon', 0, outline(0)), 10, outline(5)), 20, outline(9));
  const { view } = desk(track('a', moving), track('b', putKeyframe(newTrack('polygon', 12, outline(0)), 30, outline(5))), segment('s', 0, null));
  const asked = (first: number, last: number, most: number): readonly [boolean, number] => {
    let count = 0;
    return [view.prepare(first, last, () => count++ < most), count];
  };
  expect(asked(0, 5, 9)).toEqual([true, 1]);
  expect(asked(0, 5, 9)).toEqual([true, 0]);
  expect(asked(0, 15, 1)).toEqual([false, 2]);
  expect(asked(0, 15, 9)).toEqual([true, 1]);
  expect(asked(0, 99, 9)).toEqual([true, 0]);
});

test('an outline that has blended to nothing is not drawn', () => {
  const far: Geometry = { type: 'MultiPolygon', coordinates: [rectangle([0, 0], [4, 4]).coordinates, rectangle([400, 0], [404, 4]).coordinates] };
  const near = polygon([[200, 0], [204, 0], [204, 4], [200, 4]]);
  const { view } = desk(track('a', putKeyframe(newTrack('polygon', 0, far), 10, near)));
  expect([view.at(0).length, view.at(5).length, view.at(10).length]).toEqual([1, 0, 1]);
});
