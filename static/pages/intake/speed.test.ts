import { expect, test } from 'vitest';
import { SpeedMeter } from './speed';

function fed(samples: [at_ms: number, done: number][]): SpeedMeter {
  const meter = new SpeedMeter();
  for (const [at_ms, done] of samples) meter.add(at_ms, done);
  return meter;
}

test('says nothing before half a second', () => {
  expect(fed([[0, 0]]).perSecond).toBeNull();
  expect(fed([[0, 0], [300, 1000]]).perSecond).toBeNull();
});

test('is bytes over time', () => {
  expect(fed([[0, 0], [1000, 5000]]).perSecond).toBe(5000);
});

test('forgets what was long ago', () => {
  const meter = new SpeedMeter();
  for (let s = 0; s <= 60; s += 1) meter.add(s * 1000, s < 30 ? s * 1000 : 30_000 + (s - 30) * 100);
  expect(meter.perSecond).toBeCloseTo(100);
});

test('starts anew when the server had less than was thought', () => {
  expect(fed([[0, 0], [1000, 5000], [2000, 4000], [3000, 6000]]).perSecond).toBe(2000);
});

test('is not negative after a pause', () => {
  const meter = fed([[0, 0], [1000, 5000]]);
  meter.reset();
  meter.add(90_000, 5000);
  expect(meter.perSecond).toBeNull();
});
