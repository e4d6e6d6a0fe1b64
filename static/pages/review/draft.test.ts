import { describe, expect, test } from 'vitest';
import type { Finding } from '../../api/review';
import { boxBetween } from './boxes';
import { canToggle, DraftHistory, draftOf, fateOf, isUnsent, requestOf, toggled, withBox, withChangedBox, withoutBox } from './draft';

const EXTENT = { width_px: 640, height_px: 480 };
const box = (x: number, y: number) => boxBetween({ x, y }, { x: x + 50, y: y + 20 }, EXTENT);
const text = (x: number, y: number, is_masked = true): Finding => ({ ...box(x, y), reason: 'text', is_masked, score: 0.9, space: 'asset' });
const nothing = { added: [], removed: [] };

describe('what is asked for', () => {
  test('begins with what was asked for before, and is nothing new', () => {
    const review = { added: [box(1, 1)], removed: [box(9, 9)] };
    const draft = draftOf(review);
    expect(isUnsent(draft, review)).toBe(false);
    expect(requestOf(draft, null)).toEqual({ profile: null, add: review.added, remove: review.removed });
  });

  test('carries plain boxes: no key, no reason', () => {
    const { draft } = withBox(draftOf(nothing), text(5, 5));
    expect(requestOf(toggled(draft, text(100, 100), nothing), 'strict')).toEqual({ profile: 'strict', add: [box(5, 5)], remove: [box(100, 100)] });
  });

  test('a box drawn and taken away again leaves nothing to send', () => {
    const { draft, key } = withBox(draftOf(nothing), box(5, 5));
    expect(isUnsent(draft, nothing)).toBe(true);
    expect(isUnsent(withoutBox(draft, key), nothing)).toBe(false);
  });

  test('keys are never used twice at the same time', () => {
    const first = withBox(draftOf({ added: [box(1, 1), box(2, 2)], removed: [] }), box(3, 3));
    const second = withBox(withoutBox(first.draft, 1), box(4, 4));
    expect(new Set(second.draft.added.map((own) => own.key)).size).toBe(3);
  });

  test('changing one box leaves the others', () => {
    const two = withBox(withBox(draftOf(nothing), box(1, 1)).draft, box(9, 9));
    const changed = withChangedBox(two.draft, { ...two.draft.added[1]!, first_frame: 7 });
    expect(requestOf(changed, null).add).toEqual([box(1, 1), { ...box(9, 9), first_frame: 7 }]);
  });
});

describe('a finding', () => {
  test('that is masked can be left, and masked again', () => {
    const finding = text(10, 10);
    const left = toggled(draftOf(nothing), finding, nothing);
    expect(fateOf(finding, left, nothing)).toBe('will-show');
    const again = toggled(left, finding, nothing);
    expect(fateOf(finding, again, nothing)).toBe('masked');
    expect(isUnsent(again, nothing)).toBe(false);
  });

  test('that a reviewer left can be masked again, and left again', () => {
    const finding = text(10, 10, false);
    const review = { added: [], removed: [box(10, 10)] };
    expect(fateOf(finding, draftOf(review), review)).toBe('left');
    const masked = toggled(draftOf(review), finding, review);
    expect(fateOf(finding, masked, review)).toBe('will-mask');
    expect(requestOf(masked, null).remove).toEqual([]);
    expect(fateOf(finding, toggled(masked, finding, review), review)).toBe('left');
  });

  test('that was only pointed out is masked by a box of its own', () => {
    const finding = text(10, 10, false);
    const masked = toggled(draftOf(nothing), finding, nothing);
    expect(requestOf(masked, null).add).toEqual([box(10, 10)]);
    expect(fateOf(finding, masked, nothing)).toBe('will-mask');
    expect(fateOf(finding, toggled(masked, finding, nothing), nothing)).toBe('shown');
  });

  test('that a box of an earlier scrub covers is masked, and the box is what is taken away', () => {
    const finding = text(10, 10, false);
    const review = { added: [box(10, 10)], removed: [] };
    expect(fateOf(finding, draftOf(review), review)).toBe('masked');
    expect(requestOf(toggled(draftOf(review), finding, review), null)).toEqual({ profile: null, add: [], remove: [] });
  });

  test('that lies almost within a removed box is removed, as the server has it', () => {
    const finding = text(10, 10);
    const nearly = { ...box(10, 10), x0: 14 };
    expect(fateOf(finding, { added: [], removed: [nearly] }, nothing)).toBe('will-show');
    expect(fateOf(finding, { added: [], removed: [{ ...nearly, x0: 17 }] }, nothing)).toBe('masked');
  });

  test('of the label, or of what is beyond the sector, is not for a box to decide', () => {
    expect(canToggle(text(1, 1))).toBe(true);
    expect(canToggle({ ...text(1, 1), space: 'macro' })).toBe(false);
    expect(canToggle({ ...text(1, 1), reason: 'outside_sector' })).toBe(false);
  });
});

describe('undo', () => {
  const start = new DraftHistory(draftOf(nothing));

  test('takes back step by step, and redo brings back', () => {
    const one = start.to(withBox(start.now, box(1, 1)).draft);
    const two = one.to(withBox(one.now, box(2, 2)).draft);
    expect(two.undo().now).toBe(one.now);
    expect(two.undo().undo().now).toBe(start.now);
    expect(two.undo().undo().redo().redo().now).toBe(two.now);
    expect(start.undo()).toBe(start);
    expect(two.redo()).toBe(two);
  });

  test('takes back a drag as one step', () => {
    const drawn = start.to(withBox(start.now, box(1, 1)).draft);
    let dragged = drawn;
    for (const x0 of [2, 3, 4]) dragged = dragged.to(withChangedBox(dragged.now, { ...dragged.now.added[0]!, x0 }), 'drag 1');
    expect(dragged.now.added[0]?.x0).toBe(4);
    expect(dragged.undo().now).toBe(drawn.now);
    const other = dragged.to(withChangedBox(dragged.now, { ...dragged.now.added[0]!, x0: 9 }), 'drag 2');
    expect(other.undo().now).toBe(dragged.now);
  });

  test('a new step makes redo impossible', () => {
    const one = start.to(withBox(start.now, box(1, 1)).draft);
    const other = one.undo().to(withBox(start.now, box(7, 7)).draft);
    expect(other.canRedo).toBe(false);
  });
});
