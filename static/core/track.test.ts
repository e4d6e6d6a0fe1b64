import { expect, test } from 'vitest';

import { annotationFromFeature, featureFromAnnotation, newOverTime, sameAnnotation, type Annotation } from './annotation';
import { changeOf, type Transition } from './changeset';
import { rectangle, type Geometry } from './geometry';
import { annotationAt } from './hit_test';
import { rebase } from './rebase';
import { AnnotationStore } from './store';
import type { Track } from './track';
import { UndoStack } from './undo';
import type { Feature } from './wire';

const box = (x: number): Geometry => rectangle([x, 0], [x + 10, 10]);

const track = (...frames: number[]): Track => ({
  kind: 'track',
  shape: 'box',
  keyframes: frames.map((frame) => ({ frame, geometry: box(frame), isOutside: false, isOccluded: false, attributes: {} })),
  endedFrame: null,
});

const tracked = (annotationId: string, ...frames: number[]): Annotation => newOverTime({ annotationId, overTime: track(...frames) });

const properties = { class_id: 'c', layer: 'default', name: 'n', is_locked: false, extra: {} };

test.each<[string, Feature]>([
  ['a still shape', { type: 'Feature', id: 'a', geometry: box(0), properties }],
  [
    'a track',
    {
      type: 'Feature',
      id: 'a',
      geometry: null,
      properties: {
        ...properties,
        track: {
          shape: 'box',
          keyframes: [
            { frame: 3, geometry: box(0.1), is_outside: false, is_occluded: true, attributes: { view: 'A4C', n: [1, null] } },
            { frame: 9, geometry: box(1 / 3), is_outside: true, is_occluded: false, attributes: {} },
          ],
          ended_frame: 12,
        },
      },
    },
  ],
  ['a segment', { type: 'Feature', id: 'a', geometry: null, properties: { ...properties, segment: { start_frame: 0, end_frame: null, tier: 'phase' } } }],
])('%s comes back from the wire as it was sent', (_what, feature) => {
  expect(featureFromAnnotation(annotationFromFeature(JSON.parse(JSON.stringify(feature)) as Feature))).toStrictEqual(feature);
});

test('what the server leaves out of a track has its usual value', () => {
  const bare: Feature = { type: 'Feature', id: 'a', geometry: null, properties: { ...properties, track: { shape: 'box', keyframes: [{ frame: 0, geometry: box(0) }] } } };
  expect(annotationFromFeature(bare).overTime).toEqual(track(0));
  expect(annotationFromFeature({ ...bare, properties: { ...properties, segment: { start_frame: 4 } } }).overTime).toEqual({
    kind: 'segment',
    startFrame: 4,
    endFrame: null,
    tier: 'default',
  });
});

test('two states of a track are the same when every key frame is', () => {
  const a = tracked('a', 0, 5);
  expect(sameAnnotation(a, tracked('a', 0, 5))).toBe(true);
  expect(sameAnnotation(a, tracked('a', 0, 6))).toBe(false);
  expect(sameAnnotation(a, { ...a, overTime: { ...track(0, 5), endedFrame: 9 } })).toBe(false);
  expect(sameAnnotation(a, { ...a, overTime: { kind: 'segment', startFrame: 0, endFrame: 5, tier: 'default' } })).toBe(false);
});

test('an edit kept by a version that knew no tracks is the same as the shape it was', () => {
  const still: Annotation = { ...tracked('a', 0), geometry: box(0), overTime: null };
  const { overTime: _, ...kept } = still;
  expect(sameAnnotation(kept as Annotation, still)).toBe(true);
  expect(featureFromAnnotation(kept as Annotation)).toStrictEqual(featureFromAnnotation(still));
});

test('a track is changed, undone and fitted like any other label', () => {
  const store = new AnnotationStore();
  const undoStack = new UndoStack();
  store.subscribe((applied) => undoStack.record(applied, (id) => store.get(id)));
  const commit = (id: string, transition: Transition) => store.commit(changeOf(id, [transition]), 'local')!;
  const [first, longer] = [tracked('a', 0), tracked('a', 0, 5)];
  commit('1', { from: null, to: first });
  const applied = commit('2', { from: first, to: longer });
  expect(changeOf('3', [{ from: longer, to: tracked('a', 0, 5) }]).updated).toEqual([]);
  store.commit(undoStack.undo(store, '4')!.change, 'undo');
  expect(store.get('a')).toEqual(first);

  const pending = [{ change: applied.change, before: applied.before }];
  expect(rebase(new Map([['a', tracked('a', 0)]]), pending).conflicts).toEqual([]);
  expect(rebase(new Map([['a', tracked('a', 0, 7)]]), pending).conflicts).toEqual([{ annotationId: 'a', mine: longer, theirs: tracked('a', 0, 7) }]);
});

test('a track has no place of its own to be clicked', () => {
  expect(annotationAt([tracked('a', 0)], [5, 5], 3)).toBeNull();
});
