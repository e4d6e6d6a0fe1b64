/** The vectors that server and browser share: what a track is on a frame, both must say alike. */
import { describe, expect, test } from 'vitest';

import vectors from '../../tests/vectors/interpolation.json';
import { areaPx2, paths, type Geometry, type Position } from './geometry';
import { contains } from './hit_test';
import { shapeAt } from './interpolation';
import { trackFromWire } from './track';
import type { Json, TrackWire } from './wire';

interface Vector {
  name: string;
  track: TrackWire;
  frame: number;
  expected: { geometry: Geometry | null; is_keyframe: boolean; is_occluded: boolean; attributes: Record<string, Json> } | null;
  tolerance_px: number | null;
  min_iou: number | null;
}

const all = vectors as unknown as Vector[];

/** Runs of positions, each begun at its smallest: where a ring begins says nothing. */
function runsOf(geometry: Geometry): Position[][] {
  return paths(geometry).map(({ closed, positions }) => {
    if (!closed) return [...positions];
    const start = positions.reduce((least, [x, y], i) => (x < positions[least]![0] || (x === positions[least]![0] && y < positions[least]![1]) ? i : least), 0);
    return [...positions.slice(start), ...positions.slice(0, start)];
  });
}

/** Intersection over union, counted on a grid of places. */
function iouOf(a: Geometry, b: Geometry): number {
  const all = [...paths(a), ...paths(b)].flatMap((path) => [...path.positions]);
  const [x0, x1] = [Math.min(...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
  const [y0, y1] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
  let [both, either] = [0, 0];
  for (let i = 0; i < 200; i++) {
    for (let j = 0; j < 200; j++) {
      const place: Position = [x0 + ((i + 0.5) / 200) * (x1 - x0), y0 + ((j + 0.5) / 200) * (y1 - y0)];
      const [inA, inB] = [contains(a, place), contains(b, place)];
      both += inA && inB ? 1 : 0;
      either += inA || inB ? 1 : 0;
    }
  }
  return both / either;
}

describe('on the vectors', () => {
  test.each(all)('$name (frame $frame)', ({ track, frame, expected, tolerance_px, min_iou }) => {
    const shown = shapeAt(trackFromWire(track), frame);
    if (!expected || !shown) {
      expect(shown).toBe(expected);
      return;
    }
    expect([shown.isKeyframe, shown.isOccluded, shown.attributes]).toEqual([expected.is_keyframe, expected.is_occluded, expected.attributes]);
    if (!shown.geometry || !expected.geometry) {
      expect(shown.geometry).toBe(expected.geometry);
      return;
    }
    if (expected.is_keyframe) expect(shown.geometry).toEqual(expected.geometry);
    expect(shown.geometry.type).toBe(expected.geometry.type);
    if (min_iou !== null) {
      expect(iouOf(shown.geometry, expected.geometry)).toBeGreaterThanOrEqual(min_iou);
      expect(areaPx2(shown.geometry) / areaPx2(expected.geometry)).toBeCloseTo(1, 1);
      return;
    }
    const [ours, theirs] = [runsOf(shown.geometry), runsOf(expected.geometry)];
    expect(ours.map((run) => run.length)).toEqual(theirs.map((run) => run.length));
    ours.flat().forEach((p, k) => {
      const q = theirs.flat()[k]!;
      expect(Math.hypot(p[0] - q[0], p[1] - q[1])).toBeLessThanOrEqual(tolerance_px!);
    });
  });
});
