/** The classes while an admin edits them: what is wrong with them, what changed, and what to do when somebody else saved first. */
import { RESERVED_KEYS } from '../../core/keymap';
import type { LabelClassDraft, LabelClassWire } from '../../core/wire';

export interface DraftClass {
  /** Stays the same while it is edited: the class's id, or a name of our own for a new one. */
  key: string;
  class_id: string | null;
  name: string;
  color: string;
  hotkey: string | null;
  description: string;
  is_archived: boolean;
}

export interface DraftErrors {
  name?: string;
  hotkey?: string;
}

export interface Rebased {
  classes: DraftClass[];
  /** What the other admin did, one sentence each. */
  news: string[];
  /** What both changed; our value stands. */
  clashes: string[];
}

const LONGEST_NAME = 100;
/** Beside the keys that tools have today: what QuPath's and HistomicsUI's further tools use, and ours will. */
const KEPT_FOR_TOOLS = new Set([...RESERVED_KEYS, ...'mrolpvbwsahfncez.[]<>,0+-_=?/\\']);
const FIELDS = ['name', 'color', 'hotkey', 'description', 'is_archived'] as const;
const FIELD_WORDS: Record<(typeof FIELDS)[number], string> = {
  name: 'name',
  color: 'colour',
  hotkey: 'key',
  description: 'description',
  is_archived: 'archiving',
};

export function draftsOf(classes: readonly LabelClassWire[]): DraftClass[] {
  return [...classes]
    .sort((a, b) => a.position - b.position)
    .map(({ class_id, name, color, hotkey, description, is_archived }) => ({
      key: class_id,
      class_id,
      name,
      color,
      hotkey,
      description,
      is_archived,
    }));
}

export function wireOf(drafts: readonly DraftClass[]): LabelClassDraft[] {
  return drafts.map(({ class_id, name, color, hotkey, description, is_archived }, position) => ({
    class_id,
    name: name.trim(),
    color: color.toLowerCase(),
    hotkey,
    description: description.trim(),
    position,
    is_archived,
  }));
}

/** The same rules as the server's, so that nobody learns of a clash only after saving. Only classes with an error are in it. */
export function errorsOf(drafts: readonly DraftClass[]): Map<string, DraftErrors> {
  const errors = new Map<string, DraftErrors>();
  const names = new Map<string, number>();
  const hotkeys = new Map<string, DraftClass[]>();
  for (const one of drafts) {
    names.set(folded(one.name), (names.get(folded(one.name)) ?? 0) + 1);
    if (one.hotkey !== null && !one.is_archived) hotkeys.set(one.hotkey, [...(hotkeys.get(one.hotkey) ?? []), one]);
  }
  for (const one of drafts) {
    const found: DraftErrors = {};
    const name = one.name.trim();
    if (!name) found.name = 'Give it a name.';
    else if (name.length > LONGEST_NAME) found.name = `At most ${LONGEST_NAME} characters.`;
    else if ((names.get(folded(one.name)) ?? 0) > 1) found.name = 'Another class has this name.';
    if (one.hotkey !== null) {
      const rival = one.is_archived ? undefined : hotkeys.get(one.hotkey)?.find((other) => other !== one);
      if (KEPT_FOR_TOOLS.has(one.hotkey)) found.hotkey = `“${one.hotkey}” belongs to a tool.`;
      else if (rival) found.hotkey = `“${rival.name}” has this key.`;
    }
    if (found.name || found.hotkey) errors.set(one.key, found);
  }
  return errors;
}

/** A key as typed into the field: its last character, lower case; null when emptied. */
export function hotkeyFrom(typed: string): string | null {
  return [...typed.trim().toLowerCase()].at(-1) ?? null;
}

/** The first key that nobody has, digits first, as QuPath's channels taught people; null when all are taken. */
export function freeHotkey(drafts: readonly DraftClass[]): string | null {
  const taken = new Set(drafts.filter((one) => !one.is_archived).map((one) => one.hotkey));
  return [...'123456789dgijkqtuxy'].find((key) => !taken.has(key) && !KEPT_FOR_TOOLS.has(key)) ?? null;
}

export function isSame(a: readonly DraftClass[], b: readonly DraftClass[]): boolean {
  return a.length === b.length && a.every((one, index) => one.key === b[index]?.key && FIELDS.every((field) => one[field] === b[index]?.[field]));
}

export function moved<Item>(list: readonly Item[], from: number, to: number): Item[] {
  const result = [...list];
  const [item] = result.splice(from, 1);
  if (item !== undefined) result.splice(to, 0, item);
  return result;
}

/** Our edits of `base` laid over what the server has now. Nothing of ours is lost; what both touched is said. */
export function rebase(base: readonly DraftClass[], mine: readonly DraftClass[], theirs: readonly DraftClass[]): Rebased {
  const baseByKey = byKey(base);
  const mineByKey = byKey(mine);
  const theirsByKey = byKey(theirs);
  const news: string[] = [];
  const clashes: string[] = [];

  const merged = new Map<string, DraftClass>();
  for (const their of theirs) {
    const was = baseByKey.get(their.key);
    const my = mineByKey.get(their.key);
    news.push(...differences(was, their));
    if (!was || !my) {
      merged.set(their.key, their);
      continue;
    }
    const result: DraftClass = { ...their };
    for (const field of FIELDS) {
      if (my[field] === was[field]) continue;
      Object.assign(result, { [field]: my[field] });
      if (their[field] !== was[field] && their[field] !== my[field]) clashes.push(`You both changed the ${FIELD_WORDS[field]} of “${was.name}”.`);
    }
    merged.set(their.key, result);
  }
  for (const was of base) if (!theirsByKey.has(was.key)) news.push(`“${was.name}” was removed.`);
  const order = (list: readonly DraftClass[]): string => list.filter((one) => baseByKey.has(one.key)).map((one) => one.key).join();
  if (order(base) !== order(theirs)) news.push('The order was changed.');

  for (const my of mine) if (my.class_id === null) merged.set(my.key, my);
  const leading = order(base) === order(mine) ? [...theirs, ...mine] : [...mine, ...theirs];
  const keys = new Set(leading.map((one) => one.key).filter((key) => merged.has(key)));
  return { classes: [...keys].map((key) => merged.get(key)).filter((one) => one !== undefined), news, clashes };
}

function differences(was: DraftClass | undefined, now: DraftClass): string[] {
  if (!was) return [`“${now.name}” was added.`];
  return FIELDS.filter((field) => was[field] !== now[field]).map((field) => {
    switch (field) {
      case 'name':
        return `“${was.name}” was renamed “${now.name}”.`;
      case 'is_archived':
        return `“${now.name}” was ${now.is_archived ? 'archived' : 'brought back'}.`;
      case 'hotkey':
        return now.hotkey === null ? `“${now.name}” lost its key.` : `“${now.name}” got the key “${now.hotkey}”.`;
      default:
        return `The ${FIELD_WORDS[field]} of “${now.name}” was changed.`;
    }
  });
}

function byKey(list: readonly DraftClass[]): Map<string, DraftClass> {
  return new Map(list.map((one) => [one.key, one]));
}

function folded(name: string): string {
  return name.trim().normalize('NFC').toLowerCase();
}
