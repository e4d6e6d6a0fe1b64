import { expect, test } from 'vitest';

import ontologySource from '../../annotations/ontology.py?raw';
import { BINDINGS, chordOf, commandOf, formatChord, hotkeyOf, RESERVED_KEYS, type KeyPress } from './keymap';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, code: '', ctrl: false, meta: false, alt: false, shift: false, ...more });

test('no key means two things', () => {
  const chords = BINDINGS.flatMap((b) => b.chords);
  expect(new Set(chords).size).toBe(chords.length);
});

test.each([
  [press('p'), 'tool.polygon'],
  [press('P', { shift: false }), 'tool.polygon'],
  [press('z', { ctrl: true }), 'edit.undo'],
  [press('Z', { ctrl: true, shift: true }), 'edit.redo'],
  [press('z', { meta: true }), 'edit.undo'],
  [press('y', { ctrl: true }), 'edit.redo'],
  [press('?', { shift: true }), 'show.help'],
  [press('+', { shift: true }), 'view.zoomIn'],
  [press('Delete'), 'erase'],
  [press('p', { ctrl: true }), null],
  [press('q'), null],
])('%o is %s', (given, command) => {
  expect(commandOf(given)).toBe(command);
});

test('digits are found by their place where the keyboard gives them only with Shift', () => {
  expect(hotkeyOf(press('1', { code: 'Digit1' }))).toBe('1');
  expect(hotkeyOf(press('&', { code: 'Digit1' }))).toBe('1');
  expect(hotkeyOf(press('T', { code: 'KeyT' }))).toBe('t');
  expect(hotkeyOf(press('1', { code: 'Digit1', ctrl: true }))).toBeNull();
  expect(hotkeyOf(press('F2', { code: 'F2' }))).toBeNull();
});

test('what the tools use here, the server keeps from the classes', () => {
  const reserved = /^RESERVED_HOTKEYS = frozenset\("(.*)"\)$/m.exec(ontologySource)?.[1]?.replaceAll('\\\\', '\\');
  expect(RESERVED_KEYS).toContain('p');
  expect(RESERVED_KEYS.filter((key) => !reserved?.includes(key))).toEqual([]);
});

test('chords read as on the keyboard', () => {
  expect(formatChord('mod+shift+z')).toBe('Ctrl Shift Z');
  expect(formatChord('+')).toBe('+');
  expect(chordOf(press(' '))).toBe('space');
});
