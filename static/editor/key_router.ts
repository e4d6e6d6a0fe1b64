/** What a key means here: a command, a class, or nothing of ours. */
import { chordOf, commandOf, hotkeyOf, type Command, type KeyPress } from '../core/keymap';
import type { EditorSession } from './session.svelte';

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest('input:not([type="checkbox"], [type="range"]), textarea, select, dialog') !== null);

/** A slider has the keys that move it, and leaves the others to the slide. */
const isSliding = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLInputElement && target.type === 'range' && /^(Arrow|Page|Home|End)/.test(key);

const isControl = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.closest('button, a, [role="option"]') !== null;

export interface KeyParts {
  readonly session: EditorSession;
  readonly commands: Readonly<Record<Command, () => void>>;
  readonly onSpace: () => void;
}

export function routeKey(event: KeyboardEvent, { session, commands, onSpace }: KeyParts): void {
  if (event.defaultPrevented || isTyping(event.target) || isSliding(event.target, event.key)) return;
  const press: KeyPress = { key: event.key, code: event.code, ctrl: event.ctrlKey, meta: event.metaKey, alt: event.altKey, shift: event.shiftKey };
  const chord = chordOf(press);
  // Space and Enter press the button that has the focus, as everywhere.
  if ((chord === 'space' || chord === 'enter') && isControl(event.target) && !session.draft) return;
  if (chord === 'space') {
    onSpace();
    event.preventDefault();
    return;
  }
  const hotkey = hotkeyOf(press);
  const labelClass = hotkey === null || event.shiftKey ? null : session.ontology.byHotkey(hotkey);
  // Digits belong to the classes first; letters that tools have stay the tools'.
  const command = labelClass && /^\d$/.test(labelClass.hotkey ?? '') ? null : commandOf(press);
  if (command) {
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
