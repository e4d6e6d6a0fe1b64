/** Every key of the review, once: what gives a command, and what the help says of it. */
import { Keymap, undoKeys, zoomKeys } from '../../core/keymap';

export type ReviewCommand =
  | 'queue.next'
  | 'picture.next'
  | 'picture.previous'
  | 'play.toggle'
  | 'frame.next'
  | 'frame.previous'
  | 'frame.far'
  | 'frame.farBack'
  | 'frame.first'
  | 'frame.last'
  | 'compare.side'
  | 'compare.swipe'
  | 'compare.one'
  | 'show.boxes'
  | 'view.whole'
  | 'view.selection'
  | 'view.zoomIn'
  | 'view.zoomOut'
  | 'tool.box'
  | 'tool.move'
  | 'box.new'
  | 'box.toggle'
  | 'box.erase'
  | 'select.next'
  | 'select.previous'
  | 'cancel'
  | 'edit.undo'
  | 'edit.redo'
  | 'help';

type Group = 'Looking' | 'Frames' | 'Findings and boxes' | 'The queue';

export const {
  bindings: BINDINGS,
  groups: GROUPS,
  commandOf,
  keysFor,
} = new Keymap<ReviewCommand, Group>([
  { command: 'picture.next', chords: ['.', 'pagedown'], group: 'Looking', says: 'Next picture' },
  { command: 'picture.previous', chords: [',', 'pageup'], group: 'Looking', says: 'Previous picture' },
  { command: 'compare.side', chords: ['1'], group: 'Looking', says: 'Before and after side by side' },
  { command: 'compare.swipe', chords: ['2'], group: 'Looking', says: 'Swipe between before and after' },
  { command: 'compare.one', chords: ['3'], group: 'Looking', says: 'After only' },
  { command: 'show.boxes', chords: ['h'], group: 'Looking', says: 'Show or hide boxes' },
  ...zoomKeys('Looking'),
  { command: 'view.whole', chords: ['home'], group: 'Looking', says: 'Whole picture' },
  { command: 'view.selection', chords: ['z'], group: 'Looking', says: 'Go to what is selected' },
  { command: 'play.toggle', chords: ['p'], group: 'Frames', says: 'Play the result to its end, or pause' },
  { command: 'frame.next', chords: ['f'], group: 'Frames', says: 'Forward 1 frame' },
  { command: 'frame.previous', chords: ['d'], group: 'Frames', says: 'Back 1 frame' },
  { command: 'frame.far', chords: ['shift+f'], group: 'Frames', says: 'Forward 10 frames' },
  { command: 'frame.farBack', chords: ['shift+d'], group: 'Frames', says: 'Back 10 frames' },
  { command: 'frame.first', chords: ['mod+arrowleft'], group: 'Frames', says: 'First frame' },
  { command: 'frame.last', chords: ['mod+arrowright'], group: 'Frames', says: 'Last frame' },
  // [ and ] need AltGr on many keyboards.
  { command: 'select.next', chords: [']', 'j'], group: 'Findings and boxes', says: 'Next finding or box' },
  { command: 'select.previous', chords: ['[', 'k'], group: 'Findings and boxes', says: 'Previous finding or box' },
  { command: 'tool.box', chords: ['b', 'r'], group: 'Findings and boxes', says: 'Draw a box with the mouse' },
  { command: 'tool.move', chords: ['m', 's'], group: 'Findings and boxes', says: 'Move and select' },
  { command: 'box.new', chords: ['shift+b', 'insert'], group: 'Findings and boxes', says: 'A box in the middle of the view' },
  { command: 'box.toggle', chords: ['x'], group: 'Findings and boxes', says: 'Mask the finding, or leave it visible' },
  { command: 'box.erase', chords: ['delete', 'backspace'], group: 'Findings and boxes', says: 'Take the box away; of a finding, leave it visible' },
  { command: 'cancel', chords: ['escape'], group: 'Findings and boxes', says: 'Give up drawing, or clear the selection' },
  ...undoKeys('Findings and boxes'),
  { command: 'queue.next', chords: ['n'], group: 'The queue', says: 'Next that awaits release' },
  { command: 'help', chords: ['?', 'f1'], group: 'The queue', says: 'This list' },
]);

export const MOUSE: readonly (readonly [string, string])[] = [
  ['Wheel', 'Zoom at the pointer, before and after together'],
  ['Drag', 'Pan; on a box of yours, move it; at its grips, resize it'],
  ['Hold V or Space', 'See before in the place of after'],
  ['Arrow keys', 'Move the selected box of yours by 1 px; with Shift by 10'],
  ['Alt + arrows', 'Resize it by 1 px; with Shift by 10'],
];
