import { describe, expect, test } from 'vitest';

import { firstCrossing } from './crossing';
import { areaPx2, boundsOf, isUprightRectangle, paths, polygon, rectangle, translate, withCornerMoved, withPath, type Geometry, type Position } from './geometry';
import { annotationAt, contains, edgeAt, vertexAt } from './hit_test';
import { newAnnotation } from './annotation';

const withHole: Geometry = {
  type: 'Polygon',
  coordinates: [
    [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]],
    [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]],
  ],
};

describe('geometry', () => {
  test('an area is the outer ring without its holes, however they turn', () => {
    expect(areaPx2(withHole)).toBe(96);
    const turned: Geometry = { type: 'Polygon', coordinates: withHole.coordinates.map((r) => [...r].reverse()) };
    expect(areaPx2(turned)).toBe(96);
  });

  test('an area far from the origin keeps its digits', () => {
    expect(areaPx2(rectangle([1e8, 1e8], [1e8 + 0.5, 1e8 + 0.25]))).toBe(0.125);
  });

  test('coordinates go through paths and back unchanged', () => {
    for (const path of paths(withHole)) expect(withPath(withHole, path.part, path.ring, path.positions)).toEqual(withHole);
    const many: Geometry = { type: 'MultiPolygon', coordinates: [withHole.coordinates, [[[20.1, 20.2], [30, 20], [30, 30], [20.1, 20.2]]]] };
    for (const path of paths(many)) expect(withPath(many, path.part, path.ring, path.positions)).toEqual(many);
  });

  test('a ring is closed with the very same position', () => {
    const start: Position = [0.1, 0.2];
    expect(polygon([start, [1, 0], [1, 1]]).coordinates[0]!.at(-1)).toBe(start);
  });

  test('a rectangle is the same from whichever corner it is dragged', () => {
    expect(rectangle([5, 7], [1, 2])).toEqual(rectangle([1, 2], [5, 7]));
  });

  test('moving there and bounds agree', () => {
    expect(boundsOf(translate(withHole, 3, -2))).toEqual({ minX: 3, minY: -2, maxX: 13, maxY: 8 });
  });

  test('a rectangle whose corner moves stays a rectangle', () => {
    const corners = paths(rectangle([0, 0], [10, 10]))[0]!.positions;
    const moved = withCornerMoved(corners, 2, [20, 5]);
    expect(isUprightRectangle(moved)).toBe(true);
    expect(boundsOf(polygon(moved))).toEqual({ minX: 0, minY: 0, maxX: 20, maxY: 5 });
    expect(isUprightRectangle([[0, 0], [10, 1], [10, 10], [0, 10]])).toBe(false);
  });
});

describe('crossings', () => {
  test('simple outlines have none', () => {
    expect(firstCrossing([[0, 0], [10, 0], [10, 10], [0, 10]])).toBeNull();
    expect(firstCrossing([[0, 0], [10, 0], [5, 5], [10, 10], [0, 10]])).toBeNull();
    const circle = Array.from({ length: 2000 }, (_, i): Position => [Math.cos((i / 2000) * 2 * Math.PI) * 500, Math.sin((i / 2000) * 2 * Math.PI) * 500]);
    expect(firstCrossing(circle)).toBeNull();
  });

  test('a bow tie crosses in its middle', () => {
    expect(firstCrossing([[0, 0], [10, 10], [10, 0], [0, 10]])?.at).toEqual([5, 5]);
  });

  test('an outline that touches itself, doubles back or repeats a point is not simple', () => {
    expect(firstCrossing([[0, 0], [10, 0], [10, 10], [5, 0], [0, 10]])).not.toBeNull();
    expect(firstCrossing([[0, 0], [10, 0], [4, 0], [4, 8]])).not.toBeNull();
    expect(firstCrossing([[0, 0], [10, 0], [10, 0], [5, 8]])).not.toBeNull();
  });

  test('doubling back over the closing edge counts too', () => {
    expect(firstCrossing([[4, 0], [10, 0], [10, 5], [0, 0]])).toBeNull();
    expect(firstCrossing([[0, 0], [10, 0], [5, 5], [-5, 0]])).toBeNull();
    expect(firstCrossing([[0, 0], [10, 0], [5, 5], [5, 0]])).not.toBeNull();
  });
});

describe('hit tests', () => {
  const outer = newAnnotation({ annotationId: 'outer', geometry: rectangle([0, 0], [100, 100]) });
  const inner = newAnnotation({ annotationId: 'inner', geometry: rectangle([40, 40], [60, 60]) });

  test('a hole is outside', () => {
    expect(contains(withHole, [5, 5])).toBe(false);
    expect(contains(withHole, [2, 2])).toBe(true);
  });

  test('the smaller of two nested outlines is meant', () => {
    expect(annotationAt([inner, outer], [50, 50], 0)).toBe(inner);
    expect(annotationAt([inner, outer], [10, 10], 0)).toBe(outer);
    expect(annotationAt([inner, outer], [200, 10], 0)).toBeNull();
  });

  test('a click beside an edge counts within reach only', () => {
    expect(annotationAt([outer], [-3, 50], 4)).toBe(outer);
    expect(annotationAt([outer], [-5, 50], 4)).toBeNull();
  });

  test('vertices and edges are found where they are', () => {
    expect(vertexAt(withHole, [6.2, 6.1], 1)).toEqual({ part: 0, ring: 1, index: 2 });
    expect(vertexAt(withHole, [5, 5], 1)).toBeNull();
    expect(edgeAt(withHole, [5, 0.2], 1)).toEqual({ part: 0, ring: 0, index: 1, at: [5, 0] });
    expect(edgeAt(withHole, [0.3, 5], 1)).toEqual({ part: 0, ring: 0, index: 4, at: [0, 5] });
  });
});
