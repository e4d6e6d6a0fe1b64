/** Every key of the slide workspace, once: what matches it, what it does, what the help says. */

export type Command =
  | 'tool.move'
  | 'tool.rectangle'
  | 'tool.polygon'
  | 'tool.point'
  | 'tool.select'
  | 'draft.finish'
  | 'draft.cancel'
  | 'erase'
  | 'edit.undo'
  | 'edit.redo'
  | 'edit.selectAll'
  | 'edit.lock'
  | 'edit.name'
  | 'edit.noClass'
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
  | 'view.turnLeft'
  | 'view.turnRight'
  | 'view.upright'
  | 'view.goTo'
  | 'view.beside'
  | 'view.colours'
  | 'view.picture'
  | 'view.about'
  | 'select.next'
  | 'select.previous';

/** A command of a workspace, the keys that give it, and what the help says of it. */
export interface KeyBinding<Name extends string, Group extends string> {
  readonly command: Name;
  /** Chords such as "mod+shift+z"; "mod" is Ctrl, on a Mac ⌘. */
  readonly chords: readonly string[];
  readonly group: Group;
  readonly says: string;
}

/** The keys of one page: what a press means, and what the help lists. */
export class Keymap<Name extends string, Group extends string> {
  readonly bindings: readonly KeyBinding<Name, Group>[];
  /** In the order in which the help shows them. */
  readonly groups: readonly Group[];
  /** By chord, what it means. */
  readonly commands: ReadonlyMap<string, Name>;

  constructor(bindings: readonly KeyBinding<Name, Group>[]) {
    this.bindings = bindings;
    this.groups = [...new Set(bindings.map(({ group }) => group))];
    this.commands = new Map(bindings.flatMap(({ command, chords }) => chords.map((chord) => [chord, command] as const)));
  }

  readonly commandOf = (press: KeyPress): Name | null => this.commands.get(chordOf(press)) ?? null;

  /** The first key of a command as it is printed; empty where it has none. */
  readonly keysFor = (command: Name): string => {
    const chord = this.bindings.find((binding) => binding.command === command)?.chords[0];
    return chord === undefined ? '' : formatChord(chord);
  };
}

/** The same on every page that has a picture to change. */
export const undoKeys = <Group extends string>(group: Group) =>
  [
    { command: 'edit.undo', chords: ['mod+z'], group, says: 'Undo' },
    { command: 'edit.redo', chords: ['mod+shift+z', 'mod+y'], group, says: 'Redo' },
  ] as const;

export const zoomKeys = <Group extends string>(group: Group) =>
  [
    { command: 'view.zoomIn', chords: ['+', '='], group, says: 'Zoom in' },
    { command: 'view.zoomOut', chords: ['-', '_'], group, says: 'Zoom out' },
  ] as const;

const SLIDE_KEYS = new Keymap<Command, 'Tools' | 'Drawing' | 'Editing' | 'View'>([
  { command: 'tool.move', chords: ['m'], group: 'Tools', says: 'Move: drag to pan, click to select' },
  { command: 'tool.select', chords: ['s'], group: 'Tools', says: 'Select: move shapes and their points' },
  { command: 'tool.rectangle', chords: ['r'], group: 'Tools', says: 'Rectangle' },
  { command: 'tool.polygon', chords: ['p'], group: 'Tools', says: 'Polygon' },
  { command: 'tool.point', chords: ['.'], group: 'Tools', says: 'Points' },
  { command: 'draft.finish', chords: ['enter'], group: 'Drawing', says: 'Finish the polygon' },
  { command: 'draft.cancel', chords: ['escape'], group: 'Drawing', says: 'Give up the drawing, or clear the selection' },
  { command: 'erase', chords: ['delete', 'backspace'], group: 'Drawing', says: 'Remove the last point, the chosen point or the selection' },
  ...undoKeys('Editing'),
  { command: 'edit.selectAll', chords: ['mod+a'], group: 'Editing', says: 'Select all' },
  { command: 'select.next', chords: [']'], group: 'Editing', says: 'Next annotation' },
  { command: 'select.previous', chords: ['['], group: 'Editing', says: 'Previous annotation' },
  { command: 'edit.noClass', chords: ['0'], group: 'Editing', says: 'No class' },
  { command: 'edit.name', chords: ['e'], group: 'Editing', says: 'Edit the name' },
  { command: 'edit.lock', chords: ['shift+l'], group: 'Editing', says: 'Lock or unlock the selection' },
  { command: 'show.annotations', chords: ['a', 'h'], group: 'View', says: 'Show or hide annotations' },
  { command: 'show.fill', chords: ['f', 'shift+f'], group: 'View', says: 'Fill on or off' },
  { command: 'show.names', chords: ['n'], group: 'View', says: 'Names on or off' },
  ...zoomKeys('View'),
  { command: 'view.left', chords: ['arrowleft'], group: 'View', says: 'Pan' },
  { command: 'view.right', chords: ['arrowright'], group: 'View', says: 'Pan' },
  { command: 'view.up', chords: ['arrowup'], group: 'View', says: 'Pan' },
  { command: 'view.down', chords: ['arrowdown'], group: 'View', says: 'Pan' },
  { command: 'view.home', chords: ['home'], group: 'View', says: 'Whole slide' },
  { command: 'view.selection', chords: ['z'], group: 'View', says: 'Go to the selection' },
  { command: 'view.turnLeft', chords: ['<'], group: 'View', says: 'Turn the slide' },
  { command: 'view.turnRight', chords: ['>'], group: 'View', says: 'Turn the slide' },
  { command: 'view.upright', chords: ['shift+u'], group: 'View', says: 'Turn the slide upright' },
  { command: 'view.goTo', chords: ['shift+g'], group: 'View', says: 'Go to a coordinate' },
  { command: 'view.beside', chords: ['shift+b'], group: 'View', says: 'A second slide beside' },
  { command: 'view.colours', chords: ['shift+c'], group: 'View', says: 'Colours: profile, brightness, contrast, gamma' },
  { command: 'view.picture', chords: ['mod+shift+s'], group: 'View', says: 'Picture of the view, with scale bar' },
  { command: 'view.about', chords: ['shift+i'], group: 'View', says: 'About this slide' },
  { command: 'show.panel', chords: ['\\'], group: 'View', says: 'Show or hide the panel' },
  { command: 'view.fullScreen', chords: ['mod+shift+f', 'f11'], group: 'View', says: 'Full screen' },
  { command: 'show.help', chords: ['?', 'f1'], group: 'View', says: 'This list' },
]);

export const { bindings: BINDINGS, groups: KEY_GROUPS, commandOf, keysFor } = SLIDE_KEYS;

/** What a key event says, without the event. */
export interface KeyPress {
  readonly key: string;
  /** The physical key, such as "Digit1": on French keyboards a digit needs Shift. */
  readonly code: string;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly alt: boolean;
  readonly shift: boolean;
}

/** @param event a keyboard event, or what is like one */
export const pressOf = ({ key, code, ctrlKey, metaKey, altKey, shiftKey }: Record<'key' | 'code', string> & Record<'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey', boolean>): KeyPress => ({
  key,
  code,
  ctrl: ctrlKey,
  meta: metaKey,
  alt: altKey,
  shift: shiftKey,
});

/** The press as a chord; Shift counts with letters and named keys only, since with symbols it made the symbol. */
export function chordOf(press: KeyPress): string {
  const key = press.key === ' ' ? 'space' : press.key.toLowerCase();
  const isSymbol = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  return [press.ctrl || press.meta ? 'mod' : '', press.alt ? 'alt' : '', press.shift && !isSymbol ? 'shift' : '', key]
    .filter((part) => part !== '')
    .join('+');
}

/** The character that a class hotkey is compared with; null where a modifier says that something else is meant. */
export function hotkeyOf(press: KeyPress): string | null {
  if (press.ctrl || press.meta || press.alt) return null;
  if (press.key.length === 1 && press.key !== ' ' && !/^Digit\d$/.test(press.code)) return press.key.toLowerCase();
  return /^Digit(\d)$/.exec(press.code)?.[1] ?? null;
}

/** Keys that belong to the tools and therefore to no class. */
export const RESERVED_KEYS: readonly string[] = [...SLIDE_KEYS.commands.keys()].filter((chord) => chord.length === 1);

const NAMES: Readonly<Record<string, string>> = {
  mod: 'Ctrl',
  shift: 'Shift',
  alt: 'Alt',
  space: 'Space',
  enter: 'Enter',
  escape: 'Esc',
  delete: 'Delete',
  backspace: 'Backspace',
  arrowleft: '←',
  arrowright: '→',
  arrowup: '↑',
  arrowdown: '↓',
  home: 'Home',
  end: 'End',
  pageup: 'Page up',
  pagedown: 'Page down',
  insert: 'Insert',
  tab: 'Tab',
};

/** A chord as it is printed on keys. */
export const formatChord = (chord: string): string =>
  chord === '+' ? '+' : chord.split('+').map((part) => NAMES[part] ?? part.toUpperCase()).join(' ');
