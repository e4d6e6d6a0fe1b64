/** The vectors that server and browser share: both must apply, invert, refuse and rebase alike. */
import { describe, expect, test } from 'vitest';

import vectors from '../../tests/annotations/vectors/history.json';
import { annotationFromFeature, featureFromAnnotation, type Annotation } from './annotation';
import { apply, beforeOf, ChangeError, changeFromWire, changeToWire, inverse } from './changeset';
import { rebase, type PendingChange } from './rebase';
import type { ChangeRequest, Feature } from './wire';

interface PendingWire {
  change: ChangeRequest;
  before: Record<string, Feature>;
}

type Vector =
  | { kind: 'apply'; name: string; state: Feature[]; change: ChangeRequest; expected_state: Feature[]; expected_inverse: ChangeRequest }
  | { kind: 'refused'; name: string; state: Feature[]; change: ChangeRequest; expected_error: string; expected_annotation_id: string }
  | {
      kind: 'rebase';
      name: string;
      head: Feature[];
      pending: PendingWire[];
      expected_pending: PendingWire[];
      expected_conflicts: { annotation_id: string; mine: Feature | null; theirs: Feature | null }[];
      expected_emptied: string[];
    };

const all = vectors as unknown as Vector[];
const ofKind = <K extends Vector['kind']>(kind: K) => all.filter((v): v is Extract<Vector, { kind: K }> => v.kind === kind);

const mapOf = (features: readonly Feature[]): Map<string, Annotation> => new Map(features.map((f) => [f.id, annotationFromFeature(f)]));
const sorted = (features: readonly Feature[]): Feature[] => [...features].sort((a, b) => a.id.localeCompare(b.id));
const featuresOf = (state: ReadonlyMap<string, Annotation>): Feature[] => sorted([...state.values()].map(featureFromAnnotation));

const pendingFromWire = ({ change, before }: PendingWire): PendingChange => ({
  change: changeFromWire(change),
  before: mapOf(Object.values(before)),
});
const pendingToWire = ({ change, before }: PendingChange): PendingWire => ({
  change: changeToWire(change),
  before: Object.fromEntries([...before].map(([id, a]) => [id, featureFromAnnotation(a)])),
});

test('the vectors cover all three kinds', () => {
  expect(new Set(all.map((v) => v.kind))).toEqual(new Set(['apply', 'refused', 'rebase']));
});

describe('applied and taken back', () => {
  test.each(ofKind('apply'))('$name', ({ state, change, expected_state, expected_inverse }) => {
    const before = mapOf(state);
    const request = changeFromWire(change);
    const after = apply(before, request);
    expect(featuresOf(after)).toEqual(sorted(expected_state));
    const back = inverse(request, beforeOf(before, request), expected_inverse.change_id);
    expect(changeToWire(back)).toEqual(expected_inverse);
    expect(featuresOf(apply(after, back))).toEqual(sorted(state));
  });
});

describe('refused', () => {
  test.each(ofKind('refused'))('$name', ({ state, change, expected_error, expected_annotation_id }) => {
    let refusal: unknown;
    try {
      apply(mapOf(state), changeFromWire(change));
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ChangeError);
    expect(refusal).toMatchObject({ kind: expected_error, annotationId: expected_annotation_id });
  });
});

describe('rebased', () => {
  test.each(ofKind('rebase'))('$name', ({ head, pending, expected_pending, expected_conflicts, expected_emptied }) => {
    const rebased = rebase(mapOf(head), pending.map(pendingFromWire));
    expect(rebased.pending.map(pendingToWire)).toEqual(expected_pending);
    expect(rebased.emptied).toEqual(expected_emptied);
    expect(
      rebased.conflicts.map((c) => ({
        annotation_id: c.annotationId,
        mine: c.mine && featureFromAnnotation(c.mine),
        theirs: c.theirs && featureFromAnnotation(c.theirs),
      })),
    ).toEqual(expected_conflicts);
  });
});
