import { expect, test } from 'vitest';

import { newAnnotation, type Annotation } from './annotation';
import { apply, inPieces, type ChangeSet } from './changeset';

const point = (id: string, x: number): Annotation => newAnnotation({ annotationId: id, geometry: { type: 'Point', coordinates: [x, 0] } });

test('a change in pieces does what the change does, and no piece is too large', () => {
  const state = new Map(['u0', 'u1', 'u2', 'd0', 'd1', 'd2', 'd3'].map((id) => [id, point(id, 0)]));
  const change: ChangeSet = {
    changeId: 'whole',
    created: ['c0', 'c1', 'c2', 'c3', 'c4'].map((id) => point(id, 1)),
    updated: ['u0', 'u1', 'u2'].map((id) => point(id, 2)),
    deleted: ['d0', 'd1', 'd2', 'd3'],
  };
  for (let most = 1; most <= 13; most++) {
    let ids = 0;
    const pieces = inPieces(change, most, () => `piece-${++ids}`);
    expect(pieces.every((p) => p.created.length + p.updated.length + p.deleted.length <= most)).toBe(true);
    expect(new Set(pieces.map((p) => p.changeId)).size).toBe(pieces.length);
    expect(pieces[0]!.changeId).toBe('whole');
    let pieced = state;
    for (const piece of pieces) pieced = apply(pieced, piece);
    expect(pieced).toEqual(apply(state, change));
  }
});
