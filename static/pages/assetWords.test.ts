import { expect, test } from 'vitest';
import type { AssetState } from '../api/types';
import { kindWords, lookOf, progressText, stageWords } from './assetWords';

const stopped = { type: '/problems/cancelled', detail: 'Stopped.', reference: 'ab' };
const progress = (stage: string, done = 42, total = 100, eta_s: number | null = 12) => ({ progress: { stage, done, total, eta_s } });

test('what was stopped does not claim to wait for its turn', () => {
  expect(lookOf({ state: 'quarantined', problem: null }).words).toBe('Waiting to be converted');
  expect(lookOf({ state: 'quarantined', problem: stopped }).words).toBe('Stopped');
});

test('a state of a newer server is a plain word', () =>
  expect(lookOf({ state: 'being_mirrored' as AssetState, problem: null })).toEqual({ words: 'Being mirrored', icon: 'info', tone: 'plain' }));

test.each([
  ['looking', 'Looking for what must not travel'],
  ['verifying', 'Proving it clean'],
  ['building_levels', 'Building levels'],
  ['re-reading', 'Re reading'],
])('the stage %s is called “%s”', (stage, words) => expect(stageWords(stage)).toBe(words));

test.each([
  ['slide', 'Slide'],
  ['video', 'Video'],
  ['unknown', 'File'],
])('a %s is called %s', (kind, words) => expect(kindWords(kind)).toBe(words));

test('how far it has come is said in stage, share, speed and time', () => {
  expect(progressText(progress('converting'), '31 frames/s').replaceAll('\u00a0', ' ')).toBe('Writing it anew · 42 % · 31 frames/s · 12 s left');
  expect(progressText(progress('looking', 0, 0, null))).toBe('Looking for what must not travel');
  expect(progressText({ progress: null })).toBe('');
});
