import type { Codec, CodecMaker } from './decoder';
import type { PlayableVideo, VideoApi } from './playable';
import type { Picture, PictureEvents, PictureSource, PictureWish } from './pictures';
import { ReadAhead } from './read_ahead';
import type { Sample } from './samples';

/** Samples inside the decoder at a time: enough to keep it busy, few enough that a jump does not wait for them. */
const IN_FLIGHT = 3;
/** A decoder that holds its pictures back is asked for them after so long. */
const FLUSH_AFTER_MS = 40;
/** The first picture proves that the browser can do it; one that takes longer cannot. */
const TRIAL_MS = 4000;
const MAX_FAILURES = 3;

/** Pictures by WebCodecs from the samples route. One decoder; what comes out is known by its number and never by its turn. */
export class CodedPictures implements PictureSource {
  readonly #video: PlayableVideo;
  readonly #makeCodec: CodecMaker;
  readonly #events: PictureEvents;
  readonly #readAhead: ReadAhead;
  readonly #ready = new Map<number, Picture>();
  /** Inside the decoder. */
  readonly #inFlight = new Set<number>();
  #codec: Codec | null = null;
  #wish: PictureWish | null = null;
  /** The last sample put in, after which the next may follow without its key frame. */
  #position: number | null = null;
  #hasProved = false;
  #failures = 0;
  #flushTimer: ReturnType<typeof setTimeout> | null = null;
  #trialTimer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(video: PlayableVideo, api: VideoApi, makeCodec: CodecMaker, events: PictureEvents) {
    this.#video = video;
    this.#makeCodec = makeCodec;
    this.#events = events;
    this.#readAhead = new ReadAhead(api, video.frame_count, {
      onSamples: () => this.#feed(),
      onTrouble: (error) => events.onTrouble(error),
      onDamaged: (error) => this.#giveUp(error),
    });
  }

  want(wish: PictureWish): void {
    this.#wish = wish;
    const wanted = new Set(wish.frames);
    for (const [number, picture] of this.#ready) if (!wanted.has(number)) this.#discard(number, picture);
    this.#leaveWhatIsUnwanted(wanted);
    this.#readAhead.want(wish);
    this.#feed();
  }

  has(number: number): boolean {
    return this.#ready.has(number);
  }

  take(number: number): Picture | null {
    const picture = this.#ready.get(number) ?? null;
    this.#ready.delete(number);
    return picture;
  }

  pause(): void {
    this.#wish = null;
    this.#readAhead.pause();
    for (const [number, picture] of this.#ready) this.#discard(number, picture);
    this.#stopTimers();
  }

  close(): void {
    this.pause();
    this.#isClosed = true;
    this.#readAhead.close();
    this.#codec?.close();
    this.#codec = null;
  }

  /** After a jump nothing inside the decoder is of use: a new start is sooner there than its end. */
  #leaveWhatIsUnwanted(wanted: ReadonlySet<number>): void {
    if (this.#inFlight.size < 2 || [...this.#inFlight].some((number) => wanted.has(number))) return;
    this.#codec?.reset();
    this.#forgetFlight();
  }

  #forgetFlight(): void {
    this.#inFlight.clear();
    this.#position = null;
  }

  #feed(): void {
    if (!this.#wish || this.#isClosed) return;
    for (const number of this.#wish.frames) {
      if (this.#ready.has(number) || this.#inFlight.has(number)) continue;
      if (this.#inFlight.size >= IN_FLIGHT) break;
      const run = this.#runTo(number);
      // The most urgent first: a later one that is at hand does not overtake it in a clip of dependent frames.
      if (!run) {
        if (this.#video.gop > 1) break;
        continue;
      }
      if (!this.#put(number - run.length + 1, run)) return;
    }
    this.#watch();
  }

  /** What has to go in for this picture to come out; null while it is not all there. */
  #runTo(number: number): readonly Sample[] | null {
    const sample = this.#readAhead.sample(number);
    if (!sample) return null;
    if (sample.isKey) return [sample];
    return this.#onwardTo(number) ?? this.#readAhead.fromKeyFrame(number);
  }

  /** From where the decoder is; null where it is not on the way, or something on the way is missing. */
  #onwardTo(number: number): readonly Sample[] | null {
    const from = this.#position;
    if (from === null || from >= number || number - from >= this.#video.gop) return null;
    const rest: Sample[] = [];
    for (let at = from + 1; at <= number; at += 1) {
      const next = this.#readAhead.sample(at);
      if (!next) return null;
      // A key frame on the way makes what lies before it needless.
      if (next.isKey) rest.length = 0;
      rest.push(next);
    }
    return rest;
  }

  #put(first: number, samples: readonly Sample[]): boolean {
    try {
      this.#codec ??= this.#makeCodec({
        onFrame: (number, frame) => this.#arrived(number, frame),
        onError: (error) => this.#failed(error),
      });
      for (const [index, sample] of samples.entries()) {
        this.#inFlight.add(first + index);
        this.#position = first + index;
        this.#codec.decode(first + index, sample);
      }
      return true;
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  #arrived(number: number, frame: VideoFrame): void {
    const isExpected = this.#inFlight.delete(number);
    if (!this.#hasProved && !this.#prove(frame)) return;
    if (!isExpected || this.#isClosed || !this.#wish?.frames.includes(number) || this.#ready.has(number)) {
      frame.close();
    } else {
      this.#ready.set(number, { number, image: frame });
      this.#events.onPicture(number);
    }
    this.#feed();
  }

  /** The trial: the first picture that really came out, of the size that was promised. */
  #prove(frame: VideoFrame): boolean {
    const { visibleRect } = frame;
    const isWhole = visibleRect?.width === this.#video.width_px && visibleRect.height === this.#video.height_px;
    if (!isWhole) {
      frame.close();
      this.#giveUp(new Error('The browser decodes the frames in another size.'));
      return false;
    }
    this.#hasProved = true;
    if (this.#trialTimer !== null) clearTimeout(this.#trialTimer);
    this.#trialTimer = null;
    return true;
  }

  #watch(): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    if (this.#inFlight.size === 0) return;
    this.#flushTimer = setTimeout(() => void this.#flush(), FLUSH_AFTER_MS);
    if (!this.#hasProved) this.#trialTimer ??= setTimeout(() => this.#giveUp(new Error('The browser does not decode the first frame.')), TRIAL_MS);
  }

  async #flush(): Promise<void> {
    this.#flushTimer = null;
    const codec = this.#codec;
    if (!codec) return;
    this.#position = null;
    const awaited = [...this.#inFlight];
    try {
      await codec.flush();
    } catch {
      // Reset meanwhile, or failed: the error callback has told.
      return;
    }
    if (this.#codec !== codec) return;
    // What did not come out now never will; it is put in again if it is still wanted.
    for (const number of awaited) this.#inFlight.delete(number);
    this.#feed();
  }

  #failed(error: Error): void {
    if (this.#isClosed) return;
    this.#codec?.close();
    this.#codec = null;
    this.#forgetFlight();
    this.#failures += 1;
    if (!this.#hasProved || this.#failures >= MAX_FAILURES) this.#giveUp(error);
    else this.#feed();
  }

  #giveUp(error: Error): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.onUnusable(error);
  }

  #discard(number: number, picture: Picture): void {
    this.#ready.delete(number);
    picture.image.close();
  }

  #stopTimers(): void {
    for (const timer of [this.#flushTimer, this.#trialTimer]) if (timer !== null) clearTimeout(timer);
    this.#flushTimer = null;
    this.#trialTimer = null;
  }
}
