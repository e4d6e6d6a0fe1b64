/** What a key means here: a command, a class, or nothing of ours. */
import { chordOf, pressOf, type KeyPress } from '../core/keymap';
import type { EditorSession } from './session.svelte';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest('input:not([type="checkbox"], [type="range"]), textarea, select, dialog') !== null);

/** A slider has the keys that move it, and leaves the others to the slide. */
const isSliding = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLInputElement && target.type === 'range' && /^(Arrow|Page|Home|End)/.test(key);

const isControl = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('button, a, [role="option"]') !== null;

export interface KeyParts<Name extends string> {
  readonly session: EditorSession;
  readonly commands: Readonly<Record<Name, () => void>>;
  readonly commandOf: (press: KeyPress) => Name | null;
  readonly hotkeyOf: (press: KeyPress) => string | null;
  /** Whether a command is given again and again while its key is held; left out: each is. */
  readonly mayRepeat?: (command: Name) => boolean;
  /** Space held down pans; left out: it is a key like any other. */
  readonly onSpace?: () => void;
  /** Tab belongs to the picture while this has the focus. */
  readonly hasTab?: (target: EventTarget | null) => boolean;
}

export function routeKey<Name extends string>(event: KeyboardEvent, parts: KeyParts<Name>): void {
  const { session, commands, onSpace } = parts;
  if (event.defaultPrevented || isTyping(event.target) || isSliding(event.target, event.key)) return;
  const press = pressOf(event);
  const chord = chordOf(press);
  // Space and Enter press the button that has the focus, as everywhere.
  if ((chord === 'space' || chord === 'enter') && isControl(event.target) && !session.draft) return;
  if ((chord === 'tab' || chord === 'shift+tab') && !parts.hasTab?.(event.target)) return;
  if (chord === 'space' && onSpace) {
    onSpace();
    event.preventDefault();
    return;
  }
  const hotkey = parts.hotkeyOf(press);
  const labelClass = hotkey === null || event.shiftKey ? null : session.ontology.byHotkey(hotkey);
  // Digits belong to the classes first; letters that tools have stay the tools'.
  const command = labelClass && /^\d$/.test(labelClass.hotkey ?? '') ? null : parts.commandOf(press);
  if (command) {
    event.preventDefault();
    if (event.repeat && parts.mayRepeat && !parts.mayRepeat(command)) return;
    session.hint = null;
    commands[command]();
  } else if (labelClass) {
    session.setClass(labelClass.classId);
    if (session.selection.size === 0 || session.draft) session.say(`Next drawing: ${labelClass.name}`);
  } else {
    return;
  }
  event.preventDefault();
}
