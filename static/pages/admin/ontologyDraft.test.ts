import { describe, expect, test } from 'vitest';
import { errorsOf, freeHotkey, hotkeyFrom, isSame, moved, rebase, wireOf, draftsOf, type DraftClass } from './ontologyDraft';

function draft(key: string, changes: Partial<DraftClass> = {}): DraftClass {
  return { key, class_id: key.startsWith('new') ? null : key, name: key, color: '#00c853', hotkey: null, description: '', is_archived: false, ...changes };
}

describe('errors', () => {
  test('names are unique whatever their case, archived ones included', () => {
    const errors = errorsOf([draft('a', { name: 'Tumor' }), draft('b', { name: ' tumor ', is_archived: true }), draft('c')]);
    expect([...errors.keys()]).toEqual(['a', 'b']);
  });

  test('a name is needed', () => {
    expect(errorsOf([draft('a', { name: '  ' })]).get('a')?.name).toBe('Give it a name.');
  });

  test('keys are unique among those in use', () => {
    expect(errorsOf([draft('a', { hotkey: '1' }), draft('b', { hotkey: '1' })]).get('a')?.hotkey).toBe('“b” has this key.');
    expect(errorsOf([draft('a', { hotkey: '1' }), draft('b', { hotkey: '1', is_archived: true })]).size).toBe(0);
  });

  test.each([...'mrpsahfnz0+-[]?', 'b', 'w', 'l', 'o'])('“%s” belongs to a tool', (hotkey) => {
    expect(errorsOf([draft('a', { hotkey })]).get('a')?.hotkey).toMatch(/belongs to a tool/);
  });
});

test('a key is the last character typed, in lower case', () => {
  expect(hotkeyFrom('1G')).toBe('g');
  expect(hotkeyFrom(' ')).toBeNull();
  expect(hotkeyFrom('')).toBeNull();
});

test('the next free key is a digit, then a letter no tool has', () => {
  expect(freeHotkey([draft('a', { hotkey: '1' }), draft('b', { hotkey: '3' })])).toBe('2');
  const digits = [...'123456789'].map((hotkey) => draft(hotkey, { hotkey }));
  expect(errorsOf([...digits, draft('x', { hotkey: freeHotkey(digits) })]).size).toBe(0);
});

test('what is sent is trimmed, in order, and comes back as it was', () => {
  const drafts = [draft('b', { name: ' Stroma ', color: '#00C853' }), draft('new-1', { name: 'Glass' })];
  const wire = wireOf(drafts);
  expect(wire.map((one) => [one.class_id, one.name, one.color, one.position])).toEqual([
    ['b', 'Stroma', '#00c853', 0],
    [null, 'Glass', '#00c853', 1],
  ]);
  const again = draftsOf([...wire].reverse().map((one) => ({ ...one, class_id: one.class_id ?? 'c9' })));
  expect(again.map((one) => one.key)).toEqual(['b', 'c9']);
});

test('moving keeps everything else in order', () => {
  expect(moved(['a', 'b', 'c', 'd'], 0, 2)).toEqual(['b', 'c', 'a', 'd']);
  expect(moved(['a', 'b', 'c', 'd'], 3, 0)).toEqual(['d', 'a', 'b', 'c']);
});

describe('when somebody else saved first', () => {
  const base = [draft('a'), draft('b'), draft('c')];

  test('nothing on either side is lost', () => {
    const mine = [draft('a', { name: 'A mine' }), draft('b'), draft('c'), draft('new-1', { name: 'Mine' })];
    const theirs = [draft('a'), draft('b', { color: '#ffd600' }), draft('c'), draft('d')];
    const { classes, news, clashes } = rebase(base, mine, theirs);
    expect(classes.map((one) => one.name)).toEqual(['A mine', 'b', 'c', 'd', 'Mine']);
    expect(classes[1]?.color).toBe('#ffd600');
    expect(news).toEqual(['The colour of “b” was changed.', '“d” was added.']);
    expect(clashes).toEqual([]);
  });

  test('a field that both changed keeps ours, and says so', () => {
    const { classes, clashes } = rebase(base, [draft('a', { name: 'Mine' }), ...base.slice(1)], [draft('a', { name: 'Theirs' }), ...base.slice(1)]);
    expect(classes[0]?.name).toBe('Mine');
    expect(clashes).toEqual(['You both changed the name of “a”.']);
  });

  test('the same change on both sides is no clash', () => {
    const both = [draft('a', { name: 'New' }), ...base.slice(1)];
    expect(rebase(base, both, both).clashes).toEqual([]);
  });

  test('our order stands if we changed it, theirs if we did not', () => {
    const theirs = [draft('c'), draft('a'), draft('b'), draft('d')];
    const kept = rebase(base, base, theirs);
    expect(kept.classes.map((one) => one.key)).toEqual(['c', 'a', 'b', 'd']);
    expect(kept.news).toContain('The order was changed.');
    const ours = rebase(base, moved(base, 0, 1), theirs);
    expect(ours.classes.map((one) => one.key)).toEqual(['b', 'a', 'c', 'd']);
  });

  test('with nothing changed by them, our edits are as they were', () => {
    const mine = [draft('b'), draft('a', { hotkey: '4' }), draft('new-1'), draft('c')];
    expect(isSame(rebase(base, mine, base).classes, mine)).toBe(true);
  });
});
