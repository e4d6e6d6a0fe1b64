import { expect, test } from 'vitest';

import { BINDINGS, chordOf, formatChord, type KeyPress } from './keymap';
import { mayRepeat, VIDEO_BINDINGS, VIDEO_KEY_GROUPS, videoCommandOf, videoHotkeyOf, videoKeysFor } from './video_keymap';

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({ key, code: '', ctrl: false, meta: false, alt: false, shift: false, ...more });

test('no key means two things, and every command is in the help', () => {
  const chords = VIDEO_BINDINGS.flatMap((b) => b.chords);
  expect(new Set(chords).size).toBe(chords.length);
  expect(new Set(VIDEO_BINDINGS.map((b) => b.command)).size).toBe(VIDEO_BINDINGS.length);
  for (const { group, says, chords } of VIDEO_BINDINGS) {
    expect(VIDEO_KEY_GROUPS).toContain(group);
    expect(says.length * chords.length).toBeGreaterThan(0);
  }
});

test.each([
  ['d', 'frame.previous'],
  ['f', 'frame.next'],
  ['c', 'frame.back'],
  ['v', 'frame.forward'],
  [' ', 'play.toggle'],
  ['k', 'keyframe.toggle'],
  ['o', 'track.outside'],
  ['q', 'track.occluded'],
  ['n', 'track.draw'],
  ['e', 'keyframe.previous'],
  ['r', 'keyframe.next'],
  ['m', 'track.merge'],
  ['l', 'edit.lock'],
  ['h', 'show.annotations'],
  ['Tab', 'select.next'],
  ['ArrowRight', 'frame.next'],
  ['Home', 'frame.first'],
  ['End', 'frame.last'],
])('CVAT’s %s is %s', (key, command) => {
  expect(videoCommandOf(press(key))).toBe(command);
});

test.each([
  [press('N', { shift: true }), 'track.redraw'],
  [press('m', { alt: true }), 'track.split'],
  [press('S', { shift: true }), 'segment.start'],
  [press('E', { shift: true }), 'segment.end'],
  [press(']'), 'segment.end'],
  [press('Tab', { shift: true }), 'select.previous'],
  [press(' ', { shift: true }), 'play.reverse'],
  [press('>', { shift: true }), 'play.faster'],
  [press('S', { ctrl: true, shift: true }), 'view.picture'],
  [press('d', { ctrl: true }), null],
])('%o is %s', (given, command) => {
  expect(videoCommandOf(given)).toBe(command);
});

test('what neither steps nor tracks needs has the key that it has on slides', () => {
  const moved = BINDINGS.flatMap(({ command, chords }) => {
    const here = VIDEO_BINDINGS.find((b) => b.command === command);
    return here && !here.chords.some((chord) => chords.includes(chord)) ? [command] : [];
  });
  // M merges, R and E go to key frames, N draws, [ ] are segments, the arrows and Home are frames.
  expect(moved.sort()).toEqual(['edit.name', 'select.next', 'select.previous', 'show.names', 'tool.move', 'tool.rectangle', 'view.home', 'view.left', 'view.right'].sort());
});

test('a digit means its class with Ctrl and without', () => {
  expect(videoHotkeyOf(press('3', { code: 'Digit3', ctrl: true }))).toBe('3');
  expect(videoHotkeyOf(press('3', { code: 'Digit3' }))).toBe('3');
  expect(videoHotkeyOf(press('3', { code: 'Digit3', ctrl: true, alt: true }))).toBeNull();
  expect(videoHotkeyOf(press('u', { code: 'KeyU' }))).toBe('u');
  expect(videoCommandOf(press('0', { ctrl: true, code: 'Digit0' }))).toBe('edit.noClass');
});

test('a held key steps on, and does nothing else twice', () => {
  expect(VIDEO_BINDINGS.map((b) => b.command).filter(mayRepeat)).toContain('frame.next');
  for (const command of ['keyframe.toggle', 'play.toggle', 'track.split', 'erase', 'track.outside'] as const) expect(mayRepeat(command)).toBe(false);
});

test('keys read as they are printed', () => {
  expect(videoKeysFor('track.split')).toBe('Alt M');
  expect(formatChord(chordOf(press('End')))).toBe('End');
  expect(formatChord('shift+tab')).toBe('Shift Tab');
});
