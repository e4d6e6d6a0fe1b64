import { expect, test } from 'vitest';
import { summaryOf } from './scrubReport';

// As the server wrote it for a clip of surgery, shortened.
const report = {
  frame_count: 250,
  psnr_db: { min: 45.02, mean: 45.7 },
  places: [
    { place: 'video stream', action: 'rebuilt', byte_count: 3_247_832 },
    { place: 'tag of a stream', action: 'dropped', byte_count: 30 },
    { place: 'tag of a stream', action: 'dropped', byte_count: 12 },
    { place: 'sound stream', action: 'dropped', byte_count: 2850 },
  ],
  proof: {
    boxes: { boxes: 25, accounted_bytes: 10_671_175, free_bytes: 2305 },
    frames: { frames_compared: 250, frames_masked: 0, worst_mask_residue: 0 },
    search: { strings_searched: 73, patterns_searched: 410, bytes_searched: 11_608_522, places_found: 0 },
  },
};

test('a video is proved by its frames, its boxes and the search', () => {
  const summary = summaryOf(report);
  expect(summary.isProved).toBe(true);
  expect(summary.checks).toHaveLength(3);
  expect(summary.headline).toContain('sound was not copied');
});

test('places of one name are told once', () => {
  expect(summaryOf(report).dropped).toEqual([
    { words: 'Sound stream', byte_count: 2850 },
    { words: 'Tag of a stream (2×)', byte_count: 42 },
  ]);
});

test('places that a list has counted already are told by their number', () => {
  const places = [
    { place: 'frame header', action: 'dropped', byte_count: 870, times: 87 },
    { place: 'frame header', action: 'dropped', byte_count: 10 },
  ];
  expect(summaryOf({ ...report, places }).dropped).toEqual([{ words: 'Frame header (88×)', byte_count: 880 }]);
});

test.each([
  { frames: { frames_compared: 249 } },
  { search: { ...report.proof.search, places_found: 1 } },
  { boxes: undefined },
])('whatever is not whole is no proof', (less) => {
  expect(summaryOf({ ...report, proof: { ...report.proof, ...less } }).isProved).toBe(false);
});

test('what was masked in the picture is told, and text that is left is no proof', () => {
  const scrub = { findings: [{ is_masked: true }, { is_masked: false }], residual_text: 0 };
  const summary = summaryOf({ ...report, scrub });
  expect(summary.headline).toContain('1 place masked');
  expect(summary.isProved).toBe(true);
  expect(summaryOf({ ...report, scrub: { ...scrub, residual_text: 2 } }).isProved).toBe(false);
});
