import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Screen } from './frame_surface';
import type { Picture, PictureEvents, PictureSource, PictureWish } from './pictures';
import { VideoPlayer, type PlayerEvents } from './player';
import { clip, FakeApi } from './testing_samples';
import type { PlayableVideo } from './playable';

class FakeScreen implements Screen {
  timeMs = 0;
  isHidden = false;
  #callbacks = new Set<() => void>();
  #listeners = new Set<() => void>();

  now(): number {
    return this.timeMs;
  }

  beforePaint(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  onVisibility(callback: () => void): () => void {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  }

  get isBusy(): boolean {
    return this.#callbacks.size > 0;
  }

  refresh(ms = 1000 / 60): void {
    this.timeMs += ms;
    const due = [...this.#callbacks];
    this.#callbacks.clear();
    for (const callback of due) callback();
  }

  hide(isHidden: boolean): void {
    this.isHidden = isHidden;
    for (const listener of this.#listeners) listener();
  }
}

class FakePictures implements PictureSource {
  wish: PictureWish = { frames: [], direction: 1, ahead: 0, behind: 0 };
  /** Which frames can be had at once. */
  has: (number: number) => boolean = (number) => this.wish.frames.includes(number);
  isPaused = false;
  isClosed = false;
  open = 0;
  readonly events: PictureEvents;

  constructor(events: PictureEvents) {
    this.events = events;
  }

  want(wish: PictureWish): void {
    this.wish = wish;
    this.isPaused = false;
  }

  take(number: number): Picture | null {
    if (!this.has(number)) return null;
    this.open += 1;
    return { number, image: { number, close: () => (this.open -= 1) } as unknown as ImageBitmap };
  }

  pause(): void {
    this.isPaused = true;
  }

  close(): void {
    this.isClosed = true;
  }
}

let screen: FakeScreen;
let pictures: FakePictures;
let told: { frame: number; time_s: number; atMs: number }[];
let drawn: number[];
let playing: boolean[];
let fetched: number[];
let players: VideoPlayer[] = [];

function player(video: PlayableVideo = clip({ frame_count: 1000, duration_s: 40 }), events: Partial<PlayerEvents> = {}, times?: () => Promise<Float64Array>): VideoPlayer {
  const api = new FakeApi(video);
  if (times) api.times = times;
  const made = new VideoPlayer(
    video,
    api,
    {
      draw: (image) => drawn.push((image as unknown as { number: number }).number),
      adjust: () => undefined,
      miniature: () => Uint8ClampedArray.of(100, 100, 100, 255),
      miniatureOf: (image) => Uint8ClampedArray.of(...(image as unknown as { colour: number[] }).colour, 255),
    },
    {
      onFrame: (frame, time_s) => told.push({ frame, time_s, atMs: screen.timeMs }),
      onPlaying: (isPlaying) => playing.push(isPlaying),
      ...events,
    },
    { screen, fetchPicture, decoded: (pictureEvents) => (pictures = new FakePictures(pictureEvents)) },
  );
  players.push(made);
  return made;
}

/** The server's JPEGs, all of one colour. */
let serverColour: number[];
const fetchPicture = async (frame: number): Promise<ImageBitmap> => {
  fetched.push(frame);
  return { number: frame, colour: serverColour, close: () => undefined } as unknown as ImageBitmap;
};

const run = (ms: number): void => {
  for (const until = screen.timeMs + ms; screen.timeMs < until; ) screen.refresh();
};

const numbers = (): number[] => told.map(({ frame }) => frame);
const rising = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

async function shownAt(frame: number, video?: PlayableVideo): Promise<VideoPlayer> {
  const p = player(video);
  const shown = p.show(frame);
  run(50);
  await shown;
  told.length = 0;
  drawn.length = 0;
  return p;
}

beforeEach(() => {
  screen = new FakeScreen();
  told = [];
  drawn = [];
  playing = [];
  fetched = [];
  serverColour = [101, 99, 100];
});

// Nobody's timers run on into the next test.
afterEach(() => {
  for (const made of players) made.close();
  players = [];
  vi.useRealTimers();
});

describe('a player', () => {
  test('says a frame when it is drawn, and not before', async () => {
    const p = player();
    pictures.has = () => false;
    const shown = p.show(500);
    run(100);
    expect([p.frame, told.length]).toEqual([-1, 0]);
    pictures.has = (number) => number === 500;
    pictures.events.onPicture(500);
    run(20);
    expect(await shown).toBe(500);
    expect([p.frame, drawn, told.map(({ frame, time_s }) => [frame, time_s])]).toEqual([500, [500], [[500, 20]]]);
    expect(pictures.open).toBe(0);
  });

  test('goes no farther than the clip', async () => {
    const p = await shownAt(3);
    const shown = p.show(5000);
    run(50);
    expect(await shown).toBe(999);
  });

  test('adds quick steps up and shows each of them', async () => {
    const p = await shownAt(10);
    for (let step = 0; step < 5; step += 1) void p.step(1);
    run(200);
    expect(drawn).toEqual([11, 12, 13, 14, 15]);
  });

  test('jumps by ten without stopping on the way', async () => {
    const p = await shownAt(10);
    void p.step(10);
    run(100);
    void p.step(-10);
    run(100);
    expect(drawn).toEqual([20, 10]);
  });

  test('plays every frame in its turn at 1×, on time', async () => {
    const p = await shownAt(0);
    p.play();
    run(2000);
    expect(numbers()).toEqual(rising(1, told.length));
    expect(told.length).toBeGreaterThanOrEqual(49);
    expect(p.statistics).toMatchObject({ dropped: 0, passedOver: 0, stalls: 0 });
    expect(p.isPlaying).toBe(true);
  });

  test('keeps a variable rate', async () => {
    const frame_times_s = [0, 0.2, 0.25, 0.8, 0.85, 1.5];
    const p = await shownAt(0, clip({ frame_count: 6, duration_s: 1.6, frame_rate: 4, is_constant_rate: false, frame_times_s }));
    const start = screen.timeMs;
    p.play();
    run(1700);
    expect(numbers()).toEqual([1, 2, 3, 4, 5]);
    for (const { frame, atMs } of told) {
      expect(Math.abs(atMs - start - frame_times_s[frame]! * 1000)).toBeLessThan(40);
    }
  });

  test('plays backwards', async () => {
    const p = await shownAt(50);
    p.play(-1);
    run(400);
    expect(numbers()).toEqual(rising(0, told.length).map((back) => 49 - back));
    expect(pictures.wish.direction).toBe(-1);
  });

  test('stops at the end and says so; played again it begins anew', async () => {
    const p = await shownAt(997);
    p.play();
    run(300);
    expect([numbers(), p.isPlaying, playing]).toEqual([[998, 999], false, [true, false]]);
    p.play();
    run(60);
    expect(numbers().slice(2, 4)).toEqual([0, 1]);
  });

  test('repeats a range', async () => {
    const p = await shownAt(12);
    p.loop({ first: 10, last: 13 });
    p.play();
    run(400);
    expect(numbers().slice(0, 7)).toEqual([13, 10, 11, 12, 13, 10, 11]);
  });

  test('at 1× leaves no frame out when pictures come late, and counts the stall', async () => {
    const p = await shownAt(0);
    p.play();
    run(200);
    const has = pictures.has;
    pictures.has = () => false;
    run(500);
    pictures.has = has;
    run(500);
    expect(numbers()).toEqual(rising(1, told.length));
    expect(p.statistics.stalls).toBe(1);
    expect(p.statistics.longestDelayMs).toBeGreaterThan(400);
    expect(p.statistics.dropped).toBe(0);
  });

  test('faster than life catches up, and counts what it left out', async () => {
    const p = await shownAt(0);
    p.play(2);
    run(200);
    const before = numbers().at(-1)!;
    pictures.has = (number) => pictures.wish.frames.includes(number) && number > before + 3;
    run(300);
    expect(p.statistics.dropped).toBeGreaterThan(0);
    expect(numbers().every((frame, index) => index === 0 || frame > numbers()[index - 1]!)).toBe(true);
  });

  test('at 8× passes frames over evenly and in time', async () => {
    const p = await shownAt(0);
    p.play(8);
    run(1000);
    const frames = numbers();
    expect(new Set(frames.slice(1).map((frame, index) => frame - frames[index]!))).toEqual(new Set([4]));
    expect(frames.at(-1)).toBeGreaterThan(180);
    expect(p.statistics.dropped).toBe(0);
    expect(p.statistics.passedOver).toBe(3 * frames.length);
  });

  test('faster than life leaves out what comes closer together than a screen shows it, and stays in time', async () => {
    // Bursts of five frames 8 ms apart, then half a second of nothing.
    const frame_times_s = Array.from({ length: 50 }, (_, index) => Math.floor(index / 5) * 0.532 + (index % 5) * 0.008);
    const p = await shownAt(0, clip({ frame_count: 50, duration_s: 5.4, frame_rate: 50 / 5.4, is_constant_rate: false, frame_times_s }));
    const start = screen.timeMs;
    p.play(2);
    run(2800);
    expect(numbers().at(-1)).toBe(49);
    expect(p.statistics).toMatchObject({ dropped: 0, stalls: 0 });
    for (const { frame, atMs } of told) expect(atMs - start - frame_times_s[frame]! * 500).toBeLessThan(70);
  });

  test('at 1× shows each of them all the same, without calling it a stall', async () => {
    const frame_times_s = Array.from({ length: 60 }, (_, index) => Math.floor(index / 12) * 1 + (index % 12) * 0.004);
    const p = await shownAt(0, clip({ frame_count: 60, duration_s: 6, frame_rate: 10, is_constant_rate: false, frame_times_s }));
    p.play(1);
    run(6500);
    expect(numbers()).toEqual(rising(1, 59));
    expect(p.statistics).toMatchObject({ dropped: 0, passedOver: 0, stalls: 0 });
  });

  test('bounds a speed that is asked for', async () => {
    const p = await shownAt(0);
    p.play(1000);
    run(1000);
    expect(numbers().at(-1)).toBeLessThan(220);
    p.play(Number.NaN);
    expect(p.isPlaying).toBe(true);
  });

  test('does nothing for nobody, and goes on where it was', async () => {
    const p = await shownAt(0);
    p.play();
    run(500);
    screen.hide(true);
    const at = p.frame;
    expect([pictures.isPaused, screen.isBusy]).toEqual([true, false]);
    run(60_000);
    expect(p.frame).toBe(at);
    screen.hide(false);
    run(200);
    expect(numbers()).toEqual(rising(1, told.length));
    expect(p.frame).toBeGreaterThan(at);
    expect(p.statistics.stalls).toBe(0);
  });

  test('shows the frames that a drag passes', async () => {
    const p = await shownAt(100);
    void p.scrub(104);
    run(100);
    expect(drawn).toEqual([101, 102, 103, 104]);
  });

  test('a show while playing ends the playing', async () => {
    const p = await shownAt(0);
    p.play();
    run(100);
    void p.show(500);
    run(50);
    expect([p.isPlaying, p.frame]).toEqual([false, 500]);
  });

  test('asks for the times again until they have come', async () => {
    vi.useFakeTimers();
    let asked = 0;
    const video = clip({ is_constant_rate: false, frame_count: 3, frame_times_s: null });
    const heard: boolean[] = [];
    const p = player(video, { onTimes: () => heard.push(true) }, async () => {
      asked += 1;
      if (asked < 3) throw new Error('offline');
      return Float64Array.of(0, 0.3, 0.9);
    });
    expect(asked, 'the picture comes first').toBe(0);
    void p.show(0);
    run(50);
    await vi.advanceTimersByTimeAsync(10);
    expect(p.areTimesExact).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([asked, p.areTimesExact, p.timeOf(1), p.frameAt(0.5), heard]).toEqual([3, true, 0.3, 1, [true]]);
  });

  test('holds one decoded picture against the server’s, at rest', async () => {
    vi.useFakeTimers();
    const p = await shownAt(70);
    await vi.advanceTimersByTimeAsync(500);
    void p.show(71);
    run(50);
    await vi.advanceTimersByTimeAsync(500);
    expect([fetched, p.usesWebCodecs]).toEqual([[70], true]);
  });

  test('takes the server’s pictures where the decoder’s are of other colours, also of the frame that is on the screen', async () => {
    vi.useFakeTimers();
    serverColour = [116, 90, 100];
    const reasons: string[] = [];
    const p = player(clip(), { onFallback: (reason) => reasons.push(reason) });
    void p.show(70);
    run(50);
    await vi.advanceTimersByTimeAsync(500);
    run(50);
    expect([p.usesWebCodecs, pictures.isClosed, reasons]).toEqual([false, true, ['This browser shows the video in other colours than it has.']]);
    expect(drawn).toEqual([70, 70]);
    // Once to compare, once to show.
    expect(fetched.filter((frame) => frame === 70)).toHaveLength(2);
  });

  test('that is closed draws nothing, asks for nothing, and keeps nobody waiting', async () => {
    const p = await shownAt(0);
    pictures.has = () => false;
    const shown = p.show(500);
    p.close();
    expect(await shown).toBe(0);
    expect(pictures.isClosed).toBe(true);
    expect(screen.isBusy).toBe(false);
  });
});
