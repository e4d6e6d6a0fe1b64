import type { StillAnnotation } from '../core/annotation';
import { boundsOf, paths, signedAreaPx2, type Bounds } from '../core/geometry';

/** An annotation's outline in the form that is quickest to draw. */
export interface PreparedShape {
  readonly bounds: Bounds;
  readonly runs: readonly PreparedRun[];
}

export interface PreparedRun {
  readonly isClosed: boolean;
  /** x, y, x, y, … in level-0 pixels. Outer rings turn one way and holes the other, so that many shapes can be filled as one path. */
  readonly xy: Float64Array;
}

const prepared = new WeakMap<StillAnnotation, PreparedShape>();

/** Prepared once for each value of an annotation. */
export function prepare(annotation: StillAnnotation): PreparedShape {
  const known = prepared.get(annotation);
  if (known) return known;
  const shape: PreparedShape = {
    bounds: boundsOf(annotation.geometry),
    runs: paths(annotation.geometry).map((path) => {
      const isHole = path.closed && path.ring > 0;
      const turnsRight = signedAreaPx2(path.positions) > 0;
      const positions = path.closed && turnsRight === isHole ? [...path.positions].reverse() : path.positions;
      const xy = new Float64Array(positions.length * 2);
      positions.forEach(([x, y], i) => {
        xy[2 * i] = x;
        xy[2 * i + 1] = y;
      });
      return { isClosed: path.closed, xy };
    }),
  };
  prepared.set(annotation, shape);
  return shape;
}
