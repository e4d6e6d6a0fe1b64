import { describe, expect, test } from 'vitest';

import { asBox, boxGeometry, boxOf, isBox, withBoxCornerMoved } from './box';
import { polygon, rectangle, translate, type Geometry, type Position } from './geometry';
import { geometryAt, isShownAt, shapeAt } from './interpolation';
import { repeatableChance } from './repeatable_chance';
import type { Track } from './track';
import {
  endAt,
  fixKeyframe,
  isSingleFrame,
  keyframeAfter,
  keyframeAt,
  keyframeBefore,
  merge,
  moveKeyframe,
  newTrack,
  putKeyframe,
  removeKeyframe,
  setAttributes,
  setOccluded,
  setOutside,
  split,
  TrackError,
  unend,
} from './track_edit';

const LAST_FRAME = 40;
const FRAMES = [...Array(LAST_FRAME + 1).keys()];

const box = (x: number): Geometry => rectangle([x, 3], [x + 10, 20]);

const framesOf = (track: Track): number[] => track.keyframes.map((k) => k.frame);

/** Thousands of tracks are looked at: one assertion for each. */
function expectValid(track: Track): void {
  const frames = framesOf(track);
  const isRising = frames.every((frame, i) => frame > (frames[i - 1] ?? -1));
  const isEnded = track.endedFrame === null || track.endedFrame > frames.at(-1)!;
  if (!(frames.length > 0 && isRising && isEnded && track.keyframes.every((k) => isBox(k.geometry)))) expect(track).toBe('a valid track');
}

/** What each frame shows, rounded to what arithmetic can promise. */
const film = (track: Track, frames: readonly number[] = FRAMES): unknown[] =>
  frames.map((frame) => {
    const shown = shapeAt(track, frame);
    if (!shown?.geometry) return shown;
    const { centre, widthPx, heightPx, angle } = boxOf(shown.geometry);
    return [...centre, widthPx, heightPx, angle].map((n) => n.toFixed(6)).join(' ') + (shown.isOccluded ? ' occluded' : '');
  });

/** A box that moves, turns, hides and comes back. */
function randomTrack(seed: number): Track {
  const pick = repeatableChance(seed);
  let track = newTrack('box', pick(20), boxGeometry({ centre: [pick(50), pick(50)], widthPx: 4 + pick(9), heightPx: 5, angle: pick(6) / 2 }));
  for (let i = pick(7); i > 0; i--) {
    const frame = pick(LAST_FRAME);
    track = putKeyframe(track, frame, boxGeometry({ centre: [pick(50), pick(50)], widthPx: 4 + pick(9), heightPx: 5, angle: pick(6) / 2 }));
    if (pick(4) === 0) track = setOutside(track, frame, true);
    if (pick(4) === 0) track = setOccluded(track, frame, true);
  }
  return pick(3) === 0 ? { ...track, endedFrame: track.keyframes.at(-1)!.frame + 1 + pick(6) } : track;
}

const SEEDS = [...Array(60).keys()];
const tracks = SEEDS.map(randomTrack);

describe('whatever the track, the frame and the verb', () => {
  test('a valid track comes back, and no other key frame is altered', () => {
    for (const seed of SEEDS) {
      const track = tracks[seed]!;
      const pick = repeatableChance(1000 + seed);
      for (let i = 0; i < 8; i++) {
        const frame = pick(LAST_FRAME + 5);
        const outcomes: (Track | null)[] = [
          putKeyframe(track, frame, box(pick(30))),
          fixKeyframe(track, frame),
          removeKeyframe(track, frame),
          setOutside(track, frame, pick(2) === 0),
          setOccluded(track, frame, pick(2) === 0),
          setAttributes(track, frame, { view: 'A4C' }),
          endAt(track, frame),
          unend(track),
          ...(split(track, frame) ?? []),
        ];
        for (const outcome of outcomes) {
          if (!outcome) continue;
          expectValid(outcome);
          for (const k of outcome.keyframes) {
            const old = keyframeAt(track, k.frame);
            if (old && k.frame !== frame && k !== old) expect(k).toBe(old);
          }
        }
        expectValid(moveKeyframe(track, track.keyframes[pick(track.keyframes.length)]!.frame, frame));
        expectValid(merge(track, tracks[(seed + i + 1) % tracks.length]!));
      }
    }
  });

  test('an edit of what is shown shows on its frame, and beyond the neighbouring key frames nothing moves', () => {
    for (const seed of SEEDS) {
      const track = tracks[seed]!;
      for (const frame of [0, 7, 19, 33, 44]) {
        const edited = putKeyframe(track, frame, box(7));
        expect(shapeAt(edited, frame)).toMatchObject({ geometry: box(7), isKeyframe: true });
        const before = keyframeBefore(track, frame)?.frame ?? -1;
        const elsewhere = FRAMES.filter((f) => f <= before);
        expect(film(edited, elsewhere)).toEqual(film(track, elsewhere));
        const after = keyframeAfter(track, frame)?.frame;
        const later = after === undefined ? [] : FRAMES.filter((f) => f >= after);
        expect(film(edited, later)).toEqual(film(track, later));
      }
    }
  });

  test('a key frame put where the shape is anyway changes nothing that is seen', () => {
    for (const track of tracks) for (const frame of [0, 5, 11, 28, 44]) expect(film(fixKeyframe(track, frame))).toEqual(film(track));
  });

  test('ended here, it is what it was before, and then nothing', () => {
    for (const track of tracks) {
      for (const frame of FRAMES) {
        const ended = endAt(track, frame);
        if (!ended) {
          expect(frame).toBeLessThanOrEqual(framesOf(track)[0]!);
          continue;
        }
        if (track.endedFrame === null || frame <= track.endedFrame) expect(film(ended, FRAMES.slice(0, frame))).toEqual(film(track, FRAMES.slice(0, frame)));
        expect(FRAMES.slice(frame).some((f) => isShownAt(ended, f))).toBe(false);
      }
    }
  });

  test('split in two, both together show what the one did, and merged again it does so itself', () => {
    let count = 0;
    for (const track of tracks) {
      for (const frame of FRAMES) {
        const parts = split(track, frame);
        if (!parts) continue;
        count += 1;
        expect([...film(parts[0], FRAMES.slice(0, frame)), ...film(parts[1], FRAMES.slice(frame))]).toEqual(film(track));
        expect(film(parts[1], FRAMES.slice(0, frame)).every((shown) => shown === null)).toBe(true);
        expect(film(merge(...parts))).toEqual(film(track));
      }
    }
    expect(count).toBeGreaterThan(500);
  });

  test('hidden from here, it comes back with the next key frame that is not outside', () => {
    for (const track of tracks) {
      for (const frame of FRAMES.filter((f) => isShownAt(track, f))) {
        const hidden = setOutside(track, frame, true);
        const back = track.keyframes.find((k) => k.frame > frame && !k.isOutside)?.frame ?? Infinity;
        expect(FRAMES.filter((f) => f >= frame && f < back).some((f) => isShownAt(hidden, f))).toBe(false);
        const others = FRAMES.filter((f) => f < frame || f >= back);
        expect(film(hidden, others)).toEqual(film(track, others));
        expect(film(setOutside(hidden, frame, false))).toEqual(film(track));
      }
    }
  });
});

test('a shape of one frame is there on that frame only, and moves with its end', () => {
  const track = newTrack('box', 5, box(0), true);
  expect(isSingleFrame(track)).toBe(true);
  expect([4, 5, 6].map((f) => isShownAt(track, f))).toEqual([false, true, false]);
  const moved = moveKeyframe(track, 5, 9);
  expect([moved.keyframes[0]!.frame, moved.endedFrame]).toEqual([9, 10]);
});

test('a key frame after the end leaves the frames between empty', () => {
  const track = putKeyframe(newTrack('box', 5, box(0), true), 9, box(1));
  expect([5, 6, 8, 9, 40].map((f) => isShownAt(track, f))).toEqual([true, false, false, true, true]);
});

test('a key frame stops at its neighbours and at the end', () => {
  const track: Track = { ...putKeyframe(putKeyframe(newTrack('box', 2, box(0)), 5, box(1)), 9, box(2)), endedFrame: 12 };
  expect(framesOf(moveKeyframe(track, 5, 30))).toEqual([2, 8, 9]);
  expect(framesOf(moveKeyframe(track, 5, 0))).toEqual([2, 3, 9]);
  expect(framesOf(moveKeyframe(track, 9, 30))).toEqual([2, 5, 11]);
  expect(framesOf(moveKeyframe(track, 2, 0))).toEqual([0, 5, 9]);
  expect(moveKeyframe(track, 4, 6)).toBe(track);
});

test('the only key frame takes the track with it', () => {
  expect(removeKeyframe(newTrack('box', 5, box(0)), 5)).toBeNull();
  expect(removeKeyframe(putKeyframe(newTrack('box', 5, box(0)), 8, box(1)), 5)?.keyframes).toHaveLength(1);
});

test('occlusion and attributes last until the next key frame says otherwise', () => {
  const track = setAttributes(setOccluded(putKeyframe(newTrack('box', 0, box(0)), 10, box(5)), 4, true), 6, { phase: 2 });
  expect([3, 4, 9, 10].map((f) => shapeAt(track, f)?.isOccluded)).toEqual([false, true, true, false]);
  expect([5, 6, 9, 10].map((f) => shapeAt(track, f)?.attributes)).toEqual([{}, { phase: 2 }, { phase: 2 }, {}]);
});

test('two tracks of an object that was lost for a while become one, with nothing between', () => {
  const [early, late] = [endAt(newTrack('box', 0, box(0)), 5)!, newTrack('box', 20, box(9))];
  for (const whole of [merge(early, late), merge(late, early)]) {
    expect(FRAMES.map((f) => isShownAt(whole, f))).toEqual(FRAMES.map((f) => f < 5 || f >= 20));
  }
});

test('what a track cannot be is refused with a sentence', () => {
  const points = newTrack('point', 0, { type: 'MultiPoint', coordinates: [[0, 0], [1, 1]] });
  const line: Geometry = { type: 'LineString', coordinates: [[0, 0], [1, 1]] };
  expect(() => putKeyframe(points, 3, { type: 'Point', coordinates: [0, 0] })).toThrow(TrackError);
  expect(() => putKeyframe(points, 3, line)).toThrow(TrackError);
  expect(() => newTrack('box', 0, polygon([[0, 0], [5, 1], [4, 9]]))).toThrow(TrackError);
  expect(() => newTrack('box', -1, box(0))).toThrow(TrackError);
  expect(() => merge(points, newTrack('box', 0, box(0)))).toThrow(TrackError);
});

describe('a box', () => {
  const corners = (geometry: Geometry): readonly Position[] => (geometry.type === 'Polygon' ? geometry.coordinates[0]!.slice(0, 4) : []);

  test('drawn from any corner, either way round, is the same box', () => {
    const upright = rectangle([2, 3], [12, 9]);
    const ring = corners(upright);
    for (let start = 0; start < 4; start++) {
      for (const run of [ring, [...ring].reverse()]) {
        const turned = polygon([...run.slice(start), ...run.slice(0, start)]);
        expect(asBox(turned)).toEqual(upright);
        expect(newTrack('box', 0, turned).keyframes[0]!.geometry).toEqual(upright);
      }
    }
  });

  test.each([0, 0.4, 2, -1.3])('turned by %f and pulled by a corner keeps its direction and the corner opposite', (angle) => {
    const start = boxGeometry({ centre: [30, 40], widthPx: 20, heightPx: 8, angle });
    for (let index = 0; index < 4; index++) {
      for (const to of [[90, 95], [-20, 31], [33, -60]] as Position[]) {
        const pulled = withBoxCornerMoved(start, index, to);
        expect(isBox(pulled)).toBe(true);
        expect(Math.cos(boxOf(pulled).angle - angle)).toBeCloseTo(1, 9);
        const near = (p: Position): boolean => corners(pulled).some((q) => Math.hypot(p[0] - q[0], p[1] - q[1]) < 1e-9);
        expect([near(to), near(corners(start)[(index + 2) % 4]!)]).toEqual([true, true]);
      }
    }
  });

  test('turns the shorter way, and by exactly half a turn clockwise', () => {
    const at = (angle: number) => boxGeometry({ centre: [0, 0], widthPx: 4, heightPx: 2, angle });
    const angles = (from: number, to: number) => {
      const track = putKeyframe({ ...newTrack('polygon', 0, at(from)), shape: 'box' }, 4, at(from));
      const turned: Track = { ...track, keyframes: [track.keyframes[0]!, { ...track.keyframes[1]!, geometry: at(to) }] };
      return boxOf(geometryAt(turned, 2)!).angle;
    };
    expect(angles(3, -3)).toBeCloseTo(Math.PI, 9);
    expect(angles(0, Math.PI)).toBeCloseTo(Math.PI / 2, 9);
    expect(angles(Math.PI, 0)).toBeCloseTo(-Math.PI / 2, 9);
  });

  test('moved on by the pointer keeps its doubles', () => {
    const moved = translate(rectangle([0.1, 0.2], [10.3, 9.7]), 1 / 3, 1 / 7);
    expect(newTrack('box', 0, moved).keyframes[0]!.geometry).toEqual(moved);
  });
});
