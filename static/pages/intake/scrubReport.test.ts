import { expect, test } from 'vitest';
import { isProved, summaryOf } from './scrubReport';

const report = {
  places: [
    { place: 'label image', action: 'dropped', byte_count: 10 },
    { place: 'image 0, tiles', action: 'kept', byte_count: 1000 },
    { place: 'file header', action: 'rebuilt', byte_count: 16 },
  ],
  proof: { strings_searched: 23, only_allowed_tags: true, level_0: { identical: true, tiles: 12 } },
};

test('places are told apart by what became of them', () => {
  const summary = summaryOf(report);
  expect(summary.dropped.map((place) => place.place)).toEqual(['label image']);
  expect(summary.kept).toHaveLength(1);
  expect(summary.rebuilt).toHaveLength(1);
});

test('a proof is read as tests and figures, nested ones too', () => {
  expect(summaryOf(report).checks).toEqual([
    { words: 'Strings searched', isPassed: null, figure: '23' },
    { words: 'Only allowed tags', isPassed: true, figure: '' },
    { words: 'Level 0: Identical', isPassed: true, figure: '' },
    { words: 'Level 0: Tiles', isPassed: null, figure: '12' },
  ]);
});

test('a slide is called proved only with a proof in which nothing failed', () => {
  expect(isProved(summaryOf(report))).toBe(true);
  expect(isProved(summaryOf({ ...report, proof: { only_allowed_tags: false } }))).toBe(false);
  expect(isProved(summaryOf({ ...report, proof: {} }))).toBe(false);
  expect(isProved(summaryOf(null))).toBe(false);
});
