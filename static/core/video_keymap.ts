/**
 * Every key of the video workspace, once. CVAT's keys, for hands that know them: D F C V, Space, K O Q, N, E R, M, L H, Tab, Ctrl with a
 * digit. The rest is as on slides wherever CVAT leaves the key free.
 *
 * What would collide: segments have VIA's S and E with Shift, since E alone is CVAT's key frame before (and [ ], as programs for cutting
 * film have them); H hides all labels, as on slides; the arrows step as in DIVE, and pan with Shift.
 * Tab is ours only while the picture has the focus: elsewhere it walks through the page, as everywhere.
 */
import { hotkeyOf, Keymap, undoKeys, zoomKeys, type Command, type KeyPress } from './keymap';

/** What the slide workspace does, too, under the same name. */
type SharedCommand = Extract<
  Command,
  | 'tool.move'
  | 'tool.select'
  | 'tool.rectangle'
  | 'tool.polygon'
  | 'tool.point'
  | 'draft.finish'
  | 'draft.cancel'
  | 'erase'
  | 'edit.undo'
  | 'edit.redo'
  | 'edit.selectAll'
  | 'edit.lock'
  | 'edit.name'
  | 'edit.noClass'
  | 'select.next'
  | 'select.previous'
  | 'show.annotations'
  | 'show.fill'
  | 'show.names'
  | 'show.panel'
  | 'show.help'
  | 'view.left'
  | 'view.right'
  | 'view.up'
  | 'view.down'
  | 'view.zoomIn'
  | 'view.zoomOut'
  | 'view.home'
  | 'view.fullScreen'
  | 'view.selection'
  | 'view.goTo'
  | 'view.colours'
  | 'view.picture'
  | 'view.about'
>;

export type VideoCommand =
  | SharedCommand
  | 'tool.polyline'
  | 'frame.next'
  | 'frame.previous'
  | 'frame.forward'
  | 'frame.back'
  | 'frame.first'
  | 'frame.last'
  | 'play.toggle'
  | 'play.reverse'
  | 'play.faster'
  | 'play.slower'
  | 'play.loop'
  | 'keyframe.toggle'
  | 'keyframe.next'
  | 'keyframe.previous'
  | 'track.draw'
  | 'track.redraw'
  | 'track.outside'
  | 'track.occluded'
  | 'track.end'
  | 'track.merge'
  | 'track.split'
  | 'segment.start'
  | 'segment.end';

type VideoKeyGroup = 'Playing' | 'Tracks' | 'Segments' | 'Tools' | 'Drawing' | 'Editing' | 'View';

/** Frames that C and V go. */
export const STEP_FRAMES = 10;

export const {
  bindings: VIDEO_BINDINGS,
  groups: VIDEO_KEY_GROUPS,
  commandOf: videoCommandOf,
  keysFor: videoKeysFor,
} = new Keymap<VideoCommand, VideoKeyGroup>([
  { command: 'play.toggle', chords: ['space'], group: 'Playing', says: 'Play or pause' },
  { command: 'play.reverse', chords: ['shift+space'], group: 'Playing', says: 'Play backwards' },
  { command: 'frame.previous', chords: ['d', 'arrowleft'], group: 'Playing', says: 'Previous frame' },
  { command: 'frame.next', chords: ['f', 'arrowright'], group: 'Playing', says: 'Next frame' },
  { command: 'frame.back', chords: ['c'], group: 'Playing', says: `${STEP_FRAMES} frames back` },
  { command: 'frame.forward', chords: ['v'], group: 'Playing', says: `${STEP_FRAMES} frames forward` },
  { command: 'frame.first', chords: ['home'], group: 'Playing', says: 'First frame' },
  { command: 'frame.last', chords: ['end'], group: 'Playing', says: 'Last frame' },
  { command: 'view.goTo', chords: ['shift+g'], group: 'Playing', says: 'Go to a frame or a time' },
  { command: 'play.slower', chords: ['<'], group: 'Playing', says: 'Slower' },
  { command: 'play.faster', chords: ['>'], group: 'Playing', says: 'Faster' },
  { command: 'play.loop', chords: ['shift+r'], group: 'Playing', says: 'Repeat the range or the whole video' },

  { command: 'keyframe.previous', chords: ['e'], group: 'Tracks', says: 'Previous key frame' },
  { command: 'keyframe.next', chords: ['r'], group: 'Tracks', says: 'Next key frame' },
  { command: 'keyframe.toggle', chords: ['k'], group: 'Tracks', says: 'Make this frame a key frame, or no longer one' },
  { command: 'track.outside', chords: ['o'], group: 'Tracks', says: 'Outside: not to be seen from here on, or again' },
  { command: 'track.occluded', chords: ['q'], group: 'Tracks', says: 'Occluded from here on, or no longer' },
  { command: 'track.end', chords: ['x'], group: 'Tracks', says: 'End the track here, or let it go on' },
  { command: 'track.draw', chords: ['n'], group: 'Tracks', says: 'Draw with the last tool, or finish the drawing' },
  { command: 'track.redraw', chords: ['shift+n'], group: 'Tracks', says: 'Draw the selected track anew on this frame' },
  { command: 'track.merge', chords: ['m'], group: 'Tracks', says: 'Merge the selected tracks into one' },
  { command: 'track.split', chords: ['alt+m'], group: 'Tracks', says: 'Split the track at this frame' },

  { command: 'segment.start', chords: ['shift+s', '['], group: 'Segments', says: 'The segment starts on this frame' },
  { command: 'segment.end', chords: ['shift+e', ']'], group: 'Segments', says: 'The segment ends on this frame' },

  { command: 'tool.select', chords: ['s'], group: 'Tools', says: 'Select: move shapes and their points' },
  { command: 'tool.move', chords: ['g'], group: 'Tools', says: 'Move: drag to pan, click to select' },
  { command: 'tool.rectangle', chords: ['b'], group: 'Tools', says: 'Box' },
  { command: 'tool.polygon', chords: ['p'], group: 'Tools', says: 'Polygon' },
  { command: 'tool.polyline', chords: ['shift+p'], group: 'Tools', says: 'Line' },
  { command: 'tool.point', chords: ['.'], group: 'Tools', says: 'Points' },

  { command: 'draft.finish', chords: ['enter'], group: 'Drawing', says: 'Finish the drawing' },
  { command: 'draft.cancel', chords: ['escape'], group: 'Drawing', says: 'Give up the drawing, or clear the selection' },
  { command: 'erase', chords: ['delete', 'backspace'], group: 'Drawing', says: 'Remove the last point, the chosen point or the selection' },

  ...undoKeys('Editing'),
  { command: 'edit.selectAll', chords: ['mod+a'], group: 'Editing', says: 'Select all on this frame' },
  { command: 'select.next', chords: ['tab'], group: 'Editing', says: 'Next label on this frame' },
  { command: 'select.previous', chords: ['shift+tab'], group: 'Editing', says: 'Previous label on this frame' },
  { command: 'edit.noClass', chords: ['0', 'mod+0'], group: 'Editing', says: 'No class' },
  { command: 'edit.name', chords: ['f2'], group: 'Editing', says: 'Edit the name' },
  { command: 'edit.lock', chords: ['l', 'shift+l'], group: 'Editing', says: 'Lock or unlock the selection' },

  { command: 'show.annotations', chords: ['h', 'a'], group: 'View', says: 'Show or hide labels' },
  { command: 'show.fill', chords: ['shift+f'], group: 'View', says: 'Fill on or off' },
  { command: 'show.names', chords: ['t'], group: 'View', says: 'Names on or off' },
  ...zoomKeys('View'),
  { command: 'view.left', chords: ['shift+arrowleft'], group: 'View', says: 'Pan' },
  { command: 'view.right', chords: ['shift+arrowright'], group: 'View', says: 'Pan' },
  { command: 'view.up', chords: ['arrowup', 'shift+arrowup'], group: 'View', says: 'Pan' },
  { command: 'view.down', chords: ['arrowdown', 'shift+arrowdown'], group: 'View', says: 'Pan' },
  { command: 'view.home', chords: ['shift+home'], group: 'View', says: 'Whole frame' },
  { command: 'view.selection', chords: ['z'], group: 'View', says: 'Go to the selection' },
  { command: 'view.colours', chords: ['shift+c'], group: 'View', says: 'Brightness, contrast, gamma' },
  { command: 'view.picture', chords: ['mod+shift+s'], group: 'View', says: 'Picture of the frame' },
  { command: 'view.about', chords: ['shift+i'], group: 'View', says: 'About this video' },
  { command: 'show.panel', chords: ['\\'], group: 'View', says: 'Show or hide the panel' },
  { command: 'view.fullScreen', chords: ['mod+shift+f', 'f11'], group: 'View', says: 'Full screen' },
  { command: 'show.help', chords: ['?', 'f1'], group: 'View', says: 'This list' },
]);

/** The character that a class hotkey is compared with: as on slides, and a digit also with Ctrl, as CVAT has it. */
export const videoHotkeyOf = (press: KeyPress): string | null =>
  (press.ctrl || press.meta) && !press.alt && !press.shift && /^Digit[1-9]$/.test(press.code) ? press.code.slice(-1) : hotkeyOf(press);

const REPEATED: ReadonlySet<VideoCommand> = new Set([
  ...(['frame.next', 'frame.previous', 'frame.forward', 'frame.back', 'keyframe.next', 'keyframe.previous'] as const),
  ...(['view.left', 'view.right', 'view.up', 'view.down', 'view.zoomIn', 'view.zoomOut', 'edit.undo', 'edit.redo'] as const),
]);

/** Whether a press goes on as long as the key is held: only stepping and panning do, everything else happens once. */
export const mayRepeat = (command: VideoCommand): boolean => REPEATED.has(command);
