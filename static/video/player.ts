import { NEUTRAL, type Adjustment } from '../slide/adjustment';
import { browserScreen, type FrameSurface, type Screen } from './frame_surface';
import { FrameTimes } from './frame_times';
import { fetchJpeg, type FetchPicture } from './jpeg_pictures';
import { PictureChoice, type ChoiceEvents } from './picture_choice';
import { PlayClock } from './play_clock';
import { DECODED_AHEAD, NOTHING_PLAYED, Playback, withTurn, type PlayStatistics } from './playback';
import type { Direction, FrameRange, PlayableVideo, VideoApi } from './playable';
import type { PictureEvents, PictureSource } from './pictures';
import { Seek } from './seek';

export type { PlayStatistics } from './playback';

export const SLOWEST = 0.1;
export const FASTEST = 8;

/** Coded frames held ready. */
const READ_AHEAD_S = 2.5;
const STEP_AHEAD = 16;
const REST_AROUND = 12;
/** After so long without a wish, what lies around is fetched as well. */
const REST_MS = 80;
const TIMES_RETRY_MS = 3000;

export interface PlayerEvents {
  /** This frame is on the screen now: its own number, and its time in the source. */
  onFrame(frame: number, time_s: number): void;
  onPlaying(isPlaying: boolean): void;
  /** Pictures do not come as fast as they are wanted. */
  onWaiting?(isWaiting: boolean): void;
  /** Something keeps frames from coming; it is tried again. Null once it goes on. */
  onTrouble?(error: Error | null): void;
  /** The table of times has come: times of a variable rate are exact from now on. */
  onTimes?(): void;
  /** The browser cannot decode the clip itself: frames come as JPEGs from now on. */
  onFallback?(reason: string): void;
}

/** What the browser gives, unless a test does. */
export interface PlayerPorts {
  readonly screen?: Screen;
  readonly fetchPicture?: FetchPicture;
  /** Pictures out of a decoder. */
  readonly decoded?: (events: PictureEvents) => PictureSource;
}

/** Shows a clip frame by frame. What it says is on the screen is what was drawn: the number comes out of the decoder with the picture. */
export class VideoPlayer {
  readonly #video: PlayableVideo;
  readonly #api: VideoApi;
  readonly #surface: FrameSurface;
  readonly #events: PlayerEvents;
  readonly #screen: Screen;
  readonly #times: FrameTimes;
  readonly #seek: Seek;
  readonly #pictures: PictureChoice;
  readonly #stopListening: () => void;
  #frame = -1;
  #direction: Direction = 1;
  /** Coded frames to fetch beyond the one that is sought. */
  #ahead = 0;
  #range: FrameRange | null = null;
  #playing: Playback | null = null;
  #isWaiting = false;
  #statistics: PlayStatistics = NOTHING_PLAYED;
  #cancelTick: (() => void) | null = null;
  #rest: ReturnType<typeof setTimeout> | null = null;
  #timesRetry: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(video: PlayableVideo, api: VideoApi, surface: FrameSurface, events: PlayerEvents, ports: PlayerPorts = {}) {
    this.#video = video;
    this.#api = api;
    this.#surface = surface;
    this.#events = events;
    this.#screen = ports.screen ?? browserScreen;
    this.#times = new FrameTimes(video);
    this.#seek = new Seek(video.frame_count);
    this.#stopListening = this.#screen.onVisibility(() => this.#visibilityChanged());
    const fetchPicture = ports.fetchPicture ?? fetchJpeg((frame) => api.frameUrl(frame));
    const pictureEvents: ChoiceEvents = {
      onPicture: () => this.#tickSoon(),
      onTrouble: (error) => events.onTrouble?.(error),
      onFallback: (reason) => events.onFallback?.(reason),
    };
    this.#pictures = new PictureChoice(video, api, fetchPicture, pictureEvents, ports.decoded);
  }

  /** On the screen; −1 until the first is drawn. */
  get frame(): number {
    return this.#frame;
  }

  get frameCount(): number {
    return this.#video.frame_count;
  }

  get isPlaying(): boolean {
    return this.#playing !== null;
  }

  /** Whether the browser decodes; otherwise frames come as JPEGs. False until that is known. */
  get usesWebCodecs(): boolean {
    return this.#pictures.usesWebCodecs;
  }

  get range(): FrameRange | null {
    return this.#range;
  }

  get statistics(): PlayStatistics {
    return this.#statistics;
  }

  resetStatistics(): void {
    this.#statistics = NOTHING_PLAYED;
  }

  /** Seconds in the source. */
  timeOf(frame: number): number {
    return this.#times.timeOf(frame);
  }

  /** Whether times are the source's own already, and no estimate by the mean rate. */
  get areTimesExact(): boolean {
    return this.#times.areExact;
  }

  frameAt(time_s: number): number {
    return this.#times.frameAt(time_s);
  }

  /** @returns the number on the screen once this frame is there, or a newer wish has taken its place */
  show(frame: number): Promise<number> {
    this.pause();
    const shown = this.#seek.to(this.#times.clamp(frame), this.#frame);
    this.#pursue(0);
    return shown;
  }

  /** Go there and show each frame on the way, as far as they are not too many. For a drag along the timeline. */
  scrub(frame: number): Promise<number> {
    this.pause();
    const to = this.#times.clamp(frame);
    // A slow drag goes on the way it goes; of a leap nobody knows where the next one ends.
    const isNear = this.#frame >= 0 && Math.abs(to - this.#frame) <= STEP_AHEAD;
    this.#turnTo(to, this.#frame);
    const shown = this.#seek.through(to, this.#frame);
    this.#pursue(isNear ? STEP_AHEAD : 0);
    return shown;
  }

  /** From the frame that was last asked for, so that quick steps add up. Each single step is shown. */
  step(delta: number): Promise<number> {
    this.pause();
    const from = this.#seek.target ?? Math.max(0, this.#frame);
    const to = this.#times.clamp(from + delta);
    this.#turnTo(to, from);
    const shown = Math.abs(delta) === 1 ? this.#seek.through(to, this.#frame) : this.#seek.to(to, this.#frame);
    this.#pursue(STEP_AHEAD);
    return shown;
  }

  /** @param speed 0.1 … 8; negative is backwards. */
  play(speed = 1): void {
    if (!Number.isFinite(speed) || speed === 0 || this.#isClosed) return;
    const bounded = Math.sign(speed) * Math.min(FASTEST, Math.max(SLOWEST, Math.abs(speed)));
    this.#seek.leave(this.#frame);
    const wasPlaying = this.isPlaying;
    this.#startClock(bounded);
    if (!wasPlaying) this.#events.onPlaying(true);
  }

  pause(): void {
    if (!this.#playing) return;
    this.#playing = null;
    this.#wait(false);
    this.#events.onPlaying(false);
    this.#restSoon();
  }

  /** Repeat these frames; null: play to the end. */
  loop(range: FrameRange | null): void {
    this.#range = range && {
      first: this.#times.clamp(Math.min(range.first, range.last)),
      last: this.#times.clamp(Math.max(range.first, range.last)),
    };
    if (this.#playing) this.#startClock(this.#playing.speed);
  }

  adjust(adjustment: Partial<Omit<Adjustment, 'usesProfile'>>): void {
    this.#surface.adjust({ ...NEUTRAL, ...adjustment, usesProfile: false });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#playing = null;
    this.#stopListening();
    this.#cancelTick?.();
    for (const timer of [this.#rest, this.#timesRetry]) if (timer !== null) clearTimeout(timer);
    this.#pictures.close();
    this.#seek.leave(this.#frame);
  }

  async #fetchTimes(): Promise<void> {
    try {
      this.#times.set(await this.#api.times());
    } catch {
      // Until it comes, times are estimates by the mean rate, and are said to be.
      if (!this.#isClosed) this.#timesRetry = setTimeout(() => void this.#fetchTimes(), TIMES_RETRY_MS);
      return;
    }
    if (this.#isClosed) return;
    if (this.#playing) this.#startClock(this.#playing.speed);
    this.#events.onTimes?.();
  }

  // What is wanted

  #turnTo(to: number, from: number): void {
    if (to !== from) this.#direction = to > from ? 1 : -1;
  }

  #pursue(ahead: number): void {
    this.#ahead = ahead;
    this.#wish();
    this.#tickSoon();
  }

  #wish(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = null;
    if (this.#screen.isHidden) return;
    if (this.#playing) {
      const { clock, speed } = this.#playing;
      const frames = clock.ahead(DECODED_AHEAD).map((due) => due.frame);
      const reach = Math.ceil(this.#video.frame_rate * Math.abs(speed) * READ_AHEAD_S);
      this.#pictures.want({ frames, direction: clock.direction, ahead: Math.max(STEP_AHEAD, reach), behind: 0 });
      return;
    }
    const frames = this.#seek.wanted(this.#frame);
    if (frames.length > 0) this.#pictures.want({ frames, direction: this.#direction, ahead: this.#ahead, behind: 0 });
    else this.#restSoon();
  }

  /** Once nobody wants anything: the neighbours, so that the next step is there at once. */
  #restSoon(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = null;
      if (this.#playing || this.#seek.target !== null || this.#frame < 0 || this.#screen.isHidden || this.#isClosed) return;
      const onward = this.#frame + this.#direction;
      const neighbours = [onward, this.#frame - this.#direction].filter((frame) => frame >= 0 && frame < this.#video.frame_count);
      this.#pictures.want({ frames: neighbours, direction: this.#direction, ahead: REST_AROUND, behind: REST_AROUND });
      void this.#compare();
    }, REST_MS);
  }

  async #compare(): Promise<void> {
    const hasChanged = await this.#pictures.compare(this.#frame, this.#surface);
    if (!hasChanged || this.#isClosed || this.#playing || this.#seek.target !== null) return;
    // What is on the screen is not what it should be: the same frame again.
    void this.#seek.to(this.#frame, -1);
    this.#pursue(0);
  }

  // Drawing

  #tickSoon(): void {
    if (this.#cancelTick || this.#isClosed || this.#screen.isHidden) return;
    this.#cancelTick = this.#screen.beforePaint(() => {
      this.#cancelTick = null;
      this.#tick();
    });
  }

  #tick(): void {
    if (this.#isClosed) return;
    if (this.#playing) {
      this.#tickPlaying(this.#playing);
      this.#tickSoon();
      return;
    }
    const next = this.#seek.drawable(this.#frame, (number) => this.#pictures.has(number));
    if (next === null) return;
    this.#draw(next);
    this.#seek.drawn(next);
    this.#wish();
    if (this.#seek.target !== null) this.#tickSoon();
  }

  #tickPlaying(playing: Playback): void {
    const turn = playing.turn(this.#screen.now(), (frame) => this.#pictures.has(frame));
    if (turn.kind === 'end') return this.pause();
    this.#wait(turn.kind === 'wait' && turn.isLong);
    if (turn.kind === 'wait') return;
    this.#statistics = withTurn(this.#statistics, turn);
    this.#draw(turn.frame);
    this.#wish();
  }

  #draw(number: number): void {
    const picture = this.#pictures.take(number);
    if (!picture) return;
    try {
      this.#surface.draw(picture.image);
    } finally {
      picture.image.close();
    }
    // Megabytes of times for hours of video come after the first picture, not before it.
    if (this.#frame < 0 && !this.#times.hasTable) void this.#fetchTimes();
    this.#frame = picture.number;
    this.#statistics = { ...this.#statistics, shown: this.#statistics.shown + 1 };
    this.#events.onFrame(picture.number, this.#times.timeOf(picture.number));
  }

  #startClock(speed: number): void {
    const range = this.#range ?? { first: 0, last: this.#video.frame_count - 1 };
    this.#direction = speed < 0 ? -1 : 1;
    const now = this.#screen.now();
    const from = this.#startOf(range);
    const clock = new PlayClock({ times: this.#times, range, loops: this.#range !== null, speed, frameRate: this.#video.frame_rate }, from, now);
    this.#playing = new Playback(clock, speed, now);
    this.#wish();
    this.#tickSoon();
  }

  /** Go on from where one is; from the other end where there is nothing left, or one is outside of what is repeated. */
  #startOf({ first, last }: FrameRange): number {
    const start = this.#direction > 0 ? first - 1 : last + 1;
    const isInside = this.#frame >= first && this.#frame <= last;
    const isAtEnd = this.#frame === (this.#direction > 0 ? last : first);
    return isInside && !isAtEnd ? this.#frame : start;
  }

  #wait(isWaiting: boolean): void {
    if (isWaiting === this.#isWaiting) return;
    this.#isWaiting = isWaiting;
    this.#events.onWaiting?.(isWaiting);
  }

  /** Nothing is fetched, decoded or drawn for nobody. */
  #visibilityChanged(): void {
    if (this.#screen.isHidden) {
      this.#cancelTick?.();
      this.#cancelTick = null;
      this.#pictures.pause();
      return;
    }
    if (this.#playing) this.#startClock(this.#playing.speed);
    this.#pursue(0);
  }
}
