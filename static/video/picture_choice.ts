import { CodedPictures } from './coded_pictures';
import { codecFor } from './decoder';
import type { FrameSurface } from './frame_surface';
import { JpegPictures, type FetchPicture } from './jpeg_pictures';
import { differenceOf, MOST_DIFFERENCE, type Miniature } from './likeness';
import type { PlayableVideo, VideoApi } from './playable';
import type { Picture, PictureEvents, PictureSource, PictureWish } from './pictures';

export interface ChoiceEvents extends Omit<PictureEvents, 'onUnusable'> {
  /** The browser cannot decode the clip itself: pictures come as JPEGs from now on. */
  onFallback(reason: string): void;
}

/** Pictures by the browser's own decoder where it can really do it, as JPEGs where it cannot. */
export class PictureChoice implements PictureSource {
  readonly #fetchPicture: FetchPicture;
  readonly #events: ChoiceEvents;
  #source: PictureSource | null = null;
  /** To be told to the source that comes next. */
  #wish: PictureWish | null = null;
  #usesWebCodecs = false;
  #isCompared = false;
  #isClosed = false;

  /** @param decoded what decodes instead of the browser, for tests */
  constructor(video: PlayableVideo, api: VideoApi, fetchPicture: FetchPicture, events: ChoiceEvents, decoded?: (events: PictureEvents) => PictureSource) {
    this.#fetchPicture = fetchPicture;
    this.#events = events;
    if (decoded) this.#decode(decoded(this.#sourceEvents));
    else void this.#choose(video, api);
  }

  /** Whether the browser decodes. False until that is known. */
  get usesWebCodecs(): boolean {
    return this.#usesWebCodecs;
  }

  want(wish: PictureWish): void {
    this.#wish = wish;
    this.#source?.want(wish);
  }

  has(number: number): boolean {
    return this.#source?.has(number) ?? false;
  }

  take(number: number): Picture | null {
    return this.#source?.take(number) ?? null;
  }

  pause(): void {
    this.#wish = null;
    this.#source?.pause();
  }

  close(): void {
    this.#isClosed = true;
    this.#source?.close();
  }

  /**
   * Hold a decoded picture, once, against the server's own. There are drivers that decode every frame without an error and show
   * it green, or in colours of another range.
   * @param frame what the surface shows
   * @returns true where the decoder was wrong and pictures come from the server from now on
   */
  async compare(frame: number, surface: FrameSurface): Promise<boolean> {
    if (this.#isCompared || !this.#usesWebCodecs) return false;
    this.#isCompared = true;
    const drawn = surface.miniature();
    let right: Miniature | null = null;
    try {
      const image = await this.#fetchPicture(frame, new AbortController().signal);
      right = surface.miniatureOf(image);
      image.close();
    } catch {
      // Not to be had now: the decoder is believed.
    }
    if (!drawn || !right || this.#isClosed || !this.#usesWebCodecs || differenceOf(drawn, right) <= MOST_DIFFERENCE) return false;
    this.#source?.close();
    this.#fallBack('This browser shows the video in other colours than it has.');
    return true;
  }

  async #choose(video: PlayableVideo, api: VideoApi): Promise<void> {
    const makeCodec = await codecFor(video);
    if (this.#isClosed) return;
    if (makeCodec) this.#decode(new CodedPictures(video, api, makeCodec, this.#sourceEvents));
    else this.#fallBack('This browser does not decode the video.');
  }

  #decode(source: PictureSource): void {
    this.#usesWebCodecs = true;
    this.#begin(source);
  }

  #fallBack(reason: string): void {
    this.#usesWebCodecs = false;
    this.#events.onFallback(reason);
    this.#begin(new JpegPictures(this.#fetchPicture, this.#sourceEvents));
  }

  #begin(source: PictureSource): void {
    this.#source = source;
    if (this.#wish) source.want(this.#wish);
  }

  get #sourceEvents(): PictureEvents {
    return {
      onPicture: (number) => this.#events.onPicture(number),
      onTrouble: (error) => this.#events.onTrouble(error),
      onUnusable: (error) => {
        if (!this.#isClosed) this.#fallBack(error.message);
      },
    };
  }
}
