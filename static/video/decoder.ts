/** The browser's own decoder, told and asked by frame number. */
import type { PlayableVideo } from './playable';
import type { Sample } from './samples';

export interface CodecEvents {
  /** Takes the frame over, and closes it. */
  onFrame(number: number, frame: VideoFrame): void;
  onError(error: Error): void;
}

/** The seam behind which WebCodecs stands, so that what is fed to it can be tested without a browser. */
export interface Codec {
  decode(number: number, sample: Sample): void;
  /** Have everything out that was put in. The next sample must be a key frame. */
  flush(): Promise<void>;
  /** Forget everything that was put in. The next sample must be a key frame. */
  reset(): void;
  close(): void;
}

export type CodecMaker = (events: CodecEvents) => Codec;

/**
 * Ask the browser whether it takes the clip. Only a decoded frame proves that it does.
 * @returns null where it says no
 */
export async function codecFor(video: PlayableVideo): Promise<CodecMaker | null> {
  if (typeof VideoDecoder === 'undefined' || typeof VideoFrame === 'undefined') return null;
  const config = configOf(video);
  if (!config) return null;
  try {
    const { supported } = await VideoDecoder.isConfigSupported(config);
    return supported ? (events) => new WebCodec(config, events) : null;
  } catch {
    return null;
  }
}

export function configOf(video: PlayableVideo): VideoDecoderConfig | null {
  let description: Uint8Array<ArrayBuffer>;
  try {
    description = Uint8Array.from(atob(video.description), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
  return {
    codec: video.codec,
    description,
    codedWidth: video.width_px,
    codedHeight: video.height_px,
    // One frame in, one frame out: nothing is reordered, and slices are decoded side by side all the same.
    optimizeForLatency: true,
    // Primaries and transfer are said to be the screen's own, so that only the matrix and the range are applied, as the
    // server does for its JPEGs: a browser that "corrected" BT.601's primaries would show other colours than frames/n.jpg has.
    colorSpace: {
      primaries: 'bt709',
      transfer: 'iec61966-2-1',
      matrix: video.matrix === 'bt709' ? 'bt709' : video.matrix === 'bt2020' ? ('bt2020-ncl' as VideoMatrixCoefficients) : 'smpte170m',
      fullRange: video.is_full_range,
    },
  };
}

class WebCodec implements Codec {
  readonly #config: VideoDecoderConfig;
  readonly #decoder: VideoDecoder;

  constructor(config: VideoDecoderConfig, events: CodecEvents) {
    this.#config = config;
    this.#decoder = new VideoDecoder({
      // The timestamp is the frame's number: it comes out with the picture that it went in with.
      output: (frame) => events.onFrame(frame.timestamp, frame),
      error: (error) => events.onError(error),
    });
    this.#decoder.configure(config);
  }

  decode(number: number, { data, isKey }: Sample): void {
    this.#decoder.decode(new EncodedVideoChunk({ type: isKey ? 'key' : 'delta', timestamp: number, data }));
  }

  flush(): Promise<void> {
    return this.#decoder.flush();
  }

  reset(): void {
    this.#decoder.reset();
    this.#decoder.configure(this.#config);
  }

  close(): void {
    if (this.#decoder.state !== 'closed') this.#decoder.close();
  }
}
