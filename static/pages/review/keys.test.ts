import { expect, test } from 'vitest';
import { pressOf } from '../../core/keymap';
import { BINDINGS, commandOf, GROUPS, keysFor } from './keys';

const press = (key: string, more: Partial<KeyboardEventInit> = {}) =>
  pressOf({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test('no key means two things, and every command is in the help', () => {
  const chords = BINDINGS.flatMap((binding) => binding.chords);
  expect(new Set(chords).size).toBe(chords.length);
  expect(new Set(BINDINGS.map(({ command }) => command)).size).toBe(BINDINGS.length);
  expect(GROUPS).toEqual(['Looking', 'Frames', 'Findings and boxes', 'The queue']);
});

test.each([
  [press('j'), 'select.next'],
  [press('['), 'select.previous'],
  [press('p'), 'play.toggle'],
  [press('Z', { ctrlKey: true, shiftKey: true }), 'edit.redo'],
  [press('+', { shiftKey: true }), 'view.zoomIn'],
  [press('b', { shiftKey: true }), 'box.new'],
  [press('b', { ctrlKey: true }), null],
])('%o is %s', (given, command) => expect(commandOf(given)).toBe(command));

test('keys read as they are printed', () => expect([keysFor('edit.undo'), keysFor('view.zoomOut'), keysFor('frame.last')]).toEqual(['Ctrl Z', '-', 'Ctrl →']));
