/** What docs/interpolation.md promises, held against shapes made by chance. */
import { describe, expect, test } from 'vitest';

import { boxGeometry, boxOf, isBox } from '../box';
import { areaPx2, mapPositions, paths, polygon, rectangle, translate, type Geometry, type PolygonGeometry, type Position } from '../geometry';
import { contains } from '../hit_test';
import { geometryAt, shapeAt } from '../interpolation';
import { repeatableChance } from '../repeatable_chance';
import type { Track, TrackShape } from '../track';
import { bestAssignment } from './assignment';
import { flat, outlineOf, partsOf, ringsOf, type Vertices } from './outlines';
import { signedDistance } from './distance';
import { thinnedRing } from './thinning';
import { ValidityCheck } from './validity';

const LAST = 12;

const between = (shape: TrackShape, left: Geometry, right: Geometry): Track => ({
  kind: 'track',
  shape,
  keyframes: [left, right].map((geometry, i) => ({ frame: i * LAST, geometry, isOutside: false, isOccluded: false, attributes: {} })),
  endedFrame: null,
});

const at = (left: Geometry, right: Geometry, frame: number, shape: TrackShape = 'polygon'): Geometry | null => geometryAt(between(shape, left, right), frame);

const isValid = (geometry: Geometry): boolean => new ValidityCheck().isValid(partsOf(geometry).map(ringsOf));

/** A smooth outline, rougher with `rough`; it may still cross itself: ask `isValid`. */
function blob(seed: number, count: number, centre: Position = [100, 100], size = 50, rough = 0.5): PolygonGeometry {
  const pick = repeatableChance(seed);
  const unit = (): number => pick(1e6) / 1e6;
  const waves = [2, 3, 4, 5].map((wave) => [wave, ((unit() - 0.5) * 2 * rough) / wave, unit() * 2 * Math.PI] as const);
  const start = unit() * 2 * Math.PI;
  return polygon(
    Array.from({ length: count }, (_, i): Position => {
      const angle = start + (i / count) * 2 * Math.PI;
      const radius = size * Math.exp(waves.reduce((sum, [wave, height, phase]) => sum + height * Math.cos(wave * angle + phase), 0));
      return [centre[0] + radius * Math.cos(angle), centre[1] + radius * Math.sin(angle)];
    }),
  );
}

const withHole = (outer: PolygonGeometry, ...holes: PolygonGeometry[]): PolygonGeometry => ({ type: 'Polygon', coordinates: [outer, ...holes].map((p) => p.coordinates[0]!) });

/** Pairs of outlines: alike, unlike, with holes that move, come and go, in parts. */
const PAIRS: readonly (readonly [Geometry, Geometry])[] = Array.from({ length: 42 }, (_, seed) => {
  const pick = repeatableChance(500 + seed);
  const one = blob(2 * seed, 4 + pick(40), [100, 100], 50, seed % 3 === 2 ? 1.2 : 0.4);
  const other = blob(2 * seed + 1, 4 + pick(40), [90 + pick(40), 100], 30 + pick(50), 0.4);
  const hole = (x: number): PolygonGeometry => blob(seed, 8, [x, 100], 6, 0.1);
  switch (seed % 6) {
    case 3:
      return [withHole(blob(seed, 30, [100, 100], 60, 0.1), hole(90)), withHole(blob(seed + 1, 20, [120, 100], 60, 0.1), hole(125))] as const;
    case 4:
      return [withHole(blob(seed, 30, [100, 100], 60, 0.1), hole(90)), blob(seed + 1, 20, [120, 100], 60, 0.1)] as const;
    case 5:
      return [{ type: 'MultiPolygon', coordinates: [one.coordinates, translate(other, 300, 0).coordinates as PolygonGeometry['coordinates']] }, translate(other, 60, 0)] as const;
    default:
      return [one, other] as const;
  }
});

/** The same outlines begun elsewhere and drawn the other way. */
function redrawn(geometry: Geometry, by: number): Geometry {
  const ring = (positions: readonly Position[]): Position[] => {
    const open = positions.slice(0, -1);
    const rolled = [...open.slice(by % open.length), ...open.slice(0, by % open.length)];
    if (by % 2) rolled.reverse();
    return [...rolled, rolled[0]!];
  };
  if (geometry.type === 'Polygon') return { type: 'Polygon', coordinates: geometry.coordinates.map(ring) };
  if (geometry.type === 'MultiPolygon') return { type: 'MultiPolygon', coordinates: geometry.coordinates.map((rings) => rings.map(ring)).reverse() };
  return geometry;
}

const rings = (geometry: Geometry | null): Vertices[] => (geometry ? partsOf(geometry).flatMap(ringsOf) : []);

function expectNear(a: Geometry | null, b: Geometry | null, tolerance: number): void {
  const [ours, theirs] = [rings(a), rings(b)];
  expect(ours.map((ring) => ring.length)).toEqual(theirs.map((ring) => ring.length));
  ours.forEach((ring, k) => expect(Math.max(...ring.map((value, i) => Math.abs(value - theirs[k]![i]!)))).toBeLessThan(tolerance));
}

const FRAMES = [1, 6, 11];

describe('whatever the outlines', () => {
  test('what is between is valid, and begins and ends as it was drawn', () => {
    let blended = 0;
    for (const [left, right] of PAIRS) {
      if (!isValid(left) || !isValid(right)) throw new Error('the test itself must begin with valid shapes');
      const track = between('polygon', left, right);
      expect(shapeAt(track, 0)!.geometry).toBe(left);
      expect(shapeAt(track, LAST)!.geometry).toBe(right);
      for (const frame of FRAMES) {
        const shape = geometryAt(track, frame);
        if (shape && !isValid(shape)) expect(shape).toBe('valid');
        if (rings(shape).length !== rings(left).length) blended += 1;
      }
    }
    expect(blended).toBeGreaterThan(5);
  });

  test('where a ring begins and which way it runs changes nothing', () => {
    PAIRS.forEach(([left, right], k) => {
      for (const frame of [1, 8]) expectNear(at(redrawn(left, k + 1), redrawn(right, 2 * k + 3), frame), at(left, right, frame), 1e-9);
    });
  });

  test('back in time it is the same', () => {
    for (const [left, right] of PAIRS) for (const frame of FRAMES) expectNear(at(right, left, LAST - frame), at(left, right, frame), 1e-6);
  });

  test('moved and enlarged, it is moved and enlarged', () => {
    const place = (geometry: Geometry): Geometry => mapPositions(geometry, ([x, y]) => [4 * x + 128, 4 * y - 64]);
    for (const [left, right] of PAIRS) {
      const [here, there] = [at(left, right, 4), at(place(left), place(right), 4)];
      expect(there === null).toBe(here === null);
      if (here && there) expect(areaPx2(there) / areaPx2(here)).toBeCloseTo(16, 1);
    }
  });

  test('the step from a key frame is no larger than those that follow', () => {
    for (const [left, right] of PAIRS.filter(([a, b]) => a.type === 'Polygon' && b.type === 'Polygon' && a.coordinates.length === b.coordinates.length)) {
      const areas = Array.from({ length: LAST + 1 }, (_, frame) => areaPx2(at(left, right, frame)!));
      const steps = areas.slice(1).map((area, i) => Math.abs(area - areas[i]!));
      const usual = Math.max(...steps.slice(1, -1));
      expect(Math.max(steps[0]!, steps.at(-1)!)).toBeLessThan(2 * usual + 0.05 * Math.max(...areas));
    }
  });
});

test('vertices that did not move stay where they are, on every frame', () => {
  for (let seed = 0; seed < 30; seed++) {
    const left = blob(seed, 16);
    const moved = left.coordinates[0]!.slice(0, -1).map(([x, y], i): Position => (i === 5 ? [x + 4, y - 3] : [x, y]));
    const right = polygon(moved);
    for (const frame of FRAMES) {
      const shape = at(left, right, frame)!;
      for (const [x, y] of moved.filter((_, i) => i !== 5)) expect(paths(shape)[0]!.positions.some((p) => p[0] === x && p[1] === y)).toBe(true);
      expect(paths(shape)[0]!.positions).toHaveLength(16);
    }
  }
});

test('a track that stays is its own key frame, not a copy of it', () => {
  const [left, right] = PAIRS[0]!;
  expect(at(left, redrawn(left, 3), 5)).toBe(left);
  expect(geometryAt(between('polygon', left, right), 99)).toBe(right);
});

test('a line is the same line drawn the other way', () => {
  for (let seed = 0; seed < 40; seed++) {
    const pick = repeatableChance(seed);
    const line = (count: number): Geometry => ({ type: 'LineString', coordinates: Array.from({ length: count }, (_, i): Position => [20 * i + pick(15), pick(60)]) });
    const [left, right] = [line(2 + pick(9)), line(2 + pick(9))];
    const turned: Geometry = { type: 'LineString', coordinates: [...(right.coordinates as Position[])].reverse() };
    for (const frame of FRAMES) {
      const [straight, back] = [at(left, right, frame, 'polyline'), at(left, turned, frame, 'polyline')];
      expect(Math.max(...flat(straight!.coordinates as Position[]).map((v, i) => Math.abs(v - flat(back!.coordinates as Position[])[i]!)))).toBeLessThan(1e-9);
    }
  }
});

test('a box stays a box', () => {
  for (let seed = 0; seed < 60; seed++) {
    const pick = repeatableChance(seed);
    const box = (): Geometry => boxGeometry({ centre: [pick(500), pick(500)], widthPx: 1 + pick(300), heightPx: 1 + pick(300), angle: pick(628) / 100 });
    const [left, right] = [box(), box()];
    for (const frame of FRAMES) {
      const shape = at(left, right, frame, 'box')!;
      expect(isBox(shape)).toBe(true);
      expect(boxOf(shape).widthPx).toBeCloseTo(boxOf(left).widthPx + ((boxOf(right).widthPx - boxOf(left).widthPx) * frame) / LAST, 6);
    }
  }
});

test('among many assignments the best is found', () => {
  const permutations = (of: number[]): number[][] => (of.length < 2 ? [of] : of.flatMap((first) => permutations(of.filter((k) => k !== first)).map((rest) => [first, ...rest])));
  for (let seed = 0; seed < 40; seed++) {
    const pick = repeatableChance(seed);
    const count = 2 + pick(4);
    const score = Float64Array.from({ length: count * count }, () => pick(1000) / 1000);
    const sum = (order: readonly number[]): number => order.reduce((total, column, row) => total + score[row * count + column]!, 0);
    const best = Math.max(...permutations([...Array(count).keys()]).map(sum));
    expect(sum(bestAssignment(score, count))).toBeCloseTo(best, 12);
  }
});

describe('validity', () => {
  const square = (x: number, y: number, side: number): Vertices => flat(rectangle([x, y], [x + side, y + side]).coordinates[0]!.slice(0, -1));
  const hole = (x: number, y: number, side: number): Vertices => partsOf(withHole(rectangle([x - 9, y - 9], [x + side + 9, y + side + 9]), rectangle([x, y], [x + side, y + side])))[0]!.holes[0]!;
  const valid = (...parts: Vertices[][]): boolean => new ValidityCheck().isValid(parts);

  test.each<[string, boolean, Vertices[][]]>([
    ['a square', true, [[square(0, 0, 10)]]],
    ['a bow tie', false, [[Float64Array.of(0, 0, 10, 10, 10, 0, 0, 10)]]],
    ['a spike', false, [[Float64Array.of(0, 0, 10, 0, 5, 0, 5, 5)]]],
    ['a ring that touches itself', false, [[Float64Array.of(0, 0, 10, 0, 10, 10, 5, 0, 0, 10)]]],
    ['two vertices', false, [[Float64Array.of(0, 0, 10, 0)]]],
    ['a vertex drawn twice', true, [[Float64Array.of(0, 0, 10, 0, 10, 0, 10, 10)]]],
    ['a hole inside', true, [[square(0, 0, 10), hole(3, 3, 3)]]],
    ['a hole outside', false, [[square(0, 0, 10), hole(13, 3, 3)]]],
    ['a hole across the edge', false, [[square(0, 0, 10), hole(8, 3, 5)]]],
    ['a hole that shares a stretch of the edge', false, [[square(0, 0, 10), hole(0, 3, 3)]]],
    ['a hole in a hole', false, [[square(0, 0, 20), hole(3, 3, 9), hole(5, 5, 2)]]],
    ['a hole that touches the edge with a corner', true, [[square(0, 0, 10), Float64Array.of(0, 5, 5, 7, 5, 3)]]],
    ['a hole from edge to edge, which cuts it in two', false, [[square(0, 0, 10), Float64Array.of(0, 5, 5, 7, 10, 5, 5, 3)]]],
    ['two parts apart', true, [[square(0, 0, 10)], [square(20, 0, 10)]]],
    ['two parts that overlap', false, [[square(0, 0, 10)], [square(5, 5, 10)]]],
    ['two parts that touch with a corner', true, [[square(0, 0, 10)], [square(10, 10, 10)]]],
    ['two parts side by side', false, [[square(0, 0, 10)], [square(10, 0, 10)]]],
    ['a part in another', false, [[square(0, 0, 10)], [square(3, 3, 2)]]],
    ['a part in the hole of another', true, [[square(0, 0, 20), hole(3, 3, 9)], [square(5, 5, 2)]]],
    ['parts that cross at vertices only', false, [[square(0, 0, 10)], [Float64Array.of(5, -5, 10, 0, 15, 5, 0, 10, 0, 0)]]],
  ])('%s: %s', (_what, expected, parts) => {
    expect(valid(...parts)).toBe(expected);
    expect(valid(...parts.map((part) => part.map((ring) => Float64Array.from([...ring.subarray(2), ...ring.subarray(0, 2)]))).reverse())).toBe(expected);
  });
});

test('the distance to an outline is what a look at every edge says', () => {
  for (let seed = 0; seed < 4; seed++) {
    const shape = withHole(blob(seed, 24, [40, 40], 22, 0.4), blob(seed + 50, 9, [40, 40], 5, 0.1));
    if (!isValid(shape)) continue;
    const field = signedDistance(partsOf(shape), 80, 80);
    let most = 0;
    for (let y = 0; y < 80; y++) {
      for (let x = 0; x < 80; x++) {
        const nearest = Math.min(...paths(shape).flatMap(({ positions }) => positions.map((p, i) => distanceTo([x, y], p, positions[(i + 1) % positions.length]!))));
        most = Math.max(most, Math.abs(field[y * 80 + x]! - (contains(shape, [x, y]) ? -nearest : nearest)));
      }
    }
    expect(most).toBeLessThan(0.25);
  }
});

function distanceTo(p: Position, a: Position, b: Position): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const t = Math.max(0, Math.min(1, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(a[0] + t * dx - p[0], a[1] + t * dy - p[1]);
}

test('a thinned ring keeps some of its vertices and leaves none farther than it may', () => {
  const ring = partsOf(blob(3, 400))[0]!.outer;
  const thin = thinnedRing(ring, 0.5);
  expect(thin.length).toBeLessThan(ring.length / 3);
  const kept = outlineOf([[thin]]);
  for (let i = 0; i < ring.length; i += 2) {
    const positions = paths(kept)[0]!.positions;
    expect(Math.min(...positions.map((p, k) => distanceTo([ring[i]!, ring[i + 1]!], p, positions[(k + 1) % positions.length]!)))).toBeLessThanOrEqual(0.5);
  }
});
