import { expect, test } from 'vitest';
import { summaryOf } from './scrubReport';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

// As the server wrote it for an Aperio slide, shortened.
const places = [
  { place: 'file header', action: 'rebuilt', byte_count: 8 },
  { place: 'directory 0 (level 0), ImageWidth', action: 'rebuilt', byte_count: 2 },
  { place: 'directory 0 (level 0), ImageLength', action: 'rebuilt', byte_count: 2 },
  { place: 'directory 0 (level 0), ImageDescription', action: 'rebuilt', byte_count: 621 },
  { place: 'directory 0 (level 0), ImageDepth', action: 'dropped', byte_count: 4 },
  { place: 'directory 0 (level 0), DateTime', action: 'dropped', byte_count: 20 },
  { place: 'directory 0 (level 0), image tiles', action: 'kept', byte_count: 1_275_934 },
  { place: 'directory 1 (thumbnail), image strips', action: 'dropped', byte_count: 196_257 },
  { place: 'directory 2 (label), ImageDescription', action: 'dropped', byte_count: 60 },
  { place: 'directory 2 (label), image strips', action: 'dropped', byte_count: 374_381 },
  { place: 'directory 3 (macro), image strips', action: 'dropped', byte_count: 87_258 },
  { place: 'bytes that nothing refers to', action: 'dropped', byte_count: 0 },
];
const proof = {
  files: { levels: 5, accounted_bytes: 2_478_136, alignment_bytes: 3, deepzoom_tiles: 190, has_icc_profile: false },
  tiles: { tiles: 130, identical: 130, encoded: 0, missing: 0, damaged: 0, foreign_bytes_dropped: 0, scan_sha256: 'ab' },
  pixels: { sampled_tiles: 32, l0_worst_difference: 0, reduced_worst_difference: 0.9, mpp_equal: true },
  search: { strings_searched: 27, patterns_searched: 144, bytes_searched: 2_729_167, places_found: 0 },
  slide_sha256: 'ab',
};

test('what was dropped is told as images and tags, not as entries of a TIFF', () => {
  expect(summaryOf({ places, proof }).dropped).toEqual([
    { words: 'Thumbnail', byte_count: 196_257 },
    { words: 'Label image', byte_count: 374_441 },
    { words: 'Macro image', byte_count: 87_258 },
    { words: '2 further tags: ImageDepth, DateTime', byte_count: 24 },
  ]);
});

test('what was kept says how little of the description was read', () => {
  expect(summaryOf({ places, proof }).kept.map((finding) => [finding.words.slice(0, 25), finding.byte_count])).toEqual([
    ['The scanner’s description', 621],
    ['2 technical values, such ', 4],
    ['Image tiles of level 0', 1_275_934],
  ]);
});

test('bytes that nothing refers to are named when there are some', () => {
  const hidden = [...places.slice(0, -1), { place: 'bytes that nothing refers to', action: 'dropped', byte_count: 10 }];
  expect(summaryOf({ places: hidden, proof }).dropped.at(-1)).toEqual({ words: 'Bytes that nothing refers to', byte_count: 10 });
});

test('the headline names the images on which a patient may stand', () => {
  expect(summaryOf({ places, proof }).headline).toBe('Label, macro and thumbnail of the original were not copied.');
  expect(summaryOf({ places: places.slice(0, 7), proof }).headline).toBe('The original had no label and no macro image.');
});

test('a proof is read as sentences', () => {
  expect(summaryOf({ places, proof }).checks.map((check) => plain(check.words))).toEqual([
    '27 texts of the original searched for in all 2.73 MB of the result: none found',
    '130 of 130 image tiles identical to the scanner’s, bit for bit',
    'Each of the 2,478,136 bytes of the slide file accounted for',
    '32 places compared in another reader (OpenSlide); size and scale agree',
  ]);
});

test('tiles that are white or coded anew are said to be', () => {
  const mixed = { ...proof, tiles: { ...proof.tiles, identical: 120, missing: 7, damaged: 3 } };
  const summary = summaryOf({ places, proof: mixed });
  expect(summary.checks[1]?.words).toMatch(/^120 of 130 .*; 7 left out by the scanner, shown white; 3 damaged in the original, shown white$/);
  expect(summary.isProved).toBe(true);
});

test('a slide is called proved only with a whole proof in which nothing failed', () => {
  expect(summaryOf({ places, proof }).isProved).toBe(true);
  expect(summaryOf({ places, proof: { ...proof, search: { ...proof.search, places_found: 1 } } }).isProved).toBe(false);
  expect(summaryOf({ places, proof: { ...proof, search: {} } }).isProved).toBe(false);
  expect(summaryOf({ places, proof: { ...proof, tiles: { ...proof.tiles, identical: 129 } } }).isProved).toBe(false);
  expect(summaryOf({ places, proof: { ...proof, pixels: undefined } }).isProved).toBe(false);
  expect(summaryOf({ places, proof: {} }).isProved).toBe(false);
  expect(summaryOf(null).isProved).toBe(false);
});

test('a macro image that was kept is told among what was kept', () => {
  const summary = summaryOf({ places, proof, has_macro: true });
  expect(summary.dropped.map((finding) => finding.words)).not.toContain('Macro image');
  expect(summary.kept.map((finding) => finding.words)).toContain('Macro image, anew and without its label');
  expect(summary.headline).toBe('Label and thumbnail of the original were not copied. Of the macro image everything but the label was kept.');
});
