/** One video's bytes, as the player asks for them. */
import type { VideoInfo } from '../core/wire';
import type { Client, CodedSamples } from './client';

export interface VideoSource {
  /** The server may send fewer than asked for, and begin at the key frame before. */
  samples(start: number, count: number, signal: AbortSignal): Promise<CodedSamples>;
  /** The exact frame as a JPEG. */
  frameUrl(frame: number): string;
  /** Seconds, one a frame. */
  times(): Promise<Float64Array>;
  /** `count` thumbnails side by side, of frames start, start + step, … */
  stripUrl(start: number, step: number, count: number, height_px: number): string;
}

export const videoSource = (client: Client, info: VideoInfo): VideoSource => ({
  samples: (start, count, signal) => client.samples(info.samples_url, start, count, signal),
  frameUrl: (frame) => `${info.frames_url}${frame}.jpg`,
  times: () => client.times(info.times_url),
  stripUrl: (start, step, count, height_px) => `${info.strip_url}?start=${start}&step=${step}&count=${count}&height=${height_px}`,
});
