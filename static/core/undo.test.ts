import { expect, test } from 'vitest';

import { newAnnotation, type Annotation } from './annotation';
import { changeOf, type Transition } from './changeset';
import { rectangle } from './geometry';
import { AnnotationStore, type Origin } from './store';
import { UndoStack } from './undo';

const shape = (id: string, size: number): Annotation => newAnnotation({ annotationId: id, geometry: rectangle([0, 0], [size, size]) });

function desk() {
  const store = new AnnotationStore();
  const undoStack = new UndoStack();
  store.subscribe((applied) => undoStack.record(applied, (id) => store.get(id)));
  let count = 0;
  const commit = (transitions: Transition[], origin: Origin = 'local', gesture: string | null = null) =>
    store.commit(changeOf(`c${++count}`, transitions), origin, gesture);
  const travel = (way: 'undo' | 'redo') => {
    const result = undoStack[way](store, `c${++count}`);
    if (result) store.commit(result.change, 'undo');
    return result;
  };
  return { store, undoStack, commit, travel };
}

test('undo and redo walk the same way back and forth', () => {
  const { store, commit, travel } = desk();
  const [a, bigger] = [shape('a', 1), shape('a', 2)];
  commit([{ from: null, to: a }]);
  commit([{ from: a, to: bigger }]);
  commit([{ from: bigger, to: null }]);
  travel('undo');
  expect(store.get('a')).toEqual(bigger);
  travel('undo');
  expect(store.get('a')).toEqual(a);
  travel('undo');
  expect(store.all.size).toBe(0);
  expect(travel('undo')).toBeNull();
  for (let i = 0; i < 3; i++) travel('redo');
  expect(store.all.size).toBe(0);
  travel('undo');
  expect(store.get('a')).toEqual(bigger);
});

test('the steps of one gesture are one undo', () => {
  const { store, commit, travel } = desk();
  commit([{ from: null, to: shape('a', 1) }]);
  for (let size = 2; size < 6; size++) commit([{ from: store.get('a'), to: shape('a', size) }], 'local', 'drag');
  travel('undo');
  expect(store.get('a')).toEqual(shape('a', 1));
  travel('redo');
  expect(store.get('a')).toEqual(shape('a', 5));
});

test('undo never takes back what someone else did since', () => {
  const { store, commit, travel } = desk();
  commit([{ from: null, to: shape('a', 1) }, { from: null, to: shape('b', 1) }]);
  commit([{ from: shape('a', 1), to: shape('a', 7) }], 'remote');
  expect(travel('undo')?.skippedIds).toEqual(['a']);
  expect(store.get('a')).toEqual(shape('a', 7));
  expect(store.get('b')).toBeNull();
});

test('a new edit ends the way forward', () => {
  const { undoStack, commit, travel } = desk();
  commit([{ from: null, to: shape('a', 1) }]);
  travel('undo');
  commit([{ from: null, to: shape('b', 1) }]);
  expect(undoStack.canRedo).toBe(false);
});
